"""The grid of tokens: what each cell is, which rows come first, and what stands beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, CLS, PAD, SEP, TOKENIZER, batch, call, check

from bertmagic.report import Tokens
from bertmagic.token_grid import KINDS, MOST_CELLS, token_grid


def grid(facts: Any, *rules: str, decode: Any = None) -> Tokens:
    found = [each for each in (check(rule, facts) for rule in rules) if each is not None]
    made = token_grid(facts, found, decode)
    assert made is not None
    return made


def words(made: Tokens, line: int) -> list[str]:
    return [KINDS[kind] for kind in made.kinds[line]]


def test_the_rows_that_a_finding_names_come_first() -> None:
    made = grid(
        call(batch([6, 6, 6, 6, 6, 3]), tokenizer=TOKENIZER),
        "attention-mask-missing",
        decode=lambda ids: [f"t{each}" for each in ids],
    )
    assert (made.rows, made.named, made.of) == ((5, 0, 1, 2, 3, 4), 1, 6)
    assert words(made, 0) == ["special", "text", "special", *["attended padding"] * 3]
    assert made.mask is None
    assert made.pieces is not None
    assert made.pieces[CLS] == f"t{CLS}"
    assert set(made.pieces) == set(np.unique(made.ids).tolist())


def test_padding_under_a_mask_is_padding_and_a_token_under_it_is_masked_out() -> None:
    ids = batch([4, 2])
    mask = (ids != PAD).astype("int32")
    mask[0, 1] = 0
    made = grid(call(ids, mask, tokenizer=TOKENIZER))
    assert words(made, 0) == ["special", "masked out", "text", "special"]
    assert words(made, 1) == ["special", "special", "padding", "padding"]


def test_padding_without_a_mask_is_attended_only_where_a_finding_says_so() -> None:
    made = grid(call(batch([4, 2])))
    assert "attended padding" not in words(made, 1)


def test_ids_out_of_range_are_shown_as_such() -> None:
    ids = batch([4, 4])
    ids[0, 1], ids[1, 2] = 10**6, -1
    made = grid(call(ids))
    assert words(made, 0)[1] == "out of range"
    assert words(made, 1)[2] == "out of range"
    assert made.pieces is None


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(np.array([1, 0]), ("1", "0")), (np.eye(2), ("1 0", "0 1")), (np.array([[0.5], [0.25]]), ("0.5", "0.25"))],
)
def test_labels_of_rows_stand_in_words(labels: Any, expected: tuple[str, ...]) -> None:
    made = grid(call(batch([3, 3]), labels=labels))
    assert made.row_labels == expected
    assert made.labels is None


def test_labels_of_positions_stand_beside_the_ids() -> None:
    ids = batch([3, 2])
    made = grid(call(ids, labels=np.where(ids == SEP, -100, 1)))
    assert made.labels is not None
    assert made.labels.shape == ids.shape
    assert made.row_labels is None


def test_a_large_batch_is_bounded() -> None:
    made = grid(call(batch([600] * (MOST_CELLS // 600 + 50))))
    assert made.ids.size <= MOST_CELLS
    assert made.of > len(made.rows)


def test_no_tokens_of_embeddings() -> None:
    assert token_grid(call(embeds=np.zeros((2, 4, 8)), encoder=BERT), [], None) is None
