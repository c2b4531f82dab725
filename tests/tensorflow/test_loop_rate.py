"""The rate of a training loop of one's own: seen as its first step is made, and the loop is as without the check."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bertmagic.session import Watch

RULE = "learning-rate-high"


@pytest.fixture
def load(config: Any, tmp_path: Any) -> Callable[[], Any]:
    """`load()`: a classifier with an encoder from a checkpoint of weights as after training."""
    import transformers

    base = transformers.TFBertModel(config)
    base.build_in_name_scope()
    numbers = np.random.default_rng(0)
    for weight in base.weights:
        if "LayerNorm" in weight.name:
            weight.assign(weight + numbers.normal(0, 0.1, weight.shape))
    base.save_pretrained(tmp_path / "checkpoint")

    def loaded() -> Any:
        bert = transformers.TFBertModel.from_pretrained(tmp_path / "checkpoint")
        return _classifier(bert)

    return loaded


def _classifier(bert: Any) -> Any:
    import tf_keras

    class Classifier(tf_keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert
            self.head = tf_keras.layers.Dense(2)

        def call(self, ids: Any, mask: Any, training: bool = False) -> Any:
            hidden = self.bert(ids, attention_mask=mask, training=training).last_hidden_state
            return self.head(hidden[:, 0])

    return Classifier()


def loop(
    net: Any, adam: Any, batch: SimpleNamespace, how: str = "eager", *, head: Any = None, only: Any = None
) -> None:
    """Two steps; `head`: an optimizer of its own for the head; `only`: the variables that are trained, of `net`."""
    import tensorflow as tf

    def step(ids: Any, mask: Any, labels: Any) -> None:
        with tf.GradientTape() as tape:
            logits = net(ids, mask, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        if how == "minimize":
            adam.minimize(loss, net.trainable_variables, tape=tape)
            return
        variables = only(net) if only else net.trainable_variables
        pairs = list(zip(tape.gradient(loss, variables), variables, strict=True))
        if head is None:
            adam.apply_gradients(pairs)
            return
        mine = {id(each) for each in net.head.trainable_variables}
        adam.apply_gradients([pair for pair in pairs if id(pair[1]) not in mine])
        head.apply_gradients([pair for pair in pairs if id(pair[1]) in mine])

    run = tf.function(step) if how == "function" else step
    for _ in range(2):
        run(tf.constant(batch.ids), tf.constant(batch.mask), tf.constant(batch.labels))


def checked(run: Callable[[], None], **names: Any) -> Any:
    """The report of `run`, and what the cell has under which name."""
    with Watch(namespace=names) as watch:
        run()
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    return watch.report


def said(report: Any) -> list[str]:
    return [finding.rule for finding in report.findings if finding.severity != "advice"]


def optimizer_of(kind: str) -> Any:
    import tensorflow as tf
    import tf_keras
    import transformers

    class Own(tf_keras.optimizers.Adam):  # type: ignore[misc]
        def update_step(self, gradient: Any, variable: Any) -> Any:
            return super().update_step(tf.convert_to_tensor(gradient) * 0.02, variable)

    made: dict[str, Callable[[], Any]] = {
        "adam": tf_keras.optimizers.Adam,
        "legacy": tf_keras.optimizers.legacy.Adam,
        "nadam": lambda: tf_keras.optimizers.legacy.Nadam(1e-3),
        "decay": lambda: transformers.AdamWeightDecay(1e-3, weight_decay_rate=0.01),
        "scaled": lambda: tf_keras.mixed_precision.LossScaleOptimizer(tf_keras.optimizers.Adam()),
        "schedule": lambda: tf_keras.optimizers.Adam(tf_keras.optimizers.schedules.CosineDecay(1e-3, 100)),
        "low": lambda: tf_keras.optimizers.Adam(2e-5),
        "sgd": lambda: tf_keras.optimizers.SGD(1e-3),
        "own": Own,
        "low schedule": lambda: tf_keras.optimizers.Adam(
            tf_keras.optimizers.schedules.PolynomialDecay(5e-5, 100, end_learning_rate=0.0)
        ),
    }
    return made[kind]()


@pytest.mark.parametrize("how", ["eager", "function", "minimize"])
@pytest.mark.parametrize("kind", ["adam", "decay"])
def test_adam_as_it_comes_in_a_loop(load: Any, batch: SimpleNamespace, how: str, kind: str) -> None:
    net, adam = load(), optimizer_of(kind)
    report = checked(lambda: loop(net, adam, batch, how), net=net, adam=adam)
    assert said(report) == [RULE]
    assert report.findings[0].title == "`adam` trains the pretrained encoder of `net` at a learning rate of 0.001"
    assert report.findings[0].evidence["optimizer"] == type(adam).__name__


@pytest.mark.parametrize("kind", ["legacy", "nadam", "scaled", "schedule"])
def test_other_optimizers_of_its_kind(load: Any, batch: SimpleNamespace, kind: str) -> None:
    net = load()
    assert said(checked(lambda: loop(net, optimizer_of(kind), batch), net=net)) == [RULE]


@pytest.mark.parametrize("kind", ["low", "sgd", "own", "low schedule"])
def test_rates_that_are_meant(load: Any, batch: SimpleNamespace, kind: str) -> None:
    net = load()
    assert said(checked(lambda: loop(net, optimizer_of(kind), batch), net=net)) == []


@pytest.mark.parametrize("how", ["eager", "function"])
def test_two_optimizers(load: Any, batch: SimpleNamespace, how: str) -> None:
    net = load()
    assert said(checked(lambda: loop(net, optimizer_of("low"), batch, how, head=optimizer_of("adam")), net=net)) == []
    net = load()
    report = checked(lambda: loop(net, optimizer_of("adam"), batch, how, head=optimizer_of("low")), net=net)
    assert said(report) == [RULE]


ONLY: dict[str, Callable[[Any], Any]] = {
    "head": lambda net: net.head.trainable_variables,
    "norms": lambda net: [each for each in net.trainable_variables if "LayerNorm" in each.name],
}


@pytest.mark.parametrize("only", ["head", "norms"])
def test_a_part_that_is_not_the_encoder(load: Any, batch: SimpleNamespace, only: str) -> None:
    net = load()
    assert said(checked(lambda: loop(net, optimizer_of("adam"), batch, only=ONLY[only]), net=net)) == []


@pytest.mark.parametrize("how", ["eager", "function"])
def test_new_weights_may_have_any_rate(load: Any, config: Any, batch: SimpleNamespace, how: str) -> None:
    """Also where the config has a checkpoint's name, and the weights are trained when the cell ends."""
    import transformers

    net = _classifier(transformers.TFBertModel(load().bert.config))
    assert net.bert.config._name_or_path
    assert said(checked(lambda: loop(net, optimizer_of("adam"), batch, how), net=net)) == []


def test_a_frozen_encoder(load: Any, batch: SimpleNamespace) -> None:
    net = load()
    net.bert.trainable = False
    assert said(checked(lambda: loop(net, optimizer_of("adam"), batch), net=net)) == []


def test_one_that_has_made_steps(load: Any, batch: SimpleNamespace) -> None:
    net, adam = load(), optimizer_of("adam")
    loop(net, adam, batch)
    assert said(checked(lambda: loop(net, adam, batch), net=net)) == []


def test_a_loop_that_sets_the_rate(load: Any, batch: SimpleNamespace) -> None:
    net, adam = load(), optimizer_of("adam")

    def run() -> None:
        loop(net, adam, batch)
        adam.learning_rate = 1e-5
        loop(net, adam, batch)

    assert said(checked(run, net=net)) == []


def test_a_call_before_the_tape(load: Any, batch: SimpleNamespace) -> None:
    net, adam = load(), optimizer_of("adam")

    def run() -> None:
        net(batch.ids, batch.mask)
        loop(net, adam, batch)

    assert said(checked(run, net=net, adam=adam)) == [RULE]


def test_an_encoder_and_a_head_that_is_no_model(load: Any, keras: Any, tf: Any, batch: SimpleNamespace) -> None:
    bert, head, adam = load().bert, keras.layers.Dense(2), optimizer_of("adam")

    def run() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(head(bert(batch.ids, attention_mask=batch.mask).pooler_output) ** 2)
        variables = bert.trainable_variables + head.trainable_variables
        adam.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    report = checked(run, bert=bert, adam=adam)
    assert said(report) == [RULE]
    assert "the pretrained encoder of `bert`" in report.findings[0].title


@pytest.mark.parametrize("how", ["eager", "function"])
@pytest.mark.parametrize("kind", ["adam", "decay"])
def test_the_loop_is_as_without_the_check(load: Any, tf: Any, batch: SimpleNamespace, how: str, kind: str) -> None:
    def run(watched: bool) -> list[Any]:
        net, adam = load(), optimizer_of(kind)
        net(batch.ids, batch.mask)
        net.head.set_weights([np.ones((16, 2)), np.zeros(2)])
        tf.random.set_seed(7)
        random.seed(7)
        np.random.seed(7)
        if watched:
            checked(lambda: loop(net, adam, batch, how), net=net)
        else:
            loop(net, adam, batch, how)
        slots = adam.variables() if callable(adam.variables) else adam.variables
        after = [random.random(), np.random.rand(), tf.random.uniform(()).numpy()]
        return [*net.get_weights(), *(each.numpy() for each in slots), *after]

    plain, with_check = run(watched=False), run(watched=True)
    assert len(plain) == len(with_check)
    for one, other in zip(plain, with_check, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("how", ["eager", "function"])
def test_the_message_of_an_error_is_as_without_the_check(load: Any, tf: Any, batch: SimpleNamespace, how: str) -> None:
    net = load()
    net(batch.ids, batch.mask)

    def run() -> None:
        def step(ids: Any, mask: Any) -> None:
            net(ids, mask)
            gradients = [tf.zeros((3,)) for _ in net.trainable_variables]
            optimizer_of("adam").apply_gradients(zip(gradients, net.trainable_variables, strict=True))

        (tf.function(step) if how == "function" else step)(tf.constant(batch.ids), tf.constant(batch.mask))

    def message() -> str:
        with pytest.raises(Exception) as raised:  # noqa: PT011  # whatever TensorFlow says
            run()
        return f"{type(raised.value)} {raised.value}"

    plain = message()
    with Watch(namespace={}):
        checked_message = message()
    assert "bertmagic" not in checked_message
    assert checked_message == plain


def test_nothing_stays_in_the_optimizers_classes(load: Any, batch: SimpleNamespace) -> None:
    from bertmagic.backends.tensorflow import steps

    before = [vars(owner)[name] for owner, name in steps.places()]
    net = load()
    checked(lambda: loop(net, optimizer_of("adam"), batch), net=net)
    assert [vars(owner)[name] for owner, name in steps.places()] == before
