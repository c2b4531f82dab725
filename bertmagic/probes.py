"""Asks the model itself, on a few rows: changes what must not matter, and records how far the output moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bertmagic.backends.protocol import LiveCall
from bertmagic.facts.call import EncoderCallFacts, ProbeFacts, UnpaddedFacts
from bertmagic.facts.padding import padded_rows
from bertmagic.facts.tensors import Role, TensorFacts

# A change below this part of the output's size is noise. With the batch's shape unchanged a right model moves by 0.0
# exactly, in float32 and in mixed_float16: measured on a random BERT (2 layers, hidden 32) and on all-MiniLM-L6-v2, 8
# texts padded to 14, under 17 heads (TF 2.21, CPU). One number alone (a regression's output) may by chance move little
# where the model is wrong.
FLOOR = {"float16": 1e-3, "bfloat16": 8e-3}
DEFAULT_FLOOR = 1e-6

# A small batch (of at most `FEW` rows) has up to so many rows set against themselves unpadded, and run with a right
# mask; of a larger one only padded rows that ran are, and one of them with the mask: one row alone costs more than its
# share, and a suspicious check may spend half of the whole batch's forward pass.
MOST_UNPADDED, FEW = 4, 8

# A change above this part of the hidden states' size is more than the noise of any precision between two batch shapes.
FAR = 0.05


@dataclass(frozen=True)
class Base:
    """A pass that ran: the batch's `rows`, its inputs on them (`arrays`, by name), and the `outputs` that came out."""

    rows: tuple[int, ...]
    arrays: Mapping[str, np.ndarray]
    outputs: Sequence[tuple[str, np.ndarray]]


def padding_content(live: LiveCall, ids: TensorFacts, padding: np.ndarray, base: Base) -> ProbeFacts | None:
    """New tokens at the padding of the rows that ran: the outputs at real tokens must not move.

    `ids` (batch, seq) is the call's own input. None where no row has padding, or the changed batch does not run.
    """
    rows, arrays = base.rows, base.arrays
    held = [place for place, row in enumerate(rows) if padding[row].any() and not padding[row].all()]
    tokens = np.unique(ids.values[~padding]) if ids.values is not None else np.empty(0)
    if not held or tokens.size < 2:
        return None
    # The rows without padding stay in the batch: another batch size alone moves an output by its noise.
    some = padding[list(rows)] & np.isin(np.arange(len(rows)), held)[:, None]
    changed = np.array(arrays[ids.name])
    # Deterministic, and no row gets one token throughout: the batch's own tokens, in turn.
    changed[some] = np.resize(tokens, int(some.sum())).astype(changed.dtype)
    after = live.run({**arrays, ids.name: changed}, None, layers=False)
    if after.error is not None:
        return None
    before = [(name, value[held]) for name, value in base.outputs if value.ndim and value.shape[0] == len(rows)]
    later = [(name, value[held]) for name, value in after.outputs if value.ndim and value.shape[0] == len(rows)]
    moved, scale, floor = _moved(before, later, ~some[held])
    if not scale:
        return None  # an output of zeros (a head that starts at zero) says nothing
    named = tuple(int(rows[place]) for place in held)
    return ProbeFacts("padding content", named, moved, scale, floor)


def repetition(live: LiveCall, base: Base, *, training: bool) -> ProbeFacts | None:
    """The same rows once more: nothing must move. `training`: in the mode of a call that asks for it, run twice.

    None where they do not run.
    """
    outputs = base.outputs
    if training:
        first = live.again(base.arrays, training=True)
        if first.error is not None:
            return None
        outputs = first.outputs
    again = live.again(base.arrays, training=training)
    if again.error is not None:
        return None
    rows = len(base.rows)
    before = [(name, value) for name, value in outputs if value.ndim and value.shape[0] == rows]
    moved, scale, floor = _moved(before, again.outputs, np.zeros((rows, 0), bool))
    return ProbeFacts("repetition", tuple(map(int, base.rows)), moved, scale, floor) if scale else None


def _moved(
    before: Sequence[tuple[str, np.ndarray]],
    after: Sequence[tuple[str, np.ndarray]],
    real: np.ndarray,
) -> tuple[float, float, float]:
    """The largest change of any output, at `real` tokens (rows, seq) where it has that axis; its size; the floor."""
    later = dict(after)
    moved, scale, floor = 0.0, 0.0, 0.0
    for name, first in before:
        second = later.get(name)
        if second is None or first.shape != second.shape or first.dtype.kind not in "fV":
            continue
        part = FLOOR.get(first.dtype.name, DEFAULT_FLOOR)
        one, two = first.astype("float64"), second.astype("float64")
        for row in range(len(real)):
            at = real[row] if first.ndim > 1 and first.shape[1] == real.shape[1] else slice(None)
            size = float(np.abs(one[row][at]).max(initial=0.0))
            change = float(np.abs(one[row][at] - two[row][at]).max(initial=0.0))
            if size and change / size >= (moved / scale if scale else 0.0):
                moved, scale, floor = change, size, part * size
    return moved, scale, floor


def unpadded(
    live: LiveCall, call: EncoderCallFacts, ids: TensorFacts, padding: np.ndarray, hidden: np.ndarray | None
) -> UnpaddedFacts | None:
    """[CLS] of padded rows in their batch, against the same rows alone without padding, and with a right mask.

    `hidden` (rows, seq, hidden): what the encoder gave for the rows that ran, where it is known.
    """
    pads = {ids.row_index(place): padding[place] for place in range(len(padding))}
    padded = {ids.row_index(int(place)) for place in padded_rows(padding)}
    ran = call.given["input_ids"].rows or ()
    rows = _rows_to_compare(call, tuple(pads), padded, ran)
    if not padded.intersection(rows):
        return None

    def encode(some: Sequence[int], mask: np.ndarray | None = None) -> dict[int, np.ndarray]:
        """The first token's vector (hidden,) by row."""
        given = {role: values_of(call, role, some) for role in call.given}
        if mask is not None:
            given["attention_mask"] = mask.astype(
                given["attention_mask"].dtype if "attention_mask" in given else "int32"
            )
        return dict(
            zip(some, _first_tokens(live.encode(call.encoder, given), [pads[row] for row in some]), strict=True)
        )

    def alone(row: int) -> np.ndarray:
        """The first token's vector of one row without its padding, and so without need of a mask."""
        kept = ~pads[row]
        roles: list[Role] = [role for role in call.given if role != "attention_mask"]
        given = {role: values_of(call, role, [row])[:, kept] for role in roles}
        vector: np.ndarray = live.encode(call.encoder, given)[0, 0]
        return vector

    fed = {} if hidden is None else dict(zip(ran, _first_tokens(hidden, [pads[row] for row in ran]), strict=True))
    missing = [row for row in rows if row not in fed]
    fed.update(encode(missing) if missing else {})
    some = [row for row in rows if row in padded]
    bare = {row: alone(row) for row in some}
    masked = None
    if "attention_mask" in call.encoder.takes:
        # Rows without padding go along: in another batch, with another mask, they must come out the same.
        those = rows if len(padding) <= FEW else some[:1]
        right = encode(those, mask=np.stack([~pads[row] for row in those]))
        bare.update({row: right[row] for row in those if row not in padded})
        masked = {row: _distance(right[row], bare[row]) for row in those if row in padded}
    return UnpaddedFacts(
        moved={row: _distance(fed[row], bare[row]) for row in some},
        plain={row: _distance(fed[row], bare[row]) for row in rows if row not in padded and row in bare},
        masked=masked,
    )


def moves_far(unpadded: UnpaddedFacts | None, hidden: np.ndarray | None) -> bool:
    """Whether a padded row goes so far from itself unpadded that the encoder reads the padding, beyond doubt.

    `hidden` (rows, seq, hidden): what the encoder gave for the rows that ran.
    """
    if unpadded is None or hidden is None:
        return False
    return max(unpadded.moved.values(), default=0.0) > FAR * float(np.abs(hidden.astype("float64")).max(initial=0.0))


def _rows_to_compare(
    call: EncoderCallFacts, rows: tuple[int, ...], padded: set[int], ran: tuple[int, ...]
) -> tuple[int, ...]:
    """Padded rows, those that ran first, for they are half paid for; in a small batch more, and one without padding."""
    known = rows if all(role in call.source for role in call.given) else ran
    first = sorted((row for row in known if row in padded), key=lambda row: row not in ran)
    if len(rows) > FEW:
        return tuple(first[: max(1, sum(row in ran for row in first))])
    plain = [row for row in ran if row not in padded][:1]
    return (*first[: max(MOST_UNPADDED, len(ran)) - len(plain)], *plain)


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())


def values_of(call: EncoderCallFacts, role: Role, rows: Sequence[int]) -> np.ndarray:
    """The values that the encoder gets for `rows` of the batch."""
    tensor = call.whole(role)
    assert tensor is not None
    assert tensor.values is not None
    places = {tensor.row_index(place): place for place in range(tensor.values.shape[0])}
    values: np.ndarray = tensor.values[[places[row] for row in rows]]
    seen = call.given[role].values
    return values.astype(seen.dtype) if seen is not None else values


def _first_tokens(hidden: np.ndarray, pads: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The vector of each row's first token that is not padding: [CLS]."""
    return [hidden[place, int(np.argmin(pad))] for place, pad in enumerate(pads)]
