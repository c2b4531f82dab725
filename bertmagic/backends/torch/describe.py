"""What a PyTorch module is: its inputs, and transformers' encoders inside it, read from weights and configs."""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bertmagic.facts.model import EncoderFacts, InputFacts, ModelFacts
from bertmagic.facts.tensors import Role

ROLES: tuple[Role, ...] = ("input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds")
# Arguments of a module that are labels; those of transformers' own heads are called so too (5.23, `find_labels`).
_LABELS = frozenset({"label", "labels", "target", "targets", "y", "start_positions", "end_positions"})
# Names by which modules of one's own take masks and token types.
_MASKS = frozenset({"mask", "masks", "attn_mask", "att_mask", "attn_masks", "attention_masks", "input_mask"})
_SWITCHES = frozenset({"return_dict", "output_attentions", "output_hidden_states", "use_cache", "args", "kwargs"})
# Modules that stand around another and hand its call on: `torch.compile`, data parallel ones, adapters of peft.
_WRAPS = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
}


def module_class() -> Any:
    """torch.nn.Module; PyTorch is imported where this is asked."""
    return sys.modules["torch.nn.modules.module"].Module


def is_keras(value: Any) -> bool:
    """Whether a module is Keras 3's own: on its PyTorch backend each layer is a module too."""
    return any(kind.__module__.partition(".")[0] == "keras" for kind in type(value).__mro__)


def pretrained_class() -> type | None:
    """transformers' PreTrainedModel where its code for PyTorch is loaded, else None."""
    return getattr(sys.modules.get("transformers.modeling_utils"), "PreTrainedModel", None)


def is_pretrained(module: Any) -> bool:
    """Whether `module` is one of transformers' models."""
    whole = pretrained_class()
    return whole is not None and isinstance(module, whole)


def inner(module: Any) -> Any:
    """The module itself, without what only hands its call on."""
    for _ in range(8):
        attribute = _WRAPS.get(type(module).__name__)
        if attribute is None or not type(module).__module__.startswith("torch.") or not hasattr(module, attribute):
            return module
        module = getattr(module, attribute)
    return module


def is_compiled(module: Any) -> bool:
    """Whether a module or one inside it is compiled: then it runs code that was made of it (torch 2.13, `_dynamo`)."""
    return any(
        type(each).__name__ == "OptimizedModule" or vars(each).get("_compiled_call_impl") is not None
        for each in module.modules()
    )


_known: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()


def is_encoder(module: Any) -> bool:
    """Whether `module` is an encoder of BERT's kind: a base model of transformers over tokens, and no decoder.

    A base model is one that holds no other under its `base_model_prefix` (transformers 5.23, `modeling_utils.py`,
    `PreTrainedModel.base_model`). What attends to the tokens before alone, and what has a decoder of its own, is none.
    """
    if not is_pretrained(module):
        return False
    found = _known.get(module)
    if found is None:
        found = _known[module] = _encodes(module)
    return found


def _encodes(module: Any) -> bool:
    config = getattr(module, "config", None)
    if config is None or module.base_model is not module or getattr(config, "is_encoder_decoder", False):
        return False
    if getattr(config, "is_decoder", False) or not {"input_ids", "attention_mask"} <= set(call_names(module)):
        return False
    if embeddings_of(module) is None:
        return False
    # A decoder's attention says so itself (5.23, `GPT2Attention.is_causal`); an older one keeps a triangle to mask by.
    return not any(getattr(each, "is_causal", False) is True or _has_triangle(each) for each in module.modules())


def _has_triangle(module: Any) -> bool:
    bias = vars(module).get("_buffers", {}).get("bias")
    return bias is not None and getattr(bias, "ndim", 0) == 4 and bias.shape[-1] == bias.shape[-2]


def embeddings_of(module: Any) -> Any:
    """The table of word embeddings of a transformers model, or None."""
    try:
        found = module.get_input_embeddings()
    except Exception:  # noqa: BLE001  # models without tokens raise NotImplementedError, or ask what they do not have
        return None
    weight = getattr(found, "weight", None)
    return found if getattr(weight, "ndim", 0) == 2 else None


def encoders_in(module: Any) -> list[tuple[str, Any]]:
    """The encoders inside `module` with their dotted paths ("" for itself); none of those within another one."""
    found: list[tuple[str, Any]] = []
    for path, each in module.named_modules():
        within = any(not other or path.startswith(f"{other}.") for other, _ in found)
        if not within and is_encoder(each):
            found.append((path, each))
    return found


def holds_encoder(module: Any) -> bool:
    """Whether a call of `module` is of interest: an encoder is inside it. Keras' own are another backend's."""
    if not is_pretrained(module) and is_keras(module):
        return False
    return any(is_encoder(each) for each in module.modules())


def forward_of(module: Any) -> Any:
    """What a call of `module` runs; that of the class where a library put its own function in the instance's place."""
    forward = vars(module).get("forward")
    own = type(module).forward
    if forward is None or not callable(own):
        return own
    return own


def parameters_of(module: Any) -> dict[str, inspect.Parameter]:
    """The parameters of the module's forward, `self` left out."""
    found = dict(inspect.signature(forward_of(module)).parameters)
    found.pop(next(iter(found), ""), None)
    return found


def call_names(module: Any) -> tuple[str, ...]:
    """The names of what a call of `module` takes by position, in order, without switches."""
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(name for name, each in parameters_of(module).items() if each.kind in named and name not in _SWITCHES)


def label_names(module: Any) -> frozenset[str]:
    """The arguments of a call of `module` that are labels."""
    names = parameters_of(module)
    any_name = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in names.values())
    own = frozenset(name for name in names if name in _LABELS or name.endswith(("_labels", "_label")))
    return own | ({"labels"} if any_name and not is_encoder(module) else frozenset())


def describe_encoder(path: str, module: Any) -> EncoderFacts:
    """The facts of one encoder: from its embedding tables."""
    config, table = module.config, embeddings_of(module)
    positions, offset, types = None, 0, None
    for name, each in module.named_modules():
        last = name.rpartition(".")[2]
        weight: Any = getattr(each, "weight", None)
        if getattr(weight, "ndim", 0) != 2 or not hasattr(each, "num_embeddings"):
            continue
        if last == "position_embeddings" and positions is None and _learnt(config):
            positions = int(weight.shape[0])
            # RoBERTa and its kin count positions from the padding's id + 1, which their table is made with
            # (transformers 5.23, `RobertaEmbeddings`).
            offset = int(each.padding_idx) + 1 if each.padding_idx is not None else 0
        elif last == "token_type_embeddings" and types is None:
            types = int(weight.shape[0])
    return EncoderFacts(
        path=path,
        family=str(getattr(config, "model_type", "") or type(config).__name__),
        type=type(module).__name__,
        vocab_rows=int(table.weight.shape[0]),
        positions=positions,
        position_offset=offset,
        types=types,
        pad_id=getattr(config, "pad_token_id", None),
        hidden=getattr(config, "hidden_size", None) or getattr(config, "dim", None),
        takes=frozenset(parameters_of(module)),
        source="the weights of its embeddings",
        pretrained=getattr(config, "_name_or_path", None) or None,
        dropout=_dropout(config),
    )


def _learnt(config: Any) -> bool:
    """Whether positions are learnt absolute ones, which run out."""
    return getattr(config, "position_embedding_type", "absolute") in ("absolute", None) and bool(
        getattr(config, "position_biased_input", True)
    )


def _dropout(config: Any) -> float | None:
    """The largest dropout rate of the config's own names for one, None where it has none of them."""
    names = ("hidden_dropout_prob", "attention_probs_dropout_prob", "hidden_dropout", "attention_dropout", "dropout")
    rates = [rate for name in names if isinstance(rate := getattr(config, name, None), (int, float))]
    return float(max(rates)) if rates else None


def describe(module: Any, said: str, named: Callable[[Any], str | None]) -> ModelFacts:
    """The facts of `module`, called `said` in the cell; `named` tells what the cell calls the modules inside it."""
    module = inner(module)
    paths = dict(module.named_modules())
    encoders = []
    for path, each in encoders_in(module):
        facts = describe_encoder(path, each)
        around = [other for name, other in paths.items() if name in ("", path) or path.startswith(f"{name}.")]
        name = next((found for other in reversed(around) if (found := named(other)) is not None), None)
        encoders.append(EncoderFacts(**{**vars(facts), "said": name}))
    core = core_of(module)
    parameters = parameters_of(module)
    swallows = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
    own = is_pretrained(module) and type(module).__module__.startswith("transformers.")
    return ModelFacts(
        said=said,
        type=type(core).__name__,
        framework="torch",
        inputs=_inputs(module),
        encoders=tuple(encoders),
        choices="MultipleChoice" in type(core).__name__,
        sizes=_sizes(core, module),
        takes=_takes(parameters, swallows, own),
        problem=getattr(core.config, "problem_type", None) if is_pretrained(core) else None,
        compute="torch",
        library="transformers" if is_pretrained(core) and type(core).__module__.startswith("transformers.") else None,
    )


def _takes(parameters: Mapping[str, Any], swallows: bool, own: bool) -> frozenset[str] | None:
    """All names that a call takes; None for a module of the user's that takes any."""
    names = frozenset(parameters) - {"args", "kwargs"}
    if not swallows:
        return names
    return names | _more_keywords() if own else None


def core_of(module: Any) -> Any:
    """The transformers model that an adapter's model (peft) stands around, else the module itself."""
    module = inner(module)
    if type(module).__module__.startswith("peft."):
        try:
            return module.get_base_model()
        except Exception:  # noqa: BLE001  # of another kind than is known
            return module
    return module


def _more_keywords() -> frozenset[str]:
    """What transformers' forwards take beside their parameters (5.23, `utils/generic.py`, `TransformersKwargs`)."""
    kinds = getattr(sys.modules.get("transformers.utils.generic"), "TransformersKwargs", None)
    return frozenset(getattr(kinds, "__annotations__", ())) | {"num_items_in_batch", "return_dict"}


def unknown_names(encoder: Any, kwargs: Mapping[str, Any]) -> tuple[tuple[str, Role | None], ...]:
    """The tensors that an encoder is given by names that are none of its own, and their roles as the names tell."""
    takes = {*parameters_of(encoder), *_more_keywords()}
    odd = [name for name, value in kwargs.items() if name not in takes and hasattr(value, "shape")]
    return tuple((name, role_of_name(name)) for name in odd)


def _sizes(core: Any, module: Any) -> dict[str, int]:
    sizes: dict[str, int] = {}
    configs = [core.config] if is_pretrained(core) else []
    configs += [each.config for _, each in encoders_in(module)[:1]]
    for config in configs[:1]:
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
    return sizes


def _inputs(module: Any) -> tuple[InputFacts, ...]:
    if not is_pretrained(module):
        return ()
    choices = "MultipleChoice" in type(module).__name__
    rank: tuple[None, ...] = (None, None, None) if choices else (None, None)
    return tuple(
        InputFacts(name, rank, "int64", required=name == "input_ids", role=name)
        for name in ROLES[:4]
        if name in call_names(module)
    )


def role_of_name(name: str) -> Role | None:
    """The role that a name tells without doubt, else None: `input_ids`, `ids`, `mask`, `segment_ids` …"""
    low = name.lower()
    if low in ROLES:
        return low
    if low.startswith(("decoder_", "encoder_", "label", "head_", "cross_", "global_")) or "label" in low:
        return None
    if low.endswith(("_embeds", "_embeddings", "_embedding")):
        return "inputs_embeds"
    if low in _MASKS or low.endswith("attention_mask") or low == "padding_mask":
        return "attention_mask"
    if "token_type" in low or "segment" in low:
        return "token_type_ids"
    if low.startswith("position"):
        return "position_ids"
    if low in ("ids", "tokens", "token_ids", "x_ids") or low.endswith(("input_ids", "token_ids")) or low == "input_id":
        return "input_ids"
    return None


def modules_with_paths(module: Any) -> Iterator[tuple[str, Any]]:
    """Each module inside, itself first, with its dotted path."""
    yield from module.named_modules()
