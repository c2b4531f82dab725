"""Facts about loading and saving that failed: weights, files, and reloaded models' signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Shape: TypeAlias = "tuple[int | None, ...]"


@dataclass(frozen=True)
class WeightFacts:
    """A weight that has another shape where it is loaded from than in the model.

    `verb`: the function that loads (`from_pretrained`, `load_weights`, `set_weights`); `source`: the file or folder, by
    the name that it was given. `in_encoder`: whether it lies in the encoder, None where that is not known.
    """

    name: str
    stored: Shape
    wanted: Shape
    verb: str
    source: str | None = None
    model: str | None = None
    in_encoder: bool | None = None


@dataclass(frozen=True)
class StoredFacts:
    """A model that was to be saved or loaded. `format`: of the file. `model`: its name in the cell, or its type.

    `unknown`: the classes and functions of the file that Keras cannot find by name; `is_subclassed`: the model is
    neither functional nor sequential; `without_config`: the types of layers that tell no config of themselves.
    """

    action: Literal["load", "save"]
    verb: str
    format: Literal["h5", "keras", "tf", "json"]
    path: str | None = None
    model: str | None = None
    unknown: tuple[str, ...] = ()
    is_subclassed: bool = False
    without_config: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpecFacts:
    """A tensor of a signature or of a call. `dtype`: None for what is converted to the dtype that is taken."""

    name: str | None
    shape: Shape | None
    dtype: str | None


@dataclass(frozen=True)
class ArgumentsFacts:
    """How tensors are passed: by keyword, as one dict, as one list, or as positional arguments."""

    form: Literal["keywords", "dict", "list", "positions"]
    tensors: tuple[SpecFacts, ...]


@dataclass(frozen=True)
class ReloadedFacts:
    """A call of a function or model that was loaded from a SavedModel. `takes`: each of the ways to call it.

    `signatures`: the names of the signatures of the object. `given`: None where it is not what was called.
    """

    takes: tuple[ArgumentsFacts, ...]
    given: ArgumentsFacts | None = None
    signatures: tuple[str, ...] = ()


LoadingFacts: TypeAlias = "WeightFacts | StoredFacts | ReloadedFacts"
