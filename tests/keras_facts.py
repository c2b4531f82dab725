"""Facts that the tables of sentences for Keras 3 and KerasHub share, built with `facts_builder.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from facts_builder import (
    HUB_BERT,
    TOKENIZER,
    batch,
    call,
    computed,
    having,
    hub,
)

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.training import EncoderState, OptimizerFacts, StateFacts

IDS = batch([6, 4, 3])
FULL = batch([6, 6, 6])
MASK = (IDS != 0).astype("int32")
TYPES = np.zeros_like(IDS)
FLOATS = IDS.astype("float32")
INSIDE = dataclasses.replace(HUB_BERT, path="backbone", said="backbone")
OWN = hub("net", INSIDE, type="Functional", library=None)
SUBCLASSED = hub("net", INSIDE, type="Net", library=None, inputs=(), outputs=(), takes=None)
TASK = hub("classifier", INSIDE, type="BertTextClassifier", preprocesses="preprocessor")
ON_JAX = hub(compute="jax")
ON_TORCH = hub(compute="torch")
WRAP = dataclasses.replace(TOKENIZER, type="BertTokenizer")
TEXTS = np.array(["a plain text", "another one"], dtype=object)
STATE = EncoderState("backbone", True, 1000, 1000, 72, (0.41, 0.98), reached=True, pooler_reached=True)
LOADED = dataclasses.replace(INSIDE, pretrained="bert_base_en")
ADAM = OptimizerFacts("Adam", adam=True, rate=1e-3, slots=2)
VERSIONS = {"keras": "3.15.1", "keras_hub": "0.32.0", "transformers": "5.23.0"}


def fed(ids: Any = IDS, mask: Any = MASK, types: Any = TYPES, **more: Any) -> CallFacts:
    """A KerasHub backbone that is given these three."""
    return call(ids, mask, types=types, **{"of": hub(), **more})


def raising(facts: CallFacts, kind: str = "ValueError", layer: str | None = None) -> CallFacts:
    """The same call, not run, that raised."""
    return having(facts, error=ErrorFacts(kind, "", layer, "forward"), outputs=())


def trained(kind: Any = "fit", of: Any = None, **state: Any) -> CallFacts:
    """A call of a model of a pretrained backbone, with this state."""
    of = of or hub("net", LOADED, type="Functional", library=None)
    facts = StateFacts(**{"encoders": (STATE,), "optimizer": ADAM, **state})
    return having(fed(FULL, np.ones_like(FULL), np.zeros_like(FULL), of=of, kind=kind), state=facts)


def lost(labels: Any, outputs: Any, loss: Any = "sparse", of: Any = OWN, **changes: Any) -> CallFacts:
    """A model that is trained on these labels, and that the loss was computed of."""
    facts = fed(FULL, np.ones_like(FULL), np.zeros_like(FULL), of=of, labels=labels, outputs=outputs, loss=loss)
    return computed(facts, **changes)


def softmax(rows: int, classes: int) -> np.ndarray:
    """Probabilities (rows, classes), float32."""
    scores = np.exp(np.random.default_rng(0).normal(size=(rows, classes)).astype("float32"))
    return scores / scores.sum(axis=-1, keepdims=True)
