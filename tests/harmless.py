"""Changes of a correct program that leave it right: `@harmless(…)` as `@mutation`, and no rule may warn after them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from facts_builder import computed, having, tensor
from mutating import Change
from programs import A_TOKEN, FAMILIES, WIDEST, Program

from bertmagic.facts.call import CallFacts, ProbeFacts

HARMLESS: dict[str, tuple[Change, dict[str, Any]]] = {}


def harmless(**needs: Any) -> Callable[[Change], Change]:
    """Register a change; `needs` as `programs` takes them."""

    def add(change: Change) -> Change:
        HARMLESS[change.__name__] = change, needs
        return change

    return add


@harmless()
def evaluated(program: Program, random: np.random.Generator) -> CallFacts:
    kind = random.choice(["evaluate", "train_on_batch", "fit"]) if program.loss else "predict"
    return program.facts(kind=kind, container=random.choice(["generator", "Sequence", "arrays"]))


@harmless()
def ids_as_floats(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(ids=program.ids.astype(random.choice(["float32", "float64"])))


@harmless()
def only_read(program: Program, random: np.random.Generator) -> CallFacts:
    """The call could not be run: what the encoder gets is guessed, and no output is known."""
    facts = program.facts(seen=False, sees=None, moved=None)
    return having(facts, outputs=(), loss=None)


@harmless(mask=True, filler=False, head=("classes", "scores", "none", "own loss, classes"))
def a_mask_for_each_token(program: Program, random: np.random.Generator) -> CallFacts:
    """(batch, seq, seq), as encoders take it too."""
    held = ~program.padding
    return program.facts(mask=(held[:, None] & held[:, :, None]).astype("int32"), moved=None)


@harmless(mask=True, padded=False, filler=False)
def a_mask_of_one_row_for_all(program: Program, random: np.random.Generator) -> CallFacts:
    if program.head == "choices":
        return program.facts()
    return program.facts(mask=np.ones((1, program.ids.shape[1]), "int32"), moved=None)


@harmless(mask=True, padded=True, filler=False, head=("classes", "scores", "yes or no"), rows=2)
def rows_that_do_not_count(program: Program, random: np.random.Generator) -> CallFacts:
    """A row of weight 0 may have a mask of 0."""
    mask, weights = program.mask.copy(), np.ones(len(program.ids), "float32")
    mask[-1], weights[-1] = 0, 0
    return program.facts(mask=mask, weights=(tensor("sample_weight", weights),), moved=None)


@harmless(padded=True)
def no_mask_where_the_model_reads_no_padding(program: Program, random: np.random.Generator) -> CallFacts:
    """Some encoders make the mask themselves: other tokens at the padding change nothing."""
    probe = ProbeFacts("padding content", (0,), 0.0, 1.0, 1e-6)
    return having(program.facts(mask=None, moved=None), probes={probe.name: probe})


@harmless(head=("one-hot",))
def soft_labels(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=program.labels * 0.9 + 0.1 / program.labels.shape[-1])


@harmless(head=("yes or no", "several labels"))
def shares_of_a_sigmoid(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(outputs=1 / (1 + np.exp(-program.outputs)), from_logits=False)


@harmless(head=("one-hot",))
def shares_of_a_softmax_for_one_hot(program: Program, random: np.random.Generator) -> CallFacts:
    shares = np.exp(program.outputs) / np.exp(program.outputs).sum(axis=-1, keepdims=True)
    return program.facts(outputs=shares, from_logits=False)


@harmless(head=("own loss, scores",))
def ratings_for_a_regression(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=random.integers(1, 6, len(program.labels)))


@harmless(head=("scores",))
def several_scores(program: Program, random: np.random.Generator) -> CallFacts:
    shape = (len(program.ids), int(random.integers(2, 9)))
    return program.facts(labels=random.normal(size=shape), outputs=random.normal(size=shape).astype("float32"))


@harmless(head=("classes", "own tags"))
def a_class_that_the_loss_leaves_out(program: Program, random: np.random.Generator) -> CallFacts:
    labels = program.labels.copy()
    labels.flat[0] = -1
    return computed(program.facts(labels=labels), 0.7, ignored=-1, from_logits=True)


@harmless(head=("classes", "own loss, classes", "yes or no"))
def one_class_only(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=np.full_like(program.labels, random.integers(2)))


@harmless(tokenizer=True)
def a_tokenizer_with_fewer_tokens_than_rows(program: Program, random: np.random.Generator) -> CallFacts:
    """Embeddings are rounded up."""
    encoder = dataclasses.replace(program.family.encoder, vocab_rows=128)
    return program.facts(family=dataclasses.replace(program.family, encoder=encoder))


@harmless(family=("roberta",), left=False, head=("classes", "none", "scores"))
def padding_beyond_the_positions(program: Program, random: np.random.Generator) -> CallFacts:
    """RoBERTa's padding takes no position."""
    more = ((0, 0), (0, WIDEST + 4 - program.ids.shape[1]))
    ids = np.pad(program.ids, more, constant_values=program.family.pad)
    mask = np.pad((~program.padding).astype("int32"), more)
    return program.facts(ids=ids, mask=mask, types=None, moved=None)


@harmless(types=True, family=("bert", "relative"), head=("classes", "scores", "none"))
def the_second_segment_first(program: Program, random: np.random.Generator) -> CallFacts:
    """Token types of the user's own order."""
    return program.facts(types=1 - program.types)


@harmless(family=("bert", "distilbert", "relative"), head=A_TOKEN, tokenizer=True, padded=False)
def running_text(program: Program, random: np.random.Generator) -> CallFacts:
    """Blocks that were cut out of running text need no special tokens."""
    special = np.isin(program.ids, program.tokenizer.frame)
    return program.facts(ids=np.where(special, 50, program.ids))


@harmless(tokenizer=True, padded=False, family=("bert", "distilbert", "relative"))
def an_empty_second_text(program: Program, random: np.random.Generator) -> CallFacts:
    """[CLS] … [SEP] [SEP]."""
    ids = program.ids.copy()
    ids[..., -2] = FAMILIES["bert"].tokenizer.sep_id
    return program.facts(ids=ids)
