"""Correct programs as a whole cell, `CellFacts`: tokenizer calls, graphs built, a model's call, and nothing raised.

`cell_programs()` draws one; `around(program, call)` puts a cell around a call of a program, faulty or not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from cell_builder import HIDDEN, INPUT, POOLED, built, cell, raised, symbolic, texts, tokenized
from facts_builder import TOKENIZER, model
from hypothesis import strategies as st
from programs import Program, programs

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import BuildFacts, CellFacts, RaisedFacts, TokenizerCallFacts

NAMES = ("texts", "sentences", "reviews", 'df["text"].tolist()', None)


@dataclass(frozen=True)
class CellProgram:
    """A correct cell around a program. `facts` makes of it what an observation would, with what is changed."""

    program: Program
    made: tuple[TokenizerCallFacts, ...]
    builds: tuple[BuildFacts, ...]

    def facts(
        self,
        *calls: CallFacts,
        made: Sequence[TokenizerCallFacts] | None = None,
        builds: Sequence[BuildFacts] | None = None,
        ended: RaisedFacts | None = None,
        **changes: Any,
    ) -> CellFacts:
        """The facts of the cell: with these calls of models in place of the program's own, and so on."""
        facts = cell(
            *(calls or (self.program.facts(),)),
            tokenizer_calls=self.made if made is None else made,
            builds=self.builds if builds is None else builds,
            raised=ended,
        )
        return dataclasses.replace(facts, **changes)

    def ended(self, ended: RaisedFacts, **changes: Any) -> CellFacts:
        """The cell that this exception ended before any model was called."""
        return dataclasses.replace(self.facts(ended=ended, **changes), calls=())


def around(program: Program, call: CallFacts, random: np.random.Generator) -> CellFacts:
    """The cell around a call of the program, ended by what that call raised."""
    error = call.error
    ended = None if error is None else raised(error.type, text=error.text, source="model.fit(inputs, labels)")
    return CellProgram(program, _tokenized(program, random), _built(program, random)).facts(call, ended=ended)


@st.composite
def cell_programs(draw: st.DrawFn, **needs: Any) -> CellProgram:
    """A correct cell around a correct program; `needs` as `programs` takes them."""
    program = draw(programs(**needs))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return CellProgram(program, _tokenized(program, random), _built(program, random))


def _tokenized(program: Program, random: np.random.Generator) -> tuple[TokenizerCallFacts, ...]:
    """The tokenizer's calls of the cell: of its own texts, of others beside, split into words or not; none at times."""
    if program.ids.ndim != 2 or random.integers(4) == 0:
        return ()
    padding = program.padding
    rows = tuple(row[~hidden].astype("int32") for row, hidden in zip(program.ids, padding, strict=True))
    lengths = tuple(len(row) for row in rows)
    count = len(rows)
    given = texts(
        random.choice(np.array(NAMES, object)),
        "words" if random.integers(4) == 0 else "batch",
        count,
        kind=str(random.choice(["list", "tuple"])),
        with_spaces=int(random.integers(0, count + 1)),
        upper=int(random.integers(0, count + 1)),
    )
    own = tokenized(
        given,
        tokenizer=program.tokenizer or TOKENIZER,
        return_tensors=random.choice(np.array([None, "np", "tf"], object)),
        is_split_into_words=given.shape == "words",
        lengths=lengths,
        tokens=sum(lengths),
        unknown=int(random.integers(0, 3)),
        rows=rows,
    )
    one = tokenized(texts("query", "text", 1), tokenizer=own.tokenizer, lengths=(7,), tokens=7)
    # Texts of different lengths of which no tensor is made, and some that a handler caught.
    free = tokenized(texts("notes"), tokenizer=own.tokenizer, lengths=(5, 9, 3), tokens=17)
    odd = texts("rows", odd=((1, "NoneType", "None"),))
    caught = tokenized(odd, tokenizer=own.tokenizer, error=("TypeError", "this text must be of type `str`"))
    beside = [each for each in (one, free, caught) if random.integers(3) == 0]
    return (*beside, own)


def _built(program: Program, random: np.random.Generator) -> tuple[BuildFacts, ...]:
    """The graphs that the cell built: Inputs into an encoder, and what an encoder gave into a head."""
    if random.integers(2):
        return ()
    encoder, width = program.family.encoder, random.choice(np.array([None, 16, 128], object))
    names = ["input_ids", *(["attention_mask"] if random.integers(2) else [])]
    names += ["token_type_ids"] if encoder.types is not None and random.integers(2) else []
    shape: tuple[int | None, ...] = (None, width)
    choices = program.head == "choices"
    if choices:
        shape = (None, 4, width)
    inputs = []
    for name in names:
        dtype = str(random.choice(["int32", "int64"]))
        if name == "attention_mask":
            dtype = str(random.choice(["int32", "float32", "bool"]))
        inputs.append(symbolic(name, shape, dtype, said=random.choice(np.array([None, "ids", name], object))))
    graph = built(*inputs, of=model(encoder, said="bert", choices=choices))
    head = model((), said="head", type="Functional", inputs={})
    origin = random.choice(np.array([POOLED, HIDDEN], object))
    features = (None, 8) if origin is POOLED else (None, width, 8)
    vector = symbolic("features", features, "float32", role=None, origin=origin)
    extra = symbolic("stars", (None, 1), "float32", role=None, origin=INPUT)
    of_head = built(vector, *([extra] if random.integers(2) else []), of=head)
    return (graph, of_head) if random.integers(2) else (graph,)
