"""Keras' symbolic tensors: what a functional model is built from, and which layer gave each (tf_keras 2.21)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bertmagic.backends import tree
from bertmagic.backends.tensorflow import describe
from bertmagic.backends.tensorflow.arguments import direct_arguments
from bertmagic.backends.tensorflow.layers import Recorder
from bertmagic.facts.cell import Origin, SymbolicFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.observe.values import framework_of, is_symbolic, shape_of

# How many layers back an encoder is looked for.
_FARTHEST = 64


def origin(value: Any) -> Origin | None:
    """Where a symbolic tensor comes from, by its Keras history; None for other values."""
    layer, node = _made(value)
    if layer is None:
        return None
    if type(layer).__name__ == "InputLayer":
        return Origin("Input")
    encoder = _encoder(layer)
    if encoder is not None:
        return Origin(layer.name, encoder, output_name(node.outputs, value))
    for _ in range(_FARTHEST):
        earlier = next(iter(node.keras_inputs), None)
        before, node = _made(earlier)
        if before is None:
            break
        encoder = _encoder(before)
        if encoder is not None:
            return Origin(layer.name, encoder, output_name(node.outputs, earlier), sliced=True)
    return Origin(layer.name)


def output_name(outputs: Any, value: Any) -> str | None:
    """Which of an encoder's outputs `value` is: its key, or what its index in a tuple stands for."""
    if isinstance(outputs, Mapping):
        return next((str(key) for key in outputs if outputs[key] is value), None)
    if isinstance(outputs, (list, tuple)):
        index = next((index for index, each in enumerate(outputs) if each is value), None)
        rank = len(shape_of(value) or ())
        return {(0, 3): "last_hidden_state", (1, 2): "pooler_output"}.get((index, rank))  # type: ignore[arg-type]
    return None


def inputs(
    layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], named: Callable[[Any], str | None]
) -> tuple[SymbolicFacts, ...]:
    """The symbolic tensors that a model or encoder is called on, by the names of its parameters."""
    arguments = direct_arguments(layer, args, kwargs)
    first = next(iter(arguments), None)
    names = describe.call_names(layer)
    found = []
    for path, leaf in tree.leaves(arguments):
        if not is_symbolic(leaf):
            continue
        name = str(path[0])
        if len(path) > 1 and isinstance(path[-1], str):
            name = path[-1]
        elif len(path) > 1 and path[0] == first and isinstance(path[1], int) and path[1] < len(names):
            name = names[path[1]]
        dtype = getattr(leaf, "dtype", "")
        found.append(
            SymbolicFacts(
                name=name,
                said=named(leaf),
                shape=shape_of(leaf) or (),
                dtype=str(getattr(dtype, "name", dtype)),
                role=describe.role_of_name(name),
                origin=origin(leaf),
            )
        )
    return tuple(found)


def failing_layer(call: Callable[[], Any]) -> tuple[str | None, tuple[str, ...]]:
    """Where a symbolic `call` that raised fails, by running it again: the layer's path, and those that went through."""
    recorder = Recorder()
    try:
        with recorder:
            call()
    except Exception:  # noqa: BLE001  # it raised before, and does so again
        return recorder.failed, recorder.passed
    return None, ()


def _made(value: Any) -> tuple[Any, Any]:
    """The layer that gave a symbolic tensor, and the node of that call."""
    history = getattr(value, "_keras_history", None)
    if history is None or framework_of(value) == "keras":
        return None, None
    return history.layer, history.layer._inbound_nodes[history.node_index]


def _encoder(layer: Any) -> EncoderFacts | None:
    """The encoder that a layer is, or whose outputs it hands on as they are."""
    if describe.is_encoder(layer):
        return describe.describe_encoder("", layer)
    if not describe.is_pretrained(layer):
        return None
    found = describe.encoders_in(layer)
    return describe.describe_encoder(*found[0]) if found else None
