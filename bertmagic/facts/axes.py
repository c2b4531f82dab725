"""Named axes: one axis has one name throughout a report, as in `(batch=32, seq=128, hidden=768)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# By rank, what an axis of a BERT-family tensor is where its size alone does not tell. The first is always the batch.
_BY_RANK: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("batch",),
    2: ("batch", "seq"),
    3: ("batch", "seq", "hidden"),
    4: ("batch", "heads", "seq", "seq"),
}


def axis_names(shape: Sequence[int | None], sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Names for the axes of `shape`, given the known `sizes` by name ({"batch": 2, "seq": 128, "hidden": 768, …}).

    An axis keeps the name of its place where its size agrees (or is free); else the name whose size it has, else
    `dim1`, `dim2`, … by its place.
    """
    usual = _BY_RANK.get(len(shape), ())
    names = []
    for place, size in enumerate(shape):
        name = usual[place] if place < len(usual) else None
        if name is not None and (size is None or sizes.get(name, size) == size and _known(name, place, sizes)):
            names.append(name)
            continue
        same = [known for known, known_size in sizes.items() if known_size == size]
        # The last axis of an activation is a feature axis: prefer those names over `batch` and `seq` there.
        same.sort(key=lambda known: (known in ("batch", "seq")) == (place == len(shape) - 1 and place > 0))
        names.append(same[0] if same else f"dim{place}")
    return tuple(names)


def _known(name: str, place: int, sizes: Mapping[str, int]) -> bool:
    """Whether the name of a place may stand without a known size: only the batch's may."""
    return name in sizes or (name == "batch" and place == 0)


def shape_text(shape: Sequence[int | None], sizes: Mapping[str, int]) -> str:
    """`shape` with its axes' names, as reports write it; a free axis is its name alone: `(batch, seq=128)`."""
    names = axis_names(shape, sizes)
    axes = [name if size is None else f"{name}={size}" for name, size in zip(names, shape, strict=True)]
    return f"({', '.join(axes)})"
