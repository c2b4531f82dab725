"""Where the cell makes the head of its model: how many outputs it has, and what activation they go through."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.repair.compiling import argument
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Trouble

_SOFTMAX = ("softmax", "Softmax", "sigmoid", "Sigmoid", "log_softmax", "LogSoftmax")


def heads(trouble: Trouble, classes: int) -> list[ast.Call]:
    """The last layers of so many outputs that the cell makes, in the order of the text."""
    found = []
    for each in trouble.source.calls("Dense", "Linear", "LazyLinear", "EinsumDense"):
        units = units_of(trouble, each)
        if units is not None and constant(trouble.flow.resolve(units).node) == classes:
            found.append(each)
    return found


def units_of(trouble: Trouble, layer: ast.Call) -> ast.expr | None:
    """The expression of how many outputs a layer has."""
    if last_name(layer.func) == "Linear":
        return argument(trouble, layer, "out_features", 1)
    return argument(trouble, layer, "units", 0) or argument(trouble, layer, "out_features", 0)


def activation_of(trouble: Trouble, classes: int) -> ast.expr | None:
    """The last layer of so many outputs where it has no activation, else that activation."""
    found = [each for each in heads(trouble, classes) if last_name(each.func) == "Dense"]
    if not found:
        return None
    given = argument(trouble, found[-1], "activation", 1)
    if given is None or (isinstance(given, ast.Constant) and given.value in (None, "linear")):
        return found[-1]
    return given


def activations(trouble: Trouble) -> Iterator[ast.AST]:
    """What makes probabilities of a model's outputs in the cell: a layer, a function, or a keyword of a layer."""
    for each in trouble.source.calls():
        name = last_name(each.func)
        if name in _SOFTMAX:
            yield each
            continue
        given = keyword_of(each, "activation") or keyword_of(each, "classifier_activation")
        if given is not None and (constant(given.value) in _SOFTMAX or last_name(given.value) in _SOFTMAX):
            yield given


def without_activation(trouble: Trouble, node: ast.AST) -> list[Edit]:
    """The cell without that activation; none where something else depends on it."""
    source = trouble.source
    if isinstance(node, ast.keyword):
        call = source.parent(node)
        return source.without_keyword(call, node.arg or "") if isinstance(call, ast.Call) else []
    if not isinstance(node, ast.Call):
        return []
    above = source.parent(node)
    func = node.func
    name = last_name(func) or ""
    if name[:1].islower():
        inner = func.value if isinstance(func, ast.Attribute) and not _is_module(trouble, func.value) else None
        inner = inner or (node.args[0] if node.args else argument(trouble, node, "input"))
        return [] if inner is None else [source.replace(node, source.segment(inner))]
    if isinstance(above, ast.Call) and above.func is node and above.args:
        return [source.replace(above, source.segment(above.args[0]))]
    if isinstance(above, (ast.Call, ast.List, ast.Tuple)):
        items = above.args if isinstance(above, ast.Call) else above.elts
        if node in items and len(items) > 1:
            return [source.without_item(above, items.index(node))]
    if isinstance(above, ast.Call) and last_name(above.func) in ("add", "append"):
        return [source.remove(above)]
    if isinstance(above, ast.Assign) and len(above.targets) == 1:
        said = ast.unparse(above.targets[0])
        uses = [each for each in source.calls() if ast.unparse(each.func) == said and len(each.args) == 1]
        loads = [each for each in ast.walk(source.tree) if isinstance(each, ast.expr) and ast.unparse(each) == said]
        if uses and len(loads) == len(uses) + 1:
            return [source.remove(above), *(source.replace(each, source.segment(each.args[0])) for each in uses)]
    return []


def _is_module(trouble: Trouble, node: ast.expr) -> bool:
    text = ast.unparse(node).partition(".")[0]
    return type(trouble.namespace.get(text)).__name__ in ("module", "KerasLazyLoader", "LazyLoader")
