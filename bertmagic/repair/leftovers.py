"""Takes out of a cell the assignments that only served what an edit has taken out."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from bertmagic.repair.places import name_given
from bertmagic.repair.source import Edit, NotEditable
from bertmagic.repair.trouble import Trouble


def without_leftovers(trouble: Trouble, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits, and without each assignment of the cell whose name stood in what they replace only, and so on."""
    source, all_edits = trouble.source, list(edits)
    gone = [(edit.start, edit.end) for edit in edits if edit.start != edit.end]
    written = " ".join(edit.text for edit in edits)
    names = {name for start, end in gone for name in _names(source.text(start, end))}
    while names:
        name = names.pop()
        uses = [node for node in ast.walk(source.tree) if isinstance(node, ast.Name) and node.id == name]
        stores = [node for node in uses if isinstance(node.ctx, ast.Store)]
        reads = [node for node in uses if not isinstance(node.ctx, ast.Store)]
        if len(stores) != 1 or name in _names(written) or not all(_within(trouble, each, gone) for each in reads):
            continue
        statement = source.statement(stores[0])
        if name_given(statement) != name:
            continue
        try:
            edit = source.remove(statement)
        except NotEditable:
            continue
        if any(edit.start < end and start < edit.end for start, end in gone):
            continue
        all_edits.append(edit)
        gone.append((edit.start, edit.end))
        value = getattr(statement, "value", None)
        names |= {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} if value is not None else set()
    return tuple(all_edits)


def _within(trouble: Trouble, node: ast.AST, spans: list[tuple[tuple[int, int], tuple[int, int]]]) -> bool:
    start, end = trouble.source.span(node)
    return any(first <= start and end <= last for first, last in spans)


def _names(text: str) -> set[str]:
    """The words of a text that may be names."""
    found = "".join(each if each.isidentifier() or each.isdigit() else " " for each in text)
    return {each for each in found.split() if each.isidentifier()}
