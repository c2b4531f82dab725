"""The register of repairers: by rule, the functions that may know how to mend it, tried in order."""

from __future__ import annotations

from collections.abc import Callable

from bertmagic.repair.trouble import Repair, Trouble

# A repairer gives None where the case is not its own; it may raise `NotEditable`.
Repairer = Callable[[Trouble], "Repair | None"]

REPAIRERS: dict[str, list[Repairer]] = {}
# What mends faults that a cell which raised has not come to yet, and that would be found next.
NEXT: list[Repairer] = []


def next_in_line(repairer: Repairer) -> Repairer:
    """Register a function that mends a fault further down in a cell that raises, told by the source and the objects."""
    NEXT.append(repairer)
    return repairer


def repairs(*rules: str) -> Callable[[Repairer], Repairer]:
    """Register a function as one that may mend findings of these rules."""

    def register(repairer: Repairer) -> Repairer:
        for rule in rules:
            REPAIRERS.setdefault(rule, []).append(repairer)
        return repairer

    return register
