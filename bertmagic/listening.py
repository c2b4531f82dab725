"""What a backend tells while it observes a block: calls, graphs that are built, savings; each is looked at as told."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from bertmagic.assemble import Ended
from bertmagic.backends import backend_of, loaded_backends
from bertmagic.backends.comparison import Comparison
from bertmagic.backends.protocol import Backend, Failing
from bertmagic.compared import Told
from bertmagic.facts.call import BroadcastFacts, CallKind, ErrorFacts
from bertmagic.facts.cell import Origin
from bertmagic.facts.loading import LoadingFacts
from bertmagic.facts.training import EncoderState, OptimizerFacts
from bertmagic.followed import Handle, Handles, put, step
from bertmagic.looks import Looks
from bertmagic.observe.hub import HubCall
from bertmagic.observe.names import Names
from bertmagic.observe.paired import Paired
from bertmagic.observe.pooled import Pooled
from bertmagic.observe.seen import Seen
from bertmagic.observe.tokenizers import TokenizerCall
from bertmagic.options import Options


class Listening:
    """The `Listener` of a block whose names are in `namespace`. A failure of its own is a line, never the cell's."""

    def __init__(self, namespace: dict[str, Any], options: Options) -> None:
        self.options = options
        self.run_for_real = options.run
        self._namespace = namespace
        self._names = Names(namespace)
        self._paired = Paired(namespace, self._names)
        self._looks = Looks(options, namespace, self._names, self._paired.pair, self.unseen)
        self._seen = Seen(self._names, _origin, self._loading)
        self._handles = Handles()
        self._histories = _Histories()
        self._unseen: dict[tuple[str, str], None] = {}
        self._held: list[str] = []
        self._failures: list[str] = []

    def _forget(self) -> None:
        """Keep nothing of the block alive: not its tensors, not its exception's frames."""
        self._looks.forget()
        self._paired.forget()
        self._seen = Seen(self._names, _origin, self._loading)
        self._handles = Handles()

    def fit(self, backend: Backend, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """In place of a training run: a dry pass of its first batch. None where the real one is to run (`--run`)."""
        __tracebackhide__ = True
        done: Ended | None = None
        error: BaseException | None = None
        try:
            done, error = self._looks.look("fit", backend, model, args, kwargs)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report, never the cell's
            self.failed("the check of `fit`", failure)
        if error is not None:
            if done is not None:
                done.dry = True
            raise error
        try:
            self._looks.look_at_validation(backend, model, args, kwargs)
        except Exception as failure:  # noqa: BLE001  # as above
            self.failed("the check of the validation data", failure)
        if self.run_for_real and not any(ended.is_wrong for ended in self._looks.ended):
            return None
        if done is not None:
            done.dry = True
        if done is not None and done.examination.dry is not None:
            self._histories.keys[model] = done.examination.dry.history_keys
        history = backend.history(model, args, kwargs, self._histories.keys.get(model, ()))
        callbacks = list(backend.callbacks(kwargs))
        if callbacks:
            self.unseen("callbacks", f"a dry `fit` calls none: {', '.join(callbacks)}")
        self._looks.dry.append(model)
        if hasattr(model, "stop_training"):  # Keras' models keep their history
            self._histories.put(model, history)
        return history

    def before(
        self,
        backend: Backend,
        kind: CallKind,
        model: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        watched: bool | None = None,
    ) -> Callable[[Any, BaseException | None], None]:
        """Examine a real call before it runs; what is returned is told how it ended."""
        done: Ended | None = None
        try:
            done, _ = self._looks.look(kind, backend, model, args, kwargs, watched=watched)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report, never the cell's
            self.failed(f"the check of `{kind}`", failure)

        dry = None if done is None else done.examination.dry
        for each in () if dry is None else dry.encoders:
            if each.gave is not None:
                self._seen.fields(*each.gave)

        def ended(value: Any, raised: BaseException | None) -> None:
            if raised is not None and done is not None:
                done.raised, done.real = f"{type(raised).__name__}: {raised}", raised
            elif done is not None:
                done.went_through = True
            try:
                facts = self._looks.described(model)
                if raised is None and facts is not None:
                    self._seen.output(value, facts)
            except Exception as failure:  # noqa: BLE001  # as above
                self.failed("the reading of an output", failure)

        self._handles.add(ended, model, done)
        return ended

    def followed(self, ended: Handle, pooled: Sequence[Pooled], broadcasts: Sequence[BroadcastFacts]) -> None:
        """Say of a call what the cell did with its output: of itself where it was examined, else of one like it."""
        try:
            done = self._handles.of(ended, self._looks.ended)
            backend = None if done is None else backend_of(done.model())
            if done is not None and backend is not None:
                put(done, pooled, broadcasts, self._namespace, self._looks.examiner(backend).findings)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check of what follows a call", failure)

    def compared(
        self, ended: Handle, comparison: Comparison, output: str
    ) -> Callable[[float | None, BaseException | None], None]:
        """Say of a call with which labels a loss of the cell's own code compares its output."""
        told = Told(self._handles, self._looks.ended, self._names, self._looks.examiner, self.failed)
        return told.compare(ended, comparison, output)

    def stepped(self, model: Any, optimizer: OptimizerFacts, encoders: tuple[EncoderState, ...]) -> None:
        """Say of a call of `model` what the cell's own loop trains with the optimizer."""
        try:
            backend = backend_of(model)
            if backend is not None:
                step(self._looks.ended, model, optimizer, encoders, self._looks.examiner(backend).findings)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check of an optimizer's step", failure)

    def named(self, value: Any) -> str | None:
        """What the cell calls a value, its functions that are under way too."""
        return self._names.of(value)

    def built(
        self,
        backend: Backend,
        layer: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        error: ErrorFacts | None = None,
        ran: tuple[str, ...] = (),
        value: Any = None,
    ) -> None:
        """Note a call of a model on symbolic tensors."""
        try:
            self._seen.built(backend, layer, args, kwargs, error=error, ran=ran, value=value)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check of a graph", failure)

    def unseen(self, what: str, why: str) -> None:
        """Note what could not be looked into."""
        self._unseen[what, why] = None

    def failed(self, what: str, failure: BaseException) -> None:
        """Note a failure of bertmagic's own, which is a line in the report."""
        self._failures.append(f"{what} failed in bertmagic itself: {type(failure).__name__}: {failure}")

    def holds_back(
        self,
        backend: Backend,
        model: Any,
        action: str,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> bool:
        """Whether `action` would write out a model whose training was dry: itself, or one that shares its layers."""
        if not self._looks.is_dry(backend, model):
            return False
        self._held.append(f"`{self._looks.said(model)}.{action}`")
        try:
            self._seen.saved(backend.held(model, action, args, kwargs or {}, self._names.of))
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed(f"the check of `{action}`", failure)
        return True

    def _tokenized(self, call: TokenizerCall) -> None:
        """Note a tokenizer's call; tokenizers are no backend's, and are told of in the same way."""
        try:
            self._paired.note(call)
            self._seen.tokenized(call)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check of a tokenizer's call", failure)

    def _tokenized_by_hub(self, call: HubCall) -> None:
        """Note the call of a tokenizer or preprocessor of KerasHub's."""
        try:
            self._paired.note_hub(call)
            self._seen.tokenized_by_hub(call)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check of a tokenizer's call", failure)

    def _loading(self, failing: Failing) -> LoadingFacts | None:
        try:
            return next((found for backend in loaded_backends() if (found := backend.loading(failing))), None)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the reading of what failed to load", failure)
            return None


def _origin(value: Any) -> Origin | None:
    """Where a symbolic tensor comes from, as the framework that made it tells."""
    return next((found for backend in loaded_backends() if (found := backend.origin(value)) is not None), None)


_ABSENT = object()


class _Histories:
    """Keras' `model.history` after a dry `fit`, while the block lasts; the one from before comes back at its end.

    `keys`: the metrics that a model's history has, as its dry pass showed.
    """

    def __init__(self) -> None:
        self.keys: weakref.WeakKeyDictionary[Any, Sequence[str]] = weakref.WeakKeyDictionary()
        self._before: list[tuple[Any, Any]] = []

    def put(self, model: Any, history: Any) -> None:
        """Give the model this history."""
        self._before.append((model, model.__dict__.get("history", _ABSENT)))
        model.__dict__["history"] = history

    def restore(self) -> None:
        """Give each model the history that it had."""
        for model, before in self._before:
            if before is _ABSENT:
                model.__dict__.pop("history", None)
            else:
                model.__dict__["history"] = before
        self._before = []
