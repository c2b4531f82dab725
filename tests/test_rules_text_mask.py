"""Each rule of the families text and mask on what it must name, and on the unusual but correct calls beside it."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, ROBERTA, SEP, TOKENIZER, VOCABULARY, batch, call, check, slugs

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tokenizer import TokenizerFacts

FULL = batch([6, 6, 6])
LARGER = dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=120)


def at(ids: np.ndarray, row: int, place: int, value: int) -> np.ndarray:
    changed = ids.copy()
    changed[row, place] = value
    return changed


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
