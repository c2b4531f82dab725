"""Every case of the TensorFlow stack: what was named stays so, and the right stays quiet.

Some minutes on two cores: leave it out with `-m "not slow"`.
"""

from __future__ import annotations

import gate
import pytest

pytestmark = pytest.mark.slow


def test_every_case_is_named_quiet_and_honest() -> None:
    lines = gate.shortfalls("tf", "tf")
    assert not lines, "\n".join(lines)
