"""What failed in loading, read from the frames of the failing call and the file's own headers (keras 3.15).

Nothing is loaded or run here: of a file only its config and the shapes of its arrays are read.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike, fspath
from types import FrameType
from typing import Any

from bertmagic.backends.keras3.compute import as_numpy
from bertmagic.backends.protocol import Failing
from bertmagic.backends.reloaded import reloaded
from bertmagic.facts.loading import LoadingFacts, Shape, StoredFacts, WeightFacts

_LOADING = ("load_weights", "set_weights", "load_model")


def loading(failing: Failing) -> LoadingFacts | None:
    """The facts of a loading that failed, or of an exported model's call; None for others, and where all fits."""
    for frame in failing.frames:
        verb, arguments = _call(frame)
        if verb is None:
            continue
        if verb == "load_model":
            return _stored(arguments)
        model = arguments.get("self", arguments.get("model", arguments.get(0)))
        return _weight(verb, model, arguments, failing)
    return reloaded(failing)


def _call(frame: FrameType) -> tuple[str | None, Mapping[Any, Any]]:
    """The loading function of Keras' that a frame is, and its arguments by name or position; (None, {}) for others.

    Keras takes its own frames out, and leaves the wrapper that holds the function as `fn` (keras 3.15,
    `utils/traceback_utils.py`).
    """
    values = frame.f_locals
    if frame.f_code.co_name == "error_handler" and "fn" in values:
        name, module = getattr(values["fn"], "__name__", ""), str(getattr(values["fn"], "__module__", ""))
        arguments = {**dict(enumerate(values.get("args", ()))), **values.get("kwargs", {})}
    else:
        name, module, arguments = frame.f_code.co_name, str(frame.f_globals.get("__name__")), values
    known = name in _LOADING and module.partition(".")[0] == "keras"
    return (name, arguments) if known else (None, {})


def _weight(verb: str, model: Any, arguments: Mapping[Any, Any], failing: Failing) -> WeightFacts | None:
    """The first weight whose stored shape is another than the model's."""
    kind = getattr(sys.modules.get("keras.src.layers.layer"), "Layer", None)
    if kind is None or not isinstance(model, kind):
        return None
    source = arguments.get("filepath", arguments.get("weights", arguments.get(1)))
    pairs: Iterable[tuple[str, Shape, Shape]]
    if verb == "set_weights":
        pairs = ((each.path, as_numpy(new).shape, each.shape) for each, new in zip(model.weights, source, strict=False))
        path = None
    elif isinstance(source, (str, PathLike)) and fspath(source).endswith(".h5"):
        path = fspath(source)
        pairs = _in_file(path, model)
    else:
        return None
    for name, kept, wanted in pairs:
        if tuple(kept) != tuple(wanted):
            said = failing.named(model) or type(model).__name__
            return WeightFacts(name, tuple(kept), tuple(wanted), verb, path, said)
    return None


def _in_file(path: str, model: Any) -> Iterator[tuple[str, Shape, Shape]]:
    """The name, the stored shape and the model's shape of each weight that both have, in the file's order.

    keras 3.15, `saving/saving_lib.py`, `_load_state`: a layer's own variables lie under the path of attributes that
    leads to it, in `vars`, by their place.
    """
    import h5py  # Keras has imported it: it reads such files with it
    from keras.src.saving import saving_lib
    from keras.src.saving.keras_saveable import KerasSaveable
    from keras.src.utils import naming

    seen: set[int] = set()

    def walk(part: Any, place: str) -> Iterator[tuple[str, Any]]:
        if id(part) in seen:
            return
        seen.add(id(part))
        yield place, part
        for name, child in saving_lib._walk_saveable(part):
            inner = f"{place}/{name}".lstrip("/")
            if isinstance(child, KerasSaveable):
                yield from walk(child, inner)
            elif isinstance(child, (list, dict, tuple)):
                used: dict[str, int] = {}
                for each in child.values() if isinstance(child, dict) else child:
                    if isinstance(each, KerasSaveable):
                        own = saving_lib._get_unique_name(naming.to_snake_case(type(each).__name__), used)
                        yield from walk(each, f"{inner}/{own}")

    with h5py.File(path, "r") as file:
        for place, part in walk(model, ""):
            own = [*getattr(part, "_trainable_variables", ()), *getattr(part, "_non_trainable_variables", ())]
            group = file.get(f"{place}/vars".lstrip("/"))
            for index, variable in enumerate(own if group is not None else ()):
                if str(index) in group:
                    yield variable.path, tuple(group[str(index)].shape), tuple(variable.shape)


def _stored(arguments: Mapping[Any, Any]) -> StoredFacts | None:
    """The classes that a stored model names and Keras cannot find; None where it finds all."""
    source = arguments.get("filepath", arguments.get(0))
    if not isinstance(source, (str, PathLike)) or not zipfile.is_zipfile(source):
        return None
    with zipfile.ZipFile(source) as archive:
        config = json.loads(archive.read("config.json"))
    custom = arguments.get("custom_objects") or {}
    unknown = tuple(dict.fromkeys(name for name in _classes(config) if not _is_known(name, custom)))
    return StoredFacts("load", "load_model", "keras", fspath(source), unknown=unknown) if unknown else None


def _classes(config: Any) -> Iterator[str]:
    """The registered names of the user's own classes and functions in a config: those that no module holds.

    keras 3.15, `saving/serialization_lib.py`, `serialize_keras_object`: `module` is None of a notebook's own classes,
    and `builtins` of functions. Keras has imported the others, where they can be.
    """
    if isinstance(config, Mapping):
        name, module = config.get("class_name"), config.get("module", "")
        elsewhere = isinstance(module, str) and module in sys.modules and not hasattr(sys.modules[module], str(name))
        own = module in (None, "builtins", "__main__") or (elsewhere and not str(module).startswith("keras"))
        if isinstance(name, str) and "config" in config and own:
            inner = config["config"]
            if name != "function":
                yield str(config.get("registered_name") or name)
            elif isinstance(inner, str):
                yield str(config.get("registered_name") or inner)
        for value in config.values():
            yield from _classes(value)
    elif isinstance(config, list):
        for value in config:
            yield from _classes(value)


def _is_known(name: str, custom: Mapping[str, Any]) -> bool:
    from keras.src.saving import object_registration

    return name in custom or object_registration.get_registered_object(name) is not None or name == "function"
