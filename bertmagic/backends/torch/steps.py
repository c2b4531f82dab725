"""Which optimizer the cell's own loop trains an encoder with, and at what rate: read as it makes its steps.

PyTorch tells a hook of every optimizer's step before it is made (torch 2.13, `optim/optimizer.py`,
`register_optimizer_step_pre_hook`): nothing of ours is in the step.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bertmagic.backends.torch import describe, optimizers, weights
from bertmagic.facts.training import EncoderState, OptimizerFacts

# Optimizers of a cell that are looked at, and modules of which one may train the weights.
_MOST = 64


@dataclass
class _Step:
    """The steps of one optimizer: its facts before the first, and the module and encoders that it changes.

    `rates`: of the group of most of the encoders' weights, at each step that had another.
    """

    optimizer: Any
    group: dict[str, Any] | None = None
    facts: OptimizerFacts | None = None
    model: weakref.ref[Any] | None = None
    encoders: tuple[EncoderState, ...] = ()
    rates: tuple[float, ...] = ()


class Steps:
    """Notes the first step of each optimizer. `named`: what the cell calls a value, while its code runs."""

    def __init__(self, named: Callable[[Any], str | None], failed: Callable[[str, BaseException], None]) -> None:
        self._named, self._failed = named, failed
        self._models: list[weakref.ref[Any]] = []
        self._steps: dict[int, _Step] = {}

    def called(self, model: Any) -> None:
        """Note a module that the cell calls itself."""
        if len(self._models) < _MOST and not any(each() is model for each in self._models):
            self._models.append(weakref.ref(model))

    def note(self, optimizer: Any) -> None:
        """Note a step before it is made."""
        try:
            known = self._steps.get(id(optimizer))
            if known is None and len(self._steps) < _MOST:
                known = self._steps[id(optimizer)] = _Step(optimizer)
                self._read(known)
            if known is not None and known.group is not None:
                rate = float(known.group["lr"])
                if rate not in known.rates and len(known.rates) < _MOST:
                    known.rates += (rate,)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self._failed("the reading of an optimizer's step", failure)

    def _read(self, step: _Step) -> None:
        optimizer = step.optimizer
        changed = {id(each) for group in optimizer.param_groups for each in group["params"] if each.grad is not None}
        found: tuple[int, Any, tuple[EncoderState, ...]] = (0, None, ())
        for known in self._models:
            model = known()
            layers = [] if model is None else describe.encoders_in(describe.inner(model))
            states = [each for each in weights.encoder_states(layers, {}, changed) if each.trainable]
            # A gradient that is not None came from the loss to each of these weights.
            states = [replace(each, reached=True) for each in states]
            total = sum(each.trainable for each in states)
            if total > found[0]:
                found = total, known, tuple(states)
        if found[1] is None:
            return
        model = found[1]()
        inside = {
            id(each)
            for _, layer in describe.encoders_in(describe.inner(model))
            for each in layer.parameters()
            if id(each) in changed
        }

        def share(group: dict[str, Any]) -> int:
            return sum(int(each.numel()) for each in group["params"] if id(each) in inside)

        step.group = max(optimizer.param_groups, key=share)
        step.model, step.encoders = found[1], found[2]
        said = self._named(optimizer) or type(optimizer).__name__
        step.facts = optimizers.facts_of(optimizer, said, None, optimizers.steps_made(optimizer))

    def end(self) -> Iterator[tuple[Any, OptimizerFacts, tuple[EncoderState, ...]]]:
        """For each optimizer the module that it trains, unless the loop has set its rate since; then forget all."""
        steps, self._steps, self._models = list(self._steps.values()), {}, []
        for step in steps:
            model = None if step.model is None else step.model()
            if model is None or step.facts is None or step.group is None or not step.rates:
                continue
            scheduled = "initial_lr" in step.group
            if scheduled or float(step.group["lr"]) == step.rates[0] == step.rates[-1]:
                schedule = "schedule" if scheduled and len(step.rates) > 1 else None
                yield model, replace(step.facts, rate=max(step.rates), schedule=schedule), step.encoders
