"""Tells when a module has been imported, so that a cell that imports its framework itself is observed too."""

from __future__ import annotations

import contextlib
import importlib.machinery
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any


class _Finder:
    """A meta path finder that finds nothing itself: it lets the others find, and adds a word after execution."""

    def __init__(self, wanted: dict[str, Callable[[], None]]) -> None:
        self._wanted = wanted

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec as the other finders give it, its loader telling when the module was executed."""
        if name not in self._wanted:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        loader: Any = spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return spec  # a folder of that name, which is no module yet: nothing is executed

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            self._wanted.pop(name)()

        loader.exec_module = exec_module
        return spec


@contextlib.contextmanager
def after_import(wanted: dict[str, Callable[[], None]]) -> Iterator[None]:
    """Call `wanted[name]` once the module of that name has been imported, while the context lasts."""
    finder = _Finder({name: tell for name, tell in wanted.items() if name not in sys.modules})
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
