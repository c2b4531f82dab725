"""Which tokenizer is taken for a batch's own, and what is said of why: on stand-ins that have what is asked of them."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT

from bertmagic.observe import tokenizers
from bertmagic.observe.tokenizers import TokenizerCall, pair


class Tokenizer:
    """As much of a tokenizer as pairing asks of one."""

    def __init__(self, rows: int, pad: int = 0, name: str = "") -> None:
        self.rows, self.pad_token_id, self.name_or_path = rows, pad, name
        self.special_tokens_map = {"pad_token": "[PAD]"}

    def __len__(self) -> int:
        return self.rows


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    base = SimpleNamespace(PreTrainedTokenizerBase=Tokenizer, BatchEncoding=type("BatchEncoding", (), {}))
    monkeypatch.setitem(__import__("sys").modules, tokenizers.MODULE, base)  # type: ignore[arg-type]


def found(*args: Any) -> tuple[Any, str]:
    pairing = pair(*args)
    assert pairing is not None
    return pairing


def test_the_call_that_gave_the_rows_comes_first() -> None:
    mine, other = Tokenizer(100), Tokenizer(100)
    calls = [TokenizerCall(mine, {"input_ids": [[2, 7, 3]]}), TokenizerCall(other, {"input_ids": [[2, 9, 3]]})]
    assert found(np.array([[2, 7, 3, 0]]), calls, {})[0] is mine


def test_of_several_the_one_from_the_models_own_place() -> None:
    mine, other = Tokenizer(100, name="here"), Tokenizer(100, name="there")
    encoder = dataclasses.replace(BERT, pretrained="here")
    tokenizer, why = found(None, [], {"a": mine, "b": other}, encoder)
    assert tokenizer is mine
    assert why == "it was loaded from where the model was"


def test_of_several_the_one_with_the_models_vocabulary_and_padding() -> None:
    mine, shifted, larger = Tokenizer(100), Tokenizer(100, pad=1), Tokenizer(120)
    tokenizer, why = found(None, [], {"a": larger, "b": shifted, "c": mine}, BERT)
    assert tokenizer is mine
    assert why == "the only one with the model's 100 ids and its padding token"


def test_two_that_fit_are_none() -> None:
    assert pair(None, [], {"a": Tokenizer(100), "b": Tokenizer(100)}, BERT) is None
    assert pair(None, [], {"a": Tokenizer(100), "b": Tokenizer(120)}) is None


def test_one_in_the_kernel_is_taken_whatever_its_vocabulary() -> None:
    assert found(None, [], {"a": Tokenizer(120)}, BERT)[1] == "the only tokenizer in the kernel"
