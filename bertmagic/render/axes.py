"""Compares two written shapes axis by axis, so that each view can mark the axes that differ."""

from __future__ import annotations

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

    Named axes are matched by name, so that one missing axis does not mark all after it; unnamed ones by position.
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
    unique = len(set(names_left)) == len(left) and len(set(names_right)) == len(right)
    if unique and all(names_left) and all(names_right) and set(names_left) & set(names_right):
        pairs: list[tuple[int | None, int | None]] = []
        for i, name in enumerate(names_left):
            pairs.append((i, names_right.index(name) if name in names_right else None))
        return pairs + [(None, j) for j, name in enumerate(names_right) if name not in names_left]
    length = max(len(left), len(right))
    return [(i if i < len(left) else None, i if i < len(right) else None) for i in range(length)]


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
