"""Vectors that are hidden states pooled over all positions, found by what they hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertmagic.observe.pooled import Pooled, holder

RANDOM = np.random.default_rng(0)
WHOLE, RIGHT = (RANDOM.normal(size=(3, 8)).astype("float32") for _ in range(2))
POOLED = Pooled("mean", {1: 2}, WHOLE, RIGHT)


@pytest.mark.parametrize(
    "value",
    [
        WHOLE,
        WHOLE.astype("float64") * 3,
        WHOLE / np.linalg.norm(WHOLE, axis=1, keepdims=True),
        list(WHOLE),
        {"a": WHOLE[:1], "b": WHOLE[1:]},
        np.concatenate([RIGHT, WHOLE]),
        WHOLE[1],
    ],
)
def test_what_holds_them(value: Any) -> None:
    assert holder(POOLED, {"_": WHOLE, "other": 3, "vectors": value}) == "vectors"


@pytest.mark.parametrize("value", [RIGHT, WHOLE[:, :4], WHOLE[0], "text", None, WHOLE.astype(int), WHOLE + 0.1])
def test_what_does_not(value: Any) -> None:
    assert holder(POOLED, {"vectors": value}) is None


def test_the_right_ones_are_found_too() -> None:
    assert holder(POOLED, {"masked": RIGHT}, right=True) == "masked"
    assert holder(Pooled("mean", {1: 2}, WHOLE, WHOLE), {"vectors": WHOLE}) is None, "nothing tells them apart"


def test_rows_of_a_larger_batch() -> None:
    few = Pooled("mean", {0: 2}, WHOLE[:1], RIGHT[:1]).on(np.array([4]))
    assert few.padding == {4: 2}
    assert few.moved == pytest.approx(float(np.abs(WHOLE[0] - RIGHT[0]).max()))
    assert holder(few, {"vectors": WHOLE}) == "vectors"
