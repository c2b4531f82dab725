"""The rows of tokens in words, for the views that have no grid: what follows one another of one kind in one piece."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from bertmagic.render.strings import clean

ROWS = 3  # rows listed
_SHOWN = 16  # tokens of a row that are written out
# What no cell of a right batch is.
WRONG = ("attended padding", "out of range")
# Kinds of cells that are counted, and not written out one by one.
_COUNTED = ("padding", "attended padding")


def rows(tokens: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The first rows as `(heading, pieces)`, each piece `(kind, text)`; those that a finding names come first."""
    return [(heading(tokens, line), _pieces(tokens, line)) for line in range(min(ROWS, len(tokens["rows"])))]


def heading(tokens: dict[str, Any], line: int) -> str:
    """`row 5`, with its label, and whether its text was cut."""
    row = tokens["rows"][line]
    labels = tokens["row_labels"]
    label = f", label {clean(labels[line], 40)}" if labels else ""
    return f"row {row}{label}{', truncated' if row in tokens['cut'] else ''}"


def left_out(tokens: dict[str, Any]) -> int:
    """How many rows of the batch are not among `rows`."""
    return int(tokens["of"]) - min(ROWS, len(tokens["rows"]))


def _pieces(tokens: dict[str, Any], line: int) -> list[tuple[str, str]]:
    ids, legend, known = tokens["ids"][line], tokens["legend"], tokens["pieces"]
    found, written = [], 0
    for kind, group in groupby(range(len(ids)), lambda place: legend[tokens["kinds"][line][place]]):
        places = list(group)
        if kind in _COUNTED:
            found.append((kind, f"{kind} ×{len(places)}"))
            continue
        shown = places[: max(0, _SHOWN - written)]
        written += len(shown)
        words = " ".join(clean(known.get(str(ids[at]), "?") if known else ids[at], 30) for at in shown)
        more = f"… {len(places) - len(shown)} more" if len(shown) < len(places) else ""
        found.append((kind, " ".join(each for each in (words, more) if each)))
    return found
