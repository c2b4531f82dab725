"""Score bertmagic on the cases of tests/cases/open that this Python's stack runs, and write the stack's page in docs/.

Usage: score_table.py [--only ID,ID] [-j N] [--limit SECONDS] [--fork]. Each cell runs in a fresh process of this
Python, with this checkout's bertmagic; with --fork, in one forked from a process that holds the imports, as in the
tests (tools/forked.py). With --only, the other rows of the page stay as they are.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"


@dataclass(frozen=True)
class Stack:
    """A set of packages that cases run on. `module`: whose presence tells it from the stacks after it."""

    family: str
    page: Path
    module: str
    packages: tuple[str, ...]


_EVERY = ("transformers", "numpy", "ipython")
STACKS = (
    Stack("tf", ROOT / "docs" / "score.md", "tf_keras", ("tensorflow", "tf-keras", *_EVERY)),
    Stack(
        "keras",
        ROOT / "docs" / "score-keras.md",
        "keras_hub",
        ("keras", "keras-hub", "tensorflow", "jax", "torch", *_EVERY),
    ),
    Stack("torch", ROOT / "docs" / "score-torch.md", "torch", ("torch", *_EVERY)),
)
# Below which share of the faulty cases the first finding is not the cause often enough.
LEAST_NAMED = 0.95
# Below which share of the faulty cases too few are repaired, and above which share of proposals too many do not work.
LEAST_REPAIRED, MOST_BAD = 0.8, 0.02

# One case's answers: id, expect, named, quiet, repaired, honest, rules, fixed_rules, and proposed: whether a corrected
# cell was proposed; score.py gives more, which is not kept.
Row: TypeAlias = Mapping[str, Any]
KEYS = ("named", "quiet", "repaired", "honest")
INTRO = """<!-- Made by `make score`; never by hand. -->

# What is named, and what is left alone

Each case is a notebook in [`tests/cases/open`](../tests/cases/open). **named**: the first finding on the faulty cell is
the cause that its author gave. **quiet**: the corrected cell, or a correct program of an unusual kind, gets no error
and no warning. **repaired**: the corrected cell that the first finding brings runs, and is quiet itself; "none" where
it brings none. **honest**: the cell's own exception came through, and none was invented.
"""
BY_RULE = "| rule | cases | named | quiet | repaired |\n| --- | --- | --- | --- | --- |\n"
BY_CASE = "| case | expects | named | quiet | repaired | honest | said |\n| --- | --- | --- | --- | --- | --- | --- |\n"
NOTHING = "nothing"
NONE = "none"
CORRECT = "none"
ON_FIXED = "; on the corrected cell: "


def score_module() -> ModuleType:
    """tests/cases/score.py, imported by its path."""
    spec = importlib.util.spec_from_file_location("cases_score", CASES / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stack_here() -> Stack | None:
    """The stack that this Python has, or None."""
    return next((stack for stack in STACKS if importlib.util.find_spec(stack.module) is not None), None)


def case_ids(begins: str) -> list[str]:
    """The ids of the cases whose stack begins so: `tf`, `keras` (any backend), `keras-jax`, `torch`."""
    read = score_module().read_case
    cases = [read(path) for path in sorted((CASES / "open").glob("*.py"))]
    return [case["id"] for case in cases if case["stack"].startswith(begins)]


def run(
    family: str,
    only: Sequence[str] = (),
    jobs: int = 2,
    limit: int = 240,
    runner: Callable[..., dict[str, Any]] | None = None,
) -> list[Row]:
    """The rows of the stack's cases, all of them by default; prints score.py's own lines.

    `limit`: seconds for one cell. `runner`: in the place of score.py's own, which starts a fresh process for each cell.
    """
    score = score_module()
    if runner is not None:
        score.run_variant = runner  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "rows.json"
        python = f"{family}={sys.executable}"
        words = [str(CASES / "open"), "--python", python, "--json", str(answers), "-j", str(jobs)]
        words += ["--limit", str(limit), "--only", ",".join(only)]
        with _environment(), _arguments("score.py", *words):
            code = score.main()
        rows: list[dict[str, Any]] = json.loads(answers.read_text()) if code == 0 else []
    return [{**row, "proposed": row["repaired_rules"] is not None} for row in rows]


@contextlib.contextmanager
def _runner(fork: bool) -> Iterator[Callable[..., dict[str, Any]] | None]:
    """What runs one cell, where that is not score.py's own."""
    if not fork:
        yield None
        return
    sys.path.insert(0, str(ROOT / "tools"))
    from forked import Forking

    forking = Forking(score_module())
    try:
        yield forking.run_variant
    finally:
        forking.close()


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """This checkout comes first for the processes that are started, installed or not."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextlib.contextmanager
def _arguments(*words: str) -> Iterator[None]:
    before, sys.argv = sys.argv, [*words]
    try:
        yield
    finally:
        sys.argv = before


def versions(stack: Stack) -> str:
    """What the cases run on, in words."""
    packages = [f"{name} {importlib.metadata.version(name).partition('+')[0]}" for name in stack.packages]
    return f"Python {sys.version_info.major}.{sys.version_info.minor}, {', '.join(packages)}"


def table(rows: Iterable[Row], stack: str) -> str:
    """The page in Markdown. It holds no times and no dates, so that a second run changes nothing in it."""
    every = sorted(rows, key=lambda row: row["id"])
    faulty = [row for row in every if row["expect"] != CORRECT]
    counted = {"named": faulty, "quiet": every, "repaired": faulty, "honest": every}
    totals = [f"{key} {_share(key, counted[key])}" for key in KEYS]
    totals.append(f"proposals that do not work {len(_bad(faulty))} of {_count('proposed', faulty)}")
    by_rule: dict[str, list[Row]] = {}
    for row in sorted(every, key=lambda row: (row["expect"] == CORRECT, row["expect"])):
        by_rule.setdefault(row["expect"], []).append(row)
    rules = "".join(
        f"| {_expects(rule)} | {len(of)} | {'' if rule == CORRECT else _count('named', of)} | {_count('quiet', of)} | "
        f"{'' if rule == CORRECT else _count('repaired', of)} |\n"
        for rule, of in by_rule.items()
    )
    cases = "".join(_line(row) for row in every)
    return f"{INTRO}\nOn {stack}:\n\n**{', '.join(totals)}**\n\n{BY_RULE}{rules}\n{BY_CASE}{cases}"


def _count(key: str, rows: Sequence[Row]) -> int:
    return sum(bool(row[key]) for row in rows)


def _bad(rows: Sequence[Row]) -> list[Row]:
    """The cases whose proposal does not run, or is not quiet."""
    return [row for row in rows if row["proposed"] and not row["repaired"]]


def _share(key: str, rows: Sequence[Row]) -> str:
    return f"{_count(key, rows)} of {len(rows)}"


def _expects(expect: str) -> str:
    if expect == CORRECT:
        return "a correct program"
    return " or ".join(f"`{slug.strip()}`" for slug in expect.split("|"))


def _listed(slugs: Sequence[str]) -> str:
    return ", ".join(f"`{slug}`" for slug in slugs)


def _line(row: Row) -> str:
    said = _listed(row["rules"]) or NOTHING
    if row["fixed_rules"] and row["expect"] != CORRECT:
        said += ON_FIXED + _listed(row["fixed_rules"])
    marks = {key: "yes" if row[key] else "**no**" for key in KEYS}
    if not row["proposed"]:
        marks["repaired"] = NONE
    if row["expect"] == CORRECT:
        marks["named"] = marks["repaired"] = ""
    return "| " + " | ".join([row["id"], _expects(row["expect"]), *marks.values(), said]) + " |\n"


def read(page: str) -> tuple[list[Row], str]:
    """The rows of a page that `table` wrote, and the stack that it names; ValueError where it is not such a page."""
    stack = re.search(r"^On (.*):$", page, re.MULTILINE)
    _, head, lines = page.partition(BY_CASE)
    if stack is None or not head:
        raise ValueError("not a page that `make score` wrote")
    rows: list[Row] = []
    for line in lines.splitlines():
        name, expects, *marks, said = (cell.strip() for cell in line.strip("|").split("|"))
        first, _, second = said.partition(ON_FIXED)
        rules, fixed = re.findall(r"`([^`]+)`", first), re.findall(r"`([^`]+)`", second)
        expect = "|".join(re.findall(r"`([^`]+)`", expects)) or CORRECT
        answers = dict(zip(KEYS, (mark == "yes" for mark in marks), strict=True))
        answers["proposed"] = marks[KEYS.index("repaired")] not in (NONE, "")
        if expect == CORRECT:
            answers["named"], fixed = not rules, rules
        rows.append({"id": name, "expect": expect, **answers, "rules": rules, "fixed_rules": fixed})
    return rows, stack[1]


def shortfalls(rows: Sequence[Row], before: Iterable[Row] = ()) -> list[str]:
    """What is not good enough, a line each: a share below its bound, a case that `before` has better."""
    faulty = [row for row in rows if row["expect"] != CORRECT]
    found = []
    if _count("named", faulty) < LEAST_NAMED * len(faulty):
        found.append(f"named {_share('named', faulty)} faulty cases; at least {LEAST_NAMED:.0%} are to be")
    if _count("repaired", faulty) < LEAST_REPAIRED * len(faulty):
        found.append(f"repaired {_share('repaired', faulty)} faulty cases; at least {LEAST_REPAIRED:.0%} are to be")
    known = {row["id"]: row for row in before}
    for row in rows:
        lost = ["quiet", "honest"] if row["expect"] == CORRECT else [*KEYS]
        # One case that was never named or repaired is allowed for by the share; one that was and is not any more is
        # not, nor a proposal that does not work where there was none.
        once = known.get(row["id"], {})
        wrong = [key for key in lost if not row[key] and (key not in ("named", "repaired") or once.get(key))]
        if row in _bad([row]) and "repaired" not in wrong and not (once.get("proposed") and not once.get("repaired")):
            wrong.append("repaired by what it proposes")
        if wrong:
            said = ", ".join(row["rules"]) or NOTHING
            fixed = f"; on the corrected cell: {', '.join(row['fixed_rules'])}" if row["fixed_rules"] else ""
            why = f" ({str(row['why'])[:300]!r})" if row.get("why") else ""
            found.append(f"{row['id']} (expects {row['expect']}) is not {' and not '.join(wrong)}: {said}{fixed}{why}")
    return found


def updated(rows: Sequence[Row], page: str, stack: str, known: Iterable[str]) -> str:
    """The page with these rows in place of its own of the same ids; ValueError where it was made on another stack."""
    old, of = read(page)
    if of != stack:
        raise ValueError(f"the page was made on {of}, and this is {stack}: run all cases")
    kept = {*known}
    return table({row["id"]: row for row in [*old, *rows] if row["id"] in kept}.values(), stack)


def main(arguments: list[str]) -> int:
    """0 when the page is written, 1 when it cannot be, 2 where no case matches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="ID,ID")
    parser.add_argument("-j", type=int, default=2, help="processes at once")
    parser.add_argument("--limit", type=int, default=240, help="seconds for one run of one cell")
    parser.add_argument("--fork", action="store_true", help="processes forked from one that holds the imports")
    asked = parser.parse_args(arguments)
    stack = stack_here()
    if stack is None:
        print("none of the stacks is installed; see constraints/")
        return 2
    file, name = stack.page, stack.page.relative_to(ROOT)
    only = [each for each in asked.only.split(",") if each]
    if only and not file.exists():
        print(f"there is no {name} to put these rows into; nothing will be written")
    with _runner(asked.fork) as runner:
        rows = run(stack.family, only, asked.j, asked.limit, runner)
    if not rows:
        return 2
    if only and not file.exists():
        return 0
    try:
        known = case_ids(stack.family)
        page = updated(rows, file.read_text(), versions(stack), known) if only else table(rows, versions(stack))
    except ValueError as error:
        print(f"{name} is left as it is: {error}")
        return 1
    file.write_text(page)
    print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
