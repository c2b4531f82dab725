"""Which weights of a Keras 3 model are trained ones, which training changes, and what they hold in memory."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bertmagic.backends import tree
from bertmagic.backends.keras3 import compute, describe
from bertmagic.facts.training import EncoderState, HeadState, MemoryFacts

# A head's weights above this many are not read: a check must stay cheap.
_LARGEST_HEAD = 1_000_000
# Fewer weights than this do not show by their spread how they were drawn.
_SMALLEST_HEAD = 30
# The spread of a truncated normal distribution that is cut at two standard deviations, by that deviation.
_TRUNCATED = 0.8796


def encoder_states(model: Any, reached: Mapping[str, tuple[bool, bool]]) -> tuple[EncoderState, ...]:
    """The state of each built encoder; `reached`: by path, what the model's graph told."""
    encoders = describe.encoders_in(model)
    if not encoders:
        return ()
    changed = {id(weight) for weight in model.trainable_variables}
    states = []
    for path, layer in encoders:
        if not layer.built:
            continue
        values = [(compute.as_numpy(norm.gamma), compute.as_numpy(norm.beta)) for norm in _norms(layer)]
        pooler_weights = list(getattr(pooler_of(layer), "variables", ()))
        tables = [weight for each in _token_parts(layer) for weight in each.variables]
        apart = {id(weight) for weight in (*tables, *pooler_weights)}
        own = [weight for weight in layer.weights if id(weight) not in apart]
        output = reached.get(path)
        states.append(
            EncoderState(
                path=path,
                # Keras' layer normalisation begins with weight 1 and bias 0, and one step changes both.
                trained=any((gamma != 1).any() or (beta != 0).any() for gamma, beta in values) if values else None,
                parameters=sum(map(_size, own)),
                trainable=sum(_size(weight) for weight in own if id(weight) in changed),
                pooler=sum(_size(weight) for weight in pooler_weights if id(weight) in changed),
                gamma=_span([gamma for gamma, _ in values]),
                reached=None if output is None else output[0],
                pooler_reached=None if output is None or not pooler_weights else output[1],
            )
        )
    return tuple(states)


def _token_parts(encoder: Any) -> list[Any]:
    """The layers with the tables of an encoder: tokens, positions, segments."""
    parts = [describe.token_layer(encoder), describe.position_layer(encoder)]
    parts += [each for each in describe._reads(encoder, "segment_ids") if describe._rows(each) is not None]
    return [each for each in parts if each is not None]


def pooler_of(encoder: Any) -> Any:
    """The layer that gives an encoder's pooled output, or None."""
    struct = getattr(encoder, "_outputs_struct", None)
    tensor = struct.get("pooled_output") if isinstance(struct, Mapping) else None
    history = getattr(tensor, "_keras_history", None)
    layer = getattr(history, "operation", None)
    return layer if hasattr(layer, "kernel") else None


def reached(model: Any) -> dict[str, tuple[bool, bool]]:
    """By path of an encoder that is a layer of a functional model: whether the outputs depend on it, and on its pooler.

    Told by the graph, no gradient is computed.
    """
    if not describe.is_functional(model) or describe.is_encoder(model):
        return {}
    used = _ancestors(describe._graph(model)._outputs)
    found = {}
    for layer in model.layers:
        if not describe.is_encoder(layer):
            continue
        pooled = [leaf for node in layer._inbound_nodes for leaf in _named(node.outputs, layer)]
        every = [leaf for node in layer._inbound_nodes for leaf in node.output_tensors]
        any_used = any(id(leaf) in used for leaf in every)
        found[layer.name] = (any_used, any(id(leaf) in used for leaf in pooled))
    return found


def _named(outputs: Any, layer: Any) -> list[Any]:
    """The pooled outputs of one call of an encoder: those in the place that its own `pooled_output` has."""
    struct = getattr(layer, "_outputs_struct", None)
    if not isinstance(struct, Mapping):
        return []
    names = [path[0] for path, _ in tree.leaves(struct)]
    flat = list(outputs.values()) if isinstance(outputs, Mapping) else list(outputs)
    # A node lists them as `keras.tree` flattens a dict: sorted by their keys (3.15.1, `ops/node.py`).
    keys = list(outputs) if isinstance(outputs, Mapping) else sorted(names)
    return [leaf for key, leaf in zip(keys, flat, strict=False) if key == "pooled_output"]


def _ancestors(tensors: Any) -> set[int]:
    """The ids of the symbolic tensors that some tensors are made of, theirs among them."""
    seen: set[int] = set()
    pending = list(tensors)
    while pending:
        tensor = pending.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        history = getattr(tensor, "_keras_history", None)
        operation = getattr(history, "operation", None)
        if operation is not None and history is not None and operation._inbound_nodes:
            pending.extend(operation._inbound_nodes[history.node_index].input_tensors)
    return seen


def untrained_heads(model: Any) -> tuple[HeadState, ...]:
    """The trainable dense layers outside of the encoders that are as they were initialised, in the layers' order."""
    core = sys.modules["keras.src.layers.core.dense"]
    encoders = [path for path, _ in describe.encoders_in(model)]
    if not encoders or "" in encoders:
        return ()
    changed: set[int] | None = None
    heads = []
    for path, layer in describe.layers_with_paths(model):
        if type(layer) is not core.Dense or not layer.built or not layer.use_bias or layer.bias is None:
            continue
        if any(path == encoder or path.startswith(f"{encoder}/") for encoder in encoders):
            continue
        changed = changed if changed is not None else {id(weight) for weight in model.trainable_variables}
        kernel = layer._kernel
        if not {id(kernel), id(layer.bias)} <= changed or not 0 < _size(kernel) <= _LARGEST_HEAD:
            continue
        zeros = type(layer.bias_initializer).__name__ == "Zeros" and not compute.as_numpy(layer.bias).any()
        if zeros and _as_drawn(layer.kernel_initializer, compute.as_numpy(kernel).astype("float64")):
            shape = (int(kernel.shape[0]), int(kernel.shape[1]))
            heads.append(HeadState(path, shape, type(layer.kernel_initializer).__name__))
    return tuple(heads)


def _as_drawn(initializer: Any, kernel: np.ndarray) -> bool:
    """Whether a kernel's values lie within its initializer's bounds, and spread as it spreads them.

    keras 3.15, `initializers/random_initializers.py`: a truncated normal is cut at two standard deviations, a uniform
    variance scaling has the bound sqrt(3 scale / fan).
    """
    if kernel.size < _SMALLEST_HEAD:
        return False
    if type(initializer).__name__ == "TruncatedNormal" and initializer.mean == 0:
        bound, spread = 2 * initializer.stddev, _TRUNCATED * initializer.stddev
    elif getattr(initializer, "distribution", None) == "uniform" and hasattr(initializer, "mode"):
        fans = {"fan_in": kernel.shape[0], "fan_out": kernel.shape[1], "fan_avg": sum(kernel.shape) / 2}
        bound = math.sqrt(3 * initializer.scale / fans[initializer.mode])
        spread = bound / math.sqrt(3)
    else:
        return False
    found = float(np.sqrt((kernel**2).mean()))
    # Thirty values of the usual kinds spread within two fifths of what is expected.
    return bool(np.abs(kernel).max() <= bound * 1.001 and 0.6 * spread <= found <= 1.4 * spread)


def memory_of(model: Any, slots: int | None) -> MemoryFacts | None:
    """What training `model` holds beside activations; None where its variables lie on several devices."""
    weights = list(model.weights)
    devices = {_device(weight) for weight in weights}
    if len(devices) != 1 or None in devices:
        return None
    tables = {id(weight) for weight in _tables(model)}
    trained = list(model.trainable_variables)
    # On JAX and PyTorch the gradient of a table is as large as the table.
    sliced = tables if compute.name() == "tensorflow" else set()
    return MemoryFacts(
        device=str(devices.pop()),
        parameters=sum(map(_bytes, weights)),
        gradients=sum(_bytes(weight) for weight in trained if id(weight) not in sliced),
        slots=(slots or 0) * sum(map(_bytes, trained)),
    )


def _tables(model: Any) -> Iterator[Any]:
    """The weights that are looked up by index: their gradients are slices, as many as there are tokens."""
    for _, layer in describe.layers_with_paths(model):
        table = getattr(layer, "_embeddings", None)
        if table is not None:
            yield table


def _device(weight: Any) -> str | None:
    """`CPU`, or `GPU:0`; None for a variable that lies on several, or elsewhere."""
    value = getattr(weight, "value", weight)
    kind = compute.name()
    if kind == "jax":
        devices = list(value.devices()) if hasattr(value, "devices") else []
        if len(devices) != 1:
            return None
        return "CPU" if devices[0].platform == "cpu" else f"GPU:{devices[0].id}"
    if kind == "torch":
        return "CPU" if value.device.type == "cpu" else f"GPU:{value.device.index or 0}"
    parts = str(getattr(value, "device", "")).rpartition("/device:")[2].split(":")
    if len(parts) != 2 or parts[0] not in ("CPU", "GPU"):
        return None
    return "CPU" if parts[0] == "CPU" else ":".join(parts)


def _norms(layer: Any) -> list[Any]:
    """The first and the last layer normalisation of an encoder, in the layers' order."""
    found = [
        each
        for _, each in describe.layers_with_paths(layer)
        if type(each).__name__ == "LayerNormalization"
        and each.built
        and getattr(each, "gamma", None) is not None
        and getattr(each, "beta", None) is not None
    ]
    return [found[0], found[-1]] if found else []


def _span(arrays: list[np.ndarray]) -> tuple[float, float] | None:
    if not arrays:
        return None
    return float(min(array.min() for array in arrays)), float(max(array.max() for array in arrays))


def _size(weight: Any) -> int:
    return math.prod(int(axis or 0) for axis in weight.shape)


_WIDTHS = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "uint32": 4, "float16": 2, "bfloat16": 2, "int16": 2}


def _bytes(weight: Any) -> int:
    """A variable's bytes in its own dtype."""
    return _size(weight) * _WIDTHS.get(str(weight.dtype), 1)
