"""Mends token ids and token types that the model has no embedding for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from bertmagic.facts.call import EncoderCallFacts
from bertmagic.facts.padding import padding_positions
from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.feeding import VERBS, Fed, fed, inputs_of
from bertmagic.repair.leftovers import without_leftovers
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.tokenizing import is_hub, literal, with_settings
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.dialect import family

# Ids beyond the model's rows that are a slip of counting.
_MOST_ROWS = 16
_DRAWS = ("randint", "integers", "uniform", "random_integers")


@repairs("ids-out-of-vocabulary")
def write_the_special_token(trouble: Trouble) -> Repair | None:
    """One number that is no token's stands in the cell: it is the tokenizer's padding or mask token instead."""
    bad = trouble.finding.evidence.get("ids")
    if not isinstance(bad, list) or len(bad) != 1:
        return None
    new = _meant(trouble, bad[0])
    if new is None:
        return None
    places = [each for each in _literals(trouble, bad[0]) if _belongs_to_ids(trouble, each)]
    places = places or _literals(trouble, bad[0])
    if len(places) != 1:
        return None
    return Repair((trouble.source.replace(places[0], new),))


@repairs("ids-out-of-vocabulary")
def draw_within_the_vocabulary(trouble: Trouble) -> Repair | None:
    """Ids that are drawn at random: up to the vocabulary's size."""
    rows = trouble.finding.evidence.get("vocabulary rows")
    if not isinstance(rows, int):
        return None
    found = []
    for node in trouble.source.calls(*_DRAWS):
        for given in (*node.args, *(each.value for each in node.keywords)):
            value = literal(trouble, given)[1]
            if isinstance(value, int) and value > rows:
                found.append(given)
    if len(found) != 1:
        return None
    place, _ = literal(trouble, found[0])
    return Repair((trouble.source.replace(place, _vocabulary_size(trouble, rows)),))


@repairs("ids-out-of-vocabulary")
def leave_the_ids_as_they_are(trouble: Trouble) -> Repair | None:
    """The tokenizer's ids were moved by a number: they are not."""
    ids = _fed_ids(trouble)
    if ids is None or ids.expression is None:
        return None
    for origin in trouble.flow.chain(ids.expression):
        node = origin.node
        if origin.path or not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
            continue
        kept, by = (node.left, node.right) if constant(node.right) is not None else (node.right, node.left)
        if isinstance(literal(trouble, by)[1], int) and not (isinstance(node.op, ast.Sub) and kept is node.right):
            return Repair((trouble.source.replace(node, trouble.source.segment(kept)),))
    return None


def _meant(trouble: Trouble, number: int) -> str | None:
    """The special token that a number stands for, as the cell may write it: padding at rows' ends, else the mask."""
    call = trouble.call
    tokenizer = _tokenizer_at_hand(trouble)
    for _, ids in () if call is None else call.token_ids():
        values = ids.values
        if values is None or values.ndim != 2 or not (values == number).any():
            continue
        at = values == number
        if bool((padding_positions(values, number) == at).all()):
            if tokenizer is not None:
                return f"{tokenizer}.pad_token_id"
            return trouble.pad
        if tokenizer is not None and getattr(_held(trouble, tokenizer), "mask_token_id", None) is not None:
            share = float(np.mean(at))
            return f"{tokenizer}.mask_token_id" if share < 0.6 else None
    return None


def _held(trouble: Trouble, said: str) -> object:
    first, _, rest = said.partition(".")
    found = trouble.namespace.get(first)
    return getattr(found, rest, None) if rest else found


def _tokenizer_at_hand(trouble: Trouble) -> str | None:
    known = trouble.call.tokenizer if trouble.call is not None else None
    if known is not None and known.said is not None:
        if not known.holds:
            return known.said
        held = _held(trouble, f"{known.said}.tokenizer")
        named = [name for name, value in trouble.namespace.items() if value is held and name[:1] != "_"]
        return named[0] if held is not None and len(named) == 1 else f"{known.said}.tokenizer"
    found = [
        name
        for name, value in trouble.namespace.items()
        if name[:1] != "_"
        and hasattr(type(value), "mask_token_id" if not is_hub(value) else "vocabulary_size")
        and hasattr(value, "mask_token_id")
    ]
    return found[0] if len(found) == 1 else None


def _literals(trouble: Trouble, number: int) -> list[ast.expr]:
    """Where the cell writes a number, its sign along."""
    return [
        node
        for node in trouble.source.nodes(ast.Constant, ast.UnaryOp)
        if isinstance(node, ast.expr) and type(constant(node)) is int and constant(node) == number
    ]


def _belongs_to_ids(trouble: Trouble, node: ast.expr) -> bool:
    """Whether a literal stands in what makes the token ids that are fed."""
    ids = _fed_ids(trouble)
    if ids is None:
        return False
    return ids.expression is not None and any(inner is node for inner in trouble.flow.parts(ids.expression))


def _fed_ids(trouble: Trouble) -> Fed | None:
    call = trouble.call
    if call is None:
        return None
    for encoder_call in call.encoder_calls:
        at = trouble.encoder_at(encoder_call)
        found = None if at is None else fed(trouble, at, encoder_call.encoder.name("input_ids"))
        if found is not None:
            return found
    at = trouble.at
    return None if at is None else fed(trouble, at, call.model.name("input_ids"))


def _vocabulary_size(trouble: Trouble, rows: int) -> str:
    call = trouble.call
    if call is not None and call.model.is_transformers:
        held = trouble.value(call.model.said)
        if getattr(getattr(held, "config", None), "vocab_size", None) == rows:
            return f"{call.model.said}.config.vocab_size"
    return str(rows)


# Token types.


@repairs("ids-out-of-vocabulary")
def as_many_rows_as_ids(trouble: Trouble) -> Repair | None:
    """A vocabulary of the cell's own: the model that is made in it gets a row for each id."""
    call, ids = trouble.call, trouble.finding.evidence.get("ids")
    if call is None or call.tokenizer is not None or not isinstance(ids, list) or min(ids, default=-1) < 0:
        return None
    if any(each.pretrained for each in call.model.encoders):
        return None
    highest = max(
        int(each.values.max()) for _, each in call.token_ids() if each.values is not None and each.values.size
    )
    sizes = [
        given
        for each in trouble.source.calls()
        for name in ("vocab_size", "vocabulary_size")
        if (given := keyword_of(each, name)) is not None
    ]
    rows = trouble.finding.evidence.get("vocabulary rows")
    if len(sizes) != 1 or not isinstance(rows, int) or not 0 < highest + 1 - rows <= _MOST_ROWS:
        return None
    value = sizes[0].value
    text = (
        str(highest + 1)
        if isinstance(value, ast.Constant)
        else f"{trouble.source.segment(value)} + {highest + 1 - rows}"
    )
    return Repair(
        (trouble.source.replace(value, text),), instead="count the ids of the vocabulary from 0, without gaps"
    )


@repairs("token-type-ids-invalid")
def write_no_types_into_the_encoding(trouble: Trouble) -> Repair | None:
    """A model of one type: an encoding gets no types written into it."""
    if not any(encoder_call.encoder.types == 1 for encoder_call, _ in _with_types(trouble)):
        return None
    written = _written(trouble)
    if len(written) != 1 or not isinstance(written[0], ast.Assign):
        return None
    return Repair(without_leftovers(trouble, [trouble.source.remove(written[0])]))


def _written(trouble: Trouble) -> list[ast.stmt]:
    """The statements that write the item of an encoding or dict."""
    return [
        trouble.source.statement(node)
        for node in trouble.source.nodes(ast.Subscript)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and constant(node.slice) == "token_type_ids"
    ]


@repairs("token-type-ids-invalid")
def ask_the_tokenizer_for_none(trouble: Trouble) -> Repair | None:
    """A model of one type gets a tokenizer's types with all else of its encoding: they are not asked for."""
    for encoder_call, _ in _with_types(trouble):
        if encoder_call.encoder.types != 1:
            continue
        for facts, node in trouble.tokenizer_calls():
            at = trouble.encoder_at(encoder_call) or trouble.at
            if at is None or facts.tokenizer.library == "keras-hub":
                continue
            types = fed(trouble, at, "token_type_ids")
            if types is not None and types.expression is None and types.origin.node is node and not _written(trouble):
                return Repair(tuple(with_settings(trouble, node, return_token_type_ids="False")))
    return None


@repairs("token-type-ids-invalid")
def leave_the_types_out(trouble: Trouble) -> Repair | None:
    """A model of one type needs none."""
    for encoder_call, _ in _with_types(trouble):
        if encoder_call.encoder.types != 1:
            continue
        name = encoder_call.encoder.name("token_type_ids")
        for at in (trouble.encoder_at(encoder_call), trouble.at):
            edits = [] if at is None else _left_out(trouble, at, name)
            if edits:
                return Repair(without_leftovers(trouble, edits))
    return None


@repairs("token-type-ids-invalid")
def keep_the_types_in_range(trouble: Trouble) -> Repair | None:
    """Types counted from 1 are counted from 0; of more than the model has, the last ones share its last."""
    for encoder_call, types in _with_types(trouble):
        rows, name = encoder_call.encoder.types, encoder_call.encoder.name("token_type_ids")
        for at in (trouble.encoder_at(encoder_call), trouble.at):
            found = None if at is None else fed(trouble, at, name)
            if found is None or found.expression is None or rows is None or types.values is None:
                continue
            text = _in_range(trouble, found.expression, types, rows)
            if text is not None:
                return Repair((trouble.source.replace(found.expression, text),))
    return None


def _with_types(trouble: Trouble) -> Iterator[tuple[EncoderCallFacts, TensorFacts]]:
    for each in () if trouble.call is None else trouble.call.encoder_calls:
        types = each.whole("token_type_ids")
        if types is not None and each.encoder.types:
            yield each, types


def _left_out(trouble: Trouble, at: ast.Call, name: str) -> list[Edit]:
    source = trouble.source
    if keyword_of(at, name) is not None:
        return source.without_keyword(at, name)
    whole = inputs_of(at)
    heads = ((), (0,)) if last_name(at.func) in VERBS else ((),)
    spread = [each.value for each in at.keywords if each.arg is None]
    for start in (*([whole] if whole is not None else []), *spread):
        for head in heads:
            node = trouble.flow.resolve(start, head).node
            if isinstance(node, ast.Dict):
                for index, key in enumerate(node.keys):
                    if constant(key) == name:
                        return [source.without_item(node, index)]
            if isinstance(node, ast.Call) and last_name(node.func) == "dict" and keyword_of(node, name) is not None:
                return source.without_keyword(node, name)
    return []


def _in_range(trouble: Trouble, node: ast.expr, types: TensorFacts, rows: int) -> str | None:
    values, text = types.values, trouble.source.segment(node)
    if values is None or int(values.min()) < 0:
        return None
    simple = isinstance(node, (ast.Name, ast.Call, ast.Subscript, ast.Attribute))
    if int(values.min()) == 1 and int(values.max()) == rows:
        return f"{text} - 1" if simple else f"({text}) - 1"
    kind = family(types)
    if kind == "torch":
        return f"{text if simple else f'({text})'}.clamp(max={rows - 1})"
    module = trouble.module("tensorflow") if kind == "tensorflow" else trouble.module("numpy", "jax.numpy")
    return None if module is None else f"{module}.minimum({text}, {rows - 1})"
