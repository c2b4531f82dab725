"""An encoder's output with other hidden states in it: what lies around the encoder is run, the encoder is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertmagic.backends.keras3.compute import as_numpy
from bertmagic.facts.tensors import Role


class Diverged(Exception):
    """The encoders were called otherwise than in the pass that is replayed."""


@dataclass(frozen=True)
class Kept:
    """One encoder's call in the pass that is replayed: the layer, what it was given by role, its whole output."""

    layer: Any
    given: Mapping[Role, np.ndarray]
    output: Any
    hidden: np.ndarray


def altered(kept: Kept, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """The output with `change` done to its hidden states.

    A pooled vector is made of the first position (keras_hub 0.32, `bert_backbone.py`): where that one's vector changed,
    the pooled vector is another too.
    """
    first = (change(kept.hidden)[:, 0] != kept.hidden[:, 0]).any(axis=-1)
    rows, length, size = kept.hidden.shape

    def other(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: other(each) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(other(each) for each in value)
        shape = tuple(getattr(value, "shape", ()))
        if shape == (rows, length, size):
            return _like(value, change(as_numpy(value)))
        if shape == (rows, size) and first.any():
            pooled = as_numpy(value)
            return _like(value, np.where(first[:, None], np.roll(-pooled, 1, axis=-1), pooled))
        return value

    return other(kept.output)


def _like(tensor: Any, values: np.ndarray) -> Any:
    """A tensor of `values`, with the Keras mask that `tensor` carries."""
    from keras.src import backend, ops

    made = ops.convert_to_tensor(values, dtype=backend.standardize_dtype(tensor.dtype))
    mask = backend.get_keras_mask(tensor)
    if mask is not None and tuple(mask.shape[:2]) == tuple(made.shape[:2]):
        backend.set_keras_mask(made, mask)
    return made


def same_layers(kept: Sequence[Kept], index: int, layer: Any) -> Kept:
    """What was kept of the call in that place; raises `Diverged` where it was another layer's, or none."""
    if index >= len(kept) or kept[index].layer is not layer:
        raise Diverged(f"call {index} of an encoder is not the one that was recorded")
    return kept[index]
