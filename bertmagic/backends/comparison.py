"""What a loss of the cell's own code compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bertmagic.facts.loss import LossFacts

# Compared tensors of more numbers than these are not read: a language model's logits, which nothing here is said of.
MOST_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Comparison:
    """One call of a loss: its facts, both tensors as they were given, and as arrays, classes along the last axis.

    `values`: None in a graph, where the output has none: those of the call itself are meant then, of the rows that ran.
    """

    facts: LossFacts
    output: Any
    target: Any
    values: np.ndarray | None
    labels: np.ndarray
