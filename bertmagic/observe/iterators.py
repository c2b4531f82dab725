"""Puts a restored iterator in the place of a one-shot one that a check peeks into, where only names hold it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Whose frames may hold the iterator while the call is under way: they end with it.
_PASSING = ("bertmagic", "tf_keras", "keras", "transformers", "tensorflow")


def replace_in(namespace: dict[str, Any], old: Any, make_new: Callable[[], Any]) -> bool:
    """Rebind the names of `namespace` that hold `old` to `make_new()`; False, and nothing done, where more holds it."""
    if _held_by_a_function(namespace, old) or any(not _passing(holder, namespace) for holder in gc.get_referrers(old)):
        return False
    names = [name for name, value in namespace.items() if value is old]
    new = make_new()
    for name in names:
        namespace[name] = new
    return True


def _passing(holder: Any, namespace: dict[str, Any], depth: int = 0) -> bool:
    """Whether a referrer is the namespace, a frame, or arguments in passing, which nothing but frames refers to."""
    if holder is namespace or isinstance(holder, FrameType):
        return True
    if depth > 3 or type(holder) not in (tuple, list, dict):
        return False
    return all(_passing(outer, namespace, depth + 1) for outer in gc.get_referrers(holder) if outer is not namespace) and not any(
        value is holder for value in namespace.values()
    )


def _held_by_a_function(namespace: dict[str, Any], old: Any) -> bool:
    """Whether a function under way holds it in a local variable (the garbage collector does not see those)."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        own_names = frame.f_globals is namespace and frame.f_locals is namespace
        if module not in _PASSING and not own_names and any(value is old for value in frame.f_locals.values()):
            return True
        frame = frame.f_back
    return False
