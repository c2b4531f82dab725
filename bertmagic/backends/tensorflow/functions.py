"""tf.functions that were traced before they are watched: they run without Python, and nothing of them is seen."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

# Functions of a cell that are kept count of.
_MOST = 64


class Functions:
    """Notes the tf.functions that are called, and tells which of them have a model in them that was traced before."""

    def __init__(self) -> None:
        self._called: dict[int, tuple[Any, int]] = {}

    def note(self, function: Any, frame: FrameType) -> bool:
        """Note a call as it is looked up; the lookup then gives the original."""
        if function is not None and id(function) not in self._called and len(self._called) < _MOST:
            traced = _traced(function)
            # What is traced in this call, or later, is noted then.
            if traced:
                self._called[id(function)] = (function, traced)
        return True

    def unseen(self, of_interest: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
        """The names of the functions that were not traced again, each with the model that it runs."""
        for function, before in self._called.values():
            python = getattr(function, "python_function", None)
            if python is None or _traced(function) != before:
                continue
            used = {id(handle) for graph in _graphs(function) for handle, _ in graph.captures}
            for model in _reachable(python):
                if of_interest(model) and any(id(weight.handle) in used for weight in model.weights):
                    yield getattr(python, "__name__", "a tf.function"), model
                    break


def _traced(function: Any) -> int:
    try:
        return int(function.experimental_get_tracing_count())
    except Exception:  # noqa: BLE001  # a function of another TensorFlow
        return 0


def _graphs(function: Any) -> list[Any]:
    return [concrete.graph for concrete in function._list_all_concrete_functions()]  # TensorFlow 2.21


def _reachable(python: Any) -> Iterator[Any]:
    """What a function's code names: in its closure, among its globals, and the object that it is a method of."""
    plain = inspect.unwrap(python)
    yield from (getattr(plain, "__self__", None),)
    code = getattr(plain, "__code__", None)
    if code is None:
        return
    known = getattr(plain, "__globals__", {})
    yield from (known[name] for name in code.co_names if name in known)
    for cell in getattr(plain, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # a cell that holds nothing yet
            yield cell.cell_contents
