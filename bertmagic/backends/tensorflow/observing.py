"""Tells a listener of tf-keras calls while it observes: class-level wrappers, taken away again when it ends."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bertmagic.backends.protocol import Backend, Listener
from bertmagic.backends.tensorflow import describe, layers, symbolic
from bertmagic.facts.call import CallKind, ErrorFacts

_SAVING = ("save", "save_weights", "export", "save_pretrained", "push_to_hub")
# The verbs that run for real, and what each is to the check.
_VERBS: dict[str, CallKind] = {
    "evaluate": "evaluate",
    "predict": "predict",
    "train_on_batch": "train_on_batch",
    "test_on_batch": "train_on_batch",
    "predict_on_batch": "predict",
}


class _Busy(threading.local):
    """Whether this thread is inside a call that was already told of (or inside the check itself)."""

    now = False


@contextlib.contextmanager
def quiet(busy: _Busy) -> Iterator[None]:
    """Tell the listener of nothing inside."""
    before, busy.now = busy.now, True
    try:
        yield
    finally:
        busy.now = before


class _Patches:
    """Class attributes with wrappers in their place, put in and taken out together."""

    def __init__(self) -> None:
        self._originals: list[tuple[type, str, Any]] = []
        self._wrappers: list[tuple[type, str, Any]] = []

    def add(self, owner: type, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Have `wrap(original)` in the place of `owner.name` from the next `put_in` on."""
        original = vars(owner)[name]
        self._originals.append((owner, name, original))
        self._wrappers.append((owner, name, functools.wraps(original)(wrap(original))))

    def put_in(self) -> None:
        """Set the wrappers."""
        for owner, name, wrapper in self._wrappers:
            setattr(owner, name, wrapper)

    def take_out(self) -> None:
        """Set the originals again."""
        for owner, name, original in self._originals:
            setattr(owner, name, original)

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Out while a real call runs: no frame of ours is in its traceback, which Keras filters by file names."""
        self.take_out()
        try:
            yield
        finally:
            self.put_in()


@contextlib.contextmanager
def observe(backend: Backend, listener: Listener) -> Iterator[None]:
    """Wrap `Layer.__call__` and the verbs of `Model` (tf_keras 2.21) until the context ends."""
    from tf_keras.src.engine import base_layer, training

    told = _Told(backend, listener, _Patches(), _Busy())
    patches = told.patches
    patches.add(base_layer.Layer, "__call__", told.wrap_call)
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
        patches.take_out()


@dataclass(frozen=True)
class _Told:
    """Who is told of what, and the wrappers that tell."""

    backend: Backend
    listener: Listener
    patches: _Patches
    busy: _Busy

    def wrap_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A layer's `__call__`: recorded in a dry pass, told of where a model is called directly."""
        import tensorflow as tf

        def called(layer: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            recorder = layers.current()
            if recorder is not None:
                return recorder.call(layer, original, args, kwargs)
            if self.busy.now or not _of_interest(layer):
                return original(layer, *args, **kwargs)
            if _is_symbolic(args, kwargs):
                return self._build(original, layer, args, kwargs)
            if not tf.executing_eagerly():
                why = "its arguments have no values while the graph is traced"
                self.listener.unseen(f"`{layer.name}` inside a tf.function", why)
                with self.patches.suspended():
                    return original(layer, *args, **kwargs)
            return self._for_real("call", original, layer, args, kwargs)

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


def _of_interest(layer: Any) -> bool:
    """Whether a direct call of `layer` is a model's call: a Keras model, a transformers model or an encoder."""
    from tf_keras.src.engine import training

    return isinstance(layer, training.Model) or describe.is_encoder(layer)


def _is_symbolic(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call is building a functional model (KerasTensors among its arguments), which computes nothing."""
    from bertmagic.backends import tree

    return any(type(leaf).__name__.endswith("KerasTensor") for _, leaf in tree.leaves([list(args), kwargs]))
