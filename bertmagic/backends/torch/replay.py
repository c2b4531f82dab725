"""An encoder's output with other hidden states in it: what lies around the encoder is run, the encoder is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertmagic.backends.torch.encoding import as_numpy, is_tensor
from bertmagic.facts.tensors import Role


class Diverged(Exception):
    """The encoders were called otherwise than in the pass that is replayed."""


@dataclass(frozen=True)
class Kept:
    """One encoder's call in the pass that is replayed: the module, what it was given by role, its whole output."""

    layer: Any
    given: Mapping[Role, np.ndarray]
    output: Any
    hidden: np.ndarray


def altered(kept: Kept, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """The output with `change` done to its hidden states, those of every layer where it has them.

    The pooler reads the first position (transformers 5.23, `BertPooler`): where that one's vector changed, the pooled
    vector is another too. Attentions stay as they are.
    """
    first = (change(kept.hidden)[:, 0] != kept.hidden[:, 0]).any(axis=-1)
    rows, length, size = kept.hidden.shape

    def other(value: Any) -> Any:
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return tuple(other(each) for each in value)
        if not is_tensor(value):
            return value
        shape = tuple(value.shape)
        if shape == (rows, length, size):
            return _like(value, change(as_numpy(value)))
        if shape == (rows, size) and first.any():
            pooled = as_numpy(value)
            return _like(value, np.where(first[:, None], np.roll(-pooled, 1, axis=-1), pooled))
        return value

    output = kept.output
    if isinstance(output, Mapping):
        return type(output)(**{name: other(value) for name, value in output.items()})
    return type(output)(other(value) for value in output) if isinstance(output, (list, tuple)) else other(output)


def _like(tensor: Any, values: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(values)).to(tensor.device, tensor.dtype)


def same_layers(kept: Sequence[Kept], index: int, layer: Any) -> Kept:
    """What was kept of the call in that place; raises `Diverged` where it was another module's, or none."""
    if index >= len(kept) or kept[index].layer is not layer:
        raise Diverged(f"call {index} of an encoder is not the one that was recorded")
    return kept[index]
