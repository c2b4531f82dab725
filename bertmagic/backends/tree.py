"""Nested arguments as leaves with paths, and back: dicts, lists and tuples only, whatever the framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Path: TypeAlias = tuple[Any, ...]


def leaves(tree: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """The leaves of `tree` in order, each with its path of keys and indices; None is no leaf."""
    if tree is None:
        return []
    if isinstance(tree, Mapping):
        return [leaf for key in tree for leaf in leaves(tree[key], (*path, key))]
    if isinstance(tree, (list, tuple)) and not _scalars(tree):
        return [leaf for index, item in enumerate(tree) for leaf in leaves(item, (*path, index))]
    return [(path, tree)]


def rebuild(tree: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """`tree` with each leaf replaced by `change(path, leaf)`.

    A mapping that is no dict (transformers' BatchEncoding) comes back as itself with its values changed where it can
    be copied, so that the model still meets the type that it was given.
    """
    if tree is None:
        return None
    if isinstance(tree, Mapping):
        changed = {key: rebuild(tree[key], change, (*path, key)) for key in tree}
        if isinstance(tree, dict):
            return changed if type(tree) is dict else _like(tree, changed)
        return _like(tree, changed)
    if isinstance(tree, (list, tuple)) and not _scalars(tree):
        items = [rebuild(item, change, (*path, index)) for index, item in enumerate(tree)]
        if isinstance(tree, list):
            return items
        return type(tree)(*items) if hasattr(tree, "_fields") else tuple(items)
    return change(path, tree)


def _scalars(items: list[Any] | tuple[Any, ...]) -> bool:
    """Whether a list holds numbers or strings, directly or nested: an array written as a list, one leaf."""
    first = items[0] if items else None
    if isinstance(first, (list, tuple)):
        return _scalars(first)
    return isinstance(first, (bool, int, float, str, bytes))


def _like(old: Any, items: dict[Any, Any]) -> Any:
    """A mapping of the type of `old` with `items`; a plain dict where that type cannot be made from one."""
    try:
        new = type(old)(items)
        return new if list(new) == list(items) else items
    except Exception:  # noqa: BLE001  # somebody's own mapping
        return items
