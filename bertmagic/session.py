"""A check from beginning to end: watches a block, has its calls looked at, and makes the report."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bertmagic.assemble import assemble
from bertmagic.backends import BACKENDS, backend_of, is_loaded, loaded_backends
from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.finding import Finding
from bertmagic.listening import Listening
from bertmagic.observe import hub, tokenizers
from bertmagic.observe.captured import Captured
from bertmagic.observe.foreign import foreign_models
from bertmagic.observe.imports import after_import
from bertmagic.observe.uses import argmaxed
from bertmagic.options import Options
from bertmagic.report import Report
from bertmagic.rules import wanted
from bertmagic.written import Written

_last: Report | None = None


def last() -> Report | None:
    """The last report of this process, or None."""
    return _last


def keep_last(report: Report | None) -> None:
    """Have `last()` give this report."""
    global _last  # noqa: PLW0603  # as in `Watch`
    _last = report


class Watch(Listening):
    """Watches a block: `with Watch(namespace=globals()) as watch: …`, then `watch.report`. Swallows no exception.

    `namespace`: where the block's names are looked up; `source`: the block's source, if known; `written`: that
    source beside what was compiled of it, from which a corrected one can be made.
    Raises `BadUse` on entering where the options cannot be met.
    """

    def __init__(
        self,
        *,
        namespace: dict[str, Any] | None = None,
        source: str | None = None,
        written: Written | None = None,
        options: Options | None = None,
    ) -> None:
        super().__init__(namespace if namespace is not None else {}, options or Options())
        self._source = source
        self._written = written
        self._looks.argmaxed = argmaxed(source)
        self._stack = contextlib.ExitStack()
        self.report: Report | None = None

    def __enter__(self) -> Watch:
        # To ask wakes a framework's devices, whose settings the block may be about to change: only where it may fail.
        for backend in loaded_backends() if self.options.device == "gpu" else ():
            backend.device(self.options.device)
        self._start = time.perf_counter()
        wanted: dict[str, Callable[[], None]] = {}
        for module, backend_module in BACKENDS.items():
            wanted[module] = self._starter(module, backend_module)
        wanted[tokenizers.MODULE] = self._note_tokenizers
        wanted[hub.MODULE] = self._note_hub
        for module, start in wanted.items():
            if module in sys.modules:
                start()
        self._stack.enter_context(after_import(wanted))
        return self

    def __exit__(self, exc_type: object, raised: BaseException | None, traceback: object) -> None:
        global _last  # noqa: PLW0603  # `bertmagic.last()` is of the process
        self._stack.close()
        self._histories.restore()
        try:
            self.report = self._assembled(raised)
        except Exception as failure:  # noqa: BLE001  # our own failure must not take the place of the block's exception
            self._looks.ended.clear()
            self.failed("the report", failure)
            self.report = self._assembled(raised)
        finally:
            self._forget()
        _last = self.report

    def _assembled(self, raised: BaseException | None) -> Report:
        try:
            self._looks.span(backend_of)
            self._looks.missed(raised)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the reading of all labels", failure)
        cell = self._cell_facts(raised)
        for name, kind in foreign_models(self._namespace):
            self.unseen(f"`{name}`", f"it is a {kind} model, and not checked")
        return assemble(
            self._looks.ended,
            self.options,
            cell=self._cell_findings(cell),
            facts=cell,
            device=self._device(),
            unseen=tuple(self._unseen),
            held=tuple(self._held),
            failures=self._failures,
            decode=self._paired.decoder() if self.options.text else None,
            raised=raised,
            seconds=time.perf_counter() - self._start,
            captured=Captured(self._namespace, self._captured_names()),
            source=self._source,
            mend=self._mend,
        )

    def _cell_facts(self, raised: BaseException | None) -> CellFacts | None:
        """The facts of the cell, where they could be gathered."""
        # A verb runs as a graph, where the lines of the user's own `call` are lost; the dry pass before it ran by line.
        ended = self._looks.ended
        dry = next((each.examination.error for each in ended if raised is not None and each.real is raised), None)
        try:
            calls = (each.examination.facts for each in ended)
            return self._seen.facts(calls, raised, self._namespace, dry)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the facts of the cell", failure)
            return None

    def _cell_findings(self, facts: CellFacts | None) -> tuple[Finding, ...]:
        """What the rules about a whole cell say of it."""
        if facts is None:
            return ()
        try:
            found = [rule.check(facts) for rule in wanted("cell", self.options.ignore, self.options.only)]
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check of the cell", failure)
            return ()
        return tuple(finding for finding in found if finding is not None)

    def _mend(
        self,
        findings: tuple[Finding, ...],
        call_of: Callable[[Finding], CallFacts | None],
        cell: CellFacts | None,
        later: Sequence[tuple[Finding, CallFacts]],
    ) -> tuple[Finding, ...]:
        """The findings with their corrected cells, where the cell's source is known."""
        if self._written is None or cell is None or not findings:
            return findings
        try:
            from bertmagic.repair import mended

            return mended(findings, call_of, cell, self._written, self._namespace, later=later, failed=self.failed)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the correction of the cell", failure)
            return findings

    def _starter(self, module: str, backend_module: str) -> Callable[[], None]:
        def start() -> None:
            from importlib import import_module

            if is_loaded(module):
                self._stack.enter_context(import_module(backend_module).BACKEND.observe(self))

        return start

    def _note_tokenizers(self) -> None:
        self._stack.enter_context(tokenizers.noting(self._tokenized))

    def _note_hub(self) -> None:
        self._stack.enter_context(hub.noting(self._tokenized_by_hub))

    def _device(self) -> tuple[str, str | None] | None:
        return next((each.device for each in self._looks.ended if each.device is not None), None)

    def _captured_names(self) -> list[str]:
        tensors = (tensor.said for each in self._looks.ended for tensor in each.tensors if tensor.said)
        known = {*self._paired.of_these(self._namespace), *(said.partition("[")[0] for said in tensors)}
        return [
            name
            for name, value in self._namespace.items()
            if not name.startswith("_") and (name in known or backend_of(value) is not None)
        ]


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
