"""What is run for a fix: the observed batch, corrected; what came out is told, and a correction that fails is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertmagic.repair import plays
from bertmagic.session import Watch


def ids() -> Any:
    import torch

    ids = torch.tensor(np.random.default_rng(0).integers(5, 100, (4, 8)))
    ids[1, -3:] = 0
    ids[3, -2:] = 0
    return ids


def fix(call: Any) -> Any:
    """The fix of the first finding on what `call` does."""
    with Watch(namespace={}) as watch:
        try:
            call()
        except Exception:  # noqa: BLE001  # some of these faults raise
            assert watch is not None
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    return watch.report.findings[0].fix


def test_a_mask_the_wrong_way_round_is_proved_by_rows_against_themselves_unpadded(bert: Any) -> None:
    fed = ids()
    proof = fix(lambda: bert(fed, attention_mask=(fed == 0).long())).proof
    assert "1 on tokens and 0 on padding" in proof.ran
    assert "[CLS] moves by 0, and by 0." in proof.result


def test_an_axis_too_many_is_proved_by_the_pass_without_it(bert: Any) -> None:
    fed = ids()
    proof = fix(lambda: bert(fed[:, None, :], attention_mask=(fed != 0).long()[:, None, :])).proof
    assert "without the axis of size 1" in proof.ran
    assert "it runs, and gives last_hidden_state (batch=4, seq=8, hidden=32)" in proof.result


def test_labels_counted_from_one_are_proved_with_the_loss(classifier: Any) -> None:
    import torch

    fed = ids()
    labels = torch.tensor([1, 2, 1, 2])
    proof = fix(lambda: classifier(fed, attention_mask=(fed != 0).long(), labels=labels)).proof
    assert "the forward pass and the loss" in proof.ran
    assert "the loss is" in proof.result


def test_dropout_at_inference_is_proved_by_two_passes_that_agree(classifier: Any) -> None:
    import torch

    fed = ids()
    classifier.train()

    def predict() -> None:
        with torch.no_grad():
            classifier(fed, attention_mask=(fed != 0).long()).logits.argmax(-1)

    assert "gives the same both times" in fix(predict).proof.result


def test_a_correction_that_fails_is_told_as_failed(bert: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(call: Any, _: Any) -> plays.Play:
        return plays.Play("nothing changed", {each.name: each.values for each in call.inputs})

    monkeypatch.setitem(plays.PLAYS, "batch-axis-extra", wrong)
    fed = ids()
    proof = fix(lambda: bert(fed[:, None, :])).proof
    assert proof.failed
    assert proof.ran.endswith("with nothing changed")


def test_objects_get_the_code_that_was_run(bert: Any) -> None:
    import bertmagic

    fed = ids()
    batch = {"input_ids": fed[:, None, :], "attention_mask": (fed != 0).long()[:, None, :]}
    report = bertmagic.check(bert, batch)
    found = report.findings[0].fix
    assert found is not None
    assert found.proof is not None
    exec(found.snippet, {"batch": batch})
    assert bertmagic.check(bert, batch).verdict == "pass"
