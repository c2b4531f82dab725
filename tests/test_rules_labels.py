"""Labels and the loss: what the rules name, and what is unusual and right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from facts_builder import batch, call, check, computed, having, model, slugs
from labels_builder import compared, internal

from bertmagic.facts.call import CallFacts

FULL = batch([6, 6, 6])
CLASSIFIER = model(type="TFBertForSequenceClassification", sizes={"labels": 2})


# -- labels-out-of-range ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "found", "rows"),
    [([0, 2, 1], [2], [1]), ([-1, 0, -1], [-1], [0, 2]), ([[0], [1], [5]], [5], [2]), ([1.0, 2.0, 0.0], [2], [1])],
)
def test_a_class_without_an_output(labels: Any, found: list[int], rows: list[int]) -> None:
    facts = call(FULL, of=CLASSIFIER, labels=labels, outputs=(3, 2), loss="sparse", error="loss")
    finding = check("labels-out-of-range", facts)
    assert finding is not None
    assert finding.evidence["labels"] == found
    assert finding.evidence["rows"] == rows
    assert slugs(facts) == ["labels-out-of-range"]


def test_nothing_is_raised_on_a_gpu() -> None:
    facts = call(FULL, labels=[0, 2, 1], outputs=(3, 2), loss="sparse")
    assert check("labels-out-of-range", computed(facts, float("nan"))) is not None
    # The row was not among those that were run.
    assert check("labels-out-of-range", computed(having(facts, rows_run=(0, 2)))) is not None
    assert check("labels-out-of-range", computed(having(facts, rows_run=(0, 1)))) is None


@pytest.mark.parametrize("kind", ["ForTokenClassification", "ForMaskedLM"])
def test_minus_one_is_not_what_a_loss_over_tokens_leaves_out(kind: str) -> None:
    labels = np.where(FULL > 50, -1, 0)
    facts = computed(call(FULL, of=model(type=f"TFBert{kind}"), labels=labels, outputs=(3, 6, 4), loss="internal"))
    finding = check("labels-out-of-range", facts)
    assert finding is not None
    assert finding.evidence["labels"] == [-1]


def sparse(labels: Any, outputs: tuple[int, ...] = (3, 2), **changes: Any) -> CallFacts:
    return computed(call(FULL, labels=labels, outputs=outputs, loss="sparse"), **changes)


MINUS_HUNDRED = np.where(FULL > 50, -100, 1)
IN_RANGE = {
    "in range": sparse([0, 1, 1]),
    "(batch, 1)": sparse([[0], [1], [1]]),
    "unsigned": sparse(np.array([0, 1, 1], "uint8")),
    "booleans": sparse(np.array([True, False, True])),
    "floats": sparse(np.array([0.0, 1.0, 1.0])),
    "a class to ignore": sparse([0, -1, 1], ignored=-1),
    "-100 for the loss over tokens": internal("ForTokenClassification", MINUS_HUNDRED, (3, 6, 2)),
    "-100 for masked language models": internal("ForMaskedLM", MINUS_HUNDRED, (3, 6, 100)),
    "-100 for next sentences": internal("ForNextSentencePrediction", [-100, 0, 1], (3, 2)),
    "a regression": internal("ForSequenceClassification", [1.5, 4.0, -2.0], (3, 1)),
    "a regression on whole numbers": internal("ForSequenceClassification", [1, 4, 5], (3, 1)),
    "choices": internal("ForMultipleChoice", [0, 3, 1], (3, 4)),
    "a head of one's own": internal("ForSomethingElse", [-1, 5, 0], (3, 2)),
    "a loss of one's own": computed(call(FULL, labels=[-1, 5, 0], loss="other")),
    "one-hot for a categorical loss": computed(call(FULL, labels=np.eye(3, 2), loss="categorical")),
    "numbers for a regression": computed(call(FULL, labels=[3.5, -1.0, 9.0], outputs=(3, 1), loss="regression")),
    "no loss was computed": call(FULL, labels=[0, 2, 1], loss="sparse"),
    "another fault came first": call(FULL, labels=[0, 2, 1], outputs=(3, 2), loss="sparse", error="forward"),
    "no labels": call(FULL, loss="sparse"),
    "no loss": call(FULL, labels=[0, 2, 1]),
    "two labels": computed(
        call(FULL, labels={"start": np.array([9, 9, 9]), "end": np.array([9, 9, 9])}, loss="internal")
    ),
    "not finite": sparse(np.array([0.0, np.nan, 1.0])),
    "strings": sparse(np.array(["good", "bad", "good"])),
    "a number in the place of it all": sparse([0, 7, 1], value=0.3, ignored=7),
    "of another shape": sparse(np.full((3, 6), 4)),
    "empty": sparse(np.zeros((0,), "int32"), (0, 2)),
}


@pytest.mark.parametrize("facts", IN_RANGE.values(), ids=IN_RANGE)
def test_labels_that_have_their_output(facts: CallFacts) -> None:
    assert check("labels-out-of-range", facts) is None


# -- loss-mismatch ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "labels", "outputs", "fits"),
    [
        ("categorical", [0, 1, 2], (3, 3), "sparse_categorical_crossentropy"),
        ("categorical", [[0], [1], [2]], (3, 3), "sparse_categorical_crossentropy"),
        ("categorical", [0.0, 1.0, 2.0], (3, 3), "sparse_categorical_crossentropy"),
        ("categorical", np.zeros((3, 6), "int32"), (3, 6, 4), "sparse_categorical_crossentropy"),
        ("binary", [0, 1, 1], (3, 2), "sparse_categorical_crossentropy"),
        ("sparse", np.eye(3, dtype="float32"), (3, 3), "categorical_crossentropy"),
        ("sparse", np.eye(4, dtype="int32")[np.zeros((3, 6), int)], (3, 6, 4), "categorical_crossentropy"),
        ("sparse", [0, 1, 1], (3, 1), "binary_crossentropy"),
    ],
)
def test_another_loss_fits_the_very_same_labels(kind: Any, labels: Any, outputs: Any, fits: str) -> None:
    facts = call(FULL, labels=labels, outputs=outputs, loss=kind, error="loss")
    finding = check("loss-mismatch", facts)
    assert finding is not None
    assert finding.evidence["the loss that fits"] == fits
    assert slugs(facts) == ["loss-mismatch"]


@pytest.mark.parametrize(
    ("kind", "labels", "outputs"),
    [("binary", [[0], [1], [1]], (3, 2)), ("categorical", [0, 1, 1], (3, 1)), ("sparse", [0, 0, 0], (3, 1))],
)
def test_another_loss_where_nothing_is_raised(kind: Any, labels: Any, outputs: Any) -> None:
    facts = computed(call(FULL, labels=labels, outputs=outputs, loss=kind))
    assert slugs(facts) == ["loss-mismatch"]


MEANT = {
    "sparse": compared("sparse", [0, 1, 2], (3, 3)),
    "one-hot": compared("categorical", np.eye(3), (3, 3)),
    "soft labels": compared("categorical", np.full((3, 3), 1 / 3), (3, 3)),
    "several classes a text": compared("categorical", np.array([[1, 1, 0], [0, 0, 1], [1, 0, 1]]), (3, 3)),
    "binary, (batch,)": compared("binary", [0, 1, 1], (3, 1)),
    "binary, (batch, 1)": compared("binary", [[0], [1], [1]], (3, 1)),
    "binary, one-hot": compared("binary", np.eye(3), (3, 3)),
    "binary, several classes a text": compared("binary", np.ones((3, 4)), (3, 4)),
    "binary, soft": compared("binary", [0.2, 0.9, 0.5], (3, 2)),
    "binary over tokens": compared("binary", np.zeros((3, 6), "int32"), (3, 6, 1)),
    "squared error on 0 and 1": compared("regression", [0, 1, 1], (3, 1)),
    "squared error on one-hot rows": compared("regression", np.eye(3), (3, 3)),
    "a loss of one's own": compared("other", [0, 1, 2], (3, 3)),
    "transformers' own": compared("internal", [0, 1, 2], (3, 3)),
    "tokens, sparse": compared("sparse", np.zeros((3, 6), "int32"), (3, 6, 4)),
    "classes beyond the outputs": compared("categorical", [0, 1, 7], (3, 3), "loss"),
    "negative classes": compared("binary", [-1, 1, 1], (3, 2)),
    "no loss was computed": call(FULL, labels=[0, 1, 1], outputs=(3, 1), loss="sparse"),
    "one output and labels of another range": compared("sparse", [0, 3, 1], (3, 1), "loss"),
    "one output, a class to ignore": compared("sparse", [0, 1, 1], (3, 1), ignored=1),
    "strings": compared("categorical", np.array(["a", "b", "c"]), (3, 3), "loss"),
    "not finite": compared("binary", [0.0, np.nan, 1.0], (3, 2)),
    "rows that are no one-hot rows": compared("sparse", np.array([[1, 1, 0]] * 3), (3, 3), "loss"),
    "categorical, nothing raised": compared("categorical", [0, 1, 2], (3, 3)),
}


@pytest.mark.parametrize("facts", MEANT.values(), ids=MEANT)
def test_a_loss_that_may_be_meant(facts: CallFacts) -> None:
    assert check("loss-mismatch", facts) is None
