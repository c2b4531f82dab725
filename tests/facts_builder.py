"""Builds `CallFacts` briefly, as the observation of a real call would: `call(ids=[[2, 5, 3, 0]], mask=None)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from bertmagic.facts.call import CallFacts, CallKind, EncoderCallFacts, ErrorFacts, ProbeFacts, UnpaddedFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.facts.loss import LossFacts, LossKind
from bertmagic.facts.model import Compute, EncoderFacts, InputFacts, ModelFacts
from bertmagic.facts.tensors import Role, TensorFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.facts.training import StateFacts
from bertmagic.finding import Finding
from bertmagic.rules import RULES
from bertmagic.rules.order import of_calls

# A table of sentences, by name: slug, facts, and what is said: title, detail, the fix's title and its code (None where
# there is no fix).
Messages = Mapping[str, tuple[str, CallFacts | CellFacts, tuple[str, str, str | None, str | None]]]

Facts = TypeVar("Facts", bound=Any)

CLS, SEP, PAD = 2, 3, 0
VOCABULARY = 100

TAKES = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds"})
BERT = EncoderFacts("", "bert", "TFBertMainLayer", VOCABULARY, 16, 0, 2, PAD, 8, TAKES, "bert.embeddings.weight")
# 18 rows of positions counted from the padding id + 1: 16 tokens.
ROBERTA = EncoderFacts(
    "", "roberta", "TFRobertaMainLayer", VOCABULARY, 18, 2, 1, 1, 8, TAKES, "roberta.embeddings.weight"
)
# KerasHub's: its own names, and no padding token.
HUB_BERT = dataclasses.replace(
    BERT,
    type="BertBackbone",
    pad_id=None,
    takes=frozenset({"input_ids", "attention_mask", "token_type_ids"}),
    names={"input_ids": "token_ids", "attention_mask": "padding_mask", "token_type_ids": "segment_ids"},
    source="token_embedding.embeddings",
)
TORCH_BERT = dataclasses.replace(BERT, type="BertModel", source="embeddings.word_embeddings.weight")
TOKENIZER = TokenizerFacts("tokenizer", "BertTokenizerFast", VOCABULARY, PAD, CLS, SEP, "right", "the only one")

LOSSES: dict[str, LossFacts] = {
    kind: LossFacts(name, kind)  # type: ignore[arg-type]
    for kind, name in {
        "sparse": "SparseCategoricalCrossentropy",
        "categorical": "CategoricalCrossentropy",
        "binary": "binary_crossentropy",
        "regression": "mse",
        "internal": "the model's own loss",
        "other": "my_loss",
    }.items()
}


def tensor(
    name: str,
    values: Any,
    role: Role | None = None,
    *,
    said: str | None = None,
    kind: str = "numpy.ndarray",
    rows: tuple[int, ...] | None = None,
) -> TensorFacts:
    """Facts of an array; lists of integers become int32."""
    array = np.asarray(values)
    if not isinstance(values, np.ndarray) and array.dtype.kind == "i":
        array = array.astype("int32")
    return TensorFacts(name, array.shape, str(array.dtype), array, role, said, kind, rows)


def batch(lengths: Sequence[int], width: int | None = None, pad: int = PAD, seed: int = 0) -> np.ndarray:
    """Token ids (batch, seq): [CLS] … [SEP] of each length, padded on the right; int32."""
    random = np.random.default_rng(seed)
    ids = np.full((len(lengths), width or max(lengths, default=1)), pad, "int32")
    for row, length in enumerate(lengths):
        ids[row, :length] = random.integers(5, VOCABULARY, length)
        ids[row, 0] = CLS
        ids[row, max(length - 1, 0)] = SEP
    return ids


def at(ids: np.ndarray, row: int, place: int, value: int) -> np.ndarray:
    changed = ids.copy()
    changed[row, place] = value
    return changed


def model(
    encoder: EncoderFacts | Sequence[EncoderFacts] = BERT,
    *,
    said: str = "model",
    type: str = "TFBertModel",  # noqa: A002  # the field's own name
    inputs: Mapping[str, tuple[int | None, ...]] | None = None,
    choices: bool = False,
    sizes: dict[str, int] | None = None,
) -> ModelFacts:
    """A transformers model, or one made from `inputs`, all required; `{}`: a model of one's own, which tells none."""
    encoders = (encoder,) if isinstance(encoder, EncoderFacts) else tuple(encoder)
    if inputs is None:
        rank = (None, None, None) if choices else (None, None)
        names: tuple[Role, ...] = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
        taken = tuple(InputFacts(name, rank, "int32", name == "input_ids", name) for name in names)
    else:
        taken = tuple(InputFacts(name, shape, "int32", True, _role(name)) for name, shape in inputs.items())
    known = {"hidden": encoders[0].hidden or 0} if encoders else {}
    return ModelFacts(said, type, "tf-keras", taken, encoders, choices=choices, sizes={**known, **(sizes or {})})


def hub(
    said: str = "backbone", encoder: EncoderFacts = HUB_BERT, compute: Compute = "tensorflow", **changes: Any
) -> ModelFacts:
    """A KerasHub backbone, a model made of one, or with `preprocesses` a task."""
    inputs = tuple(InputFacts(name, (None, None), "int32", True, role) for role, name in HUB_BERT.names.items())
    outputs = (InputFacts("sequence_output", (None, None, encoder.hidden), "float32", required=True),)
    facts = ModelFacts(said, encoder.type, "keras", inputs, (encoder,), outputs, sizes={"hidden": encoder.hidden or 0})
    taken = frozenset(HUB_BERT.names.values())
    return dataclasses.replace(facts, **{"compute": compute, "takes": taken, "library": "keras-hub", **changes})


def torch_model(type: str = "BertModel", encoder: EncoderFacts = TORCH_BERT, **changes: Any) -> ModelFacts:  # noqa: A002
    """A PyTorch model of transformers, unless `library` says otherwise."""
    facts = dataclasses.replace(model(encoder, type=type), framework="torch", compute="torch", library="transformers")
    return dataclasses.replace(facts, **changes)


def call(
    ids: Any = None,
    mask: Any = None,
    *,
    types: Any = None,
    positions: Any = None,
    embeds: Any = None,
    others: Sequence[TensorFacts] = (),
    encoder: EncoderFacts = BERT,
    of: ModelFacts | None = None,
    received: Mapping[Role, Any] | None = None,
    seen: bool = True,
    labels: Any = None,
    outputs: Any = None,
    loss: LossKind | None = None,
    error: str | None = None,
    tokenizer: TokenizerFacts | None = None,
    probe: float | None = None,
    unpadded: UnpaddedFacts | None = None,
    kind: CallKind = "fit",
    said: Mapping[str, str] | None = None,
    kinds: str = "numpy.ndarray",
    container: str = "arrays",
) -> CallFacts:
    """One call that went through, unless `error` ("forward", "loss") says where it raised.

    The encoder receives what the call was given, or `received` by role (whole arrays). `outputs`, `labels`: an array or
    a shape, or a dict of them by name. `probe`: how far the output moves by other tokens at padding. `said`: the user's
    names by the model's.
    """
    of = of or model(encoder)
    encoder = of.encoders[0] if of.framework != "tf-keras" and of.encoders else encoder
    names = said or {}
    every: dict[Role, Any] = {
        "input_ids": ids,
        "attention_mask": mask,
        "token_type_ids": types,
        "position_ids": positions,
        "inputs_embeds": embeds,
    }
    given = {role: values for role, values in every.items() if values is not None}
    called = {role: role if of.framework == "tf-keras" else of.name(role) for role in given}
    facts = {role: tensor(called[role], each, role, said=names.get(role), kind=kinds) for role, each in given.items()}
    inputs = (*facts.values(), *others)
    if received is None:
        encoder_call = EncoderCallFacts(encoder, facts, dict(facts), seen)
    else:
        encoder_call = EncoderCallFacts(
            encoder, {role: tensor(encoder.name(role), value, role) for role, value in received.items()}
        )
    rows = next((each.shape[0] for each in inputs if each.shape), 0)
    if outputs is None and error in (None, "loss"):
        outputs = {"logits": (rows, 2)}
    probes = {} if probe is None else {"padding content": ProbeFacts("padding content", (0,), probe, 1.0, 1e-4)}
    return CallFacts(
        kind=kind,
        model=of,
        inputs=inputs,
        labels=_tensors("labels", labels, names, kinds if of.framework != "tf-keras" else "numpy.ndarray"),
        outputs=_tensors("logits", outputs, names),
        encoder_calls=(encoder_call,),
        loss=LOSSES[loss] if loss is not None else None,
        error=ErrorFacts("ValueError", "shapes", None, error) if error is not None else None,  # type: ignore[arg-type]
        tokenizer=tokenizer,
        probes=probes,
        unpadded=unpadded,
        state=StateFacts(label_span=_span(_tensors("labels", labels, names))),
        container=container,
        rows_of=rows,
        rows_run=tuple(range(min(rows, 2))),
    )


def having(facts: Facts, **changes: Any) -> Facts:
    """The facts with some of them changed."""
    return dataclasses.replace(facts, **changes)


def computed(facts: CallFacts, value: float = 0.7, **changes: Any) -> CallFacts:
    """The facts where the loss was computed and gave `value`, with some facts of the loss changed."""
    assert facts.loss is not None
    return having(facts, loss=dataclasses.replace(facts.loss, value=value, **changes))


def check(slug: str, facts: CallFacts | CellFacts) -> Finding | None:
    """What the rule of that slug says of `facts`: of a call, or of a cell."""
    return RULES[slug].check(facts)


def slugs(facts: CallFacts) -> list[str]:
    """The slugs that all rules together report, cause first."""
    found = (rule.check(facts) for rule in RULES.values() if rule.about == "call")
    return [finding.rule for finding in of_calls([[each for each in found if each is not None]])]


def _role(name: str) -> Role | None:
    return name if name in TAKES else None  # type: ignore[return-value]


def _span(labels: tuple[TensorFacts, ...]) -> tuple[float, float] | None:
    """The lowest and highest label where the batch is all of the data."""
    values = labels[0].values if len(labels) == 1 else None
    if values is None or not values.size or values.dtype.kind not in "biuf":
        return None
    return float(values.min()), float(values.max())


def _tensors(name: str, values: Any, names: Mapping[str, str], kinds: str = "numpy.ndarray") -> tuple[TensorFacts, ...]:
    if values is None:
        return ()
    by_name = values if isinstance(values, dict) else {name: values}
    return tuple(
        tensor(key, np.zeros(each, "float32") if isinstance(each, tuple) else each, said=names.get(key), kind=kinds)
        for key, each in by_name.items()
    )
