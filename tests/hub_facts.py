"""Facts of cells in which KerasHub's tokenizers and preprocessors were called, as `cell_builder.py` builds them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from cell_builder import cell, raised, texts, tokenized
from facts_builder import CLS, SEP, TOKENIZER, call, having, hub, tensor
from keras_facts import INSIDE, OWN, TASK, fed, lost
from text_facts import IDS, WORDS, maker, rows

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import CasingFacts, CellFacts, WordFacts

TOK = dataclasses.replace(TOKENIZER, said="tok", type="BertTokenizer", library="keras-hub")
PREP = dataclasses.replace(TOK, said="prep", type="BertTextClassifierPreprocessor", holds=True)
FAILED = ("ValueError", "all elements must be strings")
# The places to predict, two of three used: positions and labels of the third are what fills the rows up.
ROWS = np.array([[CLS, 103, 12, 103, 14, SEP]] * 6, "int32")
PLACES = np.array([[1, 3, 0]] * 6, "int32")
# The labels of the words of two texts, one after another, where the second word of the first has two tokens.
TAGS = ((0, 1, 1), (0, 1))
SHIFTED = [[0, 0, 1, 1, 0, 0], [0, 0, 1, 0, 0, 0]]
ANSWERS = np.array([[41, 42, 0]] * 6, "int32")


def words_packed(tokenizer: Any = PREP, **facts: Any) -> CellFacts:
    """Three words, each a row of its own, which a KerasHub backbone is given."""
    ids = np.array([[CLS, 11, SEP], [CLS, 12, SEP], [CLS, 13, SEP]], "int32")
    given = {"words_of": "review", "running": ("the",), "with_spaces": 0, **facts}
    made = tokenized(texts("words", **given), tokenizer=tokenizer, rows=tuple(ids))
    return cell(fed(ids, np.ones_like(ids), np.zeros_like(ids), kind="predict"), tokenizer_calls=[made])


def cased_by(tokenizer: Any, *, lowers: bool = False) -> CellFacts:
    """Texts with capital letters that a KerasHub tokenizer made rows of, which a backbone is given."""
    casing = CasingFacts(lowers, 420 if lowers else 0, 1000, (("Paris", "par ##is" if lowers else "[UNK]"),))
    made = tokenized(texts("headlines", upper=3), tokenizer=tokenizer, casing=casing, unknown=2, tokens=20)
    return cell(fed([[CLS, 5, SEP]], tokenizer=dataclasses.replace(tokenizer, made_rows=True)), tokenizer_calls=[made])


def tagged(labels: Any, tokenizer: Any = TOK, **tags: Any) -> CellFacts:
    """A model of one output a token, trained on labels of which the words are known."""
    words = WordFacts(WORDS, (3, 2), tags)
    made = tokenized(texts("sentences"), tokenizer=tokenizer, rows=(IDS[0], IDS[1][:4]), words=words)
    loss = lost(np.asarray(labels), (2, 6, 3))
    ids = call(IDS, np.ones_like(IDS), types=np.zeros_like(IDS), of=OWN)
    facts = having(loss, inputs=ids.inputs, encoder_calls=ids.encoder_calls, rows_of=2)
    return cell(facts, tokenizer_calls=[made])


def missing_in_fit() -> CellFacts:
    """A KerasHub task that is trained on texts of which one is missing: its data handling raises."""
    values = np.array(["a fine day", float("nan"), "rain"], object)
    error = ErrorFacts("ValueError", "mixed types", None, "data")
    facts = having(fed(of=TASK, kind="fit"), inputs=(tensor("token_ids", values, said="reviews"),), error=error)
    return cell(facts, raised=raised("ValueError", text="mixed types"))


def missing() -> CellFacts:
    """A preprocessor that is given a text that is missing."""
    given = texts("reviews", odd=((1, "float", "nan"),))
    made = tokenized(given, tokenizer=PREP, error=FAILED)
    return cell(tokenizer_calls=[made], raised=raised(FAILED[0], text=FAILED[1]))


def unpacked() -> CellFacts:
    """Rows that a KerasHub tokenizer gave, of which NumPy is to make one array."""
    made = tokenized(texts("reviews"), tokenizer=TOK, lengths=(4, 2))
    return cell(tokenizer_calls=[made], raised=maker("numpy.array", "np.array(rows)", rows("rows", 4, 2)))


def predicting(answers: Any = ANSWERS, *, weights: Any = None, tokenizer: Any = TOK, **changes: Any) -> CallFacts:
    """A masked language model that is told which places to predict."""
    encoder = dataclasses.replace(INSIDE, vocab_rows=100)
    model = hub("lm", encoder, type="BertMaskedLM")
    places = changes.pop("places", PLACES)
    facts = call(
        ROWS,
        np.ones_like(ROWS),
        types=np.zeros_like(ROWS),
        others=(tensor("mask_positions", places, None),),
        of=model,
        labels=np.asarray(answers),
        outputs=(6, 3, 100),
        loss="sparse",
        tokenizer=dataclasses.replace(tokenizer, mask_id=103) if tokenizer is not None else None,
        kind=changes.pop("kind", "fit"),
    )
    assert facts.loss is not None
    loss = dataclasses.replace(facts.loss, value=1.0, ignored=changes.pop("ignored", None))
    weighed = () if weights is None else (tensor("sample_weight", np.asarray(weights), None),)
    return having(facts, loss=loss, weights=weighed, **changes)


def read_by_argmax(labels: Any = (0, 1, 2), outputs: Any = (3, 1), of: Any = OWN, **changes: Any) -> CallFacts:
    """A model of one output that is trained as a regression, and whose predictions the cell takes the argmax of."""
    model = dataclasses.replace(of, argmaxed=changes.pop("argmaxed", True))
    return lost(np.asarray(labels), outputs, changes.pop("loss", "regression"), of=model, **changes)
