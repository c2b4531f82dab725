"""Where in the user's source something was done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """The span of a call in a compiled file: lines from 1, columns in UTF-8 bytes from 0, as `ast` counts them.

    `columns`: None where Python tells the line alone (before 3.11).
    """

    filename: str
    line: int
    end_line: int
    columns: tuple[int, int] | None = None
