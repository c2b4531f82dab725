"""What comes out of the model: what the rules name, and what is unusual and right."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import batch, call, check, computed, having, model, slugs, tensor
from labels_builder import compared, internal

from bertmagic.facts.call import CallFacts

FULL = batch([6, 6, 6])
CLASSIFIER = model(type="TFBertForSequenceClassification", sizes={"labels": 2})


# -- logits-flag-mismatch --------------------------------------------------------------------------------------------

LOGITS = np.array([[0.3, -0.4], [1.5, 0.2], [-2.0, 3.0]], "float32")
SHARES = np.array([[0.3, 0.7], [0.5, 0.5], [0.0, 1.0]], "float32")


def flagged(outputs: Any, kind: Any = "sparse", flag: bool | None = False, labels: Any = (0, 1, 1)) -> CallFacts:
    facts = call(FULL, labels=np.asarray(labels), outputs={"logits": outputs}, loss=kind)
    return computed(facts, from_logits=flag)


@pytest.mark.parametrize(
    "facts",
    [
        flagged(LOGITS),
        flagged(LOGITS, "categorical", labels=np.eye(2)[[0, 1, 1]]),
        flagged(LOGITS[:, :1], "binary"),
        flagged(np.abs(LOGITS[:, :1]), "binary"),
    ],
    ids=["sparse", "categorical", "binary", "binary, above 1"],
)
def test_logits_in_a_loss_on_probabilities(facts: CallFacts) -> None:
    assert slugs(facts) == ["logits-flag-mismatch"]


def test_logits_that_happen_to_be_between_0_and_1() -> None:
    facts = flagged(np.abs(LOGITS) / 10)
    own = dataclasses.replace(CLASSIFIER, takes=frozenset({"input_ids"}))
    assert slugs(having(facts, model=own)) == ["logits-flag-mismatch"]
    assert slugs(having(flagged(SHARES), model=own)) == []
    assert slugs(having(facts, model=CLASSIFIER)) == []


FLAGS = {
    "told": flagged(LOGITS, flag=True),
    "probabilities": flagged(SHARES),
    "probabilities, rounded": flagged(SHARES - np.float32(1e-6)),
    "scores that the loss divides by their sum": flagged(np.abs(LOGITS)),
    "logits that are not negative, in sum": flagged(np.abs(LOGITS), "categorical", labels=np.eye(2)[[0, 1, 1]]),
    "a sigmoid": flagged(SHARES[:, :1], "binary"),
    "numbers": flagged(LOGITS[:, :1], "regression", None),
    "transformers' own": flagged(LOGITS, "internal", None),
    "a loss of one's own": flagged(LOGITS, "other", None),
    "not finite": flagged(np.where(LOGITS > 1, np.float32("inf"), LOGITS)),
    "no loss was computed": call(FULL, labels=[0, 1, 1], outputs={"logits": LOGITS}, loss="sparse"),
    "prediction": call(FULL, outputs={"logits": LOGITS}, kind="predict"),
}


@pytest.mark.parametrize("facts", FLAGS.values(), ids=FLAGS)
def test_a_flag_that_fits_or_cannot_be_told(facts: CallFacts) -> None:
    assert check("logits-flag-mismatch", facts) is None


# -- outputs-not-finite ----------------------------------------------------------------------------------------------


def test_nan_comes_out() -> None:
    values = np.array([[0.1, np.nan], [0.2, 0.3], [0.1, 0.4]], "float32")
    finding = check("outputs-not-finite", call(FULL, outputs={"logits": values}, kind="predict"))
    assert finding is not None
    assert finding.evidence["rows"] == [0]


FINITE = {
    "finite": call(FULL),
    "infinity that is meant": call(FULL, outputs={"logits": np.array([[-np.inf, 1.0]] * 3)}),
    "it came in": call(
        FULL, others=[tensor("stars", [1.0, np.nan, 2.0])], outputs={"logits": np.full((3, 2), np.nan, "float32")}
    ),
    "the loss of rows without labels": call(FULL, outputs={"loss": np.array(np.nan), "logits": (3, 2)}),
    "whole numbers": call(FULL, outputs={"classes": np.zeros((3,), "int64")}),
    "empty": call(FULL, outputs={"logits": np.zeros((0, 2), "float32")}),
    "raised": call(FULL, outputs={"logits": np.full((3, 2), np.nan)}, error="loss"),
}


@pytest.mark.parametrize("facts", FINITE.values(), ids=FINITE)
def test_outputs_that_are_finite_or_not_to_blame(facts: CallFacts) -> None:
    assert check("outputs-not-finite", facts) is None


# -- sequence-output-unpooled ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "labels", "units", "error"),
    [
        ("sparse", [0, 1, 1], 2, "loss"),
        ("binary", [0, 1, 1], 1, None),
        ("regression", [0.5, 1.5, 1.0], 1, None),
        ("categorical", np.eye(4)[[0, 1, 1]], 4, "loss"),
        ("binary", [[0], [1], [1]], 1, None),
    ],
)
def test_one_prediction_a_token(kind: Any, labels: Any, units: int, error: str | None) -> None:
    facts = compared(kind, labels, (3, 6, units), error)
    finding = check("sequence-output-unpooled", facts)
    assert finding is not None
    assert finding.severity == ("error" if error else "warning")
    assert slugs(facts) == ["sequence-output-unpooled"]


POOLED = {
    "one output a text": compared("sparse", [0, 1, 1], (3, 2)),
    "tags": compared("sparse", np.zeros((3, 6), "int32"), (3, 6, 4)),
    "tags, (batch, seq, 1)": compared("binary", np.zeros((3, 6, 1)), (3, 6, 1)),
    "an axis of another kind": compared("binary", [[0], [1], [1]], (3, 4, 1)),
    "a loss of one's own": compared("other", [0, 1, 1], (3, 6, 2)),
    "transformers' own": compared("internal", [0, 1, 1], (3, 6, 2)),
    "as many texts as tokens": computed(call(batch([3, 3, 3]), labels=np.eye(3), outputs=(3, 3, 3), loss="sparse")),
    "no labels": call(FULL, outputs=(3, 6, 2), kind="predict"),
    "no loss was computed": call(FULL, labels=[0, 1, 1], outputs=(3, 6, 2), loss="sparse"),
    "two outputs": computed(
        call(FULL, labels=[0, 1, 1], outputs={"logits": (3, 6, 2), "pooled": (3, 2)}, loss="sparse")
    ),
}


@pytest.mark.parametrize("facts", POOLED.values(), ids=POOLED)
def test_one_prediction_a_text_or_labels_a_token(facts: CallFacts) -> None:
    assert check("sequence-output-unpooled", facts) is None


# -- regression-head-for-classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[0, 1, 1], [[0], [1], [1]], np.array([True, False, True])])
def test_classes_for_one_output(labels: Any) -> None:
    assert slugs(internal("ForSequenceClassification", labels, (3, 1))) == ["regression-head-for-classes"]


REGRESSIONS = {
    "ratings": internal("ForSequenceClassification", [1, 4, 5], (3, 1)),
    "floats": internal("ForSequenceClassification", [0.0, 1.0, 1.0], (3, 1)),
    "only one of them": internal("ForSequenceClassification", [1, 1, 1], (3, 1)),
    "two outputs": internal("ForSequenceClassification", [0, 1, 1], (3, 2)),
    "a choice of one's own": internal("ForScoring", [0, 1, 1], (3, 1)),
    "binary cross-entropy": compared("binary", [0, 1, 1], (3, 1)),
    "squared error that was asked for": compared("regression", [0, 1, 1], (3, 1)),
    "evaluating": having(internal("ForSequenceClassification", [0, 1, 1], (3, 1)), kind="evaluate"),
    "no loss was computed": call(FULL, of=CLASSIFIER, labels=[0, 1, 1], outputs=(3, 1), loss="internal"),
}


@pytest.mark.parametrize("facts", REGRESSIONS.values(), ids=REGRESSIONS)
def test_a_regression_that_may_be_meant(facts: CallFacts) -> None:
    assert check("regression-head-for-classes", facts) is None
