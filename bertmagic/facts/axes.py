"""Named axes: one axis has one name throughout a report, as in `(batch=32, seq=128, hidden=768)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Where a size alone could be several axes, the place decides: the names that may stand there, the likeliest first.
_FEATURES = ("labels", "outputs", "choices", "hidden", "intermediate", "vocab", "types")
_BY_PLACE: dict[tuple[int, int], tuple[str, ...]] = {
    (1, 2): ("seq", *_FEATURES),
    (1, 3): ("seq", "choices", "heads"),
    (2, 3): ("hidden", "intermediate", "vocab", "labels", "outputs", "types", "seq"),
    (1, 4): ("heads", "seq"),
    (2, 4): ("seq", "heads"),
    (3, 4): ("seq", "hidden"),
}
# A tensor that is known to hold an output's or a label's values: its last axis is rather one of features.
_OUTPUT_PLACES = {**_BY_PLACE, (1, 2): (*_FEATURES, "seq"), (2, 3): (*_FEATURES, "seq")}


def token_axes(rank: int, choices: bool = False) -> tuple[str, ...]:
    """The axes of token ids and of what stands beside them (mask, types, positions), whatever their sizes.

    Empty for a rank that such a tensor does not have: then sizes must tell.
    """
    if rank == 3 and choices:
        return ("batch", "choices", "seq")
    return {1: ("seq",), 2: ("batch", "seq")}.get(rank, ())


def axis_names(
    shape: Sequence[int | None],
    sizes: Mapping[str, int],
    *,
    known: Sequence[str] = (),
    output: bool = False,
) -> tuple[str, ...]:
    """A name for each axis of `shape`, given `sizes` by name ({"batch": 2, "seq": 128, "hidden": 768, …}).

    `known`: the names where the tensor's role tells them; used as they are if there is one for each axis. Else the
    first axis is the batch if it has the batch's size, and any other takes the first name that may stand in its place
    and has its size; `dim1`, `dim2`, … by place where none has. A free axis (None) takes the first name for its place.
    `output`: the tensor is an output or a label, whose last axis is rather `labels` or `hidden` than `seq`.
    """
    if len(known) == len(shape):
        return tuple(known)
    places = _OUTPUT_PLACES if output else _BY_PLACE
    return tuple(
        _name(place, size, ("batch", "seq") if place == 0 else places.get((place, len(shape)), ()), sizes)
        for place, size in enumerate(shape)
    )


def _name(place: int, size: int | None, names: Sequence[str], sizes: Mapping[str, int]) -> str:
    if size is None:
        return names[0] if names else f"dim{place}"
    fitting = [name for name in names if sizes.get(name) == size]
    if not fitting and place == 0 and "batch" not in sizes:
        return "batch"
    return fitting[0] if fitting else f"dim{place}"


def shape_text(
    shape: Sequence[int | None],
    sizes: Mapping[str, int],
    *,
    known: Sequence[str] = (),
    output: bool = False,
) -> str:
    """`shape` with its axes' names, as reports write it; a free axis is its name alone: `(batch, seq=128)`."""
    names = axis_names(shape, sizes, known=known, output=output)
    axes = [name if size is None else f"{name}={size}" for name, size in zip(names, shape, strict=True)]
    return f"({', '.join(axes)})"
