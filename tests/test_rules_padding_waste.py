"""The rule on padding that could be cut: what it finds, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from dtype_facts import SHORT, SHORT_MASK
from facts_builder import PAD, batch, call, check, model

from bertmagic.facts.call import CallFacts


def test_a_batch_that_is_mostly_padding() -> None:
    found = check("padding-wasteful", call(SHORT, SHORT_MASK))
    assert found is not None
    assert found.severity == "advice"
    assert found.evidence["longest row"] == 9


def test_a_fixed_input_is_said_with_it() -> None:
    of = model(type="Functional", inputs={"input_ids": (None, 64), "attention_mask": (None, 64)})
    found = check("padding-wasteful", call(SHORT, SHORT_MASK, of=of))
    assert found is not None
    assert "fixed at 64" in found.detail


@pytest.mark.parametrize(
    "facts",
    [
        call(batch([9, 7, 4]), (batch([9, 7, 4]) != PAD).astype("int32")),
        call(batch([60, 4, 4, 4]), (batch([60, 4, 4, 4]) != PAD).astype("int32")),
        call(batch([9, 7, 4], 20), (batch([9, 7, 4], 20) != PAD).astype("int32")),
        call(SHORT),
        call(SHORT, np.ones_like(SHORT)),
        call(SHORT, SHORT_MASK, error="forward"),
    ],
    ids=["little padding", "one long row", "short batches", "no mask", "a mask of ones", "raised"],
)
def test_padding_that_is_left_alone(facts: CallFacts) -> None:
    assert check("padding-wasteful", facts) is None
