"""Mends the batch axis: adds it where it is missing, removes one too many, and turns what lies along the wrong one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.asked import calls_of_tokenizers, given_for, takes_texts
from bertmagic.repair.feeding import fed, inputs_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

_MAKERS = frozenset({"constant", "array", "asarray", "tensor", "convert_to_tensor", "as_tensor", "LongTensor"})
_TAKES_OFF = frozenset({"squeeze", "flatten", "ravel"})


def _of_each(trouble: Trouble, node: ast.expr, rank: int) -> ast.expr | None:
    """What makes each item of `{name: … for name in …}`, where all inputs are of that rank."""
    alike = trouble.call is not None and all(len(each.shape) == rank for each in trouble.call.inputs)
    return node.value if isinstance(node, ast.DictComp) and alike else None


def _tensors(trouble: Trouble, rank: int) -> Iterator[tuple[TensorFacts, ast.expr | None, ast.expr]]:
    """The inputs of that rank, with the expression that gives each, and where its way ends."""
    call = trouble.call
    if call is None:
        return
    found = False
    for tensor, given in given_for(trouble):
        if tensor.role is not None and len(tensor.shape) == rank:
            found = True
            yield tensor, given.expression or _of_each(trouble, given.origin.node, rank), given.origin.node
    for encoder_call in call.encoder_calls if not found else ():
        at = trouble.encoder_at(encoder_call)
        for role, tensor in encoder_call.given.items() if at is not None else ():
            given_there = fed(trouble, at, encoder_call.encoder.name(role))  # type: ignore[arg-type]
            if given_there is not None and len(tensor.shape) == rank:
                yield tensor, given_there.expression, given_there.origin.node


@repairs("batch-axis-missing")
def turn_the_axes(trouble: Trouble) -> Repair | None:
    """The texts lie along the wrong axis: the reshape, transposition or new axis that does it is turned."""
    expected, shape = trouble.finding.evidence.get("expected"), trouble.finding.evidence.get("shape")
    if isinstance(expected, str) or not isinstance(expected, (list, tuple)) or not isinstance(shape, (list, tuple)):
        return None
    edits: list[Edit] = []
    for _, node, _ in _tensors(trouble, 2):
        more = next((found for one in _way(trouble, node) if (found := _turned(trouble, one))), None) if node else None
        if more is None and node is not None:
            more = trouble.source.wrap(node, "", ".reshape(1, -1)" if expected[0] == 1 else ".T")
            if _is_tensorflow(trouble):
                return None
        edits += more or []
    return Repair(tuple(dict.fromkeys(edits))) if edits else None


def _is_tensorflow(trouble: Trouble) -> bool:
    return any(each.kind.startswith(("tf", "tensorflow")) for each in (trouble.call.inputs if trouble.call else ()))


def _turned(trouble: Trouble, node: ast.expr) -> list[Edit]:
    source = trouble.source
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        return [source.replace(node, source.segment(node.value))]
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        first, second = node.slice.elts
        if isinstance(first, ast.Slice) and _is_new_axis(second):
            return [source.replace(first, source.segment(second)), source.replace(second, source.segment(first))]
    if not isinstance(node, ast.Call):
        return []
    name = last_name(node.func)
    if name in ("reshape", "view"):
        given = node.args[-2:] if len(node.args) >= 2 and constant(node.args[-1]) == 1 else None
        if given is not None and constant(given[0]) == -1:
            return [source.replace(given[0], "1"), source.replace(given[1], "-1")]
        shape = next((each for each in node.args if constant(each) in ((-1, 1), [-1, 1])), None)
        if shape is not None:
            text = source.segment(shape)
            return [source.replace(shape, f"{text[:1]}1, -1{text[-1:]}")]
    if name in ("expand_dims", "unsqueeze"):
        axis = keyword_of(node, "axis") or keyword_of(node, "dim")
        value = axis.value if axis is not None else node.args[-1] if node.args else None
        return [source.replace(value, "0")] if value is not None and constant(value) in (1, -1) else []
    if name == "stack":
        axis = keyword_of(node, "axis") or keyword_of(node, "dim")
        return (
            source.keyword(node, axis.arg, "0") if axis is not None and constant(axis.value) == 1 and axis.arg else []
        )
    if name in ("transpose", "t"):
        inner = node.args[0] if node.args and constant(node.args[0]) is None else None
        if inner is None and isinstance(node.func, ast.Attribute):
            inner = node.func.value
        return [source.replace(node, source.segment(inner))] if inner is not None else []
    return []


def _is_new_axis(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or (
        isinstance(node, ast.Attribute) and node.attr == "newaxis"
    )


def _way(trouble: Trouble, node: ast.expr) -> Iterator[ast.expr]:
    """The expressions on the way back, into what casts and reshapes are given, up to the tokenizer's call."""

    def into(node: ast.expr) -> list[ast.expr]:
        if isinstance(node, ast.Subscript):
            return [] if isinstance(constant(node.slice), str) else [node.value]
        if isinstance(node, ast.Attribute):
            return [node.value] if node.attr == "T" else []
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            return [node.elt]
        if isinstance(node, ast.DictComp):
            return [node.value, *(each.iter for each in node.generators)]
        if not isinstance(node, ast.Call) or node in calls_of_tokenizers(trouble):
            return []
        if isinstance(node.func, ast.Attribute) and not trouble.is_module(node.func.value):
            return [node.func.value]
        return node.args[:1]

    return trouble.flow.made_of(node, into)


@repairs("batch-axis-missing")
def one_text_is_a_batch(trouble: Trouble) -> Repair | None:
    """One text without its batch axis: what takes the axis off is left out, else the text is given as a list of one."""
    if not isinstance(trouble.finding.evidence.get("expected"), str) or trouble.call is None:
        return None
    if trouble.call.container == "Dataset":
        return None
    edits: list[Edit] = []
    for tensor, node, end in _tensors(trouble, 1):
        more = _taken_off(trouble, node) if node is not None else []
        more = more or _as_list(trouble, end, node) or (_with_axis(trouble, node, tensor) if node is not None else [])
        if not more:
            return None
        edits += more
    if not edits:
        at = trouble.at
        whole = inputs_of(at) if at is not None else None
        edits = _as_list(trouble, trouble.flow.resolve(whole).node, whole) if whole is not None else []
    return Repair(tuple(dict.fromkeys(edits))) if edits else None


def _taken_off(trouble: Trouble, node: ast.expr) -> list[Edit]:
    """`enc["input_ids"][0]`, `.squeeze()`: without that."""
    source = trouble.source
    for one in _way(trouble, node):
        if isinstance(one, ast.Subscript) and constant(one.slice) == 0 and isinstance(one.value, ast.Subscript):
            return [source.replace(one, source.segment(one.value))]
        if isinstance(one, ast.Subscript) and constant(one.slice) == 0 and isinstance(one.value, ast.Attribute):
            return [source.replace(one, source.segment(one.value))]
        if isinstance(one, ast.Call) and last_name(one.func) in _TAKES_OFF:
            module = isinstance(one.func, ast.Attribute) and trouble.module_named(ast.unparse(one.func.value))
            inner = one.args[0] if module and one.args else getattr(one.func, "value", None)
            if isinstance(inner, ast.expr):
                return [source.replace(one, source.segment(inner))]
    return []


def _as_list(trouble: Trouble, end: ast.expr, node: ast.expr | None) -> list[Edit]:
    """The tokenizer's text in a list."""
    for one in [end, *(list(_way(trouble, node)) if node is not None else [])]:
        if isinstance(one, ast.Call) and one in calls_of_tokenizers(trouble):
            facts = [each for each, found in trouble.tokenizer_calls() if found is one]
            texts = takes_texts(one)
            single = facts and all(each.texts.shape == "text" for each in facts)
            if texts is None or not single or last_name(one.func) in ("encode", "encode_plus", "pad"):
                return []
            if len(one.args) > 1 or keyword_of(one, "text_pair") is not None:
                return []
            return trouble.source.wrap(texts, "[", "]")
    return []


def _with_axis(trouble: Trouble, node: ast.expr, tensor: TensorFacts) -> list[Edit]:
    source = trouble.source
    for one in _way(trouble, node):
        if (
            isinstance(one, ast.Call)
            and last_name(one.func) in _MAKERS
            and one.args
            and one not in calls_of_tokenizers(trouble)
        ):
            return source.wrap(one.args[0], "[", "]")
    if tensor.kind.startswith("torch"):
        return source.wrap(node, "", ".unsqueeze(0)")
    return (
        source.wrap(node, "", "[None, :]")
        if not tensor.kind.startswith(("list", "tuple"))
        else source.wrap(node, "[", "]")
    )


@repairs("batch-axis-extra")
def leave_the_axis_out(trouble: Trouble) -> Repair | None:
    """What adds the axis is left out; where nothing in the cell's expressions does, the axis is taken off where fed."""
    edits: list[Edit] = []
    for tensor, node, _ in _tensors(trouble, 3):
        if node is None:
            return _items_of_any_dataset(trouble)
        more = next((found for one in _way(trouble, node) if (found := _not_added(trouble, one))), [])
        more = more or _off(trouble, node, tensor)
        if not more:
            return _items_of_any_dataset(trouble)
        edits += more
    return Repair(tuple(dict.fromkeys(edits))) if edits else _items_of_any_dataset(trouble)


def _not_added(trouble: Trouble, node: ast.expr) -> list[Edit]:
    """`x[None]`, `expand_dims(x, 0)`, `unsqueeze(0)`, `array([enc["input_ids"]])`: the array; `stack`: in a row."""
    source = trouble.source
    if isinstance(node, ast.Subscript):
        index = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if any(map(_is_new_axis, index)) and all(_is_new_axis(each) or _is_all(each) for each in index):
            return [source.replace(node, source.segment(node.value))]
    if not isinstance(node, ast.Call):
        return []
    name = last_name(node.func)
    method = isinstance(node.func, ast.Attribute) and not trouble.module_named(
        ast.unparse(node.func.value).partition(".")[0]
    )
    if name in ("expand_dims", "unsqueeze"):
        inner = (
            node.func.value if method and isinstance(node.func, ast.Attribute) else node.args[0] if node.args else None
        )
        return [source.replace(node, source.segment(inner))] if inner is not None else []
    if name == "stack" and not node.keywords and isinstance(node.func, ast.Attribute):
        root = ast.unparse(node.func.value)
        module = getattr(trouble.value(root), "__name__", "")
        joined = {"numpy": "concatenate", "torch": "cat", "tensorflow": "concat"}.get(module)
        if joined is None:
            return []
        edits = [source.replace(node.func, f"{root}.{joined}")]
        return edits + ([source.append(node, "axis=0")] if joined == "concat" else [])
    if name in _MAKERS and node.args and isinstance(node.args[0], ast.List) and len(node.args[0].elts) == 1:
        return [source.replace(node.args[0], source.segment(node.args[0].elts[0]))]
    return []


def _is_all(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and node.value is Ellipsis:
        return True
    return isinstance(node, ast.Slice) and node.lower is node.upper is node.step is None


def _off(trouble: Trouble, node: ast.expr, tensor: TensorFacts) -> list[Edit]:
    axis = 1 if tensor.shape[1] == 1 else 0
    if tensor.kind.startswith("list"):
        return []
    if tensor.kind.startswith("torch"):
        return trouble.source.wrap(node, "", f".squeeze({axis})")
    return trouble.source.wrap(node, "", "[:, 0]" if axis == 1 else "[0]")


def _items_of_any_dataset(trouble: Trouble) -> Repair | None:
    """A dataset's items are one text's encodings, with a batch axis of their own: taken off where an item is made."""
    source = trouble.source
    for node in calls_of_tokenizers(trouble):
        scope = source.scope(node)
        given = keyword_of(node, "return_tensors")
        if not isinstance(scope, ast.FunctionDef) or given is None:
            continue
        inside = scope.name == "__getitem__" or trouble.cell.calls
        if not inside:
            continue
        for use in _uses(trouble, scope, node):
            if use:
                return Repair(tuple(use), title="Take the batch axis off where an item is made")
    return None


def _uses(trouble: Trouble, scope: ast.FunctionDef, node: ast.Call) -> Iterator[list[Edit]]:
    source = trouble.source
    above = source.parent(node)
    in_dict = isinstance(above, ast.Call) and last_name(above.func) == "dict"
    whole: ast.AST = above if in_dict and above is not None else node
    statement = source.statement(node)
    name = (
        statement.targets[0].id
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        else None
    )
    reads = [
        each
        for each in ast.walk(scope)
        if isinstance(each, ast.Subscript)
        and isinstance(each.ctx, ast.Load)
        and isinstance(each.value, ast.Name)
        and each.value.id == name
        and isinstance(constant(each.slice), str)
    ]
    spread = any(
        isinstance(each, ast.Name)
        and each.id == name
        and isinstance(each.ctx, ast.Load)
        and not isinstance(source.parent(each), ast.Subscript)
        for each in ast.walk(scope)
    )
    if reads and not spread:
        yield [edit for each in reads for edit in source.wrap(each, "", "[0]")]
        return
    if isinstance(statement, (ast.Assign, ast.Return)) and statement.value is whole:
        yield [source.replace(whole, f"{{key: value[0] for key, value in {source.segment(node)}.items()}}")]
