"""Tells a listener of Keras 3 calls while it observes: class-level wrappers, taken away again when it ends."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

from bertmagic.backends import recorder, tree
from bertmagic.backends.keras3 import compute, symbolic
from bertmagic.backends.patches import Busy, Patches, quiet
from bertmagic.backends.protocol import Backend, Listener
from bertmagic.facts.call import CallKind, ErrorFacts
from bertmagic.observe.imports import after_import
from bertmagic.observe.values import is_keras_symbolic

_SAVING = ("save", "save_weights", "export", "save_to_preset")
# The verbs that run for real, and what each is to the check.
_VERBS: dict[str, CallKind] = {
    "evaluate": "evaluate",
    "predict": "predict",
    "train_on_batch": "train_on_batch",
    "test_on_batch": "train_on_batch",
    "predict_on_batch": "predict",
}
# KerasHub's classes that have verbs or savings of their own (keras_hub 0.32), by the module that defines them.
_HUB = {
    "keras_hub.src.utils.pipeline_model": "PipelineModel",
    "keras_hub.src.models.task": "Task",
    "keras_hub.src.models.backbone": "Backbone",
}


@contextlib.contextmanager
def observe(backend: Backend, listener: Listener) -> Iterator[None]:
    """Wrap `Layer.__call__` and the verbs of the trainer and of KerasHub's tasks until the context ends."""
    from keras.src.layers import layer
    from keras.src.models import model

    told = _Told(backend, listener, _Growing(), Busy())
    patches = told.patches
    patches.add(layer.Layer, "__call__", told.wrap_call, told.stays_out)
    patches.add(layer.Layer, "stateless_call", told.wrap_stateless, told.stays_out)
    trainer = next(kind for kind in model.Model.__mro__ if "fit" in vars(kind))
    told.wrap_verbs(trainer)
    told.wrap_verbs(model.Model)
    patches.put_in()
    later: dict[str, Callable[[], None]] = {}
    for module, name in _HUB.items():
        add = functools.partial(told.add_hub, module, name)
        if module in sys.modules:
            add()
        else:
            later[module] = add
    try:
        with after_import(later):
            yield
    finally:
        patches.take_out()


class _Growing(Patches):
    """Patches to which more come while they are in."""

    def __init__(self) -> None:
        super().__init__()
        self._is_in = False

    def put_in(self) -> None:
        """Set the wrappers."""
        super().put_in()
        self._is_in = True

    def take_out(self) -> None:
        """Set the originals again."""
        super().take_out()
        self._is_in = False

    def put_in_new(self) -> None:
        """Set those that were added last, where the others are in."""
        if self._is_in:
            super().put_in()


@dataclass(frozen=True)
class _Told:
    """Who is told of what, and the wrappers that tell."""

    backend: Backend
    listener: Listener
    patches: _Growing
    busy: Busy

    def wrap_verbs(self, owner: type) -> None:
        """Have the verbs and savings that a class defines itself wrapped."""
        if "fit" in vars(owner):
            self.patches.add(owner, "fit", self.wrap_fit)
        for verb, kind in _VERBS.items():
            if verb in vars(owner):
                self.patches.add(owner, verb, functools.partial(self.wrap_verb, kind=kind))
        for action in _SAVING:
            if action in vars(owner):
                self.patches.add(owner, action, functools.partial(self.wrap_saving, action=action))

    def add_hub(self, module: str, name: str) -> None:
        """Wrap a class of KerasHub's, which has been imported."""
        owner = getattr(sys.modules[module], name)
        if "__call__" in vars(owner):
            self.patches.add(owner, "__call__", self.wrap_call, self.stays_out)
        self.wrap_verbs(owner)
        self.patches.put_in_new()

    def stays_out(self, layer: Any, frame: FrameType) -> bool:
        """Whether a call of `layer` is to run without a wrapper: one in a graph of TensorFlow's, which is said."""
        if recorder.current() is not None or not compute.is_tracing():
            return False
        try:
            if layer is not None and not self.busy.now and _of_interest(layer) and not _in_keras(frame):
                self._traced(layer)
        except Exception as failure:  # noqa: BLE001  # our own failure is never the cell's
            self.listener.failed("the reading of a call in a graph", failure)
        return True

    def _traced(self, layer: Any) -> None:
        said = self.listener.named(layer) or layer.name
        self.listener.unseen(f"`{said}` inside a traced function", "its arguments have no values while it is traced")

    def wrap_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A layer's `__call__`: recorded in a dry pass, told of where a model is called directly."""
        of_layers = original.__qualname__ == "Layer.__call__"

        def called(layer: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            recording = recorder.current()
            if recording is not None:
                # A task's own `__call__` ends in a layer's, which is recorded.
                return recording.call(layer, original, args, kwargs) if of_layers else original(layer, *args, **kwargs)
            if self.busy.now or not _of_interest(layer):
                return original(layer, *args, **kwargs)
            leaves = [leaf for _, leaf in tree.leaves([list(args), kwargs])]
            if any(is_keras_symbolic(leaf) for leaf in leaves):
                return self._build(original, layer, args, kwargs)
            if any(compute.is_traced(leaf) for leaf in leaves):
                self._traced(layer)
                with quiet(self.busy):
                    return original(layer, *args, **kwargs)
            return self._for_real("call", original, layer, args, kwargs)

        return called

    def wrap_stateless(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`stateless_call`: a call of the model with the weights that it is given, which is what loops on JAX make."""

        def called(layer: Any, trained: Any, others: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if recorder.current() is not None or self.busy.now or not _of_interest(layer):
                return original(layer, trained, others, *args, **kwargs)
            leaves = [leaf for _, leaf in tree.leaves([list(args), kwargs, trained, others])]
            traced = any(compute.is_traced(leaf) for leaf in leaves)
            scope = None if traced else _scope_of(layer, trained, others)
            if scope is None or any(is_keras_symbolic(leaf) for leaf in leaves):
                if traced:
                    self._traced(layer)
                with quiet(self.busy):
                    return original(layer, trained, others, *args, **kwargs)
            given = {name: value for name, value in kwargs.items() if name != "return_losses"}
            with quiet(self.busy), scope:
                ended = self.listener.before(self.backend, "call", layer, args, given)
            try:
                with self.patches.suspended():
                    value = original(layer, trained, others, *args, **kwargs)
            except BaseException as raised:
                ended(None, raised)
                raise
            ended(value[0], None)
            return value

        return called

    def wrap_fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`fit`: dry, except where the listener wants the real one."""

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if self.busy.now:
                return original(model, *args, **kwargs)
            with quiet(self.busy):
                history = self.listener.fit(self.backend, model, args, kwargs)
            if history is not None:
                return history
            with self.patches.suspended():
                return original(model, *args, **kwargs)

        return fit

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
        with quiet(self.busy):
            ended = self.listener.before(self.backend, kind, model, args, kwargs)
        try:
            with self.patches.suspended():
                value = original(model, *args, **kwargs)
        except BaseException as raised:
            ended(None, raised)
            raise
        ended(value, None)
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


def _scope_of(layer: Any, trained: Any, others: Any) -> Any:
    """The scope in which the model's variables have these values; None where they do not fit, and Keras raises."""
    from keras.src.backend.common import stateless_scope

    try:
        variables = (layer.trainable_variables, layer.non_trainable_variables)
        if not layer.built or [len(each) for each in variables] != [len(trained), len(others)]:
            return None
        mapping = [
            pair
            for known, values in zip(variables, (trained, others), strict=True)
            for pair in zip(known, values, strict=True)
        ]
        return stateless_scope.StatelessScope(state_mapping=mapping)
    except Exception:  # noqa: BLE001  # of another shape, or no list of them
        return None


def _of_interest(layer: Any) -> bool:
    """Whether a direct call of `layer` is a model's call."""
    from keras.src.models import model

    return isinstance(layer, model.Model)


def _in_keras(frame: FrameType) -> bool:
    """Whether Keras' own code makes the call: a part of another model's, or of a trainer's."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in ("keras", "keras_hub")
