"""Every sentence that a rule says to a user, written out in the tables `test_messages_*.py`, and their style."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pathlib
import re

import pytest
from facts_builder import Messages, batch, call, check

from bertmagic.facts.call import CallFacts, UnpaddedFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.finding import Proof
from bertmagic.rules import RULES
from bertmagic.rules.words import amount, count, listed, rows_of

TABLES: dict[str, Messages] = {
    path.stem.removeprefix("test_messages_"): importlib.import_module(path.stem).MESSAGES
    for path in sorted(pathlib.Path(__file__).parent.glob("test_messages_*.py"))
}
ALL = {f"{table}: {name}": entry for table, messages in TABLES.items() for name, entry in messages.items()}
# An axis of any length is `None` in a shape of Keras', and nowhere else in a sentence.
SHAPE = re.compile(r"\((?:(?:None|\d+)(?:, |,|(?=\))))+\)")
IDS = batch([6, 4, 4])
MEASURED = UnpaddedFacts({1: 0.3104, 2: 0.3096}, {0: 0.0}, {1: 3e-7, 2: 2e-7})


@pytest.mark.parametrize(("slug", "facts", "sentences"), ALL.values(), ids=ALL)
def test_what_a_rule_says(
    slug: str, facts: CallFacts | CellFacts, sentences: tuple[str, str, str | None, str | None]
) -> None:
    finding = check(slug, facts)
    assert finding is not None
    fix = (None, None) if finding.fix is None else (finding.fix.title, finding.fix.snippet)
    assert (finding.title, finding.detail, *fix) == sentences


def test_every_rule_has_its_sentences() -> None:
    assert {slug for slug, _, _ in ALL.values()} == set(RULES)


@pytest.mark.parametrize("sentences", [sentences for _, _, sentences in ALL.values()], ids=ALL)
def test_the_style_of_the_sentences(sentences: tuple[str, str, str | None, str | None]) -> None:
    title, detail, fix, snippet = sentences
    assert detail.endswith(".")
    assert not title.endswith(".")
    assert (fix is None) == (snippet is None)
    assert not (fix or "").endswith(".")
    for sentence in (title, detail, fix or ""):
        assert "!" not in sentence
        assert "probably" not in sentence
        assert "  " not in sentence
        # A value that was not there; in a shape, None is Keras' word for a free axis.
        assert "None" not in SHAPE.sub("", sentence)


@pytest.mark.parametrize("snippet", [snippet for _, _, (*_, snippet) in ALL.values() if snippet is not None])
def test_every_fix_is_code(snippet: str) -> None:
    assert snippet
    ast.parse(snippet)
    assert "…" not in snippet
    assert max(map(len, snippet.splitlines())) <= 120


@pytest.mark.parametrize("slug", RULES)
def test_every_page_says_what_is_found_why_it_is_bad_and_what_is_wrong_and_right(slug: str) -> None:
    page = RULES[slug].page()
    for part in ("What it finds:", "Why it is bad:", "Wrong:", "Right:"):
        assert part in page


def test_the_proof_of_a_mask() -> None:
    finding = check("attention-mask-missing", call(IDS, unpadded=MEASURED))
    assert finding is not None
    assert finding.fix is not None
    assert finding.fix.proof == Proof(
        "the encoder on rows 1 and 2, with a mask that is 0 over padding",
        "against the same text unpadded, [CLS] moves by 0, and by 0.31 as it was fed",
    )


@pytest.mark.parametrize("masked", [None, {}, {1: 0.2, 2: 0.0}])
def test_no_proof_is_claimed_that_was_not_given(masked: dict[int, float] | None) -> None:
    finding = check("attention-mask-missing", call(IDS, unpadded=dataclasses.replace(MEASURED, masked=masked)))
    assert finding is not None
    assert finding.fix is not None
    assert finding.fix.proof is None


def test_phrases() -> None:
    assert listed([3]) == "3"
    assert listed([1, 2, 3]) == "1, 2 and 3"
    assert listed(range(6)) == "0, 1, 2, 3, 4 and 5"
    assert listed(range(32)) == "0, 1, 2, 3, 4 and 27 more"
    assert rows_of([4]) == "row 4"
    assert rows_of([1, 4]) == "rows 1 and 4"
    assert (count(1, "row"), count(2, "row"), count(0, "row")) == ("1 row", "2 rows", "0 rows")
    assert (amount(3e-7), amount(0.3149), amount(12.34), amount(1234.5)) == ("0", "0.31", "12", "1234")


def test_a_page_says_what_is_wrong_and_what_is_right() -> None:
    assert RULES["attention-mask-missing"].page().splitlines()[:3] == [
        "attention-mask-missing (warning)",
        "",
        "Rows have padding and the model gets no attention mask.",
    ]
