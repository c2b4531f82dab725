"""The settings of a tokenizer's call in the cell, and the tokenizers that it has at hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from bertmagic.facts.cell import TokenizerCallFacts
from bertmagic.repair.masks import is_known
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of, last_name
from bertmagic.repair.trouble import Trouble

# The order in which a call's settings are usually written: a new one goes before the first that comes after it.
_ORDER = (
    "is_split_into_words", "add_special_tokens", "padding", "truncation", "max_length", "sequence_length",
    "return_attention_mask", "return_token_type_ids", "return_tensors",
)  # fmt: skip
_TOKENIZER, _HUB = "PreTrainedTokenizerBase", ("Preprocessor", "Tokenizer")


def setting(trouble: Trouble, call: ast.Call, name: str) -> ast.expr | None:
    """The expression of a setting: in the call, in a dict that it spreads, or in the `partial` that it calls."""
    given = keyword_of(call, name)
    if given is not None:
        return given.value
    for spread in (each.value for each in call.keywords if each.arg is None):
        found = _in_spread(trouble, spread, name)
        if found is not None:
            return found
    made = trouble.flow.resolve(call.func).node
    return setting(trouble, made, name) if isinstance(made, ast.Call) and last_name(made.func) == "partial" else None


def with_settings(trouble: Trouble, call: ast.Call, **settings: str) -> list[Edit]:
    """The call with these settings: in place of those of the same name, else where one would write them.

    Raises `NotEditable` where the call spreads a dict that the cell does not tell, and that may hold one of them.
    """
    edits: list[Edit] = []
    for name in sorted(settings, key=_ORDER.index):
        found = setting(trouble, call, name)
        if found is not None:
            if trouble.source.segment(found) != settings[name]:
                edits.append(trouble.source.replace(found, settings[name]))
            continue
        for spread in (each.value for each in call.keywords if each.arg is None):
            if not _lacks(trouble, spread, name):
                raise NotEditable
        edits.append(_new(trouble, call, name, settings[name]))
    return edits


def _new(trouble: Trouble, call: ast.Call, name: str, value: str) -> Edit:
    later = _ORDER[_ORDER.index(name) + 1 :]
    source = trouble.source
    for given in call.keywords:
        if given.arg in later:
            start = source.span(given)[0]
            before = source.text((start[0], 0), start)
            comma = f",\n{before}" if not before.strip() else ", "
            return Edit(start, start, f"{name}={value}{comma}")
    return source.append(call, f"{name}={value}")


def _in_spread(trouble: Trouble, spread: ast.expr, name: str) -> ast.expr | None:
    node = trouble.flow.resolve(spread).node
    if isinstance(node, ast.Dict):
        return next((value for key, value in zip(node.keys, node.values, strict=True) if constant(key) == name), None)
    if isinstance(node, ast.Call) and last_name(node.func) == "dict":
        given = keyword_of(node, name)
        return None if given is None else given.value
    return None


def _lacks(trouble: Trouble, spread: ast.expr, name: str) -> bool:
    """Whether a dict that is spread has no such key, for sure."""
    node = trouble.flow.resolve(spread).node
    if isinstance(node, ast.Dict):
        return all(key is not None and constant(key) not in (None, name) for key in node.keys)
    if isinstance(node, ast.Call) and last_name(node.func) == "dict":
        return not node.args and all(each.arg is not None for each in node.keywords)
    held = trouble.value(spread.id) if isinstance(spread, ast.Name) else None
    return type(held) is dict and name not in held


def texts_of(call: ast.Call) -> ast.expr | None:
    """What a tokenizer's call is given as its texts."""
    for name in ("text", "texts", "batch_text_or_text_pairs", "x", "inputs"):
        given = keyword_of(call, name)
        if given is not None:
            return given.value
    return call.args[0] if call.args and not isinstance(call.args[0], ast.Starred) else None


def failed(trouble: Trouble) -> Iterator[tuple[TokenizerCallFacts, ast.Call]]:
    """The tokenizer's calls that ended the cell, with their places."""
    for facts, node in trouble.tokenizer_calls():
        if trouble.cell.ended_in(facts.error):
            yield facts, node


def is_transformers(value: Any) -> bool:
    """Whether an object is a tokenizer of transformers."""
    return not isinstance(value, type) and any(each.__name__ == _TOKENIZER for each in type(value).__mro__)


def is_hub(value: Any) -> bool:
    """Whether an object is a tokenizer or preprocessor of KerasHub."""
    return not isinstance(value, type) and any(
        each.__name__ in _HUB and each.__module__.startswith("keras_hub") for each in type(value).__mro__
    )


def tokenizers(trouble: Trouble) -> Mapping[str, Any]:
    """The tokenizers of transformers that the cell can call, by name."""
    return {name: value for name, value in trouble.namespace.items() if name[:1] != "_" and is_transformers(value)}


def written_as(trouble: Trouble, value: int, at: ast.AST) -> str:
    """A number as the cell would write it: the name in capitals that stands for it, else the number."""
    named = [
        name
        for name, held in trouble.namespace.items()
        if type(held) is int and held == value and name.isupper() and is_known(trouble, name, at)
    ]
    return named[0] if len(named) == 1 else str(value)


def literal(trouble: Trouble, node: ast.expr) -> tuple[ast.expr, object]:
    """Where a setting's value is written as a literal, followed back through the cell's names; and the value."""
    for origin in trouble.flow.chain(node):
        if not origin.path and constant(origin.node) is not None:
            return origin.node, constant(origin.node)
    name = node.id if isinstance(node, ast.Name) else None
    return node, trouble.value(name)


def siblings(trouble: Trouble, call: ast.Call) -> list[ast.Call]:
    """The call, and those of the cell that ask the same tokenizer for the same in other words: other texts."""
    said, asked = ast.unparse(call.func), _asked(call)
    return [
        call,
        *(
            each
            for each in trouble.source.calls()
            if each is not call and _asked(each) == asked and ast.unparse(each.func) == said
        ),
    ]


def _asked(call: ast.Call) -> list[str]:
    return sorted(ast.unparse(each) for each in call.keywords)


def tensors(trouble: Trouble) -> str:
    """The `return_tensors` for the cell's models: `"pt"`, `"tf"` or `"np"`."""
    call = trouble.call or next(iter(trouble.cell.calls), None)
    if call is None:
        return (
            "tf" if trouble.module("tensorflow") is not None else "pt" if trouble.module("torch") is not None else "np"
        )
    if call.model.framework == "torch":
        return "pt"
    return "tf" if call.model.framework == "tf-keras" and call.kind == "call" else "np"
