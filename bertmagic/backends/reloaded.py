"""What a function of a SavedModel takes, and what it was given (tensorflow/python/saved_model, 2.21)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

from bertmagic.backends.protocol import Failing
from bertmagic.facts.loading import ArgumentsFacts, ReloadedFacts, SpecFacts
from bertmagic.observe.values import shape_of

_LOADER, _RESTORED = "tensorflow.python.saved_model.load", "RestoredFunction"


def reloaded(failing: Failing) -> ReloadedFacts | None:
    """The facts of a reloaded function's failing call; None where none was called."""
    for frame in failing.frames:
        found = _called(frame)
        if found is not None:
            concrete, (args, kwargs) = found
            takes = tuple(_arguments(*each.structured_input_signature) for each in concrete)
            return ReloadedFacts(takes, _arguments(args, kwargs))
    # What `tf.saved_model.load` gives has the functions that were saved, and no others.
    owner = getattr(failing.error, "obj", None) if isinstance(failing.error, AttributeError) else failing.owner
    if failing.frames or type(owner).__module__ != _LOADER or type(owner).__name__ != "_UserObject":
        return None
    if not isinstance(failing.error, AttributeError) and callable(owner):
        return None
    signatures = dict(getattr(owner, "signatures", None) or {})
    takes = tuple(_arguments(*each.structured_input_signature) for each in signatures.values())
    return ReloadedFacts(takes, None, tuple(signatures))


def _called(frame: FrameType) -> tuple[list[Any], tuple[Any, Any]] | None:
    """The concrete functions that a frame chooses from, and the arguments that it has for them."""
    values, name = frame.f_locals, frame.f_code.co_name
    if name == "restored_function_body" and "concrete_functions" in values:
        chosen = [values["concrete_functions"][each] for each in values["saved_function"].concrete_functions]
        return chosen, (values["args"], values["kwargs"])
    function = values.get("self")
    if name == "__call__" and type(function).__module__ == _LOADER and hasattr(function, "structured_input_signature"):
        return [function], (values["args"], values["kwargs"])
    given: tuple[Any, ...] = tuple(values.get("args") or ())
    is_restored = name == "error_handler" and given and type(given[0]).__name__ == _RESTORED
    # One signature binds its arguments before anything is chosen.
    if is_restored and len(given[0].concrete_functions) == 1:
        return list(given[0].concrete_functions), (given[1:], values["kwargs"])
    return None


def _arguments(args: Iterable[Any], kwargs: Mapping[str, Any]) -> ArgumentsFacts:
    """The tensors among the arguments; a signature's, or a call's."""
    positional = [each for each in args if _holds(each)]
    if not positional:
        return ArgumentsFacts("keywords", tuple(_specs(kwargs)))
    first = positional[0]
    if len(positional) == 1 and isinstance(first, Mapping):
        return ArgumentsFacts("dict", tuple(_specs(first)))
    if len(positional) == 1 and isinstance(first, (list, tuple)) and all(hasattr(each, "dtype") for each in first):
        return ArgumentsFacts("list", tuple(_spec(getattr(each, "name", None), each) for each in first))
    return ArgumentsFacts("positions", tuple(_spec(None, each) for each in positional))


def _holds(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple)) or shape_of(value) is not None or hasattr(value, "dtype")


def _specs(named: Mapping[str, Any]) -> Iterator[SpecFacts]:
    return (_spec(str(name), value) for name, value in sorted(named.items()) if _holds(value))


def _spec(name: Any, value: Any) -> SpecFacts:
    dtype = getattr(value, "dtype", None)
    # Arrays and lists are converted to the dtype that the signature has; tensors are not.
    is_tensor = hasattr(dtype, "as_numpy_dtype")
    # A symbolic tensor's name is of the graph that it was made in.
    said = name if isinstance(name, str) and ":" not in name else None
    return SpecFacts(said, shape_of(value), str(dtype.name) if dtype is not None and is_tensor else None)
