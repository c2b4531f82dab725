"""Mends labels whose shape does not fit the outputs: at the loss that compares the two, in the head, or the labels."""

from __future__ import annotations

import ast

from bertmagic.repair.classes import with_classes
from bertmagic.repair.labelled import given, mapped
from bertmagic.repair.losses import compared, computed_at, renamed
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.labels import compared_output

_HEAD = ("ForSequenceClassification", "ForTokenClassification")


@repairs("labels-shape")
def set_each_label_against_its_own(trouble: Trouble) -> Repair | None:
    """The cell's own loss broadcasts labels against outputs: the labels get the outputs' axis, or lose their own."""
    call = trouble.call
    if call is None or not call.broadcasts:
        return None
    found = call.broadcasts[0]
    column = len(found.labels_shape) > len(found.output_shape)
    after = "[:, 0]" if column else "[:, None]"
    node = _broadcast(trouble, found.output, found.labels)
    if node is None:
        return None
    return Repair(tuple(trouble.source.wrap(node, "", after)), "Give the labels the outputs' shape")


def _broadcast(trouble: Trouble, output: str | None, labels: str | None) -> ast.expr | None:
    """The labels where they meet the outputs: in a loss's call, else in the first operation on the two."""
    for each in computed_at(trouble):
        pair = compared(trouble, each)
        if pair is not None:
            return _itself(trouble, pair[1])
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for node in trouble.source.nodes(ast.BinOp, ast.Call):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            pairs.append((node.left, node.right))
        elif isinstance(node, ast.Call) and len(node.args) >= 2 and last_name(node.func) not in ("zip", "print"):
            pairs.append((node.args[0], node.args[1]))
    for one, other in pairs:
        names = (ast.unparse(one), ast.unparse(other))
        for mine, its in ((0, 1), (1, 0)):
            node = (one, other)[mine]
            said = _origins(trouble, node)
            if (labels is not None and labels in said and (output is None or output not in said)) and (
                output is None or names[its] == output or output in _origins(trouble, (one, other)[its])
                or _is_of_model(trouble, (one, other)[its])
            ):  # fmt: skip
                return _itself(trouble, node)
    if output is not None:
        # What stands against the output, where the labels have no name of their own.
        for one, other in pairs:
            if output in (ast.unparse(one), ast.unparse(other)):
                node = other if ast.unparse(one) == output else one
                if isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)):
                    return node
    return None


def _origins(trouble: Trouble, node: ast.expr) -> set[str]:
    return {ast.unparse(each.node) for each in trouble.flow.chain(node) if not each.path}


def _is_of_model(trouble: Trouble, node: ast.expr) -> bool:
    at = trouble.at
    return at is not None and any(each is at for each in ast.walk(trouble.flow.resolve(node).node))


def _itself(trouble: Trouble, node: ast.expr) -> ast.expr:  # noqa: ARG001
    """The labels without a cast around them, which keeps the shape."""
    return node


@repairs("labels-shape")
def move_the_classes(trouble: Trouble) -> Repair | None:
    """PyTorch's cross-entropy takes the classes along axis 1."""
    call = trouble.call
    output = None if call is None else compared_output(call)
    if call is None or output is None or "axis of the classes" not in trouble.finding.evidence:
        return None
    moved = ".transpose(1, 2)" if len(output.shape) == 3 else ".movedim(-1, 1)"
    for each in computed_at(trouble):
        pair = compared(trouble, each)
        if pair is not None:
            return Repair(tuple(trouble.source.wrap(pair[0], "", moved)))
    return None


@repairs("labels-shape")
def take_the_head_for_tokens(trouble: Trouble) -> Repair | None:
    """One label a token, and a head with one output a text: the head with one output a token."""
    call = trouble.call
    output = None if call is None else compared_output(call)
    if call is None or output is None or not call.labels or call.labels[0].shape[1:] != (call.sizes.get("seq"),):
        return None
    if not call.model.type.endswith(_HEAD[0]) or len(output.shape) != 2:
        return None
    for each in trouble.source.calls():
        func = each.func
        owner = (
            func.value if isinstance(func, ast.Attribute) and func.attr in ("from_pretrained", "from_config") else func
        )
        name = last_name(owner)
        if name is None or not name.endswith(_HEAD[0]):
            continue
        new = name.replace(*_HEAD)
        edits = renamed(trouble, owner, new)
        if not edits and isinstance(owner, ast.Name):
            edits = [
                trouble.source.replace(owner, new),
                trouble.source.before(trouble.source.tree.body[0], f"from transformers import {new}"),
            ]
        return Repair(tuple(edits))
    return None


@repairs("labels-shape")
def give_class_indices(trouble: Trouble) -> Repair | None:
    """One-hot rows for a model's own loss: class indices, or floats where a text may have several labels."""
    call = trouble.call
    output = None if call is None else compared_output(call)
    if call is None or call.loss is None or output is None or call.loss.kind != "internal" or not call.labels:
        return None
    labels = call.labels[0]
    if labels.shape != output.shape or labels.values is None:
        return None
    torch = call.model.framework == "torch"
    several = bool(labels.values.size) and (labels.values.sum(axis=-1) != 1).any()
    found = given(trouble)
    if not found:
        return None
    edits: list[Edit] = []
    for each in found:
        if several:
            if not torch:
                return None
            edits += mapped(trouble, each, "{}.float()", "[float(value) for value in {}]")
            continue
        inner = _indices(trouble, each.node)
        if inner is not None:
            edits.append(trouble.source.replace(each.node, inner))
            continue
        library = trouble.module("numpy")
        array = (
            "{}.argmax(dim=-1)" if each.torch else f"{library}.argmax({{}}, axis=-1)" if library else "{}.argmax(-1)"
        )
        if each.kind == "one" or (each.kind == "list" and library is None):
            edits += mapped(trouble, each, "", "{0}.index(1)")
        elif each.kind == "list":
            edits.append(trouble.source.replace(each.node, array.format(trouble.source.segment(each.node))))
        else:
            edits += mapped(trouble, each, array, "")
    return Repair(tuple(edits))


def _indices(trouble: Trouble, node: ast.expr) -> str | None:
    """What one-hot rows were made of, where that is an array of class indices."""
    if not isinstance(node, ast.Call):
        return None
    inner: ast.expr = node
    while (
        isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in ("float", "astype")
    ):
        inner = inner.func.value
    if isinstance(inner, ast.Call) and last_name(inner.func) in ("one_hot", "to_categorical") and inner.args:
        first = inner.args[0]
        value = trouble.value(first.id) if isinstance(first, ast.Name) else None
        if isinstance(first, ast.Call) or (hasattr(value, "shape") and hasattr(value, "dtype")):
            return trouble.source.segment(first)
    return None


@repairs("labels-shape")
def shape_them_alike(trouble: Trouble) -> Repair | None:
    """The labels have as many numbers as they should, and an axis of 1 too many or too few."""
    call = trouble.call
    output = None if call is None else compared_output(call)
    wanted = constant(ast.parse(str(trouble.finding.evidence.get("shapes that fit", "0")), mode="eval").body)
    if call is None or output is None or not call.labels or not isinstance(wanted, tuple) or not wanted:
        return None
    first = wanted[0] if isinstance(wanted[0], tuple) else wanted
    shape = call.labels[0].shape
    if [size for size in shape if size != 1] != [size for size in first if size != 1] or shape == first:
        return None
    for each in computed_at(trouble) if call.model.framework == "torch" else ():
        pair = compared(trouble, each)
        if pair is not None:
            if len(first) == 2 and len(shape) == 1:
                return Repair(tuple(trouble.source.wrap(pair[1], "", ".unsqueeze(1)")))
            if len(shape) > len(first):
                return Repair(tuple(trouble.source.wrap(pair[1], "", ".squeeze(-1)")))
    edits: list[Edit] = []
    for labels in given(trouble):
        if labels.kind != "array":
            return None
        if len(shape) == len(first) + 1 and shape[-1] == 1:
            edits += trouble.source.wrap(labels.node, "", "[..., 0]" if len(shape) > 2 else "[:, 0]")
        elif len(first) == len(shape) + 1 and first[-1] == 1:
            edits += trouble.source.wrap(labels.node, "", "[..., None]" if len(shape) > 1 else "[:, None]")
        else:
            edits += trouble.source.wrap(labels.node, "", f".reshape({', '.join(['-1', *map(str, first[1:])])})")
    return Repair(tuple(edits)) if edits else None


@repairs("labels-shape")
def give_each_label_an_output(trouble: Trouble) -> Repair | None:
    """A loss of numbers, and another number of outputs than labels a row: the head gets as many."""
    call = trouble.call
    output = None if call is None else compared_output(call)
    if call is None or call.loss is None or output is None or not call.labels or len(output.shape) != 2:
        return None
    shape = call.labels[0].shape
    if call.loss.kind not in ("categorical", "binary", "regression", "internal") or len(shape) > 2:
        return None
    if call.loss.kind == "internal" and output.shape[-1] != 1:
        return None
    units = shape[1] if len(shape) == 2 else 1
    if units == output.shape[-1] or units > 200:
        return None
    edits = with_classes(trouble, output.shape[-1], units)
    return Repair(tuple(edits)) if edits else None
