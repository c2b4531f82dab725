"""Mends the names that inputs are fed by: renames keys and keywords, leaves out what the model does not take."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bertmagic.repair.asked import calls_of_tokenizers, is_encoding, quoted
from bertmagic.repair.feeding import VERBS, inputs_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

# What a tokenizer's call is asked for, by the key that comes of it.
_RETURNS = {
    "token_type_ids": "return_token_type_ids",
    "attention_mask": "return_attention_mask",
    "special_tokens_mask": "return_special_tokens_mask",
    "offset_mapping": "return_offsets_mapping",
    "overflow_to_sample_mapping": "return_overflowing_tokens",
    "length": "return_length",
}
_BY_DEFAULT = ("token_type_ids", "attention_mask")


@repairs("input-misnamed")
def rename_the_key(trouble: Trouble) -> Repair | None:
    """The key or keyword is written in this cell: it gets the model's name."""
    keys = trouble.finding.evidence.get("keys")
    if not isinstance(keys, Mapping):
        return None
    edits: list[Edit] = []
    for key, name in keys.items():
        more = _renamed(trouble, str(key), str(name))
        if not more:
            return None
        edits += more
    return Repair(tuple(dict.fromkeys(edits)))


def _renamed(trouble: Trouble, key: str, name: str) -> list[Edit]:
    """The places that put a value under a key, by which the model is given it."""
    source = trouble.source
    edits: list[Edit] = []
    for call in _model_calls(trouble):
        given = keyword_of(call, key)
        if given is not None:
            start = source.span(given)[0]
            edits.append(Edit(start, (start[0], start[1] + len(key)), name))
    if edits:
        return edits
    holders = set(_holders(trouble))
    found = [node for node in _puts(trouble, key) if isinstance(node, ast.keyword) or source.parent(node) in holders]
    found = found or list(_puts(trouble, key))
    for node in found:
        if isinstance(node, ast.keyword):
            start = source.span(node)[0]
            edits.append(Edit(start, (start[0], start[1] + len(key)), name))
        else:
            edits.append(_string(trouble, node, name))
    stored = {ast.unparse(at.value) for at in map(source.parent, found) if isinstance(at, ast.Subscript)}
    holding = stored | set(_names_of(trouble, found))
    for item in source.nodes(ast.Subscript):  # read under that key, out of the same thing
        assert isinstance(item, ast.Subscript)
        read = isinstance(item.ctx, ast.Load) and constant(item.slice) == key and ast.unparse(item.value) in holding
        if read and item.slice not in found:
            edits.append(_string(trouble, item.slice, name))
    return edits


def _string(trouble: Trouble, node: ast.expr, name: str) -> Edit:
    quote = trouble.source.segment(node)[:1]
    return trouble.source.replace(node, f"{quote}{name}{quote}" if quote in "\"'" else quoted(trouble, name))


def _model_calls(trouble: Trouble) -> Iterator[ast.Call]:
    """The calls that may hold the keyword: of the model, and of its encoders in the cell's own code."""
    if trouble.at is not None:
        yield trouble.at
    for each in () if trouble.call is None else trouble.call.encoder_calls:
        found = trouble.encoder_at(each)
        if found is not None and found is not trouble.at:
            yield found
    said = {ast.unparse(each.func) for each in (trouble.at,) if each is not None}
    for other in trouble.source.calls():
        if ast.unparse(other.func) in said and other is not trouble.at:
            yield other
    # A model's own code, whose call was not seen in a place: what it holds an encoder by.
    if trouble.call is not None:
        kinds = {each.type for each in trouble.call.model.encoders}
        for scope in trouble.source.nodes(ast.FunctionDef):
            assert isinstance(scope, ast.FunctionDef)
            if scope.name in ("forward", "call") and kinds:
                for node in ast.walk(scope):
                    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("self.") and node.keywords:
                        yield node


def _puts(trouble: Trouble, key: str) -> Iterator[ast.expr | ast.keyword]:
    """Where the cell puts a value under a key: in a dict, `dict(…)`, by `x[key] =`, as the key of a pair."""
    for node in trouble.source.nodes(ast.Dict, ast.Subscript, ast.Call):
        if isinstance(node, ast.Dict):
            yield from (each for each in node.keys if each is not None and constant(each) == key)
        elif isinstance(node, ast.Subscript):
            if isinstance(node.ctx, ast.Store) and constant(node.slice) == key:
                yield node.slice
        elif isinstance(node, ast.Call) and last_name(node.func) in ("dict", "update", "BatchEncoding"):
            given = keyword_of(node, key)
            if given is not None:
                yield given


def _holders(trouble: Trouble) -> Iterator[ast.AST]:
    """The dicts that the model's inputs are given in."""
    at = trouble.at
    if at is None:
        return
    for whole in (*at.args, *(each.value for each in at.keywords)):
        for path in ((), (0,), (1,)):
            yield trouble.flow.resolve(whole, path).node


def _names_of(trouble: Trouble, nodes: list[ast.expr | ast.keyword]) -> Iterator[str]:
    """The names of the dicts that these keys stand in."""
    for node in nodes:
        holder = trouble.source.parent(node)
        above = None if holder is None else trouble.source.parent(holder)
        if isinstance(above, ast.Assign) and isinstance(holder, (ast.Dict, ast.Call)):
            yield from (ast.unparse(each) for each in above.targets)


@repairs("input-misnamed")
def rename_the_whole(trouble: Trouble) -> Repair | None:
    """A whole encoding goes by another library's names, or the model by names of its own: a dict of the model's."""
    keys, at, call = trouble.finding.evidence.get("keys"), trouble.at, trouble.call
    if not isinstance(keys, Mapping) or at is None or call is None:
        return None
    whole = inputs_of(at)
    spread = [each for each in at.keywords if each.arg is None]
    if whole is None and len(spread) == 1:
        whole = spread[0].value
    if whole is None:
        return None
    source = trouble.source
    verb = last_name(at.func) in VERBS
    names = {tensor.name: str(keys.get(tensor.name, tensor.name)) for tensor in call.inputs}
    taken = {each.name for each in call.model.inputs}
    names = {key: name for key, name in names.items() if name in taken or key in keys}
    for head in ((), (0,)) if verb else ((),):
        steps = list(trouble.flow.chain(whole, head))
        if steps[-1].path or not (is_encoding(trouble, whole) if not head else steps[-1].node in _encodings(trouble)):
            continue
        for step in steps:
            if step.path:
                continue
            if isinstance(step.node, ast.Name) and source.scope(step.node) is source.scope(source.statement(step.node)):
                return _dict_of(trouble, step.node, names)
        break
    held = trouble.value(whole.id) if isinstance(whole, ast.Name) else None
    known = getattr(held, "keys", None)
    if isinstance(whole, ast.Name) and known is not None and set(names) <= set(known()):
        return _dict_of(trouble, whole, names)
    return None


def _encodings(trouble: Trouble) -> list[ast.Call]:
    return calls_of_tokenizers(trouble)


def _dict_of(trouble: Trouble, node: ast.Name, names: Mapping[str, str]) -> Repair:
    """The encoding's items under the model's names, made before the statement that feeds them."""
    source = trouble.source
    quote = quoted(trouble, "")[:1]
    items = [f"{quote}{name}{quote}: {node.id}[{quote}{key}{quote}]" for key, name in names.items()]
    bound = trouble.flow.bound(node.id, node)
    made = bound is not None and isinstance(bound.by, ast.Assign) and source.scope(bound.by) is source.scope(node)
    statement = source.statement(node)
    lines = [f"{node.id} = {{", *(f"    {each}," for each in items), "}"]
    others = [
        each
        for each in source.nodes(ast.Name)
        if isinstance(each, ast.Name) and each.id == node.id and each is not node and isinstance(each.ctx, ast.Load)
    ]
    if made and not others:
        assert bound is not None
        return Repair((source.after(bound.by, *lines),))
    if made or not isinstance(statement, (ast.With, ast.For)):
        return Repair((source.replace(node, "{" + ", ".join(items) + "}"),))
    return Repair((source.before(statement, *lines),))


@repairs("input-unexpected")
def leave_it_out(trouble: Trouble) -> Repair | None:
    """What the model does not take is not given: no keyword, no item, or not asked of the tokenizer."""
    names = trouble.finding.evidence.get("unexpected")
    at = trouble.at
    if at is None or not isinstance(names, list):
        return None
    edits: list[Edit] = []
    for name in names:
        more = _without(trouble, at, name)
        if not more:
            return None
        edits += more
    return Repair(tuple(dict.fromkeys(edits)))


def _without(trouble: Trouble, at: ast.Call, name: str) -> list[Edit]:
    source, flow = trouble.source, trouble.flow
    if keyword_of(at, name) is not None:
        return source.without_keyword(at, name)
    spread = [each.value for each in at.keywords if each.arg is None]
    holders = [*spread, *at.args[:1], *[each.value for each in at.keywords if each.arg in ("x", "inputs", "input_ids")]]
    for whole in holders:
        for head in ((), (0,)):
            steps = list(flow.chain(whole, head))
            end = steps[-1]
            if isinstance(end.node, ast.Dict) and not end.path:
                for index, key in enumerate(end.node.keys):
                    if key is not None and constant(key) == name:
                        return [source.without_item(end.node, index)]
            if isinstance(end.node, ast.Call) and not end.path and end.node in calls_of_tokenizers(trouble):
                return _not_asked(trouble, whole, end.node, name)
    stored = _stored(trouble, name)
    if stored is not None:
        return [source.remove(stored)]
    return _popped(trouble, spread[0] if spread else at.args[0] if at.args else None, name)


def _stored(trouble: Trouble, name: str) -> ast.stmt | None:
    """The one statement that puts a value under that key."""
    found = [
        trouble.source.statement(node)
        for node in trouble.source.nodes(ast.Subscript)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and constant(node.slice) == name
    ]
    return found[0] if len(found) == 1 else None


def _not_asked(trouble: Trouble, whole: ast.expr, made: ast.Call, name: str) -> list[Edit]:
    """The tokenizer is not asked for it; where the cell reads it elsewhere, it is taken out before the call."""
    source = trouble.source
    setting = _RETURNS.get(name)
    read = [
        node
        for node in source.nodes(ast.Subscript, ast.Attribute)
        if (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and constant(node.slice) == name)
        or (isinstance(node, ast.Attribute) and node.attr == name)
    ]
    stored = _stored(trouble, name)
    if stored is not None and not read:
        return [source.remove(stored)]
    if read or setting is None:
        return _popped(trouble, whole, name)
    given = keyword_of(made, setting)
    if name in _BY_DEFAULT:
        return source.keyword(made, setting, "False")
    if given is not None:
        return source.without_keyword(made, setting)
    return _popped(trouble, whole, name)


def _popped(trouble: Trouble, whole: ast.expr | None, name: str) -> list[Edit]:
    """The item is taken out of the encoding in the line before the call."""
    if not isinstance(whole, ast.Name):
        return []
    source = trouble.source
    later = [
        node
        for node in source.nodes(ast.Subscript)
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == whole.id
        and constant(node.slice) == name
        and isinstance(node.ctx, ast.Load)
    ]
    take = f"{whole.id}.pop({quoted(trouble, name)})"
    key = quoted(trouble, name)
    if not later:
        held = trouble.value(whole.id)
        return [source.before(whole, take)] if hasattr(held, "pop") or held is None else []
    return [source.replace(whole, f"{{key: value for key, value in {whole.id}.items() if key != {key}}}")]
