"""What JAX compiles for the first check of a shape is told apart from what the check itself takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny_hub import backbone

import bertmagic


def test_a_first_compilation_is_told_apart() -> None:
    import keras

    model = backbone()
    ids = np.full((3, 11), 7, "int32")
    batch: dict[str, Any] = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}
    first, second = bertmagic.check(model, batch), bertmagic.check(model, batch)
    if keras.backend.backend() != "jax":
        assert "compilation" not in first.seconds
        return
    assert first.seconds["compilation"] > first.seconds["dry pass"]
    assert second.seconds.get("compilation", 0.0) < first.seconds["compilation"] / 10
    assert "first compilation" in first.to_text()
    assert first.seconds["dry pass"] < 20 * second.seconds["dry pass"]


def test_nobody_listens_when_the_check_is_done() -> None:
    import keras

    if keras.backend.backend() != "jax":
        pytest.skip("NOT RUN: the backend is not JAX")
    from jax._src import monitoring

    before = len(monitoring.get_event_duration_listeners())
    model = backbone()
    ids = np.full((2, 5), 7, "int32")
    bertmagic.check(model, {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1})
    assert len(monitoring.get_event_duration_listeners()) == before
