"""Labels that do not reach a transformers model's own loss, against the real library."""

from __future__ import annotations

import contextlib
import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic


def found(run: Any) -> list[str]:
    """The slugs of errors and warnings on a block that may raise."""
    # What the library raises is not the question here.
    with contextlib.suppress(Exception), bertmagic.watching() as watch:
        run()
    assert watch.report is not None
    assert not watch.report.internal_errors
    return [finding.rule for finding in watch.report.findings if finding.severity != "advice"]


@pytest.fixture
def make(tf: Any, keras: Any, config: Any) -> Any:
    """`make(loss, outputs)`: a sequence classifier, compiled with a loss or with its own (None)."""
    from transformers import TFBertForSequenceClassification

    def classifier(loss: Any = None, outputs: int = 2) -> Any:
        settings = copy.deepcopy(config)
        settings.num_labels = outputs
        model = TFBertForSequenceClassification(settings)
        model.build_in_name_scope()
        named = {} if loss is None else {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
        model.compile(keras.optimizers.Adam(5e-5), **named)
        return model

    return classifier


@pytest.fixture
def x(batch: SimpleNamespace) -> dict[str, Any]:
    return {"input_ids": batch.ids, "attention_mask": batch.mask}


@pytest.mark.parametrize("loss", [None, "sparse"])
@pytest.mark.parametrize("verb", ["fit", "evaluate", "train_on_batch"])
def test_no_labels(make: Any, x: dict[str, Any], loss: Any, verb: str) -> None:
    assert found(lambda: getattr(make(loss), verb)(x)) == ["labels-missing"]


def test_labels_under_another_name(make: Any, x: dict[str, Any], batch: SimpleNamespace) -> None:
    assert found(lambda: make().fit(x, {"label": batch.labels}, verbose=0)) == ["input-misnamed"]


def test_labels_that_arrive(make: Any, x: dict[str, Any], batch: SimpleNamespace) -> None:
    assert not found(lambda: make().fit(x, {"labels": batch.labels}, verbose=0))
    assert not found(lambda: make().fit({**x, "labels": batch.labels}, verbose=0))
    assert not found(lambda: make("sparse").fit(x, {"label": batch.labels}, verbose=0))
    assert not found(lambda: make("sparse").predict(x, verbose=0))


@pytest.mark.parametrize("labels", ["array", "list"])
def test_labels_of_a_direct_call_that_are_no_tensor(make: Any, x: dict[str, Any], labels: str) -> None:
    scores = np.linspace(0, 1, 6, dtype="float32")
    given = scores if labels == "array" else scores.tolist()
    assert found(lambda: make(outputs=1)(x, labels=given)) == ["container-unsupported"]
    # With two outputs the loss takes them.
    assert not found(lambda: make()(x, labels=[0, 1, 0, 1, 1, 0]))


def test_classes_of_a_direct_call_go_by_the_models_own_loss(tf: Any, make: Any, x: dict[str, Any]) -> None:
    scores = tf.constant(np.linspace(0, 1, 6, dtype="float32"))
    assert not found(lambda: make("sparse", outputs=1)(x, labels=scores))
    assert found(lambda: make()(x, labels=tf.constant([5, 1, 0, 0, 1, 0]))) == ["labels-out-of-range"]
