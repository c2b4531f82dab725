"""The layers as a tree: who called whom, from the depth of each record, and which rows a short table shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def parents(layers: Sequence[dict[str, Any]]) -> list[int]:
    """For each layer the index of its caller, the nearest before it of less depth; -1 for an outermost one."""
    found: list[int] = []
    open_calls: list[int] = []
    for index, layer in enumerate(layers):
        while open_calls and layers[open_calls[-1]]["level"] >= layer["level"]:
            open_calls.pop()
        found.append(open_calls[-1] if open_calls else -1)
        open_calls.append(index)
    return found


def depths(above: Sequence[int]) -> list[int]:
    """The number of layers above each, from `parents`."""
    found: list[int] = []
    for parent in above:
        found.append(0 if parent < 0 else found[parent] + 1)
    return found


def statuses(layers: Sequence[dict[str, Any]], above: Sequence[int]) -> list[str]:
    """Each layer's status in words; of those that failed, all but the innermost only because of one `inside`."""
    found = [layer["status"] for layer in layers]
    for index, layer in enumerate(layers):
        if layer["status"] == "failed" and above[index] >= 0 and found[above[index]] == "failed":
            found[above[index]] = "failed inside"
    return found


def listed(layers: Sequence[dict[str, Any]], deepest: int, most: int = 60) -> list[int]:
    """The indexes of the layers that a short table lists: down to `deepest`, and the whole path to each failed layer.

    With that path, what lies beside it and did not run. Goes less deep where more than `most` rows would be listed.
    """
    above = parents(layers)
    depth = depths(above)
    while deepest and sum(level <= deepest for level in depth) > most:
        deepest -= 1
    keep = {index for index, level in enumerate(depth) if level <= deepest}
    for index, layer in enumerate(layers):
        at = index if layer["status"] != "ok" else -1
        while at >= 0:
            keep.add(at)
            at = above[at]
    return sorted(keep)[: 2 * most]


def runs(layers: Sequence[dict[str, Any]], above: Sequence[int], shown: Sequence[int]) -> list[list[int]]:
    """The listed layers in runs: blocks of one caller that are alike and follow one another are one line of a table."""
    with_children = {above[index] for index in shown}
    found: list[list[int]] = []
    for index in shown:
        last = found[-1][-1] if found else -1
        alone = last < 0 or last in with_children or index in with_children
        if alone or above[last] != above[index] or _kind(layers[last]) != _kind(layers[index]):
            found.append([index])
        else:
            found[-1].append(index)
    return found


def _kind(layer: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(layer[part] for part in ("type", "inputs", "outputs", "dtype", "params", "status"))


def shared(path: str, above: str) -> int:
    """How many characters of `path` its caller's path already says: all of it, up to a separator, or none."""
    return len(above) if above and path.startswith(above) and path[len(above) : len(above) + 1] in ("/", ".") else 0


def short_name(path: str, above: str) -> str:
    """A layer's path without its caller's; the whole path where the caller's is not its beginning."""
    return path[shared(path, above) :].lstrip("/.") or path
