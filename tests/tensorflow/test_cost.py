"""What a check costs with tf-keras, as a part of one bare eager forward pass of the same batch: BERT-base, 32 x 128."""

from __future__ import annotations

from typing import Any

import costs
import numpy as np
import pytest

pytestmark = pytest.mark.slow


def test_a_check_of_bert_base_costs_a_part_of_its_forward_pass(
    tf: Any, keras: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import BertConfig, TFBertModel

    bert = TFBertModel(BertConfig())
    ids, mask = costs.batch()
    labels = np.zeros((costs.ROWS, 1), "float32")

    def compiled(names: tuple[str, ...]) -> Any:
        inputs = [keras.Input((None,), dtype="int32", name=name) for name in names]
        pooled = bert(inputs[0], attention_mask=inputs[1] if len(inputs) > 1 else None).pooler_output
        model = keras.Model(inputs, keras.layers.Dense(1)(pooled))
        model.compile("adam", "mse")
        return model

    right, wrong = compiled(("input_ids", "attention_mask")), compiled(("input_ids",))
    token_ids, attention_mask = tf.constant(ids), tf.constant(mask)
    costs.hold(
        lambda: bert(token_ids, attention_mask=attention_mask),
        {
            "pass": lambda: right.fit([ids, mask], labels, batch_size=costs.ROWS, verbose=0),
            "warn": lambda: wrong.fit(ids, labels, batch_size=costs.ROWS, verbose=0),
        },
        capsys,
    )
