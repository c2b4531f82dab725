"""What a tokenizer was asked: its texts, its settings and what came out, in facts."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import re
from collections.abc import Container, Mapping
from typing import Any, Literal

import numpy as np

from bertmagic.facts.call import ErrorFacts
from bertmagic.facts.cell import TextFacts, TokenizerCallFacts, WordFacts
from bertmagic.observe.names import Names
from bertmagic.observe.pieces import casing_facts, words_of_tokens
from bertmagic.observe.sites import sites
from bertmagic.observe.tokenizers import TokenizerCall, tokenizer_facts
from bertmagic.observe.values import framework_of, is_symbolic, row_lengths

# Texts of a call that are looked at, rows of its output, and texts of the namespace that a list of words is held to.
_MOST_TEXTS, _MOST_ODD, _MOST_ROWS, _MOST_NAMED = 4096, 16, 64, 256
# What `str()` makes of a symbolic string tensor (TensorFlow 2.21, `framework/tensor.py`, `Tensor.__str__`).
_TENSOR = re.compile(r'Tensor\("[^"]*".*dtype=string\)', re.DOTALL)
# Words of which running text has some, and a list of single words rarely.
_RUNNING_WORDS = """
a an and are as at be but by for from had has have he his i if in is it its not of on or she so that the their there
they this to was we were which with you
"""
_RUNNING = frozenset(_RUNNING_WORDS.split())
# A list is a text's cleaned words where it is so many, and this share of the text's.
_FEWEST_CLEANED, _KEPT = 4, 2 / 3
_NO_TEXTS = TextFacts(None, "none", "NoneType")


def call_facts(call: TokenizerCall, names: Names) -> TokenizerCallFacts:
    """The facts of one tokenizer call, as long as its arguments' names can be found."""
    given = _bound(call)
    own = tokenizer_facts(call.tokenizer, names.of(call.tokenizer), "it was called")
    split = bool(given.get("is_split_into_words"))
    takes_texts = call.method != "pad"
    pairs = given.get("text_pair", given.get("batch_text_pair"))
    tensors = given.get("return_tensors")
    error = call.error
    rows = _rows(call.output if error is None else _without_tensors(call, given))
    unknown = getattr(call.tokenizer, "unk_token_id", None)
    some = [] if unknown is None else list(itertools.islice(rows, _MOST_ROWS))
    texts = text_facts(_texts(given), names, split) if takes_texts else _NO_TEXTS
    return TokenizerCallFacts(
        tokenizer=own,
        method=call.method,
        texts=texts,
        pairs=text_facts(pairs, names, split) if pairs is not None else None,
        return_tensors=None if tensors is None else str(getattr(tensors, "value", tensors)),
        is_split_into_words=split,
        lengths=tuple(len(row) for row in rows),
        unknown=sum(int((row == unknown).sum()) for row in some),
        tokens=sum(len(row) for row in some),
        error=None if error is None else ErrorFacts(type(error).__name__, str(error), None, "data"),
        ended=call.again is not None,
        rows=tuple(rows) if error is None else (),
        casing=casing_facts(call.tokenizer, flat(_texts(given))) if texts.upper and error is None else None,
        cut=_cut(call.output),
        sites=sites(),
    )


def _cut(output: Any) -> tuple[int, ...]:
    """The rows of an encoding whose text was truncated: what was cut off is kept beside it (tokenizers 0.21)."""
    encodings = getattr(output, "encodings", None) or ()
    return tuple(row for row, encoding in enumerate(encodings) if getattr(encoding, "overflowing", ()))


def word_facts(call: TokenizerCall, names: Names) -> WordFacts | None:
    """The words of the rows that a call gave, and the lists with one item for each; None where that cannot be told."""
    given = _bound(call)
    texts = _texts(given)
    if call.error is not None or call.method == "pad" or given.get("text_pair") is not None:
        return None
    split = bool(given.get("is_split_into_words"))
    if isinstance(texts, str) or (split and _is_list(texts) and all(isinstance(each, str) for each in texts)):
        texts = [texts]
    if not _is_list(texts) or not all(_is_list(text) if split else isinstance(text, str) for text in texts):
        return None
    of_tokens = words_of_tokens(call.tokenizer, call.output, texts)
    if of_tokens is None:
        return None
    counts = tuple(len(text) if split else len(text.split()) for text in texts)
    return WordFacts(of_tokens, counts, word_labels(names, counts, {tuple(map(tuple, texts))} if split else set()))


def word_labels(
    names: Names, counts: tuple[int, ...], known: Container[object]
) -> dict[str, tuple[tuple[object, ...], ...]]:
    """The lists with one item a word of each text, by name; `known`: the words themselves, which are none."""
    labels = {said: rows for said, rows in names.rows(counts) if not any(isinstance(e, list) for r in rows for e in r)}
    return {said: rows for said, rows in labels.items() if rows not in known}


def text_facts(value: Any, names: Names, split: bool) -> TextFacts:
    """The facts of what was given as text; `split`: a list of strings is one text's words."""
    said = names.of(value)
    kind = type(value).__name__
    if isinstance(value, (str, bytes)):
        facts = _counted("text", said, kind, [value])
        # `str()` of a tensor without values: one and the same text, whatever the texts are.
        described = isinstance(value, str) and _TENSOR.fullmatch(value) is not None
        return dataclasses.replace(facts, is_symbolic=described, framework="tensorflow" if described else "python")
    if not isinstance(value, (list, tuple)):
        framework = framework_of(value)
        symbolic = is_symbolic(value)
        texts = list(itertools.islice(value, _MOST_TEXTS)) if _is_array_of_objects(value) else []
        counted = _counted("other", said, kind, texts)
        return TextFacts(
            said, "other", kind, count=len(texts), odd=counted.odd, framework=framework, is_symbolic=symbolic
        )
    texts = list(value[:_MOST_TEXTS])
    nested = any(isinstance(text, (list, tuple)) for text in texts)
    shape: Literal["batch", "words"] = "words" if nested or split else "batch"
    flat = [word for text in texts for word in text] if nested and all(map(_is_list, texts)) else texts
    facts = _counted(shape, said, kind, flat, count=len(value))
    inner = tuple(len(text) for text in texts if _is_list(text))[:_MOST_ROWS] if nested else ()
    tensor = next((each for each in texts if is_symbolic(each)), None)
    facts = dataclasses.replace(facts, inner=inner, is_symbolic=tensor is not None)
    if tensor is not None:
        facts = dataclasses.replace(facts, framework=framework_of(tensor))
    if shape == "batch" and facts.with_spaces:
        return dataclasses.replace(facts, wholes=_wholes(texts, names))
    if shape != "batch" or len(texts) < 2 or facts.odd:
        return facts
    running = [text for text in texts if text.lower() in _RUNNING or not any(map(str.isalnum, text))]
    words_of, beside = _text_of(texts, names), _list_of(value, names)
    return dataclasses.replace(facts, words_of=words_of, beside=beside, running=tuple(running[:_MOST_ODD]))


def _counted(
    shape: Literal["text", "batch", "words", "other"], said: str | None, kind: str, texts: list[Any], count: int = 1
) -> TextFacts:
    strings = [text for text in texts if isinstance(text, str)]
    odd = [(index, type(text).__name__, repr(text)[:40]) for index, text in enumerate(texts) if not _is_text(text)]
    return TextFacts(
        said,
        shape,
        kind,
        count=count,
        odd=tuple(odd[:_MOST_ODD]),
        with_spaces=sum(any(map(str.isspace, text.strip())) for text in strings),
        upper=sum(text != text.lower() for text in strings),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def flat(texts: Any) -> list[Any]:
    """The strings of a text, of a batch, or of word lists; those beyond the first `_MOST_ROWS` left out."""
    if not _is_list(texts):
        return [texts]
    return [each for text in texts[:_MOST_ROWS] for each in (text if _is_list(text) else [text])]


def _is_array_of_objects(value: Any) -> bool:
    """Whether `value` is an array or column of objects (NumPy, pandas) whose items can be read as they are."""
    dtype = getattr(value, "dtype", None)
    return str(dtype) in ("object", "str", "string") and len(getattr(value, "shape", ())) == 1


def _text_of(words: list[str], names: Names) -> str | None:
    """The name of a text whose words, in order, are this very list: split at white space, or at punctuation too.

    In small letters as well, and without some of them, which code that cleans texts leaves out.
    """
    for name, text in names.strings(_MOST_NAMED):
        if any(each == words for each in (text.split(), re.findall(r"\w+|[^\w\s]", text), re.findall(r"\w+", text))):
            return name
        if _cleaned(words, text):
            return name
    return None


def _cleaned(words: list[str], text: str) -> bool:
    """Whether a list is most of a text's words, in their order, whatever their case and the marks around them."""
    parts = text.split(maxsplit=2 * len(words))
    if len(parts) > 2 * len(words) or any(" " in each for each in words):
        return False
    bare, known = _bare(words), _bare(parts)
    rest = iter(known)
    enough = len(bare) >= _FEWEST_CLEANED and len(bare) >= _KEPT * len(known)
    return enough and all(word in rest for word in bare)


def _bare(words: list[str]) -> list[str]:
    """Words in small letters without their marks; what is only marks is left out."""
    bare = [re.sub(r"\W", "", each).lower() for each in words]
    return [each for each in bare if each]


def _wholes(texts: list[Any], names: Names) -> tuple[str, ...]:
    """The names of texts that are among these."""
    known = {text for text in texts if isinstance(text, str)}
    return tuple(name for name, text in names.strings(_MOST_NAMED) if text in known)


def _list_of(words: Any, names: Names) -> str | None:
    """The name of a list of word lists that holds this very list, as `sentences[3]`."""
    said, _ = names.item(words)
    return said


def _bound(call: TokenizerCall) -> dict[str, Any]:
    """The call's arguments by parameter; those that do not bind by name only."""
    try:
        bound = inspect.signature(getattr(type(call.tokenizer), call.method)).bind(
            call.tokenizer, *call.args, **call.kwargs
        )
    except (TypeError, ValueError, AttributeError):
        return dict(call.kwargs)
    arguments = dict(bound.arguments)
    return {**arguments, **arguments.pop("kwargs", {})}


def _texts(given: Mapping[str, Any]) -> Any:
    known = ("text", "batch_text_or_text_pairs")
    return next((given[name] for name in known if given.get(name) is not None), None)


def _without_tensors(call: TokenizerCall, given: Mapping[str, Any]) -> Any:
    """What comes out where no tensor is made of it: the rows of a call that failed in making one; else None."""
    if given.get("return_tensors") is None or call.again is None:
        return None
    try:
        return call.again(**{**call.kwargs, "return_tensors": None})
    except Exception:  # noqa: BLE001  # then it was not the tensor that failed
        return None


def _rows(output: Any) -> list[np.ndarray]:
    """The rows of token ids that a tokenizer gave, at most `_MOST_TEXTS` of them."""
    ids = output["input_ids"] if isinstance(output, Mapping) and "input_ids" in output else output
    if ids is None or isinstance(ids, Mapping):
        return []
    if hasattr(ids, "numpy"):
        ids = ids.numpy()
    if isinstance(ids, np.ndarray) and ids.dtype == object:
        # Rows of different lengths, of which a slow tokenizer makes an array of lists.
        return [np.asarray(row) for row in ids.reshape(-1)[:_MOST_TEXTS] if _is_list(row)]
    if isinstance(ids, np.ndarray):
        return list(ids.reshape(-1, ids.shape[-1])[:_MOST_TEXTS]) if ids.ndim else []
    if row_lengths(ids):
        return [np.asarray(row) for row in ids[:_MOST_TEXTS]]
    return [np.asarray(ids)] if isinstance(ids, list) and all(isinstance(each, int) for each in ids) else []
