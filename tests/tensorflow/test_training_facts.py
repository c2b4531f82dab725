"""The facts of a real model's state: what its weights, its optimizer and a pass tell, and that nothing is changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic
from bertmagic.backends import streams
from bertmagic.backends.tensorflow import BACKEND, devices, optimizers, weights


@pytest.fixture
def pretrained(config: Any, tmp_path: Any) -> Any:
    """`pretrained(cls, **changes)`: a model of that class from a checkpoint of weights as after training."""
    import transformers

    base = transformers.TFBertModel(config)
    base.build_in_name_scope()
    random = np.random.default_rng(0)
    for weight in base.weights:
        if "LayerNorm" in weight.name:
            weight.assign(weight + random.normal(0, 0.1, weight.shape))
    base.save_pretrained(tmp_path / "checkpoint")

    def load(cls: str = "TFBertForSequenceClassification", **changes: Any) -> Any:
        return getattr(transformers, cls).from_pretrained(tmp_path / "checkpoint", **changes)

    return load


def inputs(batch: SimpleNamespace) -> dict[str, Any]:
    return {"input_ids": batch.ids, "attention_mask": batch.mask}


def fitted(model: Any, batch: SimpleNamespace, labels: Any = None, **settings: Any) -> Any:
    """The report of `fit`."""
    with bertmagic.watching() as watch:
        model.fit(inputs(batch), batch.labels if labels is None else labels, verbose=0, **settings)
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    return watch.report


def said(report: Any) -> list[str]:
    return [finding.rule for finding in report.findings]


def functional(keras: Any, bert: Any, how: str, optimizer: Any = "adam") -> Any:
    """A functional model on an encoder; `how` its head takes what the encoder gives."""
    import tensorflow as tf

    x = {name: keras.Input((None,), dtype="int32", name=name) for name in ("input_ids", "attention_mask")}
    given = bert(x)
    taken = {
        "pooler": lambda: given.pooler_output,
        "first": lambda: given.last_hidden_state[:, 0],
        "mean": lambda: keras.layers.GlobalAveragePooling1D()(given[0]),
        "stopped": lambda: tf.stop_gradient(given.last_hidden_state)[:, 0],
        "both": lambda: keras.layers.concatenate([given[0][:, 0], given[1]]),
    }[how]()
    model = keras.Model(x, keras.layers.Dense(2)(taken))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


# -- the learning rate -----------------------------------------------------------------------------------------------


def test_adam_as_it_comes_for_a_checkpoint(pretrained: Any, batch: SimpleNamespace) -> None:
    model = pretrained()
    model.compile("adam")
    assert said(fitted(model, batch)) == ["learning-rate-high"]
    model.optimizer.learning_rate = 2e-5
    assert said(fitted(model, batch)) == []


@pytest.mark.parametrize("frozen", ["whole", "layers"])
def test_a_frozen_encoder_may_have_any_rate(pretrained: Any, batch: SimpleNamespace, frozen: str) -> None:
    model = pretrained()
    if frozen == "whole":
        model.bert.trainable = False
    else:
        for layer in model.bert.encoder.layer:
            layer.trainable = False
    model.compile("adam")
    assert said(fitted(model, batch)) == []


def test_frozen_embeddings_change_nothing(pretrained: Any, batch: SimpleNamespace) -> None:
    model = pretrained()
    model.bert.embeddings.trainable = False
    model.compile("adam")
    assert said(fitted(model, batch)) == ["learning-rate-high"]


def test_unfreezing_for_a_second_fit_is_seen(pretrained: Any, batch: SimpleNamespace) -> None:
    model = pretrained()
    model.bert.trainable = False
    model.compile("adam")
    with bertmagic.watching() as watch:
        model.fit(inputs(batch), batch.labels, verbose=0)
        model.bert.trainable = True
        model.fit(inputs(batch), batch.labels, verbose=0)
    assert said(watch.report) == ["learning-rate-high"]


def test_a_config_with_a_name_does_not_make_weights(pretrained: Any, batch: SimpleNamespace) -> None:
    from transformers import TFBertForSequenceClassification

    model = TFBertForSequenceClassification(pretrained().config)
    assert model.config._name_or_path
    model.compile("adam")
    assert said(fitted(model, batch)) == []
    with bertmagic.watching() as watch:
        model.predict(inputs(batch), verbose=0)
    assert said(watch.report) == []


def test_callbacks_that_set_the_rate(pretrained: Any, keras: Any, batch: SimpleNamespace) -> None:
    model = pretrained()
    model.compile("adam")
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 2e-5)
    assert said(fitted(model, batch, callbacks=[scheduler])) == []
    assert said(fitted(model, batch, callbacks=[keras.callbacks.EarlyStopping()])) == ["learning-rate-high"]


def test_a_model_of_ones_own_that_was_never_called(pretrained: Any, keras: Any, batch: SimpleNamespace) -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bert = pretrained("TFBertModel")
            self.head = keras.layers.Dense(2)

        def call(self, x: Any, training: bool = False) -> Any:
            return self.head(self.bert(x, training=training).last_hidden_state[:, 0])

    model = Own()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert said(fitted(model, batch)) == ["learning-rate-high", "pooler-unused"]


def test_a_training_step_of_ones_own(pretrained: Any, keras: Any, batch: SimpleNamespace) -> None:
    from transformers import TFBertForSequenceClassification

    class Own(TFBertForSequenceClassification):
        def train_step(self, data: Any) -> Any:
            return {}

    model = Own(pretrained().config)
    model.build_in_name_scope()
    model.set_weights(pretrained().get_weights())
    model.compile("adam")
    assert said(fitted(model, batch)) == []


# -- the pooler ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("pooler", ["learning-rate-high"]),
        ("first", ["learning-rate-high", "pooler-unused"]),
        ("mean", ["pooling-over-padding", "learning-rate-high", "pooler-unused"]),
        ("both", ["learning-rate-high"]),
        ("stopped", []),
    ],
)
def test_what_the_outputs_depend_on(
    pretrained: Any, keras: Any, batch: SimpleNamespace, how: str, expected: list[str]
) -> None:
    assert said(fitted(functional(keras, pretrained("TFBertModel"), how), batch)) == expected


def test_keras_warns_of_the_very_pooler_that_is_named(
    keras: Any, bert: Any, batch: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    model = functional(keras, bert, "first", keras.optimizers.SGD(0.0))
    report = fitted(model, batch)
    assert said(report) == ["pooler-unused"]
    tensorflow = pytest.importorskip("tensorflow").get_logger()
    tensorflow.addHandler(caplog.handler)
    try:
        model.fit(inputs(batch), batch.labels, verbose=0)
    finally:
        tensorflow.removeHandler(caplog.handler)
    assert "Gradients do not exist" in caplog.text
    assert "pooler" in caplog.text
    next(part for part in model.submodules if part.name == "pooler").trainable = False
    try:
        assert said(fitted(model, batch)) == []
    finally:
        bert.bert.pooler.trainable = True


def test_a_tape_of_the_users_own_records_nothing_of_the_check(
    tf: Any, keras: Any, bert: Any, batch: SimpleNamespace
) -> None:
    model = functional(keras, bert, "first")
    with tf.GradientTape() as tape:
        assert said(fitted(model, batch)) == []
    assert tape.watched_variables() == ()
    with tf.GradientTape() as tape:
        model(inputs(batch))
    assert len(tape.watched_variables()) == len(model.trainable_weights)


# -- new heads -------------------------------------------------------------------------------------------------------


def test_a_new_head_predicts_until_it_is_trained(tf: Any, pretrained: Any, keras: Any, batch: SimpleNamespace) -> None:
    model = pretrained()
    model.compile(keras.optimizers.Adam(2e-5))
    x = inputs(batch)
    for work in (lambda: model.predict(x, verbose=0), lambda: model(x), lambda: model.evaluate(x, batch.labels)):
        with bertmagic.watching() as watch:
            work()
        assert said(watch.report) == ["head-untrained"]
        assert watch.report is not None
        assert watch.report.verdict == "pass"
    with bertmagic.watching() as watch:
        with tf.GradientTape():
            model(x)
        model(x, training=True)
    assert said(watch.report) in ([], ["training-mode-at-inference"])
    with bertmagic.watching() as watch:
        model.fit(x, batch.labels, verbose=0)
        model.predict(x, verbose=0)
    assert said(watch.report) == []
    model.fit(x, batch.labels, verbose=0)
    with bertmagic.watching() as watch:
        model.predict(x, verbose=0)
    assert said(watch.report) == []


def test_heads_that_are_not_new(keras: Any, pretrained: Any, batch: SimpleNamespace) -> None:
    bert = pretrained("TFBertModel")
    model = functional(keras, bert, "first")
    head = model.layers[-1]
    assert [each.path for each in weights.untrained_heads(model)] == [head.name]
    kernel, bias = head.get_weights()
    for other in ([kernel, bias + 1e-3], [kernel * 10, bias], [np.eye(16, 2, dtype="float32"), bias]):
        head.set_weights(other)
        assert weights.untrained_heads(model) == ()
    head.set_weights([kernel, bias])
    head.trainable = False
    assert weights.untrained_heads(model) == ()


@pytest.mark.parametrize("initializer", ["glorot_uniform", "he_uniform", "lecun_uniform", "truncated"])
def test_the_usual_initializers_are_known(keras: Any, bert: Any, initializer: str) -> None:
    x = keras.Input((None,), dtype="int32")
    kind = keras.initializers.TruncatedNormal(stddev=0.02) if initializer == "truncated" else initializer
    model = keras.Model(x, keras.layers.Dense(4, kernel_initializer=kind)(bert(x)[1]))
    assert len(weights.untrained_heads(model)) == 1


# -- optimizers ------------------------------------------------------------------------------------------------------


def test_rates_and_slots(keras: Any) -> None:
    from transformers import AdamWeightDecay, create_optimizer

    schedules = keras.optimizers.schedules
    new, old = keras.optimizers, keras.optimizers.legacy

    class Own(new.Adam):
        pass

    cases: list[tuple[Any, bool, float | None, int | None]] = [
        (new.Adam(), True, 1e-3, 2),
        (new.Adam(amsgrad=True, use_ema=True), True, 1e-3, 4),
        (new.AdamW(3e-5), True, 3e-5, 2),
        (new.Nadam(0.002), True, 2e-3, 2),
        (new.Adam(epsilon=1.0), False, 1e-3, 2),
        (new.SGD(1e-3), False, 1e-3, 0),
        (new.SGD(1e-3, momentum=0.9), False, 1e-3, 1),
        (new.RMSprop(), False, 1e-3, 1),
        (old.Adam(), True, 1e-3, 2),
        (old.SGD(0.1, momentum=0.5), False, 0.1, 1),
        (old.SGD(0.1), False, 0.1, 0),
        (AdamWeightDecay(5e-3), True, 5e-3, 2),
        (create_optimizer(2e-5, 100, 10)[0], True, 2e-5, 2),
        (create_optimizer(2e-3, 100, 10, weight_decay_rate=0.01)[0], True, 2e-3, 2),
        (new.Adam(schedules.PolynomialDecay(5e-5, 1000, 0.0)), True, 5e-5, 2),
        (new.Adam(schedules.CosineDecay(0.0, 100, warmup_target=3e-3, warmup_steps=20)), True, 3e-3, 2),
        (new.Adam(schedules.PiecewiseConstantDecay([10, 20], [1e-5, 1e-3, 1e-5])), True, 1e-3, 2),
        (new.Adam(schedules.ExponentialDecay(1e-7, 1, 1.1)), True, None, 2),
        (Own(1e-3), False, None, None),
        (keras.mixed_precision.LossScaleOptimizer(new.Adam(1e-3)), True, 1e-3, 2),
    ]
    for optimizer, adam, rate, slots in cases:
        before = len(optimizer.variables) if not callable(optimizer.variables) else len(optimizer.variables())
        facts = optimizers.facts_of(optimizer)
        assert (facts.adam, facts.slots, facts.steps) == (adam, slots, 0), facts
        assert facts.rate == (None if rate is None else pytest.approx(rate, rel=1e-5)), facts
        after = len(optimizer.variables) if not callable(optimizer.variables) else len(optimizer.variables())
        assert after == before


def test_a_schedule_of_ones_own_is_not_called(keras: Any) -> None:
    calls = []

    class Noam(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            calls.append(step)
            return 1e-3

    optimizer = keras.optimizers.Adam(Noam())
    made = len(calls)
    facts = optimizers.facts_of(optimizer)
    assert (facts.rate, facts.schedule) == (None, "Noam")
    assert len(calls) == made


# -- memory and labels -----------------------------------------------------------------------------------------------


def test_the_memory_of_training(keras: Any, bert: Any) -> None:
    model = functional(keras, bert, "first")
    whole = weights.memory_of(model, 2)
    assert whole is not None
    tables = sum(int(np.prod(weight.shape)) for weight in bert.bert.embeddings.weights)
    every = model.count_params()
    assert whole.device == "CPU"
    assert whole.parameters == 4 * every
    assert whole.gradients == 4 * (every - tables)
    assert whole.slots == 8 * every
    bert.trainable = False
    try:
        frozen = weights.memory_of(model, 2)
    finally:
        bert.trainable = True
    assert frozen is not None
    assert (frozen.parameters, frozen.gradients, frozen.slots) == (4 * every, 4 * 34, 8 * 34)


def test_mixed_precision_keeps_whole_floats(keras: Any) -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        model(np.zeros((1, 4)))
        memory = weights.memory_of(model, 0)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert memory is not None
    assert memory.parameters == 4 * 15


def test_a_fit_that_needs_more_than_there_is(
    pretrained: Any, batch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = pretrained()
    model.compile("sgd")
    assert said(fitted(model, batch)) == []
    monkeypatch.setattr(devices, "_machine_memory", lambda root: (1000, "the test"))
    assert said(fitted(model, batch)) == ["memory-exceeds-device"]


def test_the_hardware_of_this_machine(tf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = BACKEND.hardware("auto")
    assert facts.framework == f"TensorFlow {tf.__version__}"
    assert facts.seen == len(tf.config.list_physical_devices("GPU"))
    assert facts.memory["CPU"][0] > 2**28
    monkeypatch.setattr(devices, "_nodes", lambda root: ("/dev/nvidia0",))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    for setting, hidden in ((None, False), ("0", False), ("", True), ("-1", True)):
        if setting is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)
        assert (BACKEND.hardware("auto").hidden is not None) is hidden
    assert BACKEND.hardware("cpu").nodes == ()


def test_a_gpus_limit(tf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = SimpleNamespace(memory_limit=1024)
    monkeypatch.setattr(tf.config, "get_logical_device_configuration", lambda gpu: [limit])
    assert devices._gpu_memory(tf, object()) == (2**30, "tf.config.get_logical_device_configuration")
    monkeypatch.setattr(tf.config, "get_logical_device_configuration", lambda gpu: None)
    monkeypatch.setattr(devices, "_driver_memory", lambda: (5, "the driver"))
    assert devices._gpu_memory(tf, object()) == (5, "the driver")
    monkeypatch.setenv("TF_FORCE_UNIFIED_MEMORY", "1")
    assert devices._gpu_memory(tf, object()) is None


def test_the_span_of_all_labels(tf: Any, batch: SimpleNamespace) -> None:
    x, y = inputs(batch), np.array([0, 1, 1, 0, 4, 2])
    sliced = tf.data.Dataset.from_tensor_slices
    names = frozenset({"labels"})

    def span(given: Any, labels: Any = None) -> Any:
        return streams.label_span({"x": given, "y": labels}, names)

    assert span(x, y) == (0, 4)
    assert span(x, tf.constant(y)) == (0, 4)
    assert span({**x, "labels": y}) == (0, 4)
    assert span(sliced((x, y)).shuffle(6).batch(2).cache().prefetch(1)) == (0, 4)
    assert span(sliced({**x, "labels": y}).batch(2)) == (0, 4)
    assert span(sliced((x, y, y * 1.0)).batch(2).repeat(2)) == (0, 4)
    assert span(sliced((x, y)).map(lambda a, b: (a, b % 2)).batch(2)) is None
    assert span(sliced((x, y)).batch(2).filter(lambda a, b: True)) is None
    assert span(tf.data.Dataset.zip((sliced(x), sliced(y))).batch(2)) is None
    assert span(x, [0, 1, 4]) is None
    assert span(x, {"a": y}) is None
    assert span(x) is None
    assert span(x, np.array(["yes"] * 6)) is None


def test_one_output_for_classes_and_for_ratings(tf: Any, pretrained: Any, batch: SimpleNamespace) -> None:
    model = pretrained(num_labels=1)
    model.compile("sgd")
    assert said(fitted(model, batch)) == ["regression-head-for-classes"]
    ratings = np.array([0, 1, 1, 0, 4, 2])
    assert said(fitted(model, batch, ratings, batch_size=4)) == []
    model.config.problem_type = "regression"
    assert said(fitted(model, batch)) == []
