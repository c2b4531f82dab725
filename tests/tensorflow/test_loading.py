"""What is told of loading, saving and reloaded models that really failed; silent where they went through."""

from __future__ import annotations

import contextlib
import pathlib
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf_keras")
pytest.importorskip("transformers")

import tensorflow as tf
import tf_keras
from transformers import BertConfig, TFAutoModelForSequenceClassification, TFBertForSequenceClassification, TFBertModel

import bertmagic

CONFIG = BertConfig(
    vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=2
)


class First(tf_keras.layers.Layer):
    """Holds a model that it was made with, which no config can."""

    def __init__(self, bert: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self.bert = bert

    def call(self, ids: Any) -> Any:
        return self.bert(ids).last_hidden_state[:, 0]


def functional(units: int, *, wrapped: bool = False) -> Any:
    ids = tf_keras.Input((8,), dtype="int32", name="input_ids")
    bert = TFBertModel(CONFIG)
    cls = First(bert)(ids) if wrapped else bert(ids).last_hidden_state[:, 0]
    return tf_keras.Model(ids, tf_keras.layers.Dense(units, name="head")(cls))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of checkpoints in every format, of two labels."""
    folder = tmp_path_factory.mktemp("stored")
    model = TFBertForSequenceClassification(CONFIG)
    model(tf.constant([[1, 2]]))
    model.save_pretrained(folder / "h5")
    model.save_pretrained(folder / "safetensors", safe_serialization=True)
    model.save_pretrained(folder / "shards", max_shard_size="4KB")
    two = functional(2)
    two.save_weights(folder / "weights.h5")
    two.save_weights(str(folder / "checkpoint"))
    two.save(folder / "model.h5")
    two.save(folder / "model.keras")
    return folder


def told(block: Any) -> list[dict[str, Any]]:
    """What is found of a block, whatever it raises, without advice."""
    watch = bertmagic.watching()
    with contextlib.suppress(Exception), watch:
        block()
    report = watch.report.to_dict()
    assert not [line for line in str(report).split(",") if "failed in bertmagic itself" in line]
    return [each for each in report["findings"] if each["severity"] != "advice"]


def rules(block: Any) -> list[str]:
    return [each["rule"] for each in told(block)]


@pytest.mark.parametrize("form", ["h5", "safetensors", "shards"])
@pytest.mark.parametrize("kind", [TFBertForSequenceClassification, TFAutoModelForSequenceClassification])
def test_a_checkpoint_of_another_head(stored: pathlib.Path, form: str, kind: Any) -> None:
    folder = str(stored / form)
    (finding,) = told(lambda: kind.from_pretrained(folder, num_labels=5))
    assert finding["rule"] == "checkpoint-shape-mismatch"
    assert finding["evidence"]["weight"].startswith("classifier/")
    assert finding["evidence"]["stored"][-1] == 2
    assert finding["evidence"]["model"][-1] == 5
    assert "the head was stored" in finding["detail"]
    assert rules(lambda: kind.from_pretrained(folder, num_labels=5, ignore_mismatched_sizes=True)) == []


def test_a_checkpoint_of_another_vocabulary(stored: pathlib.Path) -> None:
    (finding,) = told(lambda: TFBertModel.from_pretrained(stored / "h5", vocab_size=80))
    assert finding["rule"] == "checkpoint-shape-mismatch"
    assert "other sizes than the checkpoint's own config" in finding["detail"]


@pytest.mark.parametrize("name", ["weights.h5", "checkpoint"])
def test_weights_of_another_head(stored: pathlib.Path, name: str) -> None:
    three = functional(3)
    (finding,) = told(lambda: three.load_weights(str(stored / name)))
    assert finding["rule"] == "checkpoint-shape-mismatch"
    assert finding["evidence"]["source"] == str(stored / name)
    assert rules(lambda: three.set_weights(functional(2).get_weights())) == ["checkpoint-shape-mismatch"]
    assert rules(lambda: three.get_layer("head").kernel.assign(np.zeros((1, 1)))) == []


def test_a_mismatch_that_the_user_took_care_of(stored: pathlib.Path) -> None:
    def block() -> None:
        try:
            TFBertForSequenceClassification.from_pretrained(stored / "h5", num_labels=5)
        except ValueError:
            raise KeyError("of the user's own") from None

    assert rules(block) == []


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_a_model_of_transformers_in_a_file(stored: pathlib.Path, name: str) -> None:
    (finding,) = told(lambda: tf_keras.models.load_model(stored / name))
    assert finding["rule"] == "custom-objects-missing"
    assert finding["evidence"]["unknown"] == ["TFBertModel"]
    known = {"TFBertModel": TFBertModel}
    assert rules(lambda: tf_keras.models.load_model(stored / name, custom_objects=known)) == []
    with tf_keras.utils.custom_object_scope(known):
        assert rules(lambda: tf_keras.models.load_model(stored / name)) == []
    assert rules(lambda: tf_keras.models.load_model(stored / "none" / name)) == []


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_a_layer_that_tells_no_config(tmp_path: pathlib.Path, name: str) -> None:
    model = functional(2, wrapped=True)
    (finding,) = told(lambda: model.save(tmp_path / name))
    assert finding["rule"] == "custom-objects-missing"
    assert finding["evidence"]["layers without config"] == ["First"]


def test_a_save_that_is_held_back(tmp_path: pathlib.Path) -> None:
    model = TFBertForSequenceClassification(CONFIG)
    model.compile("adam")
    inputs = {"input_ids": np.full((2, 4), 7), "attention_mask": np.ones((2, 4), int)}

    def block(path: str) -> None:
        model.fit(inputs, np.array([0, 1]))
        model.save(path)

    assert rules(lambda: block(str(tmp_path / "model.h5"))) == ["custom-objects-missing"]
    assert rules(lambda: block(str(tmp_path / "model.keras"))) == []
    assert rules(lambda: block(str(tmp_path / "model"))) == []
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A reloaded module with two functions: of keywords by its signature, and of a dict by its own method."""
    ids = tf.TensorSpec((None, 8), tf.int32, "input_ids")
    mask = tf.TensorSpec((None, 8), tf.int32, "attention_mask")

    class Served(tf.Module):
        @tf.function(input_signature=[{"input_ids": ids, "attention_mask": mask}])
        def score(self, inputs: Any) -> Any:
            return {"score": tf.reduce_sum(inputs["input_ids"] * inputs["attention_mask"], 1)}

    module, folder = Served(), str(tmp_path_factory.mktemp("served"))
    tf.saved_model.save(module, folder, signatures={"serving_default": module.score})
    return tf.saved_model.load(folder)


def test_a_reloaded_signature(served: Any) -> None:
    infer, ids = served.signatures["serving_default"], tf.ones((2, 8), tf.int32)
    wide = tf.cast(ids, tf.int64)
    assert rules(lambda: infer(input_ids=ids, attention_mask=ids)) == []
    assert rules(lambda: infer(input_ids=wide.numpy(), attention_mask=ids)) == []
    assert rules(lambda: served.score({"input_ids": ids, "attention_mask": ids})) == []
    wrong = {
        "`input_ids` is given as int64": lambda: infer(input_ids=wide, attention_mask=ids),
        "`attention_mask` is not given": lambda: infer(input_ids=ids),
        "`types` is not taken": lambda: infer(input_ids=ids, attention_mask=ids, types=ids),
        "it is given 2 tensors in one dict": lambda: infer({"input_ids": ids, "attention_mask": ids}),
        "`attention_mask` is given as int64": lambda: served.score({"input_ids": ids, "attention_mask": wide}),
        "has no `predict`": lambda: served.predict(ids),
        "cannot be called": lambda: served(ids),
    }
    for said, block in wrong.items():
        (finding,) = told(block)
        assert finding["rule"] == "saved-model-call"
        assert said in finding["detail"]


def test_an_error_within_a_function_is_not_of_its_call() -> None:
    @tf.function
    def reshaped(ids: Any) -> Any:
        return tf.reshape(ids, (3, 3))

    assert rules(lambda: reshaped(tf.ones((2, 8)))) == []


def test_names_of_other_releases() -> None:
    def gone() -> None:
        from transformers import TFTrainer  # noqa: F401

    def slip() -> None:
        from transformers import TFBertModle  # noqa: F401

    assert rules(gone) == ["transformers-version-conflict"]
    assert rules(slip) == []
