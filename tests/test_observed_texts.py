"""What is seen of texts, rows and words without any framework: lengths, lists beside, exceptions behind exceptions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertmagic.facts.cell import CellFacts, RaisedFacts, TokenizerCallFacts, ValueFacts
from bertmagic.observe.failure import raised_facts
from bertmagic.observe.names import Names
from bertmagic.observe.texts import text_facts
from bertmagic.observe.tokenizers import pair
from bertmagic.observe.values import describe, row_lengths


def value(each: Any, place: str = "args[0]", said: str | None = None) -> ValueFacts:
    return describe(each, place, said, origin=lambda _: None, field_of=lambda _: None)


@pytest.mark.parametrize(
    ("rows", "lengths"),
    [
        ([[1, 2], [3]], (2, 1)),
        ([np.zeros(4), np.zeros(6)], (4, 6)),
        ([np.zeros((1, 4)), np.zeros((1, 6))], (4, 6)),
        ([np.zeros(4), np.zeros((1, 6))], ()),
        ([np.float32(1), np.float32(2)], ()),
        ([["a"], ["b", "c"]], ()),
        ([], ()),
        ({"input_ids": [[1], [2, 3]]}, (1, 2)),
    ],
)
def test_lengths_of_rows(rows: Any, lengths: tuple[int, ...]) -> None:
    assert row_lengths(rows) == lengths


def test_lists_with_one_item_a_word() -> None:
    names = Names(
        {"tags": [[0, 1], [1]], "data": {"pos": [["A", "B"], ["C"]]}, "other": [[0], [1]], "_own": [[1, 2], [3]]}
    )
    assert dict(names.rows((2, 1))) == {"tags": ((0, 1), (1,)), "data['pos']": (("A", "B"), ("C",))}
    assert dict(Names({"tags": [0, 1], "array": np.array([3, 4])}).rows((2,))) == {
        "tags": ((0, 1),),
        "array": ((3, 4),),
    }


def seen(texts: Any, **names: Any) -> Any:
    return text_facts(texts, Names({**names, "texts": texts}), split=False)


def test_the_words_of_a_text() -> None:
    facts = seen(["the", "ferry", "left", "."], line="The ferry", sentence="the ferry left.")
    assert (facts.words_of, facts.running) == ("sentence", ("the", "."))
    assert seen(["red", "green"], sentence="red or green").words_of is None


def test_the_cleaned_words_of_a_text() -> None:
    sentence = "Honestly, the BEST concert in years!!! #nofilter"
    assert seen(["honestly", "the", "best", "concert", "in", "years"], sentence=sentence).words_of == "sentence"
    for others in (
        ["the", "honestly", "best", "concert", "in", "years"],  # in another order
        ["best", "concert", "years", "nofilter"],  # some of its words, looked up one by one
        ["honestly the", "best", "concert in", "years nofilter"],  # phrases
        ["honestly", "the", "best", "concert", "of", "years"],
    ):
        assert seen(others, sentence=sentence).words_of is None
    assert seen(["best", "one", "yet"], sentence="Best one yet!").words_of is None  # so few may be words of any list
    assert seen([["a"], ["b", "c"]]).inner == (1, 2)
    assert seen(["a", None]).odd == ((1, "NoneType", "None"),)


def test_a_description_of_a_tensor_is_no_text() -> None:
    assert seen('Tensor("args_0:0", shape=(), dtype=string)').is_symbolic
    assert not seen('what is Tensor("args_0:0", shape=(), dtype=string)').is_symbolic


def test_exceptions_behind_the_last_one() -> None:
    def fails() -> None:
        try:
            {}["first"]
        except KeyError as error:
            raise ValueError("second") from error

    with pytest.raises(ValueError, match="second") as caught:
        fails()
    assert raised_facts(caught.value, {}, value).causes == ("'first'",)
    missing = NameError("name 'torch' is not defined", name="torch")
    assert raised_facts(missing, {}, value).missing == "torch"


def length_of(text: str) -> int:
    return len(text)


def test_a_function_that_calls_no_tokenizer() -> None:
    assert value(length_of).tokenizer is None
    assert value(str).needs == ()


def test_a_class_that_stands_in_for_another() -> None:
    class DummyObject(type):
        def __getattribute__(cls, key: str) -> Any:
            raise ImportError(key)

    stand_in = DummyObject("BertModel", (), {"_backends": ["torch"]})
    from bertmagic.observe.values import _needs

    assert _needs(stand_in) == ("torch",)


def test_rows_of_objects_are_of_no_tokenizer() -> None:
    rows = np.empty(2, object)
    rows[0], rows[1] = np.array([1, 2]), np.array([3])
    assert pair(rows, [], {}) is None


def test_a_row_is_found_by_its_tokens() -> None:
    made = TokenizerCallFacts(None, "__call__", None, rows=(np.array([2, 7, 3]), np.array([2, 8, 3])))  # type: ignore[arg-type]
    assert made.row_of(np.array([2, 8, 3, 0, 0])) == 1
    assert made.row_of(np.array([2, 9, 3])) is None
    assert made.row_of(np.array([None, 1], object)) is None
    assert not CellFacts(raised=None).ended_in(None)
    assert RaisedFacts("ValueError", "x").causes == ()
