"""Keeps models and optimizers aside while a whole cell runs again: weights, structure, compile state, step counts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from bertmagic.backends.attributes import Attributes
from bertmagic.backends.keras3 import compute, state


@contextlib.contextmanager
def aside(values: Iterable[Any]) -> Iterator[None]:
    """Whatever runs inside, the layers, models and optimizers among `values` come back as they were.

    Random state too. What was built inside is unbuilt again.
    """
    # Parts of Keras that are imported already: the whole may not be (`tf.keras` of Keras 2 takes some of it along).
    layer = sys.modules["keras.src.layers.layer"].Layer
    parts: dict[int, Any] = {}
    for value in values:
        if isinstance(value, layer):
            parts.update({id(each): each for each in value._flatten_layers()})
        elif _is_optimizer(value):
            parts[id(value)] = value
    for part in list(parts.values()):
        for name in ("optimizer", "_compile_loss", "_compile_metrics", "_loss_tracker"):
            held = vars(part).get(name)
            if hasattr(held, "__dict__"):
                parts[id(held)] = held
    trackers = {id(each): each for part in parts.values() if hasattr(each := vars(part).get("_tracker"), "__dict__")}
    kept = [Attributes(each) for each in (*parts.values(), *trackers.values())]
    ids = [(held, set(held)) for each in trackers.values() for held in each.stored_ids.values()]
    variables = {id(each): each for part in parts.values() for each in _variables(part)}
    before = [(each, compute.as_numpy(each).copy()) for each in variables.values() if each._value is not None]
    try:
        with compute.random_kept(), state.global_kept():
            yield
    finally:
        for each in kept:
            each.restore()
        for held, items in ids:
            held.clear()
            held.update(items)
        for variable, value in before:
            variable.assign(value)


def _is_optimizer(value: Any) -> bool:
    base = getattr(sys.modules.get("keras.src.optimizers.base_optimizer"), "BaseOptimizer", None)
    return base is not None and isinstance(value, base)


def _variables(part: Any) -> list[Any]:
    """A layer's own variables; those of an optimizer or a metric."""
    found = [*getattr(part, "_trainable_variables", ()), *getattr(part, "_non_trainable_variables", ())]
    return [*found, *getattr(part, "_variables", ())] if not hasattr(part, "_flatten_layers") else found
