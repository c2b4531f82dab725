"""Rules on dtypes, text for ids, masked labels and wasted padding: what they find, and what they leave alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, SEP, TOKENIZER, batch, call, check, model, slugs, tensor

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.model import InputFacts, ModelFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FLOATS = IDS.astype("float32")
VECTORS = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
EMBEDDED = np.random.default_rng(0).normal(size=(3, 6, 8)).astype("float32")
TEXTS = np.array(["a plain text", "another one", "a third"], dtype=object)
TAKES = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids", "inputs_embeds", "labels"})
OWN: ModelFacts = dataclasses.replace(model(), takes=TAKES)
CLASSIFIER = dataclasses.replace(model(type="TFBertForSequenceClassification", sizes={"labels": 2}), takes=TAKES)
WIDE = (3, 6, 100)
MASKED_LM = dataclasses.replace(model(type="TFBertForMaskedLM"), takes=TAKES)


def raised(facts: CallFacts, layer: str | None = "embeddings", where: str = "forward", text: str = "") -> CallFacts:
    """The facts of a call that raised there."""
    return dataclasses.replace(facts, error=ErrorFacts("InvalidArgumentError", text, layer, where))  # type: ignore[arg-type]


def looked_up(ids: Any, **more: Any) -> CallFacts:
    """A transformers model whose embeddings raised for what they were given."""
    return raised(call(ids, error="forward", of=OWN, kind="call", **more))


def cut(ids: Any, **more: Any) -> CallFacts:
    """A model whose `Input` of int32 cuts off what it is given."""
    numbers = np.nan_to_num(np.asarray(ids).astype("float64"))
    of = model(type="Functional", inputs={"input_ids": (None, None)})
    facts = call(np.asarray(ids), received={"input_ids": np.trunc(numbers).astype("int32")}, of=of, **more)
    own = facts.inputs[0]
    same = own.values is not None and np.array_equal(own.values, np.trunc(numbers))
    (encoder_call,) = facts.encoder_calls
    source = {"input_ids": own} if same else {}
    return dataclasses.replace(facts, encoder_calls=(dataclasses.replace(encoder_call, source=source),))  # type: ignore[arg-type]


# -- token ids that are no integers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids",
    [
        FLOATS,
        IDS.astype("float64"),
        IDS.astype("bool"),
        IDS.astype("int16"),
        IDS.astype("uint8"),
        IDS.astype("object"),
        IDS.astype("str"),
    ],
    ids=lambda ids: str(ids.dtype),
)
def test_ids_that_cannot_be_looked_up(ids: np.ndarray) -> None:
    assert slugs(looked_up(ids)) == ["ids-not-integer"]


@pytest.mark.parametrize(
    "ids",
    [
        FLOATS * 4 + 0.25,
        FLOATS.astype("float64") / 100,
        np.where(IDS == PAD, np.nan, FLOATS),
        np.pad(FLOATS, ((0, 0), (0, 20)), constant_values=np.nan),
        IDS.astype("bool"),
        np.where(MASK == 1, 2048 + 2 * (np.arange(18).reshape(3, 6) * 37), 0).astype("float16"),
        np.where(MASK == 1, 4096 + 4 * (np.arange(18).reshape(3, 6) * 97), 0).astype("float16").astype("float32"),
    ],
    ids=[
        "fractions",
        "scaled to 1",
        "nan for padding",
        "nan mostly",
        "bool",
        "half precision",
        "half precision, made float32",
    ],
)
def test_ids_that_an_integer_input_cuts_off(ids: np.ndarray) -> None:
    found = check("ids-not-integer", cut(ids))
    assert found is not None
    assert found.severity == "error"
    assert slugs(cut(ids))[0] == "ids-not-integer"


def test_ids_that_the_model_itself_makes_floats_of() -> None:
    facts = raised(call(IDS, error="forward", received={"input_ids": FLOATS}))
    found = check("ids-not-integer", facts)
    assert found is not None
    assert "reaches" in found.title


@pytest.mark.parametrize(
    "facts",
    [
        call(IDS),
        call(IDS.astype("int64")),
        cut(FLOATS),
        cut(IDS.astype("float16")),
        cut(np.where(MASK == 1, 7592, 0).astype("float16")),
        call(IDS, of=model(type="Functional", inputs={"input_ids": (None, None)})),
        call(FLOATS, received={"input_ids": FLOATS}),
        raised(call(FLOATS, error="forward"), layer="encoder/layer_._0"),
        raised(call(FLOATS, error="loss", labels=[0, 1, 2], loss="sparse"), where="loss"),
        call(FLOATS * 0.5, received={"input_ids": IDS}),
    ],
    ids=[
        "int32",
        "int64",
        "whole floats for an integer Input",
        "half precision below 2048",
        "half precision, one id that it holds",
        "an Input",
        "an encoder that casts",
        "raised further in",
        "raised in the loss",
        "scaled back inside the model",
    ],
)
def test_ids_that_are_right(facts: CallFacts) -> None:
    assert check("ids-not-integer", facts) is None
    assert check("embeddings-as-ids", facts) is None


# -- embeddings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        looked_up(VECTORS),
        raised(call(EMBEDDED, error="forward"), layer="bert"),
        raised(call(EMBEDDED[..., :5], error="forward"), layer="bert"),
        looked_up(np.abs(VECTORS) / 10),
        cut(VECTORS),
        cut(np.abs(VECTORS)),
    ],
    ids=["vectors", "embeddings", "of another size", "nowhere negative", "cut off", "cut off, nowhere negative"],
)
def test_embeddings_in_the_place_of_ids(facts: CallFacts) -> None:
    assert slugs(facts) == ["embeddings-as-ids"]


def test_embeddings_of_another_length_than_the_input_takes() -> None:
    of = model(type="Functional", inputs={"input_ids": (None, 16)})
    facts = raised(call(VECTORS, error="forward", of=of, seen=False), layer="model")
    assert slugs(facts) == ["embeddings-as-ids"]


@pytest.mark.parametrize(
    "facts",
    [
        call(embeds=EMBEDDED),
        call(IDS, others=[tensor("tfidf", VECTORS)]),
        raised(call(embeds=EMBEDDED, error="forward"), layer="encoder"),
        raised(call(VECTORS, error="forward", seen=False, of=model(inputs={})), layer="model"),
    ],
    ids=["by their own name", "beside ids", "raised elsewhere", "a model of one's own"],
)
def test_embeddings_in_their_place(facts: CallFacts) -> None:
    assert check("embeddings-as-ids", facts) is None


# -- other inputs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "bool", "int8", "str", "object", "complex64"])
def test_token_types_that_cannot_be_looked_up(dtype: str) -> None:
    assert slugs(looked_up(IDS, types=MASK.astype(dtype))) == ["dtype-mismatch"]


@pytest.mark.parametrize("dtype", ["str", "object"])
def test_a_mask_that_is_no_number(dtype: str) -> None:
    assert slugs(raised(looked_up(IDS, mask=MASK.astype(dtype)), layer="bert")) == ["dtype-mismatch"]


@pytest.mark.parametrize(
    "facts",
    [
        call(IDS, MASK.astype("float32"), types=np.zeros_like(IDS)),
        call(IDS, MASK.astype("bool")),
        looked_up(IDS, mask=MASK.astype("bool")),
        call(IDS, MASK, types=np.zeros(IDS.shape), received={"input_ids": IDS, "token_type_ids": np.zeros_like(IDS)}),
        raised(looked_up(IDS, types=np.zeros(IDS.shape)), layer="pooler"),
    ],
    ids=["a mask of floats", "a mask of bool", "raised for another reason", "types cast by an Input", "further in"],
)
def test_other_inputs_that_are_right(facts: CallFacts) -> None:
    assert check("dtype-mismatch", facts) is None


def test_ids_of_a_wrong_dtype_come_before_types_of_one() -> None:
    assert slugs(looked_up(FLOATS, types=np.zeros(IDS.shape))) == ["ids-not-integer"]


# -- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [TEXTS, TEXTS.astype("str"), TEXTS.astype("S"), TEXTS[:, None], np.array("one text"), np.array(["a", None, "b"])],
    ids=["objects", "strings", "bytes", "a column", "one string", "one of them missing"],
)
def test_text_in_the_place_of_ids(texts: np.ndarray) -> None:
    assert slugs(raised(call(texts, error="forward", of=OWN), layer="bert")) == ["text-not-tokenized"]


def test_text_that_keras_takes_no_data_from() -> None:
    facts = raised(call(TEXTS, error="forward", of=OWN, seen=False, labels=[0, 1, 1]), None, "data")
    assert slugs(facts) == ["text-not-tokenized"]


def test_text_under_a_name_that_the_model_does_not_take() -> None:
    facts = raised(call(others=[tensor("text", TEXTS)], error="forward", of=OWN, seen=False), "model")
    assert slugs(facts) == ["text-not-tokenized"]


def test_lists_of_tokens_in_the_place_of_ids() -> None:
    tokens = np.empty(2, dtype=object)
    tokens[:] = [["a", "plain", "text"], ["another"]]
    assert slugs(raised(call(tokens, error="forward", of=OWN, seen=False), None, "data")) == ["text-not-tokenized"]


STRINGS_IN = dataclasses.replace(
    model(type="Functional"),
    inputs=(InputFacts("text", (None,), "string", required=True),),
    takes=frozenset({"text"}),
)


@pytest.mark.parametrize(
    "facts",
    [
        call(others=[tensor("text", TEXTS)], of=STRINGS_IN, received={"input_ids": IDS}),
        raised(call(others=[tensor("text", TEXTS)], of=STRINGS_IN, error="forward", seen=False), "model"),
        raised(call(TEXTS, error="forward", of=model(inputs={}), seen=False), "model"),
        raised(call(TEXTS, error="forward", of=OWN, received={"input_ids": IDS}), "pooler"),
        raised(call(IDS, others=[tensor("text", TEXTS)], error="forward", of=OWN, seen=False), "model"),
        raised(call(TEXTS, of=OWN, error="loss", labels=[0, 1, 1], loss="sparse"), None, "loss"),
        raised(call(IDS.astype("str"), error="forward", of=OWN), "embeddings"),
        call(IDS),
    ],
    ids=[
        "an Input of strings",
        "an Input of strings, raised elsewhere",
        "a model of one's own",
        "made ids inside",
        "beside ids",
        "raised in the loss",
        "numbers written out",
        "no text",
    ],
)
def test_text_that_is_no_fault(facts: CallFacts) -> None:
    assert check("text-not-tokenized", facts) is None


# -- labels ----------------------------------------------------------------------------------------------------------


def lost(labels: Any, loss: Any = "sparse", outputs: Any = (3, 2), **more: Any) -> CallFacts:
    facts = call(IDS, MASK, labels=labels, loss=loss, outputs=outputs, of=CLASSIFIER, **more)
    assert facts.loss is not None
    value = None if facts.error is not None else 0.7
    return dataclasses.replace(facts, loss=dataclasses.replace(facts.loss, value=value))


@pytest.mark.parametrize("loss", ["sparse", "internal", "categorical", "binary", "regression"])
@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b", "a"]),
        np.array(["a", "b", "a"], object),
        np.array(["0", "1", "0"]),
        np.array([0, 1, 0], object),
    ],
    ids=["strings", "objects", "numbers written out", "numbers as objects"],
)
def test_labels_that_are_no_numbers(labels: np.ndarray, loss: str) -> None:
    assert slugs(raised(lost(labels, loss, error="loss"), None, "loss")) == ["labels-dtype"]


def test_labels_that_keras_takes_no_data_from() -> None:
    facts = dataclasses.replace(
        raised(lost(np.array(["a", "b", "a"]), error="loss"), None, "data"), loss=None, outputs=()
    )
    assert slugs(facts) == ["labels-dtype"]


@pytest.mark.parametrize("loss", ["sparse", "internal"])
@pytest.mark.parametrize("labels", [[0.5, 1, 0], [[0.2], [0.0], [1.0]]], ids=["(batch,)", "(batch, 1)"])
def test_fractions_that_the_loss_cuts_off(labels: Any, loss: str) -> None:
    assert slugs(lost(np.array(labels), loss)) == ["labels-dtype"]


def test_labels_that_are_not_a_number() -> None:
    assert slugs(raised(lost(np.array([np.nan, 1, 0]), error="loss"), None, "loss")) == ["labels-dtype"]


def test_integers_for_a_loss_that_computes_with_floats() -> None:
    text = "cannot compute Sub as input #1 was expected to be a int64 tensor but is a float tensor"
    facts = raised(lost(np.array([1, 2, 3]), "other", (3, 1), error="loss"), None, "loss", text)
    assert slugs(facts) == ["labels-dtype"]


@pytest.mark.parametrize(
    "facts",
    [
        lost(np.array([0.0, 1.0, 1.0])),
        lost(np.array([False, True, True])),
        lost(np.array([1, 2, 3]), "regression", (3, 1)),
        lost(np.array([0.5, 0.1, 1.0]), "regression", (3, 1)),
        lost(np.array([0.5, 0.1, 1.0]), "internal", (3, 1)),
        lost(np.array([0.5, 0.1, 1.0]), "binary", (3, 1)),
        lost(np.array([[0.9, 0.1]] * 3), "categorical"),
        lost(np.array([0.5, 0.1, 1.0]), "other"),
        lost(np.array(["a", "b", "a"]), "other"),
        raised(lost(np.array(["a", "b", "a"]), "other", error="loss"), None, "loss"),
        raised(lost(np.array([1, 2, 3]), "other", (3, 1), error="loss"), None, "loss", "shapes differ"),
    ],
    ids=[
        "whole floats",
        "bool",
        "integers for Keras' squared error",
        "numbers for a regression",
        "numbers for the model's own regression",
        "probabilities",
        "soft labels",
        "a loss of one's own",
        "strings that are looked up in training",
        "strings, and a loss of one's own",
        "integers, and another error",
    ],
)
def test_labels_that_are_right(facts: CallFacts) -> None:
    assert check("labels-dtype", facts) is None


# -- masked language models ------------------------------------------------------------------------------------------

MASK_ID = 4
LONG = np.random.default_rng(1).integers(5, 100, (4, 20)).astype("int32")
LONG[:, 0], LONG[:, -1] = CLS, SEP
LONG[3, 12:], LONG[3, 11] = PAD, SEP
CHOSEN = np.zeros(LONG.shape, bool)
CHOSEN[:, [2, 5, 9]] = True
NOISY = np.where(CHOSEN, MASK_ID, LONG).astype("int32")
RIGHT = np.where(CHOSEN, LONG, -100)
KNOWN = dataclasses.replace(TOKENIZER, mask_id=MASK_ID)


def masked(ids: Any, labels: Any, *, loss: Any = "internal", **more: Any) -> CallFacts:
    settings: dict[str, Any] = {"of": MASKED_LM, "tokenizer": KNOWN, "outputs": (4, 20, 100), **more}
    mask = (np.asarray(ids) != PAD).astype("int32")
    facts = call(ids, mask, labels=labels, loss=loss, **settings)
    assert facts.loss is not None
    return dataclasses.replace(facts, loss=dataclasses.replace(facts.loss, value=4.0))


UNPADDED = np.where(LONG == PAD, -100, LONG)


@pytest.mark.parametrize(
    "facts",
    [
        masked(NOISY, UNPADDED),
        masked(NOISY, LONG),
        masked(LONG, LONG),
        masked(NOISY, UNPADDED, tokenizer=None),
        masked(NOISY, np.where(CHOSEN, LONG, 0)),
        masked(NOISY, np.where(CHOSEN | (LONG == PAD), LONG, -100)),
        masked(NOISY, np.where(CHOSEN | (LONG == CLS), LONG, -100)),
        masked(NOISY, UNPADDED, loss="sparse"),
        masked(NOISY, UNPADDED, kind="call"),
    ],
    ids=[
        "all tokens",
        "all, with padding",
        "nothing masked",
        "no tokenizer",
        "0 in the place of -100",
        "padding",
        "special tokens",
        "a loss of Keras'",
        "a direct call",
    ],
)
def test_labels_on_tokens_that_were_not_masked(facts: CallFacts) -> None:
    found = check("mlm-labels-unmasked", facts)
    assert found is not None
    assert found.severity == "warning"


def collated(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What the usual collator makes: 15 % labelled, of these 80 % masked, 10 % random, 10 % unchanged."""
    random = np.random.default_rng(seed)
    ids = random.integers(5, 100, (4, 20)).astype("int32")
    ids[:, 0], ids[:, -1] = CLS, SEP
    chosen = random.random(ids.shape) < 0.15
    chosen[:, [0, -1]] = False
    how = random.random(ids.shape)
    noisy = np.where(chosen & (how < 0.8), MASK_ID, ids)
    noisy = np.where(chosen & (how > 0.9), random.integers(5, 100, ids.shape), noisy).astype("int32")
    return noisy, np.where(chosen, ids, -100)


@pytest.mark.parametrize("known", [KNOWN, None], ids=["tokenizer", "none"])
@pytest.mark.parametrize("seed", range(20))
def test_the_usual_collator_is_right(seed: int, known: Any) -> None:
    noisy, labels = collated(seed)
    assert check("mlm-labels-unmasked", masked(noisy, labels, tokenizer=known)) is None


WRONG = LONG.copy()
WRONG[[0, 2], [3, 7]] += 1
CAUSAL = dataclasses.replace(BERT, family="gpt2")


@pytest.mark.parametrize(
    "facts",
    [
        masked(NOISY, RIGHT),
        masked(NOISY, RIGHT, tokenizer=None),
        masked(WRONG, UNPADDED),
        masked(LONG, LONG, of=model(type="TFBertLMHeadModel")),
        masked(LONG, LONG, of=model(CAUSAL, type="Functional"), encoder=CAUSAL, loss="sparse"),
        masked(LONG, LONG, outputs=(4, 20, 9)),
        masked(LONG, LONG, kind="evaluate"),
        masked(NOISY, UNPADDED, loss="other", of=model(type="Functional")),
        dataclasses.replace(
            masked(NOISY, LONG, loss="sparse"), weights=(tensor("sample_weight", CHOSEN.astype("float32")),)
        ),
        masked(LONG[:, :4], UNPADDED[:, :4], outputs=(4, 4, 9)),
    ],
    ids=[
        "masked tokens",
        "masked tokens, no tokenizer",
        "corrections",
        "a causal head",
        "a causal family",
        "tags",
        "an evaluation",
        "a loss of one's own",
        "weights of 0 elsewhere",
        "tags over few tokens",
    ],
)
def test_labels_of_tokens_that_are_right(facts: CallFacts) -> None:
    assert check("mlm-labels-unmasked", facts) is None


# -- padding that could be cut ---------------------------------------------------------------------------------------

SHORT = batch([9, 7, 4], width=64)
SHORT_MASK = (SHORT != PAD).astype("int32")


def test_a_batch_that_is_mostly_padding() -> None:
    found = check("padding-wasteful", call(SHORT, SHORT_MASK))
    assert found is not None
    assert found.severity == "advice"
    assert found.evidence["longest row"] == 9


def test_a_fixed_input_is_said_with_it() -> None:
    of = model(type="Functional", inputs={"input_ids": (None, 64), "attention_mask": (None, 64)})
    found = check("padding-wasteful", call(SHORT, SHORT_MASK, of=of))
    assert found is not None
    assert "fixed at 64" in found.detail


@pytest.mark.parametrize(
    "facts",
    [
        call(batch([9, 7, 4]), (batch([9, 7, 4]) != PAD).astype("int32")),
        call(batch([60, 4, 4, 4]), (batch([60, 4, 4, 4]) != PAD).astype("int32")),
        call(batch([9, 7, 4], 20), (batch([9, 7, 4], 20) != PAD).astype("int32")),
        call(SHORT),
        call(SHORT, np.ones_like(SHORT)),
        call(SHORT, SHORT_MASK, error="forward"),
    ],
    ids=["little padding", "one long row", "short batches", "no mask", "a mask of ones", "raised"],
)
def test_padding_that_is_left_alone(facts: CallFacts) -> None:
    assert check("padding-wasteful", facts) is None


# -- causes and symptoms ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "wanted"), [("label", "labels"), ("lables", "labels"), ("decoder_mask", None), ("domain", None)]
)
def test_a_near_miss_of_a_name(key: str, wanted: str | None) -> None:
    facts = call(IDS, MASK, others=[tensor(key, [0, 1, 1])], error="forward", of=CLASSIFIER, seen=False)
    assert slugs(facts) == ["input-misnamed" if wanted else "input-unexpected"]


def test_what_makes_nan_comes_before_it() -> None:
    nan = np.full((3, 2), np.nan, "float32")
    assert slugs(call(IDS, np.zeros_like(IDS), outputs=nan)) == ["attention-mask-all-zero"]
    assert slugs(call(IDS + 200, MASK, outputs=nan))[0] == "ids-out-of-vocabulary"
    assert "outputs-not-finite" not in slugs(call(IDS + 200, MASK, outputs=nan))
    assert slugs(call(IDS, MASK, outputs=nan)) == ["outputs-not-finite"]
