"""Facts about one tensor: its name, role, shape, dtype and (for ids, masks, labels) the whole batch's values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

# What a tensor is to an encoder, in transformers' words (KerasHub's token_ids, padding_mask, segment_ids are the same).
Role: TypeAlias = Literal["input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds"]


@dataclass(frozen=True)
class TensorFacts:
    """One tensor as it was given.

    `name`: the model's name for it; `said`: the expression by which the cell knows it (`ids`, `enc["input_ids"]`), or
    None. `item`: the same as an item of an encoding or dict, where it is one, and `siblings` all keys of that.
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
    item: str | None = None
    siblings: frozenset[str] | None = None

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

    def rows_at(self, at: np.ndarray) -> list[int]:
        """The batch's rows that have any of the places `at`, a boolean array of the shape of `values`."""
        return sorted({self.row_index(int(place[0])) for place in np.argwhere(at)})

    def places_at(self, at: np.ndarray, most: int = 5) -> list[list[int]]:
        """The first of these places, each by the batch's row and the further axes' indices."""
        return [[self.row_index(int(place[0])), *map(int, place[1:])] for place in np.argwhere(at)[:most]]


def values_text(tensor: TensorFacts) -> str:
    """What the values are, in words: `0 … 2003`, `0 and 1`, `all 1`, `0.12 … 0.98`, `False and True`, `strings`."""
    values = tensor.values
    if values is None:
        return "not read"
    if values.size == 0:
        return "no values"
    kind = values.dtype.kind
    if kind in "OUS":
        texts = kind != "O" or all(isinstance(value, (str, bytes)) for value in values.flat)
        return "strings" if texts else "Python objects"
    if kind in "biu":
        few = [str(value) for value in np.unique(values)]
        if len(few) == 1:
            return f"all {few[0]}"
        return f"{few[0]} and {few[1]}" if len(few) == 2 else f"{few[0]} … {few[-1]}"
    # bfloat16 comes as a kind of its own (V) that NumPy can compare and convert.
    if kind not in "fV" or values.dtype.names is not None:
        return "not numbers"
    numbers = values.astype("float64")
    finite = np.isfinite(numbers)
    if not finite.all():
        return f"{int((~finite).sum())} of {numbers.size} not finite"
    low, high = float(numbers.min()), float(numbers.max())
    # Whole numbers are written as such: `0 … 30521` for token ids and masks of a floating-point dtype.
    whole = bool((numbers == np.floor(numbers)).all()) and max(abs(low), abs(high)) < 1e15
    shown = [f"{int(each)}" if whole else f"{each:.4g}" for each in (low, high)]
    return f"all {shown[0]}" if low == high else f"{shown[0]} … {shown[1]}"
