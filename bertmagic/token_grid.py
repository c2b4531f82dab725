"""The batch as a grid of tokens: what stands at each position, and whether the model reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.cell import TokenizerCallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.finding import Finding
from bertmagic.report import Tokens

# What a cell of the grid is, by its code. "attended padding": padding that the encoder's mask lets in.
KINDS = ("text", "special", "padding", "masked out", "attended padding", "unknown", "out of range")
_TEXT, _SPECIAL, _PADDING, _MASKED_OUT, _ATTENDED, _UNKNOWN, _OUT_OF_RANGE = range(len(KINDS))
# Cells of a grid: a larger batch shows the rows that findings name, and then its first ones.
MOST_CELLS = 256 * 512
# Characters of a row's label, where it is none of one number.
_LABEL = 24

Decode: TypeAlias = Callable[[Sequence[int]], Sequence[str]]


def token_grid(
    call: CallFacts, findings: Sequence[Finding], decode: Decode | None, made: TokenizerCallFacts | None = None
) -> Tokens | None:
    """The grid of a call's first token ids, the rows that a finding names first; None where no token ids were seen.

    `made`: the tokenizer's call that gave the rows, where it was seen: it tells which texts were cut.
    """
    for encoder_call, ids in call.token_ids():
        if ids.values is None or ids.values.ndim != 2 or ids.values.dtype.kind not in "iu" or not ids.values.size:
            continue
        lines, named = _lines(ids, findings)
        values = ids.values[lines]
        mask, types = (_beside(ids, encoder_call.whole(role), lines) for role in ("attention_mask", "token_type_ids"))
        # Without a mask the model may make its own: whether the padding is read is then for the finding to say.
        unmasked = any(finding.rule == "attention-mask-missing" for finding in findings)
        row_labels, labels = _labels(call, ids, lines)
        return Tokens(
            rows=tuple(ids.row_index(line) for line in lines),
            named=named,
            of=len(ids.values),
            ids=values,
            kinds=_kinds(call, encoder_call, lines, mask, unmasked=unmasked),
            legend=KINDS,
            mask=mask,
            types=types,
            pieces=None if decode is None else _pieces(values, decode),
            row_labels=row_labels,
            labels=labels,
            cut=_cut(values, lines, ids, made),
            tokenizer=None if call.tokenizer is None else call.tokenizer.said or call.tokenizer.type,
            paired=None if call.tokenizer is None else call.tokenizer.paired,
        )
    return None


def _lines(ids: TensorFacts, findings: Iterable[Finding]) -> tuple[list[int], int]:
    """Which rows of the values are shown, in order, and how many of them a finding names."""
    if ids.values is None:
        return [], 0
    places = {ids.row_index(place): place for place in range(len(ids.values))}
    evidence = (row for finding in findings for row in finding.evidence.get("rows", ()))
    named = list(dict.fromkeys(places[row] for row in evidence if isinstance(row, int) and row in places))
    most = max(1, MOST_CELLS // ids.values.shape[1])
    lines = list(dict.fromkeys([*named, *places.values()]))[:most]
    return lines, min(len(named), len(lines))


def _kinds(
    call: CallFacts, encoder_call: EncoderCallFacts, lines: Sequence[int], mask: np.ndarray | None, *, unmasked: bool
) -> np.ndarray:
    """The code of each cell (row, position), as uint8; of several that fit, the one that matters most.

    `unmasked`: what counts where no mask was seen.
    """
    values = _values(encoder_call)[lines]
    kinds = np.full(values.shape, _TEXT, np.uint8)
    tokenizer = call.tokenizer
    kinds[np.isin(values, _special(tokenizer))] = _SPECIAL
    if tokenizer is not None and tokenizer.unk_id is not None:
        kinds[values == tokenizer.unk_id] = _UNKNOWN
    found = call.padding(encoder_call)
    padding = np.zeros(values.shape, bool) if found is None else found[1][lines]
    if mask is not None:
        kinds[mask == 0] = _MASKED_OUT
    kinds[padding] = _PADDING
    kinds[padding & (mask != 0 if mask is not None else unmasked)] = _ATTENDED
    rows = encoder_call.encoder.vocab_rows
    outside = values < 0 if rows is None else (values < 0) | (values >= rows)
    kinds[outside] = _OUT_OF_RANGE
    return kinds


def _values(encoder_call: EncoderCallFacts) -> np.ndarray:
    """The token ids (batch, seq), which `CallFacts.token_ids` gave."""
    ids = encoder_call.whole("input_ids")
    return np.empty((0, 0), int) if ids is None or ids.values is None else ids.values


def _special(tokenizer: TokenizerFacts | None) -> list[int]:
    if tokenizer is None:
        return []
    known = (tokenizer.cls_id, tokenizer.sep_id, tokenizer.eos_id, tokenizer.mask_id, tokenizer.pad_id)
    return [each for each in (*known, *tokenizer.frame) if each is not None]


def _pieces(values: np.ndarray, decode: Decode) -> dict[int, str]:
    """The token of each id that occurs."""
    known = [int(each) for each in np.unique(values)]
    return dict(zip(known, map(str, decode(known)), strict=True))


def _beside(ids: TensorFacts, other: TensorFacts | None, lines: Sequence[int]) -> np.ndarray | None:
    """The values of another input that stand beside the ids, position by position."""
    if other is None or other.values is None or ids.values is None or other.values.shape != ids.values.shape:
        return None
    return other.values[lines] if other.values.dtype.kind in "biuf" else None


def _labels(
    call: CallFacts, ids: TensorFacts, lines: Sequence[int]
) -> tuple[tuple[str, ...] | None, np.ndarray | None]:
    """The first labels: in words, one a row, or as whole numbers, one a position; None where they are neither."""
    values = call.labels[0].values if call.labels else None
    if values is None or ids.values is None or values.ndim == 0 or len(values) != len(ids.values):
        return None, None
    if values.shape == ids.values.shape and values.dtype.kind in "iu":
        return None, values[lines]
    if values.ndim > 2 or values.dtype.kind not in "biuf":
        return None, None
    return tuple(_label(values[line]) for line in lines), None


def _label(value: np.ndarray) -> str:
    numbers = [f"{each:.4g}" if value.dtype.kind == "f" else str(each) for each in np.atleast_1d(value)[: _LABEL // 2]]
    text = " ".join(numbers)
    return text if value.size <= len(numbers) and len(text) <= _LABEL else f"{text[: _LABEL - 2]} …"


def _cut(
    values: np.ndarray, lines: Sequence[int], ids: TensorFacts, made: TokenizerCallFacts | None
) -> tuple[int, ...]:
    """The batch's rows whose text the tokenizer cut, where it told."""
    if made is None or not made.cut:
        return ()
    cut = set(made.cut)
    return tuple(ids.row_index(line) for line, row in zip(lines, values, strict=True) if made.row_of(row) in cut)
