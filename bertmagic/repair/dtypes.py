"""Mends the dtype of labels: names that need to be indices, floats and integers in each other's place, fractions."""

from __future__ import annotations

import ast

import numpy as np

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.classes import with_classes
from bertmagic.repair.compiling import argument, compile_of
from bertmagic.repair.heads import activation_of
from bertmagic.repair.labelled import Labels, given, kind_of, mapped
from bertmagic.repair.losses import TORCH_CLASSES, compared, computed_at, loss_of, renamed
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.dialect import family
from bertmagic.rules.labels import compared_output


@repairs("labels-dtype")
def give_each_name_its_index(trouble: Trouble) -> Repair | None:
    """Labels that are strings become class indices: by the list of names that the cell has, else by their order."""
    call = trouble.call
    labels = None if call is None else _subject(trouble)
    if call is None or labels is None or labels.values is None or labels.values.dtype.kind not in "OUS":
        return None
    values = [_text(each) for each in labels.values.flat]
    edits: list[Edit] = []
    for each in given(trouble):
        if each.kind == "array" and family(labels) == "tensorflow":
            own = _of_tensor(trouble, each, values)
        else:
            own = _indexed(trouble, each, values)
        if not own:
            return None
        edits += own
    return Repair(tuple(edits)) if edits else None


def _of_tensor(trouble: Trouble, labels: Labels, values: list[object]) -> list[Edit]:
    """A tensor of TensorFlow's: of numbers as text, or of names, which are told by the list that it is made from."""
    library = trouble.module("tensorflow")
    if library is not None and all(isinstance(each, str) and each.lstrip("+-").isdigit() for each in values):
        return mapped(trouble, labels, f"{library}.strings.to_number({{}}, {library}.int32)", "")
    made = [kind_of(trouble, origin.node) for origin in trouble.flow.chain(labels.node) if not origin.path]
    lists = [each for each in made if each is not None and each.kind == "list"]
    return _indexed(trouble, lists[-1], values) if lists else []


def _indexed(trouble: Trouble, labels: Labels, values: list[object]) -> list[Edit]:
    """One expression of strings as indices."""
    source, node = trouble.source, labels.node
    # The cell itself took names in the place of their indices.
    for inner in ast.walk(node):
        if isinstance(inner, ast.Subscript) and isinstance(inner.value, ast.Name):
            held = trouble.value(inner.value.id)
            texts = list(held.values()) if isinstance(held, dict) else held
            whole = {_text(each) for each in texts} if isinstance(texts, (list, tuple)) else set()
            if whole and set(values) <= whole and all(isinstance(each, str) for each in whole):
                return [source.replace(inner, source.segment(inner.slice))]
    numeric = all(isinstance(each, str) and each.lstrip("+-").isdigit() for each in values)
    numbers = all(isinstance(each, (int, float, np.number)) for each in values)
    if numeric or numbers:
        dtype = "int64" if labels.torch else "int32"
        return mapped(trouble, labels, f'{{}}.astype("{dtype}")', "int({})")
    if not all(isinstance(each, str) for each in values):
        return []
    names = _names(trouble, values, node)
    library = trouble.module("numpy")
    if labels.kind == "array" and labels.torch:
        return []
    if names is not None:
        if labels.kind == "one" or (labels.kind == "list" and not isinstance(node, ast.ListComp)):
            return mapped(trouble, labels, "", f"{names}.index({{}})")
        if isinstance(node, ast.ListComp):
            return mapped(trouble, labels, "", f"{names}.index({{}})")
        array = f"[{names}.index(label) for label in {source.segment(node)}]"
        return [source.replace(node, f"{library}.array({array})")] if library is not None else []
    if labels.kind == "one" or library is None:
        return []
    text = source.segment(node)
    return [source.replace(node, f"{library}.unique({text}, return_inverse=True)[1]")]


def _names(trouble: Trouble, values: list[object], at: ast.AST) -> str | None:
    """The cell's own list of the classes' names."""
    wanted = set(values)
    for name, value in trouble.namespace.items():
        if name.startswith("_") or not isinstance(value, (list, tuple)) or len(value) > max(64, len(wanted)):
            continue
        if not all(isinstance(each, str) for each in value) or len(set(value)) != len(value):
            continue
        if wanted <= set(value) and is_known(trouble, name, at) and not (len(wanted) == 1 and len(value) > 16):
            return name
    return None


def _text(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value) if isinstance(value, np.str_) else value


def _subject(trouble: Trouble) -> TensorFacts | None:
    call = trouble.call
    if call is None:
        return None
    return next((each for each in call.labels if each.called == trouble.finding.subject), None)


@repairs("labels-dtype")
def give_the_dtype_that_the_loss_takes(trouble: Trouble) -> Repair | None:
    """Whole numbers of the wrong kind: floats for class indices, or integers for a loss that computes with floats."""
    call = trouble.call
    labels = None if call is None else _subject(trouble)
    if call is None or labels is None or labels.values is None or labels.values.dtype.kind not in "biuf":
        return None
    torch = call.model.framework == "torch"
    floats = labels.values.dtype.kind == "f"
    if floats and (
        not torch or not np.isfinite(labels.values).all() or (labels.values != np.trunc(labels.values)).any()
    ):
        return None
    if torch:
        return _cast(trouble, "long" if floats else "float")
    edits: list[Edit] = []
    for each in given(trouble):
        library = trouble.module("tensorflow")
        if family(labels) == "tensorflow" and library is not None:
            edits += [
                trouble.source.replace(
                    each.node, f"{library}.cast({trouble.source.segment(each.node)}, {library}.float32)"
                )
            ]
        elif each.kind == "array":
            edits += mapped(trouble, each, '{}.astype("float32")', "")
        else:
            edits += mapped(trouble, each, "", "float({})")
    return Repair(tuple(edits)) if edits else None


def _cast(trouble: Trouble, kind: str) -> Repair | None:
    """The labels as PyTorch's other dtype: where they are made with the wrong one, else where the loss takes them."""
    source = trouble.source
    wrong = ("float", "float32") if kind == "long" else ("long", "int64", "int")
    nodes: list[ast.expr] = [pair[1] for each in computed_at(trouble) if (pair := compared(trouble, each)) is not None]
    at = trouble.at
    own = keyword_of(at, "labels") if at is not None else None
    if own is not None:
        nodes.append(own.value)
    for node in nodes:
        for origin in trouble.flow.chain(node):
            made = origin.node
            if not isinstance(made, ast.Call) or origin.path:
                continue
            dtype = keyword_of(made, "dtype")
            if dtype is not None and last_name(dtype.value) in wrong and isinstance(dtype.value, ast.Attribute):
                return Repair(tuple(renamed(trouble, dtype.value, kind)))
            if isinstance(made.func, ast.Attribute) and made.func.attr in wrong and not made.args:
                return Repair((source.replace(made.func, f"{source.segment(made.func.value)}.{kind}"),))
        text = source.segment(node)
        if kind == "float" and isinstance(node, ast.Call) and last_name(node.func) == "tensor":
            return Repair(
                tuple(source.keyword(node, "dtype", f"{ast.unparse(node.func).rpartition('.')[0] or 'torch'}.float"))
            )
        return Repair(tuple(source.wrap(node, "", f".{kind}()"))) if text else None
    edits: list[Edit] = []
    for each in given(trouble):
        cast = "int" if kind == "long" else "float"
        if (
            isinstance(each.node, ast.Call)
            and each.kind == "array"
            and (dtype := keyword_of(each.node, "dtype")) is not None
        ):
            edits += renamed(trouble, dtype.value, kind) if isinstance(dtype.value, ast.Attribute) else []
        elif each.kind == "array":
            edits += source.wrap(each.node, "", f".{kind}()")
        elif isinstance(each.node, ast.Call) and last_name(each.node.func) == "float" and kind == "long":
            edits.append(source.replace(each.node.func, "int"))
        else:
            sample = _subject(trouble)
            deep = sample is not None and sample.values is not None and sample.values.ndim > 1
            edits += mapped(trouble, each, "", f"[{cast}(value) for value in {{}}]" if deep else f"{cast}({{}})")
    return Repair(tuple(edits)) if edits else None


@repairs("labels-dtype")
def train_on_numbers(trouble: Trouble) -> Repair | None:  # noqa: PLR0912  # one branch for each place that changes
    """Fractions are no classes: one output, and a loss for numbers."""
    call = trouble.call
    labels, output = None if call is None else _subject(trouble), None if call is None else compared_output(call)
    if call is None or call.loss is None or labels is None or output is None or labels.values is None:
        return None
    if labels.values.dtype.kind != "f" or not np.isfinite(labels.values).all() or len(output.shape) != 2:
        return None
    source = trouble.source
    edits = with_classes(trouble, output.shape[-1], 1)
    if not edits:
        return None
    if call.loss.kind == "internal":
        return Repair(tuple(edits), "Make the model a regression")
    node = loss_of(trouble)
    if call.model.framework == "torch":
        if not isinstance(node, ast.Call):
            return None
        own = last_name(node.func) == call.loss.name
        edits += renamed(trouble, node.func, "mse_loss" if own else TORCH_CLASSES["mse_loss"])
        for each in computed_at(trouble):
            pair = compared(trouble, each)
            if pair is None:
                return None
            if len(labels.shape) == 1:
                edits += source.wrap(pair[0], "", ".squeeze(-1)")
            if labels.dtype != "float32":
                edits += source.wrap(pair[1], "", ".float()")
        return Repair(tuple(edits), "Train on numbers with a loss for numbers")
    if node is None:
        return None
    edits.append(source.replace(node, '"mse"'))
    activation = activation_of(trouble, output.shape[-1])
    if activation is not None and not isinstance(activation, ast.Call):
        edits.append(source.replace(activation, "None"))
    compiled = compile_of(trouble)
    metrics = None if compiled is None else argument(trouble, compiled, "metrics", 2)
    for part in ast.walk(metrics) if metrics is not None else ():
        named = isinstance(part, ast.Constant) and part.value in ("accuracy", "acc", "sparse_categorical_accuracy")
        if named or (isinstance(part, ast.Call) and last_name(part.func) in ("SparseCategoricalAccuracy", "Accuracy")):
            edits.append(source.replace(part, '"mae"'))
    return Repair(tuple(edits), "Train on numbers with a loss for numbers")
