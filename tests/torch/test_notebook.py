"""The stack's notebook in a real kernel, with the verdicts that its cells expect."""

from __future__ import annotations

from pathlib import Path

import gate
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.kernel]

NOTEBOOK = Path(__file__).parent.parent.parent / "notebooks" / "pytorch.ipynb"


def test_every_cell_gets_the_verdict_that_it_expects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate.tool("demo").main([str(NOTEBOOK), str(tmp_path)]) == 0, capsys.readouterr().out
