"""Mends what one element of a dataset is: batches, (inputs, labels), and the same rows in each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bertmagic.repair.asked import given_for, quoted
from bertmagic.repair.feeding import inputs_of, labels_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

_LAST = ("prefetch", "cache", "with_options")
_GIVES_ELEMENTS = frozenset({"from_tensor_slices", "from_tensors", "zip"})


@repairs("dataset-unbatched", "batch-axis-missing")
def batch_the_dataset(trouble: Trouble) -> Repair | None:
    """The dataset is batched where it is last made, before it is prefetched."""
    at, call = trouble.at, trouble.call
    whole = None if at is None else inputs_of(at)
    if at is None or whole is None or call is None or call.container != "Dataset":
        return None
    size, edits = _size(trouble, at)
    edits += _batched(trouble, whole, size)
    given = keyword_of(at, "validation_data")
    if given is not None and _is_unbatched(trouble, given.value):
        edits += _batched(trouble, given.value, size)
    return Repair(tuple(dict.fromkeys(edits)))


def _size(trouble: Trouble, at: ast.Call) -> tuple[str, list[Edit]]:
    """The batch's size: what `fit` is told, where it has no effect, or the cell's name for it, else 32."""
    given = keyword_of(at, "batch_size")
    if given is not None:
        return trouble.source.segment(given.value), trouble.source.without_keyword(at, "batch_size")
    for name, value in trouble.namespace.items():
        if re.search(r"batch|^bs$", name, re.IGNORECASE) and type(value) is int and 0 < value < 1025:
            return name, []
    return "32", []


def _batched(trouble: Trouble, whole: ast.expr, size: str) -> list[Edit]:
    source = trouble.source
    node = whole
    for origin in trouble.flow.chain(whole):
        if origin.path or (isinstance(origin.node, ast.Call) and origin.node is not whole):
            node = origin.node if not origin.path and isinstance(origin.node, ast.Call) else node
            break
        node = origin.node
    while isinstance(node, ast.Call) and last_name(node.func) in _LAST and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return source.wrap(node, "", f".batch({size})")


def _is_unbatched(trouble: Trouble, node: ast.expr) -> bool:
    """Whether a dataset is made without a batch anywhere on its way."""
    steps = [each.node for each in trouble.flow.chain(node)]
    made = [each for each in steps if isinstance(each, ast.Call)]
    names = {last_name(each.func) for each in made}
    return bool(names & {"from_tensor_slices", "from_generator", "map", "shuffle"}) and not names & {
        "batch",
        "padded_batch",
    }


@repairs("dataset-structure")
def put_the_inputs_together(trouble: Trouble) -> Repair | None:
    """A flat (ids, mask, labels): the inputs are one part, the labels the other, where the element is written."""
    evidence, at = trouble.finding.evidence, trouble.at
    whole = None if at is None else inputs_of(at)
    if at is None or whole is None or trouble.call is None:
        return None
    parts = evidence.get("parts")
    if not isinstance(parts, int):
        parts = 3 if "shape of the sample weights" in evidence else 0
    if parts < 3:
        return None
    edits: list[Edit] = []
    given = keyword_of(at, "validation_data")
    for each in (whole, *([given.value] if given is not None else [])):
        found = list(_elements(trouble, each, parts))
        if not found and each is whole:
            return _mapped(trouble, whole, parts)
        for element in found:
            edits += _nested(trouble, element)
    return Repair(tuple(dict.fromkeys(edits))) if edits else None


def _elements(trouble: Trouble, whole: ast.expr, parts: int) -> Iterator[ast.Tuple]:  # noqa: PLR0912  # one by way
    """The tuples that are an element of the dataset, as the cell writes them."""
    for origin in trouble.flow.chain(whole):
        node = origin.node
        if isinstance(node, ast.Tuple) and not origin.path and len(node.elts) == parts:
            yield node
            return
        if not isinstance(node, ast.Call):
            continue
        name = last_name(node.func)
        if name == "map" and node.args:
            function = node.args[0]
            body = trouble.flow.definition(function.id) if isinstance(function, ast.Name) else function
            if isinstance(body, ast.Lambda) and isinstance(body.body, ast.Tuple) and len(body.body.elts) == parts:
                yield body.body
                return
            own = trouble.flow.function(function.id) if isinstance(function, ast.Name) else None
            returned = _given_out(own, parts) if own is not None else []
            if returned:
                yield from returned
                return
        if name in _GIVES_ELEMENTS and node.args:
            inner = trouble.flow.resolve(node.args[0]).node
            if isinstance(inner, ast.Tuple) and len(inner.elts) == parts:
                yield inner
                return
        if name == "from_generator" and node.args and isinstance(node.args[0], ast.Name):
            own = trouble.flow.function(node.args[0].id)
            yield from _given_out(own, parts) if own is not None else []
            for setting in ("output_signature", "output_types", "output_shapes"):
                given = keyword_of(node, setting)
                if given is not None and isinstance(given.value, ast.Tuple):
                    yield given.value
            return
        if isinstance(node.func, ast.Name):
            for owner in trouble.source.nodes(ast.ClassDef, ast.FunctionDef):
                if getattr(owner, "name", None) == node.func.id:
                    found = [
                        each
                        for each in ast.walk(owner)
                        if isinstance(each, ast.FunctionDef)
                        and each.name in ("__getitem__", "__iter__", getattr(owner, "name", ""))
                    ]
                    for one in found:
                        yield from _given_out(one, parts)


def _given_out(function: ast.AST, parts: int) -> list[ast.Tuple]:
    return [
        each.value
        for each in ast.walk(function)
        if isinstance(each, (ast.Return, ast.Yield))
        and isinstance(each.value, ast.Tuple)
        and len(each.value.elts) == parts
    ]


def _nested(trouble: Trouble, element: ast.Tuple) -> list[Edit]:
    """The items but the last in parentheses, or in a dict where the model goes by names alone."""
    source, call = trouble.source, trouble.call
    assert call is not None
    first, last = element.elts[0], element.elts[-2]
    start, end = source.span(first)[0], source.span(last)[1]
    if _takes_tuples(trouble):
        return [Edit(start, start, "("), Edit(end, end, ")")]
    names = _names(trouble, len(element.elts) - 1)
    if names is None:
        return []
    edits = [Edit(start, start, "{")]
    for name, each in zip(names, element.elts[:-1], strict=True):
        place = source.span(each)[0]
        edits.append(Edit(place, place, f"{quoted(trouble, name)}: "))
    return [*edits, Edit(end, end, "}")]


def _takes_tuples(trouble: Trouble) -> bool:
    """Whether the model takes its inputs as a list: one made from a list of `Input`s."""
    call = trouble.call
    assert call is not None
    if call.model.framework == "keras":
        struct = getattr(trouble.model, "_inputs_struct", None)
        return isinstance(struct, (list, tuple))
    return call.model.is_of_inputs


def _names(trouble: Trouble, count: int) -> list[str] | None:
    call = trouble.call
    assert call is not None
    names = [call.model.name("input_ids"), call.model.name("attention_mask"), call.model.name("token_type_ids")]
    return names[:count] if count == 2 else None


def _mapped(trouble: Trouble, whole: ast.expr, parts: int) -> Repair | None:
    """A dataset of an earlier cell: its elements are put together before it is given."""
    call = trouble.call
    if call is None or call.container != "Dataset" or parts != 3:
        return None
    names = _names(trouble, 2)
    if names is None:
        return None
    inputs = "(ids, mask)"
    if not _takes_tuples(trouble):
        inputs = f"{{{quoted(trouble, names[0])}: ids, {quoted(trouble, names[1])}: mask}}"
    return Repair(tuple(trouble.source.wrap(whole, "", f".map(lambda ids, mask, labels: ({inputs}, labels))")))


@repairs("dataset-structure")
def take_the_labels_out(trouble: Trouble) -> Repair | None:
    """The labels are among the features: each element becomes (features, labels)."""
    held, at, call = trouble.finding.evidence.get("held"), trouble.at, trouble.call
    whole = None if at is None else inputs_of(at)
    if not isinstance(held, str) or at is None or whole is None or call is None:
        return None
    source, key = trouble.source, quoted(trouble, held)
    if call.container == "Dataset":
        taken = _literal(trouble, whole, held)
        if taken:
            return Repair(tuple(taken))
        text = f".map(lambda x: ({{key: value for key, value in x.items() if key != {key}}}, x[{key}]))"
        given = keyword_of(at, "validation_data")
        edits = source.wrap(whole, "", text)
        edits += (
            source.wrap(given.value, "", text) if given is not None and not isinstance(given.value, ast.Tuple) else []
        )
        return Repair(tuple(edits))
    loader = trouble.flow.resolve(whole).node
    made = next(
        (
            each.node
            for each in trouble.flow.chain(whole)
            if isinstance(each.node, ast.Call) and last_name(each.node.func) == "DataLoader"
        ),
        loader,
    )
    torch = trouble.module("torch")
    if call.container != "DataLoader" or not isinstance(made, ast.Call) or last_name(made.func) != "DataLoader":
        return None
    if torch is None or keyword_of(made, "collate_fn") is not None or source.scope(made) is not source.tree:
        return None
    lines = ["def split(items):", f"    batch = {torch}.utils.data.default_collate(items)",
             f"    return batch, batch.pop({key})", ""]  # fmt: skip
    return Repair((source.before(made, *lines), *source.keyword(made, "collate_fn", "split")))


def _literal(trouble: Trouble, whole: ast.expr, held: str) -> list[Edit]:
    """`from_tensor_slices({…, "labels": y})`: the item beside the dict in a tuple."""
    source = trouble.source
    for origin in trouble.flow.chain(whole):
        node = origin.node
        if isinstance(node, ast.Call) and last_name(node.func) == "from_tensor_slices" and node.args:
            inner = node.args[0]
            if not isinstance(inner, ast.Dict):
                return []
            for index, key in enumerate(inner.keys):
                if key is not None and constant(key) == held:
                    value = source.segment(inner.values[index])
                    start, end = source.span(inner)
                    return [Edit(start, start, "("), source.without_item(inner, index), Edit(end, end, f", {value})")]
    return []


@repairs("dataset-structure")
def pair_the_texts(trouble: Trouble) -> Repair | None:
    """Two texts that are taken for (inputs, labels): one part of two texts."""
    at = trouble.at
    whole = None if at is None else inputs_of(at)
    if whole is None or "shape of the second texts" not in trouble.finding.evidence:
        return None
    for origin in trouble.flow.chain(whole):
        node = origin.node
        if isinstance(node, ast.Call) and last_name(node.func) in _GIVES_ELEMENTS and node.args:
            inner = trouble.flow.resolve(node.args[0]).node
            if isinstance(inner, ast.Tuple) and len(inner.elts) == 2:
                return Repair(tuple(trouble.source.wrap(inner, "(", ",)")))
    text = ".map(lambda first, second: ((first, second),))"
    return Repair(tuple(trouble.source.wrap(whole, "", text)))


@repairs("row-count-mismatch")
def slice_alike(trouble: Trouble) -> Repair | None:
    """What has more rows than the rest is sliced as the rest are."""
    at, call = trouble.at, trouble.call
    if at is None or call is None:
        return None
    given = [(tensor, found.expression) for tensor, found in given_for(trouble)]
    labels = labels_of(trouble, at)
    if len(call.labels) == 1 and labels is not None:
        given.append((call.labels[0], labels.expression))
    sizes = [tensor.shape[0] for tensor, _ in given if tensor.shape]
    if len(set(sizes)) != 2:
        return None
    least = min(sizes)
    index = next(
        (
            text
            for tensor, node in given
            if tensor.shape[:1] == (least,) and node is not None and (text := _slice_of(trouble, node)) is not None
        ),
        None,
    )
    edits: list[Edit] = []
    for tensor, node in given:
        if tensor.shape[:1] == (least,):
            continue
        if node is None:
            return None
        if index is not None:
            edits += trouble.source.wrap(node, "", f"[{index}]")
        else:
            name = _namesake(trouble, node, least)
            if name is None:
                return None
            edits.append(trouble.source.replace(node, name))
    return Repair(tuple(dict.fromkeys(edits)), title="Give each the same rows") if edits else None


def _slice_of(trouble: Trouble, node: ast.expr) -> str | None:
    """The slice of rows by which the value was cut: of the array itself, or of the texts that were tokenized."""
    todo, seen = [node], set()
    while todo:
        one = todo.pop(0)
        for origin in trouble.flow.chain(one):
            each = origin.node
            if each in seen:
                continue
            seen.add(each)
            if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice):
                return trouble.source.segment(each.slice)
            if isinstance(each, ast.Subscript):
                todo.append(each.value)
            if isinstance(each, ast.Call):
                todo += each.args[:1]
    return None


def _namesake(trouble: Trouble, node: ast.expr, rows: int) -> str | None:
    """Another name that holds the same kind of thing with so many rows: `train_labels` for `labels`."""
    if not isinstance(node, ast.Name):
        return None
    stem = max(re.split(r"_", node.id), key=len)
    held = trouble.value(node.id)
    found = [
        name
        for name, value in trouble.namespace.items()
        if name != node.id and stem in name.split("_") and type(value) is type(held) and _length(value) == rows
    ]
    return found[0] if len(found) == 1 else None


def _length(value: object) -> int | None:
    try:
        return len(value)  # type: ignore[arg-type]
    except TypeError:
        return None
