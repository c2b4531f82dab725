"""Asks the model itself, on a few rows: changes what must not matter, and records how far the output moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bertmagic.backends.protocol import LiveCall
from bertmagic.facts.call import EncoderCallFacts, ProbeFacts, UnpaddedFacts
from bertmagic.facts.padding import padded_rows
from bertmagic.facts.tensors import Role, TensorFacts

# A change below this part of the output's size is noise: right models move by 0.0 exactly in float32, the tiniest random
# model without a mask by 2.6e-3 of the output's size. Half precision is noisier.
FLOOR = {"float16": 2e-2, "bfloat16": 5e-2}
DEFAULT_FLOOR = 1e-4

# How many rows are set against themselves unpadded: the rows that ran, and as many padded ones as fill up to this. Each
# costs up to three rows' forward passes (fed, alone, masked), and a suspicious check has 0.5 of 32 rows' to spend.
MOST_UNPADDED = 3


def padding_content(
    live: LiveCall,
    ids: TensorFacts,
    padding: np.ndarray,
    rows: Sequence[int],
    arrays: Mapping[str, np.ndarray],
    before: Sequence[tuple[str, np.ndarray]],
) -> ProbeFacts | None:
    """New tokens at the padding of `rows`: the outputs at real tokens must not move.

    `ids` (batch, seq) is the call's own input, `arrays` its inputs on `rows`, `before` the outputs for them. None where
    no row has padding, or the changed batch does not run.
    """
    held = [place for place, row in enumerate(rows) if padding[row].any() and not padding[row].all()]
    tokens = np.unique(ids.values[~padding]) if ids.values is not None else np.empty(0)
    if not held or tokens.size < 2:
        return None
    some = padding[[rows[place] for place in held]]
    batched = [name for name, value in arrays.items() if value.ndim and value.shape[0] == len(rows)]
    few = {name: value[held] if name in batched else value for name, value in arrays.items()}
    # Deterministic, and no row gets one token throughout: the batch's own tokens, in turn.
    few[ids.name] = np.array(few[ids.name])
    few[ids.name][some] = np.resize(tokens, int(some.sum())).astype(few[ids.name].dtype)
    after = live.run(few, None, layers=False)
    if after.error is not None:
        return None
    base = [(name, value[held]) for name, value in before if value.ndim and value.shape[0] == len(rows)]
    moved, scale, floor = _moved(base, after.outputs, ~some)
    named = tuple(int(rows[place]) for place in held)
    return ProbeFacts("padding content", named, moved, scale, floor, "other tokens in the place of the padding")


def _moved(
    before: Sequence[tuple[str, np.ndarray]],
    after: Sequence[tuple[str, np.ndarray]],
    real: np.ndarray,
) -> tuple[float, float, float]:
    """The largest change of any output, at `real` tokens (rows, seq) where it has a sequence axis; its size; the floor."""
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
    live: LiveCall,
    call: EncoderCallFacts,
    ids: TensorFacts,
    padding: np.ndarray,
    hidden: np.ndarray | None,
    most: int = MOST_UNPADDED,
) -> UnpaddedFacts | None:
    """[CLS] of padded rows in their batch, against the same rows alone without padding, and with a right mask.

    `hidden` (rows, seq, hidden): what the encoder gave for the rows that ran, where it is known.
    """
    seen = call.given["input_ids"].rows or ()
    whole = all(role in call.source for role in call.given)
    candidates = [int(row) for row in (range(len(padding)) if whole else seen)]
    in_values = {ids.row_index(row): row for row in range(len(padding))}
    some = {ids.row_index(int(row)) for row in padded_rows(padding)}
    rows = [row for row in seen if row in candidates]
    rows += [row for row in candidates if row not in rows and row in some]
    rows = rows[:most]
    if not any(row in some for row in rows):
        return None
    pads = {row: padding[in_values[row]] for row in rows}
    given = {role: _rows_of(call, role, rows) for role in call.given}
    fed = _first_tokens(live.encode(call.encoder, given), [pads[row] for row in rows]) if hidden is None else None
    if fed is None and hidden is not None:
        known = dict(zip(seen, _first_tokens(hidden, [padding[in_values[row]] for row in seen]), strict=True))
        extra = [row for row in rows if row not in known]
        if extra:
            more = live.encode(call.encoder, {role: _rows_of(call, role, extra) for role in call.given})
            known.update(zip(extra, _first_tokens(more, [pads[row] for row in extra]), strict=True))
        fed = [known[row] for row in rows]
    assert fed is not None
    alone = {}
    for place, row in enumerate(rows):
        kept = ~pads[row]
        if kept.any():
            single = {role: value[place : place + 1, kept] for role, value in given.items() if role != "attention_mask"}
            alone[row] = live.encode(call.encoder, single)[0, 0]
    shift = {row: float(np.abs(fed[place] - alone[row]).max()) for place, row in enumerate(rows) if row in alone}
    padded = [row for row in rows if row in some]
    masked = None
    if "attention_mask" in call.encoder.takes:
        right = {role: value[[rows.index(row) for row in padded]] for role, value in given.items()}
        dtype = right["attention_mask"].dtype if "attention_mask" in right else np.dtype("int32")
        right["attention_mask"] = np.stack([~pads[row] for row in padded]).astype(dtype)
        after = _first_tokens(live.encode(call.encoder, right), [pads[row] for row in padded])
        masked = {row: float(np.abs(vector - alone[row]).max()) for row, vector in zip(padded, after, strict=True)}
    return UnpaddedFacts(
        moved={row: value for row, value in shift.items() if row in some},
        plain={row: value for row, value in shift.items() if row not in some},
        masked=masked,
    )


def _rows_of(call: EncoderCallFacts, role: Role, rows: Sequence[int]) -> np.ndarray:
    """The values that the encoder gets for `rows` of the batch."""
    tensor = call.whole(role)
    assert tensor is not None and tensor.values is not None
    places = {tensor.row_index(place): place for place in range(tensor.values.shape[0])}
    values: np.ndarray = tensor.values[[places[row] for row in rows]]
    seen = call.given[role].values
    return values.astype(seen.dtype) if seen is not None else values


def _first_tokens(hidden: np.ndarray, pads: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The vector of each row's first token that is not padding: [CLS]."""
    return [hidden[place, int(np.argmin(pad))] for place, pad in enumerate(pads)]
