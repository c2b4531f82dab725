"""The rule on the dtype of labels: what it finds, and what it leaves alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from dtype_facts import lost, raised
from facts_builder import check, slugs

from bertmagic.facts.call import CallFacts


@pytest.mark.parametrize("loss", ["sparse", "internal", "categorical", "binary", "regression"])
@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b", "a"]),
        np.array(["a", "b", "a"], object),
        np.array(["0", "1", "0"]),
        np.array([0, 1, 0], object),
    ],
    ids=["strings", "objects", "numbers written out", "numbers as objects"],
)
def test_labels_that_are_no_numbers(labels: np.ndarray, loss: str) -> None:
    assert slugs(raised(lost(labels, loss, error="loss"), None, "loss")) == ["labels-dtype"]


def test_labels_that_keras_takes_no_data_from() -> None:
    facts = dataclasses.replace(
        raised(lost(np.array(["a", "b", "a"]), error="loss"), None, "data"), loss=None, outputs=()
    )
    assert slugs(facts) == ["labels-dtype"]


@pytest.mark.parametrize("loss", ["sparse", "internal"])
@pytest.mark.parametrize("labels", [[0.5, 1, 0], [[0.2], [0.0], [1.0]]], ids=["(batch,)", "(batch, 1)"])
def test_fractions_that_the_loss_cuts_off(labels: Any, loss: str) -> None:
    assert slugs(lost(np.array(labels), loss)) == ["labels-dtype"]


def test_labels_that_are_not_a_number() -> None:
    assert slugs(raised(lost(np.array([np.nan, 1, 0]), error="loss"), None, "loss")) == ["labels-dtype"]


def test_integers_for_a_loss_that_computes_with_floats() -> None:
    text = "cannot compute Sub as input #1 was expected to be a int64 tensor but is a float tensor"
    facts = raised(lost(np.array([1, 2, 3]), "other", (3, 1), error="loss"), None, "loss", text)
    assert slugs(facts) == ["labels-dtype"]


@pytest.mark.parametrize(
    "facts",
    [
        lost(np.array([0.0, 1.0, 1.0])),
        lost(np.array([False, True, True])),
        lost(np.array([1, 2, 3]), "regression", (3, 1)),
        lost(np.array([0.5, 0.1, 1.0]), "regression", (3, 1)),
        lost(np.array([0.5, 0.1, 1.0]), "internal", (3, 1)),
        lost(np.array([0.5, 0.1, 1.0]), "binary", (3, 1)),
        lost(np.array([[0.9, 0.1]] * 3), "categorical"),
        lost(np.array([0.5, 0.1, 1.0]), "other"),
        lost(np.array(["a", "b", "a"]), "other"),
        raised(lost(np.array(["a", "b", "a"]), "other", error="loss"), None, "loss"),
        raised(lost(np.array([1, 2, 3]), "other", (3, 1), error="loss"), None, "loss", "shapes differ"),
    ],
    ids=[
        "whole floats",
        "bool",
        "integers for Keras' squared error",
        "numbers for a regression",
        "numbers for the model's own regression",
        "probabilities",
        "soft labels",
        "a loss of one's own",
        "strings that are looked up in training",
        "strings, and a loss of one's own",
        "integers, and another error",
    ],
)
def test_labels_that_are_right(facts: CallFacts) -> None:
    assert check("labels-dtype", facts) is None
