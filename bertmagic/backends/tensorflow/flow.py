"""What the user's own code does with a model's outputs, operation by operation (TensorFlow 2.21, eager).

TensorFlow tells a callback of each operation after it has run (`framework/op_callbacks.py`): nothing of ours is in the
operation's own call, and no tf.function is traced again for it. The callback is in place from the first direct call of
a model on, and not while a model or the check itself runs.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bertmagic.backends.pooling import pool, right_mask
from bertmagic.backends.tensorflow import describe
from bertmagic.backends.tensorflow.encoding import as_numpy, given_by_role, tensors_of
from bertmagic.facts.call import BroadcastFacts
from bertmagic.observe.frames import outwards
from bertmagic.observe.pooled import Pooled

# Tensors that are followed, broadcasts that are kept, and calls whose hidden states are pooled here too, to compare.
_MOST, _MOST_CASTS, _MOST_POOLED = 4096, 16, 8
# Operations that set one tensor against another, element by element, and how a sentence calls what comes out.
_AGAINST = {"Sub": "difference", "SquaredDifference": "squared difference", "Mul": "product"}
# What a loss makes of that before it is one number. Others (an exponential, a minimum over an axis) are of a
# computation over all pairs that is meant: a kernel, a distance to the nearest.
_OF_A_LOSS = frozenset(
    {"Square", "Abs", "Pow", "Neg", "Mul", "RealDiv", "AddV2", "Add", "Sub", "Cast", "Identity", "Minimum", "Maximum"}
    | {"Select", "SelectV2", "Mean", "Sum", "Reshape", "Softplus", "Log1p", "LessEqual", "Less", "Sqrt", "DivNoNan"}
)
_KEEPS_STATES = frozenset({"Identity", "Cast", "AddV2", "Add", "Mul", "RealDiv", "StopGradient"})
_POOLS = {"Mean": "mean", "Max": "max"}


@dataclass(eq=False)
class _Call:
    """One call of a model, with what the code after it did. `mask`: of its encoder (batch, seq), where it is right."""

    layer: Any
    ended: Any
    mask: np.ndarray | None = None
    weighed: bool = False
    paired: bool = False
    pooled: list[Pooled] = field(default_factory=list)
    casts: list[_Cast] = field(default_factory=list)


@dataclass(eq=False)
class _Cast:
    """A broadcast of an output against other values; `reduced`: whether it became one number, as a loss does."""

    facts: BroadcastFacts
    reduced: bool = False


@dataclass(frozen=True)
class _Made:
    """How a tensor follows from a call's output: `states` are hidden states (batch, seq, hidden), as they are.

    `pure`: no other values of the batch (labels, weights) went into it. `field`: the output's field that it is.
    """

    call: _Call
    states: bool
    pure: bool
    casts: frozenset[_Cast] = frozenset()
    field: str | None = None


class Flow:
    """Follows the outputs of the calls that it is told of. `named`: what the cell calls a value, while code runs."""

    def __init__(
        self, named: Callable[[Any], str | None], failed: Callable[[str, BaseException], None], most: int = _MOST
    ) -> None:
        self._named, self._failed, self._most = named, failed, most
        self._known: dict[int, tuple[weakref.ref[Any], _Made]] = {}
        self._calls: list[_Call] = []
        self._compared = 0
        self._thread = threading.get_ident()
        self._on = self._broken = False

    # -- from the wrappers ---------------------------------------------------------------------------------------

    def note(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any, ended: Any) -> None:
        """Follow what a call of `layer` gave from now on; `ended` is what the listener knows the call by."""
        if self._broken or threading.get_ident() != self._thread:
            return
        try:
            call = _Call(layer, ended)
            tensors = list(_tensors(value))
            states = [each for each in tensors if _rank(each) == 3]
            if states and describe.is_pretrained(layer) | describe.is_encoder(layer):
                call.mask = right_mask(layer, given_by_role(layer, args, kwargs), states[0])
                if call.mask is not None and self._compared < _MOST_POOLED:
                    self._compared += 1
                    call.pooled.append(pool(call.mask, as_numpy(states[0]), "mean", None))
            fields = {id(each): str(name) for name, each in value.items()} if isinstance(value, Mapping) else {}
            for each in tensors:
                held = call.mask is not None and _rank(each) == 3
                self._follow(each, _Made(call, held, pure=True, field=fields.get(id(each))))
            self._calls.append(call)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self._fail(failure)

    @property
    def on(self) -> bool:
        """Whether operations are followed now, in this thread."""
        return self._on and threading.get_ident() == self._thread

    def origin(self, tensor: Any) -> tuple[Any, str | None] | None:
        """Which call a tensor follows from: its `ended`, and the field of its output that the tensor is."""
        known = self._made(tensor)
        return None if known is None else (known.call.ended, known.field)

    @contextlib.contextmanager
    def off(self) -> Iterator[None]:
        """Follow nothing inside, where a model or the check itself runs."""
        self._set(False)
        try:
            yield
        finally:
            self._set(bool(self._calls) and not self._broken)

    def end(self) -> Iterator[tuple[Any, tuple[Pooled, ...], tuple[BroadcastFacts, ...]]]:
        """Follow no more; for each call of which there is something to say, `ended`, its poolings and broadcasts."""
        self._set(False)
        self._known.clear()
        weighed = {id(call.layer) for call in self._calls if call.weighed}
        for call in self._calls:
            # Where positions are weighed by a mask somewhere in the cell, the other pooling is there to compare.
            pooled = () if id(call.layer) in weighed else tuple(call.pooled)
            casts = () if call.paired else tuple(each.facts for each in call.casts if each.reduced)
            if pooled or casts:
                yield call.ended, pooled, casts
        self._calls.clear()

    def walk(self, layer: Any, operations: Iterable[Any], starts: Iterable[Any]) -> tuple[BroadcastFacts, ...]:
        """Follow what is made of `starts` through the operations of a graph, in order; the broadcasts in a loss."""
        call = _Call(layer, None)
        for tensor in starts:
            self._follow(tensor, _Made(call, states=False, pure=True))
        for operation in operations:
            made = [self._made(each) for each in operation.inputs]
            if any(each is not None for each in made):
                self._operation(operation.type, list(operation.inputs), made, operation.outputs)
        return () if call.paired else tuple(each.facts for each in call.casts if each.reduced)

    def _set(self, on: bool) -> None:
        from tensorflow.python.framework import op_callbacks

        if on == self._on or threading.get_ident() != self._thread:
            return
        if on:
            op_callbacks.add_op_callback(self._ran)
        else:
            op_callbacks.remove_op_callback(self._ran)
        self._on = on

    # -- one operation -------------------------------------------------------------------------------------------

    def _ran(self, *told: Any, **more: Any) -> None:
        """Called by TensorFlow after each operation of this thread; it returns None, so that nothing is replaced.

        `told`: the operation's type, its inputs, attributes and outputs, its name and the graph, None where it ran.
        """
        op_type, inputs, _, outputs = told[:4]
        if self._broken or more.get("graph") is not None or any(each is not None for each in told[5:]):
            return
        try:
            made = [self._made(each) for each in inputs]
            if any(each is not None for each in made):
                self._operation(op_type, inputs, made, outputs)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self._fail(failure)

    def _operation(self, op_type: str, inputs: Any, made: list[_Made | None], outputs: Any) -> None:
        followed = [each for each in made if each is not None]
        call = followed[-1].call
        others = [each for each, known in zip(inputs, made, strict=True) if known is None and _is_data(each)]
        place = next((place for place, each in enumerate(made) if each is not None and each.states), None)
        if place is not None and len(inputs) > 1:
            self._of_states(op_type, [inputs[place], *inputs[:place], *inputs[place + 1 :]], call, others, outputs)
        casts = frozenset[_Cast]().union(*(each.casts for each in followed))
        if op_type not in _OF_A_LOSS or any(_rank(each) > 0 for each in others):
            casts = frozenset()
        cast = self._broadcast(op_type, inputs, made, outputs)
        if cast is not None:
            casts |= {cast}
        if op_type in ("Mean", "Sum") and _rank(outputs[0]) == 0:
            for each in casts:
                each.reduced = True
        rows = {_shape(each)[0] for each in outputs if _rank(each) > 0}
        # One number a row is a label, a weight, or the like; dropout and layers bring others.
        pure = all(each.pure for each in followed) and not any(
            op_type in _OF_A_LOSS and _rank(each) > 0 and {_shape(each)[0], _size(each)} <= rows for each in others
        )
        same = place is not None and op_type in _KEEPS_STATES and all(_rank(each) < 1 for each in others)
        states = same and all(each.states for each in followed)
        for each in outputs:
            if _is_data(each):
                self._follow(each, _Made(call, states and each.shape == inputs[place].shape, pure, casts))

    def _of_states(self, op_type: str, inputs: list[Any], call: _Call, others: list[Any], outputs: Any) -> None:
        """Note what a pooling over the sequence, or a weight for each position, makes of hidden states, given first."""
        shape = _shape(inputs[0])
        if call.mask is None:
            return
        if any(_shape(each)[:2] == shape[:2] or shape[1] in _shape(each)[:3] for each in others):
            call.weighed = True
        if op_type not in ("Mean", "Max", "Sum", "Slice", "StridedSlice") and any(
            shape[1] in _shape(each) for each in inputs if not _is_data(each) and _rank(each)
        ):
            call.weighed = True  # a boolean mask, or the positions to take
        axes = as_numpy(inputs[1]).ravel().tolist() if op_type in _POOLS else []
        if axes in ([1], [-2]) and _rank(outputs[0]) == 2 and sum(each.op for each in call.pooled) < _MOST_POOLED:
            how = "max" if op_type == "Max" else "mean"
            pooled = pool(call.mask, as_numpy(inputs[0]), how, weakref.ref(outputs[0]))
            call.pooled = [each for each in call.pooled if each.op] + [pooled]

    def _broadcast(self, op_type: str, inputs: Any, made: list[_Made | None], outputs: Any) -> _Cast | None:
        """The broadcast of an output (batch, 1) against other values (batch,), or of (batch,) against (batch, 1)."""
        if op_type not in _AGAINST or len(inputs) != 2 or _rank(outputs[0]) != 2:
            return None
        shapes = [_shape(each) for each in inputs]
        size = _shape(outputs[0])[0]
        if size < 2 or _shape(outputs[0]) != (size, size) or sorted(shapes, key=len) != [(size,), (size, 1)]:
            if made[0] is not None and made[1] is not None and _is_outer(shapes, _shape(outputs[0])):
                made[0].call.paired = True  # all pairs of the outputs themselves are meant: a distance, a ranking
            return None
        if (made[0] is None) == (made[1] is None):
            made[0].call.paired = True  # type: ignore[union-attr]
            return None
        place = 0 if made[0] is not None else 1
        output, labels, known = inputs[place], inputs[1 - place], made[place]
        assert known is not None
        call = known.call
        if not known.pure or len(call.casts) >= _MOST_CASTS or _in_backprop():
            return None
        facts = BroadcastFacts(
            output=self._named(output),
            output_shape=_shape(output),
            labels=self._named(labels),
            labels_shape=_shape(labels),
            what=_AGAINST[op_type],
        )
        cast = _Cast(facts)
        call.casts.append(cast)
        return cast

    def _made(self, tensor: Any) -> _Made | None:
        known = self._known.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def _follow(self, tensor: Any, made: _Made) -> None:
        if len(self._known) >= self._most:
            self._known = {key: each for key, each in self._known.items() if each[0]() is not None}
        if len(self._known) < self._most:
            self._known[id(tensor)] = (weakref.ref(tensor), made)

    def _fail(self, failure: BaseException) -> None:
        self._broken = True
        self._failed("the following of a model's outputs", failure)


def _tensors(value: Any) -> Iterator[Any]:
    """The eager floating-point tensors of an output: of an object, a tuple, or itself; hidden states among them."""
    return (each for each in tensors_of(value) if hasattr(each, "numpy") and _is_data(each))


def _is_data(tensor: Any) -> bool:
    """Whether a tensor holds numbers that gradients go through, and no indices, shapes or axes."""
    return bool(getattr(getattr(tensor, "dtype", None), "is_floating", False))


def _rank(tensor: Any) -> int:
    shape = getattr(tensor, "shape", None)
    return -1 if shape is None or shape.rank is None else int(shape.rank)


def _shape(tensor: Any) -> tuple[int, ...]:
    """The shape, -1 for an axis whose size a graph does not know."""
    return tuple(-1 if size is None else int(size) for size in tensor.shape)


def _size(tensor: Any) -> int:
    return int(tensor.shape.num_elements() or 0)


def _is_outer(shapes: list[tuple[int, ...]], result: tuple[int, ...]) -> bool:
    return result not in shapes and len(result) == 2


def _in_backprop() -> bool:
    """Whether a gradient is being computed: its operations are not the user's."""
    return any(each.f_code.co_name in ("imperative_grad", "_gradient_function") for each in outwards(sys._getframe(1)))
