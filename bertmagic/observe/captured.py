"""What a checked cell made, by the cell's own names: tokenizers, encodings, models and batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


class Captured(Mapping[str, Any]):
    """A view of the namespace that keeps nothing alive: a name that now means something else is gone from it."""

    def __init__(self, namespace: Mapping[str, Any], names: Iterable[str]) -> None:
        self._namespace = namespace
        self._ids = {name: id(namespace[name]) for name in names if name in namespace}

    def __getitem__(self, name: str) -> Any:
        value = self._namespace.get(name)
        if name not in self._ids or id(value) != self._ids[name]:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name, known in self._ids.items() if id(self._namespace.get(name)) == known)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Captured({', '.join(self)})"
