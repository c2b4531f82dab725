"""Which few rows of a batch the dry pass runs: those in which a fault shows."""

from __future__ import annotations

import numpy as np
from facts_builder import at, batch, call

from bertmagic.examine import choose_rows


def test_the_rows_in_which_a_fault_shows_come_first() -> None:
    ids = batch([8, 3, 5, 5, 4])
    facts = call(ids, labels=np.array([0, 1, 1, 9, 0]))
    assert choose_rows(facts, 5, 1) == (1,)  # the most padded
    assert choose_rows(facts, 5, 2) == (1, 3)  # the highest label
    assert choose_rows(facts, 5, 3) == (0, 1, 3)  # the least padded
    beyond = call(at(ids, 4, 1, 500), labels=np.array([0, 1, 1, 9, 0]))
    assert choose_rows(beyond, 5, 1) == (4,)
    assert choose_rows(beyond, 5, 3) == (1, 3, 4)
    assert choose_rows(beyond, 5, "all") == (0, 1, 2, 3, 4)
