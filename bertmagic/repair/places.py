"""Where in the cell a thing is made, and where a line may go that must come after several others."""

from __future__ import annotations

import ast

from bertmagic.repair.source import Edit, NotEditable
from bertmagic.repair.trouble import Trouble

_MOST_STEPS = 16


def made_at(trouble: Trouble, node: ast.expr) -> tuple[ast.expr, ast.stmt] | None:
    """What a name was given, with the statement that gives it, through functions' arguments; None where not here."""
    flow, source = trouble.flow, trouble.source
    for _ in range(_MOST_STEPS):
        if not isinstance(node, ast.Name):
            return None
        bound = flow.bound(node.id, node)
        if bound is None or bound.path or bound.each:
            return None
        if isinstance(bound.value, ast.Name):
            node = bound.value
            continue
        return bound.value, source.statement(bound.by) if isinstance(bound.by, ast.stmt) else source.statement(
            bound.value
        )
    return None


def name_given(statement: ast.stmt) -> str | None:
    """The one name that an assignment gives."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None


def top_level(trouble: Trouble, node: ast.AST) -> ast.stmt:
    """The statement of the cell itself, in no function or class, that holds a node."""
    statement = trouble.source.statement(node)
    for above in (statement, *trouble.source.around(statement)):
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and isinstance(
            trouble.source.parent(above), ast.Module
        ):
            return above
    return statement


def after_last(trouble: Trouble, statements: list[ast.stmt], *lines: str) -> Edit:
    """Lines after the last of some statements, which stand in one block."""
    blocks = {trouble.source.parent(each) for each in statements}
    if len(blocks) != 1:
        raise NotEditable
    return trouble.source.after(max(statements, key=lambda each: each.lineno), *lines)
