"""What failed in loading or saving, read from the frames of the failing call (tf_keras 2.21, transformers 4.53.3).

Nothing is loaded or run here: shapes are those of the objects at hand, and of a file only its config is read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from os import PathLike, fspath
from types import FrameType
from typing import Any

from bertmagic.backends.protocol import Failing
from bertmagic.backends.reloaded import reloaded
from bertmagic.backends.tensorflow import stored
from bertmagic.facts.loading import LoadingFacts, Shape, StoredFacts, WeightFacts
from bertmagic.observe.values import shape_of

_LOADING = ("from_pretrained", "load_weights", "load_model", "set_weights", "restore", "read")
_READING = ("load_model", "model_from_json")
_WRITING = ("save", "save_model", "to_json")

# Where each way of loading holds the pair that does not fit: the local names of the weight's name, of the value that
# was stored and of the variable. transformers/modeling_tf_utils.py and modeling_tf_pytorch_utils.py 4.53.3,
# tf_keras/src/backend.py and engine/base_layer.py 2.21, tensorflow/python/ops/resource_variable_ops.py 2.21.
_PAIRS = {
    "load_tf_weights_from_h5": ("symbolic_weight_name", "saved_weight_value", "symbolic_weight"),
    "load_tf_weights_from_safetensors": ("weight_name", "weight_value", "weight"),
    "load_tf_shard": (None, "saved_weight_value", "symbolic_weight"),
    "load_pytorch_state_dict_in_tf2_model": ("name", "array", "symbolic_weight"),
    "_assign_value_to_variable": (None, "value", "variable"),
    "_restore_from_tensors": (None, "restored_tensor", "self"),
    "assign": (None, "value_tensor", "self"),
    "set_weights": (None, "weight", "param"),
}


def loading(failing: Failing) -> LoadingFacts | None:
    """The facts of a loading or saving, or of a reloaded model's call, that failed; None where it was none."""
    return _weight(failing) or _stored(failing) or reloaded(failing)


def _weight(failing: Failing) -> WeightFacts | None:
    at = _verb(failing.frames, _LOADING)
    if at is None:
        return None
    verb, frame = at
    for each in reversed(failing.frames):
        pair = _pair(each)
        if pair is None:
            continue
        name, kept, wanted = pair
        arguments = _arguments(frame)
        source = arguments.get("pretrained_model_name_or_path", arguments.get("filepath", arguments.get(1)))
        model = each.f_locals.get("tf_model", each.f_locals.get("model", arguments.get("self", arguments.get(0))))
        prefix = getattr(model, "base_model_prefix", None)
        inside = f"/{name}".replace(".", "/").find(f"/{prefix}/") >= 0 if prefix and verb == "from_pretrained" else None
        # transformers' models begin the names of their weights with their own.
        name = name.removeprefix(f"{getattr(model, 'name', None)}/")
        said = None if model is None else failing.named(model) or type(model).__name__
        return WeightFacts(name, kept, wanted, verb, _path(source), said, inside)
    return None


def _pair(frame: FrameType) -> tuple[str, Shape, Shape] | None:
    """A weight's name, its stored shape and the model's, where this frame holds two that do not fit."""
    values, code = frame.f_locals, frame.f_code.co_name
    if code == "load_weights_from_hdf5_group_by_name" and "i" in values:
        index = values["i"]
        variable, value, name = values["symbolic_weights"][index], values["weight_values"][index], None
    elif code in _PAIRS:
        named, value_name, variable_name = _PAIRS[code]
        variable, value = values.get(variable_name), values.get(value_name)
        name = values.get(named) if named else None
    else:
        return None
    kept, wanted = shape_of(value), shape_of(variable)
    # PyTorch keeps the kernel of a dense layer transposed.
    if kept is not None and getattr(values.get("transpose"), "name", None) == "SIMPLE":
        kept = kept[::-1]
    if kept is None or wanted is None or kept == wanted:
        return None
    return str(name or getattr(variable, "name", "")).removesuffix(":0"), kept, wanted


def _stored(failing: Failing) -> StoredFacts | None:
    at = _verb(failing.frames, (*_READING, *_WRITING))
    if at is None:
        return None
    verb, frame = at
    arguments = _arguments(frame)
    if verb in _READING:
        if "tf_keras" not in str(frame.f_globals.get("__name__")):
            return None
        return stored.read(verb, arguments, failing.error)
    model = arguments.get("self", arguments.get("model", arguments.get(0)))
    training = sys.modules["tf_keras.src.engine.training"]
    if not isinstance(model, training.Model):
        return None
    path = arguments.get("filepath", arguments.get(1))
    culprit = next(
        (
            type(each.f_locals["self"]).__name__
            for each in reversed(failing.frames)
            if each.f_code.co_name == "get_config" and "self" in each.f_locals
        ),
        None,
    )
    return stored.written(verb, model, (path, arguments.get("save_format")), culprit, failing.named)


def _verb(frames: tuple[FrameType, ...], verbs: tuple[str, ...]) -> tuple[str, FrameType] | None:
    """The outermost of the frames that is a call of one of these functions, and its name."""
    return next(((name, frame) for frame in frames if (name := _name(frame)) in verbs), None)


def _name(frame: FrameType) -> str:
    """The name of a frame's function; Keras takes its own frames out, and leaves the wrapper that holds it as `fn`."""
    wrapped = frame.f_locals.get("fn") if frame.f_code.co_name == "error_handler" else None
    return str(getattr(wrapped, "__name__", frame.f_code.co_name))


def _arguments(frame: FrameType) -> dict[Any, Any]:
    """The arguments of a frame's function, by name, or by position where its wrapper holds them."""
    if frame.f_code.co_name != "error_handler":
        return frame.f_locals
    return {**dict(enumerate(frame.f_locals.get("args", ()))), **frame.f_locals.get("kwargs", {})}


def _path(value: Any) -> str | None:
    return fspath(value) if isinstance(value, (str, PathLike)) else None


def held(model: Any, verb: str, args: tuple[Any, ...], kwargs: dict[str, Any], named: Any) -> Iterator[StoredFacts]:
    """The facts of a saving that is not done, where it is certain to fail."""
    if verb != "save":
        return
    path = kwargs.get("filepath", args[0] if args else None)
    facts = stored.written(verb, model, (path, kwargs.get("save_format")), None, named)
    if facts is not None:
        yield facts
