"""Losses that code of the user's own computes: what they compare is not what the compiled loss would."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic


def found(run: Any) -> list[str]:
    """The slugs of errors and warnings on a block."""
    # What the library raises is not the question here.
    with contextlib.suppress(Exception), bertmagic.watching() as watch:
        run()
    assert watch.report is not None
    assert not watch.report.internal_errors
    return [finding.rule for finding in watch.report.findings if finding.severity != "advice"]


@pytest.fixture
def x(batch: SimpleNamespace) -> dict[str, Any]:
    return {"input_ids": batch.ids, "attention_mask": batch.mask}


@pytest.mark.parametrize("own", [True, False])
def test_classes_counted_from_one(keras: Any, bert: Any, x: dict[str, Any], own: bool) -> None:
    class Head(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.bert, self.dense = bert, keras.layers.Dense(3)

        def call(self, inputs: dict[str, Any]) -> Any:
            return self.dense(self.bert(inputs).pooler_output)

    class Counting(Head):
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return super().compute_loss(x, y - 1, y_pred, sample_weight)

    model = (Counting if own else Head)()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    labels = np.array([1, 2, 3, 1, 2, 3])
    said = found(lambda: model.fit(x, labels, verbose=0))
    assert said == ([] if own else ["labels-out-of-range"])


@pytest.mark.parametrize("own", ["hf_compute_loss", "call", None])
@pytest.mark.parametrize("kind", ["fit", "call"])
def test_a_head_whose_loss_is_the_users_own(
    tf: Any, config: Any, x: dict[str, Any], own: str | None, kind: str
) -> None:
    from transformers import TFBertForSequenceClassification

    class Scores(TFBertForSequenceClassification):  # type: ignore[misc]
        def hf_compute_loss(self, labels: Any, logits: Any) -> Any:
            wanted = tf.one_hot(tf.cast(labels, tf.int32) - 1, 2)
            return tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits)

    class Called(TFBertForSequenceClassification):  # type: ignore[misc]
        def call(self, input_ids: Any = None, labels: Any = None, **more: Any) -> Any:
            given = dict(input_ids) if isinstance(input_ids, dict) else {"input_ids": input_ids}
            labels = given.pop("labels", labels)
            return super().call(**given, labels=None if labels is None else labels - 1, **more)

    known = {"hf_compute_loss": Scores, "call": Called, None: TFBertForSequenceClassification}
    model = known[own](config)
    model.build_in_name_scope()
    model.compile("sgd")
    labels = tf.constant([1, 2, 1, 2, 1, 2])
    run = (lambda: model.fit(x, labels, verbose=0)) if kind == "fit" else (lambda: model(**x, labels=labels))
    assert found(run) == ([] if own else ["labels-out-of-range"])
