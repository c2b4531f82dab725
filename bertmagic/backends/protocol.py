"""What a framework's module must offer: recognise, observe, describe, run rows, restore state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal, Protocol

import numpy as np

from bertmagic.backends.comparison import Comparison
from bertmagic.facts.call import BroadcastFacts, CallKind, ErrorFacts
from bertmagic.facts.cell import Origin, SymbolicFacts
from bertmagic.facts.loading import LoadingFacts, StoredFacts
from bertmagic.facts.loss import LossFacts
from bertmagic.facts.model import EncoderFacts, ModelFacts
from bertmagic.facts.site import Site
from bertmagic.facts.tensors import Role
from bertmagic.facts.training import EncoderState, HardwareFacts, OptimizerFacts, StateFacts
from bertmagic.observe.pooled import Pooled


class Unseen(Exception):
    """A call that cannot be looked into without harm (a one-shot iterator held elsewhere); the message says why."""


@dataclass(frozen=True)
class Leaf:
    """One array of a call's arguments or labels. `batched`: its first axis is the batch; else it goes along whole.

    `source`: the very object that the user gave, by which its name in the cell is found.
    """

    name: str
    value: np.ndarray
    role: Role | None
    kind: str
    batched: bool
    source: Any


@dataclass(frozen=True)
class LayerRecord:
    """One call of one layer. `inputs`, `outputs`: shapes; what lies below it is told by `level` and order.

    `params`: its own parameters; `total`: with all below it, told only where it failed and so not all was recorded.
    `seconds`: None where they would tell when a call was put in a queue, not how long it took.
    `ran`: False for a layer that the one above it holds and, because that failed, never called; then `params` are all.
    """

    path: str
    type: str
    level: int
    inputs: tuple[tuple[int | None, ...], ...]
    outputs: tuple[tuple[int | None, ...], ...]
    dtype: str
    params: int
    seconds: float | None
    failed: bool
    total: int | None = None
    ran: bool = True


@dataclass(frozen=True)
class EncoderPass:
    """What one encoder was given in a pass, by role, and its last hidden state (batch, seq, hidden), or None.

    `gave`: the type of its output object and the names of its fields, where it gave such.
    """

    encoder: EncoderFacts
    given: Mapping[Role, np.ndarray]
    hidden: np.ndarray | None
    training: bool | None = None
    gave: tuple[str, tuple[str, ...]] | None = None
    # Tensors given by names that the encoder does not know and swallows, with the roles that the names tell.
    unknown: tuple[tuple[str, Role | None], ...] = ()
    # Where the user's own code calls it, innermost first.
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True)
class Pass:
    """One dry pass over some rows. `exception` is what it raised, if it did, for the caller to raise again."""

    outputs: tuple[tuple[str, np.ndarray], ...]
    encoders: tuple[EncoderPass, ...]
    layers: tuple[LayerRecord, ...]
    loss: LossFacts | None
    history_keys: tuple[str, ...]
    error: ErrorFacts | None
    exception: BaseException | None
    seconds: float
    # By path of an encoder: whether the outputs depend on its last layer, and on its pooler, where that was asked.
    reached: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)


# What an encoder's call is answered with: its place among the encoders' calls, what it is given by role, and the hidden
# state (batch, seq, hidden) that it gave when it ran; the hidden state to give instead, whose seq may be another.
Answer = Callable[[int, Mapping[Role, np.ndarray], np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Failing:
    """What ended the cell, alive. `frames`: those below the user's own, outermost first; `owner`: what was called.

    `named`: what the cell calls an object.
    """

    error: BaseException
    owner: Any
    frames: tuple[FrameType, ...]
    named: Callable[[Any], str | None]


class LiveCall(Protocol):
    """One observed call, alive: its arrays, and the means to run it dry on any of its rows."""

    kind: CallKind
    model: Any
    leaves: tuple[Leaf, ...]
    labels: tuple[Leaf, ...]
    weights: tuple[Leaf, ...]
    container: str
    # The object that the inputs came in, and how many parts an element of it has where it is a stream of tuples.
    data: Any
    data_type: str
    parts: int | None
    # What the call cannot show, and why: pairs for `not_checked`.
    unseen: tuple[tuple[str, str], ...]
    # Why the call can only be read and not be run dry, or None.
    content_only: str | None
    # The mode of a direct call and what says so, whether a tape records it, and whether training mode does more to the
    # model than its outputs show (builds it, updates its statistics), for which it may be meant.
    training: bool | None
    watched: bool
    updates: bool
    # Whether code other than the framework's and transformers' own lies around the encoders.
    own_code: bool

    @property
    def training_by(self) -> Literal["call", "default", "learning phase", "modules"]:
        """What says the mode: the call, a default, the learning phase, or the modules' own modes."""

    @property
    def size(self) -> int:
        """How many rows the batch has."""

    def run(self, arrays: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray] | None, layers: bool) -> Pass:
        """One forward pass, and the loss where `labels` (and sample weights) are given; nothing is left changed."""

    def state(self, reached: Mapping[str, tuple[bool, bool]]) -> StateFacts:
        """The state of the model's weights, and what trains them; `reached`: what a dry pass told. Changes nothing."""

    def again(self, arrays: Mapping[str, np.ndarray], training: bool) -> Pass:
        """One more forward pass of these rows, with other random numbers; nothing is left changed."""

    def replay(self, arrays: Mapping[str, np.ndarray], answer: Answer) -> Pass:
        """A forward pass in which the encoders do not run: `answer` gives their hidden states in their place.

        Only what lies around the encoders is computed. Random numbers are others than those of the first pass. The
        pass has an `error` where the encoders were called otherwise than in the last pass that recorded its layers.
        """

    def encode(self, encoder: EncoderFacts, given: Mapping[Role, np.ndarray]) -> np.ndarray:
        """The encoder's last hidden state (batch, seq, hidden) for these arguments."""


class Listener(Protocol):
    """Who is told of calls while a backend observes."""

    run_for_real: bool

    def fit(self, backend: Backend, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """In place of a training run; returns the framework's own history."""

    def before(
        self,
        backend: Backend,
        kind: CallKind,
        model: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        watched: bool | None = None,
    ) -> Callable[[Any, BaseException | None], None]:
        """Before a real call; what it returns is told how the call ended: its value, or what it raised.

        `watched`: whether a gradient tape recorded the call, where it was made in a graph that has been traced already.
        """

    def followed(
        self,
        ended: Callable[[Any, BaseException | None], None],
        pooled: Sequence[Pooled],
        broadcasts: Sequence[BroadcastFacts],
    ) -> None:
        """What the cell's own code did with the output of the call that `before` answered with `ended`."""

    def compared(
        self, ended: Callable[[Any, BaseException | None], None], comparison: Comparison, output: str
    ) -> Callable[[float | None, BaseException | None], None]:
        """A loss of the cell's own code compares `output`, a field of what the call gave that `before` answered.

        Told before the loss runs; what it returns is told the loss, None where it was not read, or what it raised.
        """

    def stepped(self, model: Any, optimizer: OptimizerFacts, encoders: tuple[EncoderState, ...]) -> None:
        """The cell's own loop trains these encoders of `model`, which it has called: their state at the first step."""

    def named(self, value: Any) -> str | None:
        """What the cell calls a value, its functions that are under way too."""

    def built(
        self,
        backend: Backend,
        layer: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        error: ErrorFacts | None = None,
        ran: tuple[str, ...] = (),
        value: Any = None,
    ) -> None:
        """A model or encoder was called on symbolic tensors; `ran`: the layers that went through before `error`.

        `value`: what it gave.
        """

    def unseen(self, what: str, why: str) -> None:
        """Something that could not be looked into."""

    def failed(self, what: str, failure: BaseException) -> None:
        """Something in bertmagic itself failed."""

    def holds_back(
        self,
        backend: Backend,
        model: Any,
        action: str,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> bool:
        """Whether `action` (saving) must not be done because `model`'s training was dry."""


class Backend(Protocol):
    """One framework."""

    name: str

    def is_model(self, value: Any) -> bool:
        """Whether `value` is a model of this framework, recognised without importing anything."""

    def is_part_of(self, part: Any, whole: Any) -> bool:
        """Whether `part` is a layer inside the model `whole`, or `whole` itself."""

    def share(self, one: Any, other: Any) -> bool:
        """Whether two models have a layer with weights in common."""

    def aside(self, values: Iterable[Any]) -> AbstractContextManager[None]:
        """Whatever runs inside, the models and optimizers among `values` come back as they were; random state too."""

    def is_built(self, model: Any) -> bool:
        """Whether the model has its weights."""

    def origin(self, value: Any) -> Origin | None:
        """Where a symbolic tensor comes from: which layer and encoder gave it; None for other values."""

    def symbolic(
        self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], named: Callable[[Any], str | None]
    ) -> tuple[SymbolicFacts, ...]:
        """The symbolic tensors that `layer` is called on."""

    def loading(self, failing: Failing) -> LoadingFacts | None:
        """What did not fit, where a loading, a saving or a reloaded model's call ended the cell; None for others."""

    def held(
        self,
        model: Any,
        action: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        named: Callable[[Any], str | None],
    ) -> Iterable[StoredFacts]:
        """The facts of a saving that is held back, where it is certain to fail."""

    def observe(self, listener: Listener) -> AbstractContextManager[None]:
        """Tell `listener` of calls until the context ends; then all that was patched is as before."""

    def describe(self, model: Any, said: str, named: Callable[[Any], str | None]) -> ModelFacts:
        """The facts of the model that the cell calls `said`; `named` tells what it calls the models inside."""

    def live(
        self,
        kind: CallKind,
        model: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        loss: Any = None,
        replace: Callable[[Any, Callable[[], Any]], bool] = lambda old, make_new: False,
    ) -> LiveCall:
        """The call, alive. Raises `Unseen`, or what the framework's own data handling raises.

        `replace(old, make_new)`: asks to put `make_new()` in place of a one-shot iterator; False where more holds it.
        """

    def given(self, kind: CallKind, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveCall:
        """A call whose data the framework would not take, as the user gave it: to be read, not run."""

    def validation(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        """The keywords of the `evaluate` by which a training run would validate, or None where it would not."""

    def device(self, asked: str) -> tuple[str, str | None]:
        """The device to run on (`CPU:0`, `GPU:0`) and its product name; raises `BadUse` where there is none such."""

    def hardware(self, asked: str) -> HardwareFacts:
        """The machine as the system tells it, beside what the framework sees."""

    def on_device(self, asked: str) -> AbstractContextManager[None]:
        """Run on that device, outside of any gradient tape, with random state as before afterwards."""

    def peak_bytes(self, asked: str) -> int | None:
        """The device's peak memory where the framework tells it."""

    def history(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], keys: Sequence[str]) -> Any:
        """The framework's history of a training run that did not happen: its epochs and keys, all NaN."""

    def callbacks(self, kwargs: dict[str, Any]) -> Iterable[str]:
        """The types of the callbacks that a dry training run does not call."""
