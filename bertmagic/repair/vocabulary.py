"""Mends a tokenizer and a model that do not belong together: embeddings resized, the model's tokenizer, its size."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from bertmagic.facts.call import EncoderCallFacts
from bertmagic.repair.masks import is_known
from bertmagic.repair.places import after_last, made_at, name_given, top_level
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.tokenizing import literal
from bertmagic.repair.trouble import Repair, Trouble

_ADDS = ("add_tokens", "add_special_tokens")
_SIZES = ("vocab_size", "vocabulary_size")
# The files of which a tokenizer is made.
_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer_config.json",
    "spiece.model",
    "sentencepiece.bpe.model",
)


@repairs("tokenizer-model-mismatch")
def resize_for_added_tokens(trouble: Trouble) -> Repair | None:
    """Tokens were added: the embeddings are resized once there are both, the tokens and the model."""
    call = trouble.call
    if call is None or call.tokenizer is None or call.model.speaks_hub or not _added(trouble):
        return None
    tokenizer, owner = call.tokenizer.said, _owner(trouble)
    if tokenizer is None or owner is None:
        return None
    edit = _resized(trouble, owner, tokenizer)
    return None if edit is None else Repair((edit,))


@repairs("tokenizer-model-mismatch")
def take_the_models_tokenizer(trouble: Trouble) -> Repair | None:
    """The tokenizer is another checkpoint's: it is loaded from the model's own."""
    call = trouble.call
    if call is None or call.tokenizer is None or _added(trouble) or call.model.speaks_hub:
        return None
    pretrained = next((each.encoder.pretrained for each in call.encoder_calls if each.encoder.pretrained), None)
    said = call.tokenizer.said
    if pretrained is None or said is None or not _has_tokenizer(pretrained):
        return None
    family = next(each.encoder.family for each in call.encoder_calls if each.encoder.pretrained)
    checkpoint = _checkpoint(trouble, pretrained)
    loaded = _definition(trouble, said)
    if loaded is None:
        used = _first_use(trouble, said)
        line = f"{said} = AutoTokenizer.from_pretrained({checkpoint})"
        if used is None:
            return None
        imports = [] if "AutoTokenizer" in trouble.namespace else ["from transformers import AutoTokenizer"]
        return Repair((trouble.source.before(top_level(trouble, used), *imports, line),))
    if last_name(loaded.func) != "from_pretrained" or not loaded.args or not isinstance(loaded.func, ast.Attribute):
        return None
    edits = [trouble.source.replace(loaded.args[0], checkpoint)]
    kind = last_name(loaded.func.value) or ""
    if kind != "AutoTokenizer" and not kind.lower().startswith(family.lower()):
        edits.append(trouble.source.replace(loaded.func.value, "AutoTokenizer"))
        if "AutoTokenizer" not in trouble.namespace:
            edits.append(trouble.source.before(top_level(trouble, loaded), "from transformers import AutoTokenizer"))
    return Repair(tuple(edits))


@repairs("tokenizer-model-mismatch")
def make_the_model_of_that_size(trouble: Trouble) -> Repair | None:
    """The model is made anew, and for another number of tokens: for the tokenizer's."""
    call, evidence = trouble.call, trouble.finding.evidence
    if call is None or call.tokenizer is None or any(each.encoder.pretrained for each in call.encoder_calls):
        return None
    said, rows, size = call.tokenizer.said, evidence.get("vocabulary rows"), evidence.get("tokens")
    if said is None or not isinstance(size, int):
        return None
    for maker in trouble.source.calls():
        for given in maker.keywords:
            if given.arg in _SIZES and literal(trouble, given.value)[1] == rows:
                text = _size(trouble, said, given.value)
                return Repair((trouble.source.replace(given.value, text or str(size)),))
    for maker in trouble.source.calls():
        if (last_name(maker.func) or "").lower().endswith("config") and _is_config(trouble, maker, rows):
            return Repair(tuple(trouble.source.keyword(maker, "vocab_size", _size(trouble, said, maker) or str(size))))
    owner = _owner(trouble)
    if call.model.speaks_hub or owner is None:
        return None
    edit = _resized(trouble, owner, said)
    return None if edit is None else Repair((edit,), title="Resize the embeddings for the tokenizer's vocabulary")


def _added(trouble: Trouble) -> bool:
    tokenizer = None if trouble.call is None else trouble.call.tokenizer
    rows = trouble.finding.evidence.get("vocabulary rows")
    if tokenizer is None or tokenizer.base_rows is None or not isinstance(rows, int):
        return False
    return tokenizer.base_rows <= rows < tokenizer.vocab_rows


def _owner(trouble: Trouble) -> str | None:
    """The model of transformers whose embeddings are too few, as the cell may write it."""
    call = trouble.call
    if call is None:
        return None
    if call.model.is_transformers:
        return call.model.said
    for each in call.encoder_calls:
        encoder = each.encoder
        for said in (encoder.said, _inside(call.model.said, each)):
            if said is not None and hasattr(_object(trouble, said), "resize_token_embeddings"):
                return said
    return None


def _inside(model: str, encoder_call: EncoderCallFacts) -> str:
    return f"{model}.{encoder_call.encoder.path}" if encoder_call.encoder.path else model


def _object(trouble: Trouble, said: str) -> Any:
    """The object that a dotted name of the cell stands for."""
    first, *rest = said.split(".")
    found = trouble.namespace.get(first)
    for each in rest:
        found = getattr(found, each, None)
    return found


def _resized(trouble: Trouble, owner: str, tokenizer: str) -> Edit | None:
    """The line that resizes, after the model is made and the tokens are added; else before the model is called."""
    source, line = trouble.source, f"{owner}.resize_token_embeddings(len({tokenizer}))"
    root = owner.partition(".")[0]
    makes = [
        each
        for each in source.nodes(ast.Assign, ast.AnnAssign)
        if isinstance(each, ast.stmt) and name_given(each) in (root, tokenizer)
    ]
    # What a function adds that makes the tokenizer is added where it is made.
    adds = [source.statement(each) for each in source.calls(*_ADDS) if not _is_within(trouble, each, makes)]
    known = [each for each in (*makes, *adds) if isinstance(source.parent(each), ast.Module)]
    if known and len(known) == len(makes) + len(adds):
        return after_last(trouble, known, line)
    used = trouble.at
    if used is None or known != [*makes, *adds]:
        return None
    return source.before(top_level(trouble, used), line)


def _is_within(trouble: Trouble, node: ast.AST, statements: list[ast.stmt]) -> bool:
    """Whether a call stands in a function of the cell that only these statements call."""
    function = trouble.source.scope(node)
    if not isinstance(function, ast.FunctionDef):
        return False
    callers = trouble.flow.callers(function)
    return bool(callers) and all(trouble.source.statement(each) in statements for each in callers)


def _definition(trouble: Trouble, said: str) -> ast.Call | None:
    """The call in the cell that makes what goes by a name."""
    found = trouble.flow.definition(said)
    if isinstance(found, ast.Call):
        return found
    for node, _ in _uses(trouble, said):
        made = made_at(trouble, node)
        if made is not None and isinstance(made[0], ast.Call):
            return made[0]
    return None


def _uses(trouble: Trouble, said: str) -> list[tuple[ast.Name, ast.Call]]:
    found = []
    for facts, node in trouble.tokenizer_calls():
        func = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if facts.tokenizer.said == said and isinstance(func, ast.Name):
            found.append((func, node))
    return found


def _first_use(trouble: Trouble, said: str) -> ast.Call | None:
    calls = [node for name, node in _uses(trouble, said) if name.id == said]
    return min(calls, key=lambda each: each.lineno, default=None)


def _has_tokenizer(pretrained: str) -> bool:
    return not Path(pretrained).is_dir() or any(Path(pretrained, each).exists() for each in _FILES)


def _checkpoint(trouble: Trouble, pretrained: str) -> str:
    """The checkpoint as the cell writes it."""
    for loaded in trouble.definitions("from_pretrained"):
        if loaded.args:
            value = literal(trouble, loaded.args[0])[1]
            if value == pretrained and is_known(trouble, trouble.source.segment(loaded.args[0]), loaded):
                return trouble.source.segment(loaded.args[0])
    named = [
        name
        for name, value in trouble.namespace.items()
        if type(value) is str and value == pretrained and name[:1] != "_"
    ]
    return named[0] if len(named) == 1 else json.dumps(pretrained)


def _size(trouble: Trouble, said: str, at: ast.AST) -> str | None:
    """The tokenizer's number of tokens, where it is known at that place."""
    call = trouble.call
    if call is None or call.tokenizer is None or not is_known(trouble, said, at):
        return None
    if call.tokenizer.library != "keras-hub":
        return f"len({said})"
    return f"{said}.tokenizer.vocabulary_size()" if call.tokenizer.holds else f"{said}.vocabulary_size()"


def _is_config(trouble: Trouble, maker: ast.Call, rows: object) -> bool:
    statement = trouble.source.statement(maker)
    if keyword_of(maker, "vocab_size") is not None or any(each.arg is None for each in maker.keywords):
        return False
    name = name_given(statement)
    held = trouble.value(name) if name is not None else None
    if held is not None and hasattr(held, "vocab_size"):
        return bool(held.vocab_size == rows)
    return constant(maker) is None and len(list(trouble.source.calls(last_name(maker.func) or ""))) == 1
