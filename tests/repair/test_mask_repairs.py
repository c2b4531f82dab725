"""The mask, the pooling and the padding are mended where one would mend them, and what is right beside them is left."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Any

import pytest
from facts_builder import TOKENIZER, call

from bertmagic.facts.cell import CellFacts
from bertmagic.facts.site import Site
from bertmagic.finding import Finding
from bertmagic.repair.flow import Flow
from bertmagic.repair.mask import set_the_mask_right, turn_the_comparison
from bertmagic.repair.mask_missing import pass_the_mask
from bertmagic.repair.padding import pad_on_the_right, pad_with_the_token
from bertmagic.repair.pooling import leave_the_padding_out
from bertmagic.repair.source import Source
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.written import Written

_ROWS = [[2, 5, 3, 0], [2, 5, 6, 3]]


def _trouble(cell: str, evidence: dict[str, Any] | None = None, **given: Any) -> Trouble:
    """A cell whose `bert(…)` is the model's call."""
    source = Source(Written(cell, cell, "<cell>"))
    at = next(source.calls("bert"))
    site = Site("<cell>", at.lineno, at.end_lineno or 0, (at.col_offset, at.end_col_offset or 0))
    facts = call(ids=_ROWS, **given)
    encoders = tuple(dataclasses.replace(each, sites=(site,)) for each in facts.encoder_calls)
    facts = dataclasses.replace(facts, sites=(site,), encoder_calls=encoders, tokenizer=TOKENIZER)
    names = {"tf": ModuleType("tensorflow"), "np": ModuleType("numpy"), "m": object()}
    finding = Finding("", "error", "ids", "", "", evidence or {})
    return Trouble(finding, facts, CellFacts((facts,)), source, Flow(source), names)


def _mended(trouble: Trouble, repair: Repair | None) -> str:
    assert repair is not None
    return trouble.source.applied(repair.edits)


def test_all_callers_of_a_function_hand_the_mask_down() -> None:
    cell = (
        'enc = {"input_ids": a, "attention_mask": b}\n'
        "def embed(ids):\n    return bert(ids)[0]\n"
        'one = embed(enc["input_ids"])\ntwo = embed(ids=enc["input_ids"])\n'
    )
    trouble = _trouble(cell, mask=None)
    assert _mended(trouble, pass_the_mask(trouble)) == (
        'enc = {"input_ids": a, "attention_mask": b}\n'
        "def embed(ids, attention_mask):\n    return bert(ids, attention_mask=attention_mask)[0]\n"
        'one = embed(enc["input_ids"], enc["attention_mask"])\n'
        'two = embed(ids=enc["input_ids"], attention_mask=enc["attention_mask"])\n'
    )


def test_a_batch_of_a_loop_gets_no_mask_of_all_rows() -> None:
    cell = (
        'enc = {"input_ids": a, "attention_mask": b}\n'
        'for ids, y in DataLoader(TensorDataset(enc["input_ids"], labels)):\n    out = bert(ids)\n'
    )
    trouble = _trouble(cell, mask=None)
    assert "bert(ids, attention_mask=(ids != tokenizer.pad_token_id)" in _mended(trouble, pass_the_mask(trouble))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("(ids == 0).astype(int)", "(ids != 0).astype(int)"),
        ("tf.cast(tf.equal(ids, 0), tf.int32)", "tf.cast(tf.not_equal(ids, 0), tf.int32)"),
        ("1 - kept", "kept"),
    ],
)
def test_an_inverted_mask_is_turned_where_it_is_made(wrong: str, right: str) -> None:
    trouble = _trouble(f"m = {wrong}\nout = bert(ids, attention_mask=m)\n", mask=[[0, 0, 0, 1], [0, 0, 0, 0]])
    assert _mended(trouble, turn_the_comparison(trouble)) == f"m = {right}\nout = bert(ids, attention_mask=m)\n"


def test_ids_that_are_filled_in_later_make_the_mask_at_the_call() -> None:
    cell = "ids = np.zeros(s)\nm = np.zeros(s)\nids[0, :2] = row\nout = bert(ids, attention_mask=m)\n"
    trouble = _trouble(cell, mask=[[0] * 4] * 2)
    first, *_, last = _mended(trouble, set_the_mask_right(trouble)).splitlines()
    assert first == "ids = np.zeros(s)"
    assert last.startswith("out = bert(ids, attention_mask=")
    assert "ids != tokenizer.pad_token_id" in last


def test_pooling_gets_the_mask_that_the_encoder_got() -> None:
    cell = (
        "h = bert(ids, attention_mask=m)[0]\n"
        "v = tf.reduce_mean(h, axis=1, keepdims=True)\n"
        "w = tf.reduce_mean(v, axis=1)\n"
    )
    trouble = _trouble(cell, mask=[[1, 1, 1, 0], [1, 1, 1, 1]])
    assert _mended(trouble, leave_the_padding_out(trouble)) == (
        "h = bert(ids, attention_mask=m)[0]\n"
        "weight = tf.cast(m, h.dtype)[:, :, tf.newaxis]\n"
        "v = tf.reduce_sum(h * weight, axis=1, keepdims=True) / tf.reduce_sum(weight, axis=1, keepdims=True)\n"
        "w = tf.reduce_mean(v, axis=1)\n"
    )


def test_a_mean_of_the_first_position_is_no_pooling() -> None:
    trouble = _trouble("h = bert(ids, attention_mask=m)[0][:, 0]\nv = h.mean(axis=1)\n", mask=[[1] * 4] * 2)
    assert leave_the_padding_out(trouble) is None


def test_the_filling_of_a_mask_is_left_alone() -> None:
    cell = (
        "ids = [row + [9] * (n - len(row)) for row in rows]\n"
        "m = [[1] * len(row) + [9] * (n - len(row)) for row in rows]\n"
        "if step == 9:\n    pass\nk = ids != 9\n"
        "out = bert(ids, attention_mask=k)\n"
    )
    trouble = _trouble(cell, {"padded with": 9}, mask=[[1, 1, 1, 0], [1, 1, 1, 1]])
    trouble.namespace["tokenizer"] = object()  # type: ignore[index]
    assert _mended(trouble, pad_with_the_token(trouble)) == (
        cell.replace("row + [9]", "row + [tokenizer.pad_token_id]").replace("ids != 9", "ids != tokenizer.pad_token_id")
    )


def test_lists_slices_and_settings_pad_on_the_right() -> None:
    cell = "x = [[0] * (n - len(r)) + r for r in rows]\ny[i, -len(r):] = r\nz = pad_sequences(x)\nbert(x)\n"
    trouble = _trouble(cell, mask=None)
    assert _mended(trouble, pad_on_the_right(trouble)) == (
        'x = [r + [0] * (n - len(r)) for r in rows]\ny[i, :len(r)] = r\nz = pad_sequences(x, padding="post")\nbert(x)\n'
    )
