"""Facts that the tests share of ids, labels and texts of a wrong dtype, of masked labels and of wasted padding."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from facts_builder import CLS, PAD, SEP, TOKENIZER, batch, call, computed, having, model

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.model import ModelFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FLOATS = IDS.astype("float32")
VECTORS = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
EMBEDDED = np.random.default_rng(0).normal(size=(3, 6, 8)).astype("float32")
TEXTS = np.array(["a plain text", "another one", "a third"], dtype=object)
TAKES = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds", "labels"})
OWN: ModelFacts = dataclasses.replace(model(), takes=TAKES)
CLASSIFIER = dataclasses.replace(model(type="TFBertForSequenceClassification", sizes={"labels": 2}), takes=TAKES)
WIDE = (3, 6, 100)
MASKED_LM = dataclasses.replace(model(type="TFBertForMaskedLM"), takes=TAKES)


def raised(facts: CallFacts, layer: str | None = "embeddings", where: str = "forward", text: str = "") -> CallFacts:
    """The facts of a call that raised there."""
    return having(facts, error=ErrorFacts("InvalidArgumentError", text, layer, where))  # type: ignore[arg-type]


def looked_up(ids: Any, **more: Any) -> CallFacts:
    """A transformers model whose embeddings raised for what they were given."""
    return raised(call(ids, error="forward", of=OWN, kind="call", **more))


def cut(ids: Any, **more: Any) -> CallFacts:
    """A model whose `Input` of int32 cuts off what it is given."""
    numbers = np.nan_to_num(np.asarray(ids).astype("float64"))
    of = model(type="Functional", inputs={"input_ids": (None, None)})
    facts = call(np.asarray(ids), received={"input_ids": np.trunc(numbers).astype("int32")}, of=of, **more)
    own = facts.inputs[0]
    same = own.values is not None and np.array_equal(own.values, np.trunc(numbers))
    (encoder_call,) = facts.encoder_calls
    source = {"input_ids": own} if same else {}
    return having(facts, encoder_calls=(dataclasses.replace(encoder_call, source=source),))  # type: ignore[arg-type]


def lost(labels: Any, loss: Any = "sparse", outputs: Any = (3, 2), **more: Any) -> CallFacts:
    """A classifier that is trained on these labels, and that the loss was computed of unless it raised."""
    facts = call(IDS, MASK, labels=labels, loss=loss, outputs=outputs, of=CLASSIFIER, **more)
    return facts if facts.error is not None else computed(facts)


MASK_ID = 4
LONG = np.random.default_rng(1).integers(5, 100, (4, 20)).astype("int32")
LONG[:, 0], LONG[:, -1] = CLS, SEP
LONG[3, 12:], LONG[3, 11] = PAD, SEP
CHOSEN = np.zeros(LONG.shape, bool)
CHOSEN[:, [2, 5, 9]] = True
NOISY = np.where(CHOSEN, MASK_ID, LONG).astype("int32")
RIGHT = np.where(CHOSEN, LONG, -100)
KNOWN = dataclasses.replace(TOKENIZER, mask_id=MASK_ID)


def masked(ids: Any, labels: Any, *, loss: Any = "internal", **more: Any) -> CallFacts:
    """A masked-language model that is trained on these labels."""
    settings: dict[str, Any] = {"of": MASKED_LM, "tokenizer": KNOWN, "outputs": (4, 20, 100), **more}
    mask = (np.asarray(ids) != PAD).astype("int32")
    return computed(call(ids, mask, labels=labels, loss=loss, **settings), 4.0)


UNPADDED = np.where(LONG == PAD, -100, LONG)

SHORT = batch([9, 7, 4], width=64)
SHORT_MASK = (SHORT != PAD).astype("int32")
