"""`%bertfix` with Keras 3: the corrected cell is proved, and weights, structure and compile state are as before."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub
import numpy as np

from tests.fixing import bertfix, proposing

CELL = """\
head = keras.layers.Dense(2, activation="softmax")(bert.output["pooled_output"])
judge = keras.Model(bert.input, head)  # two classes
judge.compile(optimizer, "sparse_categorical_crossentropy")
own.compile("sgd", "mse")
judge.fit(x, labels)
"""


def state(bert: Any, own: Any, optimizer: Any) -> dict[str, Any]:
    return {
        "weights": [np.asarray(keras.ops.convert_to_numpy(each)).tobytes() for each in bert.weights],
        "attributes": {key: id(value) for key, value in vars(bert).items()},
        "own": {key: id(value) for key, value in vars(own).items()},
        "compiled": own.compiled,
        "optimizer": [np.asarray(keras.ops.convert_to_numpy(each)).tobytes() for each in optimizer.variables],
        "built": optimizer.built,
    }


def test_the_corrected_cell_is_proved_and_leaves_no_trace() -> None:
    bert = keras_hub.models.BertBackbone(
        vocabulary_size=100, num_layers=1, num_heads=2, hidden_dim=16, intermediate_dim=32, max_sequence_length=16
    )
    ids = np.random.default_rng(0).integers(5, 100, (4, 8)).astype("int32")
    x = {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": np.ones_like(ids)}
    own = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(1e-5)
    names = {"keras": keras, "bert": bert, "own": own, "optimizer": optimizer, "x": x, "labels": np.array([0, 1, 0, 1])}
    before = state(bert, own, optimizer)
    shell = proposing(names, CELL)
    fixed = bertfix(shell)
    assert fixed.next_input == CELL.removesuffix("\n"), fixed.out
    after = state(bert, own, optimizer)
    assert {key for key in before if before[key] != after[key]} == set()
    assert "judge" not in shell.user_ns


def test_a_cell_that_raises_is_no_correction() -> None:
    fixed = bertfix(proposing({"keras": keras}, "keras.layers.Dense(0)\n"))
    assert fixed.next_input is None
    assert "ValueError" in fixed.out
    assert "does not work" in fixed.out
