"""Mends inputs given in another order than the model's: they change places where they are given, or where unpacked."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from bertmagic.facts.call import EncoderCallFacts
from bertmagic.facts.tensors import Role
from bertmagic.repair.asked import quoted
from bertmagic.repair.feeding import Fed, fed, inputs_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, last_name
from bertmagic.repair.trouble import Repair, Trouble

# What a name says that its value is.
_TELLS: dict[str, re.Pattern[str]] = {
    "attention_mask": re.compile(r"mask|keep|valid|attn|attention|\bpads?\b|padding"),
    "token_type_ids": re.compile(r"type|seg|kind"),
    "input_ids": re.compile(r"ids?\b|tok|word|piece|input"),
}


@repairs("inputs-swapped")
def change_places(trouble: Trouble) -> Repair | None:
    """The expressions change places in the call, list or dict; or the names do, where unpacking gave the wrong ones."""
    given, call = trouble.finding.evidence.get("given"), trouble.call
    if not isinstance(given, Mapping) or call is None:
        return None
    roles: dict[str, str] = {str(role): str(is_) for role, is_ in given.items()}
    if set(roles) != set(roles.values()):
        return None
    for encoder_call in call.encoder_calls:
        for slots in _slots(trouble, encoder_call, roles):
            repair = _permuted(trouble, slots, roles)
            if repair is not None:
                return repair
    return None


@repairs("inputs-swapped")
def take_each_by_its_name(trouble: Trouble) -> Repair | None:
    """`list(enc.values())` is in the tokenizer's order: each of them by its key, in the model's."""
    call, at = trouble.call, trouble.at
    whole = None if at is None else inputs_of(at)
    if call is None or whole is None or not call.encoder_calls:
        return None
    node = next((each.node for each in trouble.flow.chain(whole) if _is_all_values(each.node)), None)
    if not isinstance(node, ast.Call) or not isinstance(node.args[0], ast.Call):
        return None
    func = node.args[0].func
    assert isinstance(func, ast.Attribute)
    held = trouble.value(ast.unparse(func.value))
    roles = {tensor.name: role for role, tensor in call.encoder_calls[0].source.items()}
    keys = [roles.get(each.name) for each in call.inputs]
    if not isinstance(held, Mapping) or set(keys) != set(held) or len(keys) != len(held):
        return None
    said = trouble.source.segment(func.value)
    listed = ", ".join(f"{said}[{quoted(trouble, str(key))}]" for key in keys)
    return Repair((trouble.source.replace(node, f"[{listed}]"),), title="Give each input in its place")


def _is_all_values(node: ast.expr) -> bool:
    """Whether an expression is `list(….values())`, or a tuple of them."""
    if not isinstance(node, ast.Call) or last_name(node.func) not in ("list", "tuple") or len(node.args) != 1:
        return False
    inner = node.args[0]
    return isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "values"


def _slots(trouble: Trouble, encoder_call: EncoderCallFacts, roles: Mapping[str, str]) -> list[dict[str, Fed]]:
    """By role, what is given in its place: in the call of the encoder, and in that of the model."""
    call = trouble.call
    assert call is not None
    found: list[dict[str, Fed]] = []
    at = trouble.encoder_at(encoder_call)
    if at is not None:
        found.append(_given(trouble, at, {role: encoder_call.encoder.name(_role(role)) for role in roles}))
    if trouble.at is not None:
        names = {}
        for role in roles:
            source = encoder_call.source.get(_role(role))
            names[role] = source.name if source is not None else call.model.name(_role(role))
        found.append(_given(trouble, trouble.at, names))
    return [each for each in found if len(each) == len(roles)]


def _role(role: str) -> Role:
    return role  # type: ignore[return-value]


def _given(trouble: Trouble, at: ast.Call, names: Mapping[str, str]) -> dict[str, Fed]:
    found = {role: fed(trouble, at, name) for role, name in names.items()}
    return {role: each for role, each in found.items() if each is not None and each.expression is not None}


def _permuted(trouble: Trouble, slots: Mapping[str, Fed], roles: Mapping[str, str]) -> Repair | None:
    source = trouble.source
    nodes = {role: each.expression for role, each in slots.items() if each.expression is not None}
    spans = [source.span(node) for node in nodes.values()]
    if len(set(spans)) != len(spans):
        return None
    texts = {role: source.segment(node) for role, node in nodes.items()}
    # The names say what the values are: then they stand in the wrong places.
    if all(_says(texts[role]) in (roles[role], None) for role in roles) and any(_says(texts[role]) for role in roles):
        edits = [source.replace(nodes[is_], texts[role]) for role, is_ in roles.items()]
        return Repair(tuple(edits), title="Give each input in its place")
    unpacked = _unpacked(trouble, nodes, roles)
    if unpacked is not None:
        return unpacked
    further = {role: _next(trouble, node) for role, node in nodes.items()}
    if all(each is not None for each in further.values()):
        return _permuted(trouble, {role: each for role, each in further.items() if each is not None}, roles)
    return None


def _next(trouble: Trouble, node: ast.expr) -> Fed | None:
    """The expression that gives the value one step further back, as itself."""
    steps = [each for each in trouble.flow.chain(node) if not each.path]
    return Fed(steps[1].node, steps[-1]) if len(steps) > 1 else None


def _says(text: str) -> str | None:
    """The role that an expression's text tells, by its key or name; None where it tells none or two."""
    told = [role for role, words in _TELLS.items() if words.search(text.lower())]
    if len(told) == 2 and "input_ids" in told:
        told.remove("input_ids")
    return told[0] if len(told) == 1 else None


def _unpacked(trouble: Trouble, nodes: Mapping[str, ast.expr], roles: Mapping[str, str]) -> Repair | None:
    """The names are given their values by one unpacking, in the wrong order: they change places there."""
    source = trouble.source
    targets: dict[str, ast.expr] = {}
    where: set[ast.AST] = set()
    for role, node in nodes.items():
        name = next(
            (
                each.node
                for each in trouble.flow.chain(node)
                if not each.path and isinstance(each.node, ast.Name) and _tuple_of(trouble, each.node) is not None
            ),
            None,
        )
        if not isinstance(name, ast.Name):
            return None
        made = _tuple_of(trouble, name)
        assert made is not None
        targets[role] = next(each for each in made.elts if isinstance(each, ast.Name) and each.id == name.id)
        where.add(made)
    if len(where) != 1:
        return None
    edits: list[Edit] = [source.replace(targets[role], source.segment(targets[is_])) for role, is_ in roles.items()]
    return Repair(tuple(edits), title="Unpack the inputs in the order in which they come")


def _tuple_of(trouble: Trouble, name: ast.Name) -> ast.Tuple | ast.List | None:
    """The targets among which a name is given its value."""
    bound = trouble.flow.bound(name.id, name)
    if bound is None or not isinstance(bound.by, (ast.Assign, ast.For)):
        return None
    targets = bound.by.targets if isinstance(bound.by, ast.Assign) else [bound.by.target]
    for target in targets:
        for each in ast.walk(target):
            if isinstance(each, (ast.Tuple, ast.List)) and any(
                isinstance(one, ast.Name) and one.id == name.id for one in each.elts
            ):
                return each
    return None
