"""Facts about a model: the inputs that it takes, and the BERT-family encoders inside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bertmagic.facts.tensors import Role


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
    `takes`: the names that its call takes. `source`: where the sizes were read. `said`: the name
    that the cell has for the innermost model around it, or None. `dropout`: the largest rate that its config sets.
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

    @property
    def max_tokens(self) -> int | None:
        """The longest sequence that has positions (512 for BERT's 512 rows, and for RoBERTa's 514)."""
        return None if self.positions is None else self.positions - self.position_offset


@dataclass(frozen=True)
class ModelFacts:
    """`said`: the model's name in the cell. `outputs`: where the model itself tells them.

    `choices`: takes (batch, choices, seq), as multiple-choice heads do. `sizes`: of named axes, as the config has them.
    `takes`: all names that its call takes, None where it takes any or that is not known.
    """

    said: str
    type: str
    framework: str
    inputs: tuple[InputFacts, ...]
    encoders: tuple[EncoderFacts, ...]
    outputs: tuple[InputFacts, ...] = ()
    choices: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    takes: frozenset[str] | None = None

    def input(self, name: str) -> InputFacts | None:
        """The input of that name, or None."""
        return next((each for each in self.inputs if each.name == name), None)
