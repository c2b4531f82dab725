"""Which expression of the cell gives a model each of its inputs, and its labels."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass

from bertmagic.repair.flow import Flow, Origin, Path
from bertmagic.repair.source import keyword_of, last_name
from bertmagic.repair.trouble import Trouble

VERBS = ("fit", "predict", "evaluate", "train_on_batch", "test_on_batch", "predict_on_batch")
# Where Keras and PyTorch do not tell the order of a call's arguments: that of transformers' encoders, most of them.
_ORDER = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True)
class Fed:
    """One input: `expression` is the first on the way back that is the input itself; None where the way ends in
    something that holds it (an encoding) at `origin`.
    """

    expression: ast.expr | None
    origin: Origin


def inputs_of(call: ast.Call) -> ast.expr | None:
    """The expression of all inputs of a `fit` or `predict`, or the first argument of a direct call."""
    given = keyword_of(call, "x") or keyword_of(call, "inputs")
    if call.args and not isinstance(call.args[0], ast.Starred):
        return call.args[0]
    return None if given is None else given.value


def labels_of(trouble: Trouble, call: ast.Call) -> Fed | None:
    """The labels of a training call: `y`, `labels=`, the second part of a dataset's elements."""
    given = keyword_of(call, "labels") or keyword_of(call, "y")
    if given is not None:
        return _first(trouble.flow, given.value, ())
    if last_name(call.func) in VERBS and len(call.args) > 1:
        return _first(trouble.flow, call.args[1], ())
    whole = inputs_of(call)
    if whole is not None and last_name(call.func) in VERBS:
        return _first(trouble.flow, whole, (1,))
    for each in (*(each.value for each in call.keywords if each.arg is None), *call.args[:1]):
        found = _first(trouble.flow, each, ("labels",))
        if found is not None and found.expression is not None:
            return found
    return None


def fed(trouble: Trouble, call: ast.Call, name: str) -> Fed | None:
    """What a call gives for the input of that name."""
    given = keyword_of(call, name)
    if given is not None:
        return _first(trouble.flow, given.value, ())
    verb = last_name(call.func) in VERBS
    whole = inputs_of(call)
    if whole is not None:
        found = _whole(trouble, whole, name, verb)
        if found is not None:
            return found
        if not verb:
            place = argument_names(trouble, call).index(name) if name in argument_names(trouble, call) else None
            if place is not None and place < len(call.args):
                return _first(trouble.flow, call.args[place], ())
    spread = [each.value for each in call.keywords if each.arg is None]
    return _first(trouble.flow, spread[0], (name,)) if len(spread) == 1 else None


def _whole(trouble: Trouble, whole: ast.expr, name: str, verb: bool) -> Fed | None:
    """The input as an item of what holds all inputs: by its name in a dict, by its place in a list."""
    flow = trouble.flow
    heads: tuple[Path, ...] = ((), (0,)) if verb else ((),)
    names = [each.name for each in trouble.call.model.inputs] if trouble.call is not None else []
    for head in heads:
        end = flow.resolve(whole, head)
        if not end.path and (isinstance(end.node, (ast.Dict, ast.DictComp)) or _gives_encoding(trouble, end.node)):
            return _first(flow, whole, (*head, name))
        if (
            isinstance(end.node, (ast.List, ast.Tuple))
            and not end.path
            and name in names
            and not (verb and head == () and _is_pair(end))
        ):
            return _first(flow, whole, (*head, names.index(name)))
    call = trouble.call
    alone = call is not None and call.container == "arrays" and [each.name for each in call.inputs] == [name]
    if verb and (len(names) == 1 or alone):
        return _first(flow, whole, ())
    return None


def _is_pair(end: Origin) -> bool:
    """Whether a tuple is an element of a dataset: inputs that are a dict or tuple themselves, then labels."""
    return isinstance(end.node, ast.Tuple)


def _gives_encoding(trouble: Trouble, node: ast.expr) -> bool:
    """Whether an expression is a tokenizer's call (or a preprocessor's), whose value goes by the inputs' names."""
    return any(found is node for _, found in trouble.tokenizer_calls())


def argument_names(trouble: Trouble, call: ast.Call) -> list[str]:
    """The names of a direct call's arguments by position."""
    said = ast.unparse(call.func)
    owner = trouble.value(said)
    for verb in ("call", "forward"):
        function = getattr(owner, verb, None)
        if function is not None:
            try:
                return [each for each in inspect.signature(function).parameters if each != "self"]
            except (TypeError, ValueError):
                break
    return list(_ORDER)


def _first(flow: Flow, node: ast.expr, path: Path) -> Fed | None:
    """The first expression on the way back that is the value itself."""
    steps = list(flow.chain(node, path))
    own = next((each.node for each in steps if not each.path), None)
    return Fed(own, steps[-1])
