"""The rules that follow from what the model answers: pooling over padding, dropout left on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, batch, call, check, model, slugs

from bertmagic.facts.call import CallFacts, EncoderCallFacts, PoolingFacts, ProbeFacts
from bertmagic.rules.order import CAUSES

IDS = batch([6, 4, 5])
MASK = (IDS != 0).astype("int32")
INSIDE = dataclasses.replace(BERT, path="bert", said="bert", dropout=0.1)
POOLING = PoolingFacts("dense", "mean", {1: 2}, 0.31, 0.8, "the mean of the real tokens alone", "bert", "mask")
OF = model(INSIDE, inputs={"input_ids": (None, None), "attention_mask": (None, None)})


def facts(**changes: Any) -> CallFacts:
    plain = call(IDS, MASK, kind="call", encoder=INSIDE, of=changes.pop("of", OF))
    return dataclasses.replace(plain, **changes)


def repetition(moved: float) -> dict[str, ProbeFacts]:
    return {"repetition": ProbeFacts("repetition", (0, 1), moved, 2.0, 1e-6)}


def test_pooling_over_padding_is_found_from_its_facts() -> None:
    found = check("pooling-over-padding", facts(pooling=(POOLING,)))
    assert found is not None
    assert (found.severity, found.subject) == ("warning", "model")
    assert found.evidence["padding tokens"] == {1: 2}
    assert found.evidence["output moves"] == 0.31


@pytest.mark.parametrize(
    "pooling",
    [(), (dataclasses.replace(POOLING, padding={}),), (dataclasses.replace(POOLING, moved=0.0),)],
    ids=["none", "no row with padding", "nothing moves"],
)
def test_no_pooling_over_padding(pooling: tuple[PoolingFacts, ...]) -> None:
    assert check("pooling-over-padding", facts(pooling=pooling)) is None


@pytest.mark.parametrize("kind", ["fit", "predict", "call", "evaluate"])
def test_pooling_over_padding_is_found_in_every_call(kind: Any) -> None:
    assert slugs(facts(kind=kind, pooling=(POOLING,))) == ["pooling-over-padding"]


def test_the_pooling_is_written_as_the_user_would() -> None:
    mean = check("pooling-over-padding", facts(pooling=(POOLING,)))
    layer = check("pooling-over-padding", facts(pooling=(dataclasses.replace(POOLING, layer="pool"),)))
    lambda_layer = check("pooling-over-padding", facts(pooling=(dataclasses.replace(POOLING, layer="tf.math.mean"),)))
    maximum = check("pooling-over-padding", facts(pooling=(dataclasses.replace(POOLING, how="max"),)))
    fixes = [found.fix.snippet for found in (mean, layer, lambda_layer, maximum) if found is not None and found.fix]
    assert "tf.reduce_sum(hidden * weight, axis=1)" in fixes[0]
    assert "GlobalAveragePooling1D()(hidden, mask=mask)" in fixes[1]
    assert fixes[2] == fixes[0]
    assert "tf.reduce_max" in fixes[3]


def test_a_direct_call_in_training_mode() -> None:
    assert slugs(facts(training=True, probes=repetition(0.4))) == ["training-mode-at-inference"]
    assert slugs(facts(training=True)) == ["training-mode-at-inference"], "the rates say it where nothing was run"
    assert slugs(facts(training=True, training_by="learning phase")) == ["training-mode-at-inference"]
    assert slugs(facts(training=True, training_by="default")) == ["training-mode-at-inference"]


@pytest.mark.parametrize(
    "changes",
    [
        {"training": None},
        {"training": False},
        {"training": True, "watched": True},
        {"training": True, "on_purpose": True},
        {"training": True, "probes": repetition(0.0)},
        {"training": True, "kind": "fit"},
        {"training": True, "kind": "check"},
        {"training": True, "kind": "predict"},
        {"training": True, "outputs": ()},
    ],
    ids=lambda changes: ", ".join(f"{name}={value!r:.12}" for name, value in changes.items()),
)
def test_training_mode_that_is_no_fault(changes: dict[str, Any]) -> None:
    assert slugs(facts(**changes)) == []


def test_training_mode_without_dropout_or_encoders() -> None:
    still = dataclasses.replace(INSIDE, dropout=0.0)
    assert slugs(facts(training=True, of=model(still))) == []
    assert slugs(facts(training=True, of=model(dataclasses.replace(INSIDE, dropout=None)))) == []
    assert slugs(facts(training=True, of=model([], inputs={}))) == []


def test_rows_repeated_in_the_batch_are_samples() -> None:
    tiled = np.repeat(IDS, 2, axis=0)
    plain = call(tiled, (tiled != 0).astype("int32"), kind="call", encoder=INSIDE, of=OF)
    assert slugs(dataclasses.replace(plain, training=True)) == []


def inside(kind: Any, training: bool | None) -> CallFacts:
    plain = facts(kind=kind)
    calls = tuple(
        EncoderCallFacts(each.encoder, each.given, each.source, each.seen, training) for each in plain.encoder_calls
    )
    return dataclasses.replace(plain, encoder_calls=calls)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("predict", ["training-mode-at-inference"]),
        ("evaluate", ["training-mode-at-inference"]),
        ("call", ["training-mode-at-inference"]),
        ("fit", []),
        ("train_on_batch", []),
    ],
)
def test_training_mode_set_inside_the_model(kind: Any, expected: list[str]) -> None:
    assert slugs(inside(kind, True)) == expected
    assert slugs(inside(kind, False)) == []
    assert slugs(inside(kind, None)) == []
    assert slugs(dataclasses.replace(inside(kind, True), probes=repetition(0.0))) == []


def test_the_mask_is_the_cause_before_the_pooling() -> None:
    order = list(CAUSES)
    assert order.index("attention-mask-missing") < order.index("pooling-over-padding")
