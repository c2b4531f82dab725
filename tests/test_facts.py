"""Padding, named axes, values in words, and what else the facts say of themselves."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, ROBERTA, TOKENIZER, call, model, tensor
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.facts.axes import axis_names, shape_text, token_axes
from bertmagic.facts.padding import padded_rows, padding_positions
from bertmagic.facts.tensors import values_text

# -- padding ---------------------------------------------------------------------------------------------------------

ROWS = {
    "none": ("2 5 3", "..."),
    "at the end": ("2 5 3 0 0", "...##"),
    "at the beginning": ("0 0 2 5 3", "##..."),
    "between tokens": ("2 0 5 0 3", "....."),
    "between tokens and at the end": ("2 0 5 3 0", "....#"),
    "at both sides: the end counts": ("0 2 5 3 0", "....#"),
    "throughout": ("0 0 0", "###"),
    "one token": ("5", "."),
    "one padding token": ("0", "#"),
}


@pytest.mark.parametrize(("row", "padding"), ROWS.values(), ids=ROWS)
def test_padding_of_a_row(row: str, padding: str) -> None:
    ids = np.array([[int(each) for each in row.split()]])
    assert "".join("#" if each else "." for each in padding_positions(ids, 0)[0]) == padding


OWN_END = {
    "its own end": ("2 5 9", "..."),
    "its own end, then padding": ("2 5 9 9 9", "...##"),
    "at the beginning": ("9 9 2 5 9", "##..."),
    "throughout": ("9 9 9", "###"),
    "none of it": ("2 5 6", "..."),
    "between tokens": ("2 9 5 9", "...."),
}


@pytest.mark.parametrize(("row", "padding"), OWN_END.values(), ids=OWN_END)
def test_padding_with_the_token_that_ends_a_text(row: str, padding: str) -> None:
    ids = np.array([[int(each) for each in row.split()]])
    assert "".join("#" if each else "." for each in padding_positions(ids, 9, (3, 9))[0]) == padding


def test_each_row_has_its_own_side() -> None:
    ids = np.array([[2, 3, 0, 0], [0, 0, 2, 3], [0, 0, 0, 0], [2, 5, 5, 3]])
    padding = padding_positions(ids, 0)
    assert padding.sum(axis=1).tolist() == [2, 2, 4, 0]
    assert padded_rows(padding).tolist() == [0, 1]


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0)])
@pytest.mark.parametrize("ends", [(), (0,)])
def test_padding_of_an_empty_batch(shape: tuple[int, int], ends: tuple[int, ...]) -> None:
    padding = padding_positions(np.zeros(shape, "int32"), 0, ends)
    assert padding.shape == shape
    assert padded_rows(padding).size == 0


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.lists(st.integers(0, 2), min_size=5, max_size=5), min_size=1, max_size=5), st.sampled_from([(), (0,)])
)
def test_padding_is_of_the_padding_id_and_touches_an_end(rows: list[list[int]], ends: tuple[int, ...]) -> None:
    ids = np.array(rows)
    before = ids.copy()
    padding = padding_positions(ids, 0, ends)
    np.testing.assert_array_equal(ids, before)
    assert (ids[padding] == 0).all()
    for row in padding:
        assert not row.any() or row[-1] or row[0]
        # One run.
        assert int(np.abs(np.diff(row.astype(int))).sum()) <= 1


def test_the_tokenizer_that_made_the_rows_tells_the_padding_before_the_model() -> None:
    facts = call([[2, 5, 3, 7]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=7, made_rows=True))
    found = facts.padding(facts.encoder_calls[0])
    assert found is not None
    assert found[1].tolist() == [[False, False, False, True]]
    assert call([[2, 0]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=None)).pad_id(BERT) == 0


def test_ends_of_a_tokenizer() -> None:
    assert TOKENIZER.ends == (3,)
    assert dataclasses.replace(TOKENIZER, eos_id=3).ends == (3,)
    assert dataclasses.replace(TOKENIZER, sep_id=None, eos_id=9).ends == (9,)
    assert dataclasses.replace(TOKENIZER, sep_id=None).ends == ()


# -- axes ------------------------------------------------------------------------------------------------------------

SIZES = {"batch": 2, "seq": 5, "hidden": 8, "heads": 4, "intermediate": 32, "vocab": 100, "labels": 3}
SHAPES: dict[str, tuple[tuple[int | None, ...], str]] = {
    "scalar": ((), "()"),
    "one a row": ((2,), "(batch=2)"),
    "one text": ((5,), "(seq=5)"),
    "tokens": ((2, 5), "(batch=2, seq=5)"),
    "pooled": ((2, 8), "(batch=2, hidden=8)"),
    "logits": ((2, 3), "(batch=2, labels=3)"),
    "hidden states": ((2, 5, 8), "(batch=2, seq=5, hidden=8)"),
    "feed-forward": ((2, 5, 32), "(batch=2, seq=5, intermediate=32)"),
    "language model": ((2, 5, 100), "(batch=2, seq=5, vocab=100)"),
    "token logits": ((2, 5, 3), "(batch=2, seq=5, labels=3)"),
    "attention": ((2, 4, 5, 5), "(batch=2, heads=4, seq=5, seq=5)"),
    "heads after the sequence": ((2, 5, 4, 2), "(batch=2, seq=5, heads=4, dim3=2)"),
    "an extended mask": ((2, 1, 1, 5), "(batch=2, dim1=1, dim2=1, seq=5)"),
    "unknown": ((7, 11), "(dim0=7, dim1=11)"),
    "positions": ((1, 5), "(dim0=1, seq=5)"),
    "the batch's size is no name elsewhere": ((7, 2), "(dim0=7, dim1=2)"),
    "free": ((None, None), "(batch, seq)"),
    "free batch": ((None, 5), "(batch, seq=5)"),
    "free batch and sequence": ((None, None, 8), "(batch, seq, hidden=8)"),
    "five axes": ((2, 1, 1, 1, 1), "(batch=2, dim1=1, dim2=1, dim3=1, dim4=1)"),
}


@pytest.mark.parametrize(("shape", "text"), SHAPES.values(), ids=SHAPES)
def test_a_shape_in_words(shape: tuple[int | None, ...], text: str) -> None:
    assert shape_text(shape, SIZES) == text


def test_the_place_decides_where_sizes_agree() -> None:
    sizes = {"batch": 8, "seq": 8, "hidden": 8, "heads": 8, "labels": 8}
    assert axis_names((8,), sizes) == ("batch",)
    assert axis_names((8, 8), sizes) == ("batch", "seq")
    assert axis_names((8, 8), sizes, output=True) == ("batch", "labels")
    assert axis_names((8, 8, 8), sizes) == ("batch", "seq", "hidden")
    assert axis_names((8, 8, 8, 8), sizes) == ("batch", "heads", "seq", "seq")


def test_an_output_has_features_before_tokens() -> None:
    sizes = {"batch": 4, "seq": 3, "outputs": 3}
    assert shape_text((4, 3), sizes, output=True) == "(batch=4, outputs=3)"
    assert shape_text((4, 3), sizes) == "(batch=4, seq=3)"
    assert shape_text((None, 3), {"outputs": 3}, output=True) == "(batch, outputs=3)"


def test_a_role_names_its_axes_whatever_their_sizes() -> None:
    """An `Input` of 128 tokens that is fed 8 of a hidden size of 128: both are `seq`."""
    sizes = {"batch": 2, "seq": 8, "hidden": 128}
    assert shape_text((None, 128), sizes, known=token_axes(2)) == "(batch, seq=128)"
    assert shape_text((2, 8), sizes, known=token_axes(2)) == "(batch=2, seq=8)"
    assert token_axes(3, choices=True) == ("batch", "choices", "seq")
    assert token_axes(3) == ()


def test_without_a_known_batch_the_first_axis_is_it() -> None:
    assert shape_text((7, 5), {"seq": 5}) == "(batch=7, seq=5)"


SIZES_OF_CALLS: dict[str, tuple[Any, dict[str, int]]] = {
    "tokens": (call(np.ones((3, 6), "int32"), outputs=(3, 2)), {"batch": 3, "seq": 6, "hidden": 8, "outputs": 2}),
    "embeddings": (call(embeds=np.ones((3, 6, 8))), {"batch": 3, "seq": 6, "hidden": 8, "outputs": 2}),
    "one text": (call(np.ones(6, "int32"), error="forward"), {"seq": 6, "hidden": 8}),
    "choices": (
        call(np.ones((3, 4, 6), "int32"), of=model(choices=True), outputs=(3, 4)),
        {"batch": 3, "choices": 4, "seq": 6, "hidden": 8},
    ),
    "hidden states": (call(np.ones((3, 6), "int32"), outputs=(3, 6, 8)), {"batch": 3, "seq": 6, "hidden": 8}),
    "as many outputs as tokens": (
        call(np.ones((3, 6), "int32"), outputs=(3, 6)),
        {"batch": 3, "seq": 6, "hidden": 8, "outputs": 6},
    ),
    "a feature (batch,) before the tokens": (
        dataclasses.replace(
            call(np.ones((3, 6), "int32"), error="forward"),
            inputs=(tensor("year_ids", [1, 2, 3], "input_ids"), tensor("input_ids", np.ones((3, 6)), "input_ids")),
        ),
        {"batch": 3, "seq": 6, "hidden": 8},
    ),
}


@pytest.mark.parametrize(("facts", "sizes"), SIZES_OF_CALLS.values(), ids=SIZES_OF_CALLS)
def test_the_sizes_of_a_call(facts: Any, sizes: dict[str, int]) -> None:
    assert facts.sizes == sizes


# -- values ----------------------------------------------------------------------------------------------------------

VALUES: dict[str, tuple[Any, str]] = {
    "integers": (np.array([[3, 0], [2003, 7]]), "0 … 2003"),
    "a mask": (np.array([1, 0, 1]), "0 and 1"),
    "one value": (np.ones((2, 2), "int64"), "all 1"),
    "negative": (np.array([-100, 3, 4]), "-100 … 4"),
    "unsigned": (np.array([0, 255], "uint8"), "0 and 255"),
    "booleans": (np.array([True, False]), "False and True"),
    "true": (np.array([True, True]), "all True"),
    "a mask of floats": (np.array([0.0, 1.0, 1.0], "float32"), "0 … 1"),
    "ones of floats": (np.ones(3), "all 1"),
    "ids of floats": (np.array([0.0, 30521.0], "float32"), "0 … 30521"),
    "a negative zero": (np.array([-0.0, 0.0]), "all 0"),
    "halves": (np.array([0.123456, 0.98], "float16"), "0.1235 … 0.98"),
    "an additive mask": (np.array([0.0, -10000.0]), "-10000 … 0"),
    "huge": (np.array([0.0, -3.4e38]), "-3.4e+38 … 0"),
    "not a number": (np.array([1.0, np.nan, np.inf]), "2 of 3 not finite"),
    "strings": (np.array(["a", "b"]), "strings"),
    "bytes": (np.array([b"a"]), "strings"),
    "strings as objects": (np.array(["a", "bc"], dtype=object), "strings"),
    "rows of different lengths": (np.array([[1], [1, 2]], dtype=object), "Python objects"),
    "none at all": (np.zeros((0, 4), "int32"), "no values"),
    "complex": (np.array([1j]), "not numbers"),
    "dates": (np.array(["2020-01-01"], "datetime64[D]"), "not numbers"),
    "records": (np.zeros(2, [("a", "i4")]), "not numbers"),
}


@pytest.mark.parametrize(("values", "text"), VALUES.values(), ids=VALUES)
def test_values_in_words(values: np.ndarray, text: str) -> None:
    assert values_text(tensor("x", values)) == text


def test_values_that_were_not_read() -> None:
    assert values_text(dataclasses.replace(tensor("x", [1]), values=None)) == "not read"


# -- the rest --------------------------------------------------------------------------------------------------------


def test_the_longest_sequence_of_an_encoder() -> None:
    assert dataclasses.replace(BERT, positions=512).max_tokens == 512
    assert dataclasses.replace(ROBERTA, positions=514).max_tokens == 512
    assert dataclasses.replace(BERT, positions=None).max_tokens is None


def test_a_tensor_by_its_name_and_row() -> None:
    ids = tensor("input_ids", [[1], [2]], said='enc["input_ids"]', rows=(3, 7))
    assert ids.called == 'enc["input_ids"]'
    assert (ids.row_index(1), tensor("x", [[1], [2]]).row_index(1)) == (7, 1)
    assert tensor("input_ids", [1]).called == "input_ids"
    assert tensor("x", np.array([1], "uint8")).is_integer
    assert not tensor("x", np.array([True])).is_integer


def test_facts_do_not_change() -> None:
    facts = call([[2, 3]])
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.kind = "predict"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.inputs[0].name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("facts", "ran"),
    [
        (call([[2, 3]]), True),
        (call([[2, 3]], error="loss"), True),
        (call([[2, 3]], error="forward"), False),
        (dataclasses.replace(call([[2, 3]]), outputs=()), False),
    ],
)
def test_whether_the_forward_pass_went_through(facts: Any, ran: bool) -> None:
    assert facts.ran is ran
