"""Vectors of the cell that are hidden states pooled over all positions, found by what they hold: NumPy's too."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bertmagic.facts.call import CallFacts, PoolingFacts

# Two vectors are the same where their directions are: the one may have been scaled to length 1, or rounded on the way.
_SAME = 1e-6
# Names, items of a named list, and rows of an array that are looked at.
_MOST_NAMES, _MOST_ITEMS, _MOST_ROWS = 512, 64, 4096


@dataclass(frozen=True)
class Pooled:
    """Hidden states of one call pooled over all positions, and over the tokens alone: (batch, hidden) each.

    `padding`: the number of padding tokens by row. `made`: what the cell's own operation gave, None where this was
    computed to compare it with; `by`: that operation.
    """

    how: Literal["mean", "max"]
    padding: Mapping[int, int]
    whole: np.ndarray
    right: np.ndarray
    made: weakref.ref[Any] | None = None
    by: str | None = None

    @property
    def op(self) -> bool:
        """Whether the cell's own operation was seen."""
        return self.made is not None

    def on(self, rows: np.ndarray) -> Pooled:
        """The same where its rows are these of a larger batch; the others are not known."""
        size = int(rows.max()) + 1
        places = {int(row): place for place, row in enumerate(rows)}
        whole, right = (np.zeros((size, each.shape[1]), each.dtype) for each in (self.whole, self.right))
        for row, place in places.items():
            whole[row], right[row] = self.whole[place], self.right[place]
        padding = {row: self.padding[place] for row, place in places.items() if place in self.padding}
        return Pooled(self.how, padding, whole, right, self.made, self.by)

    @property
    def moved(self) -> float:
        """How far the vectors of padded rows go without the padding."""
        rows = list(self.padding)
        return float(np.abs(self.whole[rows] - self.right[rows]).max())

    @property
    def scale(self) -> float:
        """The vectors' largest magnitude."""
        return float(np.abs(self.whole).max())


def said_pooling(pooled: Iterable[Pooled], facts: CallFacts, namespace: Mapping[str, Any]) -> tuple[PoolingFacts, ...]:
    """The poolings of a call's hidden states that the cell really has: seen as they ran, or held by a name now.

    None of them where a name holds the vectors without the padding too: then the cell compares the two.
    """
    found = []
    mask = next((tensor.called for tensor in facts.inputs if tensor.role == "attention_mask"), "attention_mask")
    for each in pooled:
        if each.moved <= _SAME * each.scale:
            continue
        if holder(each, namespace, right=True) is not None:
            return ()
        name = holder(each, namespace)
        if name is None and not each.op:
            continue
        found.append(
            PoolingFacts(
                name=name or each.by or f"tf.reduce_{each.how}",
                how=each.how,
                padding=each.padding,
                moved=each.moved,
                scale=each.scale,
                ran=f"the {_WORDS[each.how]} of their tokens alone",
                encoder=facts.model.said,
                mask=mask,
            )
        )
    return tuple(found)


_WORDS = {"mean": "mean", "max": "maximum"}


def holder(pooled: Pooled, namespace: Mapping[str, Any], *, right: bool = False) -> str | None:
    """The name that holds the vectors of padded rows (`right`: those without the padding), scaled or not; or None."""
    row = max(pooled.padding, key=lambda each: pooled.padding[each])
    wanted, other = pooled.whole[row], pooled.right[row]
    if right:
        wanted, other = other, wanted
    if _is_same(wanted[None], other).any():
        return None  # Nothing tells the one from the other.
    for name, array in _arrays(namespace, wanted.shape[0]):
        if _is_same(array, wanted).any():
            return name
    return None


def _is_same(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Which rows have the vector's direction."""
    sizes = np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
    with np.errstate(divide="ignore", invalid="ignore"):
        same: np.ndarray = rows @ vector / sizes > 1 - _SAME
    return same


def _arrays(namespace: Mapping[str, Any], width: int) -> Iterator[tuple[str, np.ndarray]]:
    """The named arrays and tensors of floating-point vectors of that width, and those in named lists and dicts."""
    for name, value in itertools.islice(list(namespace.items()), _MOST_NAMES):
        if name.startswith("_"):
            continue
        items = value.values() if type(value) is dict else value if type(value) in (list, tuple) else (value,)
        for item in itertools.islice(items, _MOST_ITEMS):
            array = _vectors(item, width)
            if array is not None:
                yield name, array


def _vectors(value: Any, width: int) -> np.ndarray | None:
    try:
        shape = getattr(value, "shape", None)  # a stand-in for a class that is not installed raises ImportError
        if shape is None or not 1 <= len(shape) <= 2 or int(shape[-1]) != width:
            return None
        array = value if isinstance(value, np.ndarray) else value.numpy() if hasattr(value, "numpy") else None
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            return None
        return array.reshape(-1, width)[:_MOST_ROWS].astype("float32")
    except Exception:  # noqa: BLE001  # a value of somebody's own type, or a tensor without values
        return None
