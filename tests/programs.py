"""Correct programs of any size and many unusual kinds, as `CallFacts`: none is to be warned of, and faults are put in.

`programs()` draws one; what a mutation needs of it is asked for: `programs(padded=True, head=("classes",))`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from facts_builder import BERT, ROBERTA, TOKENIZER, VOCABULARY, call, computed, having, model, tensor
from hypothesis import strategies as st
from states import right_hardware, right_state

from bertmagic.facts.call import CallFacts, UnpaddedFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.facts.training import HardwareFacts, StateFacts

WIDEST = 16  # what the encoders have positions for


@dataclass(frozen=True)
class Family:
    """An encoder and its tokenizer."""

    encoder: EncoderFacts
    tokenizer: TokenizerFacts

    @property
    def pad(self) -> int:
        assert self.tokenizer.pad_id is not None
        return self.tokenizer.pad_id


_BERT_TOKENIZER = dataclasses.replace(TOKENIZER, frame=(2, 3), made_rows=True)
_NO_TYPES = BERT.takes - {"token_type_ids"}
FAMILIES = {
    "bert": Family(dataclasses.replace(BERT, pretrained="bert-base-uncased"), _BERT_TOKENIZER),
    "roberta": Family(
        ROBERTA, dataclasses.replace(TOKENIZER, pad_id=1, cls_id=0, sep_id=2, eos_id=2, frame=(0, 2), made_rows=True)
    ),
    "distilbert": Family(dataclasses.replace(BERT, family="distilbert", types=None, takes=_NO_TYPES), _BERT_TOKENIZER),
    "relative": Family(dataclasses.replace(BERT, family="deberta", positions=None), _BERT_TOKENIZER),
    "pads with its separator": Family(BERT, dataclasses.replace(_BERT_TOKENIZER, pad_id=3)),
}
WITH_POSITIONS = ("bert", "roberta", "distilbert")

# What stands on the encoder: the loss, whether it takes logits, and the model's type.
HEADS: dict[str, tuple[Any, bool | None, str]] = {
    "classes": ("sparse", True, "TFBertForSequenceClassification"),
    "classes in a column": ("sparse", True, "Functional"),
    "probabilities": ("sparse", False, "Functional"),
    "one-hot": ("categorical", True, "Functional"),
    "yes or no": ("binary", True, "Functional"),
    "several labels": ("binary", True, "Functional"),
    "scores": ("regression", None, "Functional"),
    "ratings": ("regression", None, "Functional"),
    "own loss, classes": ("internal", None, "TFBertForSequenceClassification"),
    "own loss, scores": ("internal", None, "TFBertForSequenceClassification"),
    "tags": ("internal", None, "TFBertForTokenClassification"),
    "own tags": ("sparse", True, "Functional"),
    "masked words": ("internal", None, "TFBertForMaskedLM"),
    "choices": ("internal", None, "TFBertForMultipleChoice"),
    "a loss that is written by hand": ("other", None, "Functional"),
    "none": (None, None, "TFBertModel"),
}
A_TOKEN = ("tags", "own tags", "masked words")


@dataclass(frozen=True)
class Program:
    """A correct program. Arrays are whole batches; `facts` makes of it what an observation would, with what is changed.

    `sees`: how many rows the encoder was run on, None where their facts are those of the whole batch.
    """

    family: Family
    head: str
    ids: np.ndarray
    mask: np.ndarray | None
    types: np.ndarray | None
    positions: np.ndarray | None
    tokenizer: TokenizerFacts | None
    labels: np.ndarray | None
    outputs: np.ndarray
    loss: Any
    from_logits: bool | None
    type: str
    kind: Any
    kinds: str
    container: str
    sees: int | None
    moved: float | None
    others: tuple[TensorFacts, ...] = ()
    weights: tuple[TensorFacts, ...] = ()
    inputs: Any = None
    takes: frozenset[str] | None = None
    error: str | None = None
    seen: bool = True
    state: StateFacts = field(default_factory=StateFacts)
    hardware: HardwareFacts | None = None

    @property
    def padding(self) -> np.ndarray:
        """Where the rows are padding (batch, seq)."""
        facts = self.facts(error=None, moved=None, sees=None)
        found = facts.padding(facts.encoder_calls[0])
        assert found is not None
        return found[1]

    @property
    def texts(self) -> np.ndarray:
        """The indices of the rows that hold text."""
        return np.flatnonzero(~self.padding.all(axis=1))

    def facts(self, **changes: Any) -> CallFacts:
        """The facts of this program, some of its parts changed."""
        program = dataclasses.replace(self, **changes)
        return program._facts()

    def _facts(self) -> CallFacts:
        choices = self.head == "choices"
        of = model(
            self.family.encoder,
            type=self.type,
            inputs=self.inputs if self.inputs is not None or self.type != "Functional" else {},
            choices=choices,
            sizes={"labels": self.outputs.shape[-1]} if self.type.endswith("Classification") else {},
        )
        ran = self.error in (None, "loss")
        facts = call(
            self.ids,
            self.mask,
            types=self.types,
            positions=self.positions,
            others=self.others,
            encoder=self.family.encoder,
            of=dataclasses.replace(of, takes=self.takes),
            labels=self.labels,
            outputs={"logits": self.outputs} if ran else None,
            loss=self.loss,
            error=self.error,
            tokenizer=self.tokenizer,
            kind=self.kind,
            kinds=self.kinds,
            container=self.container,
            seen=self.seen,
        )
        state = dataclasses.replace(self.state, label_span=facts.state.label_span if facts.state is not None else None)
        facts = having(facts, weights=self.weights, state=state, hardware=self.hardware)
        if self.loss is not None:
            facts = computed(facts, 0.7, from_logits=self.from_logits) if self.error is None else facts
        if ran and choices:
            facts = _flattened(facts)
        elif ran and self.sees is not None:
            facts = _seen_on(facts, tuple(range(min(self.sees, len(self.ids)))))
        return _measured(facts, self.moved) if self.moved is not None and ran and not choices else facts


def _seen_on(facts: CallFacts, rows: tuple[int, ...]) -> CallFacts:
    """The encoder's arguments and the outputs' values on those rows alone, as the dry pass has them."""

    def on(each: TensorFacts) -> TensorFacts:
        if each.values is None or each.shape[:1] != (facts.rows_of,):
            return each
        values = each.values[list(rows)]
        return dataclasses.replace(each, shape=values.shape, values=values, rows=rows, said=None)

    (encoder_call,) = facts.encoder_calls
    given = {role: dataclasses.replace(on(each), name=role) for role, each in encoder_call.given.items()}
    outputs = tuple(dataclasses.replace(on(each), shape=each.shape) for each in facts.outputs)
    return having(
        facts, encoder_calls=(dataclasses.replace(encoder_call, given=given),), outputs=outputs, rows_run=rows
    )


def _flattened(facts: CallFacts) -> CallFacts:
    """(batch, choices, seq) as the encoder gets it: (batch * choices, seq), made inside the model."""
    (encoder_call,) = facts.encoder_calls
    given = {
        role: tensor(role, each.values.reshape(-1, each.shape[-1]), role)
        for role, each in encoder_call.given.items()
        if each.values is not None
    }
    return having(facts, encoder_calls=(dataclasses.replace(encoder_call, given=given, source={}),))


def _measured(facts: CallFacts, moved: float) -> CallFacts:
    """The facts with what running padded rows without their padding gave."""
    found = facts.padding(facts.encoder_calls[0])
    if found is None:
        return facts
    padding = found[1]
    rows = [int(row) for row in np.flatnonzero(padding.any(axis=1) & ~padding.all(axis=1))[:2]]
    return having(facts, unpadded=UnpaddedFacts(dict.fromkeys(rows, moved), {}, None)) if rows else facts


@st.composite
def programs(
    draw: st.DrawFn,
    *,
    family: tuple[str, ...] = tuple(FAMILIES),
    head: tuple[str, ...] = tuple(HEADS),
    padded: bool | None = None,
    left: bool | None = None,
    mask: bool | None = None,
    types: bool | None = None,
    tokenizer: bool | None = None,
    filler: bool = True,
    rows: int = 1,
) -> Program:
    """A correct program. `padded`: some row has at least two padding tokens; `filler`: rows of padding only may be.

    None leaves a choice open; `rows`: at least so many rows of text.
    """
    of = FAMILIES[draw(st.sampled_from(family))]
    name = draw(st.sampled_from(head))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def either() -> bool:
        return bool(random.integers(2))

    count = draw(st.integers(rows, 8))
    lengths = random.integers(4, WIDEST - 2, count)
    width = int(lengths.max())
    pads = either() if padded is None else padded
    if pads:
        width = int(random.integers(width + 2, WIDEST + 1)) if width + 2 <= WIDEST else WIDEST
    else:
        lengths[:] = width
    ids = _rows(of, lengths, width, random)
    padding = np.arange(width) >= lengths[:, None]
    has_mask = (pads or either()) if mask is None else mask
    if filler and has_mask and pads and name not in A_TOKEN and random.integers(4) == 0:
        ids = np.concatenate([ids, np.full((1, width), of.pad, ids.dtype)])
        padding = np.concatenate([padding, np.ones((1, width), bool)])
    has_types = of.encoder.types is not None and (either() if types is None else types)
    segments = _segments(padding, of, random) if has_types else None
    # Without the tokenizer nothing tells a separator that pads from one that closes a text.
    has_tokenizer = (either() or of is FAMILIES["pads with its separator"]) if tokenizer is None else tokenizer
    from_left = pads and (random.integers(4) == 0 if left is None else left)
    position_ids = None
    if from_left:
        ids, padding = ids[:, ::-1], padding[:, ::-1]
        ids = _turned(ids, padding)
        segments = _turned(segments[:, ::-1], padding) if segments is not None else None
        if of.encoder.positions is not None and not of.encoder.position_offset:
            position_ids = np.maximum(np.cumsum(~padding, axis=1) - 1, 0).astype("int32")
    given = _mask(padding, random) if has_mask else None
    ids = ids.astype(random.choice(["int32", "int64", "uint16"]))
    program = Program(
        family=of,
        head=name,
        ids=ids,
        mask=given,
        types=segments,
        positions=position_ids,
        tokenizer=of.tokenizer if has_tokenizer else None,
        labels=None,
        outputs=np.zeros((len(ids), 2), "float32"),
        loss=HEADS[name][0],
        from_logits=HEADS[name][1],
        type=HEADS[name][2],
        kind="fit",
        kinds=str(random.choice(["numpy.ndarray", "tf.Tensor"])),
        container=str(random.choice(["arrays", "Dataset"])),
        sees=int(random.integers(1, len(ids) + 1)) if either() else None,
        moved=3e-7 if given is not None and either() else None,
        others=(tensor("stars", random.normal(size=len(ids)).astype("float32")),) if either() else (),
        weights=(tensor("sample_weight", random.random(len(ids)).astype("float32")),) if either() else (),
        state=right_state(random),
        hardware=right_hardware(random),
    )
    return _with_labels(program, padding, random)


def _rows(of: Family, lengths: np.ndarray, width: int, random: np.random.Generator) -> np.ndarray:
    """Token ids (batch, width): start token, words, end token, padding."""
    ids = random.integers(5, VOCABULARY, (len(lengths), width)).astype("int32")
    ids[np.arange(width) >= lengths[:, None]] = of.pad
    ids[:, 0] = of.tokenizer.cls_id
    ids[np.arange(len(lengths)), lengths - 1] = of.tokenizer.sep_id
    return ids


def _segments(padding: np.ndarray, of: Family, random: np.random.Generator) -> np.ndarray:
    """Token types (batch, seq): 0, and 1 in a second text; 0 on padding."""
    cut = random.integers(1, padding.shape[1] + 1, len(padding))
    second = (np.arange(padding.shape[1]) >= cut[:, None]) & ~padding
    return (second & (of.encoder.types != 1)).astype("int32")


def _turned(values: np.ndarray, padding: np.ndarray) -> np.ndarray:
    """Rows that were mirrored with their padding, in reading order behind it."""
    turned = values.copy()
    for row, held in enumerate(~padding):
        turned[row, held] = values[row, held][::-1]
    return turned


def _mask(padding: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """1 on tokens, 0 on padding, of any dtype; at times 0 on a word too, as where words are left out on purpose."""
    mask = ~padding
    if random.integers(4) == 0:
        row = int(random.integers(len(mask)))
        held = np.flatnonzero(mask[row])
        if held.size > 3:
            mask[row, held[1]] = False
    return mask.astype(random.choice(["int32", "int64", "bool", "float32"]))


def _with_labels(program: Program, padding: np.ndarray, random: np.random.Generator) -> Program:
    """The program with the labels and outputs of its head."""
    rows, width = program.ids.shape
    name, classes = program.head, int(random.integers(2, 7))
    labels: np.ndarray | None = random.integers(0, classes, rows)
    shape: tuple[int, ...] = (rows, classes)
    changes: dict[str, Any] = {}
    if name == "classes in a column":
        labels = random.integers(0, classes, (rows, 1))
    elif name == "one-hot":
        labels = np.eye(classes, dtype="float32")[random.integers(0, classes, rows)]
    elif name == "yes or no":
        shape = (rows, 1)
        labels = random.integers(0, 2, (rows, 1) if random.integers(2) else (rows,))
    elif name == "several labels":
        labels = random.integers(0, 2, shape).astype("float32")
    elif name in ("scores", "own loss, scores"):
        shape, labels = (rows, 1), random.normal(size=rows).astype("float32")
    elif name == "ratings":
        shape, labels = (rows, 1), random.integers(1, 6, rows)
    elif name in A_TOKEN:
        classes = VOCABULARY if name == "masked words" else classes
        shape = (rows, width, classes)
        labels = random.integers(0, classes, (rows, width))
        if name != "own tags":
            labels[padding | (random.random(padding.shape) < 0.3)] = -100
    elif name == "choices":
        every = {each: getattr(program, each) for each in ("ids", "mask", "types", "positions")}
        changes = {key: np.repeat(each[:, None], classes, axis=1) for key, each in every.items() if each is not None}
    elif name == "a loss that is written by hand":
        shape, labels = (rows, 3), random.normal(size=(rows, 5))
    elif name == "none":
        labels, changes = None, {"kind": str(random.choice(["predict", "call"])), "weights": (), "container": "arrays"}
    outputs = random.normal(size=shape).astype("float32") * 3
    if name == "probabilities":
        outputs = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
    return dataclasses.replace(program, labels=labels, outputs=outputs, **changes)
