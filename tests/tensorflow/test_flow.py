"""What the cell's own code does with a model's outputs, after the call: broadcasts in a loss, pooling over padding."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic
from bertmagic.session import Watch
from tests.tensorflow.conftest import rules

ROWS = 6


@pytest.fixture
def head(keras: Any) -> Any:
    return keras.layers.Dense(1)


@pytest.fixture
def labels(tf: Any) -> Any:
    return tf.constant([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])


@pytest.fixture
def loop(tf: Any, keras: Any, bert: Any, head: Any, batch: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(tf=tf, keras=keras, bert=bert, head=head, batch=batch)


def step(loop: SimpleNamespace, loss: Any, labels: Any) -> Watch:
    """A training step with a loss of one's own, under watch."""
    tf, batch, head = loop.tf, loop.batch, loop.head
    with Watch(namespace={}) as watch:
        with tf.GradientTape() as tape:
            predicted = head(loop.bert(batch.ids, attention_mask=batch.mask, training=True).pooler_output)
            value = loss(tf, loop.keras, predicted, labels)
        tape.gradient(value, head.trainable_variables)
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    return watch


WRONG = {
    "mse": lambda tf, keras, p, y: tf.reduce_mean(tf.square(p - y)),
    "mse the other way": lambda tf, keras, p, y: tf.reduce_mean((y - p) ** 2),
    "squeezed": lambda tf, keras, p, y: tf.reduce_mean(tf.abs(p[:, 0] - y[:, None])),
    "mae in two steps": lambda tf, keras, p, y: tf.reduce_mean(tf.reduce_mean(tf.abs(p - y), axis=-1)),
    "rmse": lambda tf, keras, p, y: tf.sqrt(tf.reduce_mean(tf.math.squared_difference(p, y))),
    "keras' function": lambda tf, keras, p, y: tf.reduce_mean(keras.losses.mean_squared_error(y, p)),
    "cross-entropy by hand": lambda tf, keras, p, y: (
        -tf.reduce_mean(y * tf.math.log(tf.sigmoid(p)) + (1 - y) * tf.math.log(1 - tf.sigmoid(p)))
    ),
    "hinge": lambda tf, keras, p, y: tf.reduce_mean(tf.maximum(0.0, 1 - y * p)),
    "a sum": lambda tf, keras, p, y: tf.reduce_sum(tf.square(p - y)) / 6.0,
    "with regularisation": lambda tf, keras, p, y: tf.reduce_mean(tf.square(p - y)) + 0.1 * tf.reduce_sum(p**2),
    "after dropout": lambda tf, keras, p, y: tf.reduce_mean(tf.square(tf.nn.dropout(p, 0.1) - y)),
}
RIGHT = {
    "a column": lambda tf, keras, p, y: tf.reduce_mean(tf.square(p - y[:, None])),
    "squeezed": lambda tf, keras, p, y: tf.reduce_mean(tf.square(tf.squeeze(p, -1) - y)),
    "keras' class aligns": lambda tf, keras, p, y: keras.losses.MeanSquaredError()(y, p),
    "pairwise ranking": lambda tf, keras, p, y: tf.reduce_mean(tf.nn.softplus(-(p - tf.transpose(p)))),
    "ranking by labels": lambda tf, keras, p, y: tf.reduce_mean(
        tf.where(y[:, None] > y, tf.nn.relu(1 - (p - p[:, 0])), 0.0)
    ),
    "similarity matrix": lambda tf, keras, p, y: tf.reduce_mean(
        tf.abs(tf.matmul(p, p, transpose_b=True) - y[:, None] * y)
    ),
    "energy distance": lambda tf, keras, p, y: (
        tf.reduce_mean(tf.abs(p - y)) - 0.5 * tf.reduce_mean(tf.abs(p - tf.transpose(p)))
    ),
    "cutpoints": lambda tf, keras, p, y: tf.reduce_mean(
        keras.losses.binary_crossentropy(tf.cast(y[:, None] > tf.range(6.0), tf.float32), tf.sigmoid(p - tf.range(6.0)))
    ),
    "kernel density": lambda tf, keras, p, y: (
        -tf.reduce_mean(tf.math.log(tf.reduce_mean(tf.exp(-tf.square(p - tf.linspace(0.0, 1.0, 6))), axis=1)))
    ),
    "nearest centre": lambda tf, keras, p, y: tf.reduce_mean(tf.reduce_min(tf.square(p - tf.range(6.0)), axis=1)),
    "soft histogram": lambda tf, keras, p, y: tf.reduce_sum(
        tf.square(tf.reduce_mean(tf.nn.softmax(-tf.square(p - tf.range(6.0))), axis=0) - 1 / 6)
    ),
    "differences shown only": lambda tf, keras, p, y: (tf.square(p - y), tf.reduce_mean(tf.square(p - y[:, None])))[1],
}


@pytest.mark.parametrize("name", WRONG)
def test_flat_labels_in_a_loss_of_one_s_own(loop: SimpleNamespace, labels: Any, name: str) -> None:
    watch = step(loop, WRONG[name], labels)
    assert rules(watch.report) == ["labels-shape"], watch.report


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_meant_stays_silent(loop: SimpleNamespace, labels: Any, name: str) -> None:
    watch = step(loop, RIGHT[name], labels)
    assert rules(watch.report) == [], watch.report


def test_the_finding_names_the_user_s_own_tensors(loop: SimpleNamespace, labels: Any) -> None:
    tf, batch = loop.tf, loop.batch
    with Watch(namespace={"ratings": labels, "predicted": None}) as watch:
        space = watch._namespace
        space["predicted"] = loop.head(loop.bert(batch.ids, attention_mask=batch.mask).pooler_output)
        tf.reduce_mean(tf.square(space["predicted"] - labels))
    assert watch.report is not None
    (finding,) = [each for each in watch.report.findings if each.severity != "advice"]
    assert finding.subject == "ratings"
    assert "`ratings` has shape (batch=6), and `predicted` has shape (batch=6, outputs=1)" in finding.detail


def unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


POOLED = {
    "tf": lambda tf, hidden: tf.reduce_mean(hidden, axis=1),
    "tf, from the end": lambda tf, hidden: tf.reduce_mean(hidden, -2),
    "a maximum": lambda tf, hidden: tf.reduce_max(hidden, axis=1),
    "normalised": lambda tf, hidden: tf.math.l2_normalize(tf.reduce_mean(hidden, axis=1), axis=-1),
    "keras' layer": lambda tf, hidden: tf.keras.layers.GlobalAveragePooling1D()(hidden),
    "numpy": lambda tf, hidden: hidden.numpy().mean(axis=1),
    "numpy, normalised": lambda tf, hidden: unit(hidden.numpy().mean(axis=1)),
    "numpy, in a list": lambda tf, hidden: [row.mean(axis=0) for row in hidden.numpy()],
    "after a cast": lambda tf, hidden: tf.reduce_mean(tf.cast(hidden, tf.float64), axis=1),
}


@pytest.mark.parametrize("name", POOLED)
def test_a_mean_over_padding_in_plain_code(tf: Any, bert: Any, batch: SimpleNamespace, name: str) -> None:
    space: dict[str, Any] = {"mask": batch.mask}
    with Watch(namespace=space) as watch:
        space["vectors"] = POOLED[name](tf, bert(batch.ids, attention_mask=batch.mask).last_hidden_state)
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    assert rules(watch.report) == ["pooling-over-padding"], watch.report
    (finding,) = [each for each in watch.report.findings if each.severity != "advice"]
    assert finding.evidence["padding tokens"] == {1: 3, 4: 2}
    assert finding.evidence["output"] in ("vectors", "tf.reduce_max")


def masked(tf: Any, hidden: Any, mask: Any) -> Any:
    weight = tf.cast(mask, hidden.dtype)[:, :, None]
    return tf.reduce_sum(hidden * weight, axis=1) / tf.reduce_sum(weight, axis=1)


RIGHT_POOLED = {
    "masked": masked,
    "masked in numpy": lambda tf, hidden, mask: (hidden.numpy() * mask[:, :, None]).sum(1) / mask.sum(1)[:, None],
    "multiplied out": lambda tf, hidden, mask: tf.linalg.matvec(hidden, tf.cast(mask, hidden.dtype), transpose_a=True),
    "einsum": lambda tf, hidden, mask: tf.einsum("bsh,bs->bh", hidden, tf.cast(mask, hidden.dtype)),
    "keras' layer": lambda tf, hidden, mask: tf.keras.layers.GlobalAveragePooling1D()(
        hidden, mask=tf.cast(mask, "bool")
    ),
    "ragged": lambda tf, hidden, mask: tf.reduce_mean(tf.ragged.boolean_mask(hidden, tf.cast(mask, "bool")), axis=1),
    "row by row": lambda tf, hidden, mask: tf.stack(
        [tf.reduce_mean(h[: m.sum()], 0) for h, m in zip(hidden, mask, strict=True)]
    ),
    "first token": lambda tf, hidden, mask: hidden[:, 0],
    "layer statistics": lambda tf, hidden, mask: tf.reduce_mean(hidden, axis=-1),
    "both, to compare": lambda tf, hidden, mask: (tf.reduce_mean(hidden, axis=1), masked(tf, hidden, mask)),
    "both in numpy": lambda tf, hidden, mask: [
        hidden.numpy().mean(1),
        (hidden.numpy() * mask[:, :, None]).sum(1) / mask.sum(1)[:, None],
    ],
    "where": lambda tf, hidden, mask: tf.reduce_max(
        tf.where(tf.cast(mask, tf.bool)[:, :, None], hidden, hidden.dtype.min), axis=1
    ),
}


@pytest.mark.parametrize("name", RIGHT_POOLED)
def test_pooling_that_leaves_padding_out_stays_silent(tf: Any, bert: Any, batch: SimpleNamespace, name: str) -> None:
    space: dict[str, Any] = {"mask": batch.mask}
    with Watch(namespace=space) as watch:
        space["vectors"] = RIGHT_POOLED[name](
            tf, bert(batch.ids, attention_mask=batch.mask).last_hidden_state, batch.mask
        )
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    assert rules(watch.report) == [], watch.report


def test_a_later_batch_of_a_loop_is_followed(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    space: dict[str, Any] = {"vectors": []}
    with Watch(namespace=space) as watch:
        for rows in ([0, 2], [3, 5], [1, 4]):
            hidden = bert(batch.ids[rows], attention_mask=batch.mask[rows]).last_hidden_state
            space["vectors"].append(tf.reduce_mean(hidden, axis=1))
    assert rules(watch.report) == ["pooling-over-padding"]


def test_what_is_computed_is_as_without_the_check(loop: SimpleNamespace, labels: Any) -> None:
    tf, keras, bert, batch = loop.tf, loop.keras, loop.bert, loop.batch
    from tensorflow.python.eager import context, execute

    def train() -> list[bytes]:
        keras.utils.set_random_seed(1)
        own, values = keras.layers.Dense(1), []
        optimizer = keras.optimizers.Adam(1e-3)
        for _ in range(3):
            with tf.GradientTape() as tape:
                hidden = bert(batch.ids, attention_mask=batch.mask, training=True).last_hidden_state
                predicted = own(tf.nn.dropout(tf.reduce_mean(hidden, axis=1), 0.2))
                loss = tf.reduce_mean(tf.square(predicted - labels))
            optimizer.apply_gradients(
                zip(tape.gradient(loss, own.trainable_variables), own.trainable_variables, strict=True)
            )
            values.append(
                loss.numpy().tobytes() + own.kernel.numpy().tobytes() + tf.random.normal((2,)).numpy().tobytes()
            )
        return values

    before, plain = execute.execute, train()
    with bertmagic.watching():
        checked = train()
    assert checked == plain
    assert execute.execute is before
    assert not context.context().op_callbacks


def test_nothing_of_the_cell_is_kept(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    import gc
    import weakref

    with Watch(namespace={}) as watch:
        hidden = bert(batch.ids, attention_mask=batch.mask).last_hidden_state
        mean = tf.reduce_mean(hidden, axis=1)
        refs = [weakref.ref(hidden), weakref.ref(mean)]
        del hidden, mean
        gc.collect()
        assert [ref() for ref in refs] == [None, None]
    assert watch.report is not None


@pytest.mark.parametrize("name", WRONG)
def test_flat_labels_in_a_traced_step(loop: SimpleNamespace, labels: Any, name: str) -> None:
    watch = traced_step(loop, WRONG[name], labels)
    assert rules(watch.report) == ["labels-shape"], watch.report
    assert watch.report is not None
    subject = next(each for each in watch.report.findings if each.severity == "error").subject
    assert subject == ("labels" if name == "squeezed" else "ratings"), "`y[:, None]` has no name"


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_meant_stays_silent_in_a_traced_step(loop: SimpleNamespace, labels: Any, name: str) -> None:
    watch = traced_step(loop, RIGHT[name], labels)
    assert rules(watch.report) == [], watch.report


def traced_step(loop: SimpleNamespace, loss: Any, labels: Any) -> Watch:
    """The same training step as a tf.function."""
    tf, batch, head = loop.tf, loop.batch, loop.head
    head.build((None, 16))

    @tf.function
    def train(ids: Any, mask: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            predicted = head(loop.bert(ids, attention_mask=mask, training=True).pooler_output)
            value = loss(tf, loop.keras, predicted, y)
        return tape.gradient(value, head.trainable_variables)

    with Watch(namespace={"ratings": labels}) as watch:
        train(tf.constant(batch.ids), tf.constant(batch.mask), labels)
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    return watch


@pytest.mark.parametrize("right", [False, True])
def test_a_mean_over_padding_in_a_function(tf: Any, bert: Any, batch: SimpleNamespace, right: bool) -> None:
    @tf.function
    def embed(ids: Any, mask: Any) -> Any:
        hidden = bert(ids, attention_mask=mask).last_hidden_state
        return masked(tf, hidden, mask) if right else tf.reduce_mean(hidden, axis=1)

    space: dict[str, Any] = {"mask": batch.mask}
    with Watch(namespace=space) as watch:
        space["vectors"] = embed(tf.constant(batch.ids), tf.constant(batch.mask))
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    assert rules(watch.report) == ([] if right else ["pooling-over-padding"])
