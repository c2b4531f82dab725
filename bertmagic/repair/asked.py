"""What a tokenizer's call is asked for, as the cell writes it: read and changed where it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.feeding import Fed, fed
from bertmagic.repair.source import Edit, constant, keyword_of
from bertmagic.repair.trouble import Trouble


def quoted(trouble: Trouble, text: str) -> str:
    """A string as the cell writes strings."""
    body = trouble.source.written.body
    return f"'{text}'" if body.count("'") > body.count('"') else f'"{text}"'


def asked(trouble: Trouble, node: ast.Call, name: str) -> ast.expr | None:
    """The literal or expression that a call's keyword is given, followed back through names and `**settings`."""
    given = keyword_of(node, name)
    if given is not None:
        return trouble.flow.resolve(given.value).node
    for each in node.keywords:
        if each.arg is None:
            origin = trouble.flow.resolve(each.value, (name,))
            if not origin.path:
                return origin.node
    return None


def ask(trouble: Trouble, node: ast.Call, name: str, value: str) -> list[Edit]:
    """The call with that keyword, which is changed where it is written. `value`: Python; a string in double quotes."""
    if value.startswith('"'):
        value = quoted(trouble, value[1:-1])
    there = asked(trouble, node, name)
    if there is not None and keyword_of(node, name) is None and isinstance(there, ast.Constant):
        return [trouble.source.replace(there, value)]
    if there is not None and isinstance(there, ast.Constant) and isinstance(_given(node, name), ast.Name):
        return [trouble.source.replace(there, value)]
    return trouble.source.keyword(node, name, value)


def _given(node: ast.Call, name: str) -> ast.expr | None:
    given = keyword_of(node, name)
    return None if given is None else given.value


def calls_of_tokenizers(trouble: Trouble) -> list[ast.Call]:
    """All calls of tokenizers that the cell writes: those that were seen, and those like them that were not yet run."""
    seen = [node for _, node in trouble.tokenizer_calls()]
    said = {ast.unparse(each.func) for each in seen}
    return seen + [each for each in trouble.source.calls() if each not in seen and ast.unparse(each.func) in said]


def given_for(trouble: Trouble) -> Iterator[tuple[TensorFacts, Fed]]:
    """Each input of the model's call with what the cell gives for it."""
    at, call = trouble.at, trouble.call
    if at is None or call is None:
        return
    for tensor in call.inputs:
        found = fed(trouble, at, tensor.name)
        if found is not None:
            yield tensor, found


def made_by(trouble: Trouble, node: ast.expr) -> ast.Call | None:
    """The tokenizer's call that an expression's value is made by, be it through arrays, casts and comprehensions."""
    tokenizers = calls_of_tokenizers(trouble)
    seen: set[ast.AST] = set()
    todo: list[ast.expr] = [node]
    while todo and len(seen) < 200:
        one = todo.pop(0)
        if one in seen:
            continue
        seen.add(one)
        if isinstance(one, ast.Call) and one in tokenizers:
            return one
        for origin in trouble.flow.chain(one):
            if origin.node is one:
                continue
            todo.append(origin.node)
        todo += [each for each in ast.walk(one) if isinstance(each, (ast.Name, ast.Call)) and each is not one]
    return None


def is_encoding(trouble: Trouble, node: ast.expr) -> bool:
    """Whether an expression gives a tokenizer's whole encoding, as it is."""
    origin = trouble.flow.resolve(node)
    return not origin.path and any(origin.node is each for each in calls_of_tokenizers(trouble))


def takes_texts(node: ast.Call) -> ast.expr | None:
    """The texts that a tokenizer's call is given."""
    if node.args and not isinstance(node.args[0], ast.Starred):
        return node.args[0]
    given = keyword_of(node, "text") or keyword_of(node, "batch_text_or_text_pairs")
    return None if given is None else given.value


def says(node: ast.AST | None, *values: object) -> bool:
    """Whether an expression is a literal of one of these values."""
    return constant(node) in values
