"""The epochs of a training run of Keras', of either generation: those that are validated, and the callbacks."""

from __future__ import annotations

from typing import Any


def callback_list(given: dict[str, Any]) -> list[Any]:
    """The callbacks given to `fit`, one by one."""
    callbacks = given.get("callbacks")
    if callbacks is None:
        return []
    inner = getattr(callbacks, "callbacks", None)
    if inner is not None:
        return list(inner)
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def validated_epochs(given: dict[str, Any], epochs: list[int]) -> int:
    """How many epochs would have been validated (`validation_freq`: every n-th, or those listed, counted from 1)."""
    if not given.get("validation_split") and not given.get("validation_data"):
        return 0
    every = given.get("validation_freq") or 1
    if isinstance(every, int):
        return sum((epoch + 1) % every == 0 for epoch in epochs)
    return sum(epoch + 1 in every for epoch in epochs)
