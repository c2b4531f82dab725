"""Builds the facts of labels that are compared with outputs: `compared("sparse", [0, 1, 1], (3, 2))`."""

from __future__ import annotations

from typing import Any

from facts_builder import batch, call, computed, model

from bertmagic.facts.call import CallFacts

FULL = batch([6, 6, 6])


def labelled(labels: Any, outputs: Any, loss: Any, error: str | None = None, rows: int = 4, **more: Any) -> CallFacts:
    return call(batch([6] * rows), labels=labels, outputs=outputs, loss=loss, error=error, **more)


def compared(kind: Any, labels: Any, outputs: tuple[int, ...], error: str | None = None, **changes: Any) -> CallFacts:
    return computed(call(FULL, labels=labels, outputs=outputs, loss=kind, error=error), **changes)


def internal(kind: str, labels: Any, outputs: tuple[int, ...]) -> CallFacts:
    return computed(call(FULL, of=model(type=f"TFBert{kind}"), labels=labels, outputs=outputs, loss="internal"))
