"""The layers' rows of a tf-keras model that fails: what did not run is there too, by the names of its layers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

import bertmagic


def not_run(report: Any) -> list[tuple[str, int]]:
    """Path without numbers and level of each layer that did not run."""
    return [(row.path.rstrip("_0123456789"), row.level) for row in report.layers if row.status == "not run"]


def test_what_a_failing_pass_did_not_come_to_is_told_in_the_models_order(bert: Any, batch: SimpleNamespace) -> None:
    report = bertmagic.check(bert, np.tile(batch.ids, (1, 20)))
    assert not_run(report) == [
        ("bert/embeddings/LayerNorm", 3),
        ("bert/embeddings/dropout", 3),
        ("bert/encoder", 2),
        ("bert/pooler", 2),
    ]
    whole = bertmagic.check(bert, {"input_ids": batch.ids, "attention_mask": batch.mask})
    assert {row.status for row in whole.layers} == {"ok"}
    assert all(row.seconds is not None for row in whole.layers)
    rows, known = ({row.path: row for row in each.layers} for each in (report, whole))
    assert all(known[path].params == row.params for path, row in rows.items())
    assert all(known[path].type == row.type for path, row in rows.items())


def test_a_functional_models_inputs_and_a_compiled_models_metrics_are_no_layers_that_did_not_run(
    build: Any, batch: SimpleNamespace
) -> None:
    model = build(mask=False)
    model.compile("adam", loss="mse", metrics=["accuracy"])
    below = [path for path, level in not_run(bertmagic.check(model, np.tile(batch.ids, (1, 20)))) if level == 1]
    assert below[-1:] == ["dense"]
    assert not any(word in path for path in below for word in ("input", "accuracy", "loss"))
