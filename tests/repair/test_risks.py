"""What `%bertfix` lists before it runs a cell, and what it leaves unlisted."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertmagic.repair.risks import risks, told
from bertmagic.written import Written

HERE = str(Path(__file__).parent)
NAMES: dict[str, Any] = {
    "os": os,
    "np": np,
    "subprocess": subprocess,
    "chunks": [],
    "known": {"a": 1},
    "batches": iter([1, 2]),
    "folder": HERE,
    "ids": np.zeros((2, 3)),
}


def whys(cell: str) -> list[str]:
    return [each.why for each in risks(cell, ast.parse(cell), NAMES)]


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ('open("log.txt", "w").write("x")', "it writes a file"),
        ('open("log.txt", mode=how)', "it writes a file"),
        ('frame.to_csv("out.csv")', "it writes"),
        ('model.save_pretrained("here")', "it writes"),
        ('os.remove("a")', "it changes files or starts processes"),
        ('subprocess.run(["ls"])', "it changes files or starts processes"),
        ('requests.get("https://example.org")', "it uses the network"),
        ('model.push_to_hub("mine")', "it uses the network"),
        ('BertModel.from_pretrained("bert-base-uncased")', "it may download"),
        ("input()", "it asks at the keyboard"),
        ("chunks.append(1)", "`chunks` is of an earlier cell, and is changed in place"),
        ('known["b"] = 2', "`known` is of an earlier cell, and is changed in place"),
        ("ids[0] = 1", "`ids` is of an earlier cell, and is changed in place"),
        ("first = next(batches)", "it gives its items once"),
    ],
)
def test_what_may_not_be_undone_is_listed(cell: str, why: str) -> None:
    assert why in whys(cell)


@pytest.mark.parametrize(
    "cell",
    [
        'text = open("log.txt").read()',
        "own = []\nown.append(1)",
        "BertModel.from_pretrained(folder)",
        "x = known['a'] + len(chunks)",
        "out = {}\nout['a'] = np.ones(3)",
        "print('%d of %d' % (1, 2))",
    ],
)
def test_what_leaves_nothing_behind_is_not_listed(cell: str) -> None:
    assert whys(cell) == []


def test_commands_are_listed_by_the_users_own_line() -> None:
    body = "x = 1\n!rm -r out\nfiles = !ls\n%cd /tmp\n%time y = 2\n"
    compiled = "\nx = 1\nget_ipython().system('rm -r out')\nfiles = get_ipython().getoutput('ls')\npass\npass\n"
    text = told(Written(body, compiled, "cell", 1), NAMES)
    assert text is not None
    assert "line 2: !rm -r out  (a command of the shell)" in text
    assert "line 3: files = !ls" in text
    assert "line 4: %cd /tmp" in text
    assert "%time" not in text
    assert "incomplete" in text
