"""Changes of a whole cell that leave it right, and cells that end in something that no rule is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cell_builder import HIDDEN, POOLED, built, raised, symbolic, texts, tokenized, value
from cell_programs import CellProgram
from facts_builder import model
from mutating import CellChange

from bertmagic.facts.cell import CellFacts

HARMLESS_CELLS: dict[str, tuple[CellChange, dict[str, Any]]] = {}


def harmless_cell(**needs: Any) -> Callable[[CellChange], CellChange]:
    """Register a change; `needs` as `programs` takes them."""

    def add(change: CellChange) -> CellChange:
        HARMLESS_CELLS[change.__name__] = change, needs
        return change

    return add


@harmless_cell()
def ended_in_something_else(program: CellProgram, random: np.random.Generator) -> CellFacts:
    """A slip of the user's own that has nothing to do with a model."""
    ends = [
        raised("KeyError", text="'label'", source='df["label"]'),
        raised("NameError", text="name 'modle' is not defined", source="modle.fit(x)", missing="modle"),
        raised("ZeroDivisionError", text="division by zero", source="total / count"),
        raised("KeyboardInterrupt"),
        raised("FileNotFoundError", value(None, "str", "python", text="'reviews.csv'"), source='open("reviews.csv")'),
        raised("ModuleNotFoundError", text="No module named 'torch'", source="import torch", missing="torch"),
        raised("AssertionError", value("output", shape=(2, 8), origin=POOLED), source="assert output.shape[0] == 3"),
    ]
    return program.facts(ended=ends[int(random.integers(len(ends)))])


@harmless_cell()
def tokenizer_calls_alone(program: CellProgram, random: np.random.Generator) -> CellFacts:
    """No model is called in the cell."""
    return program.facts(calls=())


@harmless_cell()
def one_word_texts(program: CellProgram, random: np.random.Generator) -> CellFacts:
    """A batch of texts of one word each looks as the words of one text."""
    made = [tokenized(texts("colours", count=4, with_spaces=0), lengths=(3, 3, 3, 3), tokens=12)]
    return program.facts(made=[*program.made, *made])


@harmless_cell()
def words_that_are_said_to_be_words(program: CellProgram, random: np.random.Generator) -> CellFacts:
    given = texts("words", "words", 2, with_spaces=0, words_of="sentence")
    return program.facts(made=[*program.made, tokenized(given, is_split_into_words=True, lengths=(9, 4))])


@harmless_cell()
def other_frameworks_are_imported(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return program.facts(versions={"torch": "2.9.0", "jax": "0.8.0", "tensorflow": "2.21.0", "keras": "3.15.1"})


@harmless_cell()
def a_head_on_either_output(program: CellProgram, random: np.random.Generator) -> CellFacts:
    """A sequence layer on the last hidden state, a dense one on the pooled output."""
    own = built(
        symbolic("x", (None, None, 8), "float32", role=None, origin=HIDDEN),
        symbolic("y", (None, 8), "float32", role=None, origin=POOLED),
        of=model((), said="head", type="Functional", inputs={}),
    )
    return program.facts(builds=[*program.builds, own])


@harmless_cell(head=("choices",))
def choices_have_an_axis_of_their_own(program: CellProgram, random: np.random.Generator) -> CellFacts:
    of = model(program.program.family.encoder, type="TFBertForMultipleChoice", choices=True)
    names = ("input_ids", "attention_mask")
    return program.facts(builds=[built(*(symbolic(name, (None, 4, None)) for name in names), of=of)])
