"""Mends a tokenizer in a dataset's `map`: it reads all texts before the dataset is made, with the same settings."""

from __future__ import annotations

import ast
import re

from bertmagic.repair.flow import Origin
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, last_name
from bertmagic.repair.tokenizing import is_transformers, setting, texts_of, with_settings
from bertmagic.repair.trouble import Repair, Trouble

_SLICES = "from_tensor_slices"
_SQUEEZES = ("squeeze",)
_Function = ast.FunctionDef | ast.Lambda


@repairs("tokenizer-in-graph")
def tokenize_before_the_dataset(trouble: Trouble) -> Repair | None:
    """The function that was mapped is called once with all texts, and what it gives is sliced."""
    source = trouble.source
    for mapped in source.calls("map"):
        function = _mapped(trouble, mapped)
        tokenizer_call = None if function is None else _tokenizer_in(trouble, function)
        slices = _sliced(trouble, mapped)
        if function is None or tokenizer_call is None or slices is None or not isinstance(mapped.func, ast.Attribute):
            continue
        if len(trouble.flow.callers(function)) > 0 or _uses(trouble, function) > 1:
            return None
        inside = _for_all(trouble, function, tokenizer_call)
        given = _arguments(trouble, function, slices)
        if inside is None or given is None:
            return None
        if isinstance(function, ast.Lambda):
            if function in ast.walk(mapped):
                text = _applied(trouble, function, inside, given)
                edits = [source.replace(slices.args[0], text)]
            else:
                name = ast.unparse(mapped.args[0])
                edits = [*inside, source.replace(slices.args[0], f"{name}({', '.join(given)})")]
        else:
            edits = [*inside, source.replace(slices.args[0], f"{function.name}({', '.join(given)})")]
            if function.lineno > slices.lineno and source.scope(slices) is source.tree:
                return None
        return Repair((*edits, *_unmapped(trouble, mapped)))
    return None


def _mapped(trouble: Trouble, mapped: ast.Call) -> _Function | None:
    """The cell's function that a `map` is given."""
    if not mapped.args:
        return None
    given = mapped.args[0]
    if isinstance(given, ast.Lambda):
        return given
    if isinstance(given, ast.Name):
        known = trouble.flow.function(given.id)
        if isinstance(known, ast.FunctionDef):
            return known
        definition = trouble.flow.definition(given.id)
        return definition if isinstance(definition, ast.Lambda) else None
    return None


def _tokenizer_in(trouble: Trouble, function: _Function) -> ast.Call | None:
    """The one call of a tokenizer in a function."""
    found = []
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            func = node.func
            if isinstance(func, ast.Attribute) and func.attr in ("encode_plus", "batch_encode_plus"):
                func = func.value
            if isinstance(func, ast.Name) and is_transformers(trouble.value(func.id)):
                found.append(node)
    return found[0] if len(found) == 1 else None


def _uses(trouble: Trouble, function: _Function) -> int:
    name = getattr(function, "name", None)
    return sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(trouble.source.tree))


def _sliced(trouble: Trouble, mapped: ast.Call) -> ast.Call | None:
    """The `from_tensor_slices` above a `map`."""
    node: ast.expr = mapped.func
    for _ in range(16):
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Name):
            bound = trouble.flow.bound(node.id, node)
            if bound is None or bound.path:
                return None
            node = bound.value
        elif isinstance(node, ast.Call):
            if last_name(node.func) == _SLICES:
                return node if len(node.args) == 1 else None
            if last_name(node.func) in ("map", "zip", "from_generator"):
                return None
            node = node.func
        else:
            return None
    return None


def _parameters(function: _Function) -> list[str]:
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args)]


def _arguments(trouble: Trouble, function: _Function, slices: ast.Call) -> list[str] | None:
    """What was sliced, part by part, as the function's arguments; the texts as a list."""
    whole = slices.args[0]
    names = _parameters(function)
    if isinstance(whole, ast.Name):
        held = trouble.flow.resolve(whole)
        if isinstance(held.node, ast.Tuple) and not held.path:
            whole = held.node
    parts = list(whole.elts) if isinstance(whole, ast.Tuple) else [whole]
    if len(parts) != len(names) or not parts:
        return None
    return [_all_texts(trouble, parts[0]), *(trouble.source.segment(each) for each in parts[1:])]


def _all_texts(trouble: Trouble, node: ast.expr) -> str:
    if isinstance(node, ast.Call) and last_name(node.func) in ("array", "constant") and len(node.args) == 1:
        node = node.args[0]
    text = trouble.source.segment(node)
    held = trouble.value(node.id) if isinstance(node, ast.Name) else None
    made: Origin = trouble.flow.resolve(node)
    return text if isinstance(held, list) or (isinstance(made.node, ast.List) and not made.path) else f"list({text})"


def _for_all(trouble: Trouble, function: _Function, call: ast.Call) -> list[Edit] | None:
    """The edits that make the function take all texts: padding, arrays, no decoding, no squeezing, a dict."""
    source, names = trouble.source, _parameters(function)
    given = texts_of(call)
    if given is None or not names:
        return None
    read = {node.id for node in ast.walk(given) if isinstance(node, ast.Name)}
    edits: list[Edit] = []
    if not (isinstance(given, ast.Name) and given.id == names[0]):
        if names[0] in read and re.fullmatch(
            rf"str\({names[0]}\)|{names[0]}\.numpy\(\)(\.decode\(.*\))?|\[{names[0]}\]", ast.unparse(given)
        ):
            edits.append(source.replace(given, names[0]))
        else:
            return None
    settings = {"return_tensors": '"np"'}
    padding = setting(trouble, call, "padding")
    if padding is None or constant(padding) in (False, None, "do_not_pad"):
        settings["padding"] = "True"
    edits += with_settings(trouble, call, **settings)
    if isinstance(call.func, ast.Attribute) and call.func.attr == "encode_plus":
        edits.append(source.replace(call.func, source.segment(call.func.value)))
    rebuilt = [node for node in ast.walk(function) if isinstance(node, ast.DictComp)]
    inner = {each for node in rebuilt for each in ast.walk(node) if each is not node}
    for node in ast.walk(function):
        if node in inner:
            continue
        if isinstance(node, ast.DictComp):
            edits.append(
                source.replace(node, f"dict({source.segment(node.generators[0].iter).removesuffix('.items()')})")
            )
        elif isinstance(node, ast.Subscript) and constant(node.slice) == 0 and isinstance(node.value, ast.Subscript):
            edits.append(source.replace(node, source.segment(node.value)))
        elif isinstance(node, ast.Call) and last_name(node.func) in _SQUEEZES and node.args:
            edits.append(source.replace(node, source.segment(node.args[0])))
    return [*edits, *_as_dict(trouble, function, call)]


def _as_dict(trouble: Trouble, function: _Function, call: ast.Call) -> list[Edit]:
    """The encoding itself as a dict, where the function gives it on as a whole."""
    source = trouble.source
    if isinstance(function, ast.Lambda):
        results: list[ast.expr] = [function.body]
    else:
        results = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    edits: list[Edit] = []
    for each in results:
        first = each.elts[0] if isinstance(each, ast.Tuple) and each.elts else each
        made = trouble.flow.resolve(first)
        if (
            made.node is call
            and not made.path
            and not (isinstance(first, ast.Call) and last_name(first.func) == "dict")
        ):
            start, end = source.span(first)
            edits += [Edit(start, start, "dict("), Edit(end, end, ")")]
    return edits


def _applied(trouble: Trouble, function: ast.Lambda, inside: list[Edit], given: list[str]) -> str:
    """A lambda's body with its parameters' values in their places."""
    source, body = trouble.source, function.body
    start, end = source.span(body)
    edits = [each for each in inside if start <= each.start and each.end <= end]
    replaced = [(each.start, each.end) for each in edits if each.start != each.end]
    values = dict(zip(_parameters(function), given, strict=True))
    for node in ast.walk(body):
        if isinstance(node, ast.Name) and node.id in values:
            span = source.span(node)
            if not any(first <= span[0] and span[1] <= last for first, last in replaced):
                edits.append(Edit(*span, values[node.id]))
    text = source.written.body
    before = source._offset(start)
    whole = source.applied(edits)
    return whole[before : before + (source._offset(end) - before) + len(whole) - len(text)]


def _unmapped(trouble: Trouble, mapped: ast.Call) -> list[Edit]:
    """The `map` taken out; its statement, where it does nothing else."""
    source = trouble.source
    assert isinstance(mapped.func, ast.Attribute)
    statement = source.statement(mapped)
    if (
        isinstance(statement, ast.Assign)
        and statement.value is mapped
        and ast.unparse(statement.targets[0]) == ast.unparse(mapped.func.value)
    ):
        return [source.remove(statement)]
    return [Edit(source.span(mapped.func.value)[1], source.span(mapped)[1], "")]
