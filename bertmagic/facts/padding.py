"""Where a batch of token ids is padding: the run of padding tokens at a row's end or beginning."""

from __future__ import annotations

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
