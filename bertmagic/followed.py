"""What the cell's own code did with a call's outputs or the model's weights, put to its facts and its findings."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bertmagic.assemble import Ended
from bertmagic.facts.call import BroadcastFacts, CallFacts
from bertmagic.facts.training import EncoderState, OptimizerFacts, StateFacts
from bertmagic.finding import Finding
from bertmagic.observe.pooled import Pooled, said_pooling

# What is told how a call ended, by which the call is known.
Handle = Callable[[Any, "BaseException | None"], None]


class Handles:
    """Which examined call a handle stands for: itself, or one like it of the same model."""

    def __init__(self) -> None:
        self._known: dict[Handle, tuple[weakref.ref[Any], Ended | None]] = {}

    def add(self, handle: Handle, model: Any, done: Ended | None) -> None:
        """Remember a call; `done` where it was examined itself."""
        self._known[handle] = (weakref.ref(model), done)

    def of(self, handle: Handle, ended: Iterable[Ended]) -> Ended | None:
        """The examined call."""
        model, done = self._known[handle]
        alike = [each for each in ended if each.model() is model() is not None]
        return done or (alike[-1] if alike else None)


def put(
    done: Ended,
    pooled: Sequence[Pooled],
    broadcasts: Sequence[BroadcastFacts],
    namespace: Mapping[str, Any],
    findings: Callable[[CallFacts], tuple[Finding, ...]],
) -> None:
    """Have the rules look at the call again, with these facts."""
    facts = done.examination.facts
    pooling = facts.pooling or said_pooling(pooled, facts, namespace)
    broadcast = facts.broadcasts or tuple(broadcasts)
    if (pooling, broadcast) != (facts.pooling, facts.broadcasts):
        facts = dataclasses.replace(facts, pooling=pooling, broadcasts=broadcast)
        done.examination = done.examination.told(facts, findings(facts))


def step(
    ended: Iterable[Ended],
    model: Any,
    optimizer: OptimizerFacts,
    encoders: tuple[EncoderState, ...],
    findings: Callable[[CallFacts], tuple[Finding, ...]],
) -> None:
    """Have the rules look at a call of `model` again, as one of a loop that trains these encoders of it.

    A call under a tape before others: one like it, without, may have come first.
    """
    calls = [each for each in ended if each.model() is model and each.examination.facts.kind == "call"]
    for done in sorted(calls, key=lambda each: not each.examination.facts.watched)[:1]:
        facts = done.examination.facts
        known = facts.state or StateFacts()
        # A loop has no callbacks, and asks no `train_step`.
        state = dataclasses.replace(known, encoders=encoders, optimizer=optimizer, own_step=False, may_set_rate=())
        facts = dataclasses.replace(facts, state=state)
        done.examination = done.examination.told(facts, findings(facts))
