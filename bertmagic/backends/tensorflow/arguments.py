"""A direct call's arguments by the names of the model's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from bertmagic.backends.tensorflow import describe


def direct_arguments(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """A direct call's arguments by parameter name, encodings as dicts; those that do not bind under `*` and `**`."""
    plain = tuple(plain_encoding(each) for each in args)
    try:
        bound = inspect.signature(model.call).bind(*plain, **kwargs)
    except TypeError:
        names = describe.call_names(model)
        head = dict(zip(names, plain, strict=False))
        return {**head, "*": plain[len(names) :], "**": {key: item for key, item in kwargs.items() if key not in head}}
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
    """transformers' BatchEncoding (a UserDict) as a dict, which its TF models take just the same; others as they are.

    Its `fit` makes a dict of it too (4.53.3, `convert_batch_encoding`).
    """
    return dict(value) if isinstance(value, Mapping) and not isinstance(value, dict) else value
