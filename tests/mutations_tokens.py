"""Faults of padding, special tokens, token ids, types and positions."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import VOCABULARY
from mutating import mutation
from programs import WIDEST, WITH_POSITIONS, Program

from bertmagic.facts.call import CallFacts


@mutation("padding-token-wrong", padded=True, tokenizer=True, filler=False, left=False, family=WITH_POSITIONS)
def another_token_pads(program: Program, random: np.random.Generator) -> CallFacts:
    wrong = next(each for each in (0, 1, 4) if each != program.family.pad)
    mask = random.choice([0, 1])
    ids = np.where(program.padding, wrong, program.ids)
    return program.facts(ids=ids, mask=np.ones_like(program.mask) if mask else None, moved=None)


@mutation("padding-token-wrong", padded=True, filler=False, left=False)
def a_negative_number_pads(program: Program, random: np.random.Generator) -> CallFacts:
    ids = np.where(program.padding, random.choice([-1, -100]), program.ids.astype("int64"))
    return program.facts(ids=ids, mask=random.choice([0, 1]) * np.ones_like(program.mask), error="forward")


@mutation("padding-side", padded=True, left=True, tokenizer=True, family=("bert",))
def padded_on_the_left(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(positions=None)


@mutation("special-tokens-doubled", tokenizer=True, padded=True, filler=False, left=False, family=WITH_POSITIONS)
def special_tokens_in_the_texts(program: Program, random: np.random.Generator) -> CallFacts:
    ids, tokenizer = program.ids.copy(), program.tokenizer
    ids[:, 1] = tokenizer.cls_id
    ends = np.argmax(ids == tokenizer.sep_id, axis=1)
    ids[np.arange(len(ids)), ends - 1] = tokenizer.sep_id
    return program.facts(ids=ids)


@mutation(
    "special-tokens-missing",
    tokenizer=True,
    left=False,
    family=(*WITH_POSITIONS, "relative"),
    head=("classes", "own loss, classes", "scores", "none"),
)
def no_special_tokens(program: Program, random: np.random.Generator) -> CallFacts:
    pretrained = dataclasses.replace(program.family.encoder, pretrained="bert-base-uncased")
    family = dataclasses.replace(program.family, encoder=pretrained)
    special = np.isin(program.ids, program.tokenizer.frame) & ~program.padding
    return program.facts(family=family, ids=np.where(special, 50, program.ids))


@mutation("ids-out-of-vocabulary")
def an_id_out_of_range(program: Program, random: np.random.Generator) -> CallFacts:
    ids = program.ids.astype("int64")
    wrong = random.choice([-1, -7, -100, VOCABULARY, VOCABULARY + 9, 10**6])
    ids[random.integers(ids.shape[0]), random.integers(ids.shape[1])] = wrong
    return program.facts(ids=ids, error="forward")


@mutation("tokenizer-model-mismatch", tokenizer=True)
def tokens_that_the_model_does_not_have(program: Program, random: np.random.Generator) -> CallFacts:
    ids = program.ids.astype("int64")
    ids[random.choice(program.texts), 1] = random.integers(VOCABULARY, VOCABULARY + 20)
    return program.facts(
        ids=ids, tokenizer=dataclasses.replace(program.tokenizer, vocab_rows=VOCABULARY + 20), error="forward"
    )


@mutation("sequence-too-long", family=WITH_POSITIONS, left=False)
def too_long(program: Program, random: np.random.Generator) -> CallFacts:
    more = random.integers(WIDEST + 1, 40)
    ids = random.integers(5, VOCABULARY, (len(program.ids), more)).astype("int32")
    return program.facts(ids=ids, mask=np.ones_like(ids), types=None, positions=None, error="forward")


@mutation("token-type-ids-invalid", types=True, family=("bert", "roberta", "relative"))
def a_segment_too_many(program: Program, random: np.random.Generator) -> CallFacts:
    types = program.types.copy()
    types[random.choice(program.texts), -3:] = program.family.encoder.types + random.integers(3)
    return program.facts(types=types, error="forward")


@mutation("inputs-swapped", mask=True, types=True, family=("bert", "relative"))
def types_before_the_mask(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=program.types, types=(~program.padding).astype("int32"), moved=None)


@mutation("inputs-swapped", mask=True)
def the_mask_as_the_ids(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(ids=(~program.padding).astype("int32"), mask=program.ids, moved=None)
