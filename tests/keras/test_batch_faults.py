"""The thirteen faults of a KerasHub batch, each named on whatever computes Keras, and the batches that are right."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tiny_hub as tiny

import bertmagic

Batch = dict[str, np.ndarray]


def _with(**changes: Callable[[Batch], np.ndarray]) -> Callable[[Batch], Batch]:
    return lambda batch: {**batch, **{name: change(batch) for name, change in changes.items()}}


ROWS = len(tiny.WORDS)
FIRST = np.array([[0.25], [0], [0], [0]])
FAULTS: dict[str, tuple[str, Callable[[Batch], Batch]]] = {
    "float ids": ("ids-not-integer", _with(token_ids=lambda batch: batch["token_ids"] + FIRST)),
    "segment_ids dropped": (
        "input-missing",
        lambda batch: {name: value for name, value in batch.items() if name != "segment_ids"},
    ),
    "transformers' names": (
        "input-misnamed",
        lambda batch: {
            "input_ids": batch["token_ids"],
            "attention_mask": batch["padding_mask"],
            "token_type_ids": batch["segment_ids"],
        },
    ),
    "mask of another length": (
        "sequence-length-mismatch",
        _with(padding_mask=lambda batch: batch["padding_mask"][:, :8]),
    ),
    "beyond the positions": (
        "sequence-too-long",
        lambda batch: {name: np.concatenate([value, value], axis=1) for name, value in batch.items()},
    ),
    "one axis": ("batch-axis-missing", lambda batch: {name: value[0] for name, value in batch.items()}),
    "id = vocabulary size": (
        "ids-out-of-vocabulary",
        _with(token_ids=lambda batch: np.where(batch["token_ids"] == 6, ROWS, batch["token_ids"])),
    ),
    "id -1": (
        "ids-out-of-vocabulary",
        _with(token_ids=lambda batch: np.where(batch["token_ids"] == 6, -1, batch["token_ids"])),
    ),
    "mask all 0": ("attention-mask-all-zero", _with(padding_mask=lambda batch: batch["padding_mask"] * 0)),
    "mask inverted": ("attention-mask-inverted", _with(padding_mask=lambda batch: 1 - batch["padding_mask"])),
    "mask and segments swapped": (
        "inputs-swapped",
        _with(padding_mask=lambda batch: batch["segment_ids"], segment_ids=lambda batch: batch["padding_mask"]),
    ),
    "segment 3": (
        "token-type-ids-invalid",
        _with(segment_ids=lambda batch: np.where(batch["token_ids"] == 3, 3, batch["segment_ids"])),
    ),
    "axes swapped": ("batch-axis-missing", lambda batch: {name: value.T for name, value in batch.items()}),
}
RIGHT: dict[str, Callable[[Batch], Batch]] = {
    "as the preprocessor gives it": lambda batch: batch,
    "whole numbers as floats": _with(token_ids=lambda batch: batch["token_ids"].astype("float32")),
    "a bool mask": _with(padding_mask=lambda batch: batch["padding_mask"].astype(bool)),
    "int64": lambda batch: {name: value.astype("int64") for name, value in batch.items()},
    "in another order": lambda batch: dict(reversed(batch.items())),
    "no padding": lambda batch: {name: value[3:, :11] for name, value in batch.items()},
}


def _run(kind: str, batch: Batch) -> Any:
    model = tiny.backbone()
    with bertmagic.watching() as watch, contextlib.suppress(Exception):
        if kind == "call":
            model(batch)
        else:
            model.predict(batch, verbose=0)
    report = watch.report
    assert report is not None
    assert not report.internal_errors
    return report


def test_there_are_thirteen() -> None:
    assert len(FAULTS) == 13


@pytest.mark.parametrize("kind", ["call", "predict"])
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named(fault: str, kind: str) -> None:
    expected, change = FAULTS[fault]
    report = _run(kind, change(tiny.batch()))
    assert [finding.rule for finding in report.findings][:1] == [expected]


@pytest.mark.parametrize("kind", ["call", "predict"])
@pytest.mark.parametrize("right", RIGHT)
def test_right_is_quiet(right: str, kind: str) -> None:
    report = _run(kind, RIGHT[right](tiny.batch()))
    assert [finding for finding in report.findings if finding.severity != "advice"] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_training_is_named(fault: str) -> None:
    expected, change = FAULTS[fault]
    backbone = tiny.backbone()
    import keras

    scores = keras.layers.Dense(2)(backbone(backbone.input)["pooled_output"])
    model = keras.Model(backbone.input, scores)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    batch = change(tiny.batch())
    with bertmagic.watching() as watch, contextlib.suppress(Exception):
        model.fit(batch, tiny.LABELS, verbose=0)
    report = watch.report
    assert report is not None
    assert not report.internal_errors
    # What has the batch's axes swapped has as many rows as a text has tokens, which the labels tell.
    also = ("row-count-mismatch",) if fault in ("axes swapped", "one axis") else ()
    assert report.findings
    assert report.findings[0].rule in (expected, *also)
