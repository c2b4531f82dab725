"""The page of scores is made from the rows alone, can be read back, and tells a fall."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import gate
import pytest

ROOT = Path(__file__).parent.parent
STACK = "Python 3.11, tensorflow 2.21.0"


score_table = gate.tool("score_table")


def row(
    name: str, expect: str, said: str = "", on_fixed: str = "", proposal: str | None = "", **changes: Any
) -> dict[str, Any]:
    """A row as score.py gives it, with what `run` adds; `proposal`: what is said of the cell that is proposed."""
    rules, fixed = said.split(), on_fixed.split()
    named = not rules if expect == "none" else bool(rules) and rules[0] in expect.split("|")
    answers = {"named": named, "quiet": not (rules if expect == "none" else fixed), "honest": True, "seconds": 12.3}
    again = None if expect == "none" or proposal is None else proposal.split()
    repair = {"repaired": again == [], "repaired_rules": again, "proposed": again is not None}
    known = {"id": name, "expect": expect, "rules": rules, "fixed_rules": fixed, "why": None}
    return {**known, **answers, **repair, **changes}


ROWS = [
    row("b-silent", "attention-mask-missing|pooling-over-padding", "attention-mask-missing", proposal=None),
    row("ok-right", "none"),
    row("c-other", "labels-shape", "loss-mismatch labels-shape", "padding-side", proposal="labels-shape"),
    row("a-named", "labels-shape", "labels-shape", honest=False),
    row("ok-alarmed", "none", "padding-side", "padding-side"),
]


def test_the_page() -> None:
    page = score_table.table(ROWS, STACK)
    assert page.startswith("<!-- Made by `make score`; never by hand. -->\n")
    assert (
        f"""
On {STACK}:

**named 2 of 3, quiet 3 of 5, repaired 1 of 3, honest 4 of 5, proposals that do not work 1 of 2**

| rule | cases | named | quiet | repaired |
| --- | --- | --- | --- | --- |
| `attention-mask-missing` or `pooling-over-padding` | 1 | 1 | 1 | 0 |
| `labels-shape` | 2 | 1 | 1 | 1 |
| a correct program | 2 |  | 1 |  |

| case | expects | named | quiet | repaired | honest | said |
| --- | --- | --- | --- | --- | --- | --- |
| a-named | `labels-shape` | yes | yes | yes | **no** | `labels-shape` |
| b-silent | `attention-mask-missing` or `pooling-over-padding` | yes | yes | none | yes | `attention-mask-missing` |
| c-other | `labels-shape` | **no** | **no** | **no** | yes | `loss-mismatch`, `labels-shape`; on the corrected cell: \
`padding-side` |
| ok-alarmed | a correct program |  | **no** |  | yes | `padding-side` |
| ok-right | a correct program |  | yes |  | yes | nothing |
"""
        in page
    )


def test_the_page_is_the_same_whatever_the_order_and_the_time() -> None:
    again = [{**each, "seconds": 99.9} for each in reversed(ROWS)]
    assert score_table.table(again, STACK) == score_table.table(ROWS, STACK)


def test_what_is_written_can_be_read_back() -> None:
    rows, stack = score_table.read(score_table.table(ROWS, STACK))
    assert stack == STACK
    kept = ("id", "expect", "named", "quiet", "repaired", "honest", "proposed", "rules", "fixed_rules")
    assert rows == sorted(({key: each[key] for key in kept} for each in ROWS), key=lambda each: each["id"])
    with pytest.raises(ValueError, match="not a page"):
        score_table.read("# Another page\n")


def test_some_rows_take_the_place_of_their_own() -> None:
    page = score_table.table(ROWS, STACK)
    new = row("c-other", "labels-shape", "labels-shape")
    known = [each["id"] for each in ROWS if each["id"] != "ok-alarmed"]
    rows = [each for each in ROWS if each["id"] not in ("c-other", "ok-alarmed")]
    assert score_table.updated([new], page, STACK, known) == score_table.table([*rows, new], STACK)
    with pytest.raises(ValueError, match="run all cases"):
        score_table.updated([new], page, "another", known)


def test_nothing_falls_short_where_nothing_fell() -> None:
    rows = [row(f"case-{number}", "labels-shape", "labels-shape") for number in range(19)]
    rows += [row("never-named", "labels-shape", "loss-mismatch"), row("ok-right", "none")]
    assert score_table.shortfalls(rows, rows) == []
    assert score_table.shortfalls(rows) == []


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"named": False, "rules": []}, "case-3 (expects labels-shape) is not named: nothing"),
        ({"quiet": False, "fixed_rules": ["padding-side"]}, "is not quiet: labels-shape; on the corrected cell: pad"),
        ({"honest": False, "why": "Segmentation fault"}, "is not honest: labels-shape ('Segmentation fault')"),
        ({"named": False, "quiet": False}, "is not named and not quiet"),
        ({"repaired": False, "proposed": False}, "is not repaired"),
        ({"repaired": False, "repaired_rules": ["padding-side"]}, "is not repaired"),
    ],
)
def test_a_fall_is_told(changed: dict[str, Any], line: str) -> None:
    before = [row(f"case-{number}", "labels-shape", "labels-shape") for number in range(40)]
    now = [{**each, **(changed if each["id"] == "case-3" else {})} for each in before]
    (told,) = score_table.shortfalls(now, before)
    assert line in told


def test_a_correct_program_that_is_alarmed_is_told_once() -> None:
    (told,) = score_table.shortfalls([row("ok-right", "none", "padding-side", "padding-side")])
    assert "ok-right (expects none) is not quiet: padding-side" in told


def test_too_few_named_is_told() -> None:
    rows = [row(f"case-{number}", "labels-shape", "labels-shape" if number > 1 else "") for number in range(20)]
    assert score_table.shortfalls(rows) == ["named 18 of 20 faulty cases; at least 95% are to be"]


def test_too_few_repaired_is_told() -> None:
    some = ["" if number > 4 else None for number in range(20)]
    rows = [row(f"case-{n}", "labels-shape", "labels-shape", proposal=each) for n, each in enumerate(some)]
    assert score_table.shortfalls(rows) == ["repaired 15 of 20 faulty cases; at least 80% are to be"]


def test_a_new_proposal_that_does_not_work_is_told() -> None:
    before = [row(f"case-{n}", "labels-shape", "labels-shape", proposal=None if not n else "") for n in range(20)]
    now = [row("case-0", "labels-shape", "labels-shape", proposal="padding-side"), *before[1:]]
    (told,) = score_table.shortfalls(now, before)
    assert "case-0 (expects labels-shape) is not repaired by what it proposes" in told


def test_rows_come_from_the_cases_own_score(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def main() -> int:
        seen.update(words=sys.argv[1:], path=os.environ["PYTHONPATH"])
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(ROWS))
        return 0

    module = ModuleType("score")
    module.main = main  # type: ignore[attr-defined]
    monkeypatch.setattr(score_table, "score_module", lambda: module)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    before = list(sys.argv)
    assert score_table.run("tf", ["a", "b"], jobs=3) == ROWS
    assert sys.argv == before
    assert os.environ["PYTHONPATH"] == "elsewhere"
    assert seen["path"].split(os.pathsep) == [str(ROOT), "elsewhere"]
    words = seen["words"]
    assert words[words.index("--only") + 1] == "a,b"
    assert words[words.index("-j") + 1] == "3"


@pytest.mark.parametrize("stack", score_table.STACKS, ids=lambda stack: stack.family)
def test_the_committed_page_is_as_it_was_written_and_knows_every_case(stack: Any) -> None:
    page = stack.page.read_text()
    rows, on = score_table.read(page)
    assert score_table.table(rows, on) == page
    assert sorted(each["id"] for each in rows) == sorted(score_table.case_ids(stack.family)), "run `make score`"


RUNNER = """
import json, os, sys, time
case, variant, out = sys.argv[1:4]
told = json.load(open(case))["id"]
if variant == "slow":
    time.sleep(60)
if variant == "dead":
    os._exit(7)
assert variant != "wrong", told
json.dump({"variant": variant, "told": told, "in": os.getcwd(), "process": os.getpid()}, open(out, "w"))
"""


def test_forked_processes_answer_as_fresh_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    forked = gate.tool("forked")
    monkeypatch.setattr(forked, "IMPORTS", {"tf": ("json",)})
    score = ModuleType("score")
    score.RUNNER, score.BACKEND = RUNNER, {}  # type: ignore[attr-defined]
    forking = forked.Forking(score)
    case, pythons = {"id": "a-case", "stack": "tf"}, {"tf": sys.executable}
    try:
        one, other = (forking.run_variant(case, "faulty", pythons, 30) for _ in range(2))
        assert (one["told"], one["variant"]) == ("a-case", "faulty")
        assert one["process"] != other["process"]
        assert one["in"] != other["in"]
        assert not Path(one["in"]).exists()
        assert "ended with 7" in forking.run_variant(case, "dead", pythons, 30)["crash"]
        assert "AssertionError: a-case" in forking.run_variant(case, "wrong", pythons, 30)["crash"]
        assert "no answer in 1 s" in forking.run_variant(case, "slow", pythons, 1)["crash"]
        assert forking.run_variant(case, "fixed", pythons, 30)["variant"] == "fixed"
    finally:
        forking.close()
