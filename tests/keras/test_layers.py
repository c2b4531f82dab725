"""The layers' rows of a Keras 3 model: what did not run is there too, each call once, times where they mean it."""

from __future__ import annotations

import keras
import keras_hub
import numpy as np
import pytest

import bertmagic
from bertmagic.report import Report


@pytest.fixture(scope="module")
def failing() -> Report:
    """A model of two layers that is given more tokens than it has positions."""
    sizes = {"vocabulary_size": 90, "num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32}
    backbone = keras_hub.models.BertBackbone(**sizes, max_sequence_length=16, name="encoder")
    pooled = keras.layers.Dropout(0.1, name="drop")(backbone(backbone.input)["pooled_output"])
    model = keras.Model(backbone.input, keras.layers.Dense(2, name="head")(pooled))
    ids = np.random.default_rng(0).integers(5, 90, (2, 20))
    given = {"token_ids": ids, "padding_mask": np.ones_like(ids), "segment_ids": np.zeros_like(ids)}
    return bertmagic.check(model, given)


def test_what_a_failing_pass_did_not_come_to_is_told_in_the_models_order(failing: Report) -> None:
    failed = [row.path for row in failing.layers if row.status == "failed"]
    assert failed[1:] == ["encoder", "encoder/position_embedding"]
    assert [(row.path, row.level) for row in failing.layers if row.status == "not run"] == [
        ("encoder/segment_embedding", 2),
        ("encoder/embeddings_add", 2),
        ("encoder/embeddings_layer_norm", 2),
        ("encoder/embeddings_dropout", 2),
        ("encoder/transformer_layer_0", 2),
        ("encoder/transformer_layer_1", 2),
        ("encoder/pooled_dense", 2),
        ("drop", 1),
        ("head", 1),
    ]


def test_a_call_is_recorded_once_on_every_backend(failing: Report) -> None:
    paths = [row.path for row in failing.layers]
    assert len(paths) == len(set(paths))
    rows = {row.path: row for row in failing.layers}
    assert rows["encoder/token_embedding"].params == 90 * 16


def test_times_are_left_out_where_jax_dispatches_asynchronously(failing: Report) -> None:
    timed = [row.seconds is not None for row in failing.layers if row.status != "not run"]
    on_cpu = (failing.device.used or "").startswith("CPU")
    assert timed == [on_cpu and keras.backend.backend() != "jax"] * len(timed)
