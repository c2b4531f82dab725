"""Every case of the PyTorch stack: what was named stays so, and the right stays quiet."""

from __future__ import annotations

import gate
import pytest

pytestmark = pytest.mark.slow


def test_every_case_is_named_quiet_and_honest() -> None:
    lines = gate.shortfalls("torch", "torch")
    assert not lines, "\n".join(lines)
