"""Corrected cells of several findings: the first one's mends all, or there is none; the others' mend their own."""

from __future__ import annotations

import pytest
from facts_builder import call

from bertmagic.facts.cell import CellFacts
from bertmagic.finding import FAILED, NEEDS_RESTART, Finding, Fix, Proof
from bertmagic.repair import mended
from bertmagic.repair.registry import Repairer
from bertmagic.repair.source import NotEditable
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.written import Written

CELL = "a = 1  # one\nb = 2\n"


def finding(rule: str, severity: str = "error", proof: Proof | None = None) -> Finding:
    return Finding(rule, severity, rule, "said", "said", fix=Fix("Write it so", "code", proof=proof))  # type: ignore[arg-type]


def number(name: str, value: str) -> Repairer:
    def repairer(trouble: Trouble) -> Repair | None:
        node = trouble.flow.definition(name)
        return None if node is None else Repair((trouble.source.replace(node, value),))

    return repairer


@pytest.fixture(autouse=True)
def repairers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: Trouble) -> Repair | None:
        raise NotEditable

    def breaks(_: Trouble) -> Repair | None:
        raise RuntimeError("a slip")

    known = {
        "first": [refuses, number("a", "10")],
        "second": [number("b", "20")],
        "also-a": [number("a", "11")],
        "no-python": [number("a", "1 1")],
        "broken": [breaks],
        "restart": [lambda trouble: Repair(number("a", "3")(trouble).edits, restart=True)],  # type: ignore[misc,union-attr]
    }
    monkeypatch.setattr("bertmagic.repair.REPAIRERS", known)
    monkeypatch.setattr("bertmagic.repair.NEXT", [])


def cells(*findings: Finding, told: list[str] | None = None) -> list[str | None]:
    def failed(what: str, failure: Exception) -> None:
        (told if told is not None else []).append(f"{what}: {failure}")

    found = mended(findings, lambda _: None, CellFacts(), Written(CELL, CELL, "cell"), {}, failed=failed)
    return [each.fix.cell for each in found if each.fix is not None]


def test_the_first_mends_all_and_the_others_their_own() -> None:
    assert cells(finding("first"), finding("second")) == ["a = 10  # one\nb = 20\n", "a = 1  # one\nb = 20\n"]


def test_a_first_that_cannot_mend_all_has_no_cell() -> None:
    assert cells(finding("first"), finding("unknown")) == [None, None]
    assert cells(finding("first"), finding("also-a"))[0] is None


def test_advice_and_what_merely_follows_keep_no_cell_back() -> None:
    whole = "a = 10  # one\nb = 2\n"
    assert cells(finding("first"), finding("unknown", "advice"), finding("outputs-not-finite"))[0] == whole


def test_what_would_be_found_next_is_mended_by_the_first_alone_or_keeps_its_cell_back() -> None:
    def with_next(rule: str) -> list[str | None]:
        later, written = [(finding(rule), call())], Written(CELL, CELL, "cell")
        found = mended(
            [finding("also-a"), finding("first", "advice")], lambda _: None, CellFacts(), written, {}, later=later
        )
        return [each.fix.cell for each in found if each.fix is not None]

    assert with_next("second") == ["a = 11  # one\nb = 20\n", "a = 10  # one\nb = 2\n"]
    assert with_next("unknown") == [None, "a = 10  # one\nb = 2\n"]


def test_what_is_no_python_is_no_correction() -> None:
    assert cells(finding("no-python")) == [None]


def test_a_repairer_that_fails_is_told_and_keeps_no_other_from_its_own() -> None:
    told: list[str] = []
    assert cells(finding("second"), finding("broken", "advice"), told=told)[0] == "a = 1  # one\nb = 20\n"
    assert told == ["the correction of `broken`: a slip"]


def test_a_fix_that_failed_its_proof_has_no_cell_and_one_for_a_new_kernel_says_so() -> None:
    failing = finding("first", proof=Proof("the forward pass", f"{FAILED}: it raises ValueError"))
    assert cells(failing) == [None]
    found = mended([finding("restart")], lambda _: None, CellFacts(), Written(CELL, CELL, "cell"), {})
    assert found[0].fix is not None
    assert found[0].fix.proof == NEEDS_RESTART
    assert found[0].fix.cell == "a = 3  # one\nb = 2\n"
