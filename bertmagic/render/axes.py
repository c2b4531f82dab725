"""Compares two written shapes axis by axis, so that each view can mark the axes that differ."""

from __future__ import annotations

from itertools import zip_longest
from typing import TypeAlias

Pieces: TypeAlias = list[tuple[str, bool]]  # a shape's text in pieces, each with whether it is an axis that differs

_ANY = ("", "?", "*", "any", "none", "…", "...")


def marked(expected: str, actual: str) -> tuple[Pieces, Pieces]:
    """Both shapes in pieces, with the axes marked that differ.

    Named axes are matched by name, so that one missing axis does not mark all after it; the rest in order.
    An axis whose size is open on either side (`batch`, `seq=?`) differs from none; `seq<=512` is a bound. What is not
    written as a shape (`any`) differs from nothing.
    """
    left, right = _split(expected), _split(actual)
    if left is None or right is None:
        return unmarked(expected), unmarked(actual)
    pairs = _paired(left, right)
    differ_left = {i for i, j in pairs if i is not None and (j is None or not _agree(left[i], right[j]))}
    differ_right = {j for i, j in pairs if j is not None and (i is None or not _agree(left[i], right[j]))}
    return _pieces(left, differ_left), _pieces(right, differ_right)


def unmarked(shape: str) -> Pieces:
    """A shape that has no other side to differ from, in one piece."""
    axes = _split(shape)
    return [(shape, False)] if axes is None else _pieces(axes, set())


def _split(shape: str) -> list[str] | None:
    """The axes of `(batch=3, seq=8)` as written; None for a text without parentheses."""
    text = shape.strip()
    if not (text.startswith("(") and text.endswith(")")):
        return None
    return [axis.strip() for axis in text[1:-1].split(",") if axis.strip()]


def _pieces(axes: list[str], differ: set[int]) -> Pieces:
    found: Pieces = []
    plain = "("
    for index, axis in enumerate(axes):
        plain += ", " if index else ""
        if index in differ:
            found += [(plain, False), (axis, True)]
            plain = ""
        else:
            plain += axis
    return [*found, (plain + ")", False)]


def _paired(left: list[str], right: list[str]) -> list[tuple[int | None, int | None]]:
    names_left, names_right = [_name(axis) for axis in left], [_name(axis) for axis in right]
    pairs: list[tuple[int | None, int | None]] = [
        (i, names_right.index(name))
        for i, name in enumerate(names_left)
        if name and names_left.count(name) == 1 and names_right.count(name) == 1
    ]
    rest_left = [i for i in range(len(left)) if i not in {pair[0] for pair in pairs}]
    rest_right = [j for j in range(len(right)) if j not in {pair[1] for pair in pairs}]
    for i, j in zip_longest(rest_left, rest_right):
        if i is not None and j is not None and names_left[i] and names_right[j] and names_left[i] != names_right[j]:
            pairs += [(i, None), (None, j)]
        else:
            pairs.append((i, j))
    return pairs


def _name(axis: str) -> str:
    name = axis.partition("=")[0].rstrip("<>≤≥ ").strip()
    return name if name[:1].isalpha() or name[:1] == "_" else ""


def _agree(expected: str, actual: str) -> bool:
    wanted, found = _size(expected), _size(actual)
    if wanted.lower() in _ANY or found.lower() in _ANY:
        return True
    bound = wanted.lstrip("<=≤ ")
    if bound != wanted and bound.isdigit() and found.isdigit():
        return int(found) <= int(bound)
    return wanted == found


def _size(axis: str) -> str:
    """What stands after the name: `8`, `<=512`, `?`, or nothing where the axis is only named."""
    name = _name(axis)
    return axis[len(name) :].strip().removeprefix("=").strip() if name else axis
