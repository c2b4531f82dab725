"""What PyTorch's losses compare, read from their own arguments before they run; and transformers' own losses."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bertmagic.backends.comparison import MOST_NUMBERS, Comparison
from bertmagic.backends.torch.encoding import as_numpy, is_tensor
from bertmagic.facts.loss import LossFacts, LossKind

# Functions of torch.nn.functional (2.13), which the classes of torch.nn call: what they compare, and whether they take
# logits, None for those that take numbers.
_KINDS: dict[str, tuple[LossKind, bool | None]] = {
    "cross_entropy": ("sparse", True),
    "nll_loss": ("sparse", None),
    "binary_cross_entropy": ("binary", False),
    "binary_cross_entropy_with_logits": ("binary", True),
    "mse_loss": ("regression", None),
    "l1_loss": ("regression", None),
    "smooth_l1_loss": ("regression", None),
    "huber_loss": ("regression", None),
}
# Nodes of a graph that move or cast values and leave them as they are, and those of activations.
_MOVES = ("View", "Unsafe", "Squeeze", "Unsqueeze", "Transpose", "Permute", "T", "ToCopy", "Reshape", "Slice", "Select")
_ACTIVATIONS = {"Softmax": "softmax", "SafeSoftmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log_softmax"}
_MOST_NODES = 8


def is_loss(function: Any) -> bool:
    """Whether a function is one of torch.nn.functional's losses that are known here."""
    return getattr(function, "__name__", "") in _KINDS and getattr(function, "__module__", "") == "torch.nn.functional"


def compared(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Comparison | None:
    """What a call of a loss compares, or None where its arguments are no tensors."""
    try:
        given = inspect.signature(function).bind(*args, **kwargs).arguments
    except TypeError:
        return None
    output: Any = given.get("input")
    target: Any = given.get("target")
    if not is_tensor(output) or not is_tensor(target) or max(output.numel(), target.numel()) > MOST_NUMBERS:
        return None
    if not output.is_floating_point() or output.ndim == 0:
        return None
    name = function.__name__
    kind, logits = _KINDS[name]
    values, labels = as_numpy(output), as_numpy(target)
    ignored = classes_at = None
    if kind == "sparse":
        if name == "cross_entropy" and target.is_floating_point() and target.shape == output.shape:
            kind = "categorical"
        else:
            ignored = int(given.get("ignore_index", -100))
        # Classes lie along axis 1 (torch 2.13, `cross_entropy`): (batch, classes, …) with labels (batch, …).
        if values.ndim > 2 and (kind == "categorical" or labels.shape == (values.shape[0], *values.shape[2:])):
            values = np.moveaxis(values, 1, -1)
            labels = np.moveaxis(labels, 1, -1) if kind == "categorical" else labels
        elif values.ndim > 2 and labels.shape == values.shape[:-1]:
            classes_at = 1
    made = activation(output)
    facts = LossFacts(name, kind, logits, ignored=ignored, aligns=False, made_by=made, classes_at=classes_at)
    return Comparison(facts, output, target, values, labels)


def holds(found: Comparison, labels: np.ndarray) -> bool:
    """Whether a loss compares these very labels: all of them in order, some marked as left out, or some picked out."""
    target, given = found.labels.reshape(-1), labels.reshape(-1)
    if given.dtype.kind not in "biuf":
        return False
    if target.size == given.size:
        kept = target != found.facts.ignored if found.facts.ignored is not None else slice(None)
        # A cast to half precision rounds.
        return bool(np.allclose(target[kept], given[kept], rtol=2**-8, atol=0, equal_nan=True))
    rest = iter(given.tolist())
    return 0 < target.size < given.size and all(any(one == each for each in rest) for one in target.tolist())


def activation(output: Any) -> str | None:
    """The activation that gave a tensor, as its graph tells; None where it is another operation, or not known."""
    node = getattr(output, "grad_fn", None)
    for _ in range(_MOST_NODES):
        if node is None:
            return None
        name = type(node).__name__.partition("Backward")[0]
        if name in _ACTIVATIONS:
            return _ACTIVATIONS[name]
        if not name.startswith(_MOVES) or not node.next_functions:
            return None
        node = node.next_functions[0][0]
    return None


def watching() -> Any:
    """A mode that notes the losses which run inside it: its `seen` holds `Comparison`s."""
    from torch.overrides import TorchFunctionMode

    class Watching(TorchFunctionMode):  # type: ignore[misc,unused-ignore]
        """Notes calls of losses."""

        def __init__(self) -> None:
            super().__init__()
            self.seen: list[Comparison] = []

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if is_loss(func) and len(self.seen) < _MOST_NODES:
                found = compared(func, args, kwargs or {})
                if found is not None:
                    self.seen.append(found)
            return func(*args, **(kwargs or {}))

    return Watching()


def own_loss(output: Any) -> Any:
    """The loss that a model's output holds by name, or first in a tuple; None where there is none."""
    value: Any = None
    if isinstance(output, Mapping):
        value = output.get("loss")
    else:
        value = output[0] if isinstance(output, (list, tuple)) and output else None
    return value if is_tensor(value) and value.numel() == 1 and value.is_floating_point() else None


def bases(tensor: Any) -> Iterator[Any]:
    """A tensor, then the one that it is a view of."""
    yield tensor
    base = getattr(tensor, "_base", None)
    if base is not None:
        yield base


def functional() -> Any:
    """torch.nn.functional."""
    return sys.modules["torch.nn.functional"]
