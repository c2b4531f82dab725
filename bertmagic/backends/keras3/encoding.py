"""What an encoder's call was given, by role, and what it gave, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bertmagic.backends import tree
from bertmagic.backends.keras3 import describe
from bertmagic.backends.keras3.compute import as_numpy, is_symbolic, is_tensor
from bertmagic.facts.tensors import Role


def given_tensors(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[Role, Any]:
    """What an encoder is given, by role, as it is given."""
    head = args[0] if args else kwargs.get("inputs")
    if isinstance(head, Mapping):
        named = dict(head)
    else:
        flat = [leaf for _, leaf in tree.leaves(head)]
        named = dict(zip(describe.input_names(layer), flat, strict=False))
    return {role: named[name] for role, name in describe.HUB_NAMES.items() if is_tensor(named.get(name))}


def given_by_role(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[Role, np.ndarray]:
    """What an encoder is given, by role, as arrays."""
    return {role: as_numpy(tensor) for role, tensor in given_tensors(layer, args, kwargs).items()}


def looked_up(layer: Any, given: dict[Role, np.ndarray]) -> dict[Role, np.ndarray]:
    """What an encoder makes of what it is given: its `Input`s are of int32, and cast without a word.

    keras 3.15, `models/functional.py`, `_convert_inputs_to_tensors`.
    """
    wanted = {name: str(tensor.dtype) for name, tensor in describe.inputs_of(layer)}
    made = {}
    for role, value in given.items():
        dtype = wanted.get(describe.HUB_NAMES[role], "")
        cast = dtype.startswith("int") and value.dtype.kind in "bf"
        with np.errstate(invalid="ignore"):
            made[role] = value.astype(dtype) if cast else value
    return made


def hidden_tensor(output: Any) -> Any:
    """The hidden states of all tokens among an encoder's outputs: `sequence_output`, or its one tensor of rank 3."""
    if isinstance(output, Mapping):
        output = output.get("sequence_output")
    if output is None or not hasattr(output, "shape") or len(output.shape) != 3:
        return None
    return output


def hidden_of(output: Any) -> np.ndarray | None:
    """The last hidden state (batch, seq, hidden) of an encoder's output, or None."""
    hidden = hidden_tensor(output)
    return None if hidden is None or is_symbolic(hidden) else as_numpy(hidden)


def tensors_of(output: Any) -> list[Any]:
    """What an output consists of: a dict's values, a list's items, those within them, or itself."""
    return [leaf for _, leaf in tree.leaves(output)]
