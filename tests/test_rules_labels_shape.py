"""Labels against outputs and loss: the shapes that do not fit, and those that are unusual and right."""

from __future__ import annotations

import numpy as np
import pytest
from facts_builder import (
    check,
    model,
    slugs,
)
from labels_builder import labelled

from bertmagic.facts.call import CallFacts

# -- labels-shape ----------------------------------------------------------------------------------------------------


CLASSIFIER = model(type="TFBertForSequenceClassification", sizes={"labels": 3})
MISFITS = {
    "one label a token, one output a text": labelled(np.zeros((4, 6), "int32"), (4, 3), "sparse", "loss"),
    "one label a token, as many classes as tokens": labelled(np.arange(24).reshape(4, 6) % 3, (4, 6), "sparse", "loss"),
    "the same in the model's own loss": labelled(np.zeros((4, 6), "int32"), (4, 3), "internal", "loss"),
    "one-hot rows for the model's own loss": labelled(np.eye(4, 3, dtype="int32"), (4, 3), "internal", "loss"),
    "labels of a regression broadcast": labelled(np.array([0.5, 1.5, 2.5, 3.5]), (4, 3), "regression"),
    "(batch, 1) broadcast over three outputs": labelled(np.full((4, 1), 0.5), (4, 3), "regression"),
    "three labels for one output": labelled(np.full((4, 3), 0.5), (4, 1), "regression"),
    "six for a transformers regression": labelled(np.full((4, 6), 0.5), (4, 1), "internal", of=CLASSIFIER),
    "five one-hot classes for three outputs": labelled(np.eye(4, 5), (4, 3), "categorical", "loss"),
    "two targets for three sigmoids": labelled(np.zeros((4, 2)), (4, 3), "binary", "loss"),
    "tokens cut at another length": labelled(np.zeros((4, 5), "int32"), (4, 6, 3), "sparse", "loss"),
}


@pytest.mark.parametrize("facts", MISFITS.values(), ids=MISFITS)
def test_labels_that_do_not_fit(facts: CallFacts) -> None:
    assert slugs(facts) == ["labels-shape"]


HALVES = np.array([0.5, 1.5, 2.5, 3.5])
CLASSES = np.array([0, 1, 2, 1], "int32")
TAGS = np.zeros((4, 6), "int32")
IGNORED = np.full((4, 6), -100)
FITS = {
    "classes": labelled(CLASSES, (4, 3), "sparse"),
    "classes (batch, 1)": labelled(CLASSES[:, None], (4, 3), "sparse"),
    "tags": labelled(TAGS, (4, 6, 3), "sparse"),
    "tags (batch, seq, 1)": labelled(TAGS[:, :, None], (4, 6, 3), "sparse"),
    "tags with -100, the model's own loss": labelled(IGNORED, (4, 6, 3), "internal"),
    "one-hot": labelled(np.eye(4, 3), (4, 3), "categorical"),
    "one-hot a token": labelled(np.zeros((4, 6, 3)), (4, 6, 3), "categorical"),
    "mse (batch,) against (batch, 1): Keras aligns": labelled(HALVES, (4, 1), "regression"),
    "bce (batch,) against (batch, 1)": labelled(CLASSES % 2, (4, 1), "binary"),
    "bce (batch, 1)": labelled(CLASSES[:, None] % 2, (4, 1), "binary"),
    "mse (batch, 1) against (batch,)": labelled(HALVES[:, None], (4,), "regression"),
    "mse (batch,) against (batch,)": labelled(HALVES, (4,), "regression"),
    "several sigmoids": labelled(np.zeros((4, 5)), (4, 5), "binary"),
    "several numbers": labelled(np.zeros((4, 5)), (4, 5), "regression"),
    "a number a token": labelled(np.zeros((4, 6)), (4, 6, 1), "regression"),
    "mse of three axes": labelled(np.zeros((4, 6, 8)), (4, 6, 8), "regression"),
    "mse of three axes, broadcast on purpose": labelled(np.zeros((4, 1, 8)), (4, 6, 8), "regression"),
    "regression by the model, num_labels=1": labelled(HALVES, (4, 1), "internal", of=CLASSIFIER),
    "regression by the model, (batch, 1)": labelled(HALVES[:, None], (4, 1), "internal", of=CLASSIFIER),
    "a model of one's own with its own loss": labelled(np.zeros((4, 2)), (4, 1), "internal"),
    "the model's own loss took them": labelled(np.zeros((4, 7)), (4, 3), "internal"),
    "multiple choice": labelled(CLASSES, (4, 3), "internal", of=model(choices=True)),
    "one row": labelled([1], (1, 3), "sparse", rows=1),
    "one row, one output": labelled([0.5], (1, 1), "regression", rows=1),
    "one row, one token": labelled([[1]], (1, 1, 3), "sparse", rows=1),
    "empty": labelled(np.zeros((0,)), (0, 1), "regression", rows=0),
    "a scalar": labelled(np.array(1.0), (4, 1), "regression"),
    "another loss": labelled(np.zeros((4, 7)), (4, 3), "other"),
    "no loss": labelled(np.zeros((4, 7)), (4, 3), None),
    "no labels": labelled(None, (4, 3), "internal"),
    "several labels, as for questions": labelled(
        {"start": CLASSES, "end": CLASSES}, {"start_logits": (4, 6), "end_logits": (4, 6)}, "internal"
    ),
    "several outputs, which one is not known": labelled(
        np.zeros((4, 7)), {"last_hidden_state": (4, 6, 8), "pooler_output": (4, 8)}, "regression"
    ),
    "several outputs in the model's own loss": labelled(
        TAGS, {"prediction_logits": (4, 6, 9), "seq_relationship_logits": (4, 2)}, "internal", "loss"
    ),
    "several outputs, the labels' own among them": labelled(
        {"labels['pooled']": np.zeros((4, 8))}, {"logits": (4, 3), "pooled": (4, 8)}, "regression"
    ),
    "logits beside hidden states": labelled(CLASSES, {"loss": (), "logits": (4, 3), "hidden": (4, 6, 8)}, "internal"),
    "tokens folded into the batch": labelled(TAGS, (24, 3), "sparse"),
    "as many labels in another shape": labelled(TAGS.reshape(4, 2, 3), (4, 6, 3), "sparse", "loss"),
    "rows differ (another rule's matter)": labelled(np.zeros((3, 7)), (4, 3), "regression", "loss"),
    "unpooled outputs (another rule's matter)": labelled(CLASSES, (4, 6, 3), "sparse", "loss"),
    "unpooled outputs, one number": labelled(HALVES[:, None], (4, 6, 1), "regression"),
    "unpooled outputs, one-hot": labelled(np.eye(4, 3), (4, 6, 3), "categorical", "loss"),
    "classes in a categorical loss (another rule's matter)": labelled(CLASSES, (4, 3), "categorical", "loss"),
    "classes as floats in a binary loss": labelled(CLASSES.astype("float32"), (4, 3), "binary"),
    "one-hot in a sparse loss (another rule's matter)": labelled(np.eye(4, 3), (4, 3), "sparse", "loss"),
    "several-hot in a sparse loss (another rule's matter)": labelled(np.tri(4, 3), (4, 3), "sparse", "loss"),
    "strings (another rule's matter)": labelled(np.array(["a", "b", "c", "d"]), (4, 3), "regression", "loss"),
    "the forward pass raised": labelled(np.zeros((4, 7)), None, "regression", "forward"),
    "booleans": labelled(CLASSES.astype(bool), (4, 1), "binary"),
}


@pytest.mark.parametrize("facts", FITS.values(), ids=FITS)
def test_the_labels_are_no_fault(facts: CallFacts) -> None:
    assert check("labels-shape", facts) is None
