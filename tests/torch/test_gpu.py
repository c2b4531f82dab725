"""PyTorch on a GPU: where a pass ran is told, and an index out of range is named before it can end the CUDA context."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import bertmagic

pytestmark = pytest.mark.gpu


@pytest.fixture
def on_gpu(bert: Any) -> Any:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("NOT RUN: PyTorch sees no GPU on this machine")
    return bert.to("cuda")


def test_the_device_and_its_peak_are_told(on_gpu: Any, padded: SimpleNamespace) -> None:
    batch = {"input_ids": padded.ids.to("cuda"), "attention_mask": padded.mask.to("cuda")}
    report = bertmagic.check(on_gpu, batch)
    assert report.verdict == "pass"
    assert report.device.used == "GPU:0"
    assert report.device.name
    assert report.device.peak_bytes
    assert {row.seconds for row in report.layers} == {None}  # a call there only queues its work


def test_an_id_out_of_range_is_named_and_never_looked_up(on_gpu: Any, padded: SimpleNamespace) -> None:
    import torch

    ids = padded.ids.clone()
    ids[0, 1] = 10**6
    report = bertmagic.check(on_gpu, {"input_ids": ids.to("cuda"), "attention_mask": padded.mask.to("cuda")})
    assert [finding.rule for finding in report.findings][:1] == ["ids-out-of-vocabulary"]
    # After a device assert not even this would run.
    assert float(torch.ones(2, device="cuda").sum()) == 2


def test_a_call_that_would_end_the_context_is_held_back(on_gpu: Any, padded: SimpleNamespace) -> None:
    import torch

    ids = padded.ids.clone()
    ids[0, 1] = 10**6
    with bertmagic.watching() as watch, pytest.raises(IndexError, match="index out of range in self"):
        on_gpu(ids.to("cuda"), padded.mask.to("cuda"))
    assert watch.report is not None
    assert [finding.rule for finding in watch.report.findings][:1] == ["ids-out-of-vocabulary"]
    assert any("CUDA context" in each.why for each in watch.report.not_checked)
    assert float(torch.ones(2, device="cuda").sum()) == 2


def test_a_loss_that_would_end_the_context_is_held_back(on_gpu: Any, padded: SimpleNamespace) -> None:
    import torch

    head = torch.nn.Linear(32, 2).to("cuda")
    labels = torch.tensor([0, 1, 2, 0], device="cuda")
    with bertmagic.watching() as watch:
        logits = head(on_gpu(padded.ids.to("cuda"), padded.mask.to("cuda")).pooler_output)
        with pytest.raises(IndexError, match="out of bounds"):
            torch.nn.functional.cross_entropy(logits, labels)
    assert watch.report is not None
    assert float(torch.ones(2, device="cuda").sum()) == 2


def test_ids_that_a_module_makes_others_of_run(on_gpu: Any, padded: SimpleNamespace) -> None:
    import torch

    class Hashing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = on_gpu

        def forward(self, ids: Any, mask: Any) -> Any:
            return self.bert(ids % 99 + 1, mask).pooler_output

    with bertmagic.watching() as watch, torch.no_grad():
        Hashing().eval()(padded.ids.to("cuda") * 1000, padded.mask.to("cuda"))
    assert watch.report is not None
    assert watch.report.verdict == "pass"
