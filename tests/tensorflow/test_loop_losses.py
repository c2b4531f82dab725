"""Losses of tf-keras that a loop of one's own calls: what they compare is looked at, and nothing is changed."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic


@pytest.fixture
def x(batch: SimpleNamespace) -> dict[str, Any]:
    return {"input_ids": batch.ids, "attention_mask": batch.mask}


@pytest.fixture(scope="module")
def tagger(config: Any) -> Any:
    from transformers import TFBertForTokenClassification

    model = TFBertForTokenClassification(config)
    model.build_in_name_scope()
    return model


@pytest.fixture(scope="module")
def classifier(config: Any) -> Any:
    from transformers import TFBertForSequenceClassification

    model = TFBertForSequenceClassification(config)
    model.build_in_name_scope()
    return model


def found(run: Callable[[], Any]) -> list[str]:
    """The slugs of errors and warnings on a loop."""
    import tensorflow as tf

    def taped() -> None:
        with tf.GradientTape():
            run()

    # That it raises is not the question here.
    with contextlib.suppress(ValueError, tf.errors.OpError), bertmagic.watching() as watch:
        taped()
    assert watch.report is not None
    assert not watch.report.internal_errors
    return [finding.rule for finding in watch.report.findings if finding.severity != "advice"]


def cross_entropy(keras: Any, **settings: Any) -> Any:
    return keras.losses.SparseCategoricalCrossentropy(**{"from_logits": True, **settings})


def test_probabilities_are_wanted_and_logits_given(keras: Any, classifier: Any, x: Any, batch: Any) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy()
    assert found(lambda: loss(batch.labels, classifier(x).logits)) == ["logits-flag-mismatch"]


def test_classes_counted_from_one(keras: Any, classifier: Any, x: Any, batch: Any) -> None:
    assert found(lambda: cross_entropy(keras)(batch.labels + 1, classifier(x).logits)) == ["labels-out-of-range"]


def test_one_hot_labels_for_a_loss_of_indices(tf: Any, keras: Any, bert: Any, x: Any, batch: Any) -> None:
    head, labels = keras.layers.Dense(3), tf.one_hot(batch.labels, 3)
    assert found(lambda: cross_entropy(keras)(labels, head(bert(x).pooler_output))) == ["loss-mismatch"]


def test_labels_that_are_text(tf: Any, keras: Any, classifier: Any, x: Any, batch: Any) -> None:
    labels = tf.constant([str(each) for each in batch.labels])
    assert found(lambda: cross_entropy(keras)(labels, classifier(x).logits)) == ["labels-dtype"]


def test_a_head_on_every_token(tf: Any, keras: Any, bert: Any, x: Any, batch: Any) -> None:
    head, labels = keras.layers.Dense(1), tf.cast(batch.labels, tf.float32)[:, None]
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    assert found(lambda: loss(labels, head(bert(x).last_hidden_state))) == ["sequence-output-unpooled"]


def right_loops(keras: Any, bert: Any, batch: SimpleNamespace) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Losses of right programs, given the model's inputs."""
    import tensorflow as tf

    classes, one, two = keras.layers.Dense(3), keras.layers.Dense(1), keras.layers.Dense(3, activation="softmax")
    numbers = tf.constant(batch.labels * 0.7)
    losses = keras.losses
    pooled = lambda x: bert(x).pooler_output  # noqa: E731

    def teacher(x: dict[str, Any]) -> Any:
        wanted = tf.nn.softmax(classes(pooled(x)))
        return losses.CategoricalCrossentropy()(wanted, tf.nn.softmax(classes(pooled(x))))

    def pairs(x: dict[str, Any]) -> Any:
        vectors = tf.math.l2_normalize(pooled(x), axis=-1)
        scores = tf.matmul(vectors, vectors, transpose_b=True) * 20.0
        return cross_entropy(keras)(tf.range(len(batch.labels)), scores)

    def span(x: dict[str, Any]) -> Any:
        start = one(bert(x).last_hidden_state)[:, :, 0]
        return cross_entropy(keras)(tf.constant([1, 2, 3, 4, 5, 6]), start)

    class Own(losses.Loss):  # type: ignore[misc,name-defined]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return losses.sparse_categorical_crossentropy(y_true - 1, y_pred, from_logits=True)

    return {
        "logits": lambda x: cross_entropy(keras)(batch.labels, classes(pooled(x))),
        "a column of labels": lambda x: cross_entropy(keras)(batch.labels[:, None], classes(pooled(x))),
        "labels in a list": lambda x: cross_entropy(keras)(batch.labels.tolist(), classes(pooled(x))),
        "by keyword": lambda x: cross_entropy(keras)(y_true=batch.labels, y_pred=classes(pooled(x))),
        "weights": lambda x: cross_entropy(keras)(batch.labels, classes(pooled(x)), np.ones(6, "float32")),
        "of each row": lambda x: cross_entropy(keras, reduction="none")(batch.labels, classes(pooled(x))),
        "probabilities": lambda x: losses.SparseCategoricalCrossentropy()(batch.labels, two(pooled(x))),
        "probabilities by hand": lambda x: losses.SparseCategoricalCrossentropy()(
            batch.labels, tf.nn.softmax(classes(pooled(x)))
        ),
        "one-hot": lambda x: losses.CategoricalCrossentropy(from_logits=True)(
            tf.one_hot(batch.labels, 3), classes(pooled(x))
        ),
        "yes or no": lambda x: losses.BinaryCrossentropy(from_logits=True)(batch.labels, one(pooled(x))),
        "yes or no, in a column": lambda x: losses.BinaryCrossentropy(from_logits=True)(
            batch.labels[:, None].astype("float32"), one(pooled(x))
        ),
        "yes or no, by a sigmoid": lambda x: losses.BinaryCrossentropy()(
            batch.labels, tf.sigmoid(one(pooled(x)))[:, 0]
        ),
        "several labels": lambda x: losses.BinaryCrossentropy(from_logits=True)(
            np.eye(3, dtype="float32")[batch.labels], classes(pooled(x))
        ),
        "scores": lambda x: losses.MeanSquaredError()(numbers, one(pooled(x))),
        "scores, without an axis": lambda x: losses.Huber()(numbers, tf.squeeze(one(pooled(x)), -1)),
        "a teacher": teacher,
        "pairs": pairs,
        "a span": span,
        "a loss of one's own": lambda x: Own()(batch.labels + 1, classes(pooled(x))),
        "a class that is left out": lambda x: cross_entropy(keras, ignore_class=-100)(
            np.where(batch.mask == 1, 1, -100), classes(bert(x).last_hidden_state)
        ),
        "chosen tokens": lambda x: cross_entropy(keras)(
            tf.boolean_mask(np.where(batch.mask == 1, 1, -100), batch.mask == 1),
            tf.boolean_mask(classes(bert(x).last_hidden_state), batch.mask == 1),
        ),
        "weighed tokens": lambda x: cross_entropy(keras)(
            np.where(batch.mask == 1, 1, 0), classes(bert(x).last_hidden_state), batch.mask
        ),
        "flattened tokens": lambda x: cross_entropy(keras)(
            tf.reshape(batch.mask, [-1]), tf.reshape(classes(bert(x).last_hidden_state), [-1, 3])
        ),
    }


NAMES = [
    "logits", "a column of labels", "labels in a list", "by keyword", "weights", "of each row", "probabilities",
    "probabilities by hand", "one-hot", "yes or no", "yes or no, in a column", "yes or no, by a sigmoid",
    "several labels", "scores", "scores, without an axis", "a teacher", "pairs", "a span", "a loss of one's own",
    "a class that is left out", "chosen tokens", "weighed tokens", "flattened tokens",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_right_loops_are_quiet(keras: Any, bert: Any, x: Any, batch: Any, name: str) -> None:
    loops = right_loops(keras, bert, batch)
    assert sorted(loops) == sorted(NAMES)
    assert found(lambda: loops[name](x)) == []


def test_the_loss_and_what_it_raises_are_as_without_the_check(tf: Any, keras: Any, classifier: Any, x: Any) -> None:
    loss = cross_entropy(keras)

    def run(labels: Any) -> tuple[float | None, str, list[str]]:
        try:
            return float(loss(labels, classifier(x).logits)), "", []
        except (ValueError, tf.errors.OpError) as raised:
            return None, str(raised), [each.name for each in traceback.extract_tb(raised.__traceback__)]

    original = keras.losses.Loss.__call__
    for labels in (tf.constant([0, 1, 0, 1, 1, 0]), tf.one_hot([0, 1, 0, 1, 1, 0], 3)):
        value, text, frames = run(labels)
        with bertmagic.watching():
            checked, said, around = run(labels)
        assert (value, text) == (checked, said)
        assert [each for each in around if each != "called"] == frames
    assert keras.losses.Loss.__call__ is original


GRAPHS = {
    "right": (lambda labels, logits, loss: loss(labels, logits), {"from_logits": True}, []),
    "shifted back": (lambda labels, logits, loss: loss(labels - 0, logits), {"from_logits": True}, []),
    "its own softmax": (lambda labels, logits, loss: loss(labels, softmax(logits)), {}, []),
    "of each row": (lambda labels, logits, loss: loss(labels, logits), {"from_logits": True, "reduction": "none"}, []),
    "logits for probabilities": (lambda labels, logits, loss: loss(labels, logits), {}, ["logits-flag-mismatch"]),
    "from one": (
        lambda labels, logits, loss: loss(labels + 1, logits),
        {"from_logits": True},
        ["labels-out-of-range"],
    ),
}


def softmax(logits: Any) -> Any:
    import tensorflow as tf

    return tf.nn.softmax(logits)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_loss_in_a_function(keras: Any, classifier: Any, x: Any, batch: Any, name: str) -> None:
    import tensorflow as tf

    compute, settings, rules = GRAPHS[name]
    loss = keras.losses.SparseCategoricalCrossentropy(**settings)
    traces: list[None] = []

    @tf.function
    def step(inputs: Any, labels: Any) -> Any:
        traces.append(None)
        return compute(labels, classifier(inputs, training=True).logits, loss)

    inputs = {name: tf.constant(value) for name, value in x.items()}
    assert found(lambda: step(inputs, tf.constant(batch.labels))) == rules
    if not rules:
        step(inputs, tf.constant(batch.labels))
        assert len(traces) == 1


def test_what_a_head_outside_of_the_model_gives_is_not_taken_for_its_outputs(
    tf: Any, keras: Any, classifier: Any, x: Any, batch: Any
) -> None:
    head, loss = keras.layers.Dense(2, activation="softmax"), keras.losses.SparseCategoricalCrossentropy()

    @tf.function
    def step(ids: Any, mask: Any, labels: Any) -> Any:
        return loss(labels, head(classifier({"input_ids": ids, "attention_mask": mask}).logits))

    arguments = [tf.constant(each) for each in (x["input_ids"], x["attention_mask"], batch.labels)]
    assert found(lambda: step(*arguments)) == []
