"""Facts about a model's state at a call: which weights are trained ones, what trains them, and the device under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class OptimizerFacts:
    """`name` as the user would write it. `adam`: one of Adam's kind, which moves a weight by about the rate each step.

    `rate`: the learning rate now, or a schedule's highest; None where it cannot be told. `schedule`: its class, or
    None. `steps`: how many it has made. `slots`: arrays of a weight's size that it keeps for each trained weight.
    `said`: what the cell calls it where the cell's own loop makes its steps, else None.
    """

    name: str
    adam: bool
    rate: float | None
    schedule: str | None = None
    steps: int = 0
    slots: int | None = None
    said: str | None = None


@dataclass(frozen=True)
class EncoderState:
    """The weights of one encoder. `path`: its layer path within the model, as in `EncoderFacts`.

    `trained`: its layer normalisations are not as they are initialised (weight 1 and bias 0 throughout); None where it
    has none. `gamma`: the lowest and highest of such weights. `parameters`: of its layers, embeddings and pooler left
    out; `trainable`: those of them that training changes. `pooler`: the trainable parameters of its pooler.
    `reached`, `pooler_reached`: whether the model's outputs depend on its last layer, and on its pooler, by gradient;
    None where no pass told.
    """

    path: str
    trained: bool | None
    parameters: int
    trainable: int
    pooler: int = 0
    gamma: tuple[float, float] | None = None
    reached: bool | None = None
    pooler_reached: bool | None = None


@dataclass(frozen=True)
class HeadState:
    """A dense layer outside of the encoders that is as it was initialised: bias 0, weights (in, out) as drawn."""

    path: str
    shape: tuple[int, int]
    initializer: str


@dataclass(frozen=True)
class MemoryFacts:
    """What training holds in bytes, on one device, beside activations.

    `gradients`: of trained weights, those of embedding tables left out, which are as large as the batch's tokens only.
    """

    device: str
    parameters: int
    gradients: int
    slots: int

    @property
    def total(self) -> int:
        """The bytes of all three."""
        return self.parameters + self.gradients + self.slots


@dataclass(frozen=True)
class StateFacts:
    """The state of a model at a call. `heads`: those that are as they were initialised.

    `own_step`: the training step is the user's own code. `may_set_rate`: the callbacks that may set the learning rate.
    `for_training`: the call is one of a training step (inside a gradient tape, or in training mode). `label_span`: the
    lowest and highest label of the whole training data, where that is known without iterating over it.
    """

    encoders: tuple[EncoderState, ...] = ()
    heads: tuple[HeadState, ...] = ()
    optimizer: OptimizerFacts | None = None
    memory: MemoryFacts | None = None
    own_step: bool = False
    may_set_rate: tuple[str, ...] = ()
    for_training: bool = False
    label_span: tuple[float, float] | None = None

    def encoder(self, path: str) -> EncoderState | None:
        """The state of the encoder at `path`, or None."""
        return next((each for each in self.encoders if each.path == path), None)


@dataclass(frozen=True)
class HardwareFacts:
    """The machine as the system tells it, beside what the framework sees.

    `nodes`: the device files of GPUs that this process may use; `product`: the driver's name for the first. `seen`: how
    many GPUs the framework lists. `hidden`: the setting by which they are hidden on purpose, or None. `memory`: by
    device (`CPU`, `GPU:0`) its bytes and where they were read.
    """

    framework: str
    nodes: tuple[str, ...] = ()
    product: str | None = None
    seen: int = 0
    hidden: str | None = None
    memory: Mapping[str, tuple[int, str]] = field(default_factory=dict)
