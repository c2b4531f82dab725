"""All labels that a cell's own loop gave one model, batch after batch: whether they are those of all its data."""

from __future__ import annotations

import itertools
import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# Labels of one model that are kept, and of which no name needs to tell that there are no others; names that are looked
# at, and the fewest labels of such a name.
_MOST, ENOUGH, _MOST_NAMES, _FEWEST = 65_536, 16, 512, 4


class Labelled:
    """Keeps the labels of each model's calls while a block runs; of whole numbers alone, one a row."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], list[np.ndarray] | None]] = {}

    def add(self, model: Any, labels: np.ndarray) -> None:
        """Note the labels of one call."""
        ref, kept = self._known.get(id(model), (weakref.ref(model), []))
        if ref() is not model:
            ref, kept = weakref.ref(model), []
        if kept is not None:
            kept.append(np.array(labels))
            whole = labels.dtype.kind in "biu" and sum(map(np.size, kept)) <= _MOST
            kept = kept if whole else None
        self._known[id(model)] = (ref, kept)

    def span(self, model: Any, namespace: Mapping[str, Any]) -> tuple[float, float] | None:
        """The lowest and highest label of all the data; None where there may be others than those that were seen."""
        ref, kept = self._known.get(id(model), (None, None))
        if ref is None or ref() is not model or not kept:
            return None
        values = np.concatenate([each.reshape(-1) for each in kept]).astype("int64")
        if values.size < ENOUGH and not _is_all(values, namespace):
            return None
        return float(values.min()), float(values.max())


def _is_all(values: np.ndarray, namespace: Mapping[str, Any]) -> bool:
    """Whether some name holds these very labels, each as often or so many times as often: epochs."""
    seen = Counter(values.tolist())
    for known in _named(namespace):
        if len(known) >= _FEWEST and not values.size % len(known):
            times = values.size // len(known)
            if seen == Counter({label: count * times for label, count in Counter(known.tolist()).items()}):
                return True
    return False


def _named(namespace: Mapping[str, Any]) -> Iterator[np.ndarray]:
    """The whole numbers that names hold: of lists, arrays, tensors and tables' columns."""
    for name, value in itertools.islice(list(namespace.items()), _MOST_NAMES):
        if name.startswith("_") or isinstance(value, type):
            continue
        try:
            if not (type(value) in (list, tuple) or hasattr(value, "shape")) or not 0 < len(value) <= _MOST:
                continue
            array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        except Exception:  # noqa: BLE001  # a value of somebody's own type
            continue
        if array.ndim == 1 and array.dtype.kind in "biu":
            yield array.astype("int64")
