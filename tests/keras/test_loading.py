"""Loading that fails: weights of another shape, and classes that Keras cannot find."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import tiny_hub as tiny

import bertmagic


def _model(units: int) -> Any:
    backbone = tiny.backbone()
    return keras.Model(backbone.input, keras.layers.Dense(units)(backbone(backbone.input)["pooled_output"]))


def _rules(watch: Any) -> list[str]:
    assert watch.report is not None
    assert not watch.report.internal_errors
    return [finding.rule for finding in watch.report.findings]


def test_weights_of_another_head_are_named(tmp_path: Any) -> None:
    path = str(tmp_path / "three.weights.h5")
    _model(3).save_weights(path)
    model = _model(2)
    with pytest.raises(ValueError), bertmagic.watching() as watch:  # noqa: PT011  # Keras' own words
        model.load_weights(path)
    assert _rules(watch) == ["checkpoint-shape-mismatch"]


def test_weights_that_are_set_are_named() -> None:
    model, weights = _model(2), _model(3).get_weights()
    with pytest.raises(ValueError), bertmagic.watching() as watch:  # noqa: PT011  # as above
        model.set_weights(weights)
    assert _rules(watch) == ["checkpoint-shape-mismatch"]


def test_class_that_is_not_told_is_named(tmp_path: Any) -> None:
    class Twice(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2

    inputs = keras.Input((4,))
    keras.Model(inputs, Twice()(inputs)).save(tmp_path / "twice.keras")
    with pytest.raises(TypeError), bertmagic.watching() as watch:
        keras.models.load_model(tmp_path / "twice.keras")
    assert _rules(watch) == ["custom-objects-missing"]


def test_what_loads_is_quiet(tmp_path: Any) -> None:
    path = str(tmp_path / "two.weights.h5")
    _model(2).save_weights(path)
    with bertmagic.watching() as watch:
        _model(2).load_weights(path)
    assert _rules(watch) == []
