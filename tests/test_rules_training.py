"""The rules on the model's state, the optimizer and the device: what each must name, and what is unusual and right."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import LOSSES, batch, call, check, model, slugs, tensor
from test_messages_training import (
    ADAM,
    BASE,
    GIB,
    HEAD,
    LOADED,
    LOW,
    NET,
    ONES,
    TRAINED,
    in_state,
    machine,
    remembering,
)

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.training import EncoderState, OptimizerFacts, StateFacts

FULL = batch([6, 6, 6])


def encoder(**changes: Any) -> tuple[EncoderState, ...]:
    return (dataclasses.replace(TRAINED, **changes),)


def adam(**changes: Any) -> OptimizerFacts:
    return dataclasses.replace(ADAM, **changes)


def named(**changes: Any) -> Any:
    return model(dataclasses.replace(LOADED, **changes), said="net", type="Functional")


# -- learning-rate-high ----------------------------------------------------------------------------------------------

HIGH = {
    "adam's default": in_state(),
    "a float32 just below": in_state(optimizer=adam(rate=float(np.float32(1e-3)) - 1e-10)),
    "higher": in_state(optimizer=adam(name="AdamW", rate=0.1)),
    "a schedule's highest": in_state(optimizer=adam(rate=2e-3, schedule="PolynomialDecay")),
    "embeddings frozen": in_state(encoders=encoder(trainable=TRAINED.parameters)),
    "the lower half frozen": in_state(encoders=encoder(trainable=TRAINED.parameters // 2)),
    "pooler unused": in_state(encoders=encoder(pooler=0, pooler_reached=None)),
    "a callback that only looks on": in_state(may_set_rate=()),
    "a loop": in_state("call", optimizer=adam(said="optimizer"), for_training=True),
    "a schedule in a loop": in_state("call", optimizer=adam(rate=2e-3, schedule="WarmUp", said="optimizer")),
    "one of two encoders": in_state(
        of=model([dataclasses.replace(LOADED, path="frozen"), LOADED], type="Functional"),
        encoders=(dataclasses.replace(TRAINED, path="frozen", trainable=0), TRAINED),
    ),
}


@pytest.mark.parametrize("facts", HIGH.values(), ids=HIGH)
def test_a_pretrained_encoder_at_a_rate_for_new_ones(facts: CallFacts) -> None:
    assert slugs(facts) == ["learning-rate-high"]


FINE = {
    "2e-5": in_state(optimizer=adam(rate=2e-5)),
    "5e-4": in_state(optimizer=adam(rate=5e-4)),
    "just below": in_state(optimizer=adam(rate=9.9e-4)),
    "another kind of optimizer": in_state(optimizer=OptimizerFacts("SGD", adam=False, rate=1e-3, slots=1)),
    "a rate that nobody knows": in_state(optimizer=adam(rate=None, schedule="Noam")),
    "a rate that is not a number": in_state(optimizer=adam(rate=float("nan"))),
    "no optimizer": in_state(optimizer=None),
    "random weights": in_state(encoders=encoder(trained=False)),
    "weights that do not tell": in_state(encoders=encoder(trained=None)),
    "no checkpoint": in_state(of=named(pretrained=None)),
    "trained on from here": in_state(optimizer=adam(steps=300)),
    "frozen": in_state(encoders=encoder(trainable=0)),
    "adapters": in_state(encoders=encoder(parameters=87_000_000, trainable=2_000_000)),
    "the last layers alone": in_state(encoders=encoder(trainable=14_000_000)),
    "no gradient reaches it": in_state(encoders=encoder(reached=False)),
    "the forward pass did not run": in_state(encoders=encoder(reached=None)),
    "a callback sets the rate": in_state(may_set_rate=("LearningRateScheduler",)),
    "a training step of one's own": in_state(own_step=True),
    "a loop at 2e-5": in_state("call", optimizer=adam(rate=2e-5, said="optimizer")),
    "a loop with SGD": in_state("call", optimizer=OptimizerFacts("SGD", adam=False, rate=1e-3, slots=0, said="sgd")),
    "a loop over the head": in_state("call", optimizer=adam(said="optimizer"), encoders=encoder(trainable=0)),
    "a loop over the last layers": in_state(
        "call", optimizer=adam(said="optimizer"), encoders=encoder(trainable=14_000_000)
    ),
    "a loop over new weights": in_state("call", optimizer=adam(said="optimizer"), encoders=encoder(trained=False)),
    "a loop that goes on": in_state("call", optimizer=adam(said="optimizer", steps=1)),
    "a direct call of a compiled model": in_state("call", for_training=True),
    "evaluated": in_state("evaluate"),
    "predicted": in_state("predict"),
    "only checked": in_state("check"),
    "pretraining goes on": in_state(of=model(LOADED, type="TFBertForMaskedLM")),
    "no encoder": in_state(of=model((), type="Functional", inputs={"ids": (None, None)})),
    "state not read": dataclasses.replace(in_state(), state=None),
}


@pytest.mark.parametrize("facts", FINE.values(), ids=FINE)
def test_a_rate_that_may_be_meant(facts: CallFacts) -> None:
    assert check("learning-rate-high", facts) is None


def test_the_evidence_of_a_high_rate_can_be_checked() -> None:
    finding = check("learning-rate-high", in_state())
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["learning rate"] == pytest.approx(1e-3)
    assert finding.evidence["layer normalization weights"] == [0.41, 0.9877]
    assert "appendix A.3" in finding.evidence["source"]


def test_graver_findings_come_first() -> None:
    facts = dataclasses.replace(in_state(), outputs=(tensor("logits", np.full((3, 2), np.nan)),))
    assert slugs(facts) == ["outputs-not-finite", "learning-rate-high"]


# -- head-untrained --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["predict", "evaluate", "call"])
def test_predictions_of_a_new_head(kind: Any) -> None:
    assert slugs(in_state(kind, heads=(HEAD,), optimizer=None)) == ["head-untrained"]
    assert slugs(in_state(kind, heads=(HEAD,))) == ["head-untrained"]


OLD = {
    "no new head": in_state("predict"),
    "training": in_state("fit", heads=(HEAD,), optimizer=adam(rate=2e-5)),
    "a batch of training": in_state("train_on_batch", heads=(HEAD,)),
    "only checked": in_state("check", heads=(HEAD,)),
    "inside a tape": in_state("call", heads=(HEAD,), for_training=True),
    "the optimizer has made steps": in_state("predict", heads=(HEAD,), optimizer=adam(steps=1)),
    "its training was dry": in_state("predict", of=dataclasses.replace(NET, dry=True), heads=(HEAD,)),
    "a new encoder": in_state("predict", heads=(HEAD,), encoders=encoder(trained=False)),
    "it raises": dataclasses.replace(
        in_state("predict", heads=(HEAD,)), error=ErrorFacts("ValueError", "shapes", None, "forward")
    ),
}


@pytest.mark.parametrize("facts", OLD.values(), ids=OLD)
def test_predictions_that_nothing_is_said_of(facts: CallFacts) -> None:
    assert check("head-untrained", facts) is None


# -- pooler-unused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trained", [True, False])
def test_a_pooler_without_a_gradient(trained: bool) -> None:
    unused = encoder(pooler_reached=False, trained=trained)
    assert slugs(in_state(encoders=unused, optimizer=adam(rate=2e-5))) == ["pooler-unused"]


USED = {
    "used": in_state(),
    "none": in_state(encoders=encoder(pooler=0, pooler_reached=None)),
    "frozen": in_state(encoders=encoder(pooler=0, pooler_reached=False)),
    "not known": in_state(encoders=encoder(reached=None, pooler_reached=None)),
    "nothing of the encoder is used": in_state(encoders=encoder(reached=False, pooler_reached=False)),
    "a training step of one's own": in_state(encoders=encoder(pooler_reached=False), own_step=True),
    "predicted": in_state("predict", encoders=encoder(pooler_reached=False)),
}


@pytest.mark.parametrize("facts", USED.values(), ids=USED)
def test_a_pooler_that_nothing_is_said_of(facts: CallFacts) -> None:
    assert check("pooler-unused", facts) is None


# -- memory-exceeds-device -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [GIB, LOW.total - 1])
def test_more_than_the_device_has(there: int) -> None:
    finding = check("memory-exceeds-device", remembering(LOW, there))
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["lower bound"] == LOW.total == 4 * BASE - 95_000_000
    assert finding.evidence["memory of the device"] == there


ENOUGH = {
    "just enough": remembering(LOW, LOW.total),
    "plenty": remembering(LOW, 16 * GIB),
    "frozen": remembering(dataclasses.replace(LOW, gradients=0, slots=0), GIB),
    "another device's memory": in_state(memory=LOW, hardware=machine(memory={"CPU": (GIB, "the test")})),
    "no memory told": in_state(memory=LOW, hardware=machine()),
    "no hardware told": in_state(memory=LOW),
    "evaluated": dataclasses.replace(remembering(LOW, GIB), kind="evaluate"),
    "a training step of one's own": remembering(LOW, GIB, own_step=True),
    "not compiled": in_state(hardware=machine(memory={"GPU:0": (GIB, "the test")})),
}


@pytest.mark.parametrize("facts", ENOUGH.values(), ids=ENOUGH)
def test_memory_that_may_do(facts: CallFacts) -> None:
    assert check("memory-exceeds-device", facts) is None


# -- device-not-used -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["fit", "evaluate", "predict", "call", "train_on_batch", "check"])
def test_a_gpu_that_is_not_seen(kind: Any) -> None:
    facts = in_state(kind, hardware=machine(nodes=("/dev/nvidia0",)), optimizer=None)
    assert slugs(facts) == ["device-not-used"]


SEEN = {
    "there is none": machine(),
    "it is seen": machine(nodes=("/dev/nvidia0",), seen=1),
    "it is hidden on purpose": machine(nodes=("/dev/nvidia0",), hidden="CUDA_VISIBLE_DEVICES='-1'"),
}


@pytest.mark.parametrize("hardware", SEEN.values(), ids=SEEN)
def test_a_gpu_that_nothing_is_said_of(hardware: Any) -> None:
    assert check("device-not-used", in_state(hardware=hardware)) is None
    assert check("device-not-used", in_state(hardware=None)) is None


# -- regression-head-for-classes: what the first batch alone does not tell -------------------------------------------


def scored(labels: Any, span: tuple[float, float] | None, **changes: Any) -> CallFacts:
    """A transformers classifier of one output, by its own loss; `span`: of all the training data."""
    count = len(labels)
    of = dataclasses.replace(model(type="TFBertForSequenceClassification"), **changes)
    facts = call(batch([6] * count), of=of, labels=labels, outputs=(count, 1))
    loss = dataclasses.replace(LOSSES["internal"], value=0.7)
    return dataclasses.replace(facts, loss=loss, state=StateFacts(label_span=span))


CLASSES = {
    "all of the data": scored([0, 1, 1], (0.0, 1.0)),
    "booleans": scored(np.array([False, True]), (0.0, 1.0)),
    "a first batch of one class": ONES,
    "a batch of many, the rest unknown": scored([0, 1] * 8, None),
    "a problem of another kind": scored([0, 1], (0.0, 1.0), problem="single_label_classification"),
}


@pytest.mark.parametrize("facts", CLASSES.values(), ids=CLASSES)
def test_classes_for_one_output(facts: CallFacts) -> None:
    assert slugs(facts) == ["regression-head-for-classes"]


NUMBERS = {
    "ratings further on": scored([0, 1, 1], (0.0, 4.0)),
    "negative further on": scored([0, 1, 1], (-1.0, 1.0)),
    "half points further on": scored([0.0, 1.0], (0.0, 1.0)),
    "one value throughout": scored([1, 1], (1.0, 1.0)),
    "a batch of few, the rest unknown": scored([0, 1] * 7, None),
    "a batch of one value, the rest unknown": scored([1] * 32, None),
    "a regression that was asked for": scored([0, 1, 1], (0.0, 1.0), problem="regression"),
}


@pytest.mark.parametrize("facts", NUMBERS.values(), ids=NUMBERS)
def test_numbers_for_one_output(facts: CallFacts) -> None:
    assert check("regression-head-for-classes", facts) is None
