"""States of models that are trained as they should be, and machines that are used: none is to be warned of."""

from __future__ import annotations

import dataclasses

import numpy as np

from bertmagic.facts.training import (
    EncoderState,
    HardwareFacts,
    HeadState,
    MemoryFacts,
    OptimizerFacts,
    StateFacts,
)

PARAMETERS = 85_054_464
TRAINED = EncoderState(
    "", True, PARAMETERS, PARAMETERS, 590_592, (0.41, 0.98), reached=True, pooler_reached=True
)  # of BERT-base, loaded from a checkpoint
ADAM = OptimizerFacts("Adam", adam=True, rate=2e-5, slots=2)
HEAD = HeadState("dense", (8, 2), "GlorotUniform")
BASE = 437_928_960  # BERT-base's parameters in float32, in bytes
MEMORY = MemoryFacts("CPU", BASE, BASE - 95_000_000, 2 * BASE)


def adam(rate: float | None, **facts: object) -> OptimizerFacts:
    """An optimizer of Adam's kind at that rate, or with that highest rate."""
    return dataclasses.replace(ADAM, rate=rate, **facts)  # type: ignore[arg-type]


def encoder(**facts: object) -> tuple[EncoderState, ...]:
    """A pretrained encoder's state."""
    return (dataclasses.replace(TRAINED, **facts),)  # type: ignore[arg-type]


HIGH = adam(1e-3)
# By name, what may be trained as it is: each of these has its reason to be right.
RIGHT: dict[str, StateFacts] = {
    "fine-tuned at 2e-5": StateFacts(encoder(), optimizer=ADAM),
    "fine-tuned at 5e-4": StateFacts(encoder(), optimizer=adam(5e-4)),
    "just below": StateFacts(encoder(), optimizer=adam(9.5e-4)),
    "a schedule that rises from 0": StateFacts(encoder(), optimizer=adam(5e-5, schedule="WarmUp", name="AdamW")),
    "a schedule that nobody knows": StateFacts(encoder(), optimizer=adam(None, schedule="Noam")),
    "another kind of optimizer": StateFacts(encoder(), optimizer=OptimizerFacts("SGD", adam=False, rate=0.1, slots=1)),
    "frozen, Adam's default": StateFacts(encoder(trainable=0, pooler=0), optimizer=HIGH),
    "the last layers alone": StateFacts(encoder(trainable=PARAMETERS // 6), optimizer=HIGH),
    "adapters": StateFacts(encoder(parameters=PARAMETERS + 2_000_000, trainable=2_000_000), optimizer=adam(3e-3)),
    "new weights": StateFacts(encoder(trained=False, gamma=(1.0, 1.0)), optimizer=HIGH),
    "no layer normalization": StateFacts(encoder(trained=None, gamma=None), optimizer=HIGH),
    "trained on from here": StateFacts(encoder(), optimizer=adam(1e-3, steps=40)),
    "its outputs are not used": StateFacts(encoder(reached=False), optimizer=HIGH),
    "a callback sets the rate": StateFacts(encoder(), optimizer=HIGH, may_set_rate=("LearningRateScheduler",)),
    "a training step of one's own": StateFacts(encoder(), optimizer=HIGH, own_step=True),
    "not read": StateFacts(),
    "a new head": StateFacts(encoder(), (HEAD,), ADAM),
    "the last hidden state": StateFacts(encoder(pooler_reached=False), optimizer=ADAM),
    "memory that nobody knows": StateFacts(encoder(), optimizer=ADAM, memory=MEMORY),
}


def machine(**facts: object) -> HardwareFacts:
    """A machine, with the facts given."""
    return HardwareFacts("TensorFlow 2.21.0", **facts)  # type: ignore[arg-type]


MACHINES: dict[str, HardwareFacts | None] = {
    "not read": None,
    "a CPU": machine(),
    "a GPU that is used": machine(nodes=("/dev/nvidia0",), product="a GPU", seen=1),
    "a GPU that is hidden on purpose": machine(nodes=("/dev/nvidia0",), hidden="CUDA_VISIBLE_DEVICES=-1"),
    "just enough memory": machine(memory={"CPU": (MEMORY.total, "the test")}),
    "another device's memory": machine(memory={"GPU:0": (MEMORY.total // 2, "the test")}),
}


def right_state(random: np.random.Generator) -> StateFacts:
    """The state of a model that is trained, or used, as it should be."""
    return RIGHT[str(random.choice(list(RIGHT)))]


def right_hardware(random: np.random.Generator) -> HardwareFacts | None:
    """A machine that is used as it should be."""
    return MACHINES[str(random.choice(list(MACHINES)))]
