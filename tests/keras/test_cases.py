"""Every case of KerasHub on KERAS_BACKEND: what was named or repaired stays so, and the right stays quiet."""

from __future__ import annotations

import os

import gate
import pytest

pytestmark = pytest.mark.slow


def test_every_case_is_named_quiet_repaired_and_honest() -> None:
    lines = gate.shortfalls("keras", f"keras-{os.environ.get('KERAS_BACKEND', 'tensorflow')}")
    assert not lines, "\n".join(lines)
