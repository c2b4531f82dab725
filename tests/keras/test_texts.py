"""What KerasHub's tokenizers and preprocessors are given, in facts: texts, words, capital letters, what is packed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras", minversion="3", reason="NOT RUN: Keras 3 is not installed (extra `keras`)")
keras_hub = pytest.importorskip("keras_hub", reason="NOT RUN: KerasHub is not installed (extra `keras`)")

from tiny_hub import TEXTS, WORDS, preprocessor, tokenizer  # noqa: E402

from bertmagic.observe import hub, hub_texts  # noqa: E402
from bertmagic.observe.names import Names  # noqa: E402

Told = tuple[list[hub.HubCall], list[Any]]
CASED = [*WORDS, "Rain", "rain", "Oslo", "par", "##is", "osl", "##o"]


@pytest.fixture
def told() -> Iterator[Told]:
    """The calls that are noted, and their facts."""
    calls: list[hub.HubCall] = []
    facts: list[Any] = []
    names = Names({"TEXTS": TEXTS})

    def note(call: hub.HubCall) -> None:
        calls.append(call)
        facts.append(hub_texts.call_facts(call, names))

    with hub.noting(note):
        yield calls, facts


def packer(tok: Any) -> Any:
    return keras_hub.layers.StartEndPacker(
        sequence_length=12, start_value=tok.cls_token_id, end_value=tok.sep_token_id, pad_value=tok.pad_token_id
    )


@pytest.mark.parametrize("made", [list, np.array, tuple], ids=["list", "array", "tuple"])
@pytest.mark.parametrize("method", ["__call__", "tokenize"])
def test_texts_of_a_tokenizer(told: Told, made: Callable[[Any], Any], method: str) -> None:
    tok = tokenizer()
    getattr(tok, method)(made(TEXTS))
    (facts,) = told[1]
    assert facts.texts.shape == "batch"
    assert (facts.texts.count, facts.texts.with_spaces, facts.pairs) == (4, 4, None)
    assert [len(row) for row in facts.rows] == [len(text.split()) for text in TEXTS]
    assert (facts.tokenizer.type, facts.tokenizer.library, facts.tokenizer.holds) == (
        "BertTokenizer",
        "keras-hub",
        False,
    )


def test_a_preprocessor_is_noted_once(told: Told) -> None:
    made = preprocessor()(TEXTS, np.array([1, 0, 1, 0]))
    (facts,) = told[1]
    assert facts.texts.said == "TEXTS"
    assert facts.tokenizer.holds
    assert np.array_equal(np.stack(facts.rows), np.array(made[0]["token_ids"]))
    words = hub_texts.word_facts(told[0][0], Names({"tags": np.array([[1, 0, 0, 2]] * 4)}))
    assert words is not None
    assert words.counts == tuple(len(text.split()) for text in TEXTS)
    assert [int(each) for each in words.of_tokens[0][:6]] == [-1, 0, 1, 2, 3, -1]


def test_two_texts_a_row(told: Told) -> None:
    preprocessor()((TEXTS, TEXTS[::-1]), np.array([1, 0, 1, 0]))
    (facts,) = told[1]
    assert (facts.texts.said, facts.pairs.count) == ("TEXTS", 4)


def test_one_tuple_holds_texts_and_labels(told: Told) -> None:
    preprocessor()((TEXTS, np.array([1, 0, 1, 0])))
    (facts,) = told[1]
    assert (facts.texts.said, facts.pairs) == ("TEXTS", None)


@pytest.mark.parametrize("multi", [False, True], ids=["one text", "two texts"])
def test_what_is_packed_goes_by_its_texts(told: Told, multi: bool) -> None:
    tok = tokenizer()
    if multi:
        pack = keras_hub.layers.MultiSegmentPacker(
            sequence_length=24, start_value=tok.cls_token_id, end_value=tok.sep_token_id, pad_value=tok.pad_token_id
        )
        made = pack((tok(TEXTS), tok(TEXTS[::-1])))[0]
    else:
        made = packer(tok)(tok(TEXTS))
    last = told[1][-1]
    assert last.texts.said == "TEXTS"
    assert (last.pairs is not None) == multi
    assert last.tokenizer.type == "BertTokenizer"
    assert np.array_equal(np.stack(last.rows), np.array(made))
    words = hub_texts.word_facts(told[0][-1], Names({}))
    assert (words is None) == multi


def test_rows_of_ones_own_are_no_texts(told: Told) -> None:
    packer(tokenizer())([[5, 6, 7], [8, 9]])
    assert told[0] == []


@pytest.mark.parametrize("odd", [None, float("nan"), 7])
def test_a_text_that_is_none(told: Told, odd: Any) -> None:
    with pytest.raises(ValueError, match="strings"):
        preprocessor()([*TEXTS, odd])
    (facts,) = told[1]
    assert facts.error.type == "ValueError"
    assert [(index, kind) for index, kind, _ in facts.texts.odd] == [(4, type(odd).__name__)]


def test_a_preprocessor_of_ones_own_is_known_by_its_tokenizer(told: Told) -> None:
    class Lowered(keras_hub.models.BertTextClassifierPreprocessor):  # type: ignore[misc]
        def call(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
            return super().call([each.lower() for each in x], y, sample_weight)

    Lowered(tokenizer(), sequence_length=12)([text.upper() for text in TEXTS])
    given = [facts for facts in told[1] if facts is not None]
    assert {facts.texts.upper for facts in given} == {0}
    assert told[0][-1].segments == ()


@pytest.mark.parametrize(
    ("lowers", "changed"),
    [(True, (("Rain", "rain"), ("Oslo", "osl ##o"))), (False, (("Paris", "[UNK]"),))],
)
def test_capital_letters(told: Told, lowers: bool, changed: tuple[tuple[str, str], ...]) -> None:
    tok = keras_hub.models.BertTokenizer(vocabulary=CASED, lowercase=lowers)
    tok(["Rain in Paris", "the [MASK] in Oslo"])
    casing = told[1][-1].casing
    assert (casing.lowers, casing.changed) == (lowers, changed)
    assert casing.capitals == 2


def test_capital_letters_that_a_tokenizer_of_ones_own_lowers(told: Told) -> None:
    class Own(keras_hub.models.BertTokenizer):  # type: ignore[misc]
        def tokenize(self, inputs: Any) -> Any:
            return super().tokenize([each.lower() for each in hub_texts.strings(inputs)])

    Own(vocabulary=CASED)(["Rain in Paris"])
    assert told[1][-1].casing.changed == ()


def test_a_fixed_length_of_the_tokenizer(told: Told) -> None:
    tok = keras_hub.models.BertTokenizer(vocabulary=CASED, sequence_length=6)
    tok(["rain in Paris", "the film"])
    assert told[1][-1].casing.changed == (("Paris", "[UNK]"),)
    words = hub_texts.word_facts(told[0][-1], Names({}))
    assert words is not None
    assert [int(each) for each in words.of_tokens[1]] == [0, 1, -1, -1, -1, -1]


def test_the_classes_are_as_before() -> None:
    base = keras_hub.layers.StartEndPacker.__mro__[1]
    before = vars(base)["__call__"], vars(keras_hub.tokenizers.WordPieceTokenizer)["tokenize"]
    with hub.noting(lambda call: None):
        assert vars(base)["__call__"] is not before[0]
    assert (vars(base)["__call__"], vars(keras_hub.tokenizers.WordPieceTokenizer)["tokenize"]) == before
