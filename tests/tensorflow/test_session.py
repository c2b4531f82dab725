"""The surfaces without IPython: `check`, `watching`, `last`, and what is looked at in a block."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic
from bertmagic.objects import find_pair
from bertmagic.options import BadUse
from bertmagic.session import Watch


def slugs(report: Any) -> list[str]:
    return [finding.rule for finding in report.findings if finding.severity != "advice"]


def test_check_passes_what_is_right_and_names_what_is_not(bert: Any, batch: SimpleNamespace) -> None:
    right = bertmagic.check(bert, {"input_ids": batch.ids, "attention_mask": batch.mask})
    assert (right.verdict, right.rows.of) == ("pass", 6), right
    wrong = bertmagic.check(bert, batch.ids)
    assert slugs(wrong) == ["attention-mask-missing"]
    assert wrong.findings[0].evidence["rows"] == [1, 4]
    assert bertmagic.last() is wrong
    assert slugs(bertmagic.check(bert, batch.ids, ignore=["attention-mask-missing"])) == []


def test_the_evidence_is_what_the_model_does(bert: Any, batch: SimpleNamespace) -> None:
    report = bertmagic.check(bert, batch.ids, rows="all")
    moved = report.findings[0].evidence["[CLS] moves"]
    padded = bert(batch.ids).last_hidden_state.numpy()[:, 0]
    for row, padding in ((1, 3), (4, 2)):
        alone = bert(batch.ids[row : row + 1, :-padding]).last_hidden_state.numpy()[0, 0]
        assert moved[row] == pytest.approx(np.abs(padded[row] - alone).max(), rel=1e-4)
    proof = report.findings[0].fix.proof
    assert proof is not None
    assert max(report.findings[0].evidence["[CLS] moves with the mask"].values()) < 1e-4


def test_check_with_labels_and_a_loss(bert: Any, keras: Any, batch: SimpleNamespace, build: Any) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    assert bertmagic.check(build(), x, batch.labels).verdict == "pass"
    uncompiled = keras.Model(build().inputs, build().outputs) if False else build()
    report = bertmagic.check(uncompiled, x, np.zeros((6, 8), "int32"), loss="mse")
    assert slugs(report) == ["labels-shape"]


def test_what_the_model_raises_stays_in_the_report(bert: Any, batch: SimpleNamespace) -> None:
    report = bertmagic.check(bert, batch.ids[0])
    assert report.verdict == "fail"
    assert slugs(report) == ["batch-axis-missing"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda bert, ids: (bert, ids[:0]), "is empty"),
        (lambda bert, ids: (bert, None), "no inputs to check"),
        (lambda bert, ids: (ids, ids), "no model that bertmagic knows"),
    ],
)
def test_bad_use_is_one_line(bert: Any, batch: SimpleNamespace, arguments: Any, message: str) -> None:
    with pytest.raises(BadUse, match=message) as raised:
        bertmagic.check(*arguments(bert, batch.ids))
    assert "\n" not in str(raised.value)


def test_bad_settings(bert: Any, batch: SimpleNamespace) -> None:
    with pytest.raises(BadUse, match="did you mean 'labels-shape'"):
        bertmagic.check(bert, batch.ids, ignore=["label-shape"])
    with pytest.raises(BadUse, match="rows must be"):
        bertmagic.check(bert, batch.ids, rows=0)
    with pytest.raises(BadUse, match="device must be"):
        bertmagic.check(bert, batch.ids, device="tpu")


def test_device_gpu_without_a_gpu(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("NOT RUN: this machine has a GPU")
    with pytest.raises(BadUse, match="TensorFlow sees no GPU"):
        bertmagic.check(bert, batch.ids, device="gpu")


@pytest.mark.gpu
def test_device_gpu(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("NOT RUN: TensorFlow sees no GPU on this machine")
    report = bertmagic.check(bert, {"input_ids": batch.ids, "attention_mask": batch.mask}, device="gpu")
    assert report.verdict == "pass"
    assert report.device.used == "GPU:0"
    assert report.device.name
    assert report.device.peak_bytes
    assert {row.seconds for row in report.layers} == {None}  # a call there only queues its work


def test_watching_a_block_with_a_training_loop(tf: Any, keras: Any, bert: Any, batch: SimpleNamespace) -> None:
    optimizer = keras.optimizers.SGD(1e-3)
    before = bert.get_weights()
    with bertmagic.watching() as watch:
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(bert(batch.ids, training=True).pooler_output ** 2)
            gradients = tape.gradient(loss, bert.trainable_variables)
            optimizer.apply_gradients(
                (gradient, variable)
                for gradient, variable in zip(gradients, bert.trainable_variables, strict=True)
                if gradient is not None
            )
    assert any(not np.array_equal(a, b) for a, b in zip(before, bert.get_weights(), strict=True)), "it trains for real"
    bert.set_weights(before)
    assert watch.report is not None
    assert slugs(watch.report) == ["attention-mask-missing"]
    assert watch.report.findings[0].subject == "batch.ids" or watch.report.findings[0].subject


def test_a_later_batch_of_a_loop_is_read_too(bert: Any, batch: SimpleNamespace) -> None:
    with bertmagic.watching() as watch:
        for rows in ([0, 2], [3, 5], [1, 4]):
            bert(batch.ids[rows])
    assert watch.report is not None
    assert slugs(watch.report) == ["attention-mask-missing"]


def test_predict_evaluate_and_batches_run_for_real(build: Any, batch: SimpleNamespace) -> None:
    model = build(mask=False)
    x = {"input_ids": batch.ids}
    for name, arguments in (
        ("predict", (x,)),
        ("evaluate", (x, batch.labels)),
        ("train_on_batch", (x, batch.labels)),
        ("test_on_batch", (x, batch.labels)),
        ("predict_on_batch", (x,)),
    ):
        with bertmagic.watching() as watch:
            value = getattr(model, name)(*arguments)
        assert np.isfinite(np.asarray(value)).all(), name
        assert watch.report is not None
        assert slugs(watch.report) == ["attention-mask-missing"], name
        assert not watch.report.internal_errors, name


def test_a_real_calls_exception_comes_through_untouched(bert: Any, batch: SimpleNamespace) -> None:
    with pytest.raises(Exception) as plain:  # noqa: PT011  # whatever TensorFlow raises
        bert(batch.ids + 10_000)
    with pytest.raises(type(plain.value)) as watched, bertmagic.watching() as watch:
        bert(batch.ids + 10_000)
    assert str(watched.value) == str(plain.value)
    assert watch.report is not None
    assert slugs(watch.report) == ["ids-out-of-vocabulary"]
    assert "raises" in watch.report.summary


def test_names_are_the_cells_own(bert: Any, batch: SimpleNamespace) -> None:
    namespace = {"bert": bert, "mine": batch.ids, "feed": {"input_ids": batch.ids.copy()}}
    with Watch(namespace=namespace) as watch:
        exec("bert(mine)", namespace)
    assert watch.report is not None
    assert watch.report.findings[0].subject == "mine"
    with Watch(namespace=namespace) as watch:
        exec("bert(feed)", namespace)
    assert watch.report is not None
    assert watch.report.findings[0].subject == 'feed["input_ids"]'
    assert watch.report.captured["bert"] is bert
    del namespace["bert"]
    assert "bert" not in watch.report.captured


def test_pairs(bert: Any, batch: SimpleNamespace, build: Any) -> None:
    from transformers import BatchEncoding

    encoding = BatchEncoding({"input_ids": batch.ids, "attention_mask": batch.mask})
    pair = find_pair({"bert": bert, "enc": encoding})
    assert (pair.model, pair.inputs) == ("bert", "enc")
    model = build()
    assert find_pair({"bert": model.layers[2], "model": model, "enc": encoding}).model in ("model", "bert")
    with pytest.raises(BadUse, match="no model in the kernel"):
        find_pair({"enc": encoding})
    with pytest.raises(BadUse, match="several models"):
        find_pair({"a": build(), "b": build(), "enc": encoding})
    with pytest.raises(BadUse, match="no tokenizer's output"):
        find_pair({"bert": bert})


def test_no_text_of_the_users_in_the_report_where_none_is_wanted(bert: Any, batch: SimpleNamespace) -> None:
    with bertmagic.watching(text=False) as watch:
        bert(batch.ids, attention_mask=batch.mask)
    assert watch.report is not None
    assert watch.report.tokens is not None
    assert watch.report.tokens.pieces is None


def test_a_subclassed_model_with_its_own_call(tf: Any, keras: Any, bert: Any, batch: SimpleNamespace) -> None:
    class Classifier(keras.Model):  # type: ignore[misc]
        def __init__(self, masked: bool) -> None:
            super().__init__()
            self.bert, self.head, self.masked = bert, keras.layers.Dense(1), masked

        def call(self, inputs: Any, training: bool = False) -> Any:
            mask = tf.cast(inputs["ids"] != 0, tf.int32) if self.masked else None
            return self.head(self.bert(inputs["ids"], attention_mask=mask, training=training).pooler_output)

    for masked, expected in ((True, []), (False, ["attention-mask-missing"])):
        model = Classifier(masked)
        model.compile("adam", "mse")
        with bertmagic.watching() as watch:
            model.fit({"ids": batch.ids}, np.zeros((6, 1), "float32"), verbose=0)
        assert watch.report is not None
        assert slugs(watch.report) == expected, watch.report
        assert not watch.report.internal_errors


def test_a_train_step_of_the_users_own_is_not_run_and_said(keras: Any, bert: Any, batch: SimpleNamespace) -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            raise AssertionError("not to be run")

    ids = keras.Input((None,), dtype="int32", name="input_ids")
    model = Own(ids, keras.layers.Dense(1)(bert(ids).pooler_output))
    model.compile("adam", "mse")
    with bertmagic.watching() as watch:
        model.fit(batch.ids[:1], np.zeros((1, 1)), verbose=0)
    assert watch.report is not None
    assert any(each.what == "`Own.train_step`" for each in watch.report.not_checked)


def test_a_block_that_imports_its_framework_itself() -> None:
    pytest.importorskip("tf_keras")
    program = """
import sys, bertmagic
assert "tensorflow" not in sys.modules
with bertmagic.watching() as watch:
    import tensorflow as tf, numpy as np
    from transformers import BertConfig, TFBertModel
    small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    bert = TFBertModel(BertConfig(vocab_size=50, **small))
    bert(np.array([[5, 6, 7, 0], [5, 6, 7, 8]]))
print([finding.rule for finding in watch.report.findings])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.strip().endswith("['attention-mask-missing']"), done.stderr[-2000:]


def test_the_probes_own_calls_are_not_taken_for_the_users(build: Any, batch: SimpleNamespace) -> None:
    report = bertmagic.check(build(mask=False), batch.ids, batch.labels)
    assert slugs(report) == ["attention-mask-missing"]
    assert report.rows.of == 6
    assert len(report.findings) == 1


def test_run_says_that_it_trained(build: Any, batch: SimpleNamespace) -> None:
    with bertmagic.watching(run=True) as watch:
        build().fit({"input_ids": batch.ids, "attention_mask": batch.mask}, batch.labels, verbose=0)
    assert watch.report is not None
    assert "dry" not in watch.report.summary
    assert "trained" in watch.report.summary
    assert not any("dry" in each.why for each in watch.report.not_checked)


def test_what_keras_would_not_take_is_read_as_it_was_given(build: Any, batch: SimpleNamespace) -> None:
    namespace = {"model": build(mask=False), "ids": batch.ids[0], "labels": batch.labels[:1]}
    with pytest.raises(ValueError, match="cardinality"), Watch(namespace=namespace) as watch:
        exec("model.fit(ids, labels, verbose=0)", namespace)
    assert watch.report is not None
    assert slugs(watch.report) == ["batch-axis-missing"], watch.report
    assert [(row.name, row.status) for row in watch.report.inputs] == [("input_ids", "wrong")]


def test_what_was_left_out_is_said(bert: Any, batch: SimpleNamespace) -> None:
    report = bertmagic.check(bert, batch.ids, ignore=["attention-mask-missing"])
    assert any("attention-mask-missing" in each.what for each in report.not_checked)


def test_the_parameters_of_a_layer_that_failed_are_all_of_them(bert: Any, batch: SimpleNamespace) -> None:
    whole = bertmagic.check(bert, {"input_ids": batch.ids, "attention_mask": batch.mask}).layers[0].params
    failed = bertmagic.check(bert, np.tile(batch.ids, (1, 20))).layers[0]
    assert (failed.status, failed.params) == ("failed", whole)


def test_a_wrong_keyword_is_refused_as_keras_refuses_it(build: Any, batch: SimpleNamespace) -> None:
    model = build()
    with pytest.raises(TypeError) as plain:
        model.fit(batch.ids, batch.labels, epoch=3)
    with pytest.raises(TypeError) as watched, bertmagic.watching():
        model.fit(batch.ids, batch.labels, epoch=3)
    assert str(watched.value) == str(plain.value)


def test_a_model_that_no_backend_knows_is_said() -> None:
    kind = type("PreTrainedModel", (), {"__module__": "transformers.modeling_utils"})
    with Watch(namespace={"other": kind()}) as watch:
        pass
    assert watch.report is not None
    assert ("`other`", True) in [(each.what, "PyTorch" in each.why) for each in watch.report.not_checked]


def test_a_report_that_fails_leaves_the_blocks_exception_alone(
    bert: Any, batch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertmagic import tables

    monkeypatch.setattr(tables, "input_rows", lambda *_: 1 / 0)
    namespace = {"bert": bert, "ids": batch.ids}
    with pytest.raises(KeyError, match="mine"), Watch(namespace=namespace) as watch:
        exec("bert(ids); {}['mine']", namespace)
    assert watch.report is not None
    assert "ZeroDivisionError" in watch.report.internal_errors[0]


def test_a_list_in_another_order_than_the_models_is_named(build: Any, batch: SimpleNamespace) -> None:
    """Keras sorts a dict of `Input`s by name: the first of a list goes to `attention_mask`."""
    with bertmagic.watching() as watch:
        build().fit([batch.ids, batch.mask], batch.labels, verbose=0)
    assert watch.report is not None
    assert slugs(watch.report) == ["inputs-swapped"]
