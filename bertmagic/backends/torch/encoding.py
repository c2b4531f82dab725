"""What an encoder's call was given, by role, and what it gave, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bertmagic.backends.torch.describe import ROLES, call_names
from bertmagic.facts.tensors import Role


def is_tensor(value: Any) -> bool:
    """Whether a value is a PyTorch tensor."""
    import torch

    return isinstance(value, torch.Tensor)


def is_plain(tensor: Any) -> bool:
    """Whether a tensor is PyTorch's own, with values of its own: no subclass of another kind, none of a transform."""
    import torch

    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def as_numpy(leaf: Any) -> np.ndarray:
    """A leaf's values as an array, of a tensor a copy; a ragged list as an array of objects.

    NumPy has no bfloat16: such values come as float32, which holds them all.
    """
    if is_tensor(leaf):
        return _values(leaf)
    if isinstance(leaf, (list, tuple)) and leaf and all(is_tensor(each) for each in leaf):
        try:
            return np.stack([_values(each) for each in leaf])
        except ValueError:
            rows = np.empty(len(leaf), dtype=object)
            rows[:] = [_values(each) for each in leaf]
            return rows
    if hasattr(leaf, "numpy") and hasattr(leaf, "shape"):
        try:
            return np.asarray(leaf.numpy())
        except Exception:  # noqa: BLE001  # another framework's, without values
            return np.array(leaf, dtype=object)
    try:
        return np.asarray(leaf)
    except ValueError:
        return np.array(leaf, dtype=object)


def _values(tensor: Any) -> np.ndarray:
    import torch

    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.dtype == torch.bfloat16 or str(tensor.dtype).startswith("torch.float8"):
        tensor = tensor.float()
    array: np.ndarray = tensor.cpu().resolve_conj().resolve_neg().numpy()
    return np.array(array)


def given_by_role(module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[Role, np.ndarray]:
    """What an encoder is given, by role."""
    named: dict[str, Any] = {**dict(zip(call_names(module), args, strict=False)), **kwargs}
    return {
        role: as_numpy(named[role])
        for role in ROLES
        if is_tensor(named.get(role)) or isinstance(named.get(role), np.ndarray) or is_text(named.get(role))
    }


def is_text(value: Any) -> bool:
    """Whether texts stand where tensors belong: a string, or a list of such."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(each, str) for each in value)
    return isinstance(value, str)


def hidden_of(output: Any) -> np.ndarray | None:
    """The last hidden state of an encoder's output: by name, else its first tensor, of rank 3."""
    value = hidden_tensor(output)
    return None if value is None else as_numpy(value)


def hidden_tensor(output: Any) -> Any:
    """As `hidden_of`, the tensor itself."""
    if output is None:
        return None
    value: Any = getattr(output, "last_hidden_state", None)
    if value is None and isinstance(output, (list, tuple)) and output:
        value = output[0]
    return value if is_tensor(value) and value.ndim == 3 else None


def tensors_of(output: Any) -> Iterator[Any]:
    """The tensors that an output consists of: an object's values, a tuple's items, those within them, or itself."""
    if isinstance(output, Mapping):
        output = list(output.values())
    if isinstance(output, (list, tuple)):
        for each in output:
            yield from tensors_of(each)
    elif is_tensor(output):
        yield output
