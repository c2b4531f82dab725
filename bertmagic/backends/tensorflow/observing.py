"""Tells a listener of tf-keras calls while it observes: class-level wrappers, taken away again when it ends."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from bertmagic.backends.protocol import Backend, Listener
from bertmagic.backends.tensorflow import describe, layers

if TYPE_CHECKING:
    from bertmagic.facts.call import CallKind

_SAVING = ("save", "save_weights", "export", "save_pretrained", "push_to_hub")
_BATCH_VERBS = {"train_on_batch": "train_on_batch", "test_on_batch": "train_on_batch", "predict_on_batch": "predict"}


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


@contextlib.contextmanager
def observe(backend: Backend, listener: Listener) -> Iterator[None]:
    """Wrap `Layer.__call__` and the verbs of `Model` (tf_keras 2.21) until the context ends."""
    from tf_keras.src.engine import base_layer, training

    busy = _Busy()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_patched(base_layer.Layer, "__call__", _wrap_call(backend, listener, busy)))
        stack.enter_context(_patched(training.Model, "fit", _wrap_fit(backend, listener, busy)))
        for verb in ("evaluate", "predict"):
            stack.enter_context(_patched(training.Model, verb, _wrap_verb(backend, listener, busy, verb, verb)))
        for verb, kind in _BATCH_VERBS.items():
            stack.enter_context(_patched(training.Model, verb, _wrap_verb(backend, listener, busy, verb, kind)))
        for owner in (training.Model, describe.pretrained_class()):
            for action in _SAVING:
                if owner is not None and action in vars(owner):
                    stack.enter_context(_patched(owner, action, _wrap_saving(listener, action)))
        yield


@contextlib.contextmanager
def _patched(owner: type, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    original = vars(owner)[name]
    setattr(owner, name, functools.wraps(original)(wrap(original)))
    try:
        yield
    finally:
        setattr(owner, name, original)


def _wrap_call(backend: Backend, listener: Listener, busy: _Busy) -> Callable[..., Any]:
    import tensorflow as tf

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            recorder = layers.current()
            if recorder is not None:
                return recorder.call(self, original, args, kwargs)
            if busy.now or not _of_interest(self):
                return original(self, *args, **kwargs)
            if _is_symbolic(args, kwargs):
                with quiet(busy):
                    return original(self, *args, **kwargs)
            if not tf.executing_eagerly():
                listener.unseen(
                    f"`{self.name}` inside a tf.function", "its arguments have no values while the graph is traced"
                )
                return original(self, *args, **kwargs)
            with quiet(busy):
                ended = listener.before(backend, "call", self, args, kwargs)
                try:
                    value = original(self, *args, **kwargs)
                except BaseException as raised:
                    ended(raised)
                    raise
                ended(None)
                return value

        return __call__

    return wrap


def _wrap_fit(backend: Backend, listener: Listener, busy: _Busy) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if busy.now:
                return original(self, *args, **kwargs)
            with quiet(busy):
                history = listener.fit(backend, self, args, kwargs)
                if history is None:
                    return original(self, *args, **kwargs)
                return history

        return fit

    return wrap


def _wrap_verb(
    backend: Backend, listener: Listener, busy: _Busy, verb: str, kind: CallKind | str
) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def called(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if busy.now:
                return original(self, *args, **kwargs)
            with quiet(busy):
                ended = listener.before(backend, kind, self, args, kwargs)  # type: ignore[arg-type]
                try:
                    value = original(self, *args, **kwargs)
                except BaseException as raised:
                    ended(raised)
                    raise
                ended(None)
                return value

        called.__name__ = verb
        return called

    return wrap


def _wrap_saving(listener: Listener, action: str) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def saving(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if listener.holds_back(self, action):
                return None
            return original(self, *args, **kwargs)

        return saving

    return wrap


def _of_interest(layer: Any) -> bool:
    """Whether a direct call of `layer` is a model's call: a Keras model, a transformers model or an encoder."""
    from tf_keras.src.engine import training

    return isinstance(layer, training.Model) or describe.is_encoder(layer)


def _is_symbolic(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call is building a functional model (KerasTensors among its arguments), which computes nothing."""
    from bertmagic.backends import tree

    return any(type(leaf).__name__.endswith("KerasTensor") for _, leaf in tree.leaves([list(args), kwargs]))
