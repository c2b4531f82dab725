"""Hidden states pooled over all positions and over the tokens alone: what a cell's own pooling is held to."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from bertmagic.observe.pooled import Pooled


def right_mask(layer: Any, given: Mapping[Any, np.ndarray], states: Any) -> np.ndarray | None:
    """The encoder's mask (batch, seq), where it is 0 on padding tokens alone and somewhere; else None."""
    mask, ids = given.get("attention_mask"), given.get("input_ids")
    shape = tuple(states.shape)[:2]
    if mask is None or ids is None or mask.shape != shape or ids.shape != shape:
        return None
    pad = getattr(getattr(layer, "config", None), "pad_token_id", None)
    kept: np.ndarray = mask != 0
    if pad is None or kept.all() or not kept.any(axis=1).all() or (ids[~kept] != pad).any():
        return None
    return kept


def pool(
    mask: np.ndarray, states: np.ndarray, how: str, made: weakref.ref[Any] | None, by: str | None = None
) -> Pooled:
    """The pooling of hidden states over all positions, and over those that the mask leaves. `by`: what did it."""
    states, weight = states.astype("float32"), mask[:, :, None].astype("float32")
    if how == "max":
        whole, right = states.max(axis=1), np.where(mask[:, :, None], states, -np.inf).max(axis=1)
    else:
        whole, right = states.mean(axis=1), (states * weight).sum(axis=1) / weight.sum(axis=1)
    padding = {int(row): int((~mask[row]).sum()) for row in np.flatnonzero(~mask.all(axis=1))}
    return Pooled("max" if how == "max" else "mean", padding, whole, right, made, by)
