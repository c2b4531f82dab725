"""Gives an encoder the attention mask that it lacks: where it is called, and wherever the model around it is fed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.feeding import VERBS, Fed, fed, inputs_of
from bertmagic.repair.graph_mask import input_of, through_the_graph
from bertmagic.repair.masks import Mask, mask_at, mask_beside, mask_inside, unconverted
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble


@repairs("attention-mask-missing")
def keep_the_mask(trouble: Trouble) -> Repair | None:
    """The tokenizer was asked to give no mask, or the cell takes it out again: neither any more."""
    call = trouble.call
    name = None if call is None else call.model.name("attention_mask")
    for at in _calls_of(trouble):
        whole = inputs_of(at) if not _is_verb(at) or isinstance(inputs_of(at), (ast.Name, ast.Call)) else None
        spread = [each.value for each in at.keywords if each.arg is None]
        for given in [*spread, *([whole] if whole is not None else [])]:
            ends = [trouble.flow.resolve(given, head) for head in (((), (0,)) if _is_verb(at) else ((),))]
            end = next((each for each in ends if not each.path and isinstance(each.node, ast.Call)), None)
            if end is None or not isinstance(end.node, ast.Call):
                continue
            if not any(found is end.node for _, found in trouble.tokenizer_calls()):
                continue
            asked = keyword_of(end.node, "return_attention_mask")
            if asked is not None and constant(asked.value) is False:
                return Repair(tuple(trouble.source.without_keyword(end.node, "return_attention_mask")))
            spread_dict = _asked_in_a_spread(trouble, end.node)
            if spread_dict is not None:
                return Repair((trouble.source.append(spread_dict, '"return_attention_mask": True'),))
            taken = _taken_out(trouble, given, name)
            if taken is not None:
                return Repair((trouble.source.remove(taken),))
    return None


def _asked_in_a_spread(trouble: Trouble, made: ast.Call) -> ast.Dict | None:
    """`tokenizer(texts, **{**SETTINGS})`, where an earlier cell's settings ask for no mask: the dict that is spread."""
    for each in made.keywords:
        if each.arg is None and isinstance(each.value, ast.Dict):
            spread = [value for key, value in zip(each.value.keys, each.value.values, strict=True) if key is None]
            held = [trouble.value(value.id) for value in spread if isinstance(value, ast.Name)]
            if any(isinstance(one, dict) and one.get("return_attention_mask") is False for one in held):
                return each.value
    return None


@repairs("attention-mask-missing")
def pass_the_mask(trouble: Trouble) -> Repair | None:
    """The encoder is called in the cell's own code: it gets the mask there, or the graph gets an `Input` for it."""
    for encoder_call in _unmasked(trouble.call):
        at = trouble.encoder_at(encoder_call)
        name = encoder_call.encoder.name("attention_mask")
        if at is None or keyword_of(at, name) is not None or _is_verb(at):
            continue
        ids = fed(trouble, at, encoder_call.encoder.name("input_ids"))
        if ids is None:
            continue
        edits: list[Edit] = []
        symbolic = input_of(ids)
        if symbolic is not None:
            edits = through_the_graph(trouble, at, symbolic, name)
        edits = edits or _at_call(trouble, at, ids, name, encoder_call)
        for sibling in _siblings(trouble, at, name) if edits and symbolic is None else ():
            own = fed(trouble, sibling, encoder_call.encoder.name("input_ids"))
            more = [] if own is None else _at_call(trouble, sibling, own, name, encoder_call)
            edits += [each for each in more if each not in edits]
        if edits:
            return Repair(tuple(edits))
    return None


@repairs("attention-mask-missing")
def feed_the_mask(trouble: Trouble) -> Repair | None:
    """The model takes a mask already: it is fed beside the ids."""
    at, call = trouble.at, trouble.call
    if at is None or call is None or not _is_verb(at):
        return None
    own, name = call.model.name("input_ids"), call.model.name("attention_mask")
    model = call.model
    if model.library is None and not model.is_transformers and not model.is_of_inputs:
        return None  # the user's own class may not take it
    edits: list[Edit] = []
    for verb in [at, *_siblings(trouble, at, name)]:
        ids = fed(trouble, verb, own)
        more = None if ids is None else _beside_in(trouble, verb, ids, call)
        if not more and verb is at:
            return None
        edits += [each for each in more or () if each not in edits]
    return Repair(tuple(edits))


def _is_verb(at: ast.Call) -> bool:
    return last_name(at.func) in VERBS


def _calls_of(trouble: Trouble) -> Iterator[ast.Call]:
    for encoder_call in _unmasked(trouble.call):
        found = trouble.encoder_at(encoder_call)
        if found is not None:
            yield found
    if trouble.at is not None:
        yield trouble.at


def _unmasked(call: CallFacts | None) -> Iterator[EncoderCallFacts]:
    for each in () if call is None else call.encoder_calls:
        if each.seen and each.whole("attention_mask") is None:
            yield each


def _given(call: CallFacts) -> TensorFacts | None:
    return next((each for each in call.inputs if each.role == "input_ids"), None)


def _siblings(trouble: Trouble, at: ast.Call, name: str) -> list[ast.Call]:
    """The cell's other calls of the same object, that give no mask either."""
    of = ast.unparse(at.func) if not _is_verb(at) else None
    found = []
    for each in trouble.source.calls():
        if each is at or keyword_of(each, name) is not None or any(given.arg is None for given in each.keywords):
            continue
        same = ast.unparse(each.func) == of
        if (
            of is None
            and _is_verb(each)
            and isinstance(each.func, ast.Attribute)
            and isinstance(at.func, ast.Attribute)
        ):
            same = ast.unparse(each.func.value) == ast.unparse(at.func.value)
        if same:
            found.append(each)
    return found


def _taken_out(trouble: Trouble, holder: ast.expr, name: str | None) -> ast.stmt | None:
    """The statement that takes the mask out of an encoding: `del enc["attention_mask"]`, `enc.pop(…)`."""
    said = ast.unparse(holder)
    for node in trouble.source.nodes(ast.Delete, ast.Expr):
        if isinstance(node, ast.Delete) and len(node.targets) == 1:
            target = node.targets[0]
            of_it = isinstance(target, ast.Subscript) and ast.unparse(target.value) == said
            if of_it and isinstance(target, ast.Subscript) and constant(target.slice) == name:
                return node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            popped = node.value
            if ast.unparse(popped.func) == f"{said}.pop" and popped.args and constant(popped.args[0]) == name:
                return node
    return None


# A direct call.


def _at_call(trouble: Trouble, at: ast.Call, ids: Fed, name: str, encoder_call: EncoderCallFacts) -> list[Edit]:
    """The mask as an argument of a direct call, or as an item of the dict that it takes."""
    whole = inputs_of(at)
    holder = None if whole is None else trouble.flow.resolve(whole).node
    spread = [each.value for each in at.keywords if each.arg is None]
    if holder is None and len(spread) == 1:
        holder = trouble.flow.resolve(spread[0]).node
    tensor = encoder_call.source.get("input_ids") or encoder_call.given.get("input_ids")
    if isinstance(holder, ast.Dict) and ids.expression is not None:
        mask = mask_at(trouble, ids.expression, holder, tensor)
        return [] if mask is None else [*mask.edits, _item(trouble, holder, name, mask.text)]
    if ids.expression is None or (trouble.call is not None and trouble.call.model.speaks_hub):
        return []
    inline = _whole_encoding(trouble, at, whole)
    if inline is not None:
        return inline
    mask = _mask_for_call(trouble, at, ids.expression, encoder_call)
    if mask is None:
        return []
    return [*mask.edits, *_argument(trouble, at, name, mask.text)]


def _mask_for_call(trouble: Trouble, at: ast.Call, ids: ast.expr, encoder_call: EncoderCallFacts) -> Mask | None:
    """The mask beside the ids; else one handed down from the function's callers; else one made of the ids."""
    beside = mask_beside(trouble, ids, at)
    if beside is not None:
        return Mask(beside)
    handed = _parameter_for(trouble, at, ids)
    if handed is not None:
        return handed
    local = not isinstance(trouble.source.scope(at), ast.Module) and _comes_in(trouble, ids)
    if not local:
        tensor = encoder_call.source.get("input_ids") or encoder_call.given.get("input_ids")
        found = mask_at(trouble, ids, at, tensor)
        if found is not None:
            return found
    if not isinstance(ids, (ast.Name, ast.Subscript, ast.Attribute)):
        return None
    text = mask_inside(trouble, trouble.source.segment(ids))
    return None if text is None else Mask(text)


def _comes_in(trouble: Trouble, ids: ast.expr) -> bool:
    """Whether the ids come from a parameter of the function around them."""
    bottom = unconverted(trouble, ids)
    while isinstance(bottom, (ast.Subscript, ast.Attribute)):
        bottom = bottom.value
    if not isinstance(bottom, ast.Name):
        return False
    bound = trouble.flow.bound(bottom.id, bottom)
    if bound is None:
        return True
    if isinstance(bound.by, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return True
    return isinstance(bound.by, (ast.Assign, ast.AnnAssign)) and _comes_in(trouble, bound.value)


def _argument(trouble: Trouble, at: ast.Call, name: str, text: str) -> list[Edit]:
    """The mask after the ids, and before the call's other keywords."""
    source = trouble.source
    if not at.args:
        given = keyword_of(at, "input_ids")
        if given is None or len(at.keywords) == 1:
            return source.keyword(at, name, text)
        end = source.span(given)[1]
        return [Edit(end, end, f", {name}={text}")]
    if not at.keywords:
        return source.keyword(at, name, text)
    end = source.span(at.args[-1])[1]
    return [Edit(end, end, f", {name}={text}")]


def _item(trouble: Trouble, holder: ast.Dict, name: str, text: str) -> Edit:
    quote = "'" if "'" in trouble.source.segment(holder).partition(":")[0] else '"'
    return trouble.source.append(holder, f"{quote}{name}{quote}: {text}")


def _whole_encoding(trouble: Trouble, at: ast.Call, whole: ast.expr | None) -> list[Edit] | None:
    """`model(**tokenizer(…))` for `model(tokenizer(…)["input_ids"])`: the encoding has the mask."""
    if len(at.args) != 1 or not isinstance(whole, (ast.Subscript, ast.Attribute)):
        return None
    inner = whole.value
    if not isinstance(inner, ast.Call) or not any(found is inner for _, found in trouble.tokenizer_calls()):
        return None
    asked = keyword_of(inner, "return_attention_mask")
    if asked is not None:
        return None
    return [trouble.source.replace(whole, f"**{trouble.source.segment(inner)}")]


def _parameter_for(trouble: Trouble, at: ast.Call, ids: ast.expr) -> Mask | None:
    """A parameter for the mask beside that of the ids, given by all who call the cell's own function."""
    source, function = trouble.source, trouble.source.scope(at)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or not isinstance(ids, ast.Name):
        return None
    names = [each.arg for each in function.args.args]
    bound = trouble.flow.bound(ids.id, ids)
    if ids.id not in names or (bound is not None and bound.by is not function):
        return None
    taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} | set(names)
    name = next((each for each in ("attention_mask", "mask") if each not in taken), None)
    callers = trouble.flow.callers(function)
    method = isinstance(source.parent(function), ast.ClassDef)
    if name is None or not callers or (not method and _is_value(trouble, function.name)):
        return None
    place = names.index(ids.id) - method
    parameter = function.args.args[names.index(ids.id)]
    if function.args.defaults and len(names) - names.index(ids.id) <= len(function.args.defaults):
        return None
    end = source.span(parameter)[1]
    edits = [Edit(end, end, f", {name}")]
    for caller in callers:
        keyword = keyword_of(caller, ids.id)
        given = keyword.value if keyword is not None else caller.args[place] if place < len(caller.args) else None
        if given is None or isinstance(given, ast.Starred) or source.scope(caller) is function:
            return None
        text = mask_beside(trouble, given, caller)
        if text is None:
            return None
        after = source.span(keyword or given)[1]
        edits.append(Edit(after, after, f", {name}={text}" if keyword is not None else f", {text}"))
    return Mask(name, tuple(edits))


def _is_value(trouble: Trouble, function: str) -> bool:
    """Whether a function is handed on by its name, and so called by others than the cell."""
    called = {id(each.func) for each in trouble.source.calls(function)}
    return any(
        isinstance(node, ast.Name) and node.id == function and id(node) not in called
        for node in ast.walk(trouble.source.tree)
    )


# `fit`, `predict` and the like.


def _beside_in(trouble: Trouble, at: ast.Call, ids: Fed, call: CallFacts) -> list[Edit] | None:
    """The mask beside the ids in what `fit` or `predict` is given: in its dict, or in one made for the two."""
    source, flow = trouble.source, trouble.flow
    own, name, tensor = call.model.name("input_ids"), call.model.name("attention_mask"), _given(call)
    whole = inputs_of(at)
    if whole is None or ids.expression is None:
        return None
    for path in ((), (0,)):
        for origin in flow.chain(whole, path):
            if origin.path:
                continue
            node = origin.node
            if isinstance(node, ast.Dict):
                mask = mask_at(trouble, ids.expression, node, tensor)
                return None if mask is None else [*mask.edits, _item(trouble, node, name, mask.text)]
            if isinstance(node, ast.Call) and last_name(node.func) == "dict" and keyword_of(node, own) is not None:
                mask = mask_at(trouble, ids.expression, node, tensor)
                return None if mask is None else [*mask.edits, *source.keyword(node, name, mask.text)]
        steps = [each.node for each in flow.chain(whole, path) if not each.path]
        if ids.expression in steps:
            first = steps[0]
            mask = mask_at(trouble, ids.expression, first, tensor)
            if mask is not None:
                return [*mask.edits, *_pair(trouble, first, own, name, mask)]
    return None


def _pair(trouble: Trouble, first: ast.expr, own: str, name: str, mask: Mask) -> list[Edit]:
    """The ids become a dict of the ids and the mask; the encoding itself, where it holds just these."""
    source = trouble.source
    replaced = [
        each for each in mask.edits if source.span(first)[0] <= each.start and each.end <= source.span(first)[1]
    ]
    if replaced:
        raise NotEditable
    return [source.replace(first, f'{{"{own}": {source.segment(first)}, "{name}": {mask.text}}}')]
