"""Mends rows without special tokens, or with twice as many."""

from __future__ import annotations

import ast

from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.tokenizing import setting, texts_of, with_settings
from bertmagic.repair.trouble import Repair, Trouble

_MARKS = ("[CLS]", "[SEP]", "<s>", "</s>")


@repairs("special-tokens-missing")
def let_the_tokenizer_add_them(trouble: Trouble) -> Repair | None:
    """The tokenizer was told to leave them out: it is no more."""
    source = trouble.source
    edits: list[Edit] = []
    for _, node in trouble.tokenizer_calls():
        given = setting(trouble, node, "add_special_tokens")
        if given is None:
            continue
        own = keyword_of(node, "add_special_tokens")
        new = source.without_keyword(node, "add_special_tokens") if own is not None else [source.replace(given, "True")]
        edits += [each for each in new if each not in edits]
    return Repair(tuple(edits)) if edits else None


@repairs("special-tokens-missing")
def encode_in_place_of_pieces(trouble: Trouble) -> Repair | None:
    """`convert_tokens_to_ids(tokenize(text))` gives pieces alone: `encode` frames them, or they are framed by hand."""
    source, found = trouble.source, list(trouble.source.calls("convert_tokens_to_ids"))
    edits: list[Edit] = []
    for node in found:
        if not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
            continue
        tokenizer, given = source.segment(node.func.value), node.args[0]
        inner = given
        if isinstance(inner, ast.Call) and last_name(inner.func) == "tokenize" and len(inner.args) == 1:
            edits.append(source.replace(node, f"{tokenizer}.encode({source.segment(inner.args[0])})"))
        elif _is_pieces(trouble, given):
            text = source.segment(given)
            spread = text if isinstance(given, (ast.Name, ast.Call, ast.Subscript, ast.Attribute)) else f"({text})"
            framed = f"[{tokenizer}.cls_token, *{spread}, {tokenizer}.sep_token]"
            edits.append(source.replace(given, framed))
    return Repair(tuple(edits)) if edits else None


def _is_pieces(trouble: Trouble, node: ast.expr) -> bool:
    """Whether an expression is a list of one text's pieces: what `tokenize` gave, perhaps cut."""
    while isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        node = node.value
    made = trouble.flow.resolve(node).node
    while isinstance(made, ast.Subscript) and isinstance(made.slice, ast.Slice):
        made = trouble.flow.resolve(made.value).node
    if isinstance(made, ast.Call) and last_name(made.func) == "tokenize":
        return True
    if not isinstance(node, ast.Name):
        return False
    bound = trouble.flow.bound(node.id, node)
    if bound is None or not bound.each:
        return False
    rows = trouble.flow.resolve(bound.value).node
    return isinstance(rows, ast.ListComp) and isinstance(rows.elt, ast.Call) and last_name(rows.elt.func) == "tokenize"


@repairs("special-tokens-doubled")
def leave_them_as_written(trouble: Trouble) -> Repair | None:
    """The texts have special tokens already: the tokenizer adds none."""
    edits: list[Edit] = []
    for facts, node in trouble.tokenizer_calls():
        if facts.tokenizer.library == "keras-hub" or texts_of(node) is None or last_name(node.func) == "pad":
            continue  # `pad` takes token ids, and adds nothing to them
        new = with_settings(trouble, node, add_special_tokens="False")
        edits += [each for each in new if each not in edits]
    return Repair(tuple(edits), title="Leave the special tokens to the text") if edits else None


@repairs("special-tokens-doubled")
def write_none(trouble: Trouble) -> Repair | None:
    """A preprocessor always adds them: the texts are left without."""
    source, edits = trouble.source, []
    for node in source.nodes(ast.BinOp, ast.JoinedStr):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            if isinstance(source.parent(node), ast.BinOp):
                continue
            parts = _parts(node)
            kept = [each for each in parts if not _is_mark(constant(each))]
            if len(kept) == 1 and len(parts) > 1:
                edits.append(source.replace(node, source.segment(kept[0])))
        elif isinstance(node, ast.JoinedStr):
            values = [each for each in node.values if not _is_mark(constant(each))]
            if len(values) == 1 < len(node.values) and isinstance(values[0], ast.FormattedValue):
                edits.append(source.replace(node, source.segment(values[0].value)))
    return Repair(tuple(edits), title="Leave the special tokens to the preprocessor") if edits else None


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_parts(node.left), *_parts(node.right)]
    return [node]


def _is_mark(value: object) -> bool:
    return isinstance(value, str) and value.strip() in _MARKS
