"""The rules on texts, words, rows and frameworks: what they find, and where they are silent."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from cell_builder import cell, raised, texts, tokenized, value
from facts_builder import CLS, SEP, TOKENIZER, call, check, having, model, tensor
from test_messages_texts import FACTS
from text_facts import IDS, TAGGER, aligned, cased, ended, failed, lists, maker, rows, words_fed

from bertmagic.facts.cell import CellFacts, ValueFacts
from bertmagic.finding import Finding
from bertmagic.rules import RULES
from bertmagic.rules.order import CAUSES, of_calls

RULES_HERE = (
    "text-not-valid",
    "tokenizer-in-graph",
    "word-list-as-batch",
    "framework-mismatch",
    "ragged-rows",
    "labels-not-aligned",
    "tokenizer-casing",
)
TF_CLASS = value("TFBertTokenizer", "TFBertTokenizer", "transformers", needs=("tensorflow_text",))
JOINED = "Dimension 1 in both shapes must be equal"
A_TAG = [[-100, 1, 2, 0, -100, -100], [-100, 1, 0, -100, -100, -100]]
ERROR = ("ValueError", "Unable to create tensor")
BATCHED = (
    "Cannot batch tensors with different shapes in component 0. "
    "First element had shape [11] and element 1 had shape [9]."
)
PICTURES = BATCHED.replace("[11]", "[32,32,3]").replace("[9]", "[32,30,3]")

SILENT: dict[str, CellFacts] = {
    "nothing happened": cell(),
    "a failure that was caught": having(failed(texts(odd=((1, "NoneType", "None"),))), raised=None),
    "another failure after one that was caught": having(
        failed(texts("names", "other", kind="ndarray")), raised=raised("KeyError", text="'label'")
    ),
    "an odd second text that a slow tokenizer leaves out": cell(
        tokenizer_calls=[tokenized(texts(), pairs=texts("contexts", odd=((1, "NoneType", "None"),)))]
    ),
    "a setting that is not known": failed(texts(), ("ValueError", "xx is not a valid TensorType"), return_tensors="xx"),
    "tensors with values in a function of the user's": cell(tokenizer_calls=[tokenized(texts(None, "text"))]),
    "a symbolic tensor that was caught": having(
        failed(texts("t", "other", kind="SymbolicTensor", is_symbolic=True)), raised=None
    ),
    "a tokenizer that takes symbolic tensors": cell(
        tokenizer_calls=[tokenized(texts("t", "other", kind="SymbolicTensor", is_symbolic=True))]
    ),
    "another function traced": cell(
        raised=raised(
            "AttributeError",
            value("crop", "function", "python"),
            text="'SymbolicTensor' object has no attribute 'numpy'",
        )
    ),
    "one-word texts": words_fed(),
    "one-word texts for a tagger": words_fed(TAGGER),
    "names out of a string": words_fed(words_of="colours"),
    "groups of words": words_fed(beside="groups[0]", running=("the", "of")),
    "words that no model is given": having(words_fed(words_of="sentence", running=("the",)), calls=()),
    "words split, and told": having(
        words_fed(words_of="sentence", running=("the",)),
        tokenizer_calls=(
            having(words_fed(words_of="sentence", running=("the",)).tokenizer_calls[0], is_split_into_words=True),
        ),
    ),
    "words set against their whole text": having(
        words_fed(words_of="sentence", running=("the",)),
        tokenizer_calls=(
            *words_fed(words_of="sentence", running=("the",)).tokenizer_calls,
            tokenized(texts("sentence", "text", 1)),
        ),
    ),
    "NumPy's arrays": cell(
        call(IDS, kinds="numpy.ndarray"), tokenizer_calls=[tokenized(return_tensors="np", lengths=(6, 6))]
    ),
    "a package of another kind": cell(raised=raised("ImportError", TF_CLASS)),
    "the user's own import": cell(raised=raised("ModuleNotFoundError", missing="torch", source="import torch")),
    "another library's need": cell(raised=raised("ModuleNotFoundError", missing="torch", callee="timm.models.create")),
    "PyTorch is there": cell(
        raised=raised("NameError", missing="torch", callee="transformers.pipelines.pipeline"),
        versions={"torch": "2.9.0"},
    ),
    "PyTorch's tensors that a TensorFlow model took": cell(
        call(IDS, kinds="torch.Tensor"), raised=raised("KeyError", text="'score'")
    ),
    "rows of one length that fail": failed(texts(), ERROR, return_tensors="tf", lengths=(7, 7)),
    "ragged lists that nothing was made of": cell(tokenizer_calls=[tokenized(lengths=(11, 9))]),
    "a ragged tensor that a model takes": cell(
        call(others=[tensor("words", lists(5, 7), said="ids", kind="tensorflow.RaggedTensor")])
    ),
    "rows of one length": cell(raised=maker("np.array", "np.array(ids, int)", rows("ids", 4, 4, place="name"))),
    "ragged rows that a function was given first": cell(
        raised=maker("np.array", "np.array(pad(ids))", rows("ids", 4, 6, place="name"))
    ),
    "something else than making an array": cell(raised=maker("train", "train(ids)", rows("ids", 4, 6))),
    "joined along the axis that differs": cell(
        raised=maker("tf.concat", "tf.concat(parts, 0)", rows("parts", 4, 6), text="expected int32, got int64")
    ),
    "a missing name beside ragged rows": cell(
        raised=maker("np.array", "np.array(ids)", rows("ids", 4, 6, place="name"), kind="NameError")
    ),
    "pictures of different sizes": cell(raised=raised("InvalidArgumentError", text=PICTURES)),
    "other elements of different lengths": cell(
        tokenizer_calls=[tokenized(lengths=(8, 8))], raised=raised("InvalidArgumentError", text=BATCHED)
    ),
    "labels on the first tokens": aligned([[-100, 1, 2, -100, 0, -100], A_TAG[1]]),
    "labels on the last tokens": aligned([[-100, 1, -100, 2, 0, -100], A_TAG[1]]),
    "labels on all tokens": aligned([[-100, 1, 2, 2, 0, -100], A_TAG[1]]),
    "labels on every position": aligned([[0, 1, 2, 0, 0, 0], [0, 1, 0, 0, 0, 0]]),
    "labels on every position, in line with the words": aligned(
        [[0, 1, 2, 0, 1, 0], [0, 1, 1, 0, 0, 0]], tags={"tags": ((1, 2, 1), (1, 1))}
    ),
    "other lists with one item a word": aligned(
        [[0, 1, 2, 0, 0, 0], [0, 1, 0, 0, 0, 0]], tags={"lemmas": (("a", "b", "c"), ("d", "e"))}
    ),
    "words of one token each": having(aligned([A_TAG[1], A_TAG[1]], order=[1, 1]), raised=None),
    "a model with an input that says where words are": aligned(
        A_TAG, of=model(said="by_words"), others=[tensor("word_starts", np.ones((2, 6), "int32"))]
    ),
    "another width, and it went through": aligned([[1, 2, 0], [1, 0, 0]]),
    "another width than the words'": aligned([[1, 2, 0, 0], [1, 0, 0, 0]], error="loss"),
    "capitals that a tokenizer knows": cased(),
    "capitals lowered for a vocabulary without them": cased(("Paris", "paris"), lowers=True, capitals=0),
    "capitals kept for a cased vocabulary": cased(("Ærø", "[UNK]"), capitals=400),
    "unknown tokens that no text has": cased(("Oslo", "[UNK]"), unknown=0),
    "a tokenizer whose rows go nowhere": having(cased(("Oslo", "[UNK]")), calls=()),
    "another tokenizer's rows": having(
        cased(("Oslo", "[UNK]")),
        calls=(call([[CLS, 5, SEP]], tokenizer=dataclasses.replace(TOKENIZER, said="usual", made_rows=True)),),
    ),
}


@pytest.mark.parametrize("slug", RULES_HERE)
@pytest.mark.parametrize("facts", SILENT.values(), ids=SILENT)
def test_silent(slug: str, facts: CellFacts) -> None:
    assert check(slug, facts) is None


@pytest.mark.parametrize(("slug", "facts"), FACTS.values(), ids=FACTS)
def test_only_its_own_rule_finds_it(slug: str, facts: CellFacts) -> None:
    found = [each for name in RULES_HERE if (each := check(name, facts)) is not None]
    assert [each.rule for each in of_calls([], found)] == [slug]
    assert found[0].severity == RULES[slug].severity
    assert found[0].evidence


FOUND: dict[str, tuple[str, CellFacts, dict[str, Any]]] = {
    "a second text": (
        "text-not-valid",
        failed(texts("questions"), pairs=texts("contexts", odd=((1, "NoneType", "None"),))),
        {"not strings": [[1, "NoneType", "None"]], "texts": 3},
    ),
    "a failure told by another": (
        "text-not-valid",
        having(
            failed(texts(odd=((1, "NoneType", "None"),))),
            raised=raised("RuntimeError", text="no good", causes=("text input must be of type `str`",)),
        ),
        {"not strings": [[1, "NoneType", "None"]], "texts": 3},
    ),
    "a tensor in a list": (
        "tokenizer-in-graph",
        failed(texts(None, odd=((0, "SymbolicTensor", "<tf.Tensor>"),), is_symbolic=True)),
        {"tokenizer": "tokenizer"},
    ),
    "joined below one another": (
        "ragged-rows",
        cell(raised=maker("tf.concat", "tf.concat(parts, 0)", rows("parts", 4, 6), text=JOINED)),
        {"lengths of the rows": [4, 6]},
    ),
    "in a tuple of a dataset's parts": (
        "ragged-rows",
        cell(
            raised=maker(
                "tf.data.Dataset.from_tensor_slices",
                "tf.data.Dataset.from_tensor_slices((dict(enc), labels))",
                rows("enc", 4, 6, place="name"),
            )
        ),
        {"lengths of the rows": [4, 6]},
    ),
    "one text at a time": (
        "ragged-rows",
        cell(
            tokenizer_calls=[tokenized(texts(None, "text"), lengths=(n,)) for n in (5, 8)],
            raised=maker("np.array", 'np.array([tokenizer(t)["input_ids"] for t in lines])'),
        ),
        {"lengths of the rows": [5, 8]},
    ),
    "ragged labels": (
        "ragged-rows",
        ended(call(IDS, labels=lists(5, 7), error="forward")),
        {"lengths of the rows": [5, 7]},
    ),
    "labels from the first position on": (
        "labels-not-aligned",
        aligned([[1, 2, 0, -100, -100, -100], [1, 0, -100, -100, -100, -100]]),
        {"positions of the labels": [0, 1, 2], "rows": [0, 1]},
    ),
    "labels of a plain call": (
        "labels-not-aligned",
        aligned([[1, 2, 0, -100, -100, -100], [1, 0, -100, -100, -100, -100]], kind="call"),
        {"positions of the labels": [0, 1, 2], "rows": [0, 1]},
    ),
    "a shuffled batch": (
        "labels-not-aligned",
        aligned([A_TAG[1], A_TAG[0]], order=[1, 0]),
        {"rows": [1], "words": 3, "tokens": 4, "first tokens of the words": [1, 2, 4]},
    ),
    "labels on every position, one a word": (
        "labels-not-aligned",
        aligned([[0, 1, 2, 1, 0, 0], [0, 1, 1, 0, 0, 0]], tags={"tags": ((1, 2, 1), (1, 1))}),
        {"positions of the labels": [1, 2, 3]},
    ),
    "names of labels": (
        "labels-not-aligned",
        aligned([[0, 1, 2, 1, 0, 0], [0, 1, 1, 0, 0, 0]], tags={"tags": (("B", "I", "B"), ("B", "B"))}),
        {"positions of the labels": [1, 2, 3]},
    ),
}


@pytest.mark.parametrize(("slug", "facts", "evidence"), FOUND.values(), ids=FOUND)
def test_found(slug: str, facts: CellFacts, evidence: dict[str, Any]) -> None:
    finding = check(slug, facts)
    assert finding is not None
    assert {key: finding.evidence[key] for key in evidence} == evidence


def test_none_is_shown_as_it_is() -> None:
    finding = check("text-not-valid", failed(texts(odd=((2, "NoneType", "None"),))))
    assert finding is not None
    assert finding.detail == (
        "`texts` holds None at index 2, where `tokenizer` takes strings only. ValueError is raised."
    )


@pytest.mark.parametrize(
    ("cause", "symptom"),
    [
        ("word-list-as-batch", "special-tokens-doubled"),
        ("word-list-as-batch", "row-count-mismatch"),
        ("ragged-rows", "container-unsupported"),
        ("labels-not-aligned", "labels-shape"),
        ("tokenizer-model-mismatch", "tokenizer-casing"),
    ],
)
def test_the_cause_leaves_its_symptom_out(cause: str, symptom: str) -> None:
    def finding(slug: str) -> Finding:
        return Finding(slug, RULES[slug].severity, "x", "title", "detail")

    assert symptom in CAUSES[cause]
    assert [each.rule for each in of_calls([[finding(symptom)]], [finding(cause)])] == [cause]


@pytest.mark.parametrize("traced", [value("encode", "function", "python", tokenizer="tokenizer"), None])
def test_a_call_that_a_graph_was_traced_through_was_not_seen_to_its_end(traced: ValueFacts | None) -> None:
    begun = tokenized(texts("text", "other", is_symbolic=True, kind="SymbolicTensor"), ended=False)
    told = "" if traced else 'in user code: File "transformers/tokenization_utils_base.py", line 2855, in __call__'
    stopped = raised("ValueError", *([traced] if traced else []), text=told)
    finding = check("tokenizer-in-graph", cell(tokenizer_calls=[begun], raised=stopped))
    assert finding is not None
    assert finding.detail.endswith("there is no text yet. ValueError is raised.")
    assert check("tokenizer-in-graph", cell(tokenizer_calls=[begun])) is None
    assert check("tokenizer-in-graph", cell(tokenizer_calls=[begun], raised=raised("KeyError"))) is None


def test_rows_that_are_arrays_of_another_length_are_no_text() -> None:
    ragged = np.empty(2, object)
    ragged[:] = [np.array([CLS, 5, SEP]), np.array([CLS, SEP])]
    assert (
        RULES["text-not-tokenized"].check(call(others=[tensor("input_ids", ragged, "input_ids")], error="forward"))
        is None
    )
