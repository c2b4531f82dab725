"""What the leaves of a call's arguments are: their kinds, the switches among them, the rows that they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def kind_of(leaf: Any) -> str:
    """What a leaf is, by its public name: `tf.Tensor`, `numpy.ndarray`, `list`, …"""
    if type(leaf).__name__ == "EagerTensor":
        return "tf.Tensor"
    module = type(leaf).__module__.split(".")[0]
    return type(leaf).__name__ if module == "builtins" else f"{module}.{type(leaf).__name__}"


def is_switch(leaf: Any) -> bool:
    """Whether an argument is no data: a number, a string or a function."""
    return isinstance(leaf, (bool, int, float, str)) or callable(leaf)


def rows(leaves: list[Any]) -> int:
    """The batch's rows: the first axis of the first leaf with two axes or more; 0 where there is none."""
    for leaf in leaves:
        shape = getattr(leaf, "shape", None)
        if shape is not None and len(shape) >= 2:
            return int(shape[0])
    return 0


def primary(outputs: Any) -> Any:
    """The output that a loss compares: logits where the output object has them, else the first tensor."""
    if isinstance(outputs, Mapping):
        return outputs["logits"] if "logits" in outputs else next(iter(outputs.values()))
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs
