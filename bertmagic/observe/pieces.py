"""What a tokenizer makes of single words, its settings left alone: its casing, and the words of its rows."""

from __future__ import annotations

import bisect
import itertools
import re
import weakref
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bertmagic.facts.cell import CasingFacts

# Tokens of a vocabulary that are looked at, words that are tried, and rows whose words are found.
_SAMPLE, _MOST_WORDS, _MOST_ROWS = 2048, 64, 512
_sampled: weakref.WeakKeyDictionary[Any, tuple[int, int]] = weakref.WeakKeyDictionary()


def casing_facts(tokenizer: Any, texts: Iterable[object]) -> CasingFacts | None:
    """How the tokenizer treats the capital letters of `texts`; None where it does not tell."""
    lowers = _lowers(tokenizer)
    cased = cased_words(texts, {*getattr(tokenizer, "all_special_tokens", ()), *tokenizer.get_added_vocab()})
    if lowers is None or not cased:
        return None

    def holds(word: str) -> bool:
        # As a token of its own, "[UNK]" is what an unknown one's id stands for.
        return bool(tokenizer.convert_ids_to_tokens(tokenizer.convert_tokens_to_ids(word)) == word)

    wanted = cased if lowers else [word for each in cased for word in (each, each.lower())]
    tokens = {word: tokens_of(tokenizer, word) for word in wanted}
    changed = changed_words(cased, tokens, holds, getattr(tokenizer, "unk_token", None), lowers=lowers)
    return CasingFacts(lowers, *_capitals(tokenizer), changed)


def cased_words(texts: Iterable[object], own: Iterable[str]) -> list[str]:
    """The words with a capital letter, at most `_MOST_WORDS`. `own`: tokens such as "[MASK]" that are found in a text
    before its casing is changed.
    """
    added = re.compile("|".join(map(re.escape, sorted(own, key=len, reverse=True))) or r"(?!)")
    plain = (added.sub(" ", text) for text in texts if isinstance(text, str))
    words = itertools.chain.from_iterable(re.findall(r"\w+", text) for text in plain)
    return list(itertools.islice(dict.fromkeys(word for word in words if word != word.lower()), _MOST_WORDS))


def changed_words(
    cased: Sequence[str],
    tokens: Mapping[str, Sequence[str]],
    holds: Callable[[str], bool],
    unknown: str | None,
    *,
    lowers: bool,
) -> tuple[tuple[str, str], ...]:
    """The words that a tokenizer treats otherwise than its vocabulary would have it, as `CasingFacts.changed`.

    `tokens`: of each word as it is written, and where the tokenizer does not lower-case, of each in lower case;
    `holds`: whether a word is a token of the vocabulary.
    """
    changed = []
    for word in cased:
        made, lower = list(tokens[word]), tokens.get(word.lower(), ())
        if (holds(word) and made != [word]) if lowers else (unknown in made and bool(lower) and unknown not in lower):
            changed.append((word, " ".join(made)))
    return tuple(changed)


def tokens_of(tokenizer: Any, word: str) -> list[str]:
    """The tokens of one word. A fast tokenizer's parts are asked: its own `tokenize` would reset truncation and padding
    of the backend (transformers 4.53.3, `tokenization_utils_fast.py`, `set_truncation_and_padding`).
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return list(tokenizer.tokenize(word))
    normal = word if backend.normalizer is None else backend.normalizer.normalize_str(word)
    parts = (
        [normal] if backend.pre_tokenizer is None else [p for p, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
    )
    return [token.value for part in parts for token in backend.model.tokenize(part)]


def words_of_tokens(tokenizer: Any, output: Any, texts: Sequence[str | Sequence[str]]) -> tuple[np.ndarray, ...] | None:
    """By row, the index of the word that each token is of, -1 for none; None where that cannot be told.

    `texts`: one a row, as a list of words, or as a string whose words white space parts.
    """
    rows = output["input_ids"] if hasattr(output, "keys") and "input_ids" in output else None
    if rows is None or not texts or len(texts) > _MOST_ROWS:
        return None
    encodings = getattr(output, "encodings", None)
    if encodings:
        if len(encodings) != len(texts):
            return None  # long texts were cut into several rows
        return tuple(_by_encoding(encoding, text) for encoding, text in zip(encodings, texts, strict=True))
    arrays = [np.asarray(row).reshape(-1) for row in ([rows] if np.ndim(rows[0]) == 0 else rows)]
    if len(arrays) != len(texts):
        return None
    found = [_by_pieces(tokenizer, ids, text) for ids, text in zip(arrays, texts, strict=True)]
    return None if any(each is None for each in found) else tuple(each for each in found if each is not None)


def _by_encoding(encoding: Any, text: str | Sequence[str]) -> np.ndarray:
    """The words of a fast tokenizer's row: its own for a list of words, by the tokens' places in a string."""
    if not isinstance(text, str):
        return np.array([-1 if word is None else word for word in encoding.word_ids], "int64")
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    # A token may begin with the white space before its word; what counts is where it ends.
    return np.array([bisect.bisect_left(starts, end) - 1 if end > start else -1 for start, end in encoding.offsets])


def _by_pieces(tokenizer: Any, ids: np.ndarray, text: str | Sequence[str]) -> np.ndarray | None:
    """The words of a row whose tokens are those of the words one after another, as a slow tokenizer makes them."""
    words = text.split() if isinstance(text, str) else list(text)
    pieces = [tokenizer.convert_tokens_to_ids(tokens_of(tokenizer, word)) for word in words]
    return placed(ids, pieces, set(getattr(tokenizer, "all_special_ids", ())))


def placed(ids: np.ndarray, pieces: Sequence[Sequence[int]], special: Container[int]) -> np.ndarray | None:
    """By token of a row, the index of its word, -1 for none; None where the row is not these words one after another.

    `pieces`: the token ids of each word; `special`: the ids of the tokens that stand around a text.
    """
    flat = np.array([each for piece in pieces for each in piece], "int64")
    of_word = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    start = next((place for place, each in enumerate(ids) if int(each) not in special), None)
    if start is None:
        return None
    length = min(len(flat), next((n for n, each in enumerate(ids[start:]) if int(each) in special), len(ids) - start))
    if not length or not np.array_equal(ids[start : start + length], flat[:length]):
        return None
    found = np.full(len(ids), -1)
    found[start : start + length] = of_word[:length]
    return found


def _lowers(tokenizer: Any) -> bool | None:
    """Whether the tokenizer lower-cases, as it does so: its normalizer (fast), else what it was told (slow)."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return backend.normalizer is not None and backend.normalizer.normalize_str("A") == "a"
    told = getattr(tokenizer, "do_lower_case", None)
    return told if isinstance(told, bool) else None


def _capitals(tokenizer: Any) -> tuple[int, int]:
    """How many tokens of an even sample of the vocabulary hold a capital letter, special tokens aside; of how many."""
    if tokenizer not in _sampled:
        special = set(tokenizer.all_special_tokens)
        tokens = tokenizer.convert_ids_to_tokens(sample(int(tokenizer.vocab_size)))
        _sampled[tokenizer] = count_capitals(tokens, special)
    return _sampled[tokenizer]


def sample(size: int) -> list[int]:
    """The ids of an even sample of a vocabulary."""
    return list(range(0, size, max(1, size // _SAMPLE)))


def count_capitals(tokens: Iterable[object], special: Container[str]) -> tuple[int, int]:
    """How many of these tokens hold a capital letter, special ones aside; of how many."""
    plain = [token for token in tokens if isinstance(token, str) and token not in special and token[:1] not in "[<"]
    return sum(token != token.lower() for token in plain), len(plain)
