"""A correct program gets no error and no warning; one fault put into it is named first, by its own rule.

The faults are in `mutations_*.py`, a function each with `@mutation(slug, …)`; what leaves a program right is in
`harmless.py`.
"""

from __future__ import annotations

import importlib
import pathlib

import numpy as np
import pytest
from cell_programs import CellProgram, around, cell_programs
from harmless import HARMLESS
from harmless_cell import HARMLESS_CELLS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutating import CELL_MUTATIONS, MUTATIONS
from programs import FAMILIES, HEADS, Program, programs

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.finding import Finding
from bertmagic.rules import RULES
from bertmagic.rules.order import of_calls

for pattern in ("mutations_*.py", "harmless_*.py"):
    for path in sorted(pathlib.Path(__file__).parent.glob(pattern)):
        importlib.import_module(path.stem)

# The rules without a mutation, each with the reason.
NOT_MUTATED: dict[str, str] = {}

_quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
often = settings(max_examples=1000, deadline=None, derandomize=True, suppress_health_check=_quiet)
each_one = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=_quiet)


def findings(facts: CallFacts | CellFacts) -> tuple[Finding, ...]:
    """What all rules say together, cause first: of one call, or of a cell and its calls."""
    calls = facts.calls if isinstance(facts, CellFacts) else (facts,)
    whole = facts if isinstance(facts, CellFacts) else CellFacts()
    found = {"call": [rule for rule in RULES.values() if rule.about == "call"]}
    found["cell"] = [rule for rule in RULES.values() if rule.about == "cell"]
    of_each = [[each for rule in found["call"] if (each := rule.check(call)) is not None] for call in calls]
    return of_calls(of_each, [each for rule in found["cell"] if (each := rule.check(whole)) is not None])


def loud(facts: CallFacts | CellFacts) -> list[str]:
    """The slugs of errors and warnings, cause first."""
    return [finding.rule for finding in findings(facts) if finding.severity != "advice"]


def assert_named_first(slug: str, facts: CallFacts | CellFacts) -> None:
    """The rule is the first to speak; an advice is given, and nothing else is said aloud."""
    if RULES[slug].severity == "advice":
        assert slug in [finding.rule for finding in findings(facts)]
        assert loud(facts) == []
    else:
        assert loud(facts)[:1] == [slug]


@often
@given(programs())
def test_a_correct_program_gets_no_error_and_no_warning(program: Program) -> None:
    assert loud(program.facts()) == []


@often
@given(cell_programs())
def test_a_correct_cell_gets_no_error_and_no_warning(program: CellProgram) -> None:
    assert loud(program.facts()) == []


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_that_does_no_harm_is_left_alone(name: str) -> None:
    change, needs = HARMLESS[name]

    @each_one
    @given(programs(**needs), st.integers(0, 2**32 - 1))
    def left_alone(program: Program, seed: int) -> None:
        random = np.random.default_rng(seed)
        facts = change(program, random)
        assert loud(facts) == []
        assert loud(around(program, facts, random)) == []

    left_alone()


@pytest.mark.parametrize("name", HARMLESS_CELLS)
def test_a_change_of_a_cell_that_does_no_harm_is_left_alone(name: str) -> None:
    change, needs = HARMLESS_CELLS[name]

    @each_one
    @given(cell_programs(**needs), st.integers(0, 2**32 - 1))
    def left_alone(program: CellProgram, seed: int) -> None:
        assert loud(change(program, np.random.default_rng(seed))) == []

    left_alone()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_named_first_by_its_own_rule(name: str) -> None:
    one = MUTATIONS[name]

    @each_one
    @given(programs(**one.needs), st.integers(0, 2**32 - 1))
    def named_first(program: Program, seed: int) -> None:
        random = np.random.default_rng(seed)
        facts = one.change(program, random)
        assert_named_first(one.slug, facts)
        assert_named_first(one.slug, around(program, facts, random))

    named_first()


@pytest.mark.parametrize("name", CELL_MUTATIONS)
def test_a_fault_of_a_cell_is_named_first_by_its_own_rule(name: str) -> None:
    one = CELL_MUTATIONS[name]

    @each_one
    @given(cell_programs(**one.needs), st.integers(0, 2**32 - 1))
    def named_first(program: CellProgram, seed: int) -> None:
        assert_named_first(one.slug, one.change(program, np.random.default_rng(seed)))

    named_first()


def test_every_rule_has_its_mutation_or_a_reason() -> None:
    mutated = {one.slug for one in (*MUTATIONS.values(), *CELL_MUTATIONS.values())}
    assert mutated | set(NOT_MUTATED) == set(RULES)
    assert not mutated & set(NOT_MUTATED)
    assert all(len(reason.split()) > 3 for reason in NOT_MUTATED.values())


def test_the_facts_of_a_program_are_those_of_its_kind() -> None:
    """What is drawn covers what it is there for."""
    seen: set[str] = set()

    @settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=_quiet)
    @given(programs())
    def collect(program: Program) -> None:
        mask, text = program.mask, program.facts()
        seen.add(program.head)
        seen.update(key for key, value in FAMILIES.items() if value is program.family)
        if mask is None:
            seen.add("no mask")
        else:
            seen.add(f"mask of {mask.dtype}")
        if program.positions is not None:
            seen.add("left padding with position ids")
        if len(program.ids) == 1:
            seen.add("one row")
        if program.ids.ndim == 2 and len(program.texts) < len(program.ids):
            seen.add("rows of padding only")
        if text.encoder_calls[0].given["input_ids"].rows is not None:
            seen.add("a few rows run")

    collect()
    assert seen >= {*HEADS, *FAMILIES, "no mask", "mask of bool", "mask of float32", "mask of int64", "one row"}
    assert seen >= {"left padding with position ids", "rows of padding only", "a few rows run"}
