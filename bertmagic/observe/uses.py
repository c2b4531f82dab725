"""What a cell's own code does with a model's predictions, as far as its source says so without being run."""

from __future__ import annotations

import ast
from collections.abc import Mapping

# Calls of a model that give its outputs as an array or a tensor.
_PREDICTS = ("predict", "predict_on_batch", "__call__")
# The last axis of outputs (batch, classes), as it is written.
_LAST = (-1, 1)


def argmaxed(source: str | None) -> frozenset[str]:
    """The names whose predictions' argmax along the last axis the code takes: what it reads as classes.

    `clf.predict(x).argmax(-1)`, `np.argmax(clf(x), axis=1)`, and the same of a name that is assigned once.
    """
    try:
        tree = ast.parse(source or "")
    except (SyntaxError, ValueError):
        return frozenset()
    assigned: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned.setdefault(node.id, []).append(None)
    # Each assignment is met twice: as such, and as the name that it stores.
    once = {name: values[0] for name, values in assigned.items() if len(values) == 2 and values[0] is not None}
    found = (_of(operand, once) for node in ast.walk(tree) if (operand := _operand(node)) is not None)
    # A name that is given anew may stand for another model.
    return frozenset(name for name in found if name is not None and len(assigned.get(name, ())) <= 2)


def _operand(node: ast.AST) -> ast.expr | None:
    """What a call takes the argmax of along its last axis; None where it is another call, or another axis."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "argmax":
        return None
    library = isinstance(node.func.value, ast.Name) and node.func.value.id in (
        "np",
        "numpy",
        "ops",
        "tf",
        "jnp",
        "torch",
    )
    library |= isinstance(node.func.value, ast.Attribute) and ast.unparse(node.func.value) in ("keras.ops", "tf.math")
    rest = node.args[1:] if library else node.args
    axis = next((each.value for each in node.keywords if each.arg in ("axis", "dim")), rest[0] if rest else None)
    try:
        last = axis is not None and ast.literal_eval(axis) in _LAST
    except ValueError:
        return None
    if not last:
        return None
    return (node.args[0] if node.args else None) if library else node.func.value


def _of(operand: ast.expr, once: Mapping[str, ast.expr | None]) -> str | None:
    """The name whose prediction an expression is."""
    if isinstance(operand, ast.Name) and once.get(operand.id) is not None:
        known = once[operand.id]
        return None if known is None or isinstance(known, ast.Name) else _of(known, {})
    if not isinstance(operand, ast.Call):
        return None
    if isinstance(operand.func, ast.Name):
        return operand.func.id
    if isinstance(operand.func, ast.Attribute) and operand.func.attr in _PREDICTS:
        return ast.unparse(operand.func.value)
    return None
