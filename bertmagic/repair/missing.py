"""Gives training the labels that it lacks: those that stand among the inputs, else the cell's own for these rows."""

from __future__ import annotations

import ast
import re

from bertmagic.repair.feeding import VERBS, inputs_of
from bertmagic.repair.labelled import KEYS
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

_LIKE = re.compile(
    r"^y(_|$)|label|target|gold|class|sentiment|tag|star|rating|score|topic|answer|truth|mood|intent|grade",
    re.IGNORECASE,
)


@repairs("labels-missing")
def take_the_labels_out_of_the_inputs(trouble: Trouble) -> Repair | None:
    """The labels stand among the inputs of a model that has no such input: they go beside them."""
    at = trouble.at
    if at is None or last_name(at.func) not in VERBS:
        return None
    whole = inputs_of(at)
    if whole is None:
        return None
    source = trouble.source
    for origin in trouble.flow.chain(whole):
        node = origin.node
        if not isinstance(node, ast.Dict):
            continue
        for place, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            if key is None or constant(key) not in KEYS:
                continue
            text = source.segment(value)
            holder = _holder(trouble, whole, node)
            if holder is None:
                return None
            removed = source.without_item(node, place)
            if isinstance(holder, ast.Call):
                inner = holder.args[0]
                if inner is node:
                    return None
                return Repair((removed, *source.wrap(inner, "(", f", {text})")))
            return Repair((removed, *_beside(trouble, at, whole, text)))
    return None


def _holder(trouble: Trouble, whole: ast.expr, node: ast.Dict) -> ast.AST | None:
    """What makes a dataset of the inputs, else the inputs themselves."""
    for origin in trouble.flow.chain(whole):
        if isinstance(origin.node, ast.Call) and last_name(origin.node.func) in ("from_tensor_slices", "from_tensors"):
            return origin.node if origin.node.args else None
    return node


def _beside(trouble: Trouble, at: ast.Call, whole: ast.expr, text: str) -> list[Edit]:
    """The labels as the second argument of a `fit` or `evaluate`."""
    if keyword_of(at, "x") is not None:
        return trouble.source.keyword(at, "y", text)
    end = trouble.source.span(whole)[1]
    return [Edit(end, end, f", {text}")]


@repairs("labels-missing")
def give_the_labels(trouble: Trouble) -> Repair | None:
    """The cell has labels for just these rows: they go beside the inputs."""
    at, call = trouble.at, trouble.call
    if call is None or at is None or last_name(at.func) not in VERBS:
        return None
    whole = inputs_of(at)
    if whole is None:
        return None
    for origin in trouble.flow.chain(whole):
        node = origin.node
        if isinstance(node, ast.Call) and last_name(node.func) in ("from_tensor_slices", "from_tensors") and node.args:
            rows = _rows(trouble, whole)
            labels = _labels(trouble, rows, node)
            first = node.args[0]
            if labels is None or isinstance(first, ast.Tuple):
                return None
            return Repair(tuple(trouble.source.wrap(first, "(", f", {labels})")))
    labels = _labels(trouble, call.rows_of, at)
    if labels is None:
        return None
    value = trouble.value(labels)
    library = trouble.module("numpy")
    if isinstance(value, (list, tuple)):
        if library is None:
            return None
        labels = f"{library}.array({labels})"
    return Repair(tuple(_beside(trouble, at, whole, labels)))


@repairs("labels-missing")
def give_the_labels_in_rows(trouble: Trouble) -> Repair | None:
    """A `Trainer`'s dataset gives rows without labels: each gets its own."""
    call, source = trouble.call, trouble.source
    if call is None or call.model.framework != "torch":
        return None
    for node in source.nodes(ast.FunctionDef):
        if not isinstance(node, ast.FunctionDef) or node.name != "__getitem__" or len(node.args.args) < 2:
            continue
        index = node.args.args[1].arg
        labels = _labels(trouble, None, node, own=_lengths(trouble))
        own = next(
            (
                each
                for each in ast.walk(source.tree)
                if isinstance(each, ast.Attribute)
                and _LIKE.search(each.attr)
                and isinstance(each.value, ast.Name)
                and each.value.id == "self"
            ),
            None,
        )
        said = f"self.{own.attr}" if own is not None else labels
        returned = [each for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
        if said is None or len(returned) != 1 or returned[0].value is None:
            return None
        held = trouble.flow.resolve(returned[0].value).node
        torch = trouble.module("torch")
        text = f"{torch}.tensor({said}[{index}])" if torch is not None else f"{said}[{index}]"
        if isinstance(held, ast.Dict):
            return Repair((source.append(held, f'"labels": {text}'),))
        if isinstance(returned[0].value, ast.Name):
            return Repair((source.before(returned[0], f'{returned[0].value.id}["labels"] = {text}'),))
        if isinstance(held, ast.DictComp):
            return Repair(tuple(source.wrap(held, "{**", f', "labels": {text}}}')))
        return None
    for node in source.nodes(ast.ListComp, ast.For):
        made = _row_of(trouble, node)
        if made is not None:
            return made
    return None


def _row_of(trouble: Trouble, node: ast.AST) -> Repair | None:
    """Rows that are made of texts one by one: the labels go along with the texts."""
    source = trouble.source
    if isinstance(node, ast.ListComp) and len(node.generators) == 1:
        target, over, element = node.generators[0].target, node.generators[0].iter, node.elt
    else:
        return None
    calls = [each for _, each in trouble.tokenizer_calls()]
    if element not in calls or not isinstance(target, ast.Name) or not isinstance(over, ast.Name):
        return None
    rows = trouble.value(over.id)
    labels = _labels(trouble, len(rows) if isinstance(rows, (list, tuple)) else None, node)
    if labels is None or not isinstance(rows, (list, tuple)):
        return None
    return Repair(
        (
            *source.wrap(element, "{**", ', "label": label}'),
            source.replace(target, f"{target.id}, label"),
            *source.wrap(over, "zip(", f", {labels})"),
        )
    )


def _lengths(trouble: Trouble) -> set[int]:
    return {each.texts.count for each in trouble.cell.tokenizer_calls if each.texts.count}


def _rows(trouble: Trouble, whole: ast.expr) -> int | None:  # noqa: ARG001
    """How many rows a dataset is made of: as many as the texts of the tokenizer's call that made them."""
    call = trouble.call
    made = None if call is None else trouble.cell.made(call)
    if made is not None:
        return made.texts.count or None
    counts = _lengths(trouble)
    return counts.pop() if len(counts) == 1 else None


def _labels(trouble: Trouble, rows: int | None, at: ast.AST, own: set[int] | None = None) -> str | None:
    """The one name of the cell that has as many numbers as there are rows, and is called as labels are."""
    found: dict[int, str] = {}
    for name, value in trouble.namespace.items():
        if name.startswith("_") or not _LIKE.search(name) or not is_known(trouble, name, at):
            continue
        try:
            length = len(value)
        except TypeError:
            continue
        if (rows is not None and length != rows) or (rows is None and length not in (own or set())):
            continue
        numbers = all(isinstance(each, (int, float)) for each in value) if isinstance(value, (list, tuple)) else (
            getattr(getattr(value, "dtype", None), "kind", None) or str(getattr(value, "dtype", ""))
        )  # fmt: skip
        if numbers is True or (
            isinstance(numbers, str) and (numbers in "iufb" or "int" in numbers or "float" in numbers)
        ):
            found.setdefault(id(value), name)
    return next(iter(found.values())) if len(found) == 1 else None
