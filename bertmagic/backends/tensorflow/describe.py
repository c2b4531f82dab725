"""What a tf-keras model is: its inputs, and transformers' encoders inside it, read from weights and configs."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

from bertmagic.facts.model import EncoderFacts, InputFacts, ModelFacts
from bertmagic.facts.tensors import Role

ROLES: tuple[Role, ...] = ("input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds")


def pretrained_class() -> type | None:
    """transformers' TFPreTrainedModel where transformers' TF code is loaded, else None."""
    module = sys.modules.get("transformers.modeling_tf_utils")
    return getattr(module, "TFPreTrainedModel", None)


def is_pretrained(model: Any) -> bool:
    """Whether `model` is one of transformers' TF models."""
    whole = pretrained_class()
    return whole is not None and isinstance(model, whole)


def is_encoder(layer: Any) -> bool:
    """Whether `layer` is the main layer of a transformers TF model (`TFBertMainLayer` and its kin).

    Those are the layers that carry a `config_class` and the word embeddings without being a whole model
    (transformers 4.53.3, `modeling_tf_utils.keras_serializable`).
    """
    if is_pretrained(layer) or not hasattr(layer, "config"):
        return False
    return getattr(type(layer), "config_class", None) is not None and hasattr(layer, "get_input_embeddings")


def layers_with_paths(model: Any) -> Iterator[tuple[str, Any]]:
    """Each layer inside `model`, itself first, with its path of names below the model ("" for itself)."""
    seen: set[int] = set()

    def walk(layer: Any, path: str) -> Iterator[tuple[str, Any]]:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        yield path, layer
        # `_flatten_layers(recursive=False)` lists direct sub-layers without touching variables (tf_keras 2.21).
        for inner in layer._flatten_layers(recursive=False, include_self=False):
            yield from walk(inner, f"{path}/{inner.name}" if path else inner.name)

    yield from walk(model, "")


def encoders_in(model: Any) -> list[tuple[str, Any]]:
    """The encoders inside `model`, with their paths."""
    return [(path, layer) for path, layer in layers_with_paths(model) if is_encoder(layer)]


def describe_encoder(path: str, layer: Any) -> EncoderFacts:
    """The facts of one encoder: from its embedding weights where they are built, else from its config."""
    config = layer.config
    embeddings = layer.get_input_embeddings()
    family = str(getattr(config, "model_type", "") or type(config).__name__)

    def rows(attribute: str, setting: str) -> tuple[int | None, str]:
        weight = getattr(embeddings, attribute, None)
        if weight is not None and hasattr(weight, "shape"):
            return int(weight.shape[0]), f"{layer.name}.embeddings.{attribute}"
        size = getattr(config, setting, None)
        return (size if isinstance(size, int) and size > 0 else None), f"config.{setting}"

    vocab_rows, source = rows("weight", "vocab_size")
    positions: int | None = None
    # Only learnt absolute positions run out. XLNet, T5 and DeBERTa without them have no such table.
    if getattr(config, "position_embedding_type", "absolute") == "absolute" and getattr(
        config, "position_biased_input", True
    ):
        has_table = getattr(embeddings, "position_embeddings", None) is not None
        if has_table or not getattr(embeddings, "built", False):
            positions, _ = rows("position_embeddings", "max_position_embeddings")
    types: int | None = None
    # Funnel compares token types and has no such table, whatever its config says.
    if getattr(embeddings, "token_type_embeddings", None) is not None or not getattr(embeddings, "built", False):
        types, _ = rows("token_type_embeddings", "type_vocab_size")
    # RoBERTa and its kin count positions from padding_idx + 1 (transformers 4.53.3, TFRobertaEmbeddings).
    counts_from_padding = hasattr(embeddings, "create_position_ids_from_input_ids")
    offset = int(embeddings.padding_idx) + 1 if counts_from_padding else 0
    return EncoderFacts(
        path=path,
        family=family,
        type=type(layer).__name__,
        vocab_rows=vocab_rows,
        positions=positions,
        position_offset=offset,
        types=types,
        pad_id=getattr(config, "pad_token_id", None),
        hidden=getattr(config, "hidden_size", None) or getattr(config, "dim", None),
        takes=frozenset(inspect.signature(layer.call).parameters),
        source=source,
        pretrained=getattr(config, "_name_or_path", None) or None,
        dropout=_dropout(config),
    )


def _dropout(config: Any) -> float | None:
    """The largest dropout rate of the config's own names for one, None where it has none of them."""
    names = ("hidden_dropout_prob", "attention_probs_dropout_prob", "hidden_dropout", "attention_dropout", "dropout")
    rates = [rate for name in names if isinstance(rate := getattr(config, name, None), (int, float))]
    return float(max(rates)) if rates else None


def describe(model: Any, said: str, named: Callable[[Any], str | None]) -> ModelFacts:
    """The facts of `model`, called `said` in the cell; `named` tells what the cell calls the models inside it."""
    layers = list(layers_with_paths(model))
    encoders = tuple(
        dataclasses.replace(describe_encoder(path, layer), said=_said_around(path, layers, named))
        for path, layer in layers
        if is_encoder(layer)
    )
    sizes: dict[str, int] = {}
    for _, layer in encoders_in(model)[:1]:
        config = layer.config
        for name, attribute in (
            ("hidden", "hidden_size"),
            ("heads", "num_attention_heads"),
            ("intermediate", "intermediate_size"),
            ("vocab", "vocab_size"),
            ("labels", "num_labels"),
        ):
            size = getattr(config, attribute, None)
            if isinstance(size, int) and size > 1:
                sizes[name] = size
    return ModelFacts(
        said=said,
        type=type(model).__name__,
        framework="tf-keras",
        inputs=_inputs(model),
        encoders=encoders,
        outputs=_outputs(model),
        choices="MultipleChoice" in type(model).__name__,
        sizes=sizes,
        takes=_takes(model),
        problem=getattr(getattr(model, "config", None), "problem_type", None) if is_pretrained(model) else None,
    )


def _said_around(path: str, layers: list[tuple[str, Any]], named: Callable[[Any], str | None]) -> str | None:
    """The cell's name for the innermost layer at or around `path`."""
    around = [layer for other, layer in layers if other in ("", path) or path.startswith(f"{other}/")]
    return next((name for layer in reversed(around) if (name := named(layer)) is not None), None)


def call_names(model: Any) -> tuple[str, ...]:
    """The parameter names of the model's `call`, in order, without switches such as `training`."""
    switches = {"training", "return_dict", "output_attentions", "output_hidden_states", "args", "kwargs"}
    return tuple(name for name in inspect.signature(model.call).parameters if name not in switches)


def _takes(model: Any) -> frozenset[str] | None:
    """The names that a model of Keras' or transformers' own takes; None for others, and where it takes any."""
    if is_functional(model):
        return frozenset(model.input_names)
    if not is_pretrained(model) or not type(model).__module__.startswith("transformers."):
        return None
    parameters = inspect.signature(model.call).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return None
    return frozenset(parameters)


def is_functional(model: Any) -> bool:
    """Whether the model was made from `Input`s (functional, or Sequential once built)."""
    return bool(getattr(model, "_is_graph_network", False)) and bool(model.inputs)


def _inputs(model: Any) -> tuple[InputFacts, ...]:
    if is_functional(model):
        return tuple(
            InputFacts(name, tuple(tensor.shape), tensor.dtype.name, required=True, role=role_of_name(name))
            for name, tensor in zip(model.input_names, model.inputs, strict=True)
        )
    if not is_pretrained(model) and not is_encoder(model):
        return ()
    rank: tuple[None, ...] = (None, None, None) if "MultipleChoice" in type(model).__name__ else (None, None)
    return tuple(
        InputFacts(name, rank, "int32", required=name == "input_ids", role=name)
        for name in ROLES[:4]
        if name in call_names(model)
    )


def _outputs(model: Any) -> tuple[InputFacts, ...]:
    if not is_functional(model):
        return ()
    return tuple(
        InputFacts(name, tuple(tensor.shape), tensor.dtype.name, required=True)
        for name, tensor in zip(model.output_names, model.outputs, strict=True)
    )


def role_of_name(name: str) -> Role | None:
    """The role that a name tells without doubt, else None: `input_ids`, `ids_in`, `mask`, `segment_ids` …"""
    low = name.lower()
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
