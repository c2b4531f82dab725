"""Facts about a model: the inputs that it takes, and the BERT-family encoders inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bertmagic.facts.tensors import Role

# What a model is written in, and what computes it: Keras 3 runs on any of three, the others on their own.
ModelFramework: TypeAlias = Literal["tf-keras", "keras", "torch"]
Compute: TypeAlias = Literal["tensorflow", "jax", "torch"]
Library: TypeAlias = Literal["transformers", "keras-hub"]


@dataclass(frozen=True)
class InputFacts:
    """An input that the model takes. `shape`: None for a free axis; None as a whole where any shape is taken."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str | None
    required: bool
    role: Role | None = None


@dataclass(frozen=True)
class EncoderFacts:
    """A BERT-family encoder, as its weights (or, not built yet, its config) say.

    `path`: its layer path within the model, "" for the model itself. `vocab_rows`: rows of the word embeddings.
    `positions`: rows of the learnt absolute position embeddings, None where positions are relative; `position_offset`:
    the first token's position (RoBERTa: padding id + 1, else 0). `types`: rows of the token type embeddings.
    `takes`: the roles that its call takes, and its other names. `names`: by role, its own name for it where that is
    another than the role's (KerasHub's `padding_mask` for `attention_mask`). `source`: where the sizes were read.
    `said`: the name that the cell has for the innermost model around it, or None. `dropout`: the largest rate that its
    config sets.
    """

    path: str
    family: str
    type: str
    vocab_rows: int | None
    positions: int | None
    position_offset: int
    types: int | None
    pad_id: int | None
    hidden: int | None
    takes: frozenset[str]
    source: str
    pretrained: str | None = None
    said: str | None = None
    dropout: float | None = None
    names: Mapping[Role, str] = field(default_factory=dict)

    def name(self, role: Role) -> str:
        """The encoder's own name for what is of that role."""
        return self.names.get(role, role)

    @property
    def max_tokens(self) -> int | None:
        """The longest sequence that has positions (512 for BERT's 512 rows, and for RoBERTa's 514)."""
        return None if self.positions is None else self.positions - self.position_offset


@dataclass(frozen=True)
class ModelFacts:
    """`said`: the model's name in the cell. `outputs`: where the model itself tells them.

    `choices`: takes (batch, choices, seq), as multiple-choice heads do. `sizes`: of named axes, as the config has them.
    `takes`: all names that its call takes, None where it takes any or that is not known. `problem`: a transformers
    config's `problem_type`. `dry`: its training in this block was dry: its weights are those from before.
    `framework`: what it is written in; `compute`: what computes it. `preprocesses`: how it makes tokens of raw strings
    itself in `fit`, `evaluate` and `predict` (a KerasHub task's `preprocessor`), None where it does not. `library`:
    whose own class it is, None for a class of the user's, be it derived from such a one. `argmaxed`: the cell's code
    takes the argmax of its predictions along their last axis, and so reads them as classes.
    """

    said: str
    type: str
    framework: ModelFramework
    inputs: tuple[InputFacts, ...]
    encoders: tuple[EncoderFacts, ...]
    outputs: tuple[InputFacts, ...] = ()
    choices: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    takes: frozenset[str] | None = None
    problem: str | None = None
    dry: bool = False
    compute: Compute = "tensorflow"
    preprocesses: str | None = None
    library: Library | None = None
    argmaxed: bool = False

    @property
    def is_transformers(self) -> bool:
        """Whether it is a class of transformers' own, whose call and losses are known (its TF classes begin so)."""
        return self.library == "transformers" or (self.framework == "tf-keras" and self.type.startswith("TF"))

    @property
    def is_of_inputs(self) -> bool:
        """Whether it was made from `Input`s (functional, sequential, KerasHub's backbones and tasks)."""
        return bool(self.outputs) or (self.framework != "torch" and self.type in ("Functional", "Sequential"))

    @property
    def speaks_hub(self) -> bool:
        """Whether its tokens come from KerasHub, which goes by names and tokenizers of its own."""
        hub = self.library == "keras-hub" or self.preprocesses is not None
        return hub or any("padding_mask" in each.names.values() for each in self.encoders)

    def name(self, role: Role) -> str:
        """The model's own name for what is of that role: of its inputs, else of its first encoder that has another."""
        own = [each.name for each in self.inputs if each.role == role]
        return own[0] if len(own) == 1 else next((each.name(role) for each in self.encoders), role)

    def input(self, name: str) -> InputFacts | None:
        """The input of that name, or None."""
        return next((each for each in self.inputs if each.name == name), None)
