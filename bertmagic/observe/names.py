"""The names by which the cell knows an object: a variable, or an item of one (`enc["input_ids"]`)."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bertmagic.observe.frames import outwards

# Containers are looked into one level deep, and no further than this many items.
_MOST_ITEMS = 64


class Names:
    """Finds names in `namespace` and in the functions that are running between it and the check."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace

    def of(self, value: Any) -> str | None:
        """The shortest expression whose value is that very object, or None."""
        if value is None:
            return None
        for scope in self._scopes():
            for name, known in list(scope.items()):
                if known is value and not name.startswith("_"):
                    return name
        return self.item(value)[0]

    def item(self, value: Any) -> tuple[str | None, frozenset[str] | None]:
        """`name["key"]` or `name[0]` where a named container holds the object, and the keys beside it."""
        for scope in self._scopes():
            for name, known in list(scope.items()):
                if not name.startswith("_"):
                    item = _item(name, known, value)
                    if item is not None:
                        keys = frozenset(map(str, known)) if isinstance(known, Mapping) else None
                        return item, keys
        return None, None

    def strings(self, most: int) -> Iterator[tuple[str, str]]:
        """The strings that names and items of named lists and dicts hold, by their expressions; at most `most`."""
        left = most
        for scope in self._scopes():
            for name, known in list(scope.items()):
                if name.startswith("_"):
                    continue
                for said, value in _strings(name, known):
                    left -= 1
                    if left < 0:
                        return
                    yield said, value

    def rows(self, lengths: Sequence[int]) -> Iterator[tuple[str, tuple[tuple[object, ...], ...]]]:
        """The named lists (or items of dicts) that hold one row of each of these lengths, by their expressions."""
        for scope in self._scopes():
            for name, known in list(scope.items()):
                if name.startswith("_"):
                    continue
                for said, value in ((name, known), *_items(name, known)):
                    rows = [value] if len(lengths) == 1 and _has_length(value, lengths[0]) else value
                    if type(rows).__name__ == "ndarray" and getattr(rows, "ndim", 0) == 2:
                        rows = list(rows)  # of as many columns as each text has words
                    if _has_length(rows, len(lengths)) and all(map(_has_length, rows, lengths)):
                        yield said, tuple(tuple(row) for row in rows)

    def _scopes(self) -> Iterator[Mapping[str, Any]]:
        """The cell's namespace, then the local variables of the user's functions under way, innermost first."""
        yield self._namespace
        for frame in outwards(sys._getframe(1)):
            if frame.f_globals is self._namespace and frame.f_locals is not self._namespace:
                yield frame.f_locals


def _strings(name: str, known: Any) -> Iterator[tuple[str, str]]:
    if isinstance(known, str):
        yield name, known
    elif type(known) in (list, tuple):
        yield from ((f"{name}[{i}]", each) for i, each in enumerate(known[:_MOST_ITEMS]) if isinstance(each, str))
    elif type(known) is dict:
        items = itertools.islice(known.items(), _MOST_ITEMS)
        yield from ((f"{name}[{key!r}]", each) for key, each in items if isinstance(each, str))


def _items(name: str, known: Any) -> Iterator[tuple[str, Any]]:
    if type(known) is dict:
        yield from ((f"{name}[{key!r}]", each) for key, each in itertools.islice(known.items(), _MOST_ITEMS))


def _has_length(value: Any, length: int) -> bool:
    """Whether `value` is a list, tuple or array of that many items."""
    if type(value) not in (list, tuple) and type(value).__name__ != "ndarray":
        return False
    return getattr(value, "ndim", 1) == 1 and len(value) == length


def _item(name: str, container: Any, value: Any) -> str | None:
    """`name["key"]` or `name[0]` where that item of `container` is `value`."""
    if isinstance(container, Mapping):
        try:
            items = list(itertools.islice(container.items(), _MOST_ITEMS))
        except Exception:  # noqa: BLE001  # somebody's own mapping
            return None
        return next((f'{name}["{key}"]' for key, item in items if item is value and isinstance(key, str)), None)
    if type(container) in (list, tuple):
        items = enumerate(container[:_MOST_ITEMS])  # type: ignore[assignment]
        return next((f"{name}[{index}]" for index, item in items if item is value), None)
    return None
