"""Each rule of the families text and mask on what it must name, and on the unusual but correct calls beside it."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, ROBERTA, SEP, TOKENIZER, VOCABULARY, at, batch, call, check, model, slugs

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tokenizer import TokenizerFacts

FULL = batch([6, 6, 6])
IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
LARGER = dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=120)


# -- tokenizer-model-mismatch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [120, VOCABULARY, None])
def test_another_vocabulary(base: int | None) -> None:
    tokenizer = dataclasses.replace(LARGER, base_rows=base)
    facts = call(at(FULL, 1, 2, 110), tokenizer=tokenizer, error="forward")
    finding = check("tokenizer-model-mismatch", facts)
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["ids"] == [110]
    assert finding.evidence["places"] == [[1, 2]]
    assert slugs(facts) == ["tokenizer-model-mismatch"]
    assert finding.fix is not None
    assert ("resize" in finding.fix.snippet) == (base == VOCABULARY)


SAME_VOCABULARY = {
    "the tokenizer is not known": call(at(FULL, 1, 2, 110), error="forward"),
    "as many tokens as rows": call(FULL, tokenizer=TOKENIZER),
    "embeddings rounded up": call(FULL, tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=90)),
    "more tokens, none of them used": call(FULL, tokenizer=LARGER),
    "the last row": call(at(FULL, 0, 2, VOCABULARY - 1), tokenizer=LARGER),
    "ids that are not the tokenizer's": call(at(FULL, 1, 2, 300), tokenizer=LARGER, error="forward"),
    "negative ids beside them": call(at(at(FULL, 1, 2, 110), 0, 1, -1), tokenizer=LARGER, error="forward"),
    "rows not known": call(at(FULL, 1, 2, 110), tokenizer=LARGER, encoder=dataclasses.replace(BERT, vocab_rows=None)),
    "the encoder was not seen, and the pass went through": call(at(FULL, 1, 2, 110), tokenizer=LARGER, seen=False),
    "the model maps ids before its encoder": call(at(FULL, 1, 2, 110), tokenizer=LARGER, received={"input_ids": FULL}),
    "embeddings": call(embeds=np.full((2, 4, 8), 110.0, "float32"), tokenizer=LARGER),
    "an empty batch": call(np.zeros((0, 4), "int32"), tokenizer=LARGER),
}


@pytest.mark.parametrize("facts", SAME_VOCABULARY.values(), ids=SAME_VOCABULARY)
def test_the_tokenizer_is_no_fault(facts: CallFacts) -> None:
    assert check("tokenizer-model-mismatch", facts) is None


# -- padding-token-wrong ---------------------------------------------------------------------------------------------

ROBERTA_TOKENIZER = dataclasses.replace(TOKENIZER, pad_id=1, cls_id=0, sep_id=2, eos_id=2, mask_id=4)
# RoBERTa: <s> 0, <pad> 1, </s> 2.
ZEROS = np.array([[0, 7, 8, 9, 6, 2], [0, 7, 8, 2, 0, 0], [0, 7, 2, 0, 0, 0]], "int32")
ONES = np.ones_like(ZEROS)
LENGTHS = np.array([[1] * 6, [1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0]], "int32")


@pytest.mark.parametrize("mask", [None, ONES, ONES.astype(bool), (ZEROS != 1).astype("float32")])
def test_padded_with_zero_for_roberta(mask: np.ndarray | None) -> None:
    facts = call(ZEROS, mask, encoder=ROBERTA, tokenizer=ROBERTA_TOKENIZER)
    finding = check("padding-token-wrong", facts)
    assert finding is not None
    assert finding.evidence["rows"] == [1, 2]
    assert finding.evidence["first padding position"] == {1: 4, 2: 3}
    assert (finding.evidence["padded with"], finding.evidence["padding token"]) == (0, 1)
    assert slugs(facts) == ["padding-token-wrong"]


@pytest.mark.parametrize("filling", [-1, -100])
@pytest.mark.parametrize("tokenizer", [None, TOKENIZER])
def test_padded_with_a_negative_id(filling: int, tokenizer: TokenizerFacts | None) -> None:
    ids = np.where(batch([6, 4, 3]) == PAD, filling, batch([6, 4, 3]))
    facts = call(ids, (ids > 0).astype("int32"), tokenizer=tokenizer, error="forward")
    finding = check("padding-token-wrong", facts)
    assert finding is not None
    assert finding.evidence["padded with"] == filling
    assert slugs(facts) == ["padding-token-wrong"]


def test_the_fix_of_the_padding_is_right() -> None:
    finding = check("padding-token-wrong", call(ZEROS, encoder=ROBERTA, tokenizer=ROBERTA_TOKENIZER))
    assert finding is not None
    assert finding.fix is not None
    names = {"np": np, "input_ids": ZEROS, "tokenizer": SimpleNamespace(pad_token_id=1)}
    exec(finding.fix.snippet, names)
    np.testing.assert_array_equal(names["input_ids"], np.where(LENGTHS == 1, ZEROS, 1))


def roberta(ids: object, mask: object = None, **settings: Any) -> CallFacts:
    return call(ids, mask, **{"encoder": ROBERTA, "tokenizer": ROBERTA_TOKENIZER, **settings})


RIGHT_PADDING = {
    "the padding token": roberta(np.where(LENGTHS == 1, ZEROS, 1)),
    "the mask covers it, however it is filled": roberta(ZEROS, LENGTHS),
    "the tokenizer is not known": roberta(ZEROS, tokenizer=None),
    "a tokenizer without a padding token": roberta(
        ZEROS, tokenizer=dataclasses.replace(ROBERTA_TOKENIZER, pad_id=None)
    ),
    "the model's own padding token": roberta(ZEROS, encoder=dataclasses.replace(ROBERTA, pad_id=0)),
    "mask tokens to be filled in at the end": roberta([[0, 7, 2, 4, 4, 4], [0, 7, 8, 2, 4, 4]]),
    "no end token before the run": roberta([[0, 7, 8, 9, 9, 9], [0, 7, 2, 9, 9, 9]]),
    "a word repeated, that stands elsewhere too": roberta([[0, 9, 2, 9, 9, 9], [0, 7, 2, 9, 9, 9]]),
    "two fillings": roberta([[0, 7, 2, 9, 9, 9], [0, 7, 2, 8, 8, 8]]),
    "one token after the end": roberta([[0, 7, 8, 2, 5], [0, 7, 9, 2, 5]]),
    "the first token last, as XLNet has it": call(
        [[0, 7, 8, 3, 9], [0, 0, 8, 3, 9]], tokenizer=dataclasses.replace(TOKENIZER, cls_id=9)
    ),
    "an empty second text": roberta([[0, 7, 8, 2, 2, 2], [0, 7, 8, 9, 2, 2]]),
    "no end tokens at all": roberta([[0, 7, 8, 5, 5, 5], [0, 7, 5, 5, 5, 5]]),
    "rows of one id throughout": roberta([[0, 0, 0], [0, 7, 2]]),
    "an encoder that takes no mask": roberta(
        ZEROS, encoder=dataclasses.replace(ROBERTA, takes=frozenset({"input_ids"}))
    ),
    "a mask of three axes": roberta(ZEROS, np.ones((3, 6, 6), "int32")),
    "multiple choice": roberta(ZEROS[None]),
    "an empty batch": roberta(np.zeros((0, 6), "int32")),
    "embeddings": call(embeds=np.zeros((3, 6, 8), "float32"), tokenizer=TOKENIZER),
    "a negative id between tokens": call(at(FULL, 1, 2, -1), error="forward"),
    "one negative id at the end": call(at(FULL, 1, 5, -1), error="forward"),
    "several negative ids": call([[CLS, 5, SEP, -1, -2], [CLS, 5, 6, SEP, -1]], error="forward"),
    "rows of negative ids only": call(np.full((2, 4), -1), error="forward"),
    "the model maps -1 before its encoder": call(
        [[CLS, 5, SEP, -1, -1], [CLS, 5, 6, 7, SEP]], received={"input_ids": batch([3, 5])}
    ),
}


@pytest.mark.parametrize("facts", RIGHT_PADDING.values(), ids=RIGHT_PADDING)
def test_the_padding_is_no_fault(facts: CallFacts) -> None:
    assert check("padding-token-wrong", facts) is None


# -- padding-side ------------------------------------------------------------------------------------------------------

LEFT = np.array([[CLS, 7, 8, 9, 6, SEP], [PAD, PAD, CLS, 7, 8, SEP], [PAD, PAD, PAD, CLS, 7, SEP]], "int32")
LEFT_MASK = (LEFT != PAD).astype("int32")
PRETRAINED = dataclasses.replace(BERT, pretrained="bert-base-uncased")


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_the_left(side: str) -> None:
    tokenizer = dataclasses.replace(TOKENIZER, padding_side=side)
    facts = call(LEFT, LEFT_MASK, tokenizer=tokenizer, encoder=PRETRAINED)
    finding = check("padding-side", facts)
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["rows"] == [1, 2]
    assert finding.evidence["first token's position"] == {1: 2, 2: 3}
    assert slugs(facts) == ["padding-side"]


RIGHT_SIDE = {
    "on the right": call(IDS, MASK, tokenizer=TOKENIZER, encoder=PRETRAINED),
    "on the right, the tokenizer set to left since": call(
        IDS, MASK, tokenizer=dataclasses.replace(TOKENIZER, padding_side="left"), encoder=PRETRAINED
    ),
    "explicit positions": call(
        LEFT,
        LEFT_MASK,
        positions=np.maximum(np.cumsum(LEFT_MASK, axis=1) - 1, 0),
        tokenizer=TOKENIZER,
        encoder=PRETRAINED,
    ),
    "relative positions": call(
        LEFT, LEFT_MASK, encoder=dataclasses.replace(PRETRAINED, positions=None), tokenizer=TOKENIZER
    ),
    "positions counted from the padding": call(
        np.where(LEFT == PAD, 1, LEFT),
        LEFT_MASK,
        encoder=dataclasses.replace(ROBERTA, pretrained="roberta-base"),
        tokenizer=dataclasses.replace(TOKENIZER, pad_id=1),
    ),
    "the tokenizer is not known": call(LEFT, LEFT_MASK, encoder=PRETRAINED),
    "one row, no padding": call(LEFT[:1], LEFT_MASK[:1], tokenizer=TOKENIZER, encoder=PRETRAINED),
    "rows of padding": call(
        np.zeros((2, 6), "int32"), np.zeros((2, 6), "int32"), tokenizer=TOKENIZER, encoder=PRETRAINED
    ),
    "a text that begins with that id": call(
        [[PAD, PAD, 7, 8], [CLS, 7, 8, SEP]], tokenizer=TOKENIZER, encoder=PRETRAINED
    ),
    "start tokens at the end, as XLNet has them": call(
        [[PAD, PAD, 7, SEP, CLS], [7, 8, 9, SEP, CLS]], tokenizer=TOKENIZER, encoder=PRETRAINED
    ),
    "the encoder was not seen": call(LEFT, LEFT_MASK, tokenizer=TOKENIZER, encoder=PRETRAINED, seen=False),
    "the outer model rolls the rows": call(
        LEFT, LEFT_MASK, tokenizer=TOKENIZER, encoder=PRETRAINED, received={"input_ids": IDS, "attention_mask": MASK}
    ),
    "the forward pass raised": call(LEFT, LEFT_MASK, tokenizer=TOKENIZER, encoder=PRETRAINED, error="forward"),
    "embeddings": call(embeds=np.zeros((3, 6, 8), "float32"), tokenizer=TOKENIZER, encoder=PRETRAINED),
}


@pytest.mark.parametrize("facts", RIGHT_SIDE.values(), ids=RIGHT_SIDE)
def test_the_side_is_no_fault(facts: CallFacts) -> None:
    assert check("padding-side", facts) is None


# -- special-tokens-doubled, special-tokens-missing --------------------------------------------------------------------

DOUBLED = np.array([[CLS, CLS, 7, 8, SEP, SEP], [CLS, CLS, 7, SEP, SEP, PAD]], "int32")
BARE = np.array([[7, 8, 9, 10, 11, 12], [7, 8, 9, 10, PAD, PAD]], "int32")
MADE = dataclasses.replace(TOKENIZER, frame=(CLS, SEP), made_rows=True)
PRETRAINED = dataclasses.replace(BERT, pretrained="bert-base-uncased")


def masked(ids: object, **settings: Any) -> CallFacts:
    array = np.asarray(ids, "int32")
    return call(array, (array != PAD).astype("int32"), **{"tokenizer": MADE, "encoder": PRETRAINED, **settings})


def test_special_tokens_twice() -> None:
    facts = masked(DOUBLED)
    finding = check("special-tokens-doubled", facts)
    assert finding is not None
    assert finding.evidence["rows"] == [0, 1]
    assert slugs(facts) == ["special-tokens-doubled"]
    cut = np.vstack([DOUBLED, [[CLS, CLS, 7, 8, 9, 10]]])
    assert check("special-tokens-doubled", masked(cut)) is not None


def test_no_special_tokens() -> None:
    facts = masked(BARE)
    finding = check("special-tokens-missing", facts)
    assert finding is not None
    assert finding.evidence["rows"] == [0, 1]
    assert slugs(facts) == ["special-tokens-missing"]
    head = masked(BARE, encoder=BERT, of=model(type="TFBertForSequenceClassification"))
    assert check("special-tokens-missing", head) is not None


SPECIAL_TOKENS_AS_THEY_ARE = {
    "once": masked(batch([6, 4, 3])),
    "twice in one row of many": masked(np.vstack([batch([6, 6, 6, 6]), DOUBLED[:1]])),
    "an empty second text": masked([[CLS, 7, 8, SEP, SEP], [CLS, 7, SEP, SEP, PAD]]),
    "start tokens twice, separators once": masked([[CLS, CLS, 7, 8, SEP], [CLS, CLS, 7, SEP, PAD]]),
    "several start tokens on purpose": masked([[CLS, CLS, CLS, 7, SEP, SEP], [CLS, CLS, CLS, SEP, SEP, PAD]]),
    "sentences each with their own": masked([[CLS, 7, SEP, CLS, 8, SEP], [CLS, 9, SEP, CLS, 7, SEP]]),
    "twice, the tokenizer not known": masked(DOUBLED, tokenizer=None),
    "no text between": masked([[CLS, CLS, SEP], [CLS, SEP, PAD]]),
    "none, another tokenizer's rows": masked(BARE, tokenizer=dataclasses.replace(MADE, made_rows=False)),
    "none, as the tokenizer has it": masked(BARE, tokenizer=dataclasses.replace(MADE, frame=())),
    "none, the start token comes last": masked(BARE, tokenizer=dataclasses.replace(MADE, frame=(SEP, CLS))),
    "none, a random encoder under a head of one's own": masked(BARE, encoder=BERT, of=model(inputs={})),
    "none, running text": masked(BARE, of=model(type="TFBertForMaskedLM")),
    "none, a label for each token": masked(BARE, labels=np.zeros((2, 6)), outputs=(2, 6, 3), loss="sparse"),
    "in some rows, as long texts are cut": masked([[CLS, 7, 8, 9], [10, 11, 12, SEP], [7, 8, 9, 10]]),
    "no start token is known": masked(BARE, tokenizer=dataclasses.replace(MADE, cls_id=None)),
    "one id begins and closes": masked(BARE, tokenizer=dataclasses.replace(MADE, cls_id=SEP)),
    "only padding": masked(np.zeros((2, 4))),
    "embeddings": call(embeds=np.zeros((3, 6, 8), "float32"), tokenizer=MADE),
    "the forward pass raised": masked(BARE, error="forward"),
    "the outer model adds them": masked(BARE, received={"input_ids": FULL, "attention_mask": np.ones_like(FULL)}),
}


@pytest.mark.parametrize("facts", SPECIAL_TOKENS_AS_THEY_ARE.values(), ids=SPECIAL_TOKENS_AS_THEY_ARE)
def test_the_special_tokens_are_no_fault(facts: CallFacts) -> None:
    assert check("special-tokens-doubled", facts) is None
    assert check("special-tokens-missing", facts) is None
