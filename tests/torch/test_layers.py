"""The layers' rows of a PyTorch model that fails: what did not run is there too, by the names of `named_modules`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bertmagic


def test_what_a_failing_pass_did_not_come_to_is_told_in_the_models_order(
    classifier: Any, padded: SimpleNamespace
) -> None:
    import torch

    classifier.bert.encoder.layer[0].intermediate.dense = torch.nn.Linear(33, 64)
    report = bertmagic.check(classifier, {"input_ids": padded.ids, "attention_mask": padded.mask})
    failed = [row.path for row in report.layers if row.status == "failed"]
    assert failed[-1] == "bert.encoder.layer.0.intermediate.dense"
    assert [(row.path, row.level) for row in report.layers if row.status == "not run"] == [
        ("bert.encoder.layer.0.intermediate.intermediate_act_fn", 5),
        ("bert.encoder.layer.0.output", 4),
        ("bert.encoder.layer.1", 3),
        ("bert.pooler", 2),
        ("dropout", 1),
        ("classifier", 1),
    ]
    rows = {row.path: row for row in report.layers}
    sizes = {name: sum(each.numel() for each in module.parameters()) for name, module in classifier.named_modules()}
    assert all(row.params == sizes[row.path] for row in report.layers if row.status == "not run")
    assert rows["bert.encoder.layer.1"].type == "BertLayer"
    assert rows["bert.encoder.layer.1"].seconds is None


def test_a_pass_that_ends_well_has_the_layers_that_ran_and_their_times(bert: Any, padded: SimpleNamespace) -> None:
    report = bertmagic.check(bert, {"input_ids": padded.ids, "attention_mask": padded.mask})
    assert {row.status for row in report.layers} == {"ok"}
    assert all(row.seconds is not None for row in report.layers)
