"""A tokenizer's settings are written where one would write them, and nothing is taken out that is still read."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from bertmagic.facts.cell import CellFacts
from bertmagic.finding import Finding
from bertmagic.repair.flow import Flow
from bertmagic.repair.leftovers import without_leftovers
from bertmagic.repair.source import NotEditable, Source
from bertmagic.repair.tokenizing import siblings, with_settings
from bertmagic.repair.trouble import Trouble
from bertmagic.written import Written


def _trouble(cell: str, **names: Any) -> Trouble:
    source = Source(Written(cell, cell, "<cell>"))
    finding = Finding("ragged-rows", "error", "enc", "", "")
    return Trouble(finding, None, CellFacts(), source, Flow(source), names)


def _set(cell: str, **settings: str) -> str:
    trouble = _trouble(cell)
    call = next(trouble.source.calls("tok"))
    return trouble.source.applied(with_settings(trouble, call, **settings))


def test_a_setting_goes_before_those_that_come_after_it() -> None:
    assert _set('enc = tok(texts, truncation=True, return_tensors="tf")\n', padding="True") == (
        'enc = tok(texts, padding=True, truncation=True, return_tensors="tf")\n'
    )


def test_a_setting_takes_a_line_of_its_own_where_the_others_do() -> None:
    cell = 'enc = tok(\n    texts,\n    truncation=True,\n    return_tensors="tf",\n)\n'
    assert _set(cell, max_length="512") == cell.replace("True,\n", "True,\n    max_length=512,\n")


def test_a_setting_in_a_dict_that_is_spread_is_changed_there() -> None:
    cell = 'settings = {"padding": False, "truncation": True}\nenc = tok(texts, **settings)\n'
    assert _set(cell, padding="True") == cell.replace("False", "True")


def test_a_setting_of_a_partial_is_changed_there() -> None:
    cell = "tok = partial(tokenizer, padding=False)\nenc = tok(texts)\n"
    assert _set(cell, padding="True") == cell.replace("False", "True")


def test_a_dict_that_is_not_known_is_left_alone() -> None:
    with pytest.raises(NotEditable):
        _set("enc = tok(texts, **settings)\n", padding="True")


def test_siblings_ask_the_same_of_other_texts() -> None:
    trouble = _trouble("a = tok(one, truncation=True)\nb = tok(two, truncation=True)\nc = tok(three)\n")
    first = next(trouble.source.calls("tok"))
    assert [ast.unparse(each.args[0]) for each in siblings(trouble, first)] == ["one", "two"]


def test_what_only_served_an_argument_goes_with_it() -> None:
    cell = "ends = ids == 2\nsegments = cumsum(ends)\nkept = ids + 1\nout = model(ids, token_type_ids=segments)\n"
    trouble = _trouble(cell)
    call = next(trouble.source.calls("model"))
    edits = without_leftovers(trouble, trouble.source.without_keyword(call, "token_type_ids"))
    assert trouble.source.applied(edits) == "kept = ids + 1\nout = model(ids)\n"


def test_what_is_read_elsewhere_stays() -> None:
    cell = "segments = ids * 0\nout = model(ids, token_type_ids=segments)\nprint(segments)\n"
    trouble = _trouble(cell)
    call = next(trouble.source.calls("model"))
    edits = without_leftovers(trouble, trouble.source.without_keyword(call, "token_type_ids"))
    assert trouble.source.applied(edits) == "segments = ids * 0\nout = model(ids)\nprint(segments)\n"
