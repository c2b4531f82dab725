"""Facts about a whole cell: what its tokenizers were asked, the graphs that it built, and what ended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.loading import LoadingFacts, StoredFacts
from bertmagic.facts.model import EncoderFacts, ModelFacts
from bertmagic.facts.site import Site
from bertmagic.facts.tensors import Role
from bertmagic.facts.tokenizer import TokenizerFacts

# Whose object something is. "keras" is Keras 3, "tf-keras" Keras 2 (`tf_keras`, and what transformers makes of it).
Framework: TypeAlias = Literal["tf-keras", "keras", "tensorflow", "torch", "jax", "numpy", "transformers", "python"]
# What an object is to Keras, of either generation.
Part: TypeAlias = Literal["model", "layer", "optimizer", "schedule", "metric", "loss", "callback", "data"]


@dataclass(frozen=True)
class Origin:
    """Where a tensor comes from. `made_by`: the path or name of the layer that gave it, `Input` for an `Input`.

    `encoder`: the encoder that gave it, where one did; `output`: which of its outputs (`pooler_output`), where that can
    be told. `sliced`: it is a part of that output, or what layers made of it, and not the output itself.
    """

    made_by: str
    encoder: EncoderFacts | None = None
    output: str | None = None
    sliced: bool = False


@dataclass(frozen=True)
class ValueFacts:
    """An object that took part in a call. `place`: the argument that it was (`inputs`, `args[1]`), or `name` for one
    that the failing line names and the call below it may not have been given.

    `kind`: its public type name; `framework`: whose it is; `is_class`: it is a class, and no instance of one.
    Of a tensor or array: `shape`, None where it has none (a free axis is None), and where it comes from (`origin`).
    Of a container or a plain value: `fields`, the keys of a mapping; `field_of`, for a string, the type of the output
    object that has a field of that name; `lengths` of the rows of a nested list of numbers or of a list of arrays;
    `text`, a short `repr` of a string, number or None.
    Of what computes: `part`, what it is to Keras, a class as its instances are; `takes_rank`, of a layer, the least
    number of axes that its input must have; `needs`, the frameworks that a class of transformers needs and did not
    find; `tokenizer`, the name of a tokenizer that a function's own code calls.
    """

    place: str
    said: str | None
    kind: str
    framework: Framework
    is_class: bool = False

    shape: tuple[int | None, ...] | None = None
    dtype: str | None = None
    is_symbolic: bool = False
    origin: Origin | None = None

    is_output_object: bool = False
    fields: tuple[str, ...] = ()
    field_of: str | None = None
    lengths: tuple[int, ...] = ()
    text: str | None = None

    part: Part | None = None
    takes_rank: int | None = None
    needs: tuple[str, ...] = ()
    tokenizer: str | None = None

    @property
    def called(self) -> str:
        """The name to use in a sentence: the user's where there is one."""
        return self.said or self.kind


@dataclass(frozen=True)
class RaisedFacts:
    """The exception that ended the cell, where the user's own code met it.

    `line`, `source`: the innermost line of the user's own, and on Python 3.11 or later the very expression in it.
    `callee`: the function that this called, by module and qualified name; `callee_said`: as the user wrote it. `owner`:
    the object whose method or call it is. `values`: its arguments, and what the failing expression names, without
    modules; the items of a list or dict among them follow it, as `layers[0]`. `missing`: the name that an ImportError,
    AttributeError or NameError did not find, and `missing_in`: where. `indexed`: how many axes the failing expression
    indexes, where it is an index (`x[:, 0]`: 2). `causes`: the texts of the exceptions from which this one was raised,
    or in whose handling. `loading`: what did not fit, where a loading, a saving or a reloaded model's call failed.
    """

    type: str
    text: str
    line: int | None = None
    source: str = ""
    callee: str = ""
    callee_said: str = ""
    owner: ValueFacts | None = None
    values: tuple[ValueFacts, ...] = ()
    missing: str | None = None
    missing_in: str | None = None
    loading: LoadingFacts | None = None
    causes: tuple[str, ...] = ()
    indexed: int | None = None
    # The user's own lines that the exception passed through, innermost first.
    sites: tuple[Site, ...] = field(default=(), repr=False, compare=False)

    @property
    def arguments(self) -> tuple[ValueFacts, ...]:
        """What the failing call was given."""
        return tuple(value for value in self.values if value.place != "name")


@dataclass(frozen=True)
class TextFacts:
    """The texts that a tokenizer was given. `shape` of the argument: one text, a batch, or a batch of word lists.

    `count`: texts of a batch. `odd`: the texts that are no strings, by index, as `(index, type, repr)`, at most 16.
    `framework`, `is_symbolic`: of a tensor in place of texts, or of one among them, or whose `repr` is the text.
    `with_spaces`: how many texts hold white space; `upper`: how many hold a capital letter. `words_of`: the name of the
    text whose words the batch is, and `beside`: the name of the list of word lists that holds this very list, where
    there is such. `running`: the items that only running text has: punctuation alone, and words like "the".
    `inner`: of a list of lists, the lengths of these. `wholes`: the names of texts that stand in the batch as they are.
    """

    said: str | None
    shape: Literal["text", "batch", "words", "other", "none"]
    kind: str
    count: int = 0
    odd: tuple[tuple[int, str, str], ...] = ()
    framework: Framework = "python"
    is_symbolic: bool = False
    with_spaces: int = 0
    upper: int = 0
    words_of: str | None = None
    beside: str | None = None
    running: tuple[str, ...] = ()
    inner: tuple[int, ...] = ()
    wholes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CasingFacts:
    """Whether a tokenizer's treatment of capital letters is that of its vocabulary.

    `lowers`: it lower-cases. `capitals`: the tokens with a capital letter, of `sampled` tokens of its vocabulary.
    `changed`: words with a capital letter among the texts, by `(word, its tokens)`: of a tokenizer that lower-cases,
    those that its vocabulary holds as they are written; of one that does not, those that it does not know, and knows in
    lower case.
    """

    lowers: bool
    capitals: int
    sampled: int
    changed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WordFacts:
    """The words of the rows that a tokenizer gave: of words given as a list, or of texts at their white space.

    `of_tokens`: by row, the word's index for each token, -1 for special tokens and padding; `counts`: the words of each
    text, those that were cut off counted too. `labels`: lists with one item a word of each text, by name.
    """

    of_tokens: tuple[np.ndarray, ...] = field(repr=False)
    counts: tuple[int, ...]
    labels: Mapping[str, tuple[tuple[object, ...], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class TokenizerCallFacts:
    """One call of a tokenizer. `method`: `__call__`, `encode`, `pad` …; the settings as they were given, or None.

    `lengths`: of the token id rows that came out or, where that failed, that come out without making a tensor of them.
    `unknown`: how many of their tokens are the unknown token, of `tokens` in all. `rows`: those token ids. `casing`,
    `words`: None where they were not asked for, or cannot be told.
    `cut`: the rows whose text was truncated, where the tokenizer tells (those in Rust do).
    `ended`: whether the call was seen to its end; of one that a graph is traced through, only its arguments are.
    """

    tokenizer: TokenizerFacts
    method: str
    texts: TextFacts
    pairs: TextFacts | None = None
    return_tensors: str | None = None
    is_split_into_words: bool = False
    lengths: tuple[int, ...] = ()
    unknown: int = 0
    tokens: int = 0
    error: ErrorFacts | None = None
    ended: bool = True
    rows: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)
    casing: CasingFacts | None = None
    words: WordFacts | None = None
    cut: tuple[int, ...] = ()
    # Where the user's own code makes the call, innermost first.
    sites: tuple[Site, ...] = field(default=(), repr=False, compare=False)

    def row_of(self, ids: np.ndarray) -> int | None:
        """The index of the row whose tokens begin `ids`, or that these begin (padded further, or cut); else None."""
        for index, row in enumerate(self.rows if ids.dtype.kind in "iuf" else ()):
            shorter = min(len(row), len(ids))
            if shorter and row.dtype.kind in "iu" and np.array_equal(row[:shorter], ids[:shorter]):
                return index
        return None


@dataclass(frozen=True)
class SymbolicFacts:
    """A tensor without values, of which a functional model is built. `name`: the argument that it was given as."""

    name: str
    said: str | None
    shape: tuple[int | None, ...]
    dtype: str
    role: Role | None
    origin: Origin | None = None

    @property
    def called(self) -> str:
        """The name to use in a sentence: the user's where there is one."""
        return self.said or self.name


@dataclass(frozen=True)
class BuildFacts:
    """A call of a model or encoder on symbolic tensors: nothing is computed, a graph is built.

    `ran`: the paths of the layers that went through before `error`, which names the one that did not.
    """

    model: ModelFacts
    inputs: tuple[SymbolicFacts, ...]
    error: ErrorFacts | None = None
    ran: tuple[str, ...] = ()
    # Where the user's own code makes the call, innermost first.
    sites: tuple[Site, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True)
class CellFacts:
    """All that was seen of a cell. `versions`: of the frameworks and libraries that are imported, by package name.

    `saves`: savings that were held back and would have failed. `tf_keras_is`: which Keras the name `tf.keras` stands
    for, once it was looked up.
    """

    calls: tuple[CallFacts, ...] = ()
    tokenizer_calls: tuple[TokenizerCallFacts, ...] = ()
    built: tuple[BuildFacts, ...] = ()
    raised: RaisedFacts | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    saves: tuple[StoredFacts, ...] = ()
    tf_keras_is: Literal["keras", "tf-keras"] | None = None

    def ended_in(self, error: ErrorFacts | None) -> bool:
        """Whether that exception ended the cell, perhaps through another's; one that was caught did not."""
        if error is None or self.raised is None:
            return False
        if error.text:
            return any(error.text in text for text in (self.raised.text, *self.raised.causes))
        return error.type == self.raised.type

    def made(self, call: CallFacts) -> TokenizerCallFacts | None:
        """The tokenizer's call whose rows the token ids of a model's call are; the last one where several are."""
        for tensor in call.inputs:
            if (
                tensor.role == "input_ids"
                and tensor.values is not None
                and tensor.values.ndim == 2
                and len(tensor.values)
            ):
                for made in reversed(self.tokenizer_calls):
                    if made.row_of(tensor.values[0]) is not None:
                        return made
        return None
