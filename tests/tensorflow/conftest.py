"""A tiny random BERT on tf-keras, and batches for it, in this very process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

VOCABULARY = 100


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.tf)


@pytest.fixture(scope="session")
def tf() -> Any:
    pytest.importorskip("transformers", reason="NOT RUN: the TensorFlow stack is not installed (extra `tf`)")
    return pytest.importorskip("tensorflow", reason="NOT RUN: the TensorFlow stack is not installed (extra `tf`)")


@pytest.fixture(scope="session")
def keras(tf: Any) -> Any:
    return pytest.importorskip("tf_keras")


@pytest.fixture(scope="session")
def config(tf: Any) -> Any:
    from transformers import BertConfig

    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return BertConfig(vocab_size=VOCABULARY, max_position_embeddings=64, num_labels=2, **small)


@pytest.fixture(scope="session")
def bert(config: Any) -> Any:
    from transformers import TFBertModel

    model = TFBertModel(config)
    model.build_in_name_scope()
    return model


@pytest.fixture
def batch() -> SimpleNamespace:
    """Six rows of eight tokens; rows 1 and 4 have 3 and 2 padding tokens (id 0)."""
    ids = np.random.default_rng(0).integers(5, VOCABULARY, (6, 8)).astype("int32")
    mask = np.ones((6, 8), dtype="int32")
    for row, padding in ((1, 3), (4, 2)):
        ids[row, -padding:] = 0
        mask[row, -padding:] = 0
    return SimpleNamespace(ids=ids, mask=mask, labels=np.array([0, 1, 0, 1, 1, 0]))


@pytest.fixture(autouse=True)
def _weights_as_before(request: pytest.FixtureRequest) -> Iterator[None]:
    """The one BERT that all tests share leaves each of them with the weights that it came with."""
    if "bert" not in request.fixturenames:
        yield
        return
    bert = request.getfixturevalue("bert")
    weights = bert.get_weights()
    yield
    bert.set_weights(weights)


@pytest.fixture
def build(keras: Any, bert: Any) -> Any:
    """`build(mask=True, outputs=2, loss=…)`: a compiled functional model around the tiny BERT."""

    def make(mask: bool = True, outputs: int = 2, loss: Any = None, metrics: Any = ("accuracy",)) -> Any:
        inputs = {"input_ids": keras.Input((None,), dtype="int32", name="input_ids")}
        if mask:
            inputs["attention_mask"] = keras.Input((None,), dtype="int32", name="attention_mask")
        pooled = bert(inputs["input_ids"], attention_mask=inputs.get("attention_mask")).pooler_output
        model = keras.Model(inputs, keras.layers.Dense(outputs)(pooled))
        model.compile("adam", loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=[*metrics])
        return model

    return make


def rules(report: Any) -> list[str]:
    """The slugs of a report's errors and warnings, in order."""
    return [finding.rule for finding in report.findings if finding.severity != "advice"]
