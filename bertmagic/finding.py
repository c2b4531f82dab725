"""What a rule concludes: one root cause, its evidence and its fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "advice"]

# How grave: `raise_for_findings("warning")` raises for warnings and for all that is graver.
GRAVITY: dict[str, int] = {"advice": 0, "warning": 1, "error": 2}


@dataclass(frozen=True)
class Proof:
    """What was really run to show that a fix works, and what came out."""

    ran: str
    result: str

    @property
    def failed(self) -> bool:
        """Whether what came out shows that the fix does not work."""
        return self.result.startswith(FAILED)


FAILED = "failed"
# Of a fix that takes effect when the frameworks are imported, and so in a new kernel only.
NEEDS_RESTART = Proof("not run", "needs a kernel restart")


@dataclass(frozen=True)
class Fix:
    """A correction: `snippet` is the line or two to write; `cell` the whole corrected cell, where one is made."""

    title: str
    snippet: str
    cell: str | None = None
    proof: Proof | None = None


@dataclass(frozen=True)
class Finding:
    """One root cause. `subject` is the tensor, model or layer at fault, by the name that the user gave it."""

    rule: str
    severity: Severity
    subject: str
    title: str
    detail: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: Fix | None = None
