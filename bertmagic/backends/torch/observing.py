"""Tells a listener of modules' calls while it observes: class-level wrappers, taken away again when it ends."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bertmagic.backends import recorder
from bertmagic.backends.comparison import Comparison
from bertmagic.backends.patches import Busy, Patches, quiet
from bertmagic.backends.protocol import Backend, Listener
from bertmagic.backends.torch import describe, devices, guard, trainer
from bertmagic.backends.torch.flow import Flow
from bertmagic.backends.torch.steps import Steps
from bertmagic.facts.call import CallKind
from bertmagic.observe.imports import after_import

_PRETRAINED = "transformers.modeling_utils"
_SAVING = ("save_pretrained", "push_to_hub")
# What a trainer does for real, and what it is to the check; the argument that holds the data.
_VERBS: dict[str, tuple[CallKind, str]] = {
    "evaluate": ("evaluate", "eval_dataset"),
    "predict": ("predict", "test_dataset"),
}


@contextlib.contextmanager
def observe(backend: Backend, listener: Listener) -> Iterator[None]:
    """Wrap `Module.__call__`, `torch.save` and transformers' trainer until the context ends."""
    import torch
    from torch.optim import optimizer

    devices.forget()
    busy = Busy()
    told = _Told(backend, listener, Patches(), busy)
    patches = told.patches
    patches.add(describe.module_class(), "__call__", told.wrap_call)
    patches.add(torch, "save", told.wrap_save)
    wanted = {trainer.MODULE: told.add_trainer, _PRETRAINED: told.add_saving}
    for module, add in wanted.items():
        if module in sys.modules:
            add()
    patches.put_in()

    def stepping(made: Any, *_: Any) -> None:
        if not busy.now:
            told.note_step(made)

    handle = optimizer.register_optimizer_step_pre_hook(stepping)
    try:
        with after_import({module: told.later(add) for module, add in wanted.items()}):
            yield
    finally:
        handle.remove()
        try:
            with quiet(busy):
                for ended, pooled, broadcasts in told.flow.end():
                    listener.followed(ended, pooled, broadcasts)
                for trained, facts, states in told.steps.end():
                    listener.stepped(trained, facts, states)
        finally:
            patches.take_out()


@dataclass(frozen=True)
class _Told:
    """Who is told of what, and the wrappers that tell. `dry`: the models whose training was."""

    backend: Backend
    listener: Listener
    patches: Patches
    busy: Busy
    dry: list[weakref.ref[Any]] = field(default_factory=list)
    thread: int = field(default_factory=threading.get_ident)

    @functools.cached_property
    def flow(self) -> Flow:
        """What follows the modules' outputs."""
        return Flow(self.listener.named, self.listener.failed, self._compared, self.busy, self._guarded)

    @functools.cached_property
    def steps(self) -> Steps:
        """What notes the optimizers' steps."""
        return Steps(self.listener.named, self.listener.failed)

    def _compared(self, ended: Any, found: Comparison, name: str | None) -> Callable[[Any, BaseException | None], None]:
        """A loss compares the outputs of a call: told before it runs, and again how it ended."""
        tell = self.listener.compared(ended, found, name or "output")

        def done(value: Any, raised: BaseException | None) -> None:
            number = None
            # A value on a GPU is not waited for.
            if raised is None and getattr(value, "numel", lambda: 0)() and value.device.type == "cpu":
                number = float(value.detach().float().mean())
            tell(number, raised)

        return done

    def note_step(self, optimizer: Any) -> None:
        """Note a step of an optimizer before it is made."""
        with quiet(self.busy), self.flow.off():
            self.steps.note(optimizer)

    def later(self, add: Callable[[], None]) -> Callable[[], None]:
        """`add` for a module that is imported while this observes."""

        def added() -> None:
            add()
            self.patches.put_in()

        return added

    def add_trainer(self) -> None:
        """Wrap the trainer's verbs."""
        owner = trainer.trainer_class()
        if owner is None:
            return
        self.patches.add(owner, "train", self.wrap_train)
        for verb, (kind, argument) in _VERBS.items():
            self.patches.add(owner, verb, functools.partial(self.wrap_verb, kind=kind, argument=argument))
        for action in ("save_model", "push_to_hub"):
            self.patches.add(owner, action, functools.partial(self.wrap_saving, action=action))

    def add_saving(self) -> None:
        """Wrap the savings of transformers' models."""
        owner = describe.pretrained_class()
        for action in _SAVING:
            if owner is not None and action in vars(owner):
                self.patches.add(owner, action, functools.partial(self.wrap_saving, action=action))

    # -- wrappers ------------------------------------------------------------------------------------------------

    def wrap_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A module's `__call__`: recorded in a dry pass, told of where it holds an encoder and is called directly."""
        from torch.compiler import is_compiling
        from torch.jit import is_tracing

        plain = describe.module_class()._call_impl

        def called(module: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if is_compiling():
                return original(module, *args, **kwargs)
            recording = recorder.current()
            if recording is not None and _is_keras(module):
                return original(module, *args, **kwargs)  # recorded as the layer that it is
            if recording is not None:
                # What is compiled is run as it is written: nothing is compiled for a few rows.
                return recording.call(module, plain, args, kwargs)
            if self.busy.now or threading.get_ident() != self.thread or is_tracing():
                return original(module, *args, **kwargs)
            if not describe.holds_encoder(module):
                return original(module, *args, **kwargs)
            return self._for_real("call", original, module, args, kwargs)

        return called

    def wrap_train(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Trainer.train`: dry, except where the listener wants the real one."""

        def train(made: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            model = getattr(made, "model", None)
            if self.busy.now or not _is_known(model):
                return original(made, *args, **kwargs)
            guard.forget()
            with quiet(self.busy), self.flow.off():
                history = self.listener.fit(self.backend, model, (), {"trainer": made, "dataset": None})
            if history is not None:
                self.dry.append(weakref.ref(model))
                return history
            with self._guarded("train", model), quiet(self.busy), self.patches.suspended(), self.flow.off():
                return original(made, *args, **kwargs)

        return train

    def wrap_verb(self, original: Callable[..., Any], *, kind: CallKind, argument: str) -> Callable[..., Any]:
        """A trainer's verb that runs for real, told of before it does."""

        def called(made: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            model = getattr(made, "model", None)
            if self.busy.now or not _is_known(model):
                return original(made, *args, **kwargs)
            given = trainer.arguments_of(original, (made, *args), kwargs).get(argument)
            given = made.eval_dataset if given is None and kind == "evaluate" else given
            if isinstance(given, dict):
                given = next(iter(given.values()), None)
            held = {"trainer": made, "dataset": given}
            return self._for_real(kind, original, made, args, kwargs, model=model, told=((), held))

        return called

    def wrap_saving(self, original: Callable[..., Any], *, action: str) -> Callable[..., Any]:
        """Saving: held back where the model's training was dry."""

        def saving(made: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            model = made if describe.is_pretrained(made) else getattr(made, "model", None)
            if self.dry and model is not None and self.listener.holds_back(self.backend, model, action, args, kwargs):
                return None
            with self.patches.suspended():
                return original(made, *args, **kwargs)

        return saving

    def wrap_save(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`torch.save` of a model whose training was dry, of its weights, or of a checkpoint that holds them."""

        def save(value: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            model = self._dry_within(value) if self.dry else None
            if model is not None and self.listener.holds_back(self.backend, model, "save", args, kwargs):
                return None
            return original(value, *args, **kwargs)

        return save

    def _dry_within(self, value: Any) -> Any:
        """The model of dry training whose weights `value` holds, or None."""
        places = {each.data_ptr() for each in _tensors(value, 3)}
        for known in self.dry:
            model = known()
            if model is not None and any(each.numel() and each.data_ptr() in places for each in model.parameters()):
                return model
        return None

    @contextlib.contextmanager
    def _guarded(self, verb: str, model: Any = None) -> Iterator[None]:
        """Have a lookup inside that would end the CUDA context raise what it raises on the CPU, and say so."""
        __tracebackhide__ = True
        held = guard.held_in_dry_pass() if model is not None else None
        if held is not None and describe.is_compiled(model):
            self._say_held(held, verb, model)
            raise held.raised.with_traceback(None)
        guarding = guard.Guard(self.listener.failed)
        try:
            with guarding:
                yield
        finally:
            if guarding.held is not None:
                self._say_held(guarding.held, verb, model)

    def _say_held(self, held: guard.Held, verb: str, model: Any) -> None:
        said = verb if model is None else self.listener.named(model) or type(model).__name__
        self.listener.unseen(f"`{said}`" if verb in (said, "call") else f"`{said}.{verb}`", held.why)

    def _for_real(
        self,
        kind: CallKind,
        original: Callable[..., Any],
        owner: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        model: Any = None,
        told: tuple[tuple[Any, ...], dict[str, Any]] | None = None,
    ) -> Any:
        __tracebackhide__ = True
        model, given = owner if model is None else model, told or (args, kwargs)
        guard.forget()
        with quiet(self.busy), self.flow.off():
            ended = self.listener.before(self.backend, kind, model, *given)
        try:
            with self._guarded(kind, model), quiet(self.busy), self.patches.suspended(), self.flow.off():
                value = original(owner, *args, **kwargs)
        except BaseException as raised:
            ended(None, raised)
            raise
        with quiet(self.busy):
            ended(value, None)
            if kind == "call":
                self.steps.called(model)
                self.flow.note(model, args, kwargs, value, ended)
        return value


def _is_known(model: Any) -> bool:
    return isinstance(model, describe.module_class()) and describe.holds_encoder(model)


def _tensors(value: Any, depth: int) -> Iterator[Any]:
    """The tensors that a module, or dicts and lists of tensors hold."""
    if isinstance(value, describe.module_class()):
        yield from value.parameters()
    elif hasattr(value, "data_ptr"):
        yield value
    elif depth and isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors(each, depth - 1)
    elif depth and isinstance(value, (list, tuple)):
        for each in value:
            yield from _tensors(each, depth - 1)


def _is_keras(module: Any) -> bool:
    """Whether `module` is a layer of Keras 3, which is a module where Keras runs on PyTorch (keras 3.15)."""
    layer = getattr(sys.modules.get("keras.src.layers.layer"), "Layer", None)
    return layer is not None and isinstance(module, layer)
