"""A mask that is not fed, is dropped or covers no padding: what is named, and what is unusual and right."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from facts_builder import (
    BERT,
    CLS,
    PAD,
    ROBERTA,
    SEP,
    TOKENIZER,
    batch,
    call,
    check,
    model,
    tensor,
)

from bertmagic.facts.call import CallFacts, UnpaddedFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FULL = batch([6, 6, 6])


# -- attention-mask-missing ------------------------------------------------------------------------------------------


def test_padding_without_a_mask() -> None:
    finding = check("attention-mask-missing", call(IDS))
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["rows"] == [1, 2]
    assert finding.evidence["padding tokens"] == {1: 2, 2: 3}
    assert finding.evidence["first padding position"] == {1: 4, 2: 3}


def test_rows_are_those_of_the_batch_where_only_some_were_seen() -> None:
    """A model that makes its ids inside: the encoder's arguments are known for the rows run only."""
    facts = call(IDS)
    seen = tensor("input_ids", IDS[[0, 2]], "input_ids", rows=(4, 9))
    encoder_call = dataclasses.replace(facts.encoder_calls[0], given={"input_ids": seen}, source={})
    finding = check("attention-mask-missing", dataclasses.replace(facts, encoder_calls=(encoder_call,)))
    assert finding is not None
    assert finding.evidence["rows"] == [9]


def test_a_mask_that_the_outer_model_drops() -> None:
    encoder = dataclasses.replace(BERT, path="bert")
    finding = check("attention-mask-missing", call(IDS, MASK, encoder=encoder, received={"input_ids": IDS}))
    assert finding is not None
    assert "does not pass it to `bert`" in finding.detail
    assert "is not fed" not in finding.title


def test_left_padding_without_a_mask() -> None:
    assert check("attention-mask-missing", call(IDS[:, ::-1])) is not None


FINE_WITHOUT_A_MASK = {
    "no padding": call(FULL),
    "one row": call(FULL[:1]),
    "one row, one token": call([[7]]),
    "an empty batch": call(np.zeros((0, 6), "int32")),
    "an empty sequence": call(np.zeros((3, 0), "int32")),
    "zeros between tokens": call([[CLS, 0, 5, 0, 0, SEP], [CLS, 5, 0, 0, 5, SEP]]),
    "rows of padding only fill up the batch": call(np.vstack([FULL, np.zeros((2, 6), "int32")])),
    "only rows of padding": call(np.zeros((4, 6), "int32")),
    "the padding token is the separator": call(
        [[CLS, 5, 6, SEP], [CLS, 7, 8, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP, made_rows=True)
    ),
    "the padding token is the end of the sequence": call(
        [[CLS, 5, 6, 9], [CLS, 7, 8, 9]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=9, eos_id=9, made_rows=True)
    ),
    "padding rows where the padding token is the separator": call(
        [[CLS, 5, SEP], [SEP, SEP, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP, made_rows=True)
    ),
    "RoBERTa: 0 is a token": call([[0, 5, 6, 2], [0, 5, 2, 0]], encoder=ROBERTA),
    "no padding token is known": call(IDS, encoder=dataclasses.replace(BERT, pad_id=None)),
    "an encoder that takes no mask": call(IDS, encoder=dataclasses.replace(BERT, takes=frozenset({"input_ids"}))),
    "the probe: nobody reads the padding": call(IDS, probe=0.0),
    "rows do not move: the encoder masks by itself": call(IDS, unpadded=UnpaddedFacts({1: 4e-7, 2: 0.0}, {}, None)),
    "embeddings in the place of ids": call(embeds=np.zeros((3, 6, 8), "float32")),
    "a mask (batch, 1)": call(IDS, np.ones((3, 1), "int32")),
    "a mask of three axes": call(IDS, MASK[:, None, :]),
    "multiple choice": call(IDS[None], of=model(choices=True)),
    "the encoder was not reached": call(IDS, seen=False, error="forward"),
    "the forward pass raised": call(IDS, error="forward"),
}


@pytest.mark.parametrize("facts", FINE_WITHOUT_A_MASK.values(), ids=FINE_WITHOUT_A_MASK)
def test_no_mask_is_no_fault(facts: CallFacts) -> None:
    assert check("attention-mask-missing", facts) is None


# -- attention-mask-over-padding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int32", "int64", "bool", "float32", "float16"])
def test_a_mask_of_ones(dtype: str) -> None:
    finding = check("attention-mask-over-padding", call(IDS, np.ones_like(IDS).astype(dtype)))
    assert finding is not None
    assert finding.evidence["rows"] == [1, 2]


def test_one_row_of_the_mask_is_wrong() -> None:
    mask = MASK.copy()
    mask[2] = 1
    finding = check("attention-mask-over-padding", call(IDS, mask))
    assert finding is not None
    assert finding.evidence["rows"] == [2]


def test_a_mask_that_the_model_makes_itself() -> None:
    """`tf.ones_like(ids)` inside `call`: the mask is known for the rows run only, the ids for all."""
    facts = call(IDS)
    made = tensor("attention_mask", np.ones((2, 6), "int32"), "attention_mask", rows=(0, 2))
    ids = tensor("input_ids", IDS[[0, 2]], "input_ids", rows=(0, 2))
    encoder_call = dataclasses.replace(
        facts.encoder_calls[0], given={"input_ids": ids, "attention_mask": made}, source={"input_ids": facts.inputs[0]}
    )
    finding = check("attention-mask-over-padding", dataclasses.replace(facts, encoder_calls=(encoder_call,)))
    assert finding is not None
    assert finding.evidence["rows"] == [2]
    assert finding.subject == "model"


def test_one_position_too_many_where_the_tokenizer_is_known() -> None:
    mask = MASK.copy()
    mask[1, 4] = 1
    assert check("attention-mask-over-padding", call(IDS, mask, tokenizer=TOKENIZER)) is not None


def own_end(encoder_pad: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts that end with the very token that pads them: the mask is 1 on the first of the run."""
    ids = np.array([[CLS, 5, 6, 9, 9, 9], [CLS, 5, 6, 7, 8, 9]], "int32")
    return ids, np.array([[1, 1, 1, 1, 0, 0], [1] * 6], "int32")


END_IDS, END_MASK = own_end(9)
RIGHT_MASKS = {
    "integers": call(IDS, MASK),
    "booleans": call(IDS, MASK.astype(bool)),
    "floats": call(IDS, MASK.astype("float32")),
    "left padding": call(IDS[:, ::-1], MASK[:, ::-1]),
    "zeros on tokens too": call(IDS, np.where(np.arange(6) < 2, MASK, 0)),
    "zeros throughout a row (another rule's matter)": call(IDS, MASK * [[1], [0], [1]]),
    "rows of padding only with a mask of ones": call(
        np.vstack([FULL, np.zeros((1, 6), "int32")]), np.ones((4, 6), "int32")
    ),
    "zeros between tokens": call([[CLS, 0, 5, SEP]], [[1, 1, 1, 1]]),
    "(batch, 1)": call(IDS, np.ones((3, 1), "int32")),
    "(1, seq)": call(IDS, np.ones((1, 6), "int32")),
    "three axes": call(IDS, np.ones((3, 6, 6), "int32")),
    "additive": call(IDS, (1.0 - MASK) * -1e9),
    "counts": call(IDS, MASK * 2),
    "the end token pads, tokenizer known": call(
        END_IDS, END_MASK, tokenizer=dataclasses.replace(TOKENIZER, pad_id=9, eos_id=9, made_rows=True)
    ),
    "the end token pads, tokenizer unknown": call(END_IDS, END_MASK, encoder=dataclasses.replace(BERT, pad_id=9)),
    "the probe: nobody reads the padding": call(IDS, np.ones_like(IDS), probe=0.0),
    "no padding": call(FULL, np.ones_like(FULL)),
    "empty": call(np.zeros((0, 6), "int32"), np.zeros((0, 6), "int32")),
    "float ids": call(IDS.astype("float32"), MASK),
    "multiple choice": call(IDS[None], np.ones_like(IDS)[None], of=model(choices=True)),
    "RoBERTa": call(np.where(IDS == 0, 1, IDS), MASK, encoder=ROBERTA),
}


@pytest.mark.parametrize("facts", RIGHT_MASKS.values(), ids=RIGHT_MASKS)
def test_the_mask_is_no_fault(facts: CallFacts) -> None:
    assert check("attention-mask-over-padding", facts) is None
    assert check("attention-mask-missing", facts) is None
