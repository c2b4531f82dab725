"""Keras 3's symbolic tensors: what a functional model is built from, and which layer gave each (keras 3.15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bertmagic.backends import tree
from bertmagic.backends.keras3 import describe
from bertmagic.backends.keras3.arguments import direct_arguments
from bertmagic.backends.keras3.layers import Recorder
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
        return Origin(layer.name, encoder, output_name(layer, node.outputs, value))
    for _ in range(_FARTHEST):
        earlier = next(iter(node.input_tensors), None)
        before, node = _made(earlier)
        if before is None:
            break
        encoder = _encoder(before)
        if encoder is not None:
            return Origin(layer.name, encoder, output_name(before, node.outputs, earlier), sliced=True)
    return Origin(layer.name)


def output_name(layer: Any, outputs: Any, value: Any) -> str | None:
    """Which of an encoder's outputs `value` is: its key in the encoder's own dict, or what its rank tells."""
    struct = getattr(layer, "_outputs_struct", None)
    flat = [leaf for _, leaf in tree.leaves(outputs)]
    index = next((index for index, each in enumerate(flat) if each is value), None)
    if index is None:
        return None
    if isinstance(outputs, Mapping):
        return [str(key) for key in outputs][index]
    # Keras flattens a dict by its sorted keys (keras 3.15, `tree`).
    if isinstance(struct, Mapping) and len(struct) == len(flat):
        return sorted(str(key) for key in struct)[index]
    return {3: "sequence_output", 2: "pooled_output"}.get(len(shape_of(value) or ()))


def inputs(
    layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], named: Callable[[Any], str | None]
) -> tuple[SymbolicFacts, ...]:
    """The symbolic tensors that a model or encoder is called on, by the names of its inputs or parameters."""
    arguments = direct_arguments(layer, args, kwargs)
    first = next(iter(arguments), None)
    names = describe.input_names(layer) if describe.is_functional(layer) else list(describe.call_names(layer))
    found = []
    for path, leaf in tree.leaves(arguments):
        if not is_symbolic(leaf):
            continue
        name = str(path[0])
        if len(path) > 1 and isinstance(path[-1], str):
            name = path[-1]
        elif path[0] == first and names:
            index = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
            name = names[index] if index < len(names) else name
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
    operation = getattr(history, "operation", None)
    if history is None or operation is None or framework_of(value) != "keras":
        return None, None
    nodes = operation._inbound_nodes
    return (operation, nodes[history.node_index]) if history.node_index < len(nodes) else (None, None)


def _encoder(layer: Any) -> EncoderFacts | None:
    """The encoder that a layer is."""
    return describe.describe_encoder("", layer) if describe.is_encoder(layer) else None
