"""What a KerasHub tokenizer or preprocessor was asked: its texts and what came out, in the facts of any tokenizer."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertmagic.facts.call import ErrorFacts
from bertmagic.facts.cell import CasingFacts, TextFacts, TokenizerCallFacts, WordFacts
from bertmagic.observe import hub
from bertmagic.observe.names import Names
from bertmagic.observe.pieces import cased_words, changed_words, count_capitals, placed, sample
from bertmagic.observe.sites import sites
from bertmagic.observe.texts import flat, text_facts, word_labels
from bertmagic.observe.values import is_symbolic

# The tokenizer that tells how it treats capital letters, and what stands for a word that it does not know.
_WORD_PIECE = ("keras_hub.src.tokenizers.word_piece_tokenizer", "WordPieceTokenizer")
# Rows whose unknown tokens are counted, words that are tokenized to find those of the rows, and rows of such words.
_MOST_COUNTED, _MOST_WORDS, _MOST_ROWS = 64, 4096, 512


def call_facts(call: hub.HubCall, names: Names) -> TokenizerCallFacts | None:
    """The facts of one call, as long as its arguments' names can be found; None of one without texts or values."""
    if not call.segments or any(is_symbolic(each) for each in call.segments):
        return None
    tokenizer = hub.tokenizer_of(call.layer)
    segments = [_texts_of(each, names, split=_is_split(tokenizer)) for each in call.segments]
    rows = hub.rows(call.output) if call.error is None else []
    own = hub.facts(call.layer, names.of(call.layer), "it was called", made_rows=False)
    unknown = _unknown(tokenizer)
    some = [row[row != own.pad_id] if own.pad_id is not None else row for row in rows[:_MOST_COUNTED]]
    error = call.error
    asks = error is None and len(segments) == 1 and segments[0].upper > 0
    return TokenizerCallFacts(
        tokenizer=own,
        method="__call__",
        texts=segments[0],
        pairs=segments[1] if len(segments) > 1 else None,
        is_split_into_words=segments[0].shape == "words",
        lengths=tuple(len(row) for row in rows),
        unknown=0 if unknown is None else sum(int((row == unknown).sum()) for row in some),
        tokens=sum(len(row) for row in some),
        error=None if error is None else ErrorFacts(type(error).__name__, str(error), None, "data"),
        rows=tuple(rows),
        casing=_casing(tokenizer, flat(strings(call.segments[0]))) if asks else None,
        sites=sites(),
    )


def word_facts(call: hub.HubCall, names: Names) -> WordFacts | None:
    """The words of the rows that a call gave, and the lists with one item for each; None where that cannot be told."""
    texts = strings(call.segments[0]) if len(call.segments) == 1 else None
    texts = [texts] if isinstance(texts, str) else texts
    tokenizer, rows = hub.tokenizer_of(call.layer), hub.rows(call.output) if call.error is None else []
    if not isinstance(texts, (list, tuple)) or not 0 < len(texts) == len(rows) <= _MOST_ROWS:
        return None
    split = _is_split(tokenizer) and all(isinstance(text, (list, tuple)) for text in texts)
    if not split and not all(isinstance(text, str) for text in texts):
        return None
    words = [list(text) if split else text.split() for text in texts]
    pieces = _pieces(tokenizer, [word for each in words for word in each])
    if pieces is None:
        return None
    own = hub.facts(call.layer, None, "it was called", made_rows=False)
    special = {each for each in (own.cls_id, own.sep_id, own.eos_id, own.pad_id) if each is not None}
    found = [placed(ids, [pieces[word] for word in each], special) for ids, each in zip(rows, words, strict=True)]
    if any(each is None for each in found):
        return None
    counts = tuple(map(len, words))
    known = {tuple(map(tuple, words))}
    return WordFacts(tuple(each for each in found if each is not None), counts, word_labels(names, counts, known))


def strings(value: Any) -> Any:
    """Texts in an array or tensor as a list of strings, a single one as a string; others as they are.

    KerasHub takes arrays and tensors of texts as it takes lists (keras_hub 0.32, `utils/tensor_utils.py`).
    """
    if isinstance(value, (str, bytes, list, tuple)) or not hasattr(value, "dtype"):
        return value
    try:
        array = value if isinstance(value, np.ndarray) else np.asarray(value.numpy()) if _is_tensor(value) else None
    except Exception:  # noqa: BLE001  # no values to read
        return value
    if array is None or array.dtype.kind not in "OUS" or array.ndim > 1:
        return value
    items = [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in array.reshape(-1)]
    items = [str(each) if isinstance(each, np.str_) else each for each in items]
    return items if array.ndim else items[0]


def _is_tensor(value: Any) -> bool:
    return type(value).__name__ == "EagerTensor"


def _texts_of(value: Any, names: Names, *, split: bool) -> TextFacts:
    """The facts of one segment, by the name of what was given."""
    read = strings(value)
    holds_lists = isinstance(read, (list, tuple)) and all(isinstance(each, (list, tuple)) for each in read)
    facts = text_facts(read, names, split and not holds_lists and isinstance(read, (list, tuple)))
    # Bytes are texts to TensorFlow, and so to KerasHub.
    facts = dataclasses.replace(facts, odd=tuple(each for each in facts.odd if each[1] != "bytes"))
    return facts if read is value else dataclasses.replace(facts, said=names.of(value))


def _is_split(tokenizer: Any) -> bool:
    """Whether a tokenizer takes words that have been split before (`split=False`)."""
    return getattr(tokenizer, "split", None) is False


def _word_piece(tokenizer: Any) -> bool:
    kind = getattr(sys.modules.get(_WORD_PIECE[0]), _WORD_PIECE[1], None)
    return kind is not None and isinstance(tokenizer, kind)


def _unknown(tokenizer: Any) -> int | None:
    """The id of the token that stands for unknown words."""
    try:
        return int(tokenizer.token_to_id(tokenizer.oov_token)) if _word_piece(tokenizer) else None
    except Exception:  # noqa: BLE001  # a vocabulary of the user's own
        return None


def _casing(tokenizer: Any, texts: Sequence[object]) -> CasingFacts | None:
    """How the tokenizer treats the capital letters of texts; None where it does not tell."""
    if not _word_piece(tokenizer):
        return None
    lowers, unknown = bool(tokenizer.lowercase), str(tokenizer.oov_token)
    special = {str(each) for each in getattr(tokenizer, "special_tokens", ())}
    cased = cased_words(texts, special)
    pieces = _pieces(tokenizer, cased if lowers else [word for each in cased for word in (each, each.lower())])
    if not cased or pieces is None:
        return None
    vocabulary = tokenizer.get_vocabulary()
    known = set(vocabulary)
    tokens = {word: [vocabulary[each] for each in ids] for word, ids in pieces.items()}
    changed = changed_words(cased, tokens, known.__contains__, unknown, lowers=lowers)
    return CasingFacts(
        lowers, *count_capitals([vocabulary[each] for each in sample(len(vocabulary))], special), changed
    )


def _pieces(tokenizer: Any, words: Sequence[str]) -> dict[str, list[int]] | None:
    """The token ids of each word, by the tokenizer itself; None where it gives none, cuts them, or takes words as one.

    A tokenizer of fixed length fills a row up with zeros (keras_hub 0.32, `tokenizers/word_piece_tokenizer.py`).
    """
    wanted = list(dict.fromkeys(words))
    if not wanted or len(wanted) > _MOST_WORDS or not _word_piece(tokenizer) or _is_split(tokenizer):
        return None
    length = tokenizer.sequence_length
    try:
        made = hub.rows(tokenizer(wanted))
    except Exception:  # noqa: BLE001  # a tokenizer of one's own
        return None
    if len(made) != len(wanted) or (length and any(len(row) and row[-1] for row in made)):
        return None
    filled = [row[: int(np.flatnonzero(row)[-1]) + 1] if length and row.any() else row for row in made]
    return {word: [int(each) for each in row] for word, row in zip(wanted, filled, strict=True)}
