"""Dtypes and text against the real library: what raises there is named, what is cast there unharmed is not."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic
from bertmagic.report import Report

TEXTS = ["a plain text", "another one", "a third"]


def checked(run: Any) -> Report:
    """The report on a block that may raise."""
    # What the library raises is not the question here.
    with contextlib.suppress(Exception), bertmagic.watching() as watch:
        run()
    assert watch.report is not None
    assert not watch.report.internal_errors
    return watch.report


def rules(report: Report) -> list[str]:
    """The slugs of a report's errors and warnings, in order."""
    return [finding.rule for finding in report.findings if finding.severity != "advice"]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bool", "int16", "str", "object"])
def test_ids_of_a_wrong_dtype(bert: Any, batch: SimpleNamespace, dtype: str) -> None:
    report = checked(lambda: bert(batch.ids.astype(dtype), attention_mask=batch.mask))
    assert rules(report) == ["ids-not-integer"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_whole_numbers_for_an_integer_input(build: Any, batch: SimpleNamespace, dtype: str) -> None:
    x = {"input_ids": batch.ids.astype(dtype), "attention_mask": batch.mask.astype(dtype)}
    assert not rules(checked(lambda: build().fit(x, batch.labels.astype(dtype), verbose=0)))


def test_ids_that_the_model_makes_floats_of(keras: Any, bert: Any, tf: Any, batch: SimpleNamespace) -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.bert = bert

        def call(self, ids: Any) -> Any:
            return self.bert(tf.cast(ids, tf.float32)).pooler_output

    assert rules(checked(lambda: Own()(batch.ids))) == ["ids-not-integer"]


@pytest.mark.parametrize("shape", [(6, 16), (6, 8, 16)], ids=["vectors", "embeddings"])
def test_embeddings_in_the_place_of_ids(bert: Any, shape: tuple[int, ...]) -> None:
    vectors = np.random.default_rng(0).normal(size=shape).astype("float32")
    assert rules(checked(lambda: bert(vectors))) == ["embeddings-as-ids"]
    assert rules(checked(lambda: bert.predict(vectors, verbose=0))) == ["embeddings-as-ids"]


def test_vectors_cut_off_without_an_error(build: Any) -> None:
    vectors = np.abs(np.random.default_rng(0).normal(size=(6, 16))).astype("float32")
    x = {"input_ids": vectors, "attention_mask": np.ones((6, 16), "int32")}
    assert rules(checked(lambda: build().predict(x, verbose=0))) == ["embeddings-as-ids"]


@pytest.mark.parametrize("how", ["first", "dict", "keyword alone"])
def test_embeddings_by_their_own_name(bert: Any, how: str) -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 8, 16)).astype("float32")
    calls: dict[str, Any] = {
        "first": lambda: bert(None, inputs_embeds=vectors),
        "dict": lambda: bert({"inputs_embeds": vectors}),
        # Keras raises: the first argument is always to be passed. No dtype is at fault.
        "keyword alone": lambda: bert(inputs_embeds=vectors),
    }
    assert not rules(checked(calls[how]))


def test_token_types_of_floats(bert: Any, batch: SimpleNamespace) -> None:
    report = checked(lambda: bert(batch.ids, attention_mask=batch.mask, token_type_ids=np.zeros((6, 8))))
    assert rules(report) == ["dtype-mismatch"]


@pytest.mark.parametrize(
    "texts", [TEXTS, np.array(TEXTS), np.array(TEXTS, dtype=object), TEXTS[0]], ids=["list", "array", "objects", "one"]
)
def test_texts_in_the_place_of_ids(bert: Any, texts: Any) -> None:
    assert rules(checked(lambda: bert(texts))) == ["text-not-tokenized"]
    assert rules(checked(lambda: bert.predict(texts, verbose=0))) == ["text-not-tokenized"]


def test_a_dataset_of_texts(build: Any, tf: Any) -> None:
    data = tf.data.Dataset.from_tensor_slices((TEXTS, [0, 1, 0])).batch(3)
    assert rules(checked(lambda: build().fit(data, verbose=0))) == ["text-not-tokenized"]


def test_texts_that_the_model_tokenizes_itself(keras: Any, bert: Any, tf: Any) -> None:
    vectorize = keras.layers.TextVectorization(max_tokens=50, output_sequence_length=6)
    vectorize.adapt(TEXTS)
    text = keras.Input((), dtype="string", name="text")
    ids = vectorize(text)
    hidden = bert(tf.cast(ids, tf.int32), attention_mask=tf.cast(ids != 0, tf.int32))
    model = keras.Model(text, keras.layers.Dense(1)(hidden.pooler_output))
    model.compile("adam", "mse")
    assert not rules(checked(lambda: model.fit(np.array(TEXTS), np.array([1, 2, 3]), verbose=0)))


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (np.array(list("ababab")), True),
        (list("ababab"), True),
        (np.array([0, 1] * 3, dtype=object), True),
        (np.array([0.5, 1, 0, 0.25, 0, 1]), True),
        (np.array([0.0, 1.0] * 3), False),
        (np.array([False, True] * 3), False),
    ],
    ids=["strings", "a list of strings", "objects", "fractions", "whole floats", "bool"],
)
def test_labels(build: Any, batch: SimpleNamespace, labels: Any, wrong: bool) -> None:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    assert rules(checked(lambda: build().fit(x, labels, verbose=0))) == (["labels-dtype"] if wrong else [])


@pytest.mark.parametrize(("dtype", "found"), [("int64", ["labels-dtype"]), ("float32", [])])
def test_integers_for_a_loss_of_ones_own(build: Any, tf: Any, batch: SimpleNamespace, dtype: str, found: Any) -> None:
    def squared(y: Any, predicted: Any) -> Any:
        return tf.reduce_mean(tf.square(y - predicted), axis=-1)

    model = build(outputs=1, loss=squared, metrics=())
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    assert rules(checked(lambda: model.fit(x, np.arange(6).astype(dtype), verbose=0))) == found
