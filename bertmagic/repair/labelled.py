"""Where the cell gives its labels, and what they are there: an array, a list, or one label of a row."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bertmagic.repair.feeding import labels_of
from bertmagic.repair.losses import compared, computed_at
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Trouble

_ARRAYS = (
    "array", "asarray", "tensor", "as_tensor", "constant", "convert_to_tensor", "stack", "zeros", "ones", "full",
    "astype", "cast", "where", "one_hot", "to_categorical", "reshape", "long", "float", "int", "to", "expand_dims",
    "LongTensor", "FloatTensor", "arange", "randint", "clone", "view", "unsqueeze", "from_numpy",
)  # fmt: skip
KEYS = ("label", "labels", "label_ids", "target", "targets")


@dataclass(frozen=True)
class Labels:
    """An expression of the labels, and what it is. `torch`: it is a tensor of PyTorch's."""

    node: ast.expr
    kind: Literal["array", "list", "one"]
    torch: bool = False


def given(trouble: Trouble) -> list[Labels]:
    """The labels as the cell gives them, nearest to where they are made: to `fit`, to the model, to the loss."""
    found: list[Labels] = []
    at = trouble.at
    nodes: list[ast.expr] = []
    fed = labels_of(trouble, at) if at is not None else None
    if fed is not None and fed.expression is not None:
        nodes.append(fed.expression)
    if not nodes or (at is not None and keyword_of(at, "labels") is None):
        for each in computed_at(trouble):
            pair = compared(trouble, each)
            if pair is not None:
                nodes.append(pair[1])
    nodes += _validation(at)
    for node in nodes:
        best = _best(trouble, node)
        if best is not None and best not in found:
            found.append(best)
    if not found:
        found = list(_by_key(trouble))
    return found


def _validation(at: ast.Call | None) -> list[ast.expr]:
    """The labels of the data that a training is validated with."""
    data = None if at is None else keyword_of(at, "validation_data")
    pair = data.value if data is not None else None
    return [pair.elts[1]] if isinstance(pair, ast.Tuple) and len(pair.elts) > 1 else []


def _best(trouble: Trouble, node: ast.expr) -> Labels | None:
    """The expression nearest to where the labels are made that is known to be an array or a list."""
    best: Labels | None = None
    own = trouble.source.scope(node)
    for origin in trouble.flow.chain(node):
        if origin.path:
            break
        found = kind_of(trouble, origin.node)
        if found is not None and (best is None or not isinstance(origin.node, ast.Name)):
            best = found
        elif best is None and trouble.source.scope(origin.node) is own and _is_tensor(trouble):
            best = Labels(origin.node, "array", _is_torch(trouble))
    return best


def _is_torch(trouble: Trouble) -> bool:
    return trouble.call is not None and trouble.call.model.framework == "torch"


def _is_tensor(trouble: Trouble) -> bool:
    """Whether the labels that were seen are a tensor or array, and no list."""
    return bool(
        trouble.call is not None
        and trouble.call.labels
        and not trouble.call.labels[0].kind.startswith(("list", "tuple"))
    )


def kind_of(trouble: Trouble, node: ast.expr) -> Labels | None:
    """What an expression is, where that can be told."""
    if isinstance(node, (ast.List, ast.ListComp)):
        return Labels(node, "list")
    if isinstance(node, ast.Call):
        name = last_name(node.func)
        if name == "list":
            return Labels(node, "list")
        torch = "torch" in ast.unparse(node.func) or (_is_torch(trouble) and name in ("long", "float", "to", "view"))
        return Labels(node, "array", torch) if name in _ARRAYS else None
    if isinstance(node, ast.Name) and trouble.source.scope(node) is trouble.source.tree:
        return _of_value(node, trouble.value(node.id))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Slice):
        return _of_value(node, trouble.value(node.value.id))
    return None


def _of_value(node: ast.expr, value: object) -> Labels | None:
    if isinstance(value, (list, tuple)):
        return Labels(node, "list")
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return Labels(node, "array", type(value).__module__.partition(".")[0] == "torch")
    return None


def _by_key(trouble: Trouble) -> Iterator[Labels]:
    """The labels of single rows, by the key that they are put under: `row["label"] = star`, `{"labels": tags}`."""
    for node in ast.walk(trouble.source.tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            if constant(node.targets[0].slice) in KEYS:
                yield _row(trouble, node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and constant(key) in KEYS:
                    yield _row(trouble, value)
        elif isinstance(node, ast.Call) and last_name(node.func) in ("dict", "from_dict"):
            for each in node.keywords:
                if each.arg in KEYS:
                    yield _row(trouble, each.value)


def _row(trouble: Trouble, node: ast.expr) -> Labels:
    found = _best(trouble, node)
    seen = kind_of(trouble, node)
    if seen is not None and trouble.source.scope(node) is trouble.source.tree:
        return found or seen
    if seen is not None and isinstance(node, ast.Call):
        return seen
    return Labels(node, "one")


def mapped(trouble: Trouble, labels: Labels, array: str, one: str) -> list[Edit]:
    """The labels with something done to each: `array`, `one`: what is written, `{}` in the place of the labels."""
    source, node = trouble.source, labels.node
    text = source.segment(node)
    plain = isinstance(node, (ast.Name, ast.Call, ast.Subscript, ast.Attribute, ast.List, ast.ListComp, ast.Constant))
    if labels.kind == "list":
        if isinstance(node, ast.ListComp):
            return _edit(trouble, node.elt, one)
        name = next(each for each in ("label", "value", "each_label") if each not in trouble.namespace)
        return [source.replace(node, f"[{one.format(name)} for {name} in {text}]")]
    written = (array if labels.kind == "array" else one).format(text if plain else f"({text})")
    above = source.parent(node)
    binds = isinstance(above, (ast.BinOp, ast.Compare, ast.UnaryOp)) or (
        isinstance(above, (ast.Attribute, ast.Subscript)) and getattr(above, "value", None) is node
    )
    if binds and written[-1:] not in ")]":
        written = f"({written})"
    return [source.replace(node, written)]


def _edit(trouble: Trouble, node: ast.expr, one: str) -> list[Edit]:
    text = trouble.source.segment(node)
    plain = isinstance(node, (ast.Name, ast.Call, ast.Subscript, ast.Attribute, ast.Constant))
    return [trouble.source.replace(node, one.format(text if plain else f"({text})"))]
