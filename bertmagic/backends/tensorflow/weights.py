"""Which weights of a tf-keras model are trained ones, which training changes, and what they hold in memory."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np

from bertmagic.backends.tensorflow import describe
from bertmagic.backends.tensorflow.encoding import tensors_of
from bertmagic.facts.training import EncoderState, HeadState, MemoryFacts

# A head's weights above this many are not read: a check must stay cheap.
_LARGEST_HEAD = 1_000_000
# Fewer weights than this do not show by their spread how they were drawn.
_SMALLEST_HEAD = 30
# The spread of a truncated normal distribution that is cut at two standard deviations, by that deviation.
_TRUNCATED = 0.8796


def encoder_states(
    model: Any, reached: Mapping[str, tuple[bool, bool]], changed: Set[int] | None = None
) -> tuple[EncoderState, ...]:
    """The state of each built encoder; `reached`: by path, what `Reach` told.

    `changed`: the ids of the weights that training changes, None for all of the model's that are trainable.
    """
    encoders = describe.encoders_in(model)
    if not encoders:
        return ()
    changed = {id(weight) for weight in model.trainable_weights} if changed is None else changed
    states = []
    for path, layer in encoders:
        if not layer.built:
            continue
        norms = _norms(layer)
        values = [(norm.gamma.numpy(), norm.beta.numpy()) for norm in norms]
        pooler = getattr(layer, "pooler", None)
        pooler_weights = list(getattr(pooler, "weights", ()))
        apart = {id(weight) for weight in (*layer.get_input_embeddings().weights, *pooler_weights)}
        own = [weight for weight in layer.weights if id(weight) not in apart]
        output = reached.get(path)
        states.append(
            EncoderState(
                path=path,
                # Keras' layer normalisation begins with weight 1 and bias 0 (tf_keras 2.21), and one step changes both.
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


def watched(model: Any) -> dict[str, tuple[list[Any], list[Any]]]:
    """By path of a built encoder: a small weight of its last layer, and the weights of its pooler."""
    found = {}
    for path, layer in describe.encoders_in(model):
        norms = _norms(layer) if layer.built else []
        if norms:
            pooler = getattr(layer, "pooler", None)
            found[path] = ([norms[-1].beta], list(getattr(pooler, "weights", ())))
    return found


class Reach:
    """A tape over one pass, which tells what its outputs depend on by gradient: `watched`, and those weights alone.

    It records only what lies behind them, the last operations of a pass. Nothing is recorded where a tape of the user's
    own is open. Tapes may be stopped (as in `state.untouched`): inside they are not.
    """

    def __init__(self, weights: Mapping[str, tuple[list[Any], list[Any]]]) -> None:
        self._weights = weights
        self._tape: Any = None
        self.paths: dict[str, tuple[bool, bool]] = {}

    def __enter__(self) -> Reach:
        if self._weights:
            import tensorflow as tf
            from tensorflow.python import pywrap_tfe  # TF 2.21: what `python/eager/record.py` uses

            self._stopped = pywrap_tfe.TFE_Py_TapeSetIsStopped()
            pywrap_tfe.TFE_Py_TapeSetRestartOnThread()
            self._tape = tf.GradientTape(watch_accessed_variables=False)
            self._tape.__enter__()
            self._tape.watch([weight for pair in self._weights.values() for part in pair for weight in part])
        return self

    def __exit__(self, *exc: object) -> None:
        if self._tape is not None:
            from tensorflow.python import pywrap_tfe

            self._tape.__exit__(*exc)
            if self._stopped:
                pywrap_tfe.TFE_Py_TapeSetStopOnThread()

    def tell(self, outputs: Any, losses: list[Any]) -> None:
        """Keep in `paths` which of the watched weights `outputs` and the model's own `losses` depend on."""
        import tensorflow as tf

        targets = [each for each in (*tensors_of(outputs), *losses) if tf.is_tensor(each) and each.dtype.is_floating]
        if self._tape is None or not targets:
            return
        order = [
            (path, part, weight) for path, pair in self._weights.items() for part in (0, 1) for weight in pair[part]
        ]
        gradients = self._tape.gradient(targets, [weight for _, _, weight in order])
        told = {
            (path, part) for (path, part, _), gradient in zip(order, gradients, strict=True) if gradient is not None
        }
        self.paths = {path: ((path, 0) in told, (path, 1) in told) for path in self._weights}


def untrained_heads(model: Any) -> tuple[HeadState, ...]:
    """The trainable dense layers outside of the encoders that are as they were initialised, in the layers' order."""
    core = sys.modules.get("tf_keras.src.layers.core.dense")
    if core is None:
        return ()
    encoders = [path for path, _ in describe.encoders_in(model)]
    if not encoders or "" in encoders:
        return ()
    changed: set[int] | None = None
    heads = []
    for path, layer in describe.layers_with_paths(model):
        if type(layer) is not core.Dense or not layer.built or not layer.use_bias:
            continue
        if any(path == encoder or path.startswith(f"{encoder}/") for encoder in encoders):
            continue
        changed = changed if changed is not None else {id(weight) for weight in model.trainable_weights}
        if not {id(layer.kernel), id(layer.bias)} <= changed or not 0 < _size(layer.kernel) <= _LARGEST_HEAD:
            continue
        if type(layer.bias_initializer).__name__ == "Zeros" and not layer.bias.numpy().any() and _as_drawn(layer):
            shape = (int(layer.kernel.shape[0]), int(layer.kernel.shape[1]))
            heads.append(HeadState(path, shape, type(layer.kernel_initializer).__name__))
    return tuple(heads)


def _as_drawn(layer: Any) -> bool:
    """Whether a kernel's values lie within its initializer's bounds, and spread as it spreads them.

    tf_keras 2.21, `initializers/initializers.py`: a truncated normal is cut at two standard deviations, a uniform
    variance scaling has the bound sqrt(3 scale / fan).
    """
    initializer, kernel = layer.kernel_initializer, layer.kernel.numpy().astype("float64")
    if kernel.size < _SMALLEST_HEAD:
        return False
    name = type(initializer).__name__
    if name == "TruncatedNormal" and initializer.mean == 0:
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
    """What training `model` holds beside activations; None where its variables lie on several devices, or on none."""
    weights = list(model.weights)
    devices = {_device(weight) for weight in weights}
    if len(devices) != 1 or None in devices:
        return None
    tables = {id(weight) for weight in _tables(model)}
    trained = list(model.trainable_weights)
    return MemoryFacts(
        device=str(devices.pop()),
        parameters=sum(map(_bytes, weights)),
        gradients=sum(_bytes(weight) for weight in trained if id(weight) not in tables),
        slots=(slots or 0) * sum(map(_bytes, trained)),
    )


def _tables(model: Any) -> Iterator[Any]:
    """The weights that are looked up by index: their gradients are slices, as many as there are tokens."""
    for _, layer in describe.layers_with_paths(model):
        if type(layer).__name__ == "Embedding":
            yield from layer.weights
        elif describe.is_encoder(layer) and layer.built:
            yield from layer.get_input_embeddings().weights


def _device(weight: Any) -> str | None:
    """`CPU`, or `GPU:0`; None for a variable that lies on several, or elsewhere."""
    parts = str(getattr(weight, "device", "")).rpartition("/device:")[2].split(":")
    if hasattr(weight, "values") or len(parts) != 2 or parts[0] not in ("CPU", "GPU"):
        return None
    return "CPU" if parts[0] == "CPU" else ":".join(parts)


def _norms(layer: Any) -> list[Any]:
    """The first and the last layer normalisation of an encoder, in the layers' order."""
    found = [
        each
        for _, each in describe.layers_with_paths(layer)
        if type(each).__name__ == "LayerNormalization"
        and each.built
        and hasattr(each, "gamma")
        and each.beta is not None
    ]
    return [found[0], found[-1]] if found else []


def _span(arrays: list[np.ndarray]) -> tuple[float, float] | None:
    if not arrays:
        return None
    return float(min(array.min() for array in arrays)), float(max(array.max() for array in arrays))


def _size(weight: Any) -> int:
    return math.prod(axis or 0 for axis in weight.shape.as_list())


def _bytes(weight: Any) -> int:
    """A variable's bytes in its own dtype: one that casts itself (mixed precision) is kept as it was made."""
    dtype = getattr(weight, "true_dtype", None) or weight.dtype
    return _size(weight) * int(dtype.size)
