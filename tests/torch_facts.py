"""Facts that the tables of sentences for PyTorch share, built with `facts_builder.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from facts_builder import (
    TORCH_BERT,
    batch,
    call,
    computed,
    having,
    torch_model,
)

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.training import EncoderState, OptimizerFacts, StateFacts

IDS = batch([6, 4, 3]).astype("int64")
FULL = batch([6, 6, 6]).astype("int64")
MASK = (IDS != 0).astype("int64")
FLOATS = IDS.astype("float32")
TAKES = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds", "labels"})
BERT = torch_model(said="bert", takes=TAKES)
INSIDE = dataclasses.replace(TORCH_BERT, path="bert", pretrained="bert-base-uncased")
HEAD = torch_model("BertForSequenceClassification", INSIDE, takes=TAKES)
TAGGER = torch_model("BertForTokenClassification", INSIDE, takes=TAKES)
MASKED_LM = torch_model("BertForMaskedLM", INSIDE, takes=TAKES)
OWN = torch_model("Net", INSIDE, said="net", library=None, inputs=(), takes=None)
STATE = EncoderState("bert", True, 1000, 1000, 72, (0.41, 0.98), reached=True, pooler_reached=True)
ADAM = OptimizerFacts("AdamW", adam=True, rate=1e-3, slots=2, said="optimizer")
VERSIONS = {"torch": "2.13.0", "transformers": "5.23.0"}


def fed(ids: Any = IDS, mask: Any = MASK, **more: Any) -> CallFacts:
    """A PyTorch model of transformers that is called on these."""
    return call(ids, mask, **{"of": BERT, "kinds": "torch.Tensor", "kind": "call", **more})


def raising(facts: CallFacts, kind: str = "IndexError", layer: str | None = None, text: str = "") -> CallFacts:
    """The same call, not run, that raised."""
    return having(facts, error=ErrorFacts(kind, text, layer, "forward"), outputs=())


def in_loss(facts: CallFacts, kind: str, text: str = "") -> CallFacts:
    """The same call, whose loss raised."""
    return having(facts, error=ErrorFacts(kind, text, None, "loss"))


def lost(labels: Any, outputs: Any, loss: Any = "internal", of: Any = HEAD, **changes: Any) -> CallFacts:
    """A model that is called with these labels, and that the loss was computed of."""
    values = np.asarray(labels)
    values = values.astype("int64") if values.dtype.kind == "i" else values
    facts = fed(FULL, np.ones_like(FULL), of=of, labels=values, outputs=outputs, loss=loss, said={"labels": "y"})
    return computed(facts, **changes)


def trained(kind: Any = "call", of: Any = HEAD, **state: Any) -> CallFacts:
    """A call of a model of a pretrained encoder, with this state."""
    facts = StateFacts(**{"encoders": (STATE,), "optimizer": ADAM, **state})
    return having(fed(FULL, np.ones_like(FULL), of=of, kind=kind), state=facts)
