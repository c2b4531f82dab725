"""Whose code a model's method is: a library's, or that of a class of the user's own."""

from __future__ import annotations

from typing import Any

_LIBRARIES = frozenset({"tf_keras", "keras", "keras_hub", "transformers", "torch", "tensorflow"})


def is_users_own(model: Any, name: str) -> bool:
    """Whether the method of that name is the user's: set on the model itself, or defined by a class of no library."""
    if name in getattr(model, "__dict__", {}):
        return True
    for kind in type(model).__mro__:
        if name in vars(kind):
            return kind.__module__.partition(".")[0] not in _LIBRARIES
    return False
