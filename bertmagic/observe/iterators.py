"""Puts a restored iterator in the place of a one-shot one that a check peeks into, where only names hold it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import CellType, FrameType
from typing import Any

from bertmagic.observe.frames import outwards, root_of

# Whose frames may hold the iterator while the call is under way: they end with it.
_PASSING = ("bertmagic", "tf_keras", "keras", "transformers", "tensorflow")

# What arguments in passing stand in; a cell is a variable that a nested function of the caller's reads.
_CONTAINERS = (tuple, list, dict, CellType)


def replace_in(namespace: dict[str, Any], old: Any, make_new: Callable[[], Any]) -> bool:
    """Rebind the names of `namespace` that hold `old` to `make_new()`; False, and nothing done, where more holds it."""
    own = {id(namespace), *(id(cell) for cell in getattr(make_new, "__closure__", None) or ())}
    # In this order: reading the frames' variables makes dicts that hold what the frames hold.
    if not _only_passing(old, own) or _held_by_a_function(namespace, old):
        return False
    names = [name for name, value in namespace.items() if value is old]
    new = make_new()
    for name in names:
        namespace[name] = new
    return True


def _only_passing(value: Any, own: set[int], depth: int = 0) -> bool:
    """Whether all that refers to `value` is our own, a frame, or arguments in passing, held by frames alone."""
    holders = gc.get_referrers(value)
    # The list of holders refers to each of them in its turn.
    known = own | {id(holders)}
    for holder in holders:
        if id(holder) in known or isinstance(holder, FrameType):
            continue
        # What refers to a container in its turn, be it a name of the cell's, keeps it beyond the call.
        if depth > 3 or type(holder) not in _CONTAINERS or not _only_passing(holder, {id(holders)}, depth + 1):
            return False
    return True


def _held_by_a_function(namespace: dict[str, Any], old: Any) -> bool:
    """Whether a function under way holds it in a local variable (the garbage collector does not see those)."""
    for frame in outwards(sys._getframe(1)):
        own_names = frame.f_globals is namespace and frame.f_locals is namespace
        if root_of(frame) not in _PASSING and not own_names and any(value is old for value in frame.f_locals.values()):
            return True
    return False
