"""A cell's source: as the user wrote it, and as it was compiled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """A cell that was compiled. `body`: as the user wrote it; `compiled`: the Python that IPython made of it.

    `before`: how many lines of `compiled` stand before the body's first line.
    """

    body: str
    compiled: str
    filename: str
    before: int = 0
