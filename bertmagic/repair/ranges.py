"""Mends class indices that the model has no output for, where its number of outputs is right: counted from 1, or -1."""

from __future__ import annotations

import ast

import numpy as np

from bertmagic.repair.compiling import compile_of, entry
from bertmagic.repair.labelled import given, mapped
from bertmagic.repair.losses import camel, compiled_again, loss_class, loss_of, snake
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.labels import compared_output
from bertmagic.rules.targets import IGNORED

# What takes -1 for an axis or a size, and not for a label.
_SIZES = (
    "view", "reshape", "squeeze", "unsqueeze", "expand", "argmax", "softmax", "flatten", "transpose", "expand_dims",
    "log_softmax", "mean", "sum", "concat", "concatenate", "stack", "Reshape", "take", "batch", "range", "cat", "max",
    "size", "permute", "get",
)  # fmt: skip
_AXES = ("axis", "dim", "shape", "axes", "dims", "max_length", "newshape")


@repairs("labels-out-of-range")
def look_up_without_a_place_for_the_unknown(trouble: Trouble) -> Repair | None:
    """A lookup layer of Keras gives 0 to what it does not know, and the first class 1, unless it is told otherwise."""
    values, classes = _values(trouble)
    made = list(trouble.definitions("StringLookup", "IntegerLookup"))
    told = ("num_oov_indices", "mask_token", "invert")
    if values is None or not values.size or len(made) != 1 or any(keyword_of(made[0], each) for each in told):
        return None
    if int(values.min()) < 1 or int(values.max()) != classes:
        return None
    return Repair(tuple(trouble.source.keyword(made[0], "num_oov_indices", "0")), "Count the classes from 0")


@repairs("labels-out-of-range")
def count_from_nought(trouble: Trouble) -> Repair | None:
    """The classes are as many as the outputs, and were counted from another number than 0."""
    call = trouble.call
    values, classes = _values(trouble)
    if call is None or values is None or not values.size:
        return None
    low, high = int(values.min()), int(values.max())
    if call.state is not None and call.state.label_span is not None:
        low, high = min(low, int(call.state.label_span[0])), max(high, int(call.state.label_span[1]))
    if low == 1 and high == classes:
        array = one = "{} - 1"
    elif low == 1 and high > classes:
        return None
    elif low == -1 and high == classes - 2 and classes > 2:
        array = one = "{} + 1"
    elif low == -1 and high == 1 and classes == 2 and 0 not in values:
        array = one = "({} + 1) // 2"
    elif high == classes and low > 0:
        array = one = "{} - 1"
    else:
        return None
    edits: list[Edit] = []
    for labels in given(trouble):
        edits += mapped(trouble, labels, array, one)
    return Repair(tuple(edits), "Count the classes from 0") if edits else None


@repairs("labels-out-of-range")
def tell_what_is_left_out(trouble: Trouble) -> Repair | None:  # noqa: PLR0912  # one for each way to leave out
    """A label below 0 marks what has no class: the loss is told to leave it out, or it becomes the label that is."""
    call = trouble.call
    found = trouble.finding.evidence.get("labels")
    if call is None or call.loss is None or not isinstance(found, list) or len(found) != 1 or found[0] >= 0:
        return None
    torch = call.model.framework == "torch"
    if call.loss.kind == "sparse":
        node = loss_of(trouble)
        setting = "ignore_index" if torch else "ignore_class"
        literal = _literal(trouble, found[0]) if torch and call.loss.ignored in (None, IGNORED) else None
        if literal is not None:
            return _as_ignored(trouble, literal)
        if isinstance(node, ast.Call):
            return Repair(tuple(trouble.source.keyword(node, setting, str(found[0]))))
        if torch:
            return None
        made = loss_class(trouble, camel(snake(call.loss.name)))
        if made is None:
            return None
        flags = "from_logits=True, " if call.loss.from_logits else ""
        text = f"{made}({flags}ignore_class={found[0]})"
        if node is not None:
            return Repair((trouble.source.replace(node, text),))
        line = None if compile_of(trouble) is not None or call.kind == "call" else compiled_again(trouble, text)
        at = None if trouble.at is None else entry(trouble, trouble.at)
        return None if line is None or at is None else Repair((trouble.source.before(at, line),))
    if call.loss.kind != "internal":
        return None
    if torch or call.model.type.endswith(("ForTokenClassification", "ForMaskedLM")):
        literal = _literal(trouble, found[0])
        if literal is not None:
            return _as_ignored(trouble, literal)
        edits: list[Edit] = []
        for labels in given(trouble):
            name = trouble.source.segment(labels.node)
            if labels.kind == "array" and labels.torch:
                edits += trouble.source.wrap(labels.node, "", f".masked_fill({name} < 0, {IGNORED})")
            elif labels.kind == "array" and (library := trouble.module("numpy")) is not None:
                edits += mapped(trouble, labels, f"{library}.where({name} < 0, {IGNORED}, {{}})", "")
            else:
                edits += mapped(trouble, labels, "", f"{IGNORED} if {{0}} < 0 else {{0}}")
        return Repair(tuple(edits)) if edits else None
    compiled = compile_of(trouble)
    made = loss_class(trouble, "SparseCategoricalCrossentropy")
    if compiled is None or made is None or loss_of(trouble) is not None:
        return None
    text = f"{made}(from_logits=True, ignore_class={found[0]})"
    return Repair(tuple(trouble.source.keyword(compiled, "loss", text)))


def _as_ignored(trouble: Trouble, literal: ast.expr) -> Repair:
    return Repair(
        (trouble.source.replace(literal, str(IGNORED)),), f"Mark what the loss is to leave out with {IGNORED}"
    )


def _values(trouble: Trouble) -> tuple[np.ndarray | None, int]:
    call = trouble.call
    output = None if call is None else compared_output(call)
    if call is None or output is None or not call.labels or call.labels[0].values is None:
        return None, 0
    values = call.labels[0].values
    return values[values != IGNORED], output.shape[-1]


def _literal(trouble: Trouble, value: int) -> ast.expr | None:
    """The one place where the cell writes that label down; None where it does so nowhere, or several times."""
    found = [
        node
        for node in ast.walk(trouble.source.tree)
        if isinstance(node, ast.UnaryOp) and constant(node) == value and not _is_a_size(trouble, node)
    ]
    return found[0] if len(found) == 1 else None


def _is_a_size(trouble: Trouble, node: ast.AST) -> bool:
    """Whether a number is an axis, a size or a place: of `view(-1)`, `dim=-1`, `rows[-1]`."""
    above = trouble.source.parent(node)
    while isinstance(above, (ast.Tuple, ast.List)) and len(above.elts) > 1:
        node, above = above, trouble.source.parent(above)
    if isinstance(above, ast.keyword):
        return above.arg in _AXES
    if isinstance(above, (ast.Slice, ast.Subscript, ast.Compare)):
        return not (isinstance(above, ast.Subscript) and above.slice is not node) or isinstance(above, ast.Compare)
    return isinstance(above, ast.Call) and last_name(above.func) in _SIZES
