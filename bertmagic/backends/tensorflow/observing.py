"""Tells a listener of tf-keras calls while it observes: class-level wrappers, taken away again when it ends."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from bertmagic.backends import recorder, tree
from bertmagic.backends.patches import Busy, Patches, quiet
from bertmagic.backends.protocol import Backend, Listener
from bertmagic.backends.tensorflow import describe, graph_flow, losses, steps, symbolic, tracing
from bertmagic.backends.tensorflow.flow import Flow
from bertmagic.backends.tensorflow.functions import Functions
from bertmagic.facts.call import CallKind, ErrorFacts
from bertmagic.observe.values import is_keras_symbolic

# Calls of one model in graphs that are read: one for each shape that a tf.function was traced for.
_MOST_TRACED = 16
_SAVING = ("save", "save_weights", "export", "save_pretrained", "push_to_hub")
# The verbs that run for real, and what each is to the check.
_VERBS: dict[str, CallKind] = {
    "evaluate": "evaluate",
    "predict": "predict",
    "train_on_batch": "train_on_batch",
    "test_on_batch": "train_on_batch",
    "predict_on_batch": "predict",
}


@contextlib.contextmanager
def observe(backend: Backend, listener: Listener) -> Iterator[None]:
    """Wrap `Layer.__call__` and the verbs of `Model` (tf_keras 2.21) until the context ends."""
    from tensorflow.python.eager.polymorphic_function import polymorphic_function
    from tf_keras.src import losses as keras_losses
    from tf_keras.src.engine import base_layer, training

    inner = inspect.unwrap(vars(base_layer.Layer)["__call__"]).__code__
    busy, flow = Busy(), Flow(listener.named, listener.failed)
    noted = steps.Steps(listener.named, listener.failed, flow.off)
    told = _Told(backend, listener, Patches(), busy, inner, flow, noted)
    patches = told.patches
    patches.add(base_layer.Layer, "__call__", told.wrap_call, told.stays_out)
    patches.add(polymorphic_function.Function, "__call__", lambda original: original, told.functions.note)
    patches.add(keras_losses.Loss, "__call__", told.wrap_loss, told.loss_stays_out)
    for made, method in steps.places():
        patches.add(made, method, lambda original: original, told.notes_step)
    patches.add(training.Model, "fit", told.wrap_fit)
    for verb, kind in _VERBS.items():
        patches.add(training.Model, verb, functools.partial(told.wrap_verb, kind=kind))
    for owner in (training.Model, describe.pretrained_class()):
        for action in _SAVING:
            if owner is not None and action in vars(owner):
                patches.add(owner, action, functools.partial(told.wrap_saving, action=action))
    patches.put_in()
    try:
        yield
    finally:
        try:
            with quiet(told.busy):
                for ended, pooled, broadcasts in told.flow.end():
                    listener.followed(ended, pooled, broadcasts)
                told.tell_traced()
                for trained, optimizer, states in told.steps.end():
                    listener.stepped(trained, optimizer, states)
        finally:
            patches.take_out()


@dataclass(frozen=True)
class _Told:
    """Who is told of what, and the wrappers that tell. `inner`: the code of `Layer.__call__` itself."""

    backend: Backend
    listener: Listener
    patches: Patches
    busy: Busy
    inner: CodeType
    flow: Flow
    steps: steps.Steps
    traced: list[tracing.Traced] = field(default_factory=list)
    compared: list[tracing.TracedLoss] = field(default_factory=list)
    functions: Functions = field(default_factory=Functions)

    def stays_out(self, layer: Any, frame: FrameType) -> bool:
        """Whether a call of `layer` is to run without a wrapper; one while a graph is traced is noted for later."""
        if recorder.current() is not None or (not self.busy.now and not tracing.is_tracing()):
            return False
        try:
            if layer is not None and not self.busy.now and _of_interest(layer):
                self._note(layer, frame)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self.listener.failed("the reading of a call in a graph", failure)
        return True

    def loss_stays_out(self, loss: Any, frame: FrameType) -> bool:
        """Whether a loss is to run without a wrapper; one while a graph is traced is noted for later."""
        if loss is None or self.busy.now or recorder.current() is not None:
            return True
        if not tracing.is_tracing():
            return not self.flow.on
        try:
            noted = tracing.note_loss(loss, frame) if self.traced and len(self.compared) < _MOST_TRACED else None
            if noted is not None and not any(each.graph is noted.graph and each.loss is loss for each in self.compared):
                self.compared.append(noted)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self.listener.failed("the reading of a loss in a graph", failure)
        return True

    def notes_step(self, optimizer: Any, frame: FrameType) -> bool:
        """Note a step of an optimizer, but not one inside of what was already told of; nothing stands in its way."""
        return self.busy.now or optimizer is None or self.steps.note(optimizer, frame)

    def _note(self, layer: Any, frame: FrameType) -> None:
        call = tracing.note(layer, frame, self.inner, _of_interest)
        known = [each for each in self.traced if each.layer is layer]
        if call is None or any(each.graph is call.graph and _same(each, call) for each in known):
            return
        if len(known) < _MOST_TRACED:
            self.traced.append(call)
            self.steps.called(layer)

    def tell_traced(self) -> None:
        """Tell of the calls that went into graphs, whose arguments have values now."""
        while self.traced:
            call = self.traced.pop(0)
            place = f"`{call.layer.name}` inside " + (f"`{call.function}`" if call.function else "a graph")
            try:
                args, kwargs = call.resolved()
            except Exception as why:  # noqa: BLE001  # whatever TensorFlow says of such an operation
                reason = "its arguments have no values while the graph is traced"
                self.listener.unseen(place, reason if isinstance(why, tracing.NoValue) else f"{reason}: {why}")
                continue
            ended = self.listener.before(self.backend, "call", call.layer, args, kwargs, watched=call.taped)
            self._tell_graph(call, args, kwargs, ended)
            self.listener.unseen(
                f"{place}, after its first call", "what is traced runs without Python: one batch of each shape is read"
            )

        for function, model in self.functions.unseen(_of_interest):
            before = "it was traced before this check began, and what is traced runs without Python"
            self.listener.unseen(f"`{model.name}` inside `{function}`", before)

    def _tell_graph(self, call: tracing.Traced, args: tuple[Any, ...], kwargs: dict[str, Any], ended: Any) -> None:
        """Tell of what the function does with the model's outputs."""
        try:
            broadcasts = graph_flow.broadcasts(call, self.listener.named, self.listener.failed)
            pooled = graph_flow.pooled(call.layer, args, kwargs)
            for noted in self.compared:
                found = losses.compared_in_graph(noted) if noted.graph is call.graph else None
                if found is not None and call.gave(found.output):
                    self.listener.compared(ended, found, "output")
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self.listener.failed("the reading of a function's graph", failure)
            return
        if broadcasts or pooled:
            self.listener.followed(ended, pooled, broadcasts)

    def wrap_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A layer's `__call__`: recorded in a dry pass, told of where a model is called directly."""

        def called(layer: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            recording = recorder.current()
            if recording is not None:
                return recording.call(layer, original, args, kwargs)
            if self.busy.now or not _of_interest(layer):
                return original(layer, *args, **kwargs)
            if _builds(args, kwargs):
                return self._build(original, layer, args, kwargs)
            return self._for_real("call", original, layer, args, kwargs)

        return called

    def wrap_fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`fit`: dry, except where the listener wants the real one."""

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if self.busy.now:
                return original(model, *args, **kwargs)
            with quiet(self.busy), self.flow.off():
                history = self.listener.fit(self.backend, model, args, kwargs)
            if history is not None:
                return history
            with self.patches.suspended(), self.flow.off():
                return original(model, *args, **kwargs)

        return fit

    def wrap_loss(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A loss of Keras' own that the cell's loop calls: told of before it runs, and how it ended."""

        def called(loss: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            with quiet(self.busy), self.flow.off():
                tell = self._comparison(loss, args, kwargs)
            try:
                with self.patches.suspended():
                    value = original(loss, *args, **kwargs)
            except BaseException as raised:
                with quiet(self.busy), self.flow.off():
                    tell(None, raised)
                raise
            with quiet(self.busy), self.flow.off():
                tell(_number(value), None)
            return value

        return called

    def _comparison(
        self, loss: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Callable[[float | None, BaseException | None], None]:
        """Tell of what a loss compares, where it is of a call's outputs; what it gives is told how that ended."""
        try:
            found = losses.compared(loss, args, kwargs)
            made = None if found is None else self.flow.origin(found.output)
            if found is not None and made is not None and self.flow.origin(found.target) is None:
                ended, name = made
                return self.listener.compared(ended, found, name or "output")
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self.listener.failed("the reading of a loss", failure)
        return lambda value, raised: None

    def wrap_verb(self, original: Callable[..., Any], *, kind: CallKind) -> Callable[..., Any]:
        """A verb that runs for real, told of before it does."""

        def called(model: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if self.busy.now:
                return original(model, *args, **kwargs)
            return self._for_real(kind, original, model, args, kwargs)

        return called

    def wrap_saving(self, original: Callable[..., Any], *, action: str) -> Callable[..., Any]:
        """Saving: held back where the model's training was dry."""

        def saving(model: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if self.listener.holds_back(self.backend, model, action, args, kwargs):
                return None
            with self.patches.suspended():
                return original(model, *args, **kwargs)

        return saving

    def _for_real(
        self, kind: CallKind, original: Callable[..., Any], model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        __tracebackhide__ = True
        with quiet(self.busy), self.flow.off():
            ended = self.listener.before(self.backend, kind, model, args, kwargs)
        try:
            with self.patches.suspended(), self.flow.off():
                value = original(model, *args, **kwargs)
        except BaseException as raised:
            ended(None, raised)
            raise
        ended(value, None)
        if kind == "call":
            self.steps.called(model)
            with self.flow.off():
                self.flow.note(model, args, kwargs, value, ended)
        return value

    def _build(self, original: Callable[..., Any], layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call on symbolic tensors: run, and told of with the layer that it failed in, if it did."""
        __tracebackhide__ = True
        try:
            with self.patches.suspended():
                value = original(layer, *args, **kwargs)
        except Exception as raised:
            with quiet(self.busy):
                failed, ran = symbolic.failing_layer(lambda: layer(*args, **kwargs))
                error = ErrorFacts(type(raised).__name__, str(raised), failed, "forward")
                self.listener.built(self.backend, layer, args, kwargs, error=error, ran=ran)
            raise
        with quiet(self.busy):
            self.listener.built(self.backend, layer, args, kwargs, value=value)
        return value


def _number(loss: Any) -> float | None:
    """The mean of a loss; on a GPU it is not waited for."""
    on_cpu = "CPU" in str(getattr(loss, "device", ""))
    return float(loss.numpy().mean()) if on_cpu and hasattr(loss, "numpy") and loss.dtype.is_floating else None


def _same(one: tracing.Traced, other: tracing.Traced) -> bool:
    """Whether two notes are of one call, looked up twice."""
    mine, others = ([*each.args, *each.kwargs.values()] for each in (one, other))
    return len(mine) == len(others) and all(a is b for a, b in zip(mine, others, strict=True))


def _of_interest(layer: Any) -> bool:
    """Whether a direct call of `layer` is a model's call: a Keras model, a transformers model or an encoder."""
    from tf_keras.src.engine import training

    return isinstance(layer, training.Model) or describe.is_encoder(layer)


def _builds(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call is building a functional model (KerasTensors among its arguments), which computes nothing."""
    return any(is_keras_symbolic(leaf) for _, leaf in tree.leaves([list(args), kwargs]))
