"""The watch of `%bertwatch`: over one plain cell, never dry, and silent on what has passed before."""

from __future__ import annotations

import weakref
from typing import Any

from bertmagic import session
from bertmagic.backends.protocol import Backend
from bertmagic.options import Options
from bertmagic.report import Report


class Passed:
    """Which models passed a check, and with which inputs; it keeps no model alive."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Any, set[tuple[Any, ...]]] = weakref.WeakKeyDictionary()

    def add(self, model: Any, signature: tuple[Any, ...]) -> None:
        """Remember that calls of this kind passed."""
        self._known.setdefault(model, set()).add(signature)

    def __contains__(self, call: Any) -> bool:  # `(model, signature)`
        model, signature = call
        return signature in self._known.get(model, ())

    def __len__(self) -> int:
        return len(self._known)


class StandingWatch(session.Watch):
    """Watches one cell: `fit` is checked and then really trains. `report` is None where no model was touched."""

    def __init__(self, namespace: dict[str, Any], passed: Passed) -> None:
        super().__init__(namespace=namespace, options=Options(run=True))
        self._passed = self._looks.passed = passed

    def __exit__(self, exc_type: object, raised: BaseException | None, traceback: object) -> None:
        # Closed first: what went into graphs is told of as the watch ends.
        self._stack.close()
        touched = bool(self._looks.ended) or self._seen.anything or bool(self._failures)
        if raised is None and not touched:
            return
        before = session.last()
        super().__exit__(exc_type, raised, traceback)
        if not self.shows and not self._examined:
            session.keep_last(before)

    def leave(self) -> None:
        """Watch no more, and make no report."""
        self._stack.close()

    @property
    def shows(self) -> bool:
        """Whether there is a report with something to show."""
        return self.report is not None and any(each.severity != "advice" for each in self.report.findings)

    def fit(self, backend: Backend, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Examine the first batch of a training run, and have the real one go on whatever it says."""
        try:
            self._looks.look("fit", backend, model, args, kwargs)
            self._looks.look_at_validation(backend, model, args, kwargs)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report, never the cell's
            self.failed("the check of `fit`", failure)

    def _assembled(self, raised: BaseException | None) -> Report:
        report = super()._assembled(raised)
        self._examined = bool(self._looks.ended)
        if raised is None and not any(each.severity != "advice" for each in report.findings):
            for signature, (_, ref, like) in self._looks.read.items():
                model = ref() if ref is not None else None
                if model is not None and like is not None and not _failed(self._looks.ended, model):
                    self._passed.add(model, signature[1:])
        return report

    _examined = False


def _failed(ended: list[Any], model: Any) -> bool:
    """Whether a call of the model raised."""
    return any(each.error is not None for each in ended if each.model() is model)
