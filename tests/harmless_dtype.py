"""Changes of dtypes and of labels that leave a program right, close to the rules on them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from facts_builder import having, tensor
from harmless import harmless
from mutations_dtype import LOOKED_UP, MASKED, MASKS, cut, large, raised, words_of
from programs import Family, Program

from bertmagic.facts.call import CallFacts


@harmless(head=LOOKED_UP)
def whole_floats_for_an_integer_input(program: Program, random: np.random.Generator) -> CallFacts:
    """An `Input` of int32 casts them, and none is lost."""
    return cut(program, program.ids.astype(str(random.choice(["float32", "float64", "float16"]))))


@harmless(head=LOOKED_UP)
def large_ids_as_floats(program: Program, random: np.random.Generator) -> CallFacts:
    """float32 holds every id of a large vocabulary."""
    family, ids = large(random, program, 2049, 24)
    tokenizer = family.tokenizer if program.tokenizer else None
    return cut(program, ids.astype("float32"), family=family, tokenizer=tokenizer)


@harmless(head=LOOKED_UP, mask=True)
def a_mask_of_any_dtype(program: Program, random: np.random.Generator) -> CallFacts:
    dtype = random.choice(["float16", "float32", "float64", "bool", "uint8", "int8", "int64"])
    return program.facts(mask=(~program.padding).astype(str(dtype)), moved=None)


@harmless(head=("classes", "own loss, classes", "own tags", "yes or no"))
def classes_as_floats(program: Program, random: np.random.Generator) -> CallFacts:
    """Whole numbers are classes in any dtype."""
    return program.facts(labels=program.labels.astype(str(random.choice(["float32", "float64", "uint8", "int8"]))))


@harmless(head=("ratings",))
def ratings_as_floats(program: Program, random: np.random.Generator) -> CallFacts:
    labels = random.integers(2, 11, len(program.labels)) / 2
    return program.facts(labels=labels.astype(str(random.choice(["float32", "float64"]))))


@harmless(head=("yes or no", "several labels"))
def yes_or_no_in_shares(program: Program, random: np.random.Generator) -> CallFacts:
    """Fractions for a binary loss are how many of the readers said yes."""
    return program.facts(labels=random.random(program.labels.shape).astype("float32"))


@harmless(head=LOOKED_UP)
def texts_beside_the_ids(program: Program, random: np.random.Generator) -> CallFacts:
    """A column of texts, or of numbers written out, goes along and is not looked at."""
    words = random.choice(["a plain text", "17"], len(program.ids))
    texts = tensor("text", words.astype(str(random.choice(["str", "object"]))))
    return program.facts(others=(texts,))


@harmless(head=("classes", "scores", "none"), filler=False)
def a_model_that_tokenizes_inside(program: Program, random: np.random.Generator) -> CallFacts:
    """It is given texts, and its encoder gets token ids."""
    facts = program.facts(sees=None, moved=None, type="Functional")
    texts = tensor("text", np.array(["a plain text"] * len(program.ids), dtype=object))
    (encoder_call,) = facts.encoder_calls
    return having(facts, inputs=(texts,), encoder_calls=(dataclasses.replace(encoder_call, source={}),))


@harmless(head=("classes", "scores", "none"))
def vectors_beside_the_ids(program: Program, random: np.random.Generator) -> CallFacts:
    """Features of another kind have an input of their own."""
    features = tensor("features", random.normal(size=(len(program.ids), 8)).astype("float32"))
    return program.facts(others=(features,))


# -- masked words ----------------------------------------------------------------------------------------------------


def _collated(program: Program, random: np.random.Generator, share: float = 0.15) -> dict[str, Any]:
    """As the usual collator has it: of the chosen tokens 8 in 10 masked, 1 in 10 another word, 1 in 10 as it was."""
    ids, words = program.ids.astype("int64"), words_of(program)
    chosen = words & (random.random(ids.shape) < share)
    how = random.random(ids.shape)
    ids[chosen & (how < 0.8)] = MASKED
    other = chosen & (how >= 0.8) & (how < 0.9)
    ids[other] = random.integers(5, 100, int(other.sum()))
    return {"ids": ids, "labels": np.where(chosen, program.ids.astype("int64"), -100)}


@harmless(**MASKS)
def the_usual_collator(program: Program, random: np.random.Generator) -> CallFacts:
    known = dataclasses.replace(program.tokenizer, mask_id=MASKED)
    tokenizer = known if random.integers(2) else None
    if program.family.pad == program.family.tokenizer.sep_id:
        tokenizer = known  # without it nothing tells a separator that pads
    return program.facts(
        tokenizer=tokenizer, weights=(), **_collated(program, random, float(random.choice([0.15, 0.3, 0.4])))
    )


@harmless(**MASKS)
def whole_texts_masked(program: Program, random: np.random.Generator) -> CallFacts:
    """Every word masked, as some schedules begin or end."""
    words = words_of(program)
    tokenizer = dataclasses.replace(program.tokenizer, mask_id=MASKED)
    ids, labels = np.where(words, MASKED, program.ids), np.where(words, program.ids.astype("int64"), -100)
    return program.facts(ids=ids, labels=labels, tokenizer=tokenizer, weights=())


@harmless(**MASKS)
def wrong_words_corrected(program: Program, random: np.random.Generator) -> CallFacts:
    """Labels on every word, some of which differ from it, and no masks: what is learnt is to correct."""
    words = words_of(program)
    wrong = words & (random.random(words.shape) < 0.2)
    row = int(np.argmax(words.any(axis=1)))
    wrong[row, int(np.argmax(words[row]))] = True
    ids = np.where(wrong, (program.ids.astype("int64") - 5 + 1) % 95 + 5, program.ids)
    tokenizer = dataclasses.replace(program.tokenizer, mask_id=MASKED)
    return program.facts(
        ids=ids, labels=np.where(words, program.ids.astype("int64"), -100), tokenizer=tokenizer, weights=()
    )


@harmless(**MASKS)
def scored_without_masks(program: Program, random: np.random.Generator) -> CallFacts:
    """An evaluation of how likely each token is."""
    labels = np.where(program.padding, -100, program.ids.astype("int64"))
    tokenizer = dataclasses.replace(program.tokenizer, mask_id=MASKED)
    return program.facts(kind="evaluate", labels=labels, tokenizer=tokenizer, weights=())


@harmless(**MASKS)
def a_causal_model(program: Program, random: np.random.Generator) -> CallFacts:
    """It shifts labels itself: they are the ids."""
    gpt = dataclasses.replace(program.family.encoder, family="gpt2", positions=None)
    labels = np.where(program.padding, -100, program.ids.astype("int64"))
    return program.facts(
        type="TFGPT2LMHeadModel", family=Family(gpt, program.family.tokenizer), labels=labels, weights=()
    )


# -- raised for another reason ---------------------------------------------------------------------------------------


@harmless(head=LOOKED_UP, tokenizer=True)
def whole_floats_where_something_else_raised(program: Program, random: np.random.Generator) -> CallFacts:
    """The encoder's own layers went through the ids: their dtype is not what raised."""
    facts = cut(program, program.ids.astype("float32"))
    return raised(having(facts, outputs=()), layer="dense")
