"""Generated programs and faults, told as those of Keras 3 and PyTorch: the right ones are left alone there too."""

from __future__ import annotations

import numpy as np
import pytest
from harmless import HARMLESS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutating import MUTATIONS
from programs import Program, programs
from spoken import DIALECTS, spoken
from test_mutations import assert_named_first, loud

_quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
often = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=_quiet)
few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=_quiet)

_KERAS = ("Keras 3 on TensorFlow", "Keras 3 on JAX", "Keras 3 on PyTorch")
_ALL = tuple(DIALECTS)
# Faults that are none there, by their names, each with its reason.
NO_FAULT: dict[str, tuple[str, ...]] = {
    # A model's own loss is one of transformers.
    **dict.fromkeys(
        ["a_class_without_an_output", "classes_for_one_output", "labels_on_every_token", "labels_on_padding"], _KERAS
    ),
    # Every number but 0 counts as 1 in a mask, and the padding's id is 0.
    **dict.fromkeys(["counts_as_the_mask", "ids_as_the_mask"], _ALL),
    # Keras casts what it is given.
    **dict.fromkeys(["ids_that_cannot_be_looked_up", "positions_as_floats", "types_as_floats"], _KERAS),
    # Cross-entropy takes floats for shares of each class, or raises in words of its own.
    **dict.fromkeys(["a_row_without_a_label", "shares_for_classes", "labels_of_another_width"], ("PyTorch",)),
    # transformers' models swallow it.
    "types_for_distilbert": ("PyTorch",),
}


def test_what_is_no_fault_there_is_one_elsewhere() -> None:
    assert set(NO_FAULT) <= set(MUTATIONS)
    assert {dialect for where in NO_FAULT.values() for dialect in where} <= set(DIALECTS)


@often
@given(programs(), st.sampled_from(sorted(DIALECTS)))
def test_a_correct_program_gets_no_error_and_no_warning(program: Program, dialect: str) -> None:
    assert loud(spoken(program.facts(), dialect)) == []


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_that_does_no_harm_is_left_alone(name: str) -> None:
    change, needs = HARMLESS[name]

    @few
    @given(programs(**needs), st.integers(0, 2**32 - 1))
    def left_alone(program: Program, seed: int) -> None:
        facts = change(program, np.random.default_rng(seed))
        for dialect in DIALECTS:
            assert loud(spoken(facts, dialect)) == []

    left_alone()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_named_first_by_its_own_rule(name: str) -> None:
    one = MUTATIONS[name]

    @few
    @given(programs(**one.needs), st.integers(0, 2**32 - 1))
    def named_first(program: Program, seed: int) -> None:
        facts = one.change(program, np.random.default_rng(seed))
        for dialect in set(DIALECTS) - set(NO_FAULT.get(name, ())):
            assert_named_first(one.slug, spoken(facts, dialect))

    named_first()


@pytest.mark.parametrize("name", [name for name, where in NO_FAULT.items() if where == _ALL])
def test_what_is_no_fault_anywhere_is_left_alone(name: str) -> None:
    one = MUTATIONS[name]

    @few
    @given(programs(**one.needs), st.integers(0, 2**32 - 1))
    def left_alone(program: Program, seed: int) -> None:
        facts = one.change(program, np.random.default_rng(seed))
        for dialect in DIALECTS:
            assert loud(spoken(facts, dialect)) == []

    left_alone()
