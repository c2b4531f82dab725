"""A check from beginning to end: watches a block, examines its calls, and makes the report."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bertmagic.assemble import Ended, assemble
from bertmagic.backends import BACKENDS, backend_of, loaded_backends
from bertmagic.backends.protocol import Backend, Failing, LiveCall, Unseen
from bertmagic.examine import Examination, Examiner
from bertmagic.facts.call import BroadcastFacts, CallFacts, CallKind, ErrorFacts
from bertmagic.facts.cell import CellFacts, Origin
from bertmagic.facts.loading import LoadingFacts
from bertmagic.facts.model import EncoderFacts, ModelFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.facts.training import EncoderState, OptimizerFacts
from bertmagic.finding import Finding
from bertmagic.followed import Handle, Handles, put, step
from bertmagic.modes import Modes
from bertmagic.observe import tokenizers
from bertmagic.observe.captured import Captured
from bertmagic.observe.foreign import foreign_models
from bertmagic.observe.imports import after_import
from bertmagic.observe.iterators import replace_in
from bertmagic.observe.names import Names
from bertmagic.observe.pooled import Pooled
from bertmagic.observe.seen import Seen
from bertmagic.options import Options
from bertmagic.report import Report
from bertmagic.rules import wanted

# Calls of one model with one signature that are read (not run) before the rest go unread: a training loop's batches.
MOST_READ = 200

_last: Report | None = None


def last() -> Report | None:
    """The last report of this process, or None."""
    return _last


def keep_last(report: Report | None) -> None:
    """Have `last()` give this report."""
    global _last  # noqa: PLW0603  # as in `Watch`
    _last = report


class Watch:
    """Watches a block: `with Watch(namespace=globals()) as watch: …`, then `watch.report`. Swallows no exception.

    `namespace`: where the block's names are looked up; `source`: the block's source, if known.
    Raises `BadUse` on entering where the options cannot be met.
    """

    def __init__(
        self, *, namespace: dict[str, Any] | None = None, source: str | None = None, options: Options | None = None
    ) -> None:
        self.options = options or Options()
        self.run_for_real = self.options.run
        self._namespace = namespace if namespace is not None else {}
        self._source = source
        self._names = Names(self._namespace)
        self._stack = contextlib.ExitStack()
        self._ended: list[Ended] = []
        self._unseen: dict[tuple[str, str], None] = {}
        self._failures: list[str] = []
        self._calls: list[tokenizers.TokenizerCall] = []
        self._seen = Seen(self._names, _origin, self._loading)
        self._read: dict[tuple[Any, ...], tuple[int, weakref.ref[Any] | None, CallFacts | None]] = {}
        self._modes = Modes()
        self._dry: list[Any] = []
        self._described: weakref.WeakKeyDictionary[Any, ModelFacts] = weakref.WeakKeyDictionary()
        self._keys: weakref.WeakKeyDictionary[Any, Sequence[str]] = weakref.WeakKeyDictionary()
        self._histories: list[tuple[Any, Any]] = []
        self._held: list[str] = []
        self._handles = Handles()
        self._tokenizer: Any = None
        self.report: Report | None = None

    def __enter__(self) -> Watch:
        for backend in loaded_backends():
            backend.device(self.options.device)
        self._start = time.perf_counter()
        self._known = {name: id(value) for name, value in self._namespace.items()}
        wanted: dict[str, Callable[[], None]] = {}
        for module, backend_module in BACKENDS.items():
            wanted[module] = self._starter(backend_module)
        wanted[tokenizers.MODULE] = self._note_tokenizers
        for module, start in wanted.items():
            if module in sys.modules:
                start()
        self._stack.enter_context(after_import(wanted))
        return self

    def __exit__(self, exc_type: object, raised: BaseException | None, traceback: object) -> None:
        global _last  # noqa: PLW0603  # `bertmagic.last()` is of the process
        self._stack.close()
        for model, before in self._histories:
            _restore_attribute(model, "history", before)
        try:
            self.report = self._assembled(raised)
        except Exception as failure:  # noqa: BLE001  # our own failure must not take the place of the block's exception
            self._ended = []
            self._fail("the report", failure)
            self.report = self._assembled(raised)
        finally:
            # Nothing of the block is kept alive by the watch: not its tensors, not its exception's frames.
            self._ended, self._calls, self._dry, self._histories, self._tokenizer = [], [], [], [], None
            self._read, self._modes, self._seen = {}, Modes(), Seen(self._names, _origin, self._loading)
            self._handles = Handles()
        _last = self.report

    def _assembled(self, raised: BaseException | None) -> Report:
        cell = self._cell_facts(raised)
        for name, kind in foreign_models(self._namespace):
            self.unseen(
                f"`{name}`", f"it is a {kind} model; those of tf-keras and transformers' TF classes are checked"
            )
        return assemble(
            self._ended,
            self.options,
            cell=self._cell_findings(cell),
            facts=cell,
            device=self._device(),
            unseen=tuple(self._unseen),
            held=tuple(self._held),
            failures=tuple(self._failures),
            decode=self._decoder(),
            raised=raised,
            seconds=time.perf_counter() - self._start,
            captured=Captured(self._namespace, self._captured_names()),
        )

    def _cell_facts(self, raised: BaseException | None) -> CellFacts | None:
        """The facts of the cell, where they could be gathered."""
        # A verb runs as a graph, where the lines of the user's own `call` are lost; the dry pass before it ran by line.
        dry = next((each.examination.error for each in self._ended if raised is not None and each.real is raised), None)
        try:
            calls = (each.examination.facts for each in self._ended)
            return self._seen.facts(calls, raised, self._namespace, dry)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self._fail("the facts of the cell", failure)
            return None

    def _cell_findings(self, facts: CellFacts | None) -> tuple[Finding, ...]:
        """What the rules about a whole cell say of it."""
        if facts is None:
            return ()
        try:
            found = [rule.check(facts) for rule in wanted("cell", self.options.ignore, self.options.only)]
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self._fail("the check of the cell", failure)
            return ()
        return tuple(finding for finding in found if finding is not None)

    # -- what a backend tells ------------------------------------------------------------------------------------

    def fit(self, backend: Backend, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """In place of a training run: a dry pass of its first batch. None where the real one is to run (`--run`)."""
        __tracebackhide__ = True
        done: Ended | None = None
        error: BaseException | None = None
        try:
            done, error = self._look("fit", backend, model, args, kwargs)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report, never the cell's
            self._fail("the check of `fit`", failure)
        if error is not None:
            if done is not None:
                done.dry = True
            raise error
        try:
            self._look_at_validation(backend, model, args, kwargs)
        except Exception as failure:  # noqa: BLE001  # as above
            self._fail("the check of the validation data", failure)
        if self.run_for_real and not any(ended.is_wrong for ended in self._ended):
            return None
        if done is not None:
            done.dry = True
        if done is not None and done.examination.dry is not None:
            self._keys[model] = done.examination.dry.history_keys
        history = backend.history(model, args, kwargs, self._keys.get(model, ()))
        callbacks = list(backend.callbacks(kwargs))
        if callbacks:
            self.unseen("callbacks", f"a dry `fit` calls none: {', '.join(callbacks)}")
        self._dry.append(model)
        self._histories.append((model, model.__dict__.get("history", _ABSENT)))
        model.__dict__["history"] = history
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
            done, _ = self._look(kind, backend, model, args, kwargs, watched=watched)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report, never the cell's
            self._fail(f"the check of `{kind}`", failure)

        def ended(value: Any, raised: BaseException | None) -> None:
            if raised is not None and done is not None:
                done.raised, done.real = f"{type(raised).__name__}: {raised}", raised
            try:
                if raised is None and model in self._described:
                    self._seen.output(value, self._described[model])
            except Exception as failure:  # noqa: BLE001  # as above
                self._fail("the reading of an output", failure)

        self._handles.add(ended, model, done)
        return ended

    def followed(
        self,
        ended: Handle,
        pooled: Sequence[Pooled],
        broadcasts: Sequence[BroadcastFacts],
    ) -> None:
        """Say of a call what the cell did with its output: of itself where it was examined, else of one like it."""
        try:
            done = self._handles.of(ended, self._ended)
            backend = None if done is None else backend_of(done.model())
            if done is not None and backend is not None:
                findings = Examiner(backend, self.options, self._names, self._pair).findings
                put(done, pooled, broadcasts, self._namespace, findings)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self._fail("the check of what follows a call", failure)

    def stepped(self, model: Any, optimizer: OptimizerFacts, encoders: tuple[EncoderState, ...]) -> None:
        """Say of a call of `model` what the cell's own loop trains with the optimizer."""
        try:
            backend = backend_of(model)
            if backend is not None:
                examiner = Examiner(backend, self.options, self._names, self._pair)
                step(self._ended, model, optimizer, encoders, examiner.findings)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self._fail("the check of an optimizer's step", failure)

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
            self._fail("the check of a graph", failure)

    def unseen(self, what: str, why: str) -> None:
        """Note what could not be looked into."""
        self._unseen[what, why] = None

    def failed(self, what: str, failure: BaseException) -> None:
        """Note a failure of bertmagic's own, which is a line in the report."""
        self._fail(what, failure)

    def holds_back(
        self,
        backend: Backend,
        model: Any,
        action: str,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> bool:
        """Whether `action` would write out a model whose training was dry: itself, or one that shares its layers."""
        if not any(backend.share(model, trained) for trained in self._dry):
            return False
        self._held.append(f"`{self._said(model)}.{action}`")
        try:
            self._seen.saved(backend.held(model, action, args, kwargs or {}, self._names.of))
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self._fail(f"the check of `{action}`", failure)
        return True

    # -- one call ------------------------------------------------------------------------------------------------

    def _look(
        self,
        kind: CallKind,
        backend: Backend,
        model: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        loss: Any = None,
        watched: bool | None = None,
    ) -> tuple[Ended | None, BaseException | None]:
        """Examine a call, or only read it where one like it was examined; and what it would raise."""
        __tracebackhide__ = True
        said = self._said(model)
        examiner = Examiner(backend, self.options, self._names, self._pair)
        try:
            live = backend.live(kind, model, args, kwargs, loss=loss, replace=self._replace)
        except Unseen as why:
            self.unseen(f"the data of `{said}.{kind}`", str(why))
            return None, None
        except Exception as raised:  # noqa: BLE001  # what Keras' own data handling says of such data
            return self._data_error(examiner, backend.given(kind, model, args, kwargs), said, raised), raised
        if watched is not None:
            live.watched = watched
        for ended in self._modes.meant(live, model, self._ended):
            ended.examination = examiner.as_meant(ended.examination)
        examiner.on_purpose = self._modes.on_purpose(model)
        facts = backend.describe(model, said, self._names.of)
        facts = dataclasses.replace(facts, dry=any(backend.share(model, trained) for trained in self._dry))
        self._described[model] = facts
        signature = (id(model), kind, *((leaf.name, leaf.value.ndim, str(leaf.value.dtype)) for leaf in live.leaves))
        if self._passes(model, signature[1:]):
            return None, None
        seen, same, like = self._read.get(signature, (0, None, None))
        if same is None or same() is not model:  # an id may come again after its object is gone
            seen, like = 0, None
        self._read[signature] = (seen + 1, weakref.ref(model), like)
        if like is not None:
            if seen >= MOST_READ:
                for ended in self._modes.unknown(model, self._ended):
                    ended.examination = examiner.as_meant(ended.examination)
                self.unseen(
                    f"calls of `{said}` after the first {MOST_READ}", "one like them was checked, and the rest not read"
                )
                return None, None
            known = {finding.rule for ended in self._ended for finding in ended.examination.findings}
            read = examiner.findings(examiner.reread(live, facts, like))
            if not {finding.rule for finding in read} - known:
                return None, None
        examination = examiner.examine(live, facts)
        self._read[signature] = (seen + 1, weakref.ref(model), examination.facts)
        done = Ended(examination, said, backend.peak_bytes(self.options.device), weakref.ref(model))
        self._ended.append(done)
        return done, examination.error

    def _passes(self, model: Any, signature: tuple[Any, ...]) -> bool:  # for `StandingWatch`
        """Whether such a call need not be looked at: one like it passed in an earlier block."""
        return False

    def _look_at_validation(self, backend: Backend, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Read the data that a training run would validate on; it goes where the training data went."""
        keywords = backend.validation(model, args, kwargs)
        trained = [ended for ended in self._ended if ended.model() is model]
        if keywords is None or not trained:
            return
        examiner = Examiner(backend, self.options, self._names, self._pair)
        said = self._said(model)
        try:
            live = backend.live("evaluate", model, (), keywords, replace=self._replace)
        except Unseen as why:
            self.unseen(f"the validation data of `{said}.fit`", str(why))
            return
        like = trained[-1].examination.facts
        facts = examiner.reread(live, like.model, like)
        known = {(finding.rule, finding.subject) for finding in trained[-1].examination.findings}
        found = [finding for finding in examiner.findings(facts) if (finding.rule, finding.subject) not in known]
        self.unseen(f"the forward pass of the validation data of `{said}.fit`", "it was read, and not run")
        if found:
            self._ended.append(Ended(Examination(facts, tuple(found), None, (), {}), said, None, weakref.ref(model)))

    def _data_error(self, examiner: Examiner, live: LiveCall, said: str, raised: Exception) -> Ended:
        """Read what was given, which Keras' own data handling would not take."""
        facts = dataclasses.replace(
            examiner.content(live, examiner.backend.describe(live.model, said, self._names.of)),
            error=ErrorFacts(type(raised).__name__, str(raised), None, "data"),
        )
        examination = Examination(facts, examiner.findings(facts), None, (), {}, raised)
        done = Ended(examination, said, None, weakref.ref(live.model))
        self._ended.append(done)
        return done

    def _said(self, model: Any) -> str:
        return self._names.of(model) or type(model).__name__

    def _pair(self, ids: np.ndarray | None, encoder: EncoderFacts | None) -> TokenizerFacts | None:
        found = tokenizers.pair(ids, self._calls, self._namespace, encoder)
        if found is None:
            return None
        self._tokenizer, paired = found
        return tokenizers.tokenizer_facts(self._tokenizer, self._names.of(self._tokenizer), paired)

    def _replace(self, old: Any, make_new: Callable[[], Any]) -> bool:
        return replace_in(self._namespace, old, make_new)

    def _starter(self, backend_module: str) -> Callable[[], None]:
        def start() -> None:
            from importlib import import_module

            self._stack.enter_context(import_module(backend_module).BACKEND.observe(self))

        return start

    def _note_tokenizers(self) -> None:
        self._stack.enter_context(tokenizers.noting(self._tokenized))

    def _loading(self, failing: Failing) -> LoadingFacts | None:
        try:
            return next((found for backend in loaded_backends() if (found := backend.loading(failing))), None)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self._fail("the reading of what failed to load", failure)
            return None

    def _tokenized(self, call: tokenizers.TokenizerCall) -> None:
        try:
            if call.error is None and call.output is not None:
                self._calls.append(call)
            self._seen.tokenized(call)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self._fail("the check of a tokenizer's call", failure)

    def _fail(self, what: str, failure: BaseException) -> None:
        self._failures.append(f"{what} failed in bertmagic itself: {type(failure).__name__}: {failure}")

    def _device(self) -> tuple[str, str | None] | None:
        return next((backend.device(self.options.device) for backend in loaded_backends()), None)

    def _decoder(self) -> Callable[[Sequence[int]], Sequence[str]] | None:
        if self._tokenizer is None or not self.options.text:
            return None
        convert: Callable[[Sequence[int]], Sequence[str]] = self._tokenizer.convert_ids_to_tokens
        size = len(self._tokenizer)
        return lambda ids: [convert(i) if 0 <= i < size else "?" for i in ids]  # type: ignore[arg-type,misc]

    def _captured_names(self) -> list[str]:
        sources = {id(call.output) for call in self._calls} | {id(call.tokenizer) for call in self._calls}
        return [
            name
            for name, value in self._namespace.items()
            if not name.startswith("_")
            and (
                id(value) in sources
                or tokenizers.is_tokenizer(value)
                or tokenizers.is_encoding(value)
                or backend_of(value) is not None
                or any(name == _root(tensor.said) for ended in self._ended for tensor in ended.tensors)
            )
        ]


def _origin(value: Any) -> Origin | None:
    """Where a symbolic tensor comes from, as the framework that made it tells."""
    return next((found for backend in loaded_backends() if (found := backend.origin(value)) is not None), None)


_ABSENT = object()


def _restore_attribute(model: Any, name: str, before: Any) -> None:
    if before is _ABSENT:
        model.__dict__.pop(name, None)
    else:
        model.__dict__[name] = before


def _root(said: str | None) -> str | None:
    return None if said is None else said.partition("[")[0]


def watching(*, options: Options | None = None, **settings: Any) -> Watch:
    """`with bertmagic.watching() as watch:` checks the calls of the block as `%%bertcheck` does; then `watch.report`.

    `settings`: the fields of `Options` (`run`, `device`, `rows`, `ignore`, `only`, `probes`, `text`). Names are looked
    up in the caller's variables. A `fit` inside is dry, unless `run=True` and nothing is wrong.
    """
    for name in ("ignore", "only"):
        if name in settings:
            settings[name] = frozenset(settings[name])
    frame = sys._getframe(1)
    namespace = frame.f_globals if frame.f_locals is frame.f_globals else {**frame.f_globals, **frame.f_locals}
    return Watch(namespace=namespace, options=options or Options(**settings))
