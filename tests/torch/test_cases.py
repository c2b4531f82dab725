"""Each third case of the PyTorch stack: what was named or repaired stays so, and the right stays quiet.

Not all of them, so that the tests of all stacks stay within an hour: BERTMAGIC_ALL_CASES=1 takes all, as `make score`
does.
"""

from __future__ import annotations

import gate
import pytest

pytestmark = pytest.mark.slow


def test_each_third_case_is_named_quiet_repaired_and_honest() -> None:
    lines = gate.shortfalls("torch", "torch", every=3)
    assert not lines, "\n".join(lines)
