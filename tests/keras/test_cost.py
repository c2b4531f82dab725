"""What a check costs with KerasHub on KERAS_BACKEND, as a part of one bare forward pass: BERT-base, 32 x 128."""

from __future__ import annotations

import costs
import numpy as np
import pytest

pytestmark = pytest.mark.slow


def test_a_check_of_bert_base_costs_a_part_of_its_forward_pass(capsys: pytest.CaptureFixture[str]) -> None:
    hub = pytest.importorskip("keras_hub", reason="NOT RUN: the Keras stack is not installed (extra `keras`)")
    import keras

    bert = hub.models.BertBackbone(
        vocabulary_size=30522, num_layers=12, num_heads=12, hidden_dim=768, intermediate_dim=3072
    )
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{index}" for index in range(30517))]
    tokenizer = hub.models.BertTokenizer(vocabulary=words)
    ids, mask = costs.batch()
    labels = np.zeros((costs.ROWS, 1), "float32")
    right = {"token_ids": ids, "padding_mask": mask, "segment_ids": np.zeros_like(ids)}
    wrong = {**right, "padding_mask": np.ones_like(ids)}
    model = keras.Model(bert.input, keras.layers.Dense(1)(bert(bert.input)["pooled_output"]))
    model.compile("adam", "mse")
    given = {name: keras.ops.convert_to_tensor(value) for name, value in right.items()}

    def forward() -> None:
        keras.ops.convert_to_numpy(bert(given)["pooled_output"])  # JAX returns before it has computed

    costs.hold(
        forward,
        {
            "pass": lambda: model.fit(right, labels, batch_size=costs.ROWS, verbose=0),
            "warn": lambda: model.fit(wrong, labels, batch_size=costs.ROWS, verbose=0),
        },
        capsys,
        {"tokenizer": tokenizer},  # which tells the padding token: a backbone has no config that does
    )
