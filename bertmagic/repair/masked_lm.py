"""Mends the labels of a masked language model: they stay on the masked tokens alone."""

from __future__ import annotations

import ast

from bertmagic.repair.compiling import entry
from bertmagic.repair.feeding import fed, inputs_of
from bertmagic.repair.labelled import given
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.dialect import family
from bertmagic.rules.targets import IGNORED


@repairs("mlm-labels-unmasked")
def have_the_collator_mask(trouble: Trouble) -> Repair | None:
    """A collator that was told not to mask labels every token: it masks, at its own rate."""
    made = list(trouble.definitions("DataCollatorForLanguageModeling"))
    given = keyword_of(made[0], "mlm") if len(made) == 1 else None
    if given is None or constant(given.value) is not False:
        return None
    return Repair((trouble.source.replace(given.value, "True"),))


@repairs("mlm-labels-unmasked")
def label_the_masked_tokens(trouble: Trouble) -> Repair | None:
    """Where the input has no mask, the label is the one that the loss leaves out."""
    call, at = trouble.call, trouble.at
    evidence = trouble.finding.evidence
    if call is None or at is None or not evidence.get("on masked tokens") or call.tokenizer is None:
        return None
    labels = next((each for each in call.labels if each.called == trouble.finding.subject), None)
    ids = next((each for each in call.inputs if each.role == "input_ids"), None)
    tokenizer = call.tokenizer.said
    found = given(trouble)
    if labels is None or ids is None or tokenizer is None or len(found) != 1:
        return None
    left_out = IGNORED if call.loss is None or call.loss.ignored is None else call.loss.ignored
    node = found[0].node
    own = fed(trouble, at, call.model.name("input_ids"))
    said = None
    for text in (
        trouble.source.segment(own.expression) if own is not None and own.expression is not None else None,
        ids.called,
    ):
        if text is not None and _is_plain(text):
            said = text
            break
    if said is None:
        return None
    masked = f"{said} != {tokenizer}.mask_token_id"
    kind = family(labels)
    # Where they are given: the masks stand in the ids by then.
    use = _use(trouble, at)
    if use is None:
        return None
    text = trouble.source.segment(use)
    statement = trouble.source.statement(use)
    if (
        isinstance(use, (ast.Name, ast.Subscript))
        and kind in ("torch", "numpy")
        and _is_writable(trouble, use, statement)
    ):
        line = f"{text}[{masked}] = {left_out}"
        return Repair((trouble.source.before(statement, line),))
    if kind == "torch":
        return Repair((trouble.source.replace(use, f"{text}.masked_fill({masked}, {left_out})"),))
    library = trouble.module("tensorflow") if kind == "tensorflow" else trouble.module("numpy")
    if library is None or not is_known(trouble, masked, node):
        return None
    return Repair((trouble.source.replace(use, f"{library}.where({masked}, {left_out}, {text})"),))


def _is_plain(text: str) -> bool:
    node = ast.parse(text, mode="eval").body
    return isinstance(node, (ast.Name, ast.Subscript, ast.Attribute))


def _use(trouble: Trouble, at: ast.Call) -> ast.expr | None:
    """The expression of the labels that stands nearest to the model's call."""
    own = keyword_of(at, "labels") or keyword_of(at, "y")
    if own is not None:
        return own.value
    whole = inputs_of(at)
    nodes = [whole] if whole is not None else []
    nodes += [each.value for each in at.keywords if each.arg is None]
    for node in nodes:
        for origin in trouble.flow.chain(node):
            held = origin.node
            if isinstance(held, ast.Dict):
                for key, value in zip(held.keys, held.values, strict=True):
                    if key is not None and constant(key) == "labels":
                        return value
            if isinstance(held, ast.Tuple) and len(held.elts) > 1:
                return held.elts[1]
    if len(at.args) > 1 and last_name(at.func) in ("fit", "train_on_batch"):
        return at.args[1]
    for put in trouble.source.nodes(ast.Assign):
        # `enc["labels"] = labels`: what is put there.
        target = put.targets[0] if isinstance(put, ast.Assign) else None
        if isinstance(put, ast.Assign) and isinstance(target, ast.Subscript) and constant(target.slice) == "labels":
            return put.value
    return None


def _is_writable(trouble: Trouble, use: ast.expr, statement: ast.stmt) -> bool:
    """Whether the labels are an array or tensor of their own, which may be written into, at the cell's own level."""
    if trouble.source.scope(use) is not trouble.source.tree or entry(trouble, use) is not statement:
        return False
    node = trouble.flow.resolve(use).node
    own = isinstance(node, ast.Call) and last_name(node.func) in ("clone", "copy", "array", "where", "full")
    return own and isinstance(use, ast.Name)


@repairs("mlm-labels-unmasked")
def feed_the_weights(trouble: Trouble) -> Repair | None:
    """KerasHub's preprocessor gives weights that are 0 where a row is filled up: they are fed too."""
    if "of unused places" not in trouble.finding.evidence:
        return None
    source = trouble.source
    for node in source.nodes(ast.Assign):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Tuple):
            continue
        names = [each.id for each in node.targets[0].elts if isinstance(each, ast.Name)]
        if len(names) != 3 or not isinstance(node.value, ast.Call):
            continue
        x, y, new = names
        renamed: tuple[Edit, ...] = ()
        if new == "_":
            new = "weights"
            renamed = (source.replace(node.targets[0].elts[2], new),)
        for each in source.nodes(ast.Return, ast.Call):
            if (
                isinstance(each, ast.Return)
                and isinstance(each.value, ast.Tuple)
                and source.scope(each) is source.scope(node)
            ) and [ast.unparse(item) for item in each.value.elts] == [x, y]:
                return Repair((*renamed, *source.wrap(each.value.elts[1], "", f", {new}")))
            if isinstance(each, ast.Call) and last_name(each.func) in ("fit", "train_on_batch"):
                said = [ast.unparse(item) for item in each.args[:2]]
                said += [ast.unparse(k.value) for k in each.keywords if k.arg in ("x", "y")]
                if said == [x, y]:
                    return Repair((*renamed, *source.keyword(each, "sample_weight", new)))
    for each in source.nodes(ast.Lambda):
        body = each.body if isinstance(each, ast.Lambda) else None
        names = [a.arg for a in each.args.args] if isinstance(each, ast.Lambda) else []
        if not isinstance(body, ast.Tuple) or len(names) != 3 or names[2] == "_":
            continue
        if [ast.unparse(n) for n in body.elts] == names[:2]:
            return Repair(tuple(source.wrap(body.elts[1], "", f", {names[2]}")))
    return None
