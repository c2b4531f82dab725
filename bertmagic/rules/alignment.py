"""The rule on labels of words, where a model gives one output a token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts, TokenizerCallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import family, tokenizer_of
from bertmagic.rules.labels import compared_output
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.targets import IGNORED
from bertmagic.rules.words import count

# Rows of a batch that are held to their words.
_MOST_ROWS = 128


@dataclass(frozen=True)
class _Row:
    """A row of labels with the words of its tokens: `words` (seq,) by index, -1 for none; `number` of its words."""

    index: int
    labels: np.ndarray
    words: np.ndarray
    number: int
    made: TokenizerCallFacts
    at: int

    @property
    def start(self) -> int:
        """The position of the first word's first token."""
        return int(np.argmax(self.words >= 0))

    def firsts(self) -> list[int]:
        """The positions of the words' first tokens."""
        before = np.concatenate([[-1], self.words[:-1]])
        return [int(each) for each in np.flatnonzero((self.words >= 0) & (self.words != before))]

    def lasts(self) -> list[int]:
        """The positions of the words' last tokens."""
        after = np.concatenate([self.words[1:], [-1]])
        return [int(each) for each in np.flatnonzero((self.words >= 0) & (self.words != after))]

    def run(self, begin: int) -> list[int]:
        """As many positions as there are words, one after another."""
        return list(range(begin, begin + self.number))


@cell_rule("error")
def labels_not_aligned(cell: CellFacts) -> Finding | None:
    """One label per word, one output per token.

    What it finds: labels that stand one after another, one for each word, where words have several tokens and each
    token its own output; or labels with as many columns as there are words. A label on the first token of a word, on
    its last or on all of them is right, and so are words of one token each.

    Why it is bad: from the first word of two tokens on, each label trains another word's token, without an error.

    Wrong:

        labels[row, 1:1 + len(tags)] = tags

    Right:

        for position, word in enumerate(enc.word_ids(row)):
            labels[row, position] = -100 if word is None else tags[word]
    """
    for call in cell.calls:
        found = _one_a_token(call)
        if found is None:
            continue
        output, labels, values, ids = found
        rows = list(_rows(cell, ids, values))
        if labels.shape[1] != output.shape[1]:
            finding = _by_width(cell, call, output, labels, ids)
        else:
            begin = _run_of_labels(call, rows) if rows else None
            begin = _run_of_tags(rows) if begin is None and rows else begin
            finding = None if begin is None else _by_place(labels, rows, begin)
        if finding is not None:
            return finding
    return None


def _one_a_token(call: CallFacts) -> tuple[TensorFacts, TensorFacts, np.ndarray, np.ndarray] | None:
    """The output of one row a token, the labels with their values, and the token ids; None where it is another."""
    output = compared_output(call)
    if call.loss is None or len(call.labels) != 1 or output is None or len(output.shape) != 3:
        return None
    if call.error is None and not call.compares:
        return None
    labels = call.labels[0]
    values = labels.values
    ids = next((each for each in call.inputs if each.role == "input_ids"), None)
    if (
        values is None
        or values.ndim not in (2, 3)
        or values.dtype.kind not in "iuf"
        or ids is None
        or ids.values is None
    ):
        return None
    if values.ndim == 3 and values.shape[2] != 1:
        return None
    values = values.reshape(values.shape[:2])
    if ids.values.ndim != 2 or len(ids.values) != len(values) or output.shape[1] != ids.values.shape[1]:
        return None
    # A further input may tell which tokens are words, and the model give one output a word.
    own = call.model.type.endswith("ForTokenClassification")
    if not own and any(each.role is None for each in call.inputs):
        return None
    return output, labels, values, ids.values


def _rows(cell: CellFacts, ids: np.ndarray, values: np.ndarray) -> Iterator[_Row]:
    """The batch's rows whose words are known, by their token ids: a batch may be shuffled."""
    for index, row in enumerate(ids[:_MOST_ROWS]):
        for made in reversed(cell.tokenizer_calls):
            at = None if made.words is None else made.row_of(row)
            if made.words is None or at is None:
                continue
            words = made.words.of_tokens[at][: len(row)]
            words = np.concatenate([words, np.full(len(row) - len(words), -1)])
            if (words >= 0).any():
                yield _Row(index, values[index], words, made.words.counts[at], made, at)
            break


def _run_of_labels(call: CallFacts, rows: Sequence[_Row]) -> int | None:
    """Where the labels of every row that tells begin, one a word, the others marked as ignored; None if they do not.

    -1 stands for the first word's own position, which left padding moves.
    """
    assert call.loss is not None
    ignored = [IGNORED, *([] if call.loss.ignored is None else [call.loss.ignored])]
    begins, alike = [], 0
    for row in rows:
        labelled = [int(each) for each in np.flatnonzero(~np.isin(row.labels, ignored))]
        if not labelled or len(labelled) == len(row.labels):
            return None  # nothing says which positions have no label
        whole = [int(each) for each in np.flatnonzero(row.words >= 0)]
        if labelled in (row.firsts(), row.lasts(), whole):
            if labelled != row.run(row.start):
                return None  # aligned
            alike += 1
            continue
        if labelled == row.run(row.start):
            begins.append(-1)
        elif labelled == row.run(0):
            begins.append(0)
        elif row.number + row.start >= len(row.labels):
            continue  # cut off: the row does not tell
        else:
            return None
    # One row alone may have as many labelled tokens as words by chance.
    return begins[0] if len(begins) + alike > 1 and len(set(begins)) == 1 else None


def _run_of_tags(rows: Sequence[_Row]) -> int | None:
    """The same where no position is marked: the labels of words that the cell has, found one after another."""
    made = rows[0].made
    if made.words is None or any(row.made is not made for row in rows):
        return None
    for tags in made.words.labels.values():
        whole = [row for row in rows if row.start + row.number <= len(row.labels)]
        if not any(row.firsts() != row.run(row.start) for row in whole):
            continue
        if any(_agree(tags, whole, [row_places(row) for row in whole]) for row_places in (_Row.firsts, _Row.lasts)):
            return None
        for begin in (-1, 0):
            if _agree(tags, whole, [row.run(row.start if begin < 0 else 0) for row in whole]):
                return begin
    return None


def _agree(tags: Sequence[Sequence[object]], rows: Sequence[_Row], places: Sequence[Sequence[int]]) -> bool:
    """Whether the labels at these places are the words' labels: the same numbers, or one number for each name."""
    names: dict[object, int] = {}
    total = 0
    for row, at in zip(rows, places, strict=True):
        for tag, place in zip(tags[row.at], at, strict=False):
            total += 1
            number = int(row.labels[place])
            plain = isinstance(tag, (int, np.integer))
            if (plain and tag != number) or names.setdefault(tag, number) != number:
                return False
    several = len(set(names.values())) == len(names) > 1
    return several and 2 * len(names) <= total


def _by_place(labels: TensorFacts, rows: Sequence[_Row], begin: int) -> Finding:
    wrong = [row for row in rows if row.firsts() != row.run(row.start if begin < 0 else 0)]
    row = wrong[0]
    first = row.start if begin < 0 else 0
    places = row.firsts()
    word = next(index for index, place in enumerate(places) if place != first + index)
    tokens = int((row.words >= 0).sum())
    named = labels.row_index(row.index)
    return Finding(
        "labels-not-aligned",
        "error",
        labels.called,
        f"`{labels.called}` has one label a word, and the model one output a token",
        f"Row {named} of `{labels.called}` has its {count(row.number, 'label')} at positions {first} to "
        f"{first + row.number - 1}, one a word; its words have {tokens} tokens. Word {word} begins at position "
        f"{places[word]}, and its label stands at position {first + word}, on another token.",
        {
            "rows": [labels.row_index(each.index) for each in wrong],
            "words": row.number,
            "tokens": tokens,
            "first tokens of the words": places[:32],
            "positions of the labels": row.run(first)[:32],
        },
        _fix(labels, row.made),
    )


def _by_width(
    cell: CellFacts, call: CallFacts, output: TensorFacts, labels: TensorFacts, ids: np.ndarray
) -> Finding | None:
    """Labels with as many columns as the longest text has words."""
    made = cell.made(call)
    if made is None or made.words is None or call.error is None or not ids.size:
        return None
    most, tokens = max(made.words.counts), output.shape[1]
    if labels.shape[1] != most or most == tokens:
        return None
    return Finding(
        "labels-not-aligned",
        "error",
        labels.called,
        f"`{labels.called}` has one label a word, and the model one output a token",
        f"`{labels.called}` has {count(most, 'column')}, as many as the longest text has words; `{output.name}` has "
        f"{tokens} positions, one a token. {call.error.type} is raised.",
        {"words": list(made.words.counts[:32]), "shape of the labels": str(labels.shape), "tokens": tokens},
        _fix(labels, made),
    )


def _fix(labels: TensorFacts, made: TokenizerCallFacts) -> Fix:
    name = labels.said if labels.said and labels.said.isidentifier() else "labels"
    if made.tokenizer.library == "keras-hub":
        called = f"{tokenizer_of(made)}.tokenizer" if made.tokenizer.holds else tokenizer_of(made)
        return Fix(
            "Put each label at its word's first token",
            f"{name} = np.full(token_ids.shape, {IGNORED})  # and a loss with ignore_class={IGNORED}\n"
            "for row, (words, tags) in enumerate(zip(words_of_texts, tags_of_words)):\n"
            "    at = 1  # after the start token\n"
            "    for word, tag in zip(words, tags):\n"
            f"        {name}[row, at] = tag\n"
            f"        at += len({called}(word))",
        )
    torch = family(labels) == "torch"
    library, opened, closed = ("torch", "torch.tensor([", "])") if torch else ("np", "[", "]")
    return Fix(
        "Put each label at its word's first token",
        f'{name} = {library}.full(enc["input_ids"].shape, {IGNORED})\n'
        "for row, tags in enumerate(tags_of_words):  # one list a text\n"
        "    words = enc.word_ids(row)\n"
        f"    {name}[row] = {opened}\n"
        f"        {IGNORED} if word in (None, before) else tags[word] for before, word in zip([None, *words], words)\n"
        f"    {closed}",
    )
