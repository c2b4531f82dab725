"""Which optimizer the cell's own loop trains an encoder with, and at what rate: read as its first step is made.

Nothing of ours is in the step. tf-keras' `apply_gradients` looks a method of its own up once the gradients that are
None are left out; that lookup is seen, and what the step is given is read from the frame that it is made in.
"""

from __future__ import annotations

import inspect
import math
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import CodeType, FrameType
from typing import Any

from bertmagic.backends.tensorflow import optimizers, weights
from bertmagic.backends.tensorflow.state import unrecorded
from bertmagic.facts.training import EncoderState, OptimizerFacts

# Optimizers of a cell that are looked at, and models of which one may train the weights.
_MOST = 64


@dataclass(frozen=True)
class _Step:
    """The first step of an optimizer: its facts before it, and the model whose encoders it changes, with their state.

    None and () where there is none, or where it could not be read.
    """

    optimizer: Any
    facts: OptimizerFacts | None = None
    model: weakref.ref[Any] | None = None
    encoders: tuple[EncoderState, ...] = ()


class Steps:
    """Notes the first step of each optimizer. `named`: what the cell calls a value, while its code runs.

    `apart()`: inside, nothing is told or followed of what is read.
    """

    def __init__(
        self,
        named: Callable[[Any], str | None],
        failed: Callable[[str, BaseException], None],
        apart: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._named, self._failed, self._apart = named, failed, apart
        self._models: list[weakref.ref[Any]] = []
        self._steps: dict[int, _Step] = {}
        self._inner = frozenset(_code(owner) for owner, _ in places())

    def called(self, model: Any) -> None:
        """Note a model that the cell calls itself."""
        if len(self._models) < _MOST and not any(each() is model for each in self._models):
            self._models.append(weakref.ref(model))

    def note(self, optimizer: Any, frame: FrameType) -> bool:
        """Note a step as its method is looked up in `frame`; the lookup then gives the original."""
        if id(optimizer) in self._steps or len(self._steps) >= _MOST:
            return True
        # A legacy optimizer looks everything up in a `__getattribute__` of its own.
        made = next((each for each in (frame, frame.f_back) if each is not None and each.f_code in self._inner), None)
        if made is None:
            return True
        self._steps[id(optimizer)] = _Step(optimizer)
        try:
            changed = {id(variable) for _, variable in made.f_locals["grads_and_vars"]}
            self._steps[id(optimizer)] = self._read(optimizer, changed)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self._failed("the reading of an optimizer's step", failure)
        return True

    def _read(self, optimizer: Any, changed: set[int]) -> _Step:
        import tensorflow as tf

        said = self._named(optimizer) or type(optimizer).__name__
        with tf.init_scope():
            # In a graph of TensorFlow 1 nothing has a value, and replicas of a strategy each see a part.
            if not tf.executing_eagerly() or tf.distribute.has_strategy():
                return _Step(optimizer)
            with self._apart(), unrecorded():
                facts = replace(optimizers.facts_of(optimizer), said=said)
                found = [(known, self._trained(known(), changed)) for known in self._models]
        model, encoders = max(found, key=lambda each: sum(state.trainable for state in each[1]), default=(None, ()))
        return _Step(optimizer, facts, model, encoders)

    @staticmethod
    def _trained(model: Any, changed: set[int]) -> tuple[EncoderState, ...]:
        """The encoders of `model` that a step changes."""
        states = () if model is None else weights.encoder_states(model, {}, changed)
        # A gradient that is not None came from the loss to each of these weights.
        return tuple(replace(state, reached=True) for state in states if state.trainable)

    def end(self) -> Iterator[tuple[Any, OptimizerFacts, tuple[EncoderState, ...]]]:
        """For each optimizer the model that it trains, unless the loop has set its rate since; then forget all."""
        steps, self._steps, self._models = list(self._steps.values()), {}, []
        for step in steps:
            model = None if step.model is None else step.model()
            if step.facts is None or model is None or not step.encoders:
                continue
            try:
                first, last = step.facts.rate, optimizers.facts_of(step.optimizer).rate
            except Exception as failure:  # noqa: BLE001  # as above
                self._failed("the reading of an optimizer", failure)
                continue
            # A legacy optimizer makes a float32 of its rate with the first step.
            if first is not None and last is not None and math.isclose(first, last, rel_tol=1e-6):
                yield model, step.facts, step.encoders


def places() -> Iterator[tuple[type, str]]:
    """The classes whose steps are noted, and the method that `apply_gradients` of each looks up once, which no subclass
    has in its own way (tf_keras 2.21, `optimizers/optimizer.py`, `optimizers/legacy/optimizer_v2.py`).
    """
    from tf_keras.src.optimizers import optimizer
    from tf_keras.src.optimizers.legacy import optimizer_v2

    yield optimizer._BaseOptimizer, "_clip_gradients"
    yield optimizer_v2.OptimizerV2, "_create_all_weights"


def _code(owner: type) -> CodeType:
    code: CodeType = inspect.unwrap(vars(owner)["apply_gradients"]).__code__
    return code
