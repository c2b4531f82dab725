"""What a traced function does with a model's outputs: its graph is read after it has been traced (TensorFlow 2.21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bertmagic.backends.pooling import pool, right_mask
from bertmagic.backends.tensorflow import describe
from bertmagic.backends.tensorflow.encoding import as_numpy, given_by_role
from bertmagic.backends.tensorflow.flow import Flow
from bertmagic.backends.tensorflow.layers import Recorder
from bertmagic.backends.tensorflow.state import untouched
from bertmagic.backends.tensorflow.tracing import NoValue, Traced, Values
from bertmagic.facts.call import BroadcastFacts
from bertmagic.observe.pooled import Pooled

# Operations of a graph that are followed, and rows whose pooling is computed to look for it among the cell's values.
_MOST, _ROWS = 65536, 2
# What TensorFlow puts before the names of the operations of a gradient, and what hands a value on.
_GRADIENTS = "gradient_tape/"
_HANDS_ON = ("Cast", "Identity", "Reshape", "ExpandDims", "Squeeze")


def broadcasts(
    call: Traced, named: Callable[[Any], str | None], failed: Callable[[str, BaseException], None]
) -> tuple[BroadcastFacts, ...]:
    """The broadcasts of the model's outputs against labels in the function's graph."""
    handles = {id(weight.handle) for weight in call.layer.weights}
    inner = {id(tensor) for outer, tensor in call.graph.captures if id(outer) in handles}
    values = Values({key: value for key, (_, value) in call.values.items()})

    def said(tensor: Any) -> str | None:
        while tensor.op.type in _HANDS_ON and tensor.op.inputs:
            tensor = tensor.op.inputs[0]
        try:
            name = named(values(tensor))
        except NoValue:
            name = None
        # An argument's placeholder bears its name.
        return name or (tensor.op.name if tensor.op.type == "Placeholder" else None)

    operations = [each for each in call.graph.get_operations() if not each.name.startswith(_GRADIENTS)]
    starts = [each for one in operations if any(id(i) in inner for i in one.inputs) for each in one.outputs]
    return Flow(said, failed, _MOST).walk(call.layer, operations, starts)


def pooled(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Pooled, ...]:
    """The mean of the hidden states of a few padded rows, to look for it among what the function gave."""
    if not (describe.is_pretrained(layer) or describe.is_encoder(layer)):
        return ()
    given = given_by_role(layer, args, kwargs)
    ids = given.get("input_ids")
    mask = None if ids is None else right_mask(layer, given, ids)
    if mask is None:
        return ()
    rows = np.argsort(mask.sum(axis=1), kind="stable")[:_ROWS]
    rows = rows[~mask[rows].all(axis=1)]
    import tensorflow as tf

    few = {name: tf.constant(value[rows]) for name, value in given.items() if value.shape[:1] == mask.shape[:1]}
    with untouched(layer), Recorder(layers=False):
        output = layer(**few, training=False)
    states = getattr(output, "last_hidden_state", None)
    if states is None:
        return ()
    found = pool(mask[rows], as_numpy(states), "mean", None)
    return (found.on(rows),)
