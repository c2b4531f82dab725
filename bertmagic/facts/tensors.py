"""Facts about one tensor: its name, role, shape, dtype and (for ids, masks and labels) its values for the whole batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

# What a tensor is to an encoder, in transformers' words (KerasHub's token_ids, padding_mask, segment_ids are the same).
Role: TypeAlias = Literal["input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds"]


@dataclass(frozen=True)
class TensorFacts:
    """One tensor as it was given.

    `name`: the model's name for it; `said`: the expression by which the cell knows it (`enc["input_ids"]`), or None.
    `values`: read-only, of shape `shape`; None where they were not read. `rows`: the batch rows that `values` holds,
    None for all of them in order.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    values: np.ndarray | None = field(default=None, repr=False, compare=False)
    role: Role | None = None
    said: str | None = None
    kind: str = "array"
    rows: tuple[int, ...] | None = None

    @property
    def called(self) -> str:
        """The name to use in a sentence: the user's where there is one."""
        return self.said or self.name

    @property
    def is_integer(self) -> bool:
        """Whether the dtype is an integer one (bool is not)."""
        return self.dtype.startswith(("int", "uint"))

    def row_index(self, row: int) -> int:
        """The batch's index of row `row` of `values`."""
        return row if self.rows is None else self.rows[row]


def values_text(tensor: TensorFacts) -> str:
    """What the values are, in words: `0 … 2003`, `0 and 1`, `all 1`, `0.12 … 0.98`, or how many values where unread."""
    values = tensor.values
    if values is None or values.size == 0:
        return "no values" if values is not None else "not read"
    if values.dtype.kind in "OUS":
        return "strings"
    if values.dtype.kind in "biu":
        few = np.unique(values)
        if few.size == 1:
            return f"all {int(few[0])}"
        if few.size == 2:
            return f"{int(few[0])} and {int(few[1])}"
        return f"{int(few[0])} … {int(few[-1])}"
    finite = np.isfinite(values)
    if not finite.all():
        return f"{int((~finite).sum())} of {values.size} not finite"
    low, high = float(values.min()), float(values.max())
    return f"all {low:.4g}" if low == high else f"{low:.4g} … {high:.4g}"
