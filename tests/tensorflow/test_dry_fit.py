"""A dry `fit`: what it returns is what the real one returns, what it looks at is the real first batch."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bertmagic.session import Watch


def watched(namespace: dict[str, Any] | None = None, **options: Any) -> Watch:
    from bertmagic.options import Options

    return Watch(namespace=namespace if namespace is not None else {}, options=Options(**options))


@pytest.mark.parametrize(
    "arguments",
    [
        {"epochs": 3, "batch_size": 2},
        {"epochs": 4, "initial_epoch": 2, "validation_split": 0.5},
        {"epochs": 4, "validation": True, "validation_freq": 2},
        {"epochs": 3, "validation": True, "validation_freq": [1, 3]},
    ],
)
def test_the_history_has_the_keys_and_epochs_of_the_real_one(
    build: Any, batch: SimpleNamespace, arguments: dict[str, Any]
) -> None:
    x, y = {"input_ids": batch.ids, "attention_mask": batch.mask}, batch.labels
    if arguments.pop("validation", False):
        arguments["validation_data"] = (x, y)
    with watched():
        dry = build().fit(x, y, verbose=0, **arguments)
    real = build().fit(x, y, verbose=0, **arguments)
    assert type(dry) is type(real)
    assert dry.epoch == real.epoch
    assert {key: len(values) for key, values in dry.history.items()} == {
        key: len(values) for key, values in real.history.items()
    }
    assert list(dry.history) == list(real.history)
    assert all(math.isnan(value) for values in dry.history.values() for value in values)


def test_the_history_of_a_transformers_model_with_its_own_loss(tf: Any, config: Any, batch: SimpleNamespace) -> None:
    from transformers import TFBertForSequenceClassification

    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    model = TFBertForSequenceClassification(config)
    model.compile("adam")
    with watched() as watch:
        dry = model.fit(x, batch.labels, epochs=2, verbose=0)
    real = model.fit(x, batch.labels, epochs=2, verbose=0)
    assert list(dry.history) == list(real.history)
    assert watch.report is not None
    assert watch.report.verdict == "pass", watch.report


def test_the_learning_rate_that_callbacks_log_is_a_key_too(keras: Any, build: Any, batch: SimpleNamespace) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    called = []
    own = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: called.append(1))
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-5)
    with watched() as watch:
        dry = build().fit(x, batch.labels, verbose=0, callbacks=[own, schedule])
    assert "lr" in dry.history
    assert called == []
    assert watch.report is not None
    listed = next(each for each in watch.report.not_checked if each.what == "callbacks")
    assert "LambdaCallback" in listed.why
    assert "LearningRateScheduler" in listed.why


def containers(tf: Any, batch: SimpleNamespace) -> dict[str, Any]:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    pairs = tf.data.Dataset.from_tensor_slices((x, batch.labels))
    return {
        "dict": (x, batch.labels),
        # Keras sorts the inputs of a model that was made with a dict of them: a list is in that order.
        "list": ([batch.mask, batch.ids], batch.labels),
        "tuple": ((batch.mask, batch.ids), batch.labels),
        "tensors": ({key: tf.constant(value) for key, value in x.items()}, tf.constant(batch.labels)),
        "dataset": (pairs.batch(3), None),
        "shuffled dataset": (pairs.shuffle(6).batch(3), None),
        "generator": (iter([(x, batch.labels)] * 3), None),
    }


@pytest.mark.parametrize("container", ["dict", "list", "tuple", "tensors", "dataset", "shuffled dataset", "generator"])
def test_each_container_is_looked_into(tf: Any, build: Any, batch: SimpleNamespace, container: str) -> None:
    x, y = containers(tf, batch)[container]
    namespace: dict[str, Any] = {"model": build()}
    with watched(namespace) as watch:
        namespace["model"].fit(x, y, steps_per_epoch=2 if container == "generator" else None, verbose=0)
    report = watch.report
    assert report is not None
    assert report.verdict == "pass", report
    if container == "generator":  # held by this test's own variable: a batch taken from it would be lost
        assert any("one-shot iterator" in each.why for each in report.not_checked)
        assert len(list(x)) == 3
    else:
        assert sorted(each.name for each in report.inputs) == ["attention_mask", "input_ids"]
        assert all(each.status == "ok" for each in (*report.inputs, *report.outputs, *report.labels))


def test_a_generator_that_only_names_hold_is_peeked_and_nothing_of_it_is_lost(
    build: Any, batch: SimpleNamespace
) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}

    def batches() -> Iterator[Any]:
        for number in range(3):
            yield x, np.full(6, number % 2)

    namespace: dict[str, Any] = {"model": build(), "batches": batches}
    source = "generator = batches()\nmodel.fit(generator, steps_per_epoch=2, verbose=0)"
    with watched(namespace) as watch:
        exec(compile(source, "<cell>", "exec"), namespace)
    assert watch.report is not None
    assert len(watch.report.inputs) == 2, watch.report
    assert [int(y[0]) for _, y in namespace["generator"]] == [0, 1, 0]


def test_a_generator_that_a_list_holds_too_is_left_alone(build: Any, batch: SimpleNamespace) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    namespace: dict[str, Any] = {"model": build(), "x": x, "y": batch.labels}
    source = "kept = [iter([(x, y)] * 3)]\nmodel.fit(kept[0], steps_per_epoch=2, verbose=0)"
    with watched(namespace) as watch:
        exec(compile(source, "<cell>", "exec"), namespace)
    assert watch.report is not None
    assert any("one-shot iterator" in each.why for each in watch.report.not_checked)
    assert len(list(namespace["kept"][0])) == 3


def test_a_dataset_cached_in_a_file_is_not_read(tf: Any, build: Any, batch: SimpleNamespace, tmp_path: Any) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    data = tf.data.Dataset.from_tensor_slices((x, batch.labels)).cache(str(tmp_path / "cache")).batch(2)
    with watched() as watch:
        build().fit(data, verbose=0)
    assert watch.report is not None
    assert any("cached in a file" in each.why for each in watch.report.not_checked)
    assert list(tmp_path.iterdir()) == []


def test_an_endless_shuffle_buffer_is_not_filled(tf: Any, build: Any, batch: SimpleNamespace) -> None:
    read: list[int] = []

    def rows() -> Iterator[Any]:
        while True:
            read.append(1)
            yield {"input_ids": batch.ids[0], "attention_mask": batch.mask[0]}, 0

    vector = tf.TensorSpec((8,), tf.int32)
    spec = ({"input_ids": vector, "attention_mask": vector}, tf.TensorSpec((), tf.int32))
    data = tf.data.Dataset.from_generator(rows, output_signature=spec).shuffle(1_000_000).batch(2)
    with watched() as watch:
        build().fit(data, steps_per_epoch=1, verbose=0)
    assert watch.report is not None
    assert any("shuffle buffer" in each.why for each in watch.report.not_checked)
    assert read == []


def test_what_keras_says_of_such_data_is_raised_at_fit(build: Any, batch: SimpleNamespace) -> None:
    model, x = build(), {"input_ids": batch.ids.tolist(), "attention_mask": batch.mask}
    with pytest.raises(ValueError, match="Failed to find data adapter"):
        model.fit(x, batch.labels, verbose=0)
    watch = watched()
    with pytest.raises(ValueError, match="Failed to find data adapter"), watch:
        model.fit(x, batch.labels, verbose=0)
    assert watch.report is not None
    assert watch.report.verdict == "fail"
    assert "Keras' data handling raises ValueError" in watch.report.summary


def test_a_model_that_is_not_compiled_raises_as_it_does(keras: Any, bert: Any, batch: SimpleNamespace) -> None:
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, bert(ids).pooler_output)
    with pytest.raises(RuntimeError, match="must compile"), watched():
        model.fit(batch.ids, batch.labels, verbose=0)


def test_saving_after_a_dry_fit_is_held_back_and_listed(build: Any, batch: SimpleNamespace, tmp_path: Any) -> None:
    model = build()
    bert = next(layer for layer in model.layers if type(layer).__name__ == "TFBertModel")
    with watched({"model": model}) as watch:
        model.save_weights(str(tmp_path / "before.h5"))
        model.fit({"input_ids": batch.ids, "attention_mask": batch.mask}, batch.labels, verbose=0)
        model.save(str(tmp_path / "after.keras"))
        model.save_weights(str(tmp_path / "after.h5"))
        bert.save_pretrained(str(tmp_path / "bert"))
    assert [path.name for path in tmp_path.iterdir()] == ["before.h5"]
    assert watch.report is not None
    held = [each.what for each in watch.report.not_checked if "held back" in each.why]
    assert held == ["`model.save`", "`model.save_weights`", "`TFBertModel.save_pretrained`"]
    model.save_weights(str(tmp_path / "later.h5"))
    assert (tmp_path / "later.h5").exists()


def test_run_trains_where_nothing_is_wrong_and_only_there(build: Any, batch: SimpleNamespace) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    model = build()
    with watched(run=True):
        history = model.fit(x, batch.labels, verbose=0)
    assert not any(math.isnan(value) for value in history.history["loss"])
    unmasked = build(mask=False)
    before = unmasked.get_weights()
    with watched(run=True) as watch:
        unmasked.fit({"input_ids": batch.ids}, batch.labels, verbose=0)
    assert watch.report is not None
    assert watch.report.verdict == "warn"
    assert all(np.array_equal(a, b) for a, b in zip(before, unmasked.get_weights(), strict=True))


def test_rows_says_how_many_rows_are_run(build: Any, batch: SimpleNamespace) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    for asked, run in ((None, 2), (1, 1), (4, 4), ("all", 6), (50, 6)):
        with watched(rows=asked) as watch:
            build().fit(x, batch.labels, verbose=0)
        assert watch.report is not None
        assert (watch.report.rows.of, watch.report.rows.run) == (6, run)


def test_every_dry_fit_of_a_loop_has_the_keys_of_the_first(build: Any, batch: SimpleNamespace) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    model = build()
    with watched():
        histories = [model.fit(x, batch.labels, verbose=0).history for _ in range(3)]
    assert [list(history) for history in histories] == [["loss", "accuracy"]] * 3


@pytest.mark.parametrize("split", [False, True])
def test_validation_data_are_read(build: Any, batch: SimpleNamespace, split: bool) -> None:
    first, ids = batch.ids[[0, 2, 3, 5]], batch.ids[[1, 4]]
    if split:
        arguments: dict[str, Any] = {"x": np.concatenate([first, ids]), "y": batch.labels, "validation_split": 0.33}
    else:
        arguments = {"x": first, "y": batch.labels[:4], "validation_data": (ids, batch.labels[4:])}
    with watched({"ids": ids}) as watch:
        build(mask=False).fit(verbose=0, **arguments)
    report = watch.report
    assert report is not None
    assert [finding.rule for finding in report.findings] == ["attention-mask-missing"], report
    assert report.findings[0].evidence["rows"] == [0, 1]
    assert any("validation data" in each.what for each in report.not_checked)


def test_class_weights_that_keras_refuses_are_refused(build: Any, batch: SimpleNamespace) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    with watched():
        build().fit(x, batch.labels, class_weight={0: 1.0, 1: 2.0}, verbose=0)
    with pytest.raises(ValueError, match="class_weight"):
        build().fit(x, batch.labels, class_weight={1: 1.0, 2: 2.0}, verbose=0)
    with pytest.raises(ValueError, match="class_weight"), watched():
        build().fit(x, batch.labels, class_weight={1: 1.0, 2: 2.0}, verbose=0)


def test_a_mirrored_model_runs_on_one_device_and_says_so(tf: Any) -> None:
    program = """
import numpy as np, tensorflow as tf, tf_keras as keras, bertmagic
from transformers import BertConfig, TFBertForSequenceClassification
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = TFBertForSequenceClassification(BertConfig(vocab_size=50, **small))
    model.compile("adam")
ids = np.random.default_rng(0).integers(5, 50, (4, 6)).astype("int32")
with bertmagic.watching() as watch:
    model.fit({"input_ids": ids, "attention_mask": np.ones_like(ids)}, np.array([0, 1, 0, 1]), verbose=0)
report = watch.report
print(report.verdict, report.internal_errors, [each.why for each in report.not_checked if "replica" in each.what])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    last = done.stdout.strip().splitlines()[-1:]
    assert last == ["pass () ['the model is mirrored on 2 devices; the dry pass ran on one']"], done.stderr[-3000:]
