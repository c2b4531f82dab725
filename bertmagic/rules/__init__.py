"""The rules, by family: facts in, a finding or nothing out. Which is the cause, where several fit: `order.py`."""

from bertmagic.rules import labels, mask, mask_values, padding, shape, special_tokens, structure, swapped, text
from bertmagic.rules.registry import RULES, Rule

__all__ = [
    "RULES",
    "Rule",
    "labels",
    "mask",
    "mask_values",
    "padding",
    "shape",
    "special_tokens",
    "structure",
    "swapped",
    "text",
]
