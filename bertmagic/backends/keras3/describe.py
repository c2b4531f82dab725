"""What a Keras 3 model is: its inputs, and KerasHub's encoders inside it, read from its own structure and weights."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bertmagic.backends.keras3 import compute
from bertmagic.facts.model import EncoderFacts, InputFacts, ModelFacts
from bertmagic.facts.tensors import Role

ROLES: tuple[Role, ...] = ("input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds")
# KerasHub's names of a backbone's inputs (keras_hub 0.32, `src/models/bert/bert_backbone.py`), by role.
HUB_NAMES: dict[Role, str] = {
    "input_ids": "token_ids",
    "attention_mask": "padding_mask",
    "token_type_ids": "segment_ids",
}
_ROLE_OF = {name: role for role, name in HUB_NAMES.items()}


def hub_class(module: str, name: str) -> type | None:
    """A class of KerasHub's where it is loaded, else None."""
    return getattr(sys.modules.get(f"keras_hub.src.{module}"), name, None)


def is_task(model: Any) -> bool:
    """Whether `model` is a KerasHub model that may preprocess what `fit` and `predict` are given."""
    pipeline = hub_class("utils.pipeline_model", "PipelineModel")
    return pipeline is not None and isinstance(model, pipeline)


def preprocessor_of(model: Any) -> Any:
    """The preprocessor that `fit` and `predict` of a KerasHub task apply, or None."""
    return getattr(model, "preprocessor", None) if is_task(model) else None


def is_encoder(layer: Any) -> bool:
    """Whether `layer` is a BERT-family encoder: a functional model of token ids over KerasHub's own layers.

    A backbone is one; so is a model made from a backbone's own inputs and outputs, in which the backbone itself is no
    layer. What decodes (GPT, Llama) is none, and neither is what holds a backbone as a layer.
    """
    if not is_functional(layer) or HUB_NAMES["input_ids"] not in input_names(layer):
        return False
    backbone = hub_class("models.backbone", "Backbone")
    if backbone is None:
        return False
    inner = list(layer.layers)
    if any(isinstance(each, backbone) for each in inner) or any("Decoder" in type(each).__name__ for each in inner):
        return False
    return isinstance(layer, backbone) or token_layer(layer) is not None


def inlined(model: Any) -> list[Any]:
    """The transformer layers of a backbone whose layers are a functional model's own, the first one first; else none.

    Such is a model made from `backbone.output`. The last of them gives the hidden states of all tokens.
    """
    backbone = hub_class("models.backbone", "Backbone")
    if backbone is None or isinstance(model, backbone) or not is_encoder(model):
        return []
    found = [
        each
        for each in model.layers
        if type(each).__module__.startswith("keras_hub.") and type(each).__name__.endswith("Encoder")
    ]
    # A layer that is called again and again (ALBERT's) gives the last hidden states with its last call only.
    once = all(len(getattr(each, "_inbound_nodes", ())) == 1 for each in found)
    return found if once else []


def is_functional(model: Any) -> bool:
    """Whether the model was made from `Input`s (functional; Sequential once built)."""
    functional = getattr(sys.modules.get("keras.src.models.functional"), "Functional", None)
    if functional is not None and isinstance(model, functional):
        return True
    return is_sequential(model) and getattr(model, "_functional", None) is not None


def is_sequential(model: Any) -> bool:
    """Whether `model` is a Sequential."""
    sequential = getattr(sys.modules.get("keras.src.models.sequential"), "Sequential", None)
    return sequential is not None and isinstance(model, sequential)


def _graph(model: Any) -> Any:
    """The functional model that a Sequential holds once it is built; the model itself else (keras 3.15)."""
    return model._functional if is_sequential(model) else model


def inputs_of(model: Any) -> list[tuple[str, Any]]:
    """The names that a functional model's inputs are fed by, each with its symbolic tensor, as the model flattens them.

    The keys of a dict of inputs are the names; else the `Input`s' own (keras 3.15, `functional.py`).
    """
    graph = _graph(model)
    struct = graph._inputs_struct
    if isinstance(struct, Mapping):
        known = {id(tensor): str(key) for key, tensor in struct.items()}
        return [(known.get(id(tensor), str(tensor.name)), tensor) for tensor in graph._inputs]
    return [(str(tensor.name), tensor) for tensor in graph._inputs]


def input_names(model: Any) -> list[str]:
    """The names of a functional model's inputs, in the order in which a list is taken."""
    return [name for name, _ in inputs_of(model)]


def layers_with_paths(model: Any) -> Iterator[tuple[str, Any]]:
    """Each layer inside `model`, itself first, with its path of names below the model ("" for itself)."""
    seen: set[int] = set()

    def walk(layer: Any, path: str) -> Iterator[tuple[str, Any]]:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        yield path, layer
        for inner in layer._flatten_layers(include_self=False, recursive=False):
            # A task lists its preprocessor among its layers on one backend and not on another.
            if type(inner).__module__.startswith("keras_hub.") and not hasattr(inner, "call"):
                continue
            yield from walk(inner, f"{path}/{inner.name}" if path else inner.name)

    yield from walk(model, "")


def encoders_in(model: Any) -> list[tuple[str, Any]]:
    """The encoders inside `model`, with their paths."""
    return [(path, layer) for path, layer in layers_with_paths(model) if is_encoder(layer)]


def _reads(model: Any, name: str) -> list[Any]:
    """The layers that are called on the input of that name itself, in the model's own graph."""
    tensor = next((tensor for each, tensor in inputs_of(model) if each == name), None)
    if tensor is None:
        return []
    found = []
    for layer in model.layers:
        for node in getattr(layer, "_inbound_nodes", ()):
            if any(each is tensor for each in node.input_tensors) and type(layer).__name__ != "InputLayer":
                found.append(layer)
                break
    return found


def _table(layer: Any) -> Any:
    """The layer's or its inner token layer's table of embeddings, a variable; None where it has none.

    keras 3.15 `layers/core/embedding.py` keeps it as `_embeddings`; KerasHub's layers of two tables hold such layers.
    """
    inner = getattr(layer, "token_embedding", None)
    for each in (layer, inner):
        table = getattr(each, "_embeddings", None)
        if table is not None:
            return table
    return None


def _rows(layer: Any) -> int | None:
    """How many rows a layer's table of embeddings has, or is to have once it is built."""
    table = _table(layer)
    if table is not None:
        return int(table.shape[0])
    for each in (layer, getattr(layer, "token_embedding", None)):
        size = getattr(each, "input_dim", None)
        if isinstance(size, int):
            return size
    return None


def token_layer(encoder: Any) -> Any:
    """The layer of KerasHub's or Keras' own that looks up the token ids, or None."""
    own = getattr(encoder, "token_embedding", None)
    if own is not None and _rows(own) is not None:
        return own
    return next((each for each in _reads(encoder, "token_ids") if _rows(each) is not None), None)


def position_layer(encoder: Any) -> Any:
    """The layer with learnt absolute positions, or None (keras_hub 0.32, `layers/modeling/position_embedding.py`)."""
    kind = hub_class("layers.modeling.position_embedding", "PositionEmbedding")
    if kind is None:
        return None
    return next((layer for _, layer in layers_with_paths(encoder) if isinstance(layer, kind)), None)


def describe_encoder(path: str, layer: Any) -> EncoderFacts:
    """The facts of one encoder: from its tables where they are built, else from what these are to be."""
    tokens, place, segments = token_layer(layer), position_layer(layer), _reads(layer, "segment_ids")
    positions: int | None = None
    if place is not None:
        table = getattr(place, "position_embeddings", None)
        positions = int(table.shape[0]) if table is not None else int(place.sequence_length)
    sizes = [rows for each in segments if each is not tokens and (rows := _rows(each)) is not None]
    settings = [getattr(layer, "num_segments", None)] if segments else []
    sizes += [each for each in settings if isinstance(each, int)]
    names = [name for name in input_names(layer) if name in _ROLE_OF]
    hidden = getattr(layer, "hidden_dim", None) or getattr(tokens, "output_dim", None)
    dropout = _dropout(layer)
    family = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(layer).__name__.removesuffix("Backbone")).lower()
    return EncoderFacts(
        path=path,
        family=family,
        type=type(layer).__name__,
        vocab_rows=_rows(tokens) if tokens is not None else getattr(layer, "vocabulary_size", None),
        positions=positions,
        position_offset=0,
        types=sizes[0] if sizes else None,
        pad_id=None,
        hidden=hidden if isinstance(hidden, int) else None,
        takes=frozenset(_ROLE_OF[name] for name in names),
        source=f"{layer.name}.{tokens.name}" if tokens is not None else f"{layer.name}.vocabulary_size",
        dropout=dropout,
        names={_ROLE_OF[name]: name for name in names},
    )


def _dropout(encoder: Any) -> float | None:
    """The largest rate of dropout that an encoder sets, or that the layers set of which a model of it is made."""
    kind = getattr(sys.modules.get("keras.src.layers.regularization.dropout"), "Dropout", ())
    rates = [
        getattr(each, "rate" if isinstance(each, kind) else "dropout", None) for each in (encoder, *encoder.layers)
    ]
    known = [float(rate) for rate in rates if isinstance(rate, (int, float))]
    return max(known, default=None)


def describe(model: Any, said: str, named: Callable[[Any], str | None]) -> ModelFacts:
    """The facts of `model`, called `said` in the cell; `named` tells what the cell calls the models inside it."""
    layers = list(layers_with_paths(model))
    found = [(path, layer) for path, layer in layers if is_encoder(layer)]
    encoders = tuple(
        dataclasses.replace(describe_encoder(path, layer), said=_said_around(path, layers, named))
        for path, layer in found
    )
    sizes: dict[str, int] = {}
    for encoder, (_, layer) in list(zip(encoders, found, strict=True))[:1]:
        heads, intermediate = getattr(layer, "num_heads", None), getattr(layer, "intermediate_dim", None)
        known = {"hidden": encoder.hidden, "heads": heads, "intermediate": intermediate, "vocab": encoder.vocab_rows}
        sizes = {name: size for name, size in known.items() if isinstance(size, int) and size > 1}
    classes = getattr(model, "num_classes", None)
    if isinstance(classes, int) and classes > 1:
        sizes["labels"] = classes
    preprocessor = preprocessor_of(model)
    return ModelFacts(
        said=said,
        type=type(model).__name__,
        framework="keras",
        inputs=_inputs(model),
        encoders=encoders,
        outputs=_outputs(model),
        sizes=sizes,
        takes=frozenset(input_names(model)) if is_functional(model) else None,
        compute=compute.name(),
        library="keras-hub" if type(model).__module__.startswith("keras_hub.") else None,
        preprocesses=None if preprocessor is None else f"`{said}.preprocessor`, a {type(preprocessor).__name__}",
    )


def _said_around(path: str, layers: list[tuple[str, Any]], named: Callable[[Any], str | None]) -> str | None:
    """The cell's name for the innermost layer at or around `path`."""
    around = [layer for other, layer in layers if other in ("", path) or path.startswith(f"{other}/")]
    return next((name for layer in reversed(around) if (name := named(layer)) is not None), None)


def call_names(model: Any) -> tuple[str, ...]:
    """The parameter names of the model's `call`, in order, without switches such as `training`."""
    switches = {"training", "mask", "args", "kwargs"}
    return tuple(name for name in inspect.signature(model.call).parameters if name not in switches)


def _inputs(model: Any) -> tuple[InputFacts, ...]:
    if not is_functional(model):
        return ()
    return tuple(
        InputFacts(
            name, tuple(tensor.shape), str(tensor.dtype), required=not _optional(tensor), role=role_of_name(name)
        )
        for name, tensor in inputs_of(model)
    )


def _optional(tensor: Any) -> bool:
    history = getattr(tensor, "_keras_history", None)
    return bool(getattr(getattr(history, "operation", None), "optional", False))


def _outputs(model: Any) -> tuple[InputFacts, ...]:
    if not is_functional(model):
        return ()
    graph = _graph(model)
    struct = graph._outputs_struct
    names = [str(key) for key in struct] if isinstance(struct, Mapping) else output_names(model)
    tensors = [struct[key] for key in struct] if isinstance(struct, Mapping) else list(graph._outputs)
    if not all(hasattr(tensor, "shape") for tensor in tensors):
        return ()
    return tuple(
        InputFacts(name, tuple(tensor.shape), str(tensor.dtype), required=True)
        for name, tensor in zip(names, tensors, strict=False)
    )


def output_names(model: Any) -> list[str]:
    """The names of a functional model's outputs: of the layers that give them."""
    names = getattr(_graph(model), "output_names", None) if is_functional(model) else None
    return [str(name) for name in names or ()]


def role_of_name(name: str) -> Role | None:
    """The role that a name tells without doubt, else None: `token_ids`, `ids_in`, `mask`, `segment_ids` …"""
    low = name.lower()
    if low in _ROLE_OF:
        return _ROLE_OF[low]
    if "mask" in low and "position" in low:
        return None  # KerasHub's `mask_positions`: where the tokens to predict stand
    if "embed" in low:
        return "inputs_embeds"
    if "mask" in low:
        return "attention_mask"
    if "type" in low or "segment" in low:
        return "token_type_ids"
    if "position" in low:
        return "position_ids"
    if "ids" in low or "token" in low:
        return "input_ids"
    return None
