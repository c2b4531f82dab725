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


def test_an_id_out_of_range_is_named_and_never_looked_up(on_gpu: Any, padded: SimpleNamespace) -> None:
    import torch

    ids = padded.ids.clone()
    ids[0, 1] = 10**6
    report = bertmagic.check(on_gpu, {"input_ids": ids.to("cuda"), "attention_mask": padded.mask.to("cuda")})
    assert [finding.rule for finding in report.findings][:1] == ["ids-out-of-vocabulary"]
    # After a device assert not even this would run.
    assert float(torch.ones(2, device="cuda").sum()) == 2
