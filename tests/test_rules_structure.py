"""How inputs and labels are put together: what the rules name, and what is unusual and right."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, TOKENIZER, batch, call, check, having, model, slugs, tensor

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FULL = batch([6, 6, 6])
ONE = FULL[0]
CLASSIFIER = model(type="TFBertForSequenceClassification", sizes={"labels": 2})
TAGGER = model(type="TFBertForTokenClassification", sizes={"labels": 2})
CHOOSER = model(type="TFBertForMultipleChoice", choices=True)


# -- dataset-unbatched -----------------------------------------------------------------------------------------------


def example(**changes: Any) -> CallFacts:
    """A dataset's element that is one text and its label."""
    settings: dict[str, Any] = {"ids": ONE, "labels": np.array(1), "loss": "sparse", "error": "forward", **changes}
    return having(call(**settings), container="Dataset")


@pytest.mark.parametrize(
    "facts",
    [
        example(),
        example(mask=np.ones_like(ONE)),
        example(mask=np.ones(ONE.shape, "float32")),
        example(mask=np.ones(ONE.shape, bool)),
        example(labels=np.eye(3, dtype="float32")[0]),
        example(labels=None, kind="predict", tokenizer=TOKENIZER),
        example(labels=ONE, tokenizer=TOKENIZER),
        having(example(error=None), outputs=(), encoder_calls=call(received={"input_ids": ONE[:, None]}).encoder_calls),
        example(ids=FULL[:2], of=CHOOSER),
    ],
    ids=[
        "ids",
        "with a mask",
        "with a float mask",
        "with a mask of bool",
        "one-hot",
        "no labels",
        "one label a token",
        "it runs",
        "choices",
    ],
)
def test_a_dataset_of_single_examples(facts: CallFacts) -> None:
    finding = check("dataset-unbatched", facts)
    assert finding is not None
    assert slugs(facts)[0] == "dataset-unbatched"
    assert "batch-axis-missing" not in slugs(facts)


BATCHED = {
    "batched": having(call(FULL, labels=[0, 1, 0]), container="Dataset"),
    "batched by one": having(call(FULL[:1], labels=[0]), container="Dataset"),
    "arrays": having(example(), container="arrays"),
    "rows without a sequence axis": example(labels=np.zeros(6, "int32")),
    "nothing tells": example(labels=None, kind="predict"),
    "no labels, many first tokens": example(ids=np.array([CLS, CLS, CLS]), labels=None, tokenizer=TOKENIZER),
    "a model that adds the axis itself": having(
        call(ONE, labels=np.array(1), received={"input_ids": ONE[None]}), container="Dataset"
    ),
    "an Input of one number": example(of=model(inputs={"input_ids": (None, 1)})),
    "a batch of choices": having(call(np.stack([FULL, FULL]), of=CHOOSER, labels=[0, 1]), container="Dataset"),
    "choices without choices, nothing raised": having(call(FULL, of=CHOOSER, labels=[0]), container="Dataset"),
    "one token": example(ids=np.array([7])),
    "embeddings": having(call(embeds=np.zeros((6, 8), "float32")), container="Dataset"),
    "no encoder": example(of=dataclasses.replace(model(), encoders=())),
}


@pytest.mark.parametrize("facts", BATCHED.values(), ids=BATCHED)
def test_a_dataset_that_is_batched_or_cannot_be_told(facts: CallFacts) -> None:
    assert check("dataset-unbatched", facts) is None


# -- dataset-structure -----------------------------------------------------------------------------------------------

TWO = model(type="Functional", inputs={"input_ids": (None, None), "attention_mask": (None, None)})
TWO = dataclasses.replace(TWO, takes=frozenset({"input_ids", "attention_mask"}))
WEIGHTS = (tensor("sample_weight", [0, 1, 1]),)


def flat(labels: Any, weights: Any = WEIGHTS, of: Any = TWO, ids: Any = IDS, **changes: Any) -> CallFacts:
    """A dataset's element (ids, labels, weights) as Keras reads it."""
    settings: dict[str, Any] = {"error": "forward", "loss": "binary", "seen": False, **changes}
    return having(call(ids, labels=labels, of=of, **settings), container="Dataset", weights=weights)


def features(*others: Any, **changes: Any) -> CallFacts:
    """A dataset's element that is one dict, with no labels beside it."""
    settings: dict[str, Any] = {"error": "loss", "loss": "sparse", "outputs": (3, 2), **changes}
    return having(call(FULL, np.ones_like(FULL), of=settings.pop("of", TWO), others=others, **settings), **DATASET)


DATASET = {"container": "Dataset", "data": "train"}
FLAT = {
    "ids, mask, labels": flat(MASK),
    "ids, mask": flat(MASK, ()),
    "a mask of ones": flat(np.ones_like(FULL), ids=FULL),
    "booleans": flat(MASK.astype(bool)),
    "a second text": flat(batch([5, 5, 5], seed=1), ()),
    "a model of one input": flat(MASK, of=CLASSIFIER, error="loss", outputs=(3, 2), seen=True),
    "broadcast": flat(MASK, of=model(), error=None, outputs=(3, 1), seen=True),
    "labels among the features": features(tensor("labels", [0, 1, 0])),
    "one-hot labels among the features": features(tensor("topic", np.eye(3))),
    "four parts": having(call(FULL, error="data"), parts=4, **DATASET),
}


@pytest.mark.parametrize("facts", FLAT.values(), ids=FLAT)
def test_elements_that_are_not_inputs_and_labels(facts: CallFacts) -> None:
    assert slugs(facts)[0] == "dataset-structure"
    assert not {"input-missing", "labels-missing", "labels-shape", "attention-mask-missing"} & set(slugs(facts))


PAIRS = {
    "ids and labels": flat([0, 1, 1], (), of=model(), error=None, seen=True),
    "tags": flat(MASK, of=TAGGER, error=None, outputs=(3, 6, 2), loss="internal", seen=True),
    "tags and a fault elsewhere": flat(MASK, of=TAGGER, error="forward"),
    "a mask as the target of each token": flat(MASK, of=model(), error=None, outputs=(3, 6), seen=True),
    "arrays": having(flat(MASK), container="arrays"),
    "one-hot labels of the sequence's length": flat(np.eye(6, dtype="int32")[:3], ()),
    "labels as wide as the text": flat(np.array([[1, 0, 1, 0, 0, 1]] * 3), of=model(), error=None, seen=True),
    "the ids themselves, a language model": flat(IDS, of=model(), error=None, outputs=(3, 6, 100), seen=True),
    "floats": flat(MASK.astype("float32")),
    "a mask with nothing to show for it": flat(MASK, (), of=model(), error=None, outputs=(3, 1), seen=True),
    "the own loss finds its labels": features(tensor("labels", [0, 1, 0]), error=None, loss="internal"),
    "a feature beside the text": features(tensor("stars", [0, 1, 0]), error=None, labels=[0, 1, 0]),
    "prediction": features(tensor("labels", [0, 1, 0]), error=None, loss=None, kind="predict"),
    "three parts": having(call(FULL, error="data"), parts=3, **DATASET),
    "four parts that went through": having(call(FULL), parts=4, **DATASET),
    "a model of one's own takes its labels": features(tensor("gold", [0, 1, 0]), of=model(inputs={})),
}


@pytest.mark.parametrize("facts", PAIRS.values(), ids=PAIRS)
def test_elements_that_are_right_or_cannot_be_told(facts: CallFacts) -> None:
    assert check("dataset-structure", facts) is None


# -- row-count-mismatch ----------------------------------------------------------------------------------------------


def differing(error: str = "data", **changes: Any) -> CallFacts:
    settings: dict[str, Any] = {"ids": FULL[:2], "mask": np.ones_like(FULL), "labels": [0, 1], **changes}
    return having(call(error=error, **settings), container="as given")


ROWS_DIFFER = {
    "the mask of all rows": differing(),
    "labels of fewer rows": differing(ids=FULL, labels=[0, 1]),
    "weights of fewer rows": having(
        differing(ids=FULL, labels=[0, 1, 0]), weights=(tensor("sample_weight", [1.0, 2.0]),)
    ),
    "a direct call": differing("forward", labels=None, kind="call"),
    "a generator's labels": having(
        call(FULL, labels=[0, 1], outputs=(3, 2), loss="sparse", error="loss"), container="generator"
    ),
}


@pytest.mark.parametrize("facts", ROWS_DIFFER.values(), ids=ROWS_DIFFER)
def test_rows_that_differ(facts: CallFacts) -> None:
    finding = check("row-count-mismatch", facts)
    assert finding is not None
    assert set(finding.evidence["rows"].values()) == {2, 3}
    assert slugs(facts)[0] == "row-count-mismatch"


ROWS_AGREE = {
    "they agree": differing(ids=FULL, labels=[0, 1, 0]),
    "nothing was raised": call(FULL[:2], np.ones_like(FULL), labels=[0, 1]),
    "(1, seq)": differing("forward", mask=np.ones((1, 6), "int32"), labels=None),
    "labels laid out flat": call(FULL, labels=np.zeros(18, "int32"), outputs=(3, 6, 2), loss="sparse", error="loss"),
    "one label for all": call(FULL, labels=[0], outputs=(3, 2), loss="sparse", error="loss"),
    "a model that folds the batch": call(FULL, labels=[0, 1], outputs=(6, 2), loss="sparse", error="loss"),
    "lists": differing(kinds="list"),
    "objects": differing(labels=np.array([{}, {}, {}])),
    "one example a dataset": having(differing(), container="Dataset"),
    "no axes": differing(labels=np.array(1)),
}


@pytest.mark.parametrize("facts", ROWS_AGREE.values(), ids=ROWS_AGREE)
def test_rows_that_agree_or_cannot_be_told(facts: CallFacts) -> None:
    assert check("row-count-mismatch", facts) is None


# -- labels-missing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["fit", "evaluate"])
@pytest.mark.parametrize("loss", ["sparse", "internal", "other"])
def test_a_loss_without_labels(kind: Any, loss: Any) -> None:
    facts = call(FULL, kind=kind, loss=loss, outputs=(3, 2), error="loss")
    assert slugs(facts) == ["labels-missing"]


def test_labels_among_arrays() -> None:
    facts = having(features(tensor("labels", [0, 1, 0])), container="arrays")
    finding = check("labels-missing", facts)
    assert finding is not None
    assert finding.fix is not None
    assert 'pop("labels")' in finding.fix.snippet


WITHOUT_LABELS = {
    "prediction": call(FULL, kind="predict"),
    "a call": call(FULL, kind="call"),
    "a loss of the model's own": call(FULL, loss="internal"),
    "no loss": call(FULL),
    "there are some": call(FULL, labels=[0, 1, 1], loss="sparse", error="loss"),
    "another fault": call(FULL, loss="sparse", error="forward"),
}


@pytest.mark.parametrize("facts", WITHOUT_LABELS.values(), ids=WITHOUT_LABELS)
def test_labels_are_there_or_not_needed(facts: CallFacts) -> None:
    assert check("labels-missing", facts) is None


# -- input-misnamed, input-unexpected --------------------------------------------------------------------------------

TAKES_TWO = dataclasses.replace(
    model(type="TFDistilBertModel"),
    inputs=model().inputs[:2],
    takes=frozenset({"input_ids", "attention_mask", "head_mask", "inputs_embeds", "training"}),
)


def named(
    *others: Any, of: Any = TAKES_TWO, error: str | None = "forward", seen: bool = False, **ids: Any
) -> CallFacts:
    return call(ids.get("ids", FULL), of=of, others=others, error=error, seen=seen, kind="call")


def other(name: str, role: Any = None, said: str | None = None) -> Any:
    return tensor(name, np.ones_like(FULL), role, said=said)


MISNAMED = {
    "the mask by another name": named(other("input_mask", "attention_mask")),
    "by where it was taken from": named(other("m", said='enc["attention_mask"]')),
    "the only one that is missing": named(other("valid"), of=TWO),
    "ids by another name": having(named(other("token_ids", "input_ids"), of=TWO), inputs=(other("ids", "input_ids"),)),
}


@pytest.mark.parametrize("facts", MISNAMED.values(), ids=MISNAMED)
def test_a_key_that_is_a_name_of_the_models_spelt_otherwise(facts: CallFacts) -> None:
    finding = check("input-misnamed", facts)
    if facts.model is TWO and facts.inputs[-1].name == "valid":
        assert finding is None  # One that is no mask by any evidence.
        return
    assert slugs(facts) == ["input-misnamed"]


def test_segments_for_a_model_without_them() -> None:
    finding = check("input-unexpected", named(other("token_type_ids", "token_type_ids")))
    assert finding is not None
    assert finding.evidence["unexpected"] == ["token_type_ids"]
    assert slugs(named(other("token_type_ids", "token_type_ids"))) == ["input-unexpected"]


EXPECTED = {
    "all are known": named(other("attention_mask", "attention_mask")),
    "one that is rarely given": named(tensor("head_mask", np.ones((2, 2), "float32"), "attention_mask")),
    "it went through": named(other("token_type_ids", "token_type_ids"), error=None, seen=True),
    "raised further in": named(other("token_type_ids", "token_type_ids"), seen=True),
    "a model of one's own": named(other("segments", "token_type_ids"), of=model(inputs={})),
    "Keras leaves it out": named(other("token_type_ids", "token_type_ids"), of=TWO, error=None, seen=True),
    "Keras leaves it out, a fault elsewhere": named(
        other("token_type_ids", "token_type_ids"), other("attention_mask", "attention_mask"), of=TWO
    ),
    "by place": named(other("input 5")),
    "by place, among what does not bind": named(other("*")),
}


@pytest.mark.parametrize("facts", EXPECTED.values(), ids=EXPECTED)
def test_inputs_that_the_model_takes_or_leaves_out(facts: CallFacts) -> None:
    assert check("input-misnamed", facts) is None
    assert check("input-unexpected", facts) is None


# -- container-unsupported -------------------------------------------------------------------------------------------


def as_given(error: str | None = "data", container: str = "as given", data_type: str = "dict", **changes: Any) -> Any:
    settings: dict[str, Any] = {"ids": FULL, "labels": [0, 1, 0], "seen": False, **changes}
    return having(call(error=error, **settings), container=container, data_type=data_type)


FEATURE = TensorFacts(
    "input_ids", (), "object", np.array({}, dtype=object), "input_ids", kind="transformers.InputFeatures"
)
OBJECTS = having(as_given(labels=None), inputs=(FEATURE, dataclasses.replace(FEATURE, name="attention_mask")))
UNSUPPORTED = {
    "lists": as_given(kinds="list"),
    "a list of labels": having(as_given(), labels=(tensor("labels", [0, 1, 0], kind="list"),)),
    "objects": OBJECTS,
    "an encoding": as_given(data_type="transformers.BatchEncoding", of=TWO),
    "a direct call": as_given("forward", "dict", kinds="list", labels=None, kind="call", of=TAKES_TWO),
}


@pytest.mark.parametrize("facts", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_a_container_that_is_not_taken(facts: CallFacts) -> None:
    assert slugs(facts) == ["container-unsupported"]


SUPPORTED = {
    "lists that went through": as_given(None, "list", kinds="list", seen=True),
    "lists, and a fault elsewhere": as_given("forward", "list", kinds="list"),
    "arrays": as_given(),
    "lists throughout": having(
        as_given(kinds="list", data_type="list"), labels=(tensor("labels", [0, 1, 0], kind="list"),)
    ),
    "an encoding that went through": as_given(None, "dict", "transformers.BatchEncoding", seen=True),
    "an encoding for transformers' own": as_given(data_type="transformers.BatchEncoding", of=CLASSIFIER),
    "an encoding of rows that differ": as_given(labels=[0, 1], data_type="transformers.BatchEncoding", of=TWO),
    "strings": having(as_given(), inputs=(tensor("input_ids", np.array(["a", "b"]), "input_ids", kind="list"),)),
    "ragged rows": having(
        as_given(), inputs=(tensor("input_ids", np.array([[1], [1, 2]], dtype=object), "input_ids", kind="list"),)
    ),
    "a dataset with labels beside it": having(
        OBJECTS, inputs=(dataclasses.replace(FEATURE, kind="tensorflow._BatchDataset"),)
    ),
    "a direct call of a model of one's own": as_given(
        "forward", "dict", kinds="list", labels=None, kind="call", of=model(inputs={})
    ),
}


@pytest.mark.parametrize("facts", SUPPORTED.values(), ids=SUPPORTED)
def test_a_container_that_is_taken_or_not_to_blame(facts: CallFacts) -> None:
    assert check("container-unsupported", facts) is None


# -- sequence-length-mismatch ----------------------------------------------------------------------------------------

FIXED = model(type="Functional", inputs={"input_ids": (None, 8), "attention_mask": (None, 8)})


def test_another_length_than_the_models() -> None:
    facts = call(FULL, np.ones_like(FULL), of=FIXED, error="forward", seen=False)
    finding = check("sequence-length-mismatch", facts)
    assert finding is not None
    assert finding.evidence["expected"] == {"input_ids": 8, "attention_mask": 8}
    assert slugs(facts) == ["sequence-length-mismatch"]


def test_inputs_of_two_lengths() -> None:
    facts = call(FULL, np.ones((3, 5), "int32"), error="forward")
    finding = check("sequence-length-mismatch", facts)
    assert finding is not None
    assert finding.evidence["lengths"] == {"input_ids": 6, "attention_mask": 5}


ONE_LENGTH = {
    "free": call(FULL, np.ones_like(FULL), of=TWO, error="forward"),
    "as it was made for": call(batch([8, 8]), np.ones((2, 8), "int32"), of=FIXED, error="forward"),
    "it went through": call(FULL, np.ones_like(FULL), of=FIXED),
    "a mask (batch, 1)": call(FULL, np.ones((3, 1), "int32"), error="forward"),
    "a mask of three axes": call(FULL, np.ones((3, 6, 6), "int32"), error="forward"),
    "two texts": call(FULL, others=[tensor("second", batch([4, 4, 4]), "input_ids")], error="forward"),
    "two encoders": call(FULL, np.ones((3, 5), "int32"), of=model([BERT, BERT]), error="forward"),
    "rows differ too": call(FULL, np.ones((2, 5), "int32"), error="forward"),
    "a fault in the loss": call(FULL, np.ones_like(FULL), of=FIXED, outputs=(3, 2), error="loss"),
    "an Input of one number": call(FULL, of=model(inputs={"input_ids": (None, 1)}), error="forward"),
    "an Input of three axes": call(FULL, of=model(inputs={"input_ids": (None, None, 8)}), error="forward"),
}


@pytest.mark.parametrize("facts", ONE_LENGTH.values(), ids=ONE_LENGTH)
def test_one_length_or_none_that_is_fixed(facts: CallFacts) -> None:
    assert check("sequence-length-mismatch", facts) is None
