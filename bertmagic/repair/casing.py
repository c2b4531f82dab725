"""Mends a tokenizer that treats capital letters otherwise than its vocabulary does."""

from __future__ import annotations

import ast

from bertmagic.facts.cell import TokenizerCallFacts
from bertmagic.repair.places import top_level
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble


@repairs("tokenizer-casing")
def set_the_casing(trouble: Trouble) -> Repair | None:
    """The tokenizer is made with the casing of its vocabulary; anew where an earlier cell made it."""
    lowers = not trouble.finding.evidence.get("lower-cases")
    for facts, node in trouble.tokenizer_calls():
        if facts.casing is None or not facts.casing.changed or facts.casing.lowers == lowers:
            continue
        hub = facts.tokenizer.library == "keras-hub"
        maker = _maker(trouble, facts, node)
        name = "lowercase" if hub else "do_lower_case"
        if maker is not None:
            given = keyword_of(maker, name)
            if given is None and any(each.arg is None for each in maker.keywords):
                return None
            return Repair(tuple(trouble.source.keyword(maker, name, str(lowers))))
        line = _made_anew(trouble, facts, lowers=lowers)
        if line is not None:
            return Repair((trouble.source.before(top_level(trouble, node), line),))
    return None


def _maker(trouble: Trouble, facts: TokenizerCallFacts, node: ast.Call) -> ast.Call | None:
    """The call in the cell that makes the tokenizer."""
    func = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    made = trouble.flow.resolve(func).node
    if facts.tokenizer.library == "keras-hub":
        found = [each for each in trouble.source.calls() if _makes_tokenizer(each)]
        return found[0] if len(found) == 1 else None
    return made if isinstance(made, ast.Call) and _makes_tokenizer(made) else None


def _makes_tokenizer(call: ast.Call) -> bool:
    """Whether it is `…Tokenizer(…)`, `…TokenizerFast(…)`, or `from_pretrained` or `from_preset` of such."""
    func = call.func
    if last_name(func) in ("from_pretrained", "from_preset") and isinstance(func, ast.Attribute):
        func = func.value
    return (last_name(func) or "").endswith(("Tokenizer", "TokenizerFast"))


def _made_anew(trouble: Trouble, facts: TokenizerCallFacts, *, lowers: bool) -> str | None:
    said = facts.tokenizer.said
    held = trouble.value(said)
    if held is None or said is None:
        return None
    kind = type(held).__name__
    known = kind if trouble.namespace.get(kind) is type(held) else f"type({said})"
    if facts.tokenizer.library != "keras-hub":
        path = getattr(held, "name_or_path", "")
        return f"{said} = {known}.from_pretrained({said}.name_or_path, do_lower_case={lowers})" if path else None
    return None if facts.tokenizer.holds else f"{said} = {known}({said}.get_vocabulary(), lowercase={lowers})"
