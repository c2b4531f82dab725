"""Faults of dtypes: token ids that are no integers, text and vectors for ids, labels that are no numbers or classes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from dtype_facts import raised
from facts_builder import TAKES, having, tensor
from mutating import mutation
from programs import Family, Program

from bertmagic.facts.call import CallFacts

LOOKED_UP = ("classes", "scores", "none", "own loss, classes", "one-hot", "yes or no", "ratings")


def cut(program: Program, ids: np.ndarray, **changes: Any) -> CallFacts:
    """The program with these ids, of which an `Input` of int32 has cut the fractions off."""
    facts = program.facts(ids=ids, type="Functional", sees=None, moved=None, **changes)
    (encoder_call,) = facts.encoder_calls
    whole = np.trunc(np.nan_to_num(ids.astype("float64"))).astype("int32")
    given = {**encoder_call.given, "input_ids": tensor("input_ids", whole, "input_ids")}
    same = np.array_equal(whole, ids)
    source = {role: each for role, each in encoder_call.source.items() if role != "input_ids" or same}
    return having(facts, encoder_calls=(dataclasses.replace(encoder_call, given=given, source=source),))


def large(random: np.random.Generator, program: Program, least: int, bits: int) -> tuple[Family, np.ndarray]:
    """BERT-base's vocabulary, and ids of it that a float of so many bits has rounded."""
    family = program.family
    encoder = dataclasses.replace(family.encoder, vocab_rows=30522)
    family = Family(encoder, dataclasses.replace(family.tokenizer, vocab_rows=30522))
    words = random.choice(np.arange(least, 30000), program.ids.shape, replace=False).astype("float64")
    step = np.exp2(np.floor(np.log2(words)) + 1 - bits)
    words = np.rint(words / step) * step
    special = np.isin(program.ids, [*program.family.tokenizer.frame, program.family.pad])
    return family, np.where(special, program.ids, words)


@mutation("ids-not-integer", head=LOOKED_UP)
def ids_that_cannot_be_looked_up(program: Program, random: np.random.Generator) -> CallFacts:
    dtype = random.choice(["float32", "float64", "float16", "bool", "int16", "uint8"])
    return raised(program.facts(ids=program.ids.astype(str(dtype)), error="forward"))


@mutation("ids-not-integer", head=LOOKED_UP)
def ids_written_out(program: Program, random: np.random.Generator) -> CallFacts:
    ids = program.ids.astype(str(random.choice(["str", "object"])))
    return raised(program.facts(ids=ids, error="forward", kinds="numpy.ndarray"))


@mutation("ids-not-integer", head=LOOKED_UP)
def ids_that_were_scaled(program: Program, random: np.random.Generator) -> CallFacts:
    """Made shares of the vocabulary, or of something else; rates of a text would be below that."""
    family, ids = large(random, program, 15000, 24)
    tokenizer = family.tokenizer if program.tokenizer else None
    scaled = (ids / float(random.choice([100.0, 30522.0, 30521.0]))).astype("float32")
    return cut(program, scaled, family=family, tokenizer=tokenizer)


@mutation("ids-not-integer", head=LOOKED_UP)
def ids_as_truth_values(program: Program, random: np.random.Generator) -> CallFacts:
    return cut(program, program.ids.astype(bool))


@mutation("ids-not-integer", head=LOOKED_UP, padded=True, filler=False)
def nan_for_padding(program: Program, random: np.random.Generator) -> CallFacts:
    return cut(program, np.where(program.padding, np.nan, program.ids).astype("float32"))


@mutation("ids-not-integer", head=LOOKED_UP, rows=3)
def ids_of_half_precision(program: Program, random: np.random.Generator) -> CallFacts:
    family, ids = large(random, program, 16384, 11)
    tokenizer = family.tokenizer if program.tokenizer else None
    return cut(program, ids.astype(str(random.choice(["float16", "float32"]))), family=family, tokenizer=tokenizer)


@mutation("embeddings-as-ids", head=LOOKED_UP)
def vectors_of_texts(program: Program, random: np.random.Generator) -> CallFacts:
    vectors = random.normal(size=(len(program.ids), int(random.choice([8, 16, 384])))).astype("float32")
    changes: dict[str, Any] = {"mask": None, "types": None, "positions": None}
    if random.integers(2):
        return raised(program.facts(ids=vectors, error="forward", **changes))
    return cut(program, vectors, **changes)


@mutation("embeddings-as-ids", head=LOOKED_UP)
def vectors_of_tokens(program: Program, random: np.random.Generator) -> CallFacts:
    hidden = int(random.choice([8, 5, 32]))
    vectors = random.normal(size=(*program.ids.shape, hidden)).astype("float32")
    changes: dict[str, Any] = {} if random.integers(2) else {"mask": None, "types": None, "positions": None}
    return raised(program.facts(ids=vectors, error="forward", **changes), layer="bert")


@mutation("dtype-mismatch", head=LOOKED_UP, types=True, family=("bert", "roberta", "relative"))
def types_as_floats(program: Program, random: np.random.Generator) -> CallFacts:
    types = program.types.astype(str(random.choice(["float32", "float64", "bool", "int16"])))
    return raised(program.facts(ids=program.ids.astype("int32"), types=types, error="forward"))


@mutation("dtype-mismatch", head=LOOKED_UP, padded=True, left=True, family=("bert", "distilbert"))
def positions_as_floats(program: Program, random: np.random.Generator) -> CallFacts:
    positions = program.positions.astype("float32")
    return raised(program.facts(ids=program.ids.astype("int64"), positions=positions, error="forward"))


@mutation("dtype-mismatch", head=LOOKED_UP, mask=True)
def a_mask_written_out(program: Program, random: np.random.Generator) -> CallFacts:
    mask = program.mask.astype("int32").astype(str(random.choice(["str", "object"])))
    return raised(program.facts(mask=mask, error="forward", kinds="numpy.ndarray"), layer=None)


@mutation("text-not-tokenized", head=LOOKED_UP, filler=False)
def texts_for_ids(program: Program, random: np.random.Generator) -> CallFacts:
    words = ["a plain text", "rain", "Tokens of this", "42 is a number", ""]
    texts = random.choice(words, len(program.ids)).astype(object)
    texts[0] = words[0]
    changes: dict[str, Any] = {"mask": None, "types": None, "positions": None, "error": "forward", "sees": None}
    if random.integers(2):
        return raised(program.facts(ids=texts, **changes), layer="bert")
    where = str(random.choice(["data", "forward"]))
    takes = TAKES | {"labels"}
    type_ = "TFBertForSequenceClassification"
    return raised(program.facts(ids=texts, takes=takes, type=type_, seen=False, **changes), layer=None, where=where)


@mutation("text-not-tokenized", head=LOOKED_UP, filler=False)
def tokens_as_strings(program: Program, random: np.random.Generator) -> CallFacts:
    """(batch, seq) of strings: tokenized, and not made ids."""
    tokens = random.choice(["[CLS]", "rain", "##s", "again"], program.ids.shape).astype(object)
    changes: dict[str, Any] = {"types": None, "positions": None, "error": "forward", "sees": None}
    return raised(program.facts(ids=tokens, **changes))


@mutation("ids-out-of-vocabulary", head=LOOKED_UP)
def an_id_out_of_range_beside_texts(program: Program, random: np.random.Generator) -> CallFacts:
    """A column of texts that the model leaves aside does not take the fault's place."""
    texts = tensor("text", np.array(["a plain text"] * len(program.ids), dtype=object))
    ids = program.ids.astype("int64")
    ids[random.integers(len(ids)), 1] = 10**6
    return program.facts(ids=ids, others=(texts,), error="forward")


# -- labels ----------------------------------------------------------------------------------------------------------


@mutation("labels-dtype", head=("classes", "classes in a column", "own loss, classes", "yes or no"))
def names_of_classes(program: Program, random: np.random.Generator) -> CallFacts:
    names = np.array(["negative", "positive", "neither", "both", "x", "y", "z"])
    labels = names[program.labels].astype(str(random.choice(["str", "object"])))
    facts = program.facts(labels=labels, error="loss")
    return raised(facts, layer=None, where="loss")


@mutation("labels-dtype", head=("classes", "own loss, classes", "yes or no", "ratings"))
def numbers_as_objects(program: Program, random: np.random.Generator) -> CallFacts:
    facts = program.facts(labels=program.labels.astype(str(random.choice(["str", "object"]))), error="loss")
    return raised(facts, layer=None, where="loss")


@mutation("labels-dtype", head=("classes", "classes in a column", "probabilities"))
def shares_for_classes(program: Program, random: np.random.Generator) -> CallFacts:
    labels = random.random(program.labels.shape).astype(str(random.choice(["float32", "float64"])))
    labels.flat[0] = 0.5
    return program.facts(labels=labels)


@mutation("labels-dtype", head=("classes", "classes in a column"))
def a_row_without_a_label(program: Program, random: np.random.Generator) -> CallFacts:
    labels = program.labels.astype("float64")
    labels.flat[random.integers(labels.size)] = np.nan
    return program.facts(labels=labels)


@mutation("labels-dtype", head=("scores",))
def integers_for_a_loss_of_ones_own(program: Program, random: np.random.Generator) -> CallFacts:
    labels = random.integers(1, 6, program.labels.shape).astype(str(random.choice(["int32", "int64"])))
    text = f"cannot compute Sub as input #1 was expected to be a {labels.dtype} tensor but is a float tensor"
    facts = program.facts(labels=labels, loss="other", error="loss")
    return raised(facts, layer=None, where="loss", text=text)


# -- masked words ----------------------------------------------------------------------------------------------------

MASKED = 4  # [MASK]
MASKS: dict[str, Any] = {"head": ("masked words",), "tokenizer": True, "left": False, "rows": 4}


def words_of(program: Program) -> np.ndarray:
    """Where the tokens are words, not special tokens nor padding (batch, seq)."""
    special = np.isin(program.ids, program.family.tokenizer.frame)
    return ~program.padding & ~special


@mutation("mlm-labels-unmasked", **MASKS)
def labels_on_every_token(program: Program, random: np.random.Generator) -> CallFacts:
    ids, words = program.ids.astype("int64"), words_of(program)
    chosen = words & (random.random(ids.shape) < 0.15)
    ids[chosen] = MASKED
    labels = np.where(program.padding, -100, program.ids.astype("int64"))
    tokenizer = dataclasses.replace(program.tokenizer, mask_id=MASKED)
    return program.facts(ids=ids, labels=labels, tokenizer=tokenizer, weights=())


@mutation("mlm-labels-unmasked", **{**MASKS, "padded": True, "family": ("bert", "roberta", "distilbert", "relative")})
def labels_on_padding(program: Program, random: np.random.Generator) -> CallFacts:
    ids, words = program.ids.astype("int64"), words_of(program)
    chosen = words & (random.random(ids.shape) < 0.2)
    ids[chosen] = MASKED
    labels = np.where(chosen | program.padding, program.ids.astype("int64"), -100)
    tokenizer = dataclasses.replace(program.tokenizer, mask_id=MASKED)
    return program.facts(ids=ids, labels=labels, tokenizer=tokenizer, weights=())


# -- padding that costs ----------------------------------------------------------------------------------------------


@mutation("padding-wasteful", padded=True, left=False)
def padded_to_a_length_of_its_own(program: Program, random: np.random.Generator) -> CallFacts:
    width = int(random.integers(40, 96))
    more = ((0, 0), (0, width - program.ids.shape[1]))
    ids = np.pad(program.ids, more, constant_values=program.family.pad)
    mask = np.pad((~program.padding).astype("int32"), more)
    encoder = program.family.encoder
    if encoder.positions is not None:
        encoder = dataclasses.replace(encoder, positions=128)
    family = Family(encoder, program.family.tokenizer)
    return program.facts(ids=ids, mask=mask, types=None, positions=None, moved=None, family=family)
