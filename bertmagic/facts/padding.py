"""Where a batch of token ids is padding: the run of padding tokens at a row's end or beginning."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def padding_positions(ids: np.ndarray, pad_id: int, ends: tuple[int, ...] = ()) -> np.ndarray:
    """A boolean array (batch, seq), True at padding: runs of `pad_id` that touch a row's end, or else its beginning.

    A padding id between other tokens is not padding. `ends` are ids that close a text (separator, end of sequence):
    where the padding token is one of them, the first of a trailing run is the text's own. A row that holds nothing but
    the padding id is padding throughout.
    """
    same = ids == pad_id
    trailing = np.logical_and.accumulate(same[:, ::-1], axis=1)[:, ::-1]
    if pad_id in ends:
        first = trailing.copy()
        first[:, 1:] &= ~trailing[:, :-1]
        trailing = trailing & (~first | same.all(axis=1, keepdims=True))
    leading = np.logical_and.accumulate(same, axis=1)
    return np.where(trailing.any(axis=1, keepdims=True), trailing, leading)


def padded_rows(padding: np.ndarray) -> np.ndarray:
    """The indices of rows that hold tokens and padding; rows of padding only fill up a batch and are left out."""
    return np.flatnonzero(padding.any(axis=1) & ~padding.all(axis=1))


def told_by(ids: np.ndarray, beside: Iterable[np.ndarray]) -> int | None:
    """The padding token that a batch itself tells: ids (batch, seq) and the tensors of 0 and 1 beside it.

    It is the one id at all positions where such a tensor has the one value, and nowhere else, and these positions are
    the ends of rows. None where nothing tells. Which of the values stands for padding is left open: that may be the
    fault. A batch of rows of one length tells nothing.
    """
    if ids.ndim != 2 or ids.dtype.kind not in "iu" or not ids.size:
        return None
    for mask in beside:
        if mask.shape != ids.shape or mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
            continue
        for where in (mask == 0, mask == 1):
            found = np.unique(ids[where])
            if len(found) != 1 or not np.array_equal(ids == found[0], where) or where.all(axis=1).any():
                continue
            trailing = np.logical_and.accumulate(where[:, ::-1], axis=1)[:, ::-1]
            if np.array_equal(trailing, where) and len(np.unique(where.sum(axis=1))) > 1:
                return int(found[0])
    return None
