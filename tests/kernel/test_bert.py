"""In a real kernel with TensorFlow: a dry `fit`, what it leaves behind, and each bad use that needs a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]

SETUP = """
import os
import numpy as np, tensorflow as tf, tf_keras as keras
from transformers import BatchEncoding, BertConfig, TFBertModel
config = BertConfig(vocab_size=100, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
def build(bert):
    ids = keras.Input((8,), dtype="int32", name="input_ids")
    mask = keras.Input((8,), dtype="int32", name="attention_mask")
    pooled = bert(ids, attention_mask=mask).pooler_output
    model = keras.Model({"input_ids": ids, "attention_mask": mask}, keras.layers.Dense(2)(pooled))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model
batch = {"input_ids": np.tile(np.arange(1, 9, dtype="int32"), (6, 1)), "attention_mask": np.ones((6, 8), "int32")}
labels = np.array([0, 1, 0, 1, 1, 0])
"""


@pytest.fixture(scope="module")
def kernel(new_kernel: Callable[..., Any]) -> Any:
    pytest.importorskip("bertmagic.session")
    pytest.importorskip("tensorflow")
    pytest.importorskip("tf_keras")
    pytest.importorskip("transformers")
    return new_kernel("%load_ext bertmagic", SETUP)


@pytest.fixture
def model(kernel: Any) -> Any:
    kernel.run("model = build(TFBertModel(config))\nmodel.fit(batch, labels, verbose=0);")
    yield kernel
    kernel.run("del model")


STATE = """
import random
def _state():
    return {
        "weights": [w.tobytes() for w in model.get_weights()],
        "optimizer": [v.numpy().tobytes() for v in model.optimizer.variables],
        "metrics": [v.numpy().tobytes() for m in model.metrics for v in m.variables],
        "python": random.getstate(),
        "numpy": str(np.random.get_state()),
        "tensorflow": tf.random.get_global_generator().state.numpy().tobytes(),
        "environment": dict(os.environ),
        "methods": [
            (owner.__qualname__, name, id(vars(owner)[name]))
            for owner in (*type(model).__mro__, keras.layers.Layer, TFBertModel)
            for name in ("fit", "predict", "evaluate", "__call__", "call", "save", "save_weights")
            if name in vars(owner)
        ],
        "attributes": sorted(vars(model)),
        "names": {k: id(v) for k, v in globals().items() if not k.startswith("_") and k not in ("In", "Out")},
    }
"""


def test_a_dry_fit_shows_its_report_and_trains_nothing(model: Any) -> None:
    model.run(STATE)
    model.run("history = None; random.random(); _before = _state()")
    cell = model.run("%%bertcheck -o checked\nmodel.fit(batch, labels, epochs=3, batch_size=2).history")
    assert cell.status == "ok", cell
    assert cell.err == ""
    assert cell.result is not None
    assert cell.result.count("nan") >= 3
    (shown,) = (each for each in cell.displays if "text/html" in each)
    assert "text/plain" in shown
    assert not any("application/vnd.jupyter.widget-view+json" in each for each in cell.displays)
    assert model.run("checked.verdict").result == "'pass'"
    model.run("del checked")
    assert model.run("[k for k, v in _state().items() if v != _before[k]]").result == "[]"


def test_the_users_exception_is_shown_at_the_users_fit(model: Any) -> None:
    fault = (
        "a = 1\n" * 5 + "wrong = {'input_ids': batch['input_ids'][:, :5], 'attention_mask': batch['attention_mask']}\n"
    )
    cell = model.run("%%bertcheck\n" + fault + "model.fit(wrong, labels)")
    assert cell.status == "error"
    assert [each for each in cell.displays if "text/html" in each]
    assert "line 8" in cell.traceback
    assert "model.fit(wrong, labels)" in cell.traceback
    assert "magics.py" not in cell.traceback
    assert "run_cell_magic" not in cell.traceback


def test_what_a_real_call_raises_has_its_message_and_no_frame_of_bertmagic(model: Any) -> None:
    fault = "a = 1\n" * 5 + "model(batch['input_ids'][:, :5])"
    plain, magic = model.run("# plain\n" + fault), model.run("%%bertcheck\n" + fault)
    assert (magic.error["ename"], magic.error["evalue"]) == (plain.error["ename"], plain.error["evalue"])
    # Not the whole traceback: Keras' filter keeps the innermost frame where it would keep none, and under the layer
    # recorder it keeps the recorder's (`_process_traceback_frames`, tf_keras/src/utils/traceback_utils.py, 2.21.0).
    assert magic.traceback.count("File ") >= 1
    assert "bertmagic" not in magic.traceback


def test_line_form_and_strict(model: Any) -> None:
    assert model.run("%bertcheck model batch labels --strict").status == "ok"
    cell = model.run("%bertcheck --strict model batch np.tile(labels[:,None],3)")
    assert cell.error["ename"] == "CheckError"
    assert "magics.py" not in cell.traceback


def test_quiet(model: Any) -> None:
    assert model.run("%%bertcheck --quiet\nmodel.fit(batch, labels);").outputs == []


BAD = {
    "no model": ("", "%bertcheck"),
    "two models and no names": ("one = build(TFBertModel(config)); two = build(TFBertModel(config))", "%bertcheck"),
    "empty batch": (
        "one = build(TFBertModel(config)); none = {k: v[:0] for k, v in batch.items()}",
        "%bertcheck one none labels",
    ),
    "not built, no inputs": (
        "one = keras.Sequential([keras.layers.Dense(2)])",
        "%bertcheck",
    ),
    "no model by that name": ("", "%bertcheck model batch"),
    "no model at all": ("one = 1", "%bertcheck one batch"),
}


@pytest.mark.parametrize(("setup", "source"), BAD.values(), ids=BAD)
def test_bad_use_is_one_line_and_changes_nothing(kernel: Any, setup: str, source: str) -> None:
    kernel.run(setup)
    try:
        before = kernel.names()
        cell = kernel.run(source)
        assert cell.status == "error", cell
        assert [each.get("name") for each in cell.outputs] == ["stderr"]
        assert cell.err.startswith("UsageError: ")
        assert cell.err.strip().count("\n") == 0
        assert kernel.names() == before
    finally:
        kernel.run("for _name in ('one', 'two', 'none'): globals().pop(_name, None)")


@pytest.mark.parametrize("source", ["%%bertcheck --device gpu\nx = 1", "%bertcheck model batch labels --device gpu"])
def test_a_gpu_that_is_not_there_is_one_line_and_changes_nothing(model: Any, source: str) -> None:
    if model.run("len(tf.config.list_physical_devices('GPU'))").result != "0":
        pytest.skip("TensorFlow sees a GPU here")
    before = model.names()
    cell = model.run(source)
    assert cell.status == "error"
    assert [each.get("name") for each in cell.outputs] == ["stderr"]
    assert cell.err.startswith("UsageError: ")
    assert cell.err.strip().count("\n") == 0
    assert model.names() == before
