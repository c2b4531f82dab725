"""After a check everything is as before: weights, optimizer, metrics, random state, patched methods, memory."""

from __future__ import annotations

import gc
import random
import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bertmagic.session import Watch


def state(tf: Any, model: Any) -> dict[str, Any]:
    from tensorflow.python.eager import context

    rng = getattr(context.context(), "_rng", None)
    return {
        "weights": [weight.tobytes() for weight in model.get_weights()],
        "optimizer": [variable.numpy().tobytes() for variable in model.optimizer.variables],
        "metrics": [variable.numpy().tobytes() for metric in model.metrics for variable in metric.variables],
        "attributes": sorted(vars(model)),
        "python": random.getstate(),
        "numpy": str(np.random.get_state()),
        "tensorflow": tf.random.get_global_generator().state.numpy().tobytes(),
        "eager": None if rng is None else rng.getstate(),
        "losses": len(model.losses),
    }


def methods(model: Any) -> dict[str, Any]:
    return {
        f"{owner.__module__}.{owner.__qualname__}.{name}": value
        for owner in type(model).__mro__
        for name, value in vars(owner).items()
        if callable(value)
    }


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("mask", [False, True])
def test_weights_optimizer_metrics_and_random_state(
    tf: Any, build: Any, batch: SimpleNamespace, trained: bool, mask: bool
) -> None:
    model = build(mask)
    x = {"input_ids": batch.ids, "attention_mask": batch.mask} if mask else {"input_ids": batch.ids}
    if trained:
        model.fit(x, batch.labels, verbose=0)
    before, patched = state(tf, model), methods(model)
    with Watch(namespace={}) as watch:
        model.fit(x, batch.labels, verbose=0)
    assert watch.report is not None
    assert watch.report.verdict == ("pass" if mask else "warn")
    after = state(tf, model)
    assert {key for key in before if before[key] != after[key]} == set()
    assert methods(model) == patched


def test_training_after_a_check_is_the_training_without_it(
    tf: Any, keras: Any, build: Any, batch: SimpleNamespace
) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    losses = []
    for checked in (False, True):
        keras.utils.set_random_seed(3)
        model = build()
        weights = model.get_weights()
        model.set_weights([np.random.default_rng(5).normal(0, 0.02, weight.shape) for weight in weights])
        if checked:
            with Watch(namespace={}):
                model.fit(x, batch.labels, verbose=0)
        losses.append(model.fit(x, batch.labels, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_a_model_that_is_not_built_gets_the_weights_that_it_would_have_got(
    keras: Any, config: Any, batch: SimpleNamespace
) -> None:
    from transformers import TFBertModel

    drawn = []
    for checked in (False, True):
        keras.utils.set_random_seed(11)
        model = TFBertModel(config)
        if checked:
            with Watch(namespace={}):
                out = model(batch.ids, attention_mask=batch.mask)
        else:
            out = model(batch.ids, attention_mask=batch.mask)
        drawn.append((out.last_hidden_state.numpy(), model.get_weights(), random.random(), np.random.rand()))
    assert np.array_equal(drawn[0][0], drawn[1][0])
    assert all(np.array_equal(a, b) for a, b in zip(drawn[0][1], drawn[1][1], strict=True))
    assert drawn[0][2:] == drawn[1][2:]


def test_running_statistics_and_stateful_layers_are_put_back(keras: Any, bert: Any, batch: SimpleNamespace) -> None:
    ids = keras.Input((8,), batch_size=6, dtype="int32", name="input_ids")
    hidden = keras.layers.BatchNormalization()(bert(ids).last_hidden_state)
    model = keras.Model(ids, keras.layers.LSTM(3, stateful=True)(hidden))
    model.compile("adam", "mse")
    model(batch.ids)
    states = [variable.numpy() for variable in model.layers[-1].states]
    with Watch(namespace={}):
        model.fit(batch.ids, np.zeros((6, 3)), verbose=0, batch_size=6)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(states, model.layers[-1].states, strict=True))


def test_an_open_gradient_tape_sees_the_users_call_alone(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    def gradient() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(bert(batch.ids, attention_mask=batch.mask).pooler_output ** 2)
        return tape.gradient(loss, bert.trainable_variables[0])

    plain = tf.convert_to_tensor(gradient()).numpy()
    with Watch(namespace={}):
        watched = tf.convert_to_tensor(gradient()).numpy()
    assert np.array_equal(plain, watched)


def test_metric_objects_of_the_users_are_not_counted_up(keras: Any, build: Any, batch: SimpleNamespace) -> None:
    mine = keras.metrics.SparseCategoricalAccuracy(name="mine")
    model = build(metrics=[mine])
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    model.fit(x, batch.labels, verbose=0)
    before = [variable.numpy().copy() for variable in mine.variables]
    with Watch(namespace={}):
        model.fit(x, batch.labels, verbose=0)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, mine.variables, strict=True))


def test_the_report_keeps_nothing_alive(build: Any, batch: SimpleNamespace) -> None:
    model = build()
    dead = weakref.ref(model)
    with Watch(namespace={}) as watch:
        model.fit({"input_ids": batch.ids, "attention_mask": batch.mask}, batch.labels, verbose=0)
    assert watch.report is not None
    import tf_keras

    del model
    tf_keras.backend.clear_session()
    gc.collect()
    assert dead() is None


def test_own_failure_is_one_line_and_the_cell_goes_on(
    build: Any, batch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertmagic import examine

    def broken(*_: Any) -> Any:
        raise KeyError("lost")

    monkeypatch.setattr(examine, "choose_rows", broken)
    model = build()
    with Watch(namespace={}) as watch:
        history = model.fit({"input_ids": batch.ids, "attention_mask": batch.mask}, batch.labels, verbose=0)
        predicted = model.predict({"input_ids": batch.ids, "attention_mask": batch.mask}, verbose=0)
    assert "loss" in history.history
    assert predicted.shape == (6, 2)
    assert watch.report is not None
    assert len(watch.report.internal_errors) == 2
    assert "KeyError: 'lost'" in watch.report.internal_errors[0]
