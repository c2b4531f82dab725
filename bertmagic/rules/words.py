"""Small phrases that several rules' sentences share: lists of rows, counts, sizes of numbers."""

from __future__ import annotations

from collections.abc import Sequence


def listed(items: Sequence[object], most: int = 5) -> str:
    """`1`, `1 and 2`, `1, 2 and 3`, `0, 1, 2, 3, 4 and 27 more`."""
    words = [str(item) for item in items]
    if len(words) > most + 1:
        words = [*words[:most], f"{len(words) - most} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def rows_of(rows: Sequence[int]) -> str:
    """`row 1`, `rows 1 and 2`."""
    return f"row{'s' if len(rows) > 1 else ''} {listed(rows)}"


def count(number: int, noun: str) -> str:
    """`1 padding token`, `2 padding tokens`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def sizes(shape: Sequence[int | None]) -> str:
    """A shape without its axes' names: `(?, 384)`, `(384,)`; a free axis is `?`."""
    return f"({', '.join('?' if axis is None else str(axis) for axis in shape)}{',' if len(shape) == 1 else ''})"


def is_noise(number: float) -> bool:
    """Whether a change is numerical noise: batches of other sizes differ by about 1e-6."""
    return abs(number) < 1e-5


def amount(number: float) -> str:
    """A number with two significant digits, 0 where it is numerical noise."""
    if is_noise(number):
        return "0"
    return f"{number:.2g}" if abs(number) < 100 else f"{number:.0f}"
