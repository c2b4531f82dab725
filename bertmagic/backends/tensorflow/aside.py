"""Keeps models and optimizers aside while a whole cell runs again: weights, structure, compile state, step counts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from bertmagic.backends.attributes import Attributes
from bertmagic.backends.tensorflow import state


@contextlib.contextmanager
def aside(values: Iterable[Any]) -> Iterator[None]:
    """Whatever runs inside, the layers, models and optimizers among `values` come back as they were.

    Random state too. What was built inside is unbuilt again.
    """
    import tensorflow as tf

    base = sys.modules["tf_keras.src.engine.base_layer"].Layer
    layers: dict[int, Any] = {}
    owners: dict[int, Any] = {}
    for value in values:
        if isinstance(value, base):
            layers.update({id(each): each for each in value._flatten_layers()})
        elif _is_optimizer(value):
            owners[id(value)] = value
    for layer in layers.values():
        for name in ("optimizer", "compiled_loss", "compiled_metrics", "config"):
            part = layer.__dict__.get(name)
            if hasattr(part, "__dict__"):
                owners[id(part)] = part
    kept = [Attributes(each) for each in (*layers.values(), *owners.values())]
    found = [each for part in (*layers.values(), *owners.values()) for each in _variables(part)]
    variables = {id(each): each for each in found if isinstance(each, tf.Variable)}
    before = [(each, each.numpy()) for each in variables.values()]
    rng = state.random_states()
    # What names layers that were given none, by graph (tf_keras 2.21, `backend.py`).
    counts = sys.modules["tf_keras.src.backend"].PER_GRAPH_OBJECT_NAME_UIDS
    counted = {graph: dict(names) for graph, names in counts.items()}
    try:
        yield
    finally:
        for each in kept:
            each.restore()
        for variable, value in before:
            variable.assign(value)
        state.restore_random(rng)
        for graph, names in counts.items():
            names.clear()
            names.update(counted.get(graph, {}))


def _is_optimizer(value: Any) -> bool:
    return any(each.__name__ == "Optimizer" and each.__module__.startswith("tf_keras.") for each in type(value).__mro__)


def _variables(part: Any) -> list[Any]:
    """A layer's own variables; those of an optimizer or a container of metrics."""
    own = [*getattr(part, "_trainable_weights", ()), *getattr(part, "_non_trainable_weights", ())]
    variables = getattr(part, "_variables", None)
    metrics = getattr(part, "metrics", None) if not own else None
    if isinstance(variables, (list, tuple)):
        own += [*variables]
    if isinstance(metrics, (list, tuple)):
        own += [variable for metric in metrics for variable in getattr(metric, "variables", ())]
    return own
