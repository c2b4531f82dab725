"""The rules on the mask's values and shape, on token types and on the inputs' order: what they name and leave alone."""

from __future__ import annotations

import ast
import dataclasses

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, SEP, TOKENIZER, batch, call, check, model, slugs, tensor

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tokenizer import TokenizerFacts

FULL = batch([6, 6, 6])
LARGER = dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=120)


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


# -- inputs-swapped ----------------------------------------------------------------------------------------------------

PAIRS = MASK * (np.arange(6) > 1)
SINGLES = np.zeros_like(IDS)


@pytest.mark.parametrize("types", [SINGLES, PAIRS])
@pytest.mark.parametrize("error", [None, "forward"])
def test_the_mask_and_the_token_types_swapped(types: np.ndarray, error: str | None) -> None:
    facts = call(IDS, types, types=MASK, error=error)
    finding = check("inputs-swapped", facts)
    assert finding is not None
    assert finding.evidence["given"] == {"attention_mask": "token_type_ids", "token_type_ids": "attention_mask"}
    assert slugs(facts) == ["inputs-swapped"]


def test_swapped_without_padding() -> None:
    assert slugs(call(FULL, np.zeros_like(FULL), types=np.ones_like(FULL))) == ["inputs-swapped"]


def test_the_outer_model_swaps_them() -> None:
    received = {"input_ids": IDS, "attention_mask": SINGLES, "token_type_ids": MASK}
    assert slugs(call(IDS, MASK, types=SINGLES, received=received)) == ["inputs-swapped"]


@pytest.mark.parametrize("types", [None, SINGLES])
def test_the_ids_in_the_masks_place(types: np.ndarray | None) -> None:
    assert slugs(call(MASK, IDS, types=types)) == ["inputs-swapped"]


def test_the_ids_in_the_place_of_the_token_types() -> None:
    assert slugs(call(MASK, SINGLES, types=IDS, error="forward")) == ["inputs-swapped"]


IN_ORDER = {
    "in order": call(IDS, MASK, types=SINGLES),
    "in order, pairs": call(IDS, MASK, types=PAIRS),
    "in order, no token types": call(IDS, MASK),
    "in order, no mask": call(FULL, types=np.zeros_like(FULL)),
    "token types like the mask": call(IDS, MASK, types=MASK),
    "token types of ones": call(IDS, MASK, types=np.ones_like(IDS)),
    "no padding, token types of ones": call(FULL, np.ones_like(FULL), types=np.ones_like(FULL)),
    "the first token masked, token types of ones": call(IDS, PAIRS, types=np.ones_like(IDS)),
    "the first token masked": call(IDS, PAIRS, types=SINGLES),
    "ids for a mask too (another rule's matter)": call(IDS, IDS, types=SINGLES),
    "a mask of zeros (another rule's matter)": call(IDS, SINGLES, types=SINGLES),
    "swapped outside, put right inside": call(
        IDS, SINGLES, types=MASK, received={"input_ids": IDS, "attention_mask": MASK, "token_type_ids": SINGLES}
    ),
    "no padding token is known": call(IDS, SINGLES, types=MASK, encoder=dataclasses.replace(BERT, pad_id=None)),
    "the encoder was not seen": call(IDS, SINGLES, types=MASK, seen=False),
    "multiple choice": call(IDS[None], SINGLES[None], types=MASK[None], of=model(choices=True)),
    "empty": call(np.zeros((0, 6), "int32"), np.zeros((0, 6), "int32"), types=np.zeros((0, 6), "int32")),
}


@pytest.mark.parametrize("facts", IN_ORDER.values(), ids=IN_ORDER)
def test_the_order_is_no_fault(facts: CallFacts) -> None:
    assert check("inputs-swapped", facts) is None


# -- token-type-ids-invalid --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("types", [PAIRS * 2, PAIRS - 1, np.full_like(IDS, 7)])
@pytest.mark.parametrize("error", [None, "forward"])
def test_token_types_beyond_the_table(types: np.ndarray, error: str | None) -> None:
    facts = call(IDS, MASK, types=types, error=error)
    assert check("token-type-ids-invalid", facts) is not None
    assert slugs(facts) == ["token-type-ids-invalid"]


def test_a_second_segment_where_there_is_one_type() -> None:
    encoder = dataclasses.replace(BERT, types=1)
    finding = check("token-type-ids-invalid", call(IDS, MASK, types=PAIRS, encoder=encoder, error="forward"))
    assert finding is not None
    assert finding.evidence["values"] == [1]
    assert finding.evidence["rows"] == [0, 1, 2]
    assert finding.evidence["places"][0] == [0, 2]


GOOD_TYPES = {
    "one text": call(IDS, MASK, types=SINGLES),
    "two texts": call(IDS, MASK, types=PAIRS),
    "as floats": call(IDS, MASK, types=PAIRS.astype("float32")),
    "as booleans": call(IDS, MASK, types=PAIRS.astype(bool)),
    "zeros where there is one type": call(IDS, MASK, types=SINGLES, encoder=dataclasses.replace(BERT, types=1)),
    "no table of types": call(IDS, MASK, types=PAIRS * 3, encoder=dataclasses.replace(BERT, types=None)),
    "a table of no rows": call(IDS, MASK, types=PAIRS, encoder=dataclasses.replace(BERT, types=0)),
    "fed, and not passed on": call(IDS, MASK, types=PAIRS * 3, received={"input_ids": IDS, "attention_mask": MASK}),
    "the encoder was not seen": call(IDS, MASK, types=PAIRS * 3, seen=False),
    "three types": call(IDS, MASK, types=PAIRS * 2, encoder=dataclasses.replace(BERT, types=3)),
    "none": call(IDS, MASK),
    "empty": call(np.zeros((0, 6), "int32"), types=np.zeros((0, 6), "int32")),
}


@pytest.mark.parametrize("facts", GOOD_TYPES.values(), ids=GOOD_TYPES)
def test_the_token_types_are_no_fault(facts: CallFacts) -> None:
    assert check("token-type-ids-invalid", facts) is None
