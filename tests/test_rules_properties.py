"""Batches of any size: a right one gets nothing, and a fault in it is named first."""

from __future__ import annotations

from typing import Any

import numpy as np
from facts_builder import (
    PAD,
    TOKENIZER,
    VOCABULARY,
    batch,
    call,
    model,
    slugs,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from labels_builder import labelled

TWO = model(inputs={"input_ids": (None, None), "attention_mask": (None, None)})


# -- properties ------------------------------------------------------------------------------------------------------

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
    ids = given_["ids"]
    # Without the tokenizer one padding token at the end of each row could be the texts' own.
    if given_["tokenizer"] is None and ((ids == PAD).sum(axis=1) == 1).all():
        return
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
