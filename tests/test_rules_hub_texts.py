"""The rules on what KerasHub's tokenizers are given, and on the places of a masked model: what they leave alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from cell_builder import cell, texts, tokenized
from facts_builder import check
from hub_facts import (
    ANSWERS,
    PLACES,
    PREP,
    ROWS,
    TAGS,
    TOK,
    cased_by,
    missing_in_fit,
    predicting,
    read_by_argmax,
    tagged,
    words_packed,
)

from bertmagic.facts.cell import CellFacts


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": (ANSWERS != 0).astype("float32")},
        {"weights": (ANSWERS != 0)[..., None].astype("float32")},
        {"weights": np.ones(6)},
        {"ignored": 0},
        {"kind": "evaluate"},
        {"tokenizer": None},
        {"answers": np.where(ANSWERS == 0, 41, ANSWERS)},
        {"places": np.array([[1, 3, 1]] * 6, "int32")},
        {"places": np.where(PLACES == 0, 60, PLACES)},
        {"answers": np.where(np.arange(6)[:, None] < 2, ANSWERS, 41)},
    ],
    ids=[
        "weighed by 0",
        "weighed by 0, with a last axis",
        "a weight a row",
        "a loss that leaves them out",
        "an evaluation",
        "no tokenizer is known",
        "a word is the answer",
        "a masked place",
        "places beyond the rows",
        "two labels only",
    ],
)
def test_places_that_are_right(changes: dict[str, Any]) -> None:
    assert check("mlm-labels-unmasked", predicting(**changes)) is None


def test_places_of_padding_count_too() -> None:
    facts = predicting(places=np.where(PLACES == 0, 5, PLACES))
    assert check("mlm-labels-unmasked", facts) is None  # the separator may be an answer
    ends = np.where(ROWS[0, -1] == ROWS, 0, ROWS)
    ids = dataclasses.replace(facts.inputs[0], values=ends)
    encoder_call = facts.encoder_calls[0]
    given = dataclasses.replace(encoder_call, source={**encoder_call.source, "input_ids": ids})
    padded = dataclasses.replace(facts, inputs=(ids, *facts.inputs[1:]), encoder_calls=(given,))
    assert check("mlm-labels-unmasked", padded) is not None


def beside(*more: Any, **facts: Any) -> CellFacts:
    """The words of a text beside other calls."""
    own = words_packed(**facts)
    return cell(*own.calls, tokenizer_calls=[*own.tokenizer_calls, *more])


@pytest.mark.parametrize(
    "facts",
    [
        beside(tokenized(texts("review", "text", count=1), tokenizer=PREP)),
        beside(tokenized(texts(None, count=1, wholes=("line", "review")), tokenizer=PREP)),
        words_packed(running=()),
        words_packed(words_of=None, running=()),
    ],
    ids=["the text alone", "the text in a batch", "no running text", "single words"],
)
def test_words_that_are_texts(facts: CellFacts) -> None:
    assert check("word-list-as-batch", facts) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"argmaxed": False},
        {"outputs": (3, 3), "loss": "sparse"},
        {"labels": (0.5, 1.0, 2.0)},
        {"labels": (1, 1, 1)},
        {"labels": (-1, 0, 1)},
        {"loss": "binary"},
    ],
    ids=["no argmax", "an output a class", "no whole numbers", "one number", "a negative one", "yes and no"],
)
def test_one_column_that_is_right(changes: dict[str, Any]) -> None:
    assert check("regression-head-for-classes", read_by_argmax(**changes)) is None


def test_labels_on_the_first_tokens() -> None:
    assert check("labels-not-aligned", tagged([[0, 0, 1, 0, 1, 0], [0, 0, 1, 0, 0, 0]], tags=TAGS)) is None


def test_rows_of_another_tokenizer() -> None:
    facts = cased_by(TOK)
    fed = dataclasses.replace(facts.calls[0], tokenizer=dataclasses.replace(PREP, made_rows=True))
    assert check("tokenizer-casing", dataclasses.replace(facts, calls=(fed,))) is None


def test_a_task_that_failed_for_another_reason() -> None:
    facts = missing_in_fit()
    values = np.array(["a fine day", "rain"], object)
    given = (dataclasses.replace(facts.calls[0].inputs[0], values=values),)
    assert (
        check("text-not-valid", dataclasses.replace(facts, calls=(dataclasses.replace(facts.calls[0], inputs=given),)))
        is None
    )
