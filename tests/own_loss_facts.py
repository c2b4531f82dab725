"""Facts that the tests share of transformers models that are trained, or called, with their own loss."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from facts_builder import TAKES, batch, call, computed, having, model, tensor

from bertmagic.facts.call import CallFacts

FULL = batch([6, 6, 6])
LABELS = TAKES | {"labels"}
NLI = dataclasses.replace(model(said="nli", type="TFBertForSequenceClassification"), takes=LABELS)


def trained(key: str | None, *, of: Any = NLI, loss: bool = False, kind: Any = "fit", **more: Any) -> CallFacts:
    """Three texts and labels under a key (None: no labels), run to the end; `loss`: the model gave one."""
    outputs = {"logits": (3, 2), **({"loss": (3,)} if loss else {})}
    facts = computed(call(FULL, outputs=outputs, loss="internal", of=of, kind=kind, **more), 0.1)
    return having(facts, labels=() if key is None else (tensor(key, [0, 1, 1], said="y"),))


def refused(kind: str, labels: Any = (0.5, 1.0, 0.0), outputs: tuple[int, ...] = (3, 1), of: Any = NLI) -> CallFacts:
    """A direct call whose own loss raised for labels of that kind of object."""
    facts = call(FULL, outputs=outputs, loss="internal", error="loss", of=of, kind="call")
    return having(facts, labels=(tensor("labels", np.asarray(labels, "float32"), said="scores", kind=kind),))
