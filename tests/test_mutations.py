"""A correct program gets no error and no warning; one fault put into it is named first, by its own rule.

A mutation is one function with `@mutation(slug, …)`, given a program of the kind asked for (see `programs`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from facts_builder import TAKES, VOCABULARY, tensor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import A_TOKEN, FAMILIES, HEADS, WIDEST, WITH_POSITIONS, Program, programs

from bertmagic.facts.call import CallFacts
from bertmagic.rules import RULES
from bertmagic.rules.order import in_order

Change = Callable[[Program, np.random.Generator], CallFacts]
ONE_A_TEXT = tuple(name for name in HEADS if name not in (*A_TOKEN, "choices"))
TRAINED = tuple(name for name in ONE_A_TEXT if name not in ("none", "a loss that is written by hand"))


@dataclass(frozen=True)
class Mutation:
    """`change` puts the fault in that `slug` names; `needs`: the kinds of programs that it can be put into."""

    slug: str
    change: Change
    needs: dict[str, Any]


MUTATIONS: dict[str, Mutation] = {}

# The rules without a mutation here, each with the reason.
NOT_MUTATED: dict[str, str] = {}


def mutation(slug: str, **needs: Any) -> Callable[[Change], Change]:
    def add(change: Change) -> Change:
        MUTATIONS[change.__name__] = Mutation(slug, change, {"head": ONE_A_TEXT, **needs})
        return change

    return add


# -- the attention mask ----------------------------------------------------------------------------------------------


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


# -- padding and special tokens --------------------------------------------------------------------------------------


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


@mutation("padding-side", padded=True, left=True, tokenizer=True, family=("bert", "distilbert"))
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


# -- token ids, types and positions ----------------------------------------------------------------------------------


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


# -- axes and lengths ------------------------------------------------------------------------------------------------


def _of_axes(program: Program, change: Callable[[np.ndarray], np.ndarray], **changes: Any) -> CallFacts:
    tensors = {name: getattr(program, name) for name in ("ids", "mask", "types", "positions")}
    changed = {name: change(values) for name, values in tensors.items() if values is not None}
    return program.facts(**changed, error="forward", **changes)


@mutation("batch-axis-missing", filler=False)
def one_text(program: Program, random: np.random.Generator) -> CallFacts:
    row = random.integers(len(program.ids))
    changes = {"labels": None, "weights": (), "others": (), "container": "arrays"}
    return _of_axes(program, lambda values: values[row], **changes)


@mutation("batch-axis-extra")
def an_axis_too_many(program: Program, random: np.random.Generator) -> CallFacts:
    axis = int(random.integers(2))
    return _of_axes(program, lambda values: np.expand_dims(values, axis))


@mutation("dataset-unbatched", head=("classes", "yes or no", "own loss, scores"), filler=False)
def single_examples(program: Program, random: np.random.Generator) -> CallFacts:
    changes = {"labels": np.array(1), "weights": (), "others": (), "container": "Dataset"}
    return _of_axes(program, lambda values: values[0], **changes)


@mutation("sequence-length-mismatch", mask=True, left=False)
def ids_that_were_cut(program: Program, random: np.random.Generator) -> CallFacts:
    cut = int(random.integers(2, program.ids.shape[1]))
    return program.facts(ids=program.ids[:, :cut], types=None, error="forward")


@mutation("row-count-mismatch", mask=True, rows=2)
def ids_of_fewer_rows(program: Program, random: np.random.Generator) -> CallFacts:
    cut = int(random.integers(1, len(program.ids)))
    return program.facts(
        ids=program.ids[:cut], types=None, positions=None, error="data", container="arrays", seen=False
    )


# -- what is fed, and by which names ---------------------------------------------------------------------------------


@mutation("container-unsupported", head=TRAINED)
def python_lists(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(kinds="list", container="as given", error="data", seen=False)


TWO = {"input_ids": (None, None), "attention_mask": (None, None)}
RAISED = {"error": "forward", "seen": False, "others": (), "types": None, "positions": None}


@mutation("input-missing")
def one_input_of_two(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=None, type="Functional", inputs=TWO, **RAISED)


@mutation("input-misnamed", mask=True)
def a_key_of_another_name(program: Program, random: np.random.Generator) -> CallFacts:
    held = tensor("input_mask", program.mask, "attention_mask")
    changes = {**RAISED, "others": (held,), "mask": None}
    return program.facts(type="Functional", inputs=TWO, takes=frozenset(TWO), **changes)


@mutation("input-unexpected", types=True, family=("bert", "relative"))
def types_for_distilbert(program: Program, random: np.random.Generator) -> CallFacts:
    changes = {"error": "forward", "seen": False, "others": (), "takes": TAKES - {"token_type_ids"}}
    return program.facts(type="TFDistilBertModel", family=FAMILIES["distilbert"], **changes)


@mutation("dataset-structure", mask=True, filler=False, head=("classes", "yes or no", "scores"))
def a_flat_triple(program: Program, random: np.random.Generator) -> CallFacts:
    outputs, length = program.outputs, program.ids.shape[1]
    outputs = outputs[:, :1] if outputs.shape[1] == length else outputs
    weights = (tensor("sample_weight", random.integers(0, 2, len(program.ids))),)
    changes = {
        "labels": (~program.padding).astype("int32"),
        "weights": weights,
        "container": "Dataset",
        "error": "loss",
    }
    return program.facts(mask=None, outputs=outputs, types=None, positions=None, others=(), moved=None, **changes)


# -- labels, loss and outputs ----------------------------------------------------------------------------------------


@mutation("labels-missing", head=TRAINED)
def no_labels(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=None, weights=(), error="loss")


@mutation(
    "labels-out-of-range", head=("classes", "classes in a column", "probabilities", "own loss, classes", *A_TOKEN)
)
def a_class_without_an_output(program: Program, random: np.random.Generator) -> CallFacts:
    labels = program.labels.copy()
    labels.flat[random.integers(labels.size)] = random.choice([-1, program.outputs.shape[-1]])
    return program.facts(labels=labels, error="loss")


@mutation("loss-mismatch", head=("classes", "classes in a column", "own tags"))
def class_indices_for_one_hot(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(loss="categorical", error="loss")


@mutation("loss-mismatch", head=("one-hot",))
def one_hot_for_class_indices(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(loss="sparse", error="loss")


@mutation("labels-shape", head=("several labels", "scores", "one-hot"))
def labels_of_another_width(program: Program, random: np.random.Generator) -> CallFacts:
    rows, units = program.outputs.shape
    width = int(random.choice([each for each in range(2, 9) if each != units]))
    # Broadcast against one output, or refused.
    return program.facts(labels=np.full((rows, width), 0.5), error=None if units == 1 else "loss")


@mutation("labels-shape", head=("own loss, classes", "classes"))
def a_label_a_token(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=np.arange(program.ids.size).reshape(program.ids.shape) % 3, error="loss")


@mutation("logits-flag-mismatch", head=("classes", "classes in a column", "one-hot", "several labels", "own tags"))
def logits_for_probabilities(program: Program, random: np.random.Generator) -> CallFacts:
    outputs = program.outputs.copy()
    outputs[0].flat[0] = -1.5
    return program.facts(outputs=outputs, from_logits=False)


@mutation("outputs-not-finite", head=("classes", "scores", "own loss, classes", "tags", "none"))
def nan_comes_out(program: Program, random: np.random.Generator) -> CallFacts:
    outputs = program.outputs.copy()
    outputs[0].flat[random.integers(outputs[0].size)] = np.nan
    return program.facts(outputs=outputs)


@mutation("sequence-output-unpooled", head=("classes", "classes in a column", "yes or no", "one-hot"))
def one_prediction_a_token(program: Program, random: np.random.Generator) -> CallFacts:
    (rows, units), length, labels = program.outputs.shape, program.ids.shape[1], program.labels
    if labels.shape == (rows, length):  # could be one a token
        units, labels = length + 1, np.eye(length + 1)[random.integers(0, length, rows)]
    outputs = random.normal(size=(rows, length, units)).astype("float32")
    return program.facts(outputs=outputs, labels=labels, type="Functional", error=None if units == 1 else "loss")


@mutation("regression-head-for-classes", head=("own loss, scores",), rows=2)
def classes_for_one_output(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=np.arange(len(program.labels)) % 2)


# -- the properties --------------------------------------------------------------------------------------------------

_quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
often = settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=_quiet)
each_one = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=_quiet)


def loud(facts: CallFacts) -> list[str]:
    """The slugs of errors and warnings, cause first."""
    found = [finding for rule in RULES.values() if (finding := rule.check(facts)) is not None]
    return [finding.rule for finding in in_order(found) if finding.severity != "advice"]


@often
@given(programs())
def test_a_correct_program_gets_no_error_and_no_warning(program: Program) -> None:
    assert loud(program.facts()) == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_named_first_by_its_own_rule(name: str) -> None:
    one = MUTATIONS[name]

    @each_one
    @given(programs(**one.needs), st.integers(0, 2**32 - 1))
    def named_first(program: Program, seed: int) -> None:
        assert loud(one.change(program, np.random.default_rng(seed)))[:1] == [one.slug]

    named_first()


def test_every_rule_has_its_mutation_or_a_reason() -> None:
    mutated = {one.slug for one in MUTATIONS.values()}
    assert mutated | set(NOT_MUTATED) == set(RULES)
    assert not mutated & set(NOT_MUTATED)
    assert all(len(reason.split()) > 3 for reason in NOT_MUTATED.values())


def test_the_facts_of_a_program_are_those_of_its_kind() -> None:
    """What is drawn covers what it is there for."""
    seen: set[str] = set()

    @settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=_quiet)
    @given(programs())
    def collect(program: Program) -> None:
        mask, text = program.mask, program.facts()
        seen.add(program.head)
        seen.update(key for key, value in FAMILIES.items() if value is program.family)
        if mask is None:
            seen.add("no mask")
        else:
            seen.add(f"mask of {mask.dtype}")
        if program.positions is not None:
            seen.add("left padding with position ids")
        if len(program.ids) == 1:
            seen.add("one row")
        if program.ids.ndim == 2 and len(program.texts) < len(program.ids):
            seen.add("rows of padding only")
        if text.encoder_calls[0].given["input_ids"].rows is not None:
            seen.add("a few rows run")

    collect()
    assert seen >= {*HEADS, *FAMILIES, "no mask", "mask of bool", "mask of float32", "mask of int64", "one row"}
    assert seen >= {"left padding with position ids", "rows of padding only", "a few rows run"}
