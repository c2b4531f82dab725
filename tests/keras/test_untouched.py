"""A dry pass leaves no trace: weights, optimizer, metrics, random state, names, modes, on whatever computes Keras."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
import tiny_hub as tiny
from keras.src.backend.common import global_state

import bertmagic


class Head(keras.Model):
    """A model of the user's own, which is built by its first call."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.dropout = keras.layers.Dropout(0.5)
        self.norm = keras.layers.BatchNormalization()
        self.dense = keras.layers.Dense(2)

    def call(self, inputs: Any, training: bool = False) -> Any:
        states = self.backbone(inputs, training=training)["pooled_output"]
        return self.dense(self.norm(self.dropout(states, training=training), training=training))


def functional(backbone: Any) -> Any:
    hidden = keras.layers.Dropout(0.5)(backbone(backbone.input)["pooled_output"])
    return keras.Model(backbone.input, keras.layers.Dense(2)(keras.layers.BatchNormalization()(hidden)))


MODELS = {"functional": functional, "subclassed": Head}
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _values(variables: Any) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(each.value)) for each in variables]


def _randomness() -> tuple[Any, ...]:
    kept: list[Any] = [random.getstate(), np.random.get_state()[1].tolist()]
    seeds = global_state.get_global_attribute("global_seed_generator")
    kept.append(None if seeds is None else keras.ops.convert_to_numpy(seeds.state).tolist())
    if keras.backend.backend() == "torch":
        import torch

        kept.append(torch.get_rng_state().tolist())
    return tuple(kept)


@pytest.mark.parametrize("kind", MODELS)
def test_dry_fit_changes_nothing(kind: str) -> None:
    model = MODELS[kind](tiny.backbone())
    metric = keras.metrics.SparseCategoricalAccuracy()
    model.compile(keras.optimizers.Adam(1e-5), LOSS, metrics=[metric])
    batch = tiny.batch()
    model.fit(batch, tiny.LABELS, verbose=0)
    before = _values([*model.variables, *model.optimizer.variables, *metric.variables])
    state, names = _randomness(), dict(global_state.get_global_attribute("object_name_uids"))
    with bertmagic.watching() as watch:
        history = model.fit(batch, tiny.LABELS, epochs=2, verbose=0, validation_data=(batch, tiny.LABELS))
    report = watch.report
    assert report is not None
    assert not report.internal_errors
    after = _values([*model.variables, *model.optimizer.variables, *metric.variables])
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert _randomness() == state
    assert dict(global_state.get_global_attribute("object_name_uids")) == names
    real = model.fit(batch, tiny.LABELS, epochs=2, verbose=0, validation_data=(batch, tiny.LABELS))
    assert list(history.history) == list(real.history)
    assert all(np.isnan(values).all() and len(values) == 2 for values in history.history.values())
    assert "fit" not in vars(keras.Model)


def test_a_watched_run_ends_as_an_unwatched_one() -> None:
    def trained(watched: bool) -> list[np.ndarray]:
        model = Head(tiny.backbone())
        model.compile(keras.optimizers.Adam(1e-3), LOSS)
        if watched:
            with bertmagic.watching():
                model.fit(tiny.batch(), tiny.LABELS, verbose=0)
        model.fit(tiny.batch(), tiny.LABELS, epochs=2, verbose=0, shuffle=False)
        return _values(model.variables)

    pairs = zip(trained(False), trained(True), strict=True)
    assert all(np.allclose(one, other, atol=1e-6) for one, other in pairs)


def test_exception_of_a_call_comes_through() -> None:
    backbone = tiny.backbone()
    batch = {name: value for name, value in tiny.batch().items() if name != "segment_ids"}
    with pytest.raises(ValueError, match="segment_ids") as plain:
        backbone(batch)
    with pytest.raises(ValueError, match="segment_ids") as watched, bertmagic.watching():
        backbone(batch)
    assert str(plain.value) == str(watched.value)


def test_saving_is_held_back_after_a_dry_fit(tmp_path: Any) -> None:
    model = functional(tiny.backbone())
    model.compile("adam", LOSS)
    with bertmagic.watching() as watch:
        model.fit(tiny.batch(), tiny.LABELS, verbose=0)
        model.save(tmp_path / "model.keras")
    assert not (tmp_path / "model.keras").exists()
    assert watch.report is not None
    assert "save" in str(watch.report.to_dict()["not_checked"])


def test_raw_strings_are_right_for_a_task() -> None:
    task = tiny.classifier()
    task.compile(keras.optimizers.Adam(2e-5), LOSS, metrics=["accuracy"])
    with bertmagic.watching() as watch:
        task.fit(np.array(tiny.TEXTS), tiny.LABELS, batch_size=2, verbose=0)
        scores = task.predict(tiny.TEXTS, verbose=0)
    assert watch.report is not None
    assert not watch.report.internal_errors
    assert scores.shape == (4, 2)
    loud = [finding.rule for finding in watch.report.findings if finding.severity != "advice"]
    assert loud == []


def test_a_generator_loses_nothing() -> None:
    model = functional(tiny.backbone())
    model.compile("adam", LOSS)
    taken = []

    def batches() -> Any:
        for _ in range(3):
            taken.append(1)
            yield tiny.batch(), tiny.LABELS

    names = {"data": batches(), "model": model}
    with bertmagic.Watch(namespace=names) if hasattr(bertmagic, "Watch") else bertmagic.watching():
        names["model"].fit(names["data"], verbose=0)
    assert len(list(names["data"])) == 3


@pytest.mark.parametrize("form", ["dataset", "sequence", "loader"])
def test_streams_are_read(form: str) -> None:
    model = functional(tiny.backbone())
    model.compile("adam", LOSS)
    batch = tiny.batch()
    data: Any
    if form == "dataset":
        tf = pytest.importorskip("tensorflow")
        data = tf.data.Dataset.from_tensor_slices((batch, tiny.LABELS)).batch(2)
    elif form == "sequence":

        class Two(keras.utils.PyDataset):
            def __len__(self) -> int:
                return 2

            def __getitem__(self, index: int) -> Any:
                rows = slice(2 * index, 2 * index + 2)
                return {name: value[rows] for name, value in batch.items()}, tiny.LABELS[rows]

        data = Two()
    else:
        torch = pytest.importorskip("torch")
        rows = [({name: value[row] for name, value in batch.items()}, tiny.LABELS[row]) for row in range(4)]
        data = torch.utils.data.DataLoader(rows, batch_size=2, shuffle=True)
    with bertmagic.watching() as watch:
        model.fit(data, verbose=0)
    report = watch.report
    assert report is not None
    assert not report.internal_errors
    assert [finding for finding in report.findings if finding.severity == "error"] == []
    assert {each["name"] for each in report.to_dict()["inputs"]} == {"token_ids", "segment_ids", "padding_mask"}


def test_a_layer_is_recorded_once() -> None:
    """On PyTorch a layer is a module too, whose call is the layer's own."""
    model = functional(tiny.backbone())
    with bertmagic.watching() as watch:
        model.predict(tiny.batch(), verbose=0)
    assert watch.report is not None
    paths = [each["path"] for each in watch.report.to_dict()["layers"]]
    assert paths
    assert len(paths) == len(set(paths))


class Adding(keras.layers.Layer):
    """Adds a loss of its own to the model's."""

    def call(self, states: Any) -> Any:
        self.add_loss(keras.ops.mean(keras.ops.square(states)))
        return states


@pytest.mark.parametrize("compiled", [None, LOSS], ids=["no other loss", "beside a loss"])
def test_a_loss_that_a_layer_adds(compiled: Any) -> None:
    backbone = tiny.backbone()
    states = Adding()(backbone.output["pooled_output"])
    model = keras.Model(backbone.input, keras.layers.Dense(2)(states))
    model.compile(keras.optimizers.Adam(1e-5), compiled)
    labels = () if compiled is None else (tiny.LABELS,)
    with bertmagic.watching() as watch:
        history = model.fit(tiny.batch(), *labels, verbose=0)
    assert watch.report is not None
    assert (watch.report.findings, watch.report.internal_errors) == ((), ())
    assert list(history.history) == ["loss"]
    assert all(not layer._loss_ids for layer in model._flatten_layers())
    real = model.fit(tiny.batch(), *labels, verbose=0)
    assert np.isfinite(real.history["loss"]).all()


class Stars(keras.Model):
    """Counts classes from 1, and takes 1 off in its own step."""

    def train_step(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a dry pass runs no step")

    def compute_loss_and_updates(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a dry pass runs no step")


def test_labels_of_a_step_of_ones_own_are_not_judged() -> None:
    backbone = tiny.backbone()
    model = Stars(backbone.input, keras.layers.Dense(2)(backbone.output["pooled_output"]))
    model.compile(keras.optimizers.Adam(1e-5), LOSS)
    with bertmagic.watching() as watch:
        model.fit(tiny.batch(), tiny.LABELS + 1, verbose=0)
    assert watch.report is not None
    assert watch.report.findings == ()
    assert any("train_step" in each.what for each in watch.report.not_checked)
