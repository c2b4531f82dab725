"""Facts about a whole cell: what its tokenizers were asked, the graphs that it built, and what ended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.model import EncoderFacts, ModelFacts
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

    `kind`: its public type name; `framework`: whose it is. `shape`: None where it has none; a free axis is None.
    `fields`: the keys of a mapping. `field_of`: for a string, the type of the output object that has a field of that
    name. `lengths`: of the rows of a nested list of numbers. `text`: a short `repr` of a string, number or None.
    `part`: what it is to Keras, a class as its instances are. `takes_rank`: of a layer, the least number of axes that
    its input must have. `is_class`: it is a class, and no instance of one.
    """

    place: str
    said: str | None
    kind: str
    framework: Framework
    shape: tuple[int | None, ...] | None = None
    dtype: str | None = None
    is_symbolic: bool = False
    is_output_object: bool = False
    fields: tuple[str, ...] = ()
    field_of: str | None = None
    lengths: tuple[int, ...] = ()
    origin: Origin | None = None
    text: str | None = None
    part: Part | None = None
    takes_rank: int | None = None
    is_class: bool = False

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
    modules; the items of a list or dict among them follow it, as `layers[0]`. `missing`: the name that an ImportError
    or AttributeError did not find, and `missing_in`: where. `indexed`: how many axes the failing expression indexes,
    where it is an index (`x[:, 0]`: 2).
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
    indexed: int | None = None

    @property
    def arguments(self) -> tuple[ValueFacts, ...]:
        """What the failing call was given."""
        return tuple(value for value in self.values if value.place != "name")


@dataclass(frozen=True)
class TextFacts:
    """The texts that a tokenizer was given. `shape` of the argument: one text, a batch, or a batch of word lists.

    `count`: texts of a batch. `odd`: the texts that are no strings, by index, as `(index, type, repr)`, at most 16.
    `framework`, `is_symbolic`: of a tensor in place of texts. `with_spaces`: how many texts hold white space; `upper`:
    how many hold a capital letter. `words_of`: the name of the text whose words the batch is, and `beside`: the name of
    the list of word lists that holds this very list, where there is such.
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


@dataclass(frozen=True)
class TokenizerCallFacts:
    """One call of a tokenizer. `method`: `__call__`, `encode`, `pad` …; the settings as they were given, or None.

    `lengths`: of the token id rows that came out or, where that failed, that come out without making a tensor of them.
    `unknown`: how many of their tokens are the unknown token, of `tokens` in all.
    """

    tokenizer: TokenizerFacts
    method: str
    texts: TextFacts
    pairs: TextFacts | None = None
    return_tensors: str | None = None
    padding: str | None = None
    truncation: str | None = None
    max_length: int | None = None
    is_split_into_words: bool = False
    said: str | None = None
    lengths: tuple[int, ...] = ()
    unknown: int = 0
    tokens: int = 0
    error: ErrorFacts | None = None


@dataclass(frozen=True)
class SymbolicFacts:
    """A tensor without values, of which a functional model is built. `name`: the argument that it was given as."""

    name: str
    said: str | None
    shape: tuple[int | None, ...]
    dtype: str
    role: Role | None
    framework: Framework
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


@dataclass(frozen=True)
class CellFacts:
    """All that was seen of a cell. `versions`: of the frameworks and libraries that are imported, by package name.

    `tf_keras_is`: which Keras the name `tf.keras` stands for, once it was looked up.
    """

    calls: tuple[CallFacts, ...] = ()
    tokenizer_calls: tuple[TokenizerCallFacts, ...] = ()
    built: tuple[BuildFacts, ...] = ()
    raised: RaisedFacts | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    tf_keras_is: Literal["keras", "tf-keras"] | None = None
