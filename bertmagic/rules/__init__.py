"""The rules, by family: facts in, a finding or nothing out. Which is the cause, where several fit: `order.py`."""

from bertmagic.rules import (
    dataset,
    labels,
    length,
    mask,
    mask_values,
    mode,
    names,
    outputs,
    padding,
    pooling,
    shape,
    special_tokens,
    structure,
    swapped,
    targets,
    text,
)
from bertmagic.rules.registry import RULES, Rule, wanted

__all__ = [
    "RULES",
    "Rule",
    "dataset",
    "labels",
    "length",
    "mask",
    "mask_values",
    "mode",
    "names",
    "outputs",
    "padding",
    "pooling",
    "shape",
    "special_tokens",
    "structure",
    "swapped",
    "targets",
    "text",
    "wanted",
]
