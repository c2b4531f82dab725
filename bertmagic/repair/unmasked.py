"""Gives models the mask of rows that an edit has padded, where they had none as there was no padding yet."""

from __future__ import annotations

import ast

from bertmagic.repair.feeding import VERBS, inputs_of
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of, last_name
from bertmagic.repair.trouble import Trouble


def masks_too(trouble: Trouble, maker: ast.Call, tokenizer: str | None = None) -> list[Edit]:
    """The attention mask for each direct call of a model that gets the tensor that `maker` makes, and no mask."""
    source, edits = trouble.source, []
    tokenizer = tokenizer or trouble.tokenizer
    for call in source.calls():
        if call is maker:
            continue
        masked = keyword_of(call, "attention_mask")
        if masked is not None:
            edits += _by_tokens(trouble, masked.value, tokenizer) if _is_model(trouble, call.func) else []
            continue
        if last_name(call.func) in VERBS:
            edits += _fed_too(trouble, call, maker, tokenizer)
            continue
        ids = keyword_of(call, "input_ids")
        given = ids.value if ids is not None else call.args[0] if call.args else None
        if not isinstance(given, ast.Name) or not _is_model(trouble, call.func):
            continue
        if not any(origin.node is maker for origin in trouble.flow.chain(given)) or len(call.args) > 1:
            continue
        text = source.segment(given)
        mask = _mask(trouble, text, tokenizer)
        if mask is None:
            continue
        start = source.span(ids if ids is not None else given)[1]
        edits.append(Edit(start, start, f", attention_mask={mask}"))
    return edits


def _by_tokens(trouble: Trouble, mask: ast.expr, tokenizer: str | None) -> list[Edit]:
    """A mask of as many ones as each row is long, `[[1] * len(row) for row in rows]`: 1 on what is no padding.

    Raises `NotEditable` where a mask is of ones alone in another way: the padding would be read.
    """
    for each in trouble.flow.parts(mask):
        if isinstance(each, ast.Call) and last_name(each.func) in ("ones", "ones_like"):
            raise NotEditable
        if not isinstance(each, ast.BinOp) or not isinstance(each.op, ast.Mult) or constant(each.left) != [1]:
            continue
        counted = each.right.args[0] if isinstance(each.right, ast.Call) and each.right.args else None
        if tokenizer is None or counted is None or last_name(each.right.func) != "len":  # type: ignore[attr-defined]
            raise NotEditable
        rows = trouble.source.segment(counted)
        return [trouble.source.replace(each, f"[int(token != {tokenizer}.pad_token_id) for token in {rows}]")]
    return []


def _fed_too(trouble: Trouble, verb: ast.Call, maker: ast.Call, tokenizer: str | None) -> list[Edit]:
    """The mask beside the ids, where a `fit` or `predict` of a transformers model is given these alone."""
    given = inputs_of(verb)
    owner = verb.func.value if isinstance(verb.func, ast.Attribute) else None
    if not isinstance(given, ast.Name) or owner is None or not _is_model(trouble, owner) or tokenizer is None:
        return []
    if not any(origin.node is maker for origin in trouble.flow.chain(given)):
        return []
    text = trouble.source.segment(given)
    by_numpy = isinstance(maker.func, ast.Attribute) and ast.unparse(maker.func.value) == trouble.module("numpy")
    mask = f'({text} != {tokenizer}.pad_token_id).astype("int32")' if by_numpy else _mask(trouble, text, tokenizer)
    if mask is None:
        return []
    return [trouble.source.replace(given, f'{{"input_ids": {text}, "attention_mask": {mask}}}')]


def _mask(trouble: Trouble, ids: str, tokenizer: str | None) -> str | None:
    if tokenizer is None:
        return None
    pad = f"{tokenizer}.pad_token_id"
    if trouble.module("torch") is not None and trouble.module("tensorflow") is None:
        return f"({ids} != {pad}).long()"
    tf = trouble.module("tensorflow")
    return None if tf is None else f"{tf}.cast({ids} != {pad}, {tf}.int32)"


def _is_model(trouble: Trouble, func: ast.expr) -> bool:
    """Whether what is called is a model of the cell, by name."""
    held = trouble.value(func.id) if isinstance(func, ast.Name) else None
    return held is not None and hasattr(held, "config") and (hasattr(held, "forward") or hasattr(held, "call"))
