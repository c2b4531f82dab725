"""What the user's own code does with a module's outputs, function by function (torch 2.13, eager).

PyTorch asks a mode of each public function before it runs (`torch/overrides.py`, `TorchFunctionMode`). The mode lies at
the bottom of the stack of modes from the first call of interest on, so that the blocks of the user's own end as they
should, and is taken off it while a module or the check itself runs.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bertmagic.backends.comparison import Comparison
from bertmagic.backends.patches import Busy, quiet
from bertmagic.backends.pooling import pool, right_mask
from bertmagic.backends.torch import describe, losses
from bertmagic.backends.torch.encoding import as_numpy, given_by_role, hidden_tensor, is_tensor, tensors_of
from bertmagic.facts.call import BroadcastFacts
from bertmagic.observe.frames import outwards
from bertmagic.observe.pooled import Pooled

# Tensors that are followed, broadcasts that are kept, and calls whose hidden states are pooled here too, to compare.
_MOST, _MOST_CASTS, _MOST_POOLED = 4096, 16, 8
# Functions that set one tensor against another, element by element, and how a sentence calls what comes out.
_AGAINST = {
    "sub": "difference",
    "subtract": "difference",
    "rsub": "difference",
    "mul": "product",
    "multiply": "product",
}
# What a loss makes of that before it is one number. Others (an exponential, a minimum over an axis) are of a
# computation over all pairs that is meant: a kernel, a distance to the nearest.
_OF_A_LOSS = frozenset(
    {"square", "abs", "absolute", "pow", "neg", "negative", "mul", "multiply", "div", "truediv", "add", "sub", "rsub"}
    | {"float", "to", "double", "clone", "minimum", "maximum", "where", "mean", "sum", "reshape", "view", "flatten"}
    | {"softplus", "log1p", "le", "lt", "sqrt", "subtract", "divide", "rdiv", "rtruediv", "contiguous"}
)
_KEEPS_STATES = frozenset(
    {"clone", "to", "float", "double", "half", "detach", "cpu", "contiguous", "add", "mul", "div"}
)
# Those that look up classes or rows by index.
_LOOKS_UP = frozenset({"cross_entropy", "nll_loss", "embedding", "gather"})
_POOLS = {"mean": "mean", "max": "max", "amax": "max"}


@dataclass(eq=False)
class _Call:
    """One call of a module, with what the code after it did. `mask`: of its encoder (batch, seq), where it is right."""

    module: Any
    ended: Any
    mask: np.ndarray | None = None
    weighed: bool = False
    paired: bool = False
    trained: bool = False
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


@dataclass(frozen=True)
class _Ran:
    """One function that ran: its name without underscores, the tensors that it was given, and all its arguments."""

    name: str
    inputs: list[Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


# Told of a loss before it runs: the call that it compares the outputs of, the comparison, and the output's field. What
# it gives is told the loss, or what it raised.
Compared = Callable[[Any, Comparison, "str | None"], Callable[[Any, "BaseException | None"], None]]


class Flow:
    """Follows the outputs of the calls that it is told of. `named`: what the cell calls a value, while code runs.

    `guarded`: keeps a function that looks up indices from ending a GPU's CUDA context.
    """

    def __init__(
        self,
        named: Callable[[Any], str | None],
        failed: Callable[[str, BaseException], None],
        compared: Compared,
        busy: Busy,
        guarded: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._named, self._failed, self._compared, self._busy = named, failed, compared, busy
        self._guarded = guarded
        self._known: dict[int, tuple[weakref.ref[Any], _Made]] = {}
        self._calls: list[_Call] = []
        self._pooled = 0
        self._thread = threading.get_ident()
        self._mode: Any = None
        self._on = self._broken = False

    # -- from the wrappers ---------------------------------------------------------------------------------------

    def note(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any, ended: Any) -> None:
        """Follow what a call of `module` gave from now on; `ended` is what the listener knows the call by."""
        if self._broken or threading.get_ident() != self._thread:
            return
        try:
            call = _Call(module, ended)
            inner = describe.inner(module)
            states = hidden_tensor(value) if describe.is_encoder(inner) else None
            if states is not None:
                call.mask = right_mask(inner, given_by_role(inner, args, kwargs), states)
                if call.mask is not None and self._pooled < _MOST_POOLED:
                    self._pooled += 1
                    call.pooled.append(pool(call.mask, as_numpy(states), "mean", None))
            fields = {id(each): str(name) for name, each in value.items()} if isinstance(value, Mapping) else {}
            for each in tensors_of(value):
                if each.is_floating_point():
                    held = call.mask is not None and tuple(each.shape) == tuple(getattr(states, "shape", ()))
                    self._follow(each, _Made(call, held, pure=True, field=fields.get(id(each))))
            self._calls.append(call)
            self._set(True)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self._fail(failure)

    @contextlib.contextmanager
    def off(self) -> Iterator[None]:
        """Follow nothing inside, where a module or the check itself runs."""
        before = self._on
        self._set(False)
        try:
            yield
        finally:
            self._set(before and not self._broken)

    def end(self) -> Iterator[tuple[Any, tuple[Pooled, ...], tuple[BroadcastFacts, ...]]]:
        """Follow no more; for each call of which there is something to say, `ended`, its poolings and broadcasts."""
        self._set(False)
        self._known.clear()
        weighed = {id(call.module) for call in self._calls if call.weighed}
        for call in self._calls:
            # Where positions are weighed by a mask somewhere in the cell, the other pooling is there to compare.
            pooled = () if id(call.module) in weighed else tuple(call.pooled)
            casts = () if call.paired else tuple(each.facts for each in call.casts if each.reduced)
            if pooled or casts:
                yield call.ended, pooled, casts
        self._calls.clear()

    def _set(self, on: bool) -> None:
        """Put the mode under all others, or take it off the stack (torch 2.13, `_device.py`, puts its own there so)."""
        from torch._C import _len_torch_function_stack
        from torch.overrides import _pop_mode, _push_mode

        if on == self._on or threading.get_ident() != self._thread:
            return
        if self._mode is None:
            self._mode = _mode(self._ran)
        others = [_pop_mode() for _ in range(_len_torch_function_stack())]
        if on:
            _push_mode(self._mode)
        for each in reversed(others):
            if each is not self._mode:
                _push_mode(each)
        self._on = on

    # -- one function --------------------------------------------------------------------------------------------

    def _ran(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one of PyTorch's functions; note what it makes of outputs that are followed."""
        __tracebackhide__ = True
        if self._busy.now or self._broken:
            return function(*args, **kwargs)
        name = getattr(function, "__name__", "")
        if name == "backward":
            # Checkpointed modules run once more inside, which is no call of the user's.
            with quiet(self._busy):
                return function(*args, **kwargs)
        tell = None
        with quiet(self._busy):
            inputs, made = self._inputs(args, kwargs)
            if made and losses.is_loss(function):
                tell = self._loss(function, args, kwargs)
        guarded = self._guarded(name) if name in _LOOKS_UP else contextlib.nullcontext()
        if tell is None:
            with guarded:
                value = function(*args, **kwargs)
        else:
            try:
                with guarded, _warnings_as_before(function):
                    value = function(*args, **kwargs)
            except BaseException as raised:
                with quiet(self._busy):
                    tell(None, raised)
                raise
            with quiet(self._busy):
                tell(value, None)
        if made:
            with quiet(self._busy):
                try:
                    self._operation(_Ran(name.strip("_"), inputs, args, kwargs), made, value)
                except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
                    self._fail(failure)
        return value

    def _inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[int, _Made]]:
        """The tensors that a function is given, in order, and by place those that are followed."""
        inputs: list[Any] = []
        for each in (*args, *kwargs.values()):
            if is_tensor(each):
                inputs.append(each)
            elif isinstance(each, (list, tuple)):
                inputs.extend(item for item in each if is_tensor(item))
        found = ((place, self._made(each)) for place, each in enumerate(inputs))
        return inputs, {place: made for place, made in found if made is not None}

    def _loss(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Callable[[Any, BaseException | None], None] | None:
        """Tell of a loss before it runs."""
        try:
            found = losses.compared(function, args, kwargs)
            made = None if found is None else self._made(found.output)
            if found is None or made is None or self._made(found.target) is not None:
                return None
            return self._compared(made.call.ended, found, made.field)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self._fail(failure)
            return None

    def _operation(self, ran: _Ran, made: dict[int, _Made], value: Any) -> None:
        name, inputs = ran.name, ran.inputs
        followed = list(made.values())
        call = followed[-1].call
        outputs = [each for each in tensors_of(value) if each.is_floating_point()]
        others = [each for place, each in enumerate(inputs) if place not in made]
        place = next((place for place, each in made.items() if each.states), None)
        if place is not None:
            self._of_states(ran, inputs[place], call, others, outputs)
        if not outputs:
            return
        casts = frozenset[_Cast]().union(*(each.casts for each in followed))
        if name not in _OF_A_LOSS or any(each.ndim > 0 for each in others):
            casts = frozenset()
        cast = self._broadcast(name, inputs, made, outputs[0])
        if cast is not None:
            casts |= {cast}
        if name in ("mean", "sum") and outputs[0].ndim == 0:
            for each in casts:
                each.reduced = True
        rows = {int(each.shape[0]) for each in outputs if each.ndim > 0}
        # One number a row is a label, a weight, or the like; dropout and layers bring others.
        pure = all(each.pure for each in followed) and not any(
            name in _OF_A_LOSS and each.ndim > 0 and {int(each.shape[0]), each.numel()} <= rows for each in others
        )
        same = place is not None and name in _KEEPS_STATES and all(each.ndim < 1 for each in others)
        states = same and all(each.states for each in followed)
        fields = {each.field for each in followed}
        moved = fields.pop() if len(fields) == 1 and name in _MOVES else None
        for each in outputs:
            kept = states and place is not None and each.shape == inputs[place].shape
            self._follow(each, _Made(call, kept, pure, casts, moved))

    def _of_states(self, ran: _Ran, states: Any, call: _Call, others: list[Any], outputs: list[Any]) -> None:
        """Note what a pooling over the sequence, or a weight for each position, makes of hidden states."""
        if call.mask is None:
            return
        length = int(states.shape[1])
        name, args, kwargs = ran.name, ran.args, ran.kwargs
        indices = _tensors_within(args[1:])
        if any(length in tuple(each.shape) for each in (*others, *indices)):
            call.weighed = True
        axis = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else None))
        axes = [axis] if isinstance(axis, int) else list(axis) if isinstance(axis, (list, tuple)) else []
        if name in _POOLS and axes in ([1], [-2]) and outputs and sum(each.op for each in call.pooled) < _MOST_POOLED:
            made = weakref.ref(outputs[0])
            pooled = pool(call.mask, as_numpy(states), _POOLS[name], made, f"torch.{name}")
            call.pooled = [each for each in call.pooled if each.op] + [pooled]

    def _broadcast(self, name: str, inputs: list[Any], made: dict[int, _Made], output: Any) -> _Cast | None:
        """The broadcast of an output (batch, 1) against other values (batch,), or of (batch,) against (batch, 1)."""
        if name not in _AGAINST or len(inputs) != 2 or output.ndim != 2:
            return None
        shapes = [tuple(each.shape) for each in inputs]
        size = int(output.shape[0])
        result = tuple(output.shape)
        if size < 2 or result != (size, size) or sorted(shapes, key=len) != [(size,), (size, 1)]:
            if len(made) == 2 and result not in shapes:
                made[0].call.paired = True  # all pairs of the outputs themselves are meant: a distance, a ranking
            return None
        if len(made) == 2:
            made[0].call.paired = True
            return None
        place = next(iter(made))
        known = made[place]
        if not known.pure or len(known.call.casts) >= _MOST_CASTS:
            return None
        facts = BroadcastFacts(
            output=self._named(inputs[place]),
            output_shape=shapes[place],
            labels=self._named(inputs[1 - place]),
            labels_shape=shapes[1 - place],
            what=_AGAINST[name],
        )
        cast = _Cast(facts)
        known.call.casts.append(cast)
        return cast

    def _made(self, tensor: Any) -> _Made | None:
        known = self._known.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def _follow(self, tensor: Any, made: _Made) -> None:
        if len(self._known) >= _MOST:
            self._known = {key: each for key, each in self._known.items() if each[0]() is not None}
        if len(self._known) < _MOST:
            self._known[id(tensor)] = (weakref.ref(tensor), made)

    def _fail(self, failure: BaseException) -> None:
        self._broken = True
        self._failed("the following of a module's outputs", failure)


@contextlib.contextmanager
def _warnings_as_before(function: Any) -> Iterator[None]:
    """Have what a loss warns of be said of the line that called it, and not of the frames of ours between the two."""
    caller = next((each.f_back for each in outwards(sys._getframe(2)) if each.f_code is function.__code__), None)
    if caller is None:
        yield
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    module = str(caller.f_globals.get("__name__", ""))
    registry = caller.f_globals.setdefault("__warningregistry__", {})
    for each in caught:
        warnings.warn_explicit(
            each.message, each.category, caller.f_code.co_filename, caller.f_lineno, module, registry
        )


# What leaves an output's field what it is: logits that are laid out otherwise are logits.
_MOVES = frozenset(
    {"view", "reshape", "squeeze", "unsqueeze", "transpose", "permute", "flatten", "float", "to", "getitem"}
)


def _tensors_within(values: Any) -> Iterator[Any]:
    """The tensors of an index."""
    for each in values:
        if is_tensor(each):
            yield each
        elif isinstance(each, (list, tuple)):
            yield from _tensors_within(each)


def _mode(ran: Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]) -> Any:
    from torch.overrides import TorchFunctionMode

    class Following(TorchFunctionMode):  # type: ignore[misc,unused-ignore]
        """Has `ran` run each function."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            __tracebackhide__ = True
            return ran(func, args, kwargs or {})

    return Following()
