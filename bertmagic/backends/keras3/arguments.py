"""A direct call's arguments by the names of the model's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from bertmagic.backends.keras3 import describe


def direct_arguments(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """A direct call's arguments by parameter name; those that do not bind under `*` and `**`."""
    args = tuple(plain_encoding(each) for each in args)
    try:
        bound = inspect.signature(model.call).bind(*args, **kwargs)
    except TypeError:
        names = describe.call_names(model)
        head = dict(zip(names, args, strict=False))
        return {**head, "*": args[len(names) :], "**": {key: item for key, item in kwargs.items() if key not in head}}
    arguments = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            arguments["*"] = value
        elif kind is inspect.Parameter.VAR_KEYWORD:
            arguments["**"] = value
        else:
            arguments[name] = plain_encoding(value)
    return arguments


def plain_encoding(value: Any) -> Any:
    """transformers' BatchEncoding (a UserDict) as a dict, by which its arrays are read; others as they are."""
    return dict(value) if isinstance(value, Mapping) and not isinstance(value, dict) else value
