"""Each fifth case of the TensorFlow stack: what was named or repaired stays so, and the right stays quiet.

Not all of them, so that the tests of all stacks stay within an hour: BERTMAGIC_ALL_CASES=1 takes all, as `make score`
does. Some minutes on two cores: leave it out with `-m "not slow"`.
"""

from __future__ import annotations

import gate
import pytest

pytestmark = pytest.mark.slow


def test_each_fifth_case_is_named_quiet_repaired_and_honest() -> None:
    lines = gate.shortfalls("tf", "tf", every=5)
    assert not lines, "\n".join(lines)
