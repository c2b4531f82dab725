"""Each second case of the PyTorch stack: what was named stays so, and the right stays quiet.

Not all of them, so that the tests of all stacks stay within an hour: BERTMAGIC_ALL_CASES=1 takes all, as `make score`
does.
"""

from __future__ import annotations

import gate
import pytest

pytestmark = pytest.mark.slow


def test_each_second_case_is_named_quiet_and_honest() -> None:
    lines = gate.shortfalls("torch", "torch", every=2)
    assert not lines, "\n".join(lines)
