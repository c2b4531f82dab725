"""Compares two written shapes axis by axis, so that each view can mark the axes that differ."""

from __future__ import annotations

from itertools import zip_longest
from typing import TypeAlias

Axes: TypeAlias = list[tuple[str, bool]]  # each axis as it is written, and whether it differs from the other side's

_ANY = ("", "?", "*", "any", "none", "…", "...")


def split(shape: str) -> list[str]:
    """The axes of `(batch=3, seq=8)` as written; an unparenthesised text is one axis."""
    text = shape.strip()
    if not (text.startswith("(") and text.endswith(")")):
        return [text] if text else []
    return [axis.strip() for axis in text[1:-1].split(",") if axis.strip()]


def marked(expected: str, actual: str) -> tuple[Axes, Axes]:
    """The axes of both shapes with those marked that differ.

    Named axes are matched by name, so that one missing axis does not mark all after it; the rest in order.
    An axis whose size is open on either side (`batch`, `seq=?`) differs from none; `seq<=512` is a bound.
    """
    left, right = split(expected), split(actual)
    pairs = _paired(left, right)
    differ_left = {i for i, j in pairs if i is not None and (j is None or not _agree(left[i], right[j]))}
    differ_right = {j for i, j in pairs if j is not None and (i is None or not _agree(left[i], right[j]))}
    return (
        [(axis, index in differ_left) for index, axis in enumerate(left)],
        [(axis, index in differ_right) for index, axis in enumerate(right)],
    )


def unmarked(shape: str) -> Axes:
    """The axes of a shape that has no other side to differ from."""
    return [(axis, False) for axis in split(shape)]


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
