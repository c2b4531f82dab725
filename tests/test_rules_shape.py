"""Axes, lengths, ids beyond the vocabulary, inputs not fed: what is named, and what is unusual and right."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import (
    BERT,
    CLS,
    PAD,
    ROBERTA,
    SEP,
    TOKENIZER,
    VOCABULARY,
    batch,
    call,
    check,
    model,
    slugs,
    tensor,
)

from bertmagic.facts.call import CallFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FULL = batch([6, 6, 6])


# -- batch axis ------------------------------------------------------------------------------------------------------

TEXT = FULL[0]
WRONG_RANK = {
    "a direct call raises": (call(TEXT, error="forward", kind="call"), "batch-axis-missing"),
    "only the mask is without the axis": (call(FULL[:1], TEXT, error="forward"), "batch-axis-missing"),
    "Keras makes (seq, 1) of it": (call(TEXT, received={"input_ids": TEXT[:, None]}), "batch-axis-missing"),
    "an Input for a sequence": (
        call(TEXT, of=model(inputs={"input_ids": (None, 6)}), seen=False, error="forward"),
        "batch-axis-missing",
    ),
    "one text down the batch axis": (call(TEXT[:, None], tokenizer=TOKENIZER), "batch-axis-missing"),
    "one padded text down the batch axis": (call(IDS[1][:, None], tokenizer=TOKENIZER), "batch-axis-missing"),
    "stacked (batch, 1, seq)": (call(FULL[:, None], error="forward"), "batch-axis-extra"),
    "newaxis on a batch": (call(FULL[None], error="forward"), "batch-axis-extra"),
    "newaxis on one text": (call(FULL[:1][None], error="forward"), "batch-axis-extra"),
    "a mask of three axes": (call(FULL, np.ones((3, 1, 6), "int32"), error="forward"), "batch-axis-extra"),
    "an Input of two axes, the encoder not reached": (
        call(FULL[:, None], of=model(inputs={"input_ids": (None, 6)}), seen=False, error="forward"),
        "batch-axis-extra",
    ),
}


@pytest.mark.parametrize(("facts", "slug"), WRONG_RANK.values(), ids=WRONG_RANK)
def test_a_wrong_number_of_axes(facts: CallFacts, slug: str) -> None:
    assert slugs(facts) == [slug]


def test_which_axis_is_extra() -> None:
    for ids, axis in ((FULL[:, None], 1), (FULL[None], 0)):
        finding = check("batch-axis-extra", call(ids, error="forward"))
        assert finding is not None
        assert finding.evidence["axis"] == axis


FEATURE = np.arange(1990, 1996, dtype="int32")
RIGHT_RANK = {
    "one text": call(FULL[:1]),
    "one token": call([[7]]),
    "a row of one token each": call([[7], [8], [9]]),
    "rows of one token, two of them special": call([[CLS], [8], [SEP], [CLS], [SEP]], tokenizer=TOKENIZER),
    "rows of one token, tokenizer unknown": call([[CLS], [8], [SEP]]),
    "a single value": call([7], error="forward"),
    "a feature (batch,) for an Input of (batch, 1)": call(
        IDS,
        MASK,
        of=model(inputs={"input_ids": (None, None), "attention_mask": (None, None), "year_ids": (None, 1)}),
        others=[tensor("year_ids", FEATURE[:3], "input_ids")],
    ),
    "a feature (batch,) beside the text in a model of one's own": call(
        IDS, MASK, of=model(inputs={}), others=[tensor("years", FEATURE[:3], "input_ids")]
    ),
    "such a feature where the model raises for another reason": call(
        FULL, of=model(inputs={}), others=[tensor("years", FEATURE[:3], "input_ids")], error="forward"
    ),
    "a model that adds the batch axis itself": call(TEXT, of=model(inputs={}), received={"input_ids": TEXT[None]}),
    "a model that folds (batch, sentences, seq), one sentence": call(
        FULL[:, None], of=model(inputs={}), received={"input_ids": FULL}
    ),
    "a document of one sentence that raises elsewhere": call(
        FULL[:, None], of=model(inputs={}), received={"input_ids": FULL}, error="forward"
    ),
    "an Input of three axes": call(
        FULL[:, None], of=model(inputs={"input_ids": (None, 1, 6)}), received={"input_ids": FULL}
    ),
    "(1, seq, 1), which Keras squeezes": call(
        FULL[:1, :, None], of=model(inputs={"input_ids": (None, 6)}), received={"input_ids": FULL[:1]}
    ),
    "multiple choice": call(IDS[None], MASK[None], of=model(choices=True)),
    "multiple choice, one choice": call(IDS[:, None], MASK[:, None], of=model(choices=True)),
    "embeddings": call(embeds=np.zeros((3, 1, 8), "float32")),
    "a mask of three axes that runs": call(FULL, np.ones((3, 1, 6), "int32")),
    "empty": call(np.zeros((0, 6), "int32")),
}


@pytest.mark.parametrize("facts", RIGHT_RANK.values(), ids=RIGHT_RANK)
def test_the_axes_are_no_fault(facts: CallFacts) -> None:
    assert check("batch-axis-missing", facts) is None
    assert check("batch-axis-extra", facts) is None


# -- sequence-too-long -----------------------------------------------------------------------------------------------


def roberta_ids(tokens: int, width: int) -> np.ndarray:
    return batch([tokens, 5], width, pad=1)


TOO_LONG = {
    "ids": (call(batch([17, 4]), error="forward"), 17, []),
    "ids, silent on a GPU": (call(batch([17, 4])), 17, []),
    "padding takes positions in BERT": (call(batch([9, 4], 17), error="forward"), 17, []),
    "embeddings": (call(embeds=np.zeros((2, 17, 8), "float32"), error="forward"), 17, []),
    "RoBERTa": (call(roberta_ids(17, 18), encoder=ROBERTA, error="forward"), 17, [0]),
    "RoBERTa, embeddings": (call(embeds=np.zeros((2, 17, 8), "float32"), encoder=ROBERTA, error="forward"), 17, []),
    "multiple choice": (call(batch([17])[None], of=model(choices=True), error="forward"), 17, []),
    "floats": (call(batch([17]).astype("float32")), 17, []),
}


@pytest.mark.parametrize(("facts", "length", "rows"), TOO_LONG.values(), ids=TOO_LONG)
def test_too_long(facts: CallFacts, length: int, rows: list[int]) -> None:
    finding = check("sequence-too-long", facts)
    assert finding is not None
    assert (finding.evidence["length"], finding.evidence["most"], finding.evidence["rows"]) == (length, 16, rows)


LONG = batch([17, 4])
NOT_TOO_LONG = {
    "as many as there are": call(batch([16, 4])),
    "RoBERTa filled up with padding": call(roberta_ids(16, 18), encoder=ROBERTA),
    "RoBERTa filled up beyond its table": call(roberta_ids(16, 40), encoder=ROBERTA),
    "relative positions": call(LONG, encoder=dataclasses.replace(BERT, positions=None)),
    "the user's own positions": call(LONG, positions=np.arange(17)[None] % 16),
    "multiple choice, many choices": call(np.repeat(FULL[:1], 20, 0)[None], of=model(choices=True)),
    "embeddings of a long hidden axis": call(embeds=np.zeros((2, 16, 768), "float32")),
    "empty": call(np.zeros((2, 0), "int32")),
    "empty, RoBERTa": call(np.zeros((0, 16), "int32"), encoder=ROBERTA),
    "one text without its batch axis": call(batch([17])[0], error="forward"),
    "the encoder gets it cut": call(LONG, of=model(inputs={}), received={"input_ids": LONG[:, :16]}),
    "the encoder was not reached, and the pass went through": call(LONG, seen=False),
}


@pytest.mark.parametrize("facts", NOT_TOO_LONG.values(), ids=NOT_TOO_LONG)
def test_the_length_is_no_fault(facts: CallFacts) -> None:
    assert check("sequence-too-long", facts) is None


def test_no_length_is_claimed_of_ids_that_were_not_read() -> None:
    ids = dataclasses.replace(tensor("input_ids", roberta_ids(4, 18), "input_ids"), values=None)
    facts = call(roberta_ids(4, 18), encoder=ROBERTA)
    encoder_call = dataclasses.replace(facts.encoder_calls[0], given={"input_ids": ids}, source={"input_ids": ids})
    facts = dataclasses.replace(facts, inputs=(ids,), encoder_calls=(encoder_call,))
    assert slugs(facts) == []


# -- ids-out-of-vocabulary -------------------------------------------------------------------------------------------


def with_ids(*values: Any, dtype: str = "int32") -> np.ndarray:
    ids = FULL.astype(dtype)
    for row, value in enumerate(values):
        ids[row, 2] = value
    return ids


BAD_IDS = {
    "one beyond the last": (call(with_ids(VOCABULARY)), [VOCABULARY], [0]),
    "negative": (call(with_ids(5, -1)), [-1], [1]),
    "-100, as for labels": (call(with_ids(-100, -100)), [-100], [0, 1]),
    "both sides": (call(with_ids(-1, VOCABULARY)), [-1, VOCABULARY], [0, 1]),
    "floats": (call(with_ids(300, dtype="float32")), [300], [0]),
    "beside infinity": (call(with_ids(np.inf, 300, np.nan, dtype="float32")), [300], [1]),
    "multiple choice": (call(with_ids(300)[None], of=model(choices=True)), [300], [0]),
    "the tokenizer knows fewer": (
        call(with_ids(300), tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=90)),
        [300],
        [0],
    ),
    "negative, whatever the tokenizer": (
        call(with_ids(-1), tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=400)),
        [-1],
        [0],
    ),
    "the pass raised before the encoder": (call(with_ids(300), seen=False, error="forward"), [300], [0]),
}


@pytest.mark.parametrize(("facts", "ids", "rows"), BAD_IDS.values(), ids=BAD_IDS)
def test_ids_without_an_embedding(facts: CallFacts, ids: list[int], rows: list[int]) -> None:
    finding = check("ids-out-of-vocabulary", facts)
    assert finding is not None
    assert (finding.evidence["ids"], finding.evidence["rows"]) == (ids, rows)


GOOD_IDS = {
    "the first and the last": call(with_ids(0, VOCABULARY - 1)),
    "unsigned": call(FULL.astype("uint8")),
    "whole floats": call(FULL.astype("float32")),
    "not numbers at all": call(with_ids(np.nan, np.inf, -np.inf, dtype="float32")),
    "empty": call(np.zeros((0, 6), "int32")),
    "an embedding with more rows than the tokenizer has tokens": call(
        with_ids(VOCABULARY - 1), tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=90)
    ),
    "the tokenizer's own tokens (another rule's matter)": call(
        with_ids(104), tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=105)
    ),
    "embeddings": call(embeds=np.full((2, 4, 8), 1e6, "float32")),
    "rows of the embedding unknown": call(with_ids(300), encoder=dataclasses.replace(BERT, vocab_rows=None)),
    "labels of -100": call(FULL, labels=np.full((3, 6), -100), outputs={"logits": (3, 6, 4)}, loss="internal"),
    "the model maps ids before its encoder": call(
        with_ids(300), of=model(inputs={}), received={"input_ids": with_ids(9)}
    ),
    "a feature of large numbers, the encoder not reached": call(
        FULL, others=[tensor("user_ids", with_ids(900), "input_ids")], seen=False, error="forward"
    ),
    "no encoder was reached, and the pass went through": call(with_ids(300), seen=False),
}


@pytest.mark.parametrize("facts", GOOD_IDS.values(), ids=GOOD_IDS)
def test_the_ids_are_no_fault(facts: CallFacts) -> None:
    assert check("ids-out-of-vocabulary", facts) is None


# -- input-missing ---------------------------------------------------------------------------------------------------

TWO = model(inputs={"input_ids": (None, None), "attention_mask": (None, None)})


def test_inputs_that_are_not_fed() -> None:
    finding = check("input-missing", call(IDS, of=TWO, seen=False, error="forward"))
    assert finding is not None
    assert finding.evidence["missing"] == ["attention_mask"]
    nothing = check("input-missing", call(of=TWO, seen=False, error="forward"))
    assert nothing is not None
    assert nothing.evidence["missing"] == ["input_ids", "attention_mask"]
    mask_alone = check("input-missing", call(None, MASK, error="forward"))
    assert mask_alone is not None
    assert mask_alone.evidence["missing"] == ["input_ids"]


def test_a_missing_input_explains_a_missing_mask() -> None:
    facts = call(IDS, of=TWO, error="forward", labels=[1, 0, 1], loss="sparse")
    assert slugs(facts) == ["input-missing"]


NOTHING_MISSING = {
    "all fed": call(IDS, MASK, of=TWO),
    "more than is taken": call(IDS, MASK, types=IDS * 0, of=TWO),
    "embeddings in the place of ids": call(embeds=np.zeros((2, 4, 8), "float32")),
    "a name that is nearly right": call(
        None, MASK, of=TWO, others=[tensor("input_id", IDS)], seen=False, error="forward"
    ),
    "a model that tells no inputs": call(IDS, of=model(inputs={}), error="forward"),
    "the pass went through all the same": call(IDS, of=TWO),
    "no mask, no types: not required": call(FULL),
}


@pytest.mark.parametrize("facts", NOTHING_MISSING.values(), ids=NOTHING_MISSING)
def test_no_input_is_missing(facts: CallFacts) -> None:
    assert check("input-missing", facts) is None


def test_data_that_keras_refused_say_nothing_of_inputs() -> None:
    facts = call(of=TWO, error="data")
    assert check("input-missing", facts) is None
