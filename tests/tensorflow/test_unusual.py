"""Correct programs of unusual kinds: the dry `fit` raises nothing, says nothing, and nothing of ours fails."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic


@pytest.fixture
def kit(tf: Any, keras: Any, bert: Any, batch: SimpleNamespace) -> SimpleNamespace:
    ids = keras.Input((None,), dtype="int32", name="input_ids")
    mask = keras.Input((None,), dtype="int32", name="attention_mask")
    output = bert(ids, attention_mask=mask)
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    return SimpleNamespace(
        tf=tf, keras=keras, bert=bert, ids=ids, mask=mask, output=output, x=x, labels=batch.labels, batch=batch
    )


def two_outputs(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    heads = {name: kit.keras.layers.Dense(n, name=name)(kit.output.pooler_output) for name, n in (("a", 1), ("b", 3))}
    model = kit.keras.Model([kit.ids, kit.mask], heads)
    sparse = kit.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", {"a": "mse", "b": sparse}, loss_weights={"a": 0.5, "b": 1.0}, metrics={"b": ["accuracy"]})
    return model, (kit.x, {"a": np.zeros(6, "float32"), "b": np.array([0, 1, 2, 0, 1, 2])}), {}


def one_output(kit: SimpleNamespace, units: int = 1) -> Any:
    model = kit.keras.Model([kit.ids, kit.mask], kit.keras.layers.Dense(units)(kit.output.pooler_output))
    model.compile("adam", "mse")
    return model


def sample_weights_and_class_weights(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    model = one_output(kit)
    return model, (kit.x, kit.labels.astype("float32")), {"sample_weight": np.linspace(0, 1, 6), "batch_size": 4}


def token_outputs(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    model = kit.keras.Model([kit.ids, kit.mask], kit.keras.layers.Dense(3)(kit.output.last_hidden_state))
    model.compile("adam", kit.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model, (kit.x, np.zeros((6, 8), int)), {"sample_weight": kit.batch.mask.astype("float32")}


def a_loss_of_its_own(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    model = one_output(kit, 4)

    def mse(y: Any, predicted: Any) -> Any:
        """A contrastive loss: its labels are row numbers, whatever its name says."""
        return kit.tf.reduce_mean(predicted**2, axis=-1) + 0 * kit.tf.cast(kit.tf.reshape(y, [-1]), predicted.dtype)

    model.compile("adam", mse)
    return model, (kit.x, np.arange(6)), {}


def added_losses_and_no_labels(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    model = kit.keras.Model([kit.ids, kit.mask], kit.output.pooler_output)
    model.add_loss(kit.tf.reduce_mean(kit.output.pooler_output**2))
    model.compile("adam")
    return model, (kit.x,), {}


def a_sequence_of_batches(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    x, labels = kit.x, kit.labels.astype("float32")

    class Batches(kit.keras.utils.Sequence):  # type: ignore[misc,name-defined]
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            at = slice(2 * index, 2 * index + 2)
            return {name: value[at] for name, value in x.items()}, labels[at]

    return one_output(kit), (Batches(),), {}


def a_frozen_encoder_in_a_sequential_head(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    head = kit.keras.Sequential([kit.keras.layers.Dropout(0.5), kit.keras.layers.Dense(1, activation="sigmoid")])
    model = kit.keras.Model([kit.ids, kit.mask], head(kit.output.pooler_output))
    model.compile("adam", "binary_crossentropy", metrics=[kit.keras.metrics.AUC(), "accuracy"])
    return model, (kit.x, kit.labels), {"validation_split": 0.5}


def texts_tokenized_inside(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    class Hashing(kit.keras.Model):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.bert, self.head = kit.bert, kit.keras.layers.Dense(1)

        def call(self, texts: Any, training: bool = False) -> Any:
            words = kit.tf.strings.split(kit.tf.reshape(texts, [-1]))
            ids = kit.tf.strings.to_hash_bucket_fast(words, 90).to_tensor(default_value=-5) + 5
            hidden = self.bert(ids, attention_mask=kit.tf.cast(ids > 0, kit.tf.int32), training=training)
            return self.head(hidden.pooler_output)

    model = Hashing()
    model.compile("adam", "mse")
    return model, (np.array(["a b", "a b c d", "c"]), np.zeros(3, "float32")), {}


def a_fixed_batch_size(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    ids = kit.keras.Input((8,), batch_size=6, dtype="int32", name="input_ids")
    mask = kit.keras.Input((8,), batch_size=6, dtype="int32", name="attention_mask")
    pooled = kit.tf.reshape(kit.bert(ids, attention_mask=mask).pooler_output, (6, 16))
    model = kit.keras.Model([ids, mask], kit.keras.layers.Dense(1)(pooled))
    model.compile("adam", "mse")
    return model, (kit.x, kit.labels), {}


def a_padded_row_that_fills_the_batch(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    x = {name: np.concatenate([value[[0, 2]], np.zeros((2, 8), "int32")]) for name, value in kit.x.items()}
    return one_output(kit), (x, np.zeros(4, "float32")), {"sample_weight": np.array([1.0, 1.0, 0.0, 0.0])}


def a_pipeline(kit: SimpleNamespace) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    data = kit.tf.data.Dataset.from_tensor_slices((kit.x, kit.labels.astype("float32"))).cache().shuffle(6)
    pipeline = data.repeat().padded_batch(4, drop_remainder=True).prefetch(kit.tf.data.AUTOTUNE)
    return one_output(kit), (pipeline,), {"steps_per_epoch": 2, "validation_data": data.batch(2)}


PROGRAMS: list[Callable[[SimpleNamespace], tuple[Any, tuple[Any, ...], dict[str, Any]]]] = [
    two_outputs,
    sample_weights_and_class_weights,
    token_outputs,
    a_loss_of_its_own,
    added_losses_and_no_labels,
    a_sequence_of_batches,
    a_frozen_encoder_in_a_sequential_head,
    texts_tokenized_inside,
    a_fixed_batch_size,
    a_padded_row_that_fills_the_batch,
    a_pipeline,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_nothing_is_said_of(kit: SimpleNamespace, program: Any) -> None:
    model, arguments, options = program(kit)
    with bertmagic.watching() as watch:
        dry = model.fit(*arguments, verbose=0, **options)
    report = watch.report
    assert report is not None
    assert report.internal_errors == ()
    assert [finding.detail for finding in report.findings if finding.severity != "advice"] == []
    assert report.verdict == "pass", report
    assert not [row for row in (*report.inputs, *report.outputs, *report.labels) if row.status == "wrong"], report
    real = model.fit(*arguments, verbose=0, **options)
    assert list(dry.history) == list(real.history)
