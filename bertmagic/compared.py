"""A loss that the cell's own code computes of a call's output: its labels put to the call's facts and findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertmagic.assemble import Ended
from bertmagic.backends import backend_of
from bertmagic.backends.comparison import Comparison
from bertmagic.backends.leaves import kind_of
from bertmagic.backends.protocol import Backend
from bertmagic.examine import Examiner
from bertmagic.facts.call import BroadcastFacts, CallFacts, ErrorFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding
from bertmagic.followed import Handle, Handles
from bertmagic.observe.names import Names

# What such a loss can show. The number of a call's rows says nothing of it: its output may be folded on the way.
_OF_LABELS = frozenset(
    {
        "labels-dtype",
        "labels-not-aligned",
        "labels-out-of-range",
        "labels-shape",
        "logits-flag-mismatch",
        "loss-mismatch",
        "mlm-labels-unmasked",
        "regression-head-for-classes",
        "sequence-output-unpooled",
    }
)
# Losses of one cell that are read before the rest are not.
_MOST = 400


@dataclass(frozen=True)
class Told:
    """What a listener has of its block: its calls, names, and what examines them."""

    handles: Handles
    ended: Sequence[Ended]
    names: Names
    examiner: Callable[[Backend], Examiner]
    failed: Callable[[str, BaseException], None]

    def compare(
        self, handle: Handle, comparison: Comparison, output: str
    ) -> Callable[[float | None, BaseException | None], None]:
        """Have the rules look at the call with these labels, before the loss and again when it has run."""
        try:
            known = self._known(handle, comparison, output)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check of a loss", failure)
            known = None

        def ended(value: float | None, raised: BaseException | None) -> None:
            if known is None:
                return
            try:
                done, facts, examiner = known
                error = None
                if isinstance(raised, Exception):
                    error = ErrorFacts(type(raised).__name__, str(raised), None, "loss")
                    done.raised, done.real = f"{type(raised).__name__}: {raised}", raised
                loss = facts.loss
                if loss is not None and value is not None:
                    loss = dataclasses.replace(loss, value=value)
                self._put(done, dataclasses.replace(facts, loss=loss, error=facts.error or error), examiner)
            except Exception as failure:  # noqa: BLE001  # as above
                self.failed("the check of a loss", failure)

        return ended

    def _known(self, handle: Handle, comparison: Comparison, output: str) -> tuple[Ended, CallFacts, Examiner] | None:
        done = self.handles.of(handle, self.ended)
        model = None if done is None else done.model()
        backend = None if model is None else backend_of(model)
        if done is None or backend is None or done.examination.facts.error is not None:
            return None
        before = done.examination.facts
        if comparison.values is None:
            labels, outputs = comparison.labels, fitting(before.outputs, comparison.output)
            if outputs is None:
                return None
        else:
            values, labels = unflattened(comparison)
            shown = self._said(comparison.output)
            outputs = (TensorFacts(output, values.shape, str(values.dtype), values, said=shown),)
        said = self._said(comparison.target)
        facts = dataclasses.replace(
            before,
            outputs=outputs,
            labels=(
                TensorFacts(
                    "labels", labels.shape, str(labels.dtype), labels, said=said, kind=kind_of(comparison.target)
                ),
            ),
            # On a GPU a loss is not waited for: that it compares is known before it has run.
            loss=dataclasses.replace(comparison.facts, value=float("nan")),
            rows_run=before.rows_run if comparison.values is None else (),
            broadcasts=(*before.broadcasts, *self._broadcast(comparison)),
        )
        examiner = self.examiner(backend)
        self._put(done, facts, examiner)
        return done, facts, examiner

    def _broadcast(self, comparison: Comparison) -> Iterator[BroadcastFacts]:
        """A loss that sets one number a row against one label a row of another rank: each against all."""
        if comparison.facts.kind != "regression" or comparison.facts.aligns:
            return
        shapes = tuple(map(tuple, (comparison.output.shape, comparison.target.shape)))
        rows = max(map(max, shapes)) if all(shapes) else 0
        if rows > 1 and sorted(shapes, key=len) == [(rows,), (rows, 1)]:
            output, labels = self._said(comparison.output), self._said(comparison.target)
            yield BroadcastFacts(output, shapes[0], labels, shapes[1], "difference")

    def _said(self, target: Any) -> str | None:
        return self.names.of(target) or self.names.of(getattr(target, "_base", None))

    @staticmethod
    def _put(done: Ended, facts: CallFacts, examiner: Examiner) -> None:
        shown = _OF_LABELS if facts.error is None else _OF_LABELS | {"row-count-mismatch"}
        found = [each for each in examiner.findings(facts) if each.rule in shown]
        before = done.examination
        kept: list[Finding] = [each for each in before.findings if each.rule not in {new.rule for new in found}]
        first = before.facts.loss is None or before.facts.loss == facts.loss
        # The first loss of a call is the one that its tables show, and a later one where it is at fault.
        now = facts if first or found or facts.error is not None else before.facts
        now = dataclasses.replace(now, rows_run=before.facts.rows_run)
        done.examination = before.told(now, (*kept, *found))


def fitting(outputs: Sequence[TensorFacts], tensor: Any) -> tuple[TensorFacts] | None:
    """The one output of a call that a graph's tensor has the shape of, where its free axes may be of any size."""
    free = [None if size is None else int(size) for size in tensor.shape]
    fits = [
        each
        for each in outputs
        if len(each.shape) == len(free) and all(a in (None, b) for a, b in zip(free, each.shape, strict=True))
    ]
    return (fits[0],) if len(fits) == 1 else None


def unflattened(comparison: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """The compared values and labels, (batch, seq, classes) and (batch, seq) where both were flattened to one axis."""
    values, labels = comparison.values, comparison.labels
    assert values is not None
    base = getattr(comparison.output, "_base", None)
    shape = tuple(getattr(base, "shape", ()))
    if values.ndim == 1 and values.shape == labels.shape:
        return values[:, None], labels[:, None]  # one output and one label a row
    flat = values.ndim == 2 and labels.ndim == 1 and len(shape) == 3 and len(values) == len(labels)
    if flat and shape[-1] == values.shape[-1] and shape[0] * shape[1] == len(values):
        return values.reshape(shape), labels.reshape(shape[:2])
    return values, labels
