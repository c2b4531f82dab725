"""Keras on a GPU, whatever computes it: the device has one name, and an id out of range is named."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_hub as tiny

import bertmagic
from bertmagic.backends.keras3 import devices
from bertmagic.options import BadUse

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def _gpu() -> None:
    try:
        devices.device("gpu")
    except BadUse as why:
        pytest.skip(f"NOT RUN: {why}")


def test_the_device_and_its_peak_are_told() -> None:
    report = bertmagic.check(tiny.backbone(), tiny.batch(), device="gpu")
    assert report.verdict == "pass"
    assert report.device.used == "GPU:0"
    assert report.device.name
    assert report.device.peak_bytes
    assert {row.seconds for row in report.layers} == {None}  # a call there only queues its work


def test_an_id_out_of_range_is_named() -> None:
    batch = tiny.batch()
    batch["token_ids"] = np.where(batch["token_ids"] == 6, 10**6, batch["token_ids"])
    report = bertmagic.check(tiny.backbone(), batch, device="gpu")
    assert [finding.rule for finding in report.findings][:1] == ["ids-out-of-vocabulary"]
