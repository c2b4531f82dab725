"""An `Input` for the mask in a model made of `Input`s, given to its encoder and fed wherever the model is fed."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.feeding import VERBS, Fed, inputs_of
from bertmagic.repair.masks import Mask, free_name, mask_at, mask_inside
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of, last_name
from bertmagic.repair.trouble import Trouble

# What to call a mask that is made of the ids.
_NAMES = ("attention_mask", "mask", "masks", "token_mask")


def input_of(ids: Fed) -> ast.Call | None:
    """The `Input(…)` that the ids of a graph come from."""
    node = ids.origin.node
    return node if isinstance(node, ast.Call) and last_name(node.func) in ("Input", "InputLayer") else None


def through_the_graph(trouble: Trouble, at: ast.Call, made: ast.Call, name: str) -> list[Edit]:
    """An `Input` for the mask where all that feeds the model can be seen; else the mask made within the graph."""
    try:
        found = _with_input(trouble, at, made, name)
    except NotEditable:
        found = None
    return found if found is not None else _within_the_graph(trouble, at, made, name)


def _within_the_graph(trouble: Trouble, at: ast.Call, made: ast.Call, name: str) -> list[Edit]:
    """The mask made of the ids in the graph itself, so that the model is fed as it was."""
    source, statement = trouble.source, trouble.source.statement(made)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return []
    if statement.value is not made or trouble.call is None or trouble.call.model.speaks_hub:
        return []
    text = mask_inside(trouble, statement.targets[0].id)
    whole = inputs_of(at)
    if (
        text is None
        or len(at.args) > 1
        or (whole is not None and isinstance(trouble.flow.resolve(whole).node, ast.Dict))
    ):
        return []
    return source.keyword(at, name, text)


def _with_input(trouble: Trouble, at: ast.Call, made: ast.Call, name: str) -> list[Edit] | None:
    source, statement = trouble.source, trouble.source.statement(made)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    if statement.value is not made:
        return None
    ids_name = statement.targets[0].id
    mask = _name_for(trouble, name)
    if mask is None:
        return None
    edits = [source.after(statement, f"{mask} = {_layer(trouble, made, name)}")]
    edits += _into_call(trouble, at, name, mask)
    models = [each for each in trouble.definitions("Model") if ids_name in _names(each)]
    verbs = [each for each in source.calls(*VERBS) if _is_of(trouble, each, models)]
    if not models or not verbs or _is_called_otherwise(trouble, models):
        return None
    for model in models:
        given = keyword_of(model, "inputs")
        inputs = given.value if given is not None else model.args[0] if model.args else None
        if inputs is None:
            return None
        edits += _with_mask(trouble, inputs, name, mask)
    for verb in verbs:
        more = _fed_too(trouble, verb, name, mask)
        if more is None:
            return None
        edits += [each for each in more if each not in edits]
    return edits


def _name_for(trouble: Trouble, name: str) -> str | None:
    """What to call the `Input`: as the input is called, unless the cell has that name for something else."""
    return free_name(trouble, name, "mask_input", f"{name}_input", "mask_tokens")


def _layer(trouble: Trouble, made: ast.Call, name: str) -> str:
    """The ids' `Input(…)` as that of the mask."""
    source = trouble.source
    named = keyword_of(made, "name")
    if named is None:
        return source.segment(made)
    (start, end), (first, last) = source.span(made), source.span(named.value)
    quote = source.segment(named.value)[:1]
    return f"{source.text(start, first)}{quote}{name}{quote}{source.text(last, end)}"


def _into_call(trouble: Trouble, at: ast.Call, name: str, mask: str) -> list[Edit]:
    """The mask in the encoder's call: in its dict or list, else as a keyword."""
    whole = inputs_of(at)
    holder = None if whole is None else trouble.flow.resolve(whole).node
    if isinstance(holder, ast.Dict):
        return [trouble.source.append(holder, f'"{name}": {mask}')]
    if isinstance(holder, (ast.List, ast.Tuple)) and len(holder.elts) == 1:
        return [trouble.source.append(holder, mask)]
    if isinstance(holder, (ast.List, ast.Tuple)):
        raise NotEditable
    return trouble.source.keyword(at, name, mask)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _is_of(trouble: Trouble, verb: ast.Call, models: Sequence[ast.Call]) -> bool:
    """Whether a `fit` or `predict` is of one of these models."""
    if not isinstance(verb.func, ast.Attribute):
        return False
    said = ast.unparse(verb.func.value)
    known = trouble.call.model.said if trouble.call else None
    return trouble.flow.resolve(verb.func.value).node in models or said == known


def _is_called_otherwise(trouble: Trouble, models: Sequence[ast.Call]) -> bool:
    """Whether the cell also calls one of the models directly: then it is fed in yet another way."""
    return any(
        trouble.flow.resolve(each.func).node in models
        for each in trouble.source.calls()
        if isinstance(each.func, ast.Name)
    )


def _with_mask(trouble: Trouble, inputs: ast.expr, name: str, mask: str) -> list[Edit]:
    """A functional model's inputs with the mask's among them."""
    node = trouble.flow.resolve(inputs).node
    if isinstance(node, ast.Dict):
        return [trouble.source.append(node, f'"{name}": {mask}')]
    if isinstance(node, (ast.List, ast.Tuple)):
        return [trouble.source.append(node, mask)]
    if not isinstance(inputs, ast.Name):
        raise NotEditable
    return trouble.source.wrap(inputs, "[", f", {mask}]")


def _fed_too(trouble: Trouble, verb: ast.Call, name: str, taken: str) -> list[Edit] | None:
    """What a `fit` or `predict` is given, and its validation data, with the mask of its ids."""
    given = inputs_of(verb)
    if given is None:
        return None
    edits = _fed_with(trouble, verb, given, name, [each for each in _NAMES if each != taken])
    validation = keyword_of(verb, "validation_data")
    if edits is None or validation is None:
        return edits
    pair = trouble.flow.resolve(validation.value).node
    if not isinstance(pair, ast.Tuple) or not pair.elts:
        return None
    more = _fed_with(trouble, verb, pair.elts[0], name, ["val_mask", "val_attention_mask"])
    return None if more is None else edits + more


def _fed_with(trouble: Trouble, verb: ast.Call, given: ast.expr, name: str, names: Sequence[str]) -> list[Edit] | None:
    source, flow = trouble.source, trouble.flow
    call = trouble.call
    tensor = next((each for each in call.inputs if each.role == "input_ids"), None) if call is not None else None
    end = flow.resolve(given)
    streamed = [
        origin.node
        for origin in flow.chain(given)
        if isinstance(origin.node, ast.Call) and last_name(origin.node.func) == "from_tensor_slices"
    ]
    node: ast.expr = end.node
    if streamed:
        # One element is (inputs, labels).
        inside = streamed[0].args[0] if streamed[0].args else None
        if not isinstance(inside, ast.Tuple) or len(inside.elts) < 2:
            return None
        given = inside.elts[0]
        node = flow.resolve(given).node
    if isinstance(node, ast.Dict):
        key = next((each for each in node.keys if constant(each) in ("input_ids", "token_ids")), node.keys[0])
        mask = _named(trouble, node.values[node.keys.index(key)], node, tensor, names)
        return None if mask is None else [*mask.edits, source.append(node, f'"{name}": {mask.text}')]
    holder: ast.expr = node if isinstance(node, (ast.List, ast.Tuple)) and not end.path else given
    ids = holder.elts[0] if isinstance(holder, (ast.List, ast.Tuple)) else holder
    if isinstance(holder, (ast.List, ast.Tuple)) and (len(holder.elts) != 1 or end.path):
        return None
    if not _is_array(trouble, ids):
        return None
    mask = _named(trouble, ids, verb if not streamed else streamed[0], tensor, names)
    if mask is None:
        return None
    if isinstance(holder, (ast.List, ast.Tuple)):
        return [*mask.edits, source.append(holder, mask.text)]
    opened, closed = ("(", ")") if streamed else ("[", "]")
    return [*mask.edits, *source.wrap(holder, opened, f", {mask.text}{closed}")]


def _is_array(trouble: Trouble, ids: ast.expr) -> bool:
    """Whether an expression can be compared with the padding token: an array or tensor, no dataset."""
    value = trouble.value(ids.id) if isinstance(ids, ast.Name) else None
    return value is None or hasattr(value, "shape")


def _named(
    trouble: Trouble, ids: ast.expr, at: ast.AST, tensor: TensorFacts | None, names: Sequence[str]
) -> Mask | None:
    """The mask; one that is made of the ids gets a name and a line of its own."""
    mask = mask_at(trouble, ids, at, tensor)
    if mask is None or "!=" not in mask.text:
        return mask
    name = free_name(trouble, *names)
    try:
        return mask if name is None else Mask(name, (*mask.edits, trouble.source.before(at, f"{name} = {mask.text}")))
    except NotEditable:
        return mask
