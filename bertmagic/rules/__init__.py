"""The rules, by family: facts in, a finding or nothing out. Which is the cause, where several fit: `order.py`."""

from bertmagic.rules import (
    dataset,
    device,
    labels,
    length,
    mask,
    mask_values,
    names,
    outputs,
    padding,
    shape,
    special_tokens,
    structure,
    swapped,
    targets,
    text,
    training,
)
from bertmagic.rules.registry import RULES, Rule

__all__ = [
    "RULES",
    "Rule",
    "dataset",
    "device",
    "labels",
    "length",
    "mask",
    "mask_values",
    "names",
    "outputs",
    "padding",
    "shape",
    "special_tokens",
    "structure",
    "swapped",
    "targets",
    "text",
    "training",
]
