"""Facts that the tests of the rules on texts, words and rows share: a cell where each of them finds its fault."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from cell_builder import cell, raised, texts, tokenized, value
from facts_builder import CLS, LOSSES, SEP, TOKENIZER, call, model

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CasingFacts, CellFacts, RaisedFacts, TextFacts, TokenizerCallFacts, WordFacts

FAILED = ("ValueError", "text input must be of type `str`")
ENDED = raised(*FAILED[:1], text=FAILED[1])
TAGGER = model(said="tagger", type="TFBertForTokenClassification")


def failed(given: TextFacts, error: tuple[str, str] = FAILED, **facts: Any) -> CellFacts:
    """A cell that a tokenizer's call ended."""
    call_facts = tokenized(given, error=error, **facts)
    return cell(tokenizer_calls=[call_facts], raised=raised(error[0], text=error[1]))


def ended(facts: CallFacts, *made: TokenizerCallFacts, **more: Any) -> CellFacts:
    """A cell that a model's call ended."""
    assert facts.error is not None
    return cell(facts, tokenizer_calls=made, raised=raised(facts.error.type, text=facts.error.text, **more))


def words_fed(of: Any = None, **facts: Any) -> CellFacts:
    """Three words, each a row of its own between special tokens, given to a model."""
    ids = np.array([[CLS, 11, SEP], [CLS, 12, SEP], [CLS, 13, SEP]], "int32")
    made = tokenized(texts("words", with_spaces=0, **facts), rows=tuple(ids))
    return cell(call(ids, of=of or model(said="bert"), kind="call"), tokenizer_calls=[made])


def cased(*changed: tuple[str, str], lowers: bool = False, capitals: int = 0, unknown: int = 2) -> CellFacts:
    """Texts with capital letters that a tokenizer made rows of, which a model is given."""
    facts = CasingFacts(lowers, capitals, 1000, changed)
    made = tokenized(texts("headlines", upper=3), casing=facts, unknown=unknown, tokens=20)
    fed = call([[CLS, 5, SEP]], tokenizer=dataclasses.replace(TOKENIZER, made_rows=True))
    return cell(fed, tokenizer_calls=[made])


# [CLS] w0 w1 w1 w2 [SEP] and [CLS] w0 w1 [SEP]: three words of four tokens, and two of one each.
WORDS = (np.array([-1, 0, 1, 1, 2, -1]), np.array([-1, 0, 1, -1]))
IDS = np.array([[CLS, 21, 22, 23, 24, SEP], [CLS, 31, 32, SEP, 0, 0]], "int32")


def aligned(labels: Any, *, tags: dict[str, Any] | None = None, error: str | None = None, **facts: Any) -> CellFacts:
    """A tagger that is trained on one label a token; the words of its rows are known."""
    words = WordFacts(WORDS, (3, 2), tags or {})
    made = tokenized(texts("sentences", "words"), is_split_into_words=True, rows=(IDS[0], IDS[1][:4]), words=words)
    order = facts.pop("order", [0, 1])
    fed = call(
        IDS[order], of=facts.pop("of", TAGGER), labels=np.asarray(labels), outputs=(2, 6, 3), error=error, **facts
    )
    # A plain call keeps the value of the model's own loss to itself.
    loss = dataclasses.replace(LOSSES["internal"], value=None if error or fed.kind == "call" else 1.0)
    fed = dataclasses.replace(fed, loss=loss)
    return ended(fed, made) if error else cell(fed, tokenizer_calls=[made])


def maker(callee: str, source: str, *values: Any, kind: str = "ValueError", text: str = "inhomogeneous") -> RaisedFacts:
    """A call that was to make one array."""
    return raised(kind, *values, text=text, source=source, callee_said=callee)


def rows(said: str | None, *lengths: int, place: str = "args[0]", **facts: Any) -> Any:
    """A nested list of numbers."""
    return value(said, "list", "python", lengths=lengths, place=place, **facts)


def lists(*lengths: int) -> np.ndarray:
    """Rows of token ids as an array of lists."""
    array = np.empty(len(lengths), object)
    for index, length in enumerate(lengths):
        array[index] = [CLS, *range(5, 3 + length), SEP]
    return array
