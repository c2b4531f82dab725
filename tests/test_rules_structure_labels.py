"""The rules on structure, lengths and labels: what each must name, and what is unusual and right."""

from __future__ import annotations

import ast
import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, SEP, TOKENIZER, batch, call, check, model, slugs, tensor
from test_messages_structure_labels import MESSAGES

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FULL = batch([6, 6, 6])
ONE = FULL[0]
CLASSIFIER = model(type="TFBertForSequenceClassification", sizes={"labels": 2})
TAGGER = model(type="TFBertForTokenClassification", sizes={"labels": 2})
CHOOSER = model(type="TFBertForMultipleChoice", choices=True)


def having(facts: CallFacts, **changes: Any) -> CallFacts:
    return dataclasses.replace(facts, **changes)


def computed(facts: CallFacts, value: float = 0.7, **changes: Any) -> CallFacts:
    """The facts where the loss was computed and gave `value`."""
    assert facts.loss is not None
    return having(facts, loss=dataclasses.replace(facts.loss, value=value, **changes))


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
        example(labels=np.eye(3, dtype="float32")[0]),
        example(labels=None, kind="predict", tokenizer=TOKENIZER),
        example(labels=ONE, tokenizer=TOKENIZER),
        having(example(error=None), outputs=(), encoder_calls=call(received={"input_ids": ONE[:, None]}).encoder_calls),
        example(ids=FULL[:2], of=CHOOSER),
    ],
    ids=["ids", "with a mask", "one-hot", "no labels", "one label a token", "it runs", "choices"],
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


# -- labels-out-of-range ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "found", "rows"),
    [([0, 2, 1], [2], [1]), ([-1, 0, -1], [-1], [0, 2]), ([[0], [1], [5]], [5], [2]), ([1.0, 2.0, 0.0], [2], [1])],
)
def test_a_class_without_an_output(labels: Any, found: list[int], rows: list[int]) -> None:
    facts = call(FULL, of=CLASSIFIER, labels=labels, outputs=(3, 2), loss="sparse", error="loss")
    finding = check("labels-out-of-range", facts)
    assert finding is not None
    assert finding.evidence["labels"] == found
    assert finding.evidence["rows"] == rows
    assert slugs(facts) == ["labels-out-of-range"]


def test_nothing_is_raised_on_a_gpu() -> None:
    facts = call(FULL, labels=[0, 2, 1], outputs=(3, 2), loss="sparse")
    assert check("labels-out-of-range", computed(facts, float("nan"))) is not None
    # The row was not among those that were run.
    assert check("labels-out-of-range", computed(having(facts, rows_run=(0, 2)))) is not None
    assert check("labels-out-of-range", computed(having(facts, rows_run=(0, 1)))) is None


@pytest.mark.parametrize("kind", ["ForTokenClassification", "ForMaskedLM"])
def test_minus_one_is_not_what_a_loss_over_tokens_leaves_out(kind: str) -> None:
    labels = np.where(FULL > 50, -1, 0)
    facts = computed(call(FULL, of=model(type=f"TFBert{kind}"), labels=labels, outputs=(3, 6, 4), loss="internal"))
    finding = check("labels-out-of-range", facts)
    assert finding is not None
    assert finding.evidence["labels"] == [-1]


def sparse(labels: Any, outputs: tuple[int, ...] = (3, 2), **changes: Any) -> CallFacts:
    return computed(call(FULL, labels=labels, outputs=outputs, loss="sparse"), **changes)


def internal(kind: str, labels: Any, outputs: tuple[int, ...]) -> CallFacts:
    return computed(call(FULL, of=model(type=f"TFBert{kind}"), labels=labels, outputs=outputs, loss="internal"))


MINUS_HUNDRED = np.where(FULL > 50, -100, 1)
IN_RANGE = {
    "in range": sparse([0, 1, 1]),
    "(batch, 1)": sparse([[0], [1], [1]]),
    "unsigned": sparse(np.array([0, 1, 1], "uint8")),
    "booleans": sparse(np.array([True, False, True])),
    "floats": sparse(np.array([0.0, 1.0, 1.0])),
    "a class to ignore": sparse([0, -1, 1], ignored=-1),
    "-100 for the loss over tokens": internal("ForTokenClassification", MINUS_HUNDRED, (3, 6, 2)),
    "-100 for masked language models": internal("ForMaskedLM", MINUS_HUNDRED, (3, 6, 100)),
    "-100 for next sentences": internal("ForNextSentencePrediction", [-100, 0, 1], (3, 2)),
    "a regression": internal("ForSequenceClassification", [1.5, 4.0, -2.0], (3, 1)),
    "a regression on whole numbers": internal("ForSequenceClassification", [1, 4, 5], (3, 1)),
    "choices": internal("ForMultipleChoice", [0, 3, 1], (3, 4)),
    "a head of one's own": internal("ForSomethingElse", [-1, 5, 0], (3, 2)),
    "a loss of one's own": computed(call(FULL, labels=[-1, 5, 0], loss="other")),
    "one-hot for a categorical loss": computed(call(FULL, labels=np.eye(3, 2), loss="categorical")),
    "numbers for a regression": computed(call(FULL, labels=[3.5, -1.0, 9.0], outputs=(3, 1), loss="regression")),
    "no loss was computed": call(FULL, labels=[0, 2, 1], loss="sparse"),
    "another fault came first": call(FULL, labels=[0, 2, 1], outputs=(3, 2), loss="sparse", error="forward"),
    "no labels": call(FULL, loss="sparse"),
    "no loss": call(FULL, labels=[0, 2, 1]),
    "two labels": computed(
        call(FULL, labels={"start": np.array([9, 9, 9]), "end": np.array([9, 9, 9])}, loss="internal")
    ),
    "not finite": sparse(np.array([0.0, np.nan, 1.0])),
    "strings": sparse(np.array(["good", "bad", "good"])),
    "a number in the place of it all": sparse([0, 7, 1], value=0.3, ignored=7),
    "of another shape": sparse(np.full((3, 6), 4)),
    "empty": sparse(np.zeros((0,), "int32"), (0, 2)),
}


@pytest.mark.parametrize("facts", IN_RANGE.values(), ids=IN_RANGE)
def test_labels_that_have_their_output(facts: CallFacts) -> None:
    assert check("labels-out-of-range", facts) is None


# -- loss-mismatch ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "labels", "outputs", "fits"),
    [
        ("categorical", [0, 1, 2], (3, 3), "sparse_categorical_crossentropy"),
        ("categorical", [[0], [1], [2]], (3, 3), "sparse_categorical_crossentropy"),
        ("categorical", [0.0, 1.0, 2.0], (3, 3), "sparse_categorical_crossentropy"),
        ("categorical", np.zeros((3, 6), "int32"), (3, 6, 4), "sparse_categorical_crossentropy"),
        ("binary", [0, 1, 1], (3, 2), "sparse_categorical_crossentropy"),
        ("sparse", np.eye(3, dtype="float32"), (3, 3), "categorical_crossentropy"),
        ("sparse", np.eye(4, dtype="int32")[np.zeros((3, 6), int)], (3, 6, 4), "categorical_crossentropy"),
        ("sparse", [0, 1, 1], (3, 1), "binary_crossentropy"),
    ],
)
def test_another_loss_fits_the_very_same_labels(kind: Any, labels: Any, outputs: Any, fits: str) -> None:
    facts = call(FULL, labels=labels, outputs=outputs, loss=kind, error="loss")
    finding = check("loss-mismatch", facts)
    assert finding is not None
    assert finding.evidence["the loss that fits"] == fits
    assert slugs(facts) == ["loss-mismatch"]


@pytest.mark.parametrize(
    ("kind", "labels", "outputs"),
    [("binary", [[0], [1], [1]], (3, 2)), ("categorical", [0, 1, 1], (3, 1)), ("sparse", [0, 0, 0], (3, 1))],
)
def test_another_loss_where_nothing_is_raised(kind: Any, labels: Any, outputs: Any) -> None:
    facts = computed(call(FULL, labels=labels, outputs=outputs, loss=kind))
    assert slugs(facts) == ["loss-mismatch"]


def compared(kind: Any, labels: Any, outputs: tuple[int, ...], error: str | None = None, **changes: Any) -> CallFacts:
    return computed(call(FULL, labels=labels, outputs=outputs, loss=kind, error=error), **changes)


MEANT = {
    "sparse": compared("sparse", [0, 1, 2], (3, 3)),
    "one-hot": compared("categorical", np.eye(3), (3, 3)),
    "soft labels": compared("categorical", np.full((3, 3), 1 / 3), (3, 3)),
    "several classes a text": compared("categorical", np.array([[1, 1, 0], [0, 0, 1], [1, 0, 1]]), (3, 3)),
    "binary, (batch,)": compared("binary", [0, 1, 1], (3, 1)),
    "binary, (batch, 1)": compared("binary", [[0], [1], [1]], (3, 1)),
    "binary, one-hot": compared("binary", np.eye(3), (3, 3)),
    "binary, several classes a text": compared("binary", np.ones((3, 4)), (3, 4)),
    "binary, soft": compared("binary", [0.2, 0.9, 0.5], (3, 2)),
    "binary over tokens": compared("binary", np.zeros((3, 6), "int32"), (3, 6, 1)),
    "squared error on 0 and 1": compared("regression", [0, 1, 1], (3, 1)),
    "squared error on one-hot rows": compared("regression", np.eye(3), (3, 3)),
    "a loss of one's own": compared("other", [0, 1, 2], (3, 3)),
    "transformers' own": compared("internal", [0, 1, 2], (3, 3)),
    "tokens, sparse": compared("sparse", np.zeros((3, 6), "int32"), (3, 6, 4)),
    "classes beyond the outputs": compared("categorical", [0, 1, 7], (3, 3), "loss"),
    "negative classes": compared("binary", [-1, 1, 1], (3, 2)),
    "no loss was computed": call(FULL, labels=[0, 1, 1], outputs=(3, 1), loss="sparse"),
    "one output and labels of another range": compared("sparse", [0, 3, 1], (3, 1), "loss"),
    "one output, a class to ignore": compared("sparse", [0, 1, 1], (3, 1), ignored=1),
    "strings": compared("categorical", np.array(["a", "b", "c"]), (3, 3), "loss"),
    "not finite": compared("binary", [0.0, np.nan, 1.0], (3, 2)),
    "rows that are no one-hot rows": compared("sparse", np.array([[1, 1, 0]] * 3), (3, 3), "loss"),
    "categorical, nothing raised": compared("categorical", [0, 1, 2], (3, 3)),
}


@pytest.mark.parametrize("facts", MEANT.values(), ids=MEANT)
def test_a_loss_that_may_be_meant(facts: CallFacts) -> None:
    assert check("loss-mismatch", facts) is None


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
    assert not {"input-missing", "labels-missing", "labels-shape"} & set(slugs(facts))


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


# -- logits-flag-mismatch --------------------------------------------------------------------------------------------

LOGITS = np.array([[0.3, -0.4], [1.5, 0.2], [-2.0, 3.0]], "float32")
SHARES = np.array([[0.3, 0.7], [0.5, 0.5], [0.0, 1.0]], "float32")


def flagged(outputs: Any, kind: Any = "sparse", flag: bool | None = False, labels: Any = (0, 1, 1)) -> CallFacts:
    facts = call(FULL, labels=np.asarray(labels), outputs={"logits": outputs}, loss=kind)
    return computed(facts, from_logits=flag)


@pytest.mark.parametrize(
    "facts",
    [
        flagged(LOGITS),
        flagged(LOGITS, "categorical", labels=np.eye(2)[[0, 1, 1]]),
        flagged(LOGITS[:, :1], "binary"),
        flagged(np.abs(LOGITS[:, :1]), "binary"),
    ],
    ids=["sparse", "categorical", "binary", "binary, above 1"],
)
def test_logits_in_a_loss_on_probabilities(facts: CallFacts) -> None:
    assert slugs(facts) == ["logits-flag-mismatch"]


def test_logits_that_happen_to_be_between_0_and_1() -> None:
    facts = flagged(np.abs(LOGITS) / 10)
    own = dataclasses.replace(CLASSIFIER, takes=frozenset({"input_ids"}))
    assert slugs(having(facts, model=own)) == ["logits-flag-mismatch"]
    assert slugs(having(flagged(SHARES), model=own)) == []
    assert slugs(having(facts, model=CLASSIFIER)) == []


FLAGS = {
    "told": flagged(LOGITS, flag=True),
    "probabilities": flagged(SHARES),
    "probabilities, rounded": flagged(SHARES - np.float32(1e-6)),
    "scores that the loss divides by their sum": flagged(np.abs(LOGITS)),
    "logits that are not negative, in sum": flagged(np.abs(LOGITS), "categorical", labels=np.eye(2)[[0, 1, 1]]),
    "a sigmoid": flagged(SHARES[:, :1], "binary"),
    "numbers": flagged(LOGITS[:, :1], "regression", None),
    "transformers' own": flagged(LOGITS, "internal", None),
    "a loss of one's own": flagged(LOGITS, "other", None),
    "not finite": flagged(np.where(LOGITS > 1, np.float32("inf"), LOGITS)),
    "no loss was computed": call(FULL, labels=[0, 1, 1], outputs={"logits": LOGITS}, loss="sparse"),
    "prediction": call(FULL, outputs={"logits": LOGITS}, kind="predict"),
}


@pytest.mark.parametrize("facts", FLAGS.values(), ids=FLAGS)
def test_a_flag_that_fits_or_cannot_be_told(facts: CallFacts) -> None:
    assert check("logits-flag-mismatch", facts) is None


# -- outputs-not-finite ----------------------------------------------------------------------------------------------


def test_nan_comes_out() -> None:
    values = np.array([[0.1, np.nan], [0.2, 0.3], [0.1, 0.4]], "float32")
    finding = check("outputs-not-finite", call(FULL, outputs={"logits": values}, kind="predict"))
    assert finding is not None
    assert finding.evidence["rows"] == [0]


FINITE = {
    "finite": call(FULL),
    "infinity that is meant": call(FULL, outputs={"logits": np.array([[-np.inf, 1.0]] * 3)}),
    "it came in": call(
        FULL, others=[tensor("stars", [1.0, np.nan, 2.0])], outputs={"logits": np.full((3, 2), np.nan, "float32")}
    ),
    "the loss of rows without labels": call(FULL, outputs={"loss": np.array(np.nan), "logits": (3, 2)}),
    "whole numbers": call(FULL, outputs={"classes": np.zeros((3,), "int64")}),
    "empty": call(FULL, outputs={"logits": np.zeros((0, 2), "float32")}),
    "raised": call(FULL, outputs={"logits": np.full((3, 2), np.nan)}, error="loss"),
}


@pytest.mark.parametrize("facts", FINITE.values(), ids=FINITE)
def test_outputs_that_are_finite_or_not_to_blame(facts: CallFacts) -> None:
    assert check("outputs-not-finite", facts) is None


# -- sequence-output-unpooled ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "labels", "units", "error"),
    [
        ("sparse", [0, 1, 1], 2, "loss"),
        ("binary", [0, 1, 1], 1, None),
        ("regression", [0.5, 1.5, 1.0], 1, None),
        ("categorical", np.eye(4)[[0, 1, 1]], 4, "loss"),
        ("binary", [[0], [1], [1]], 1, None),
    ],
)
def test_one_prediction_a_token(kind: Any, labels: Any, units: int, error: str | None) -> None:
    facts = compared(kind, labels, (3, 6, units), error)
    finding = check("sequence-output-unpooled", facts)
    assert finding is not None
    assert finding.severity == ("error" if error else "warning")
    assert slugs(facts) == ["sequence-output-unpooled"]


POOLED = {
    "one output a text": compared("sparse", [0, 1, 1], (3, 2)),
    "tags": compared("sparse", np.zeros((3, 6), "int32"), (3, 6, 4)),
    "tags, (batch, seq, 1)": compared("binary", np.zeros((3, 6, 1)), (3, 6, 1)),
    "an axis of another kind": compared("binary", [[0], [1], [1]], (3, 4, 1)),
    "a loss of one's own": compared("other", [0, 1, 1], (3, 6, 2)),
    "transformers' own": compared("internal", [0, 1, 1], (3, 6, 2)),
    "as many texts as tokens": computed(call(batch([3, 3, 3]), labels=np.eye(3), outputs=(3, 3, 3), loss="sparse")),
    "no labels": call(FULL, outputs=(3, 6, 2), kind="predict"),
    "no loss was computed": call(FULL, labels=[0, 1, 1], outputs=(3, 6, 2), loss="sparse"),
    "two outputs": computed(
        call(FULL, labels=[0, 1, 1], outputs={"logits": (3, 6, 2), "pooled": (3, 2)}, loss="sparse")
    ),
}


@pytest.mark.parametrize("facts", POOLED.values(), ids=POOLED)
def test_one_prediction_a_text_or_labels_a_token(facts: CallFacts) -> None:
    assert check("sequence-output-unpooled", facts) is None


# -- regression-head-for-classes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[0, 1, 1], [[0], [1], [1]], np.array([True, False, True])])
def test_classes_for_one_output(labels: Any) -> None:
    assert slugs(internal("ForSequenceClassification", labels, (3, 1))) == ["regression-head-for-classes"]


REGRESSIONS = {
    "ratings": internal("ForSequenceClassification", [1, 4, 5], (3, 1)),
    "floats": internal("ForSequenceClassification", [0.0, 1.0, 1.0], (3, 1)),
    "only one of them": internal("ForSequenceClassification", [1, 1, 1], (3, 1)),
    "two outputs": internal("ForSequenceClassification", [0, 1, 1], (3, 2)),
    "a choice of one's own": internal("ForScoring", [0, 1, 1], (3, 1)),
    "binary cross-entropy": compared("binary", [0, 1, 1], (3, 1)),
    "squared error that was asked for": compared("regression", [0, 1, 1], (3, 1)),
    "evaluating": having(internal("ForSequenceClassification", [0, 1, 1], (3, 1)), kind="evaluate"),
    "no loss was computed": call(FULL, of=CLASSIFIER, labels=[0, 1, 1], outputs=(3, 1), loss="internal"),
}


@pytest.mark.parametrize("facts", REGRESSIONS.values(), ids=REGRESSIONS)
def test_a_regression_that_may_be_meant(facts: CallFacts) -> None:
    assert check("regression-head-for-classes", facts) is None


# -- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slug", "facts"), [(slug, facts) for slug, facts, _ in MESSAGES.values()], ids=MESSAGES)
def test_every_fix_is_code(slug: str, facts: CallFacts) -> None:
    finding = check(slug, facts)
    assert finding is not None
    assert finding.fix is not None
    ast.parse(finding.fix.snippet)
    assert "…" not in finding.fix.snippet


RIGHT = {
    "padded, with its mask": call(IDS, MASK, labels=[0, 1, 0], of=CLASSIFIER),
    "a dataset": having(call(FULL, labels=[0, 1, 0]), container="Dataset"),
    "a regression": computed(call(FULL, labels=[0.5, 1.5, 2.5], outputs=(3, 1), loss="regression")),
    "tags": internal("ForTokenClassification", MINUS_HUNDRED, (3, 6, 2)),
    "prediction": call(FULL, kind="predict"),
    "a feature beside the text": call(
        FULL, others=[tensor("stars", [1.0, 2.0, 3.0])], labels=[0, 1, 1], of=model(inputs={})
    ),
    "left padding": call(IDS[:, ::-1], MASK[:, ::-1], encoder=BERT),
    "one token a row": call([[CLS], [SEP]], labels=[0, 1]),
}


@pytest.mark.parametrize("facts", RIGHT.values(), ids=RIGHT)
def test_right_calls_get_nothing(facts: CallFacts) -> None:
    assert slugs(facts) == []
