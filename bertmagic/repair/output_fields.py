"""Mends what is taken of a model's output: the field that is meant, one vector a text, or the states of all tokens."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.facts.cell import ValueFacts
from bertmagic.repair.flow import Origin
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, Source, constant
from bertmagic.repair.trouble import Repair, Trouble

_STATES = {"last_hidden_state", "sequence_output"}
_POOLED = {"pooler_output", "pooled_output"}
_OF_TOKENS = {"pooler_output": "last_hidden_state", "pooled_output": "sequence_output"}
# The field that is most often meant.
_MEANT = ("logits", "pooler_output", "pooled_output", "last_hidden_state", "sequence_output")


@repairs("output-object-as-tensor")
def take_the_field(trouble: Trouble) -> Repair | None:
    """The output object becomes one of its tensors: where it is made, else where it is used."""
    raised, at = trouble.cell.raised, trouble.raised_at
    if raised is None or at is None:
        return None
    value = _object(trouble)
    if value is None or not value.fields:
        return None
    field = _field(trouble, value)
    taken = f'["{field}"]' if value.kind == "dict" else f".{field}"
    said = value.said
    if said is None or not said.isidentifier():
        made = _only_model_call(trouble, at)
        return None if made is None else Repair(tuple(trouble.source.wrap(made, "", taken)))
    uses = [each for each in ast.walk(at) if isinstance(each, ast.Name) and each.id == said]
    if not uses:
        return None
    bound = trouble.flow.bound(said, uses[0])
    if bound is not None and isinstance(bound.value, ast.Call) and not bound.path and not bound.each:
        loads = list(_loads(trouble.source, said, uses[0]))
        if all(_stands_alone(trouble.source, each) for each in loads):
            return Repair(tuple(trouble.source.wrap(_made_by_model(trouble, bound.value), "", taken)))
    alone = [each for each in uses if _stands_alone(trouble.source, each, rank=True)]
    return Repair(tuple(edit for each in alone for edit in trouble.source.wrap(each, "", taken))) if alone else None


@repairs("output-object-as-tensor")
def unpack_tensors(trouble: Trouble) -> Repair | None:
    """Unpacking gives keys: the call is asked for a tuple, or a dict's items are taken by name."""
    at = trouble.raised_at
    value = None if trouble.cell.raised is None else _key(trouble)
    if at is None or value is None or value.said is None:
        return None
    uses = [each for each in ast.walk(at) if isinstance(each, ast.Name) and each.id == value.said]
    bound = trouble.flow.bound(value.said, uses[0]) if uses else None
    if bound is None or not bound.path or not isinstance(bound.value, ast.Call) or not isinstance(bound.by, ast.Assign):
        return None
    if str(value.text).strip("'\"") in ("pooled_output", "sequence_output"):
        target = bound.by.targets[0]
        names = [ast.unparse(each) for each in target.elts] if isinstance(target, (ast.Tuple, ast.List)) else []
        if len(names) != 2:
            return None
        pooled = [place for place, name in enumerate(names) if "pool" in name or "cls" in name]
        keys = ("pooled_output", "sequence_output") if pooled == [0] else ("sequence_output", "pooled_output")
        text = trouble.source.segment(bound.value)
        return Repair((trouble.source.replace(bound.value, f"({text}[name] for name in {keys!r})".replace("'", '"')),))
    return Repair(tuple(trouble.source.keyword(bound.value, "return_dict", "False")))


@repairs("sequence-output-unpooled")
def take_one_vector(trouble: Trouble) -> Repair | None:
    """The head gets the first token's state, [CLS]'s, in the place of all."""
    source = trouble.source
    found = [
        node
        for node in _accesses(trouble, _STATES, 0)
        if not isinstance(source.parent(node), (ast.Subscript, ast.Attribute))
    ]
    if len(found) == 1:
        return Repair(tuple(source.wrap(found[0], "", "[:, 0]")))
    return None


@repairs("sequence-output-unpooled", "labels-shape")
def classify_texts(trouble: Trouble) -> Repair | None:
    """A class for tokens, made in this cell, becomes the one for texts, where labels are one a text; or the reverse."""
    call = trouble.call
    if call is None or not call.model.is_transformers or len(call.labels) != 1:
        return None
    labels = call.labels[0]
    length = call.sizes.get("seq")
    of_texts = call.model.type.endswith("ForSequenceClassification")
    of_tokens = call.model.type.endswith("ForTokenClassification")
    if of_texts and labels.is_integer and len(labels.shape) == 2 and labels.shape[1] == length and (length or 0) > 1:
        return _other_class(trouble, "ForSequenceClassification", "ForTokenClassification")
    if of_tokens and labels.is_integer and (len(labels.shape) == 1 or labels.shape[1:] == (1,)):
        return _other_class(trouble, "ForTokenClassification", "ForSequenceClassification")
    return None


def _other_class(trouble: Trouble, old: str, new: str) -> Repair | None:
    """Another head's class where the model is made, which the cell has under a name or can import."""
    made = trouble.flow.definition(trouble.call.model.said) if trouble.call is not None else None
    names = [each for each in ast.walk(made) if isinstance(each, ast.Name) and each.id.endswith(old)] if made else []
    if len(names) != 1:
        return None
    other = names[0].id.removesuffix(old) + new
    edits = [trouble.source.replace(names[0], other)]
    known = other in trouble.namespace
    if not known:
        edits.append(trouble.source.before(names[0], f"from transformers import {other}"))
    return Repair(tuple(edits))


@repairs("pooled-output-as-sequence")
def take_all_tokens(trouble: Trouble) -> Repair | None:
    """What takes a sequence gets the states of all tokens in the place of one vector."""
    source = trouble.source
    found = list(_accesses(trouble, _POOLED, 1))
    if len(found) == 1:
        node = found[0]
        if isinstance(node, ast.Attribute):
            start = source.span(node.value)[1]
            return Repair((Edit(start, source.span(node)[1], f".{_OF_TOKENS[node.attr]}"),))
        if isinstance(node, ast.Subscript):
            key = constant(node.slice)
            text = "0" if key == 1 else f'"{_OF_TOKENS[str(key)]}"'
            return Repair((source.replace(node.slice, text),))
    if found:
        return None
    sliced = [
        parent
        for node in _accesses(trouble, _STATES, 0)
        if isinstance(parent := source.parent(node), ast.Subscript) and _is_first_token(parent)
    ]
    if len(sliced) != 1:
        return None
    return Repair((Edit(source.span(sliced[0].value)[1], source.span(sliced[0])[1], ""),))


def _is_first_token(node: ast.Subscript) -> bool:
    return ast.unparse(node.slice).replace(" ", "").strip("()") in (":,0", ":,0,:", "...,0,:")


def _accesses(trouble: Trouble, fields: set[str], place: int) -> Iterator[ast.expr]:
    """The expressions of the cell that take such a field of an encoder's output, by name or by number."""
    for node in trouble.source.nodes(ast.Attribute, ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in fields:
            yield node
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = constant(node.slice)
            if key in fields or (type(key) is int and key == place and _is_of_encoder(trouble, node.value)):
                yield node


def _is_of_encoder(trouble: Trouble, node: ast.expr) -> bool:
    """Whether an expression is what an encoder's call gives."""
    origin: Origin = trouble.flow.resolve(node)
    if not isinstance(origin.node, ast.Call) or origin.path:
        return False
    return any(each is origin.node for each in _model_calls(trouble))


def _object(trouble: Trouble) -> ValueFacts | None:
    raised = trouble.cell.raised
    held = [] if raised is None else [raised.owner, *raised.values]
    outputs = [each for each in held if each is not None and (each.is_output_object or _is_hub(each))]
    subject = trouble.finding.subject
    return next((each for each in outputs if each.called == subject), outputs[0] if outputs else None)


def _is_hub(value: ValueFacts) -> bool:
    return value.kind == "dict" and set(value.fields) == {"sequence_output", "pooled_output"}


def _key(trouble: Trouble) -> ValueFacts | None:
    raised = trouble.cell.raised
    held = [] if raised is None else [raised.owner, *raised.values]
    return next(
        (each for each in held if each is not None and each.kind == "str" and each.said == trouble.finding.subject),
        None,
    )


def _field(trouble: Trouble, value: ValueFacts) -> str:
    raised = trouble.cell.raised
    takes = raised.owner.takes_rank if raised is not None and raised.owner is not None else None
    states = next((each for each in value.fields if each in _STATES), None)
    if states is not None and max((raised.indexed if raised is not None else None) or 0, (takes or 0) - 1) >= 2:
        return states
    return next((name for name in _MEANT if name in value.fields), value.fields[0])


def _loads(source: Source, name: str, like: ast.AST) -> Iterator[ast.Name]:
    scope = source.scope(like)
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node


def _stands_alone(source: Source, node: ast.Name, *, rank: bool = False) -> bool:
    """Whether the object itself is used, and not a field of it. `rank`: an index of several axes is one of a tensor."""
    above = source.parent(node)
    if isinstance(above, ast.Attribute):
        return False
    if isinstance(above, ast.Subscript) and above.value is node:
        return isinstance(above.slice, ast.Tuple) and rank
    return True


def _made_by_model(trouble: Trouble, call: ast.Call) -> ast.Call:
    """The model's call that an output comes from, where layers only passed it on; else the call itself."""
    known, node = _model_calls(trouble), call
    for _ in range(8):
        if any(node is each for each in known) or not node.args:
            return node
        origin = trouble.flow.resolve(node.args[0])
        if not isinstance(origin.node, ast.Call) or origin.path:
            break
        node = origin.node
    return call


def _model_calls(trouble: Trouble) -> list[ast.Call | None]:
    encoders = [each.sites for call in trouble.cell.calls for each in call.encoder_calls]
    built, called = ([each.sites for each in some] for some in (trouble.cell.built, trouble.cell.calls))
    return [trouble.source.call_at(sites) for sites in (*encoders, *built, *called)]


def _only_model_call(trouble: Trouble, at: ast.expr) -> ast.Call | None:
    """The one call of a model among the arguments of the expression that raised."""
    given = [*at.args, *(each.value for each in at.keywords)] if isinstance(at, ast.Call) else [*ast.walk(at)]
    if isinstance(at, ast.Subscript):
        given = [at.value]
    known = _model_calls(trouble)
    found = [each for each in given if isinstance(each, ast.Call) and any(each is one for one in known)]
    return found[0] if len(found) == 1 else None
