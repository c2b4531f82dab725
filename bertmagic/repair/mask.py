"""Mends an attention mask that is fed and is wrong: it becomes the encoding's own, or one made from the ids."""

from __future__ import annotations

import ast

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.feeding import Fed, fed
from bertmagic.repair.graph_mask import input_of
from bertmagic.repair.masks import Mask, is_known, mask_at, mask_beside, mask_made
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

_WRONG = (
    "attention-mask-over-padding",
    "attention-mask-inverted",
    "attention-mask-all-zero",
    "attention-mask-values",
    "attention-mask-shape",
)
# What compares the ids with the padding token, and its opposite.
_OPPOSITE = {"equal": "not_equal", "eq": "ne", "not_equal": "equal", "ne": "eq"}


@repairs(*_WRONG)
def leave_the_encodings_own(trouble: Trouble) -> Repair | None:
    """The cell writes over the mask of an encoding, which was right: it does so no more."""
    name = None if trouble.call is None else trouble.call.model.name("attention_mask")
    written = []
    for node in trouble.source.nodes(ast.Assign):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target: ast.expr = node.targets[0]
        while isinstance(target, ast.Subscript) and constant(target.slice) != name:
            target = target.value
        if isinstance(target, ast.Subscript) and _is_encoding(trouble, target.value):
            written.append(node)
    return Repair((trouble.source.remove(written[0]),)) if len(written) == 1 else None


def _is_encoding(trouble: Trouble, holder: ast.expr) -> bool:
    """Whether a name stands for what a tokenizer or preprocessor gave, perhaps with its items converted."""
    end = trouble.flow.resolve(holder)
    node: ast.expr = end.node
    if isinstance(node, ast.DictComp) and len(node.generators) == 1 and not node.generators[0].ifs:
        items = node.generators[0].iter
        if isinstance(items, ast.Call) and last_name(items.func) == "items" and isinstance(items.func, ast.Attribute):
            node = trouble.flow.resolve(items.func.value).node
    made = next((found for _, found in trouble.tokenizer_calls() if found is node), None)
    return made is not None and not end.path and keyword_of(made, "return_attention_mask") is None


@repairs("attention-mask-inverted")
def turn_the_comparison(trouble: Trouble) -> Repair | None:
    """The mask is made by one comparison with the padding token: that is turned round."""
    found = _mask_fed(trouble)
    if found is None:
        return _of_the_one_function(trouble)
    _, mask, _ = found
    steps = [each.node for each in trouble.flow.chain(mask.expression) if not each.path] if mask.expression else []
    for node in reversed(steps):
        edit = _turned(trouble, node)
        if edit is not None:
            return Repair((edit,))
    return None


def _of_the_one_function(trouble: Trouble) -> Repair | None:
    """Where the way to the mask is lost (a dataset's functions): the one function of the cell that makes a mask."""
    made = [each for each in trouble.source.nodes(ast.FunctionDef, ast.Lambda) if _makes_mask(each)]
    if len(made) != 1:
        return None
    edit = _turned(trouble, made[0])
    return None if edit is None else Repair((edit,))


def _makes_mask(function: ast.AST) -> bool:
    """Whether a function does nothing but give a comparison, by a name that says mask."""
    if not isinstance(function, ast.FunctionDef) or "mask" not in function.name.lower():
        return False
    returned = [each.value for each in ast.walk(function) if isinstance(each, ast.Return)]
    calls = [each for each in ast.walk(function) if isinstance(each, ast.Call) and last_name(each.func) in _OPPOSITE]
    compared = [each for each in ast.walk(function) if isinstance(each, ast.Compare)]
    return len(returned) == 1 and not isinstance(returned[0], ast.Dict) and len(calls) + len(compared) == 1


@repairs(*_WRONG)
def set_the_mask_right(trouble: Trouble) -> Repair | None:
    """The mask that is fed becomes the encoding's own, or one made from the ids."""
    found = _mask_fed(trouble)
    if found is None:
        return None
    ids, mask, tensor = found
    if mask.expression is None or ids.expression is None:
        return None
    steps = [each.node for each in trouble.flow.chain(mask.expression) if not each.path]
    for node in reversed(steps):
        right = _right(trouble, ids.expression, node, tensor, last=node is steps[0])
        if right is not None and right.text != trouble.source.segment(node):
            return Repair((*right.edits, trouble.source.replace(node, right.text)))
    return None


def _right(trouble: Trouble, ids: ast.expr, node: ast.expr, tensor: TensorFacts | None, *, last: bool) -> Mask | None:
    """The right mask for these ids at a place of the wrong one; ids that are filled in later are known at the last."""
    beside = mask_beside(trouble, ids, node)
    if beside is not None and beside != trouble.source.segment(node):
        return Mask(beside)
    made_from = trouble.source.segment(ids)
    if not is_known(trouble, made_from, node) or (_is_filled(trouble, ids) and not last):
        return None
    if beside is not None:
        # The wrong mask is what stands beside the ids in the encoding: it was changed there.
        text = mask_made(trouble, made_from, tensor)
        return None if text is None else Mask(text)
    return mask_at(trouble, ids, node, tensor)


def _tensor(encoder_call: EncoderCallFacts) -> TensorFacts | None:
    return encoder_call.source.get("input_ids") or encoder_call.given.get("input_ids")


def _given(call: CallFacts, name: str) -> TensorFacts | None:
    return next((each for each in call.inputs if each.name == name or each.role == "input_ids"), None)


def _mask_fed(trouble: Trouble) -> tuple[Fed, Fed, TensorFacts | None] | None:
    """The ids and the mask as the cell gives them: to the encoder in its own code, else to the model."""
    call = trouble.call
    if call is None:
        return None
    for encoder_call in call.encoder_calls:
        encoder = encoder_call.encoder
        at = trouble.encoder_at(encoder_call)
        if at is not None:
            mask, ids = fed(trouble, at, encoder.name("attention_mask")), fed(trouble, at, encoder.name("input_ids"))
            if mask is not None and ids is not None and input_of(ids) is None:
                return ids, mask, _tensor(encoder_call)
    at = trouble.at
    if at is None:
        return None
    name, own = call.model.name("attention_mask"), call.model.name("input_ids")
    mask, ids = fed(trouble, at, name), fed(trouble, at, own)
    return None if mask is None or ids is None else (ids, mask, _given(call, own))


def _is_filled(trouble: Trouble, ids: ast.expr) -> bool:
    """Whether the ids are written into after they are made: `ids[i, :n] = row`."""
    return isinstance(ids, ast.Name) and any(
        isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == ids.id
        for node in ast.walk(trouble.source.tree)
    )


def _turned(trouble: Trouble, node: ast.AST) -> Edit | None:
    """The one comparison in an expression or function, the other way round."""
    source = trouble.source
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and constant(node.left) in (1, 1.0):
        return source.replace(node, source.segment(node.right))
    compared = [each for each in ast.walk(node) if isinstance(each, ast.Compare) and len(each.ops) == 1]
    called = [each for each in ast.walk(node) if isinstance(each, ast.Call) and last_name(each.func) in _OPPOSITE]
    if len(compared) + len(called) != 1:
        return None
    if compared:
        one = compared[0]
        sign = {ast.Eq: "!=", ast.NotEq: "=="}.get(type(one.ops[0]))
        if sign is None:
            return None
        return Edit(source.span(one.left)[1], source.span(one.comparators[0])[0], f" {sign} ")
    func = called[0].func
    text = source.segment(func)
    name = last_name(func) or ""
    return source.replace(func, text.removesuffix(name) + _OPPOSITE[name])
