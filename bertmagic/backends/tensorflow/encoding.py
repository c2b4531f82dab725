"""What an encoder's call was given, by role, and what it gave, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bertmagic.backends.tensorflow.describe import ROLES, call_names
from bertmagic.facts.tensors import Role


def as_numpy(leaf: Any) -> np.ndarray:
    """A leaf's values as an array; a ragged list as an array of objects."""
    if hasattr(leaf, "numpy"):
        value = leaf.numpy()
        return value if isinstance(value, np.ndarray) else np.asarray(value)
    try:
        return np.asarray(leaf)
    except ValueError:
        return np.array(leaf, dtype=object)


def given_by_role(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[Role, np.ndarray]:
    """What an encoder is given, by role."""
    import tensorflow as tf

    names = call_names(layer)
    named: dict[str, Any] = {**dict(zip(names, args, strict=False)), **kwargs}
    head = named.get(names[0])
    if isinstance(head, Mapping):
        named = {**named, names[0]: None, **head}
    elif isinstance(head, (list, tuple)):
        named = {**named, **dict(zip(names, head, strict=False))}
    return {
        role: as_numpy(named[role])
        for role in ROLES
        if tf.is_tensor(named.get(role)) or isinstance(named.get(role), np.ndarray)
    }


def hidden_of(output: Any) -> np.ndarray | None:
    """The last hidden state of an encoder's output: by name, else its first tensor, of rank 3."""
    if output is None:
        return None
    value = getattr(output, "last_hidden_state", None)
    if value is None and isinstance(output, (list, tuple)) and output:
        value = output[0]
    if value is None or not hasattr(value, "numpy") or len(value.shape) != 3:
        return None
    return as_numpy(value)


def tensors_of(output: Any) -> Iterator[Any]:
    """What an output consists of: an object's values, a tuple's items, those within them, or itself."""
    if isinstance(output, Mapping):
        output = list(output.values())
    if isinstance(output, (list, tuple)):
        for each in output:
            yield from tensors_of(each)
    elif output is not None:
        yield output


def switch(value: Any) -> bool | None:
    """A mode that was given as True, 1 or a scalar tensor; None where there is none."""
    return None if value is None else bool(as_numpy(value)) if np.ndim(value) == 0 else None
