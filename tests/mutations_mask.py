"""Faults of the attention mask."""

from __future__ import annotations

import dataclasses

import numpy as np
from mutating import mutation
from programs import Program

from bertmagic.facts.call import CallFacts


@mutation("attention-mask-missing", padded=True)
def no_mask(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=None, moved=random.choice([None, 0.3]))


@mutation("attention-mask-missing", padded=True, head=("choices",), left=False)
def no_mask_beside_choices(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=None)


@mutation("attention-mask-over-padding", padded=True)
def a_mask_of_ones(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=np.ones_like(program.mask), moved=random.choice([None, 0.3]))


@mutation("attention-mask-inverted", padded=True)
def the_reverse(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=program.padding.astype(program.mask.dtype), moved=random.choice([None, 0.3]))


@mutation("attention-mask-all-zero", mask=True)
def a_row_of_zeros(program: Program, random: np.random.Generator) -> CallFacts:
    mask = program.mask.copy()
    mask[random.choice(program.texts)] = 0
    return program.facts(mask=mask, moved=None, weights=())


@mutation("attention-mask-values", mask=True, family=("bert", "roberta", "distilbert"))
def ids_as_the_mask(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=np.where(program.padding, 0, program.ids), moved=None)


@mutation("attention-mask-values", mask=True, family=("bert", "roberta", "distilbert"))
def counts_as_the_mask(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=np.cumsum(~program.padding, axis=1) * ~program.padding, moved=None)


@mutation("attention-mask-shape", padded=True)
def one_number_a_row(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=np.ones((len(program.ids), 1), "int32"), moved=None)


@mutation("attention-mask-shape", mask=True, rows=2)
def a_mask_on_its_side(program: Program, random: np.random.Generator) -> CallFacts:
    if program.ids.shape[0] == program.ids.shape[1]:
        program = dataclasses.replace(program, ids=program.ids[:-1], mask=program.mask[:-1])
    changes = {"types": None, "positions": None, "labels": None, "weights": (), "others": (), "error": "forward"}
    return program.facts(mask=program.mask.T, **changes)
