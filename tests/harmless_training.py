"""States of a model that are right, each with every loss and head: none of them is to be warned of."""

from __future__ import annotations

import dataclasses

import numpy as np
from harmless import harmless
from mutating import TRAINED
from programs import Program
from states import MEMORY, RIGHT, StateFacts, adam, encoder, machine

from bertmagic.facts.call import CallFacts


def _from_a_checkpoint(program: Program, state: StateFacts, **changes: object) -> CallFacts:
    known = dataclasses.replace(program.family.encoder, pretrained="bert-base-uncased")
    return program.facts(family=dataclasses.replace(program.family, encoder=known), state=state, **changes)


@harmless(head=TRAINED)
def trained_as_it_should_be(program: Program, random: np.random.Generator) -> CallFacts:
    return _from_a_checkpoint(program, RIGHT[str(random.choice(list(RIGHT)))])


@harmless(head=("masked words",))
def pretraining_at_adams_default(program: Program, random: np.random.Generator) -> CallFacts:
    return _from_a_checkpoint(program, StateFacts(encoder(), optimizer=adam(1e-3)))


@harmless(head=TRAINED)
def evaluated_at_adams_default(program: Program, random: np.random.Generator) -> CallFacts:
    """No rate matters where nothing is trained."""
    state = StateFacts(encoder(), optimizer=adam(1e-3), memory=MEMORY)
    there = machine(memory={"CPU": (MEMORY.total // 2, "the test")})
    return _from_a_checkpoint(program, state, kind="evaluate", hardware=there)


@harmless(head=TRAINED)
def new_weights_at_adams_default(program: Program, random: np.random.Generator) -> CallFacts:
    """An encoder that is made from its config trains from random weights."""
    new = dataclasses.replace(program.family.encoder, pretrained=None)
    state = StateFacts(encoder(trained=bool(random.integers(2))), optimizer=adam(1e-3))
    return program.facts(family=dataclasses.replace(program.family, encoder=new), state=state)
