"""Rules on the dtype of what is fed, and on text for ids: what they find, and what they leave alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from dtype_facts import CLASSIFIER, EMBEDDED, FLOATS, IDS, MASK, OWN, TEXTS, VECTORS, cut, looked_up, raised
from facts_builder import PAD, call, check, model, slugs, tensor

from bertmagic.facts.call import CallFacts
from bertmagic.facts.model import InputFacts

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
