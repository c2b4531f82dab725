"""Mends a list of the inputs' names, over which the cell goes to make its batch, and which lacks one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bertmagic.repair.asked import quoted
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import constant
from bertmagic.repair.trouble import Repair, Trouble


@repairs("input-missing")
def keep_the_missing_input(trouble: Trouble) -> Repair | None:
    """The names are of just those inputs that are fed: the missing one too, where the encoding has it."""
    missing = trouble.finding.evidence.get("missing")
    if trouble.call is None or not isinstance(missing, list) or not missing:
        return None
    fed = {each.name for each in trouble.call.inputs}
    wanted = fed | set(missing)
    if not any(isinstance(held, Mapping) and wanted <= set(held) for held in trouble.namespace.values()):
        return None
    return _with_names(trouble, fed, missing)


@repairs("sequence-length-mismatch")
def cut_the_other_inputs_too(trouble: Trouble) -> Repair | None:
    """The names are of just those inputs that have the ids' length: what is done to them is done to the others too."""
    inputs = [each for each in trouble.call.inputs if len(each.shape) == 2] if trouble.call is not None else []
    ids = next((each for each in inputs if each.role == "input_ids"), None)
    if ids is None:
        return None
    others = [each.name for each in inputs if each.shape[1] != ids.shape[1]]
    return _with_names(trouble, {each.name for each in inputs} - set(others), others) if others else None


def _with_names(trouble: Trouble, names: set[str], more: list[str]) -> Repair | None:
    """More names at the end of the one literal of just these names over which the cell goes."""
    found = {each for each in _gone_over(trouble) if set(map(constant, each.elts)) == names}
    if len(found) != 1 or len(names) < 2:
        return None
    (literal,) = found
    return Repair(tuple(trouble.source.append(literal, quoted(trouble, name)) for name in more))


def _gone_over(trouble: Trouble) -> Iterator[ast.Tuple | ast.List | ast.Set]:
    for node in ast.walk(trouble.source.tree):
        if isinstance(node, (ast.For, ast.comprehension)):
            literal = trouble.flow.resolve(node.iter).node
            if isinstance(literal, (ast.Tuple, ast.List, ast.Set)):
                yield literal
