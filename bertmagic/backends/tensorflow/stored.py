"""Which classes a stored Keras model names that Keras cannot find, and what of a model cannot be stored (2.21)."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

from bertmagic.facts.loading import StoredFacts

Format = Literal["h5", "keras", "tf", "json"]
_HDF5 = (".h5", ".hdf5")  # `is_hdf5_filepath` (tf_keras/src/saving/legacy/saving_utils.py) takes `.keras` too
_CONTAINERS = ("Functional", "Sequential", "Model")


def read(verb: str, arguments: Mapping[Any, Any], error: BaseException) -> StoredFacts | None:
    """The facts of a `load_model` or `model_from_json` that raised; None where all that the file names is known."""
    source = arguments.get("filepath", arguments.get("json_string"))
    path = fspath(source) if isinstance(source, (str, PathLike)) else None
    if path is None:
        return None
    custom = arguments.get("custom_objects") or {}
    compiled: dict[str, Any] = {}
    if verb == "model_from_json":
        form: Format = "json"
        model, path = json.loads(path), None
    elif zipfile.is_zipfile(path):
        form = "keras"
        with zipfile.ZipFile(path) as archive:
            model = json.loads(archive.read("config.json"))
        compiled = model.get("compile_config") or {}
    elif Path(path).is_file():
        form = "h5"
        model, compiled = _of_hdf5(path)
    else:
        form = "tf"
        model = {"config": {"layers": list(_of_saved_model(path))}} if isinstance(error, ValueError) else {}
    unknown = [name for name in _classes(model, form) if not _is_known(name, custom)]
    loss = compiled.get("loss")
    loss = loss.get("config") if isinstance(loss, dict) and loss.get("class_name") == "function" else loss
    if not unknown and arguments.get("compile", True) and isinstance(loss, str) and not _is_loss(loss, custom):
        unknown.append(loss)
    return StoredFacts("load", verb, form, path, unknown=tuple(dict.fromkeys(unknown))) if unknown else None


def written(
    verb: str, model: Any, to: tuple[Any, Any], culprit: str | None, named: Callable[[Any], str | None]
) -> StoredFacts | None:
    """The facts of a `save` that cannot work; None where nothing of the model speaks against it.

    `to`: the path and `save_format`; `culprit`: the type of the layer that told no config, where it did not.
    """
    from tf_keras.src.engine import base_layer, sequential

    path, save_format = to
    text = fspath(path) if isinstance(path, (str, PathLike)) else None
    form: Format = "tf"
    if verb == "to_json":
        form, text = "json", None
    elif save_format in ("h5", "hdf5") or (text or "").endswith(_HDF5):
        form = "h5"
    elif save_format == "keras" or (text or "").endswith(".keras"):
        form = "keras"
    subclassed = not model._is_graph_network and not isinstance(model, sequential.Sequential)
    if form == "tf" or (subclassed and form != "h5"):
        return None
    layers = [] if subclassed else model.layers
    # `Layer.get_config` makes a config of the arguments of `__init__` where all of them can be stored.
    silent = {
        type(layer).__name__: None
        for layer in layers
        if type(layer).get_config is base_layer.Layer.get_config and not getattr(layer, "_auto_get_config", False)
    }
    if culprit is not None and not subclassed:
        silent.setdefault(culprit, None)
    if not subclassed and not silent:
        return None
    said = named(model) or type(model).__name__
    return StoredFacts("save", verb, form, text, said, (), subclassed, tuple(silent))


def _of_hdf5(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    import h5py

    with h5py.File(path, "r") as file:
        model, training = (json.loads(file.attrs.get(name, "{}")) for name in ("model_config", "training_config"))
    return model, training


def _of_saved_model(path: str) -> Iterator[dict[str, Any]]:
    """transformers' classes of a SavedModel: they are called as they were built, which Keras' stand-ins cannot be."""
    from tf_keras.protobuf import saved_metadata_pb2

    metadata = Path(path, "keras_metadata.pb")
    if not metadata.is_file():
        return
    nodes = saved_metadata_pb2.SavedMetadata.FromString(metadata.read_bytes()).nodes
    for node in nodes:
        # `root.x` is a layer of the model; what lies deeper is its own.
        if node.node_path.count(".") == 1:
            name = json.loads(node.metadata).get("class_name", "")
            if name.startswith("TF") and hasattr(sys.modules.get("transformers"), name):
                yield {"class_name": name}


def _classes(model: Any, form: Format) -> Iterator[str]:
    """The names of the classes that a model's config holds, those of the layers inside too."""
    if not isinstance(model, dict):
        return
    name, config, module = model.get("class_name"), model.get("config"), model.get("module")
    if isinstance(name, str) and name not in _CONTAINERS and not _is_importable(module, name, form):
        yield model.get("registered_name") or name
    if isinstance(config, dict):
        for layer in config.get("layers") or ():
            # Within a functional model, Keras does not find transformers' layers by their modules.
            if isinstance(layer, dict) and str(layer.get("module")).startswith("transformers"):
                yield layer["class_name"]
            else:
                yield from _classes(layer, form)
        yield from _classes(config.get("layer"), form)


def _is_importable(module: Any, name: str, form: Format) -> bool:
    """Whether the file tells where the class is to be imported from (`_retrieve_class_or_fn`, serialization_lib.py)."""
    if form not in ("keras", "json") or not isinstance(module, str):
        return False
    return module.startswith(("keras", "tf_keras")) or hasattr(sys.modules.get(module), name)


def _is_known(name: str, custom: Mapping[str, Any]) -> bool:
    from tf_keras.src.layers import serialization
    from tf_keras.src.saving.object_registration import get_registered_object

    serialization.populate_deserializable_objects()
    if name in serialization.LOCAL.ALL_OBJECTS or get_registered_object(name, custom) is not None:
        return True
    # In a file, what was registered is `package>name`.
    return get_registered_object(name.rpartition(">")[2], custom) is not None


def _is_loss(name: str, custom: Mapping[str, Any]) -> bool:
    from tf_keras.src import losses

    if _is_known(name, custom):
        return True
    try:
        losses.get(name)
    except (ValueError, TypeError):
        return False
    return True
