"""Each rule on what it must name, and on every unusual but correct call that it must leave alone."""

from __future__ import annotations

import ast
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
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.facts.call import CallFacts, UnpaddedFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FULL = batch([6, 6, 6])
ROBERTA_TOKENIZER = dataclasses.replace(TOKENIZER, pad_id=1, sep_id=2, cls_id=0, eos_id=2)


def as_dataset(facts: CallFacts) -> CallFacts:
    return dataclasses.replace(facts, container="Dataset")


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
        [[CLS, 5, 6, SEP], [CLS, 7, 8, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP)
    ),
    "the padding token is the end of the sequence": call(
        [[CLS, 5, 6, 9], [CLS, 7, 8, 9]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=9, eos_id=9)
    ),
    "padding rows where the padding token is the separator": call(
        [[CLS, 5, SEP], [SEP, SEP, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP)
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
        END_IDS, END_MASK, tokenizer=dataclasses.replace(TOKENIZER, pad_id=9, eos_id=9)
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


# -- labels-shape ----------------------------------------------------------------------------------------------------


def labelled(labels: Any, outputs: Any, loss: Any, error: str | None = None, rows: int = 4, **more: Any) -> CallFacts:
    return call(batch([6] * rows), labels=labels, outputs=outputs, loss=loss, error=error, **more)


CLASSIFIER = model(type="TFBertForSequenceClassification", sizes={"labels": 3})
MISFITS = {
    "one label a token, one output a text": labelled(np.zeros((4, 6), "int32"), (4, 3), "sparse", "loss"),
    "the same in the model's own loss": labelled(np.zeros((4, 6), "int32"), (4, 3), "internal", "loss"),
    "one-hot rows for the model's own loss": labelled(np.eye(4, 3, dtype="int32"), (4, 3), "internal", "loss"),
    "labels of a regression broadcast": labelled(np.array([0.5, 1.5, 2.5, 3.5]), (4, 3), "regression"),
    "(batch, 1) broadcast over three outputs": labelled(np.full((4, 1), 0.5), (4, 3), "regression"),
    "three labels for one output": labelled(np.full((4, 3), 0.5), (4, 1), "regression"),
    "six for a transformers regression": labelled(np.full((4, 6), 0.5), (4, 1), "internal", of=CLASSIFIER),
    "five one-hot classes for three outputs": labelled(np.eye(4, 5), (4, 3), "categorical", "loss"),
    "two targets for three sigmoids": labelled(np.zeros((4, 2)), (4, 3), "binary", "loss"),
    "tokens cut at another length": labelled(np.zeros((4, 5), "int32"), (4, 6, 3), "sparse", "loss"),
}


@pytest.mark.parametrize("facts", MISFITS.values(), ids=MISFITS)
def test_labels_that_do_not_fit(facts: CallFacts) -> None:
    assert slugs(facts) == ["labels-shape"]


HALVES = np.array([0.5, 1.5, 2.5, 3.5])
CLASSES = np.array([0, 1, 2, 1], "int32")
TAGS = np.zeros((4, 6), "int32")
IGNORED = np.full((4, 6), -100)
FITS = {
    "classes": labelled(CLASSES, (4, 3), "sparse"),
    "classes (batch, 1)": labelled(CLASSES[:, None], (4, 3), "sparse"),
    "tags": labelled(TAGS, (4, 6, 3), "sparse"),
    "tags (batch, seq, 1)": labelled(TAGS[:, :, None], (4, 6, 3), "sparse"),
    "tags with -100, the model's own loss": labelled(IGNORED, (4, 6, 3), "internal"),
    "one-hot": labelled(np.eye(4, 3), (4, 3), "categorical"),
    "one-hot a token": labelled(np.zeros((4, 6, 3)), (4, 6, 3), "categorical"),
    "mse (batch,) against (batch, 1): Keras aligns": labelled(HALVES, (4, 1), "regression"),
    "bce (batch,) against (batch, 1)": labelled(CLASSES % 2, (4, 1), "binary"),
    "bce (batch, 1)": labelled(CLASSES[:, None] % 2, (4, 1), "binary"),
    "mse (batch, 1) against (batch,)": labelled(HALVES[:, None], (4,), "regression"),
    "mse (batch,) against (batch,)": labelled(HALVES, (4,), "regression"),
    "several sigmoids": labelled(np.zeros((4, 5)), (4, 5), "binary"),
    "several numbers": labelled(np.zeros((4, 5)), (4, 5), "regression"),
    "a number a token": labelled(np.zeros((4, 6)), (4, 6, 1), "regression"),
    "mse of three axes": labelled(np.zeros((4, 6, 8)), (4, 6, 8), "regression"),
    "mse of three axes, broadcast on purpose": labelled(np.zeros((4, 1, 8)), (4, 6, 8), "regression"),
    "regression by the model, num_labels=1": labelled(HALVES, (4, 1), "internal", of=CLASSIFIER),
    "regression by the model, (batch, 1)": labelled(HALVES[:, None], (4, 1), "internal", of=CLASSIFIER),
    "a model of one's own with its own loss": labelled(np.zeros((4, 2)), (4, 1), "internal"),
    "the model's own loss took them": labelled(np.zeros((4, 7)), (4, 3), "internal"),
    "multiple choice": labelled(CLASSES, (4, 3), "internal", of=model(choices=True)),
    "one row": labelled([1], (1, 3), "sparse", rows=1),
    "one row, one output": labelled([0.5], (1, 1), "regression", rows=1),
    "one row, one token": labelled([[1]], (1, 1, 3), "sparse", rows=1),
    "empty": labelled(np.zeros((0,)), (0, 1), "regression", rows=0),
    "a scalar": labelled(np.array(1.0), (4, 1), "regression"),
    "another loss": labelled(np.zeros((4, 7)), (4, 3), "other"),
    "no loss": labelled(np.zeros((4, 7)), (4, 3), None),
    "no labels": labelled(None, (4, 3), "internal"),
    "several labels, as for questions": labelled(
        {"start": CLASSES, "end": CLASSES}, {"start_logits": (4, 6), "end_logits": (4, 6)}, "internal"
    ),
    "several outputs, which one is not known": labelled(
        np.zeros((4, 7)), {"last_hidden_state": (4, 6, 8), "pooler_output": (4, 8)}, "regression"
    ),
    "several outputs in the model's own loss": labelled(
        TAGS, {"prediction_logits": (4, 6, 9), "seq_relationship_logits": (4, 2)}, "internal", "loss"
    ),
    "several outputs, the labels' own among them": labelled(
        {"labels['pooled']": np.zeros((4, 8))}, {"logits": (4, 3), "pooled": (4, 8)}, "regression"
    ),
    "logits beside hidden states": labelled(CLASSES, {"loss": (), "logits": (4, 3), "hidden": (4, 6, 8)}, "internal"),
    "tokens folded into the batch": labelled(TAGS, (24, 3), "sparse"),
    "as many labels in another shape": labelled(TAGS.reshape(4, 2, 3), (4, 6, 3), "sparse", "loss"),
    "rows differ (another rule's matter)": labelled(np.zeros((3, 7)), (4, 3), "regression", "loss"),
    "unpooled outputs (another rule's matter)": labelled(CLASSES, (4, 6, 3), "sparse", "loss"),
    "unpooled outputs, one number": labelled(HALVES[:, None], (4, 6, 1), "regression"),
    "unpooled outputs, one-hot": labelled(np.eye(4, 3), (4, 6, 3), "categorical", "loss"),
    "classes in a categorical loss (another rule's matter)": labelled(CLASSES, (4, 3), "categorical", "loss"),
    "classes as floats in a binary loss": labelled(CLASSES.astype("float32"), (4, 3), "binary"),
    "one-hot in a sparse loss (another rule's matter)": labelled(np.eye(4, 3), (4, 3), "sparse", "loss"),
    "strings (another rule's matter)": labelled(np.array(["a", "b", "c", "d"]), (4, 3), "regression", "loss"),
    "the forward pass raised": labelled(np.zeros((4, 7)), None, "regression", "forward"),
    "booleans": labelled(CLASSES.astype(bool), (4, 1), "binary"),
}


@pytest.mark.parametrize("facts", FITS.values(), ids=FITS)
def test_the_labels_are_no_fault(facts: CallFacts) -> None:
    assert check("labels-shape", facts) is None


# -- all rules together ----------------------------------------------------------------------------------------------

CORRECT = {**RIGHT_MASKS, **RIGHT_RANK, **NOT_TOO_LONG, **GOOD_IDS, **NOTHING_MISSING, **FITS, **FINE_WITHOUT_A_MASK}
WRONG = {
    **{f"rank: {name}": facts for name, (facts, _) in WRONG_RANK.items()},
    **{f"length: {name}": facts for name, (facts, *_) in TOO_LONG.items()},
    **{f"ids: {name}": facts for name, (facts, *_) in BAD_IDS.items()},
    **MISFITS,
    "no mask": call(IDS, tokenizer=TOKENIZER),
    "no mask, items of an encoding": call(IDS, said={"input_ids": 'enc["input_ids"]'}, kind="call"),
    "no mask, a model from Inputs": call(IDS, of=model(inputs={"input_ids": (None, None)})),
    "no mask, a model of one's own": call(IDS, of=model(inputs={}), kinds="tf.Tensor"),
    "no mask, lists": call(IDS, kinds="list"),
    "a mask of ones": call(IDS, np.ones_like(IDS), kinds="tf.Tensor"),
    "a dropped mask": call(IDS, MASK, received={"input_ids": IDS}),
    "no mask where the separator pads": call(
        [[CLS, 5, SEP, SEP], [CLS, 5, 6, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP)
    ),
    "missing": call(IDS, of=TWO, seen=False, error="forward"),
}


@pytest.mark.parametrize("facts", WRONG.values(), ids=WRONG)
def test_every_fix_is_code(facts: CallFacts) -> None:
    from bertmagic.rules import RULES

    found = [finding for rule in RULES.values() if rule.about == "call" and (finding := rule.check(facts)) is not None]
    assert found
    for finding in found:
        assert finding.fix is not None
        ast.parse(finding.fix.snippet)
        assert "…" not in finding.fix.snippet


def test_facts_are_left_as_they_were() -> None:
    ids, mask = IDS.copy(), np.ones_like(IDS)
    ids.setflags(write=False)
    mask.setflags(write=False)
    slugs(call(ids, mask))
    np.testing.assert_array_equal(ids, IDS)


# -- properties ------------------------------------------------------------------------------------------------------

CONTENT = (
    "attention-mask-missing",
    "attention-mask-over-padding",
    "batch-axis-missing",
    "batch-axis-extra",
    "sequence-too-long",
    "ids-out-of-vocabulary",
    "input-missing",
)
quick = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def batches(draw: st.DrawFn, padded: bool = False) -> dict[str, Any]:
    """A correct batch of any size, right- or left-padded, of any integer dtype, with its mask."""
    rows = draw(st.integers(2 if padded else 1, 8))
    lengths = draw(st.lists(st.integers(2, 15 if padded else 16), min_size=rows, max_size=rows))
    width = draw(st.integers(max(lengths) + (1 if padded else 0), 16))
    ids = batch(lengths, width, seed=draw(st.integers(0, 99)))
    mask = (ids != PAD).astype(draw(st.sampled_from(["int32", "int64", "bool", "float32"])))
    if draw(st.booleans()):
        ids, mask = ids[:, ::-1], mask[:, ::-1]
    return {
        "ids": ids.astype(draw(st.sampled_from(["int32", "int64", "uint16"]))),
        "mask": mask,
        "tokenizer": draw(st.sampled_from([None, TOKENIZER])),
    }


@quick
@given(batches())
def test_a_correct_batch_gets_nothing(given_: dict[str, Any]) -> None:
    assert slugs(call(**given_)) == []


@quick
@given(batches(padded=True))
def test_a_dropped_mask_is_named_first(given_: dict[str, Any]) -> None:
    assert slugs(call(**{**given_, "mask": None}))[:1] == ["attention-mask-missing"]


@quick
@given(batches(padded=True))
def test_a_mask_of_ones_is_named_first(given_: dict[str, Any]) -> None:
    ids = given_["ids"]
    # Without the tokenizer one padding token could be the text's own.
    if given_["tokenizer"] is None:
        ids = np.pad(ids, ((0, 0), (0, 1)))[:, :16] if ids[0, -1] == PAD else np.pad(ids, ((0, 0), (1, 0)))[:, :16]
    found = slugs(call(**{**given_, "ids": ids, "mask": np.ones_like(ids)}))
    trailing = (ids == PAD).sum(axis=1).max()
    assert found[:1] == ["attention-mask-over-padding"] or (given_["tokenizer"] is None and trailing < 2)


@quick
@given(batches(), st.data())
def test_an_id_out_of_range_is_named_first(given_: dict[str, Any], data: st.DataObject) -> None:
    ids = given_["ids"].astype("int64")
    row, place = data.draw(st.integers(0, ids.shape[0] - 1)), data.draw(st.integers(0, ids.shape[1] - 1))
    ids[row, place] = data.draw(st.one_of(st.integers(-1000, -1), st.integers(VOCABULARY, 10**6)))
    facts = call(**{**given_, "ids": ids}, error="forward")
    assert slugs(facts)[:1] == ["ids-out-of-vocabulary"]


@quick
@given(batches(), st.integers(17, 40))
def test_a_long_sequence_is_named_first(given_: dict[str, Any], width: int) -> None:
    more = ((0, 0), (0, width - given_["ids"].shape[1]))
    ids, mask = np.pad(given_["ids"], more), np.pad(given_["mask"], more)
    assert slugs(call(ids, mask, error="forward"))[:1] == ["sequence-too-long"]


@quick
@given(batches(), st.sampled_from([0, 1]))
def test_an_extra_axis_is_named_first(given_: dict[str, Any], axis: int) -> None:
    ids, mask = (np.expand_dims(given_[name], axis) for name in ("ids", "mask"))
    assert slugs(call(ids, mask, error="forward"))[:1] == ["batch-axis-extra"]


@quick
@given(batches())
def test_a_lost_batch_axis_is_named_first(given_: dict[str, Any]) -> None:
    assert slugs(call(given_["ids"][0], given_["mask"][0], error="forward"))[:1] == ["batch-axis-missing"]


@quick
@given(batches())
def test_a_lost_input_is_named_first(given_: dict[str, Any]) -> None:
    facts = call(given_["ids"], of=TWO, seen=False, error="forward")
    assert slugs(facts)[:1] == ["input-missing"]


@quick
@given(
    st.integers(1, 6),
    st.integers(1, 5),
    st.sampled_from(["sparse", "categorical", "binary", "regression", "internal"]),
    st.booleans(),
)
def test_labels_that_fit_get_nothing(rows: int, outputs: int, loss: Any, aligned: bool) -> None:
    shape = (rows, outputs) if loss in ("categorical", "binary", "regression") else (rows,)
    if aligned:
        shape = (rows,) if shape == (rows, 1) else (*shape, 1) if shape == (rows,) else shape
    assert slugs(labelled(np.zeros(shape, "int32"), (rows, outputs), loss, rows=rows)) == []


@quick
@given(
    st.integers(2, 6), st.integers(2, 5), st.integers(2, 5), st.sampled_from(["binary", "regression", "categorical"])
)
def test_labels_of_another_width_are_named_first(rows: int, outputs: int, width: int, loss: Any) -> None:
    labels = np.full((rows, width + (width == outputs) * 5), 0.5)
    facts = labelled(labels, (rows, outputs), loss, "loss", rows=rows)
    assert slugs(facts)[:1] == ["labels-shape"]
