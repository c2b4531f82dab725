"""Each rule of the families text and mask on what it must name, and on the unusual but correct calls beside it."""

from __future__ import annotations

import ast
import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, ROBERTA, SEP, TOKENIZER, VOCABULARY, batch, call, check, model, slugs, tensor

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


# -- attention-mask-all-zero, -inverted, -values, -shape ---------------------------------------------------------------

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
WHOLE_ROW = np.ones((3, 1), "int32")
ALL = ["attention-mask-all-zero", "attention-mask-inverted", "attention-mask-values", "attention-mask-shape"]


@pytest.mark.parametrize("dtype", ["int32", "bool", "float32"])
@pytest.mark.parametrize("tokenizer", [None, TOKENIZER])
def test_zeros_on_a_row_of_tokens(dtype: str, tokenizer: TokenizerFacts | None) -> None:
    facts = call(IDS, (MASK * [[1], [0], [1]]).astype(dtype), tokenizer=tokenizer)
    finding = check("attention-mask-all-zero", facts)
    assert finding is not None
    assert finding.evidence["rows"] == [1]
    assert finding.evidence["tokens"] == {1: 4}
    assert slugs(facts) == ["attention-mask-all-zero"]
    assert slugs(call(IDS, np.zeros_like(IDS), tokenizer=tokenizer)) == ["attention-mask-all-zero"]


@pytest.mark.parametrize("dtype", ["int32", "bool", "float32"])
@pytest.mark.parametrize("ids", [IDS, IDS[:, ::-1]])
def test_the_reverse_of_the_mask(dtype: str, ids: np.ndarray) -> None:
    facts = call(ids, (ids == PAD).astype(dtype))
    finding = check("attention-mask-inverted", facts)
    assert finding is not None
    assert finding.evidence["rows"] == [1, 2]
    assert slugs(facts) == ["attention-mask-inverted"]


@pytest.mark.parametrize(
    "mask", [IDS, IDS.astype("float32"), np.cumsum(MASK, axis=1) * MASK, MASK * [1, 2, 3, 4, 5, 6]]
)
def test_ids_and_counts_in_the_masks_place(mask: np.ndarray) -> None:
    facts = call(IDS, mask)
    finding = check("attention-mask-values", facts)
    assert finding is not None
    assert finding.evidence["rows"] == [0, 1, 2]
    assert slugs(facts) == ["attention-mask-values"]


def test_an_additive_mask_that_fails() -> None:
    additive = ((1.0 - MASK) * -1e9).astype("float32")
    distil = dataclasses.replace(BERT, family="distilbert")
    assert check("attention-mask-values", call(IDS, additive, encoder=distil)) is not None
    endless = np.where(MASK == 1, 0, -np.inf).astype("float32")
    assert check("attention-mask-values", call(IDS, endless, outputs=np.full((3, 2), np.nan))) is not None
    assert check("attention-mask-values", call(IDS, endless)) is None


@pytest.mark.parametrize("mask", [WHOLE_ROW, np.ones((1, 6), "int32"), np.ones((1, 1), "int32"), MASK[:1]])
def test_a_mask_that_is_broadcast(mask: np.ndarray) -> None:
    facts = call(IDS, mask)
    finding = check("attention-mask-shape", facts)
    assert finding is not None
    assert finding.evidence["rows"] == [1, 2]
    assert slugs(facts) == ["attention-mask-shape"]


@pytest.mark.parametrize("shape", [(6, 3), (3, 1), (3, 6, 6), (3, 1, 1, 6)])
def test_a_mask_that_fails(shape: tuple[int, ...]) -> None:
    facts = call(IDS, np.ones(shape, "int32"), error="forward")
    assert check("attention-mask-shape", facts) is not None
    assert slugs(facts) == ["attention-mask-shape"]


def with_weights(facts: CallFacts, weights: list[float]) -> CallFacts:
    return dataclasses.replace(facts, weights=(tensor("weight", np.array(weights)),))


ONE_ZERO = MASK * [[1], [0], [1]]
UNFILLED = np.array([[CLS, 7, 8, SEP], [CLS, SEP, PAD, PAD], [PAD, PAD, PAD, PAD]], "int32")
RIGHT_MASKS = {
    "right": call(IDS, MASK),
    "right, as booleans": call(IDS, MASK.astype(bool)),
    "right, as floats": call(IDS, MASK.astype("float32")),
    "right, on the left": call(IDS[:, ::-1], MASK[:, ::-1]),
    "none": call(FULL),
    "ones, no padding": call(FULL, np.ones_like(FULL)),
    "zeros on rows of padding and of special tokens": call(
        UNFILLED, np.array([[1] * 4, [0] * 4, [0] * 4]), tokenizer=TOKENIZER
    ),
    "zeros on rows of weight 0": with_weights(call(IDS, ONE_ZERO), [1, 0, 1]),
    "zeros on rows whose labels do not count": call(
        IDS, ONE_ZERO, labels=np.array([1, -100, 0]), outputs=(3, 2), loss="internal"
    ),
    "zeros on copies that fill up the batch": call(IDS[[0, 1, 1]], np.vstack([MASK[:2], np.zeros((1, 6), "int32")])),
    "some tokens masked": call(IDS, np.where(np.arange(6) < 2, MASK, 0)),
    "the first text masked of a pair": call(IDS, np.where(np.arange(6) > 0, MASK, 0)),
    "rows without padding masked from the middle": call(FULL, np.where(np.arange(6) < 3, 1, 0) * np.ones_like(FULL)),
    "additive": call(IDS, ((1.0 - MASK) * -1e9).astype("float32")),
    "twos on tokens": call(IDS, MASK * 2),
    "fractions": call(IDS, (MASK * np.linspace(0.5, 1, 6)).astype("float32")),
    "counts where they are compared with 0": call(IDS, IDS, encoder=dataclasses.replace(BERT, family="xlnet")),
    "global attention": call(IDS, MASK + (np.arange(6) == 0), encoder=dataclasses.replace(BERT, family="longformer")),
    "(batch, 1), no padding": call(FULL, WHOLE_ROW),
    "(1, seq), no padding": call(FULL, np.ones((1, 6), "int32")),
    "(1, seq) that fits each row": call(batch([4, 4], 6), MASK[1:2]),
    "(batch, seq, seq) that goes through": call(IDS, np.ones((3, 6, 6), "int32")),
    "(batch, 1), padding not known": call(IDS, WHOLE_ROW, encoder=dataclasses.replace(BERT, pad_id=None)),
    "the probe: nobody reads the padding": call(IDS, np.ones((3, 1), "int32"), probe=0.0),
    "multiple choice": call(IDS[None], MASK[None], of=model(choices=True)),
    "one row": call(IDS[:1], MASK[:1]),
    "one token a row": call([[7], [8]], [[1], [1]]),
    "empty": call(np.zeros((0, 6), "int32"), np.zeros((0, 6), "int32")),
    "embeddings": call(None, MASK, embeds=np.zeros((3, 6, 8), "float32")),
    "the encoder was not seen": call(IDS, np.zeros_like(IDS), seen=False),
    "the outer model turns the mask round": call(
        IDS, (IDS == PAD), received={"input_ids": IDS, "attention_mask": MASK}
    ),
    "another fault, the mask is right": call(IDS, MASK, error="forward"),
}


@pytest.mark.parametrize("facts", RIGHT_MASKS.values(), ids=RIGHT_MASKS)
def test_the_mask_is_no_fault(facts: CallFacts) -> None:
    for slug in ALL:
        assert check(slug, facts) is None, slug


@pytest.mark.parametrize(
    "facts",
    [call(IDS, np.zeros_like(IDS)), call(IDS, IDS == PAD), call(IDS, IDS, kinds="tf.Tensor"), call(IDS, WHOLE_ROW)],
)
def test_the_mask_of_the_fix(facts: CallFacts) -> None:
    for slug in ALL:
        finding = check(slug, facts)
        if finding is not None:
            assert finding.fix is not None
            ast.parse(finding.fix.snippet)
            assert "!= 0" in finding.fix.snippet
