"""Mends predictions that are made with dropout on: the call's own word for it, or the modules' mode before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What a block that trains does.
_TRAINS = ("backward", "step", "apply_gradients")


@repairs("training-mode-at-inference")
def ask_for_inference(trouble: Trouble) -> Repair | None:
    """`training=True` in the call, in the model's own code, or as a default of that; the learning phase."""
    call = trouble.call
    if call is None or call.model.framework == "torch":
        return None
    if call.training_by == "learning phase":
        phases = list(trouble.definitions("set_learning_phase"))
        return Repair((trouble.source.replace(phases[-1].args[0], "0"),)) if phases and phases[-1].args else None
    inside = [each for each in call.encoder_calls if each.seen and each.training]
    for at in (trouble.at, *(trouble.source.call_at(each.sites) for each in inside)):
        given = None if at is None else keyword_of(at, "training")
        if given is not None and constant(given.value) is True:
            return Repair((trouble.source.replace(given.value, _mode_at(trouble, given)),))
        said = None if given is None else _told_elsewhere(trouble, given.value)
        if said is not None:
            return Repair((trouble.source.replace(said, "False"),))
    if call.training_by == "default":
        return _other_default(trouble)
    # In a function that TensorFlow traces, the call's own line is lost.
    asked = [
        given
        for each in trouble.source.calls()
        if (given := keyword_of(each, "training")) is not None and constant(given.value) is True
    ]
    if trouble.at is None and len(asked) == 1:
        return Repair((trouble.source.replace(asked[0].value, _mode_at(trouble, asked[0])),))
    return None


@repairs("training-mode-at-inference")
def evaluation_mode(trouble: Trouble) -> Repair | None:
    """The model is set to evaluation mode before the block that predicts, and back where training goes on after it."""
    at, call = trouble.at, trouble.call
    if at is None or call is None or call.model.framework != "torch":
        return None
    source = trouble.source
    said = ast.unparse(at.func)
    block: ast.stmt = source.statement(at)
    for above in source.around(block):
        if isinstance(above, (*_FUNCTIONS, ast.ClassDef, ast.Module)):
            break
        if isinstance(above, ast.stmt):
            if _trains(above) or _makes(above, said):
                break
            block = above
    edits: list[Edit] = [source.before(block, f"{said}.eval()")]
    around = next((each for each in source.around(block) if isinstance(each, (ast.For, ast.While))), None)
    if around is not None and _trains(around) and not _sets(around, "train"):
        edits.append(source.after(block, f"{said}.train()"))
    return Repair(tuple(edits))


def _told_elsewhere(trouble: Trouble, mode: ast.expr) -> ast.expr | None:
    """The `True` that the mode comes from, in a cell that trains nothing: a parameter's default, else a value."""
    if _trains(trouble.source.tree) or any(trouble.source.calls("fit", "train_on_batch", "GradientTape")):
        return None
    function = trouble.source.scope(mode)
    if isinstance(function, _FUNCTIONS) and isinstance(mode, ast.Name):
        for name, default in _defaults(function.args):
            if name == mode.id and not any(_gives(each, function, name) for each in trouble.flow.callers(function)):
                return default if constant(default) is True else None
    value = trouble.flow.resolve(mode).node
    return value if constant(value) is True else None


def _defaults(given: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """The parameters that have a default, and those."""
    named = given.posonlyargs + given.args
    for name, value in zip(named[len(named) - len(given.defaults) :], given.defaults, strict=True):
        yield name.arg, value
    for name, given_value in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if given_value is not None:
            yield name.arg, given_value


def _gives(call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> bool:
    """Whether a call may give that parameter a value."""
    names = [each.arg for each in function.args.posonlyargs + function.args.args]
    place = names.index(name) - (names[:1] == ["self"]) if name in names else len(call.args)
    spread = any(each.arg is None for each in call.keywords) or any(isinstance(each, ast.Starred) for each in call.args)
    return spread or keyword_of(call, name) is not None or place < len(call.args)


def _mode_at(trouble: Trouble, given: ast.keyword) -> str:
    """What to write for the mode: the function's own parameter where it has one."""
    function = trouble.source.scope(given)
    names = [each.arg for each in function.args.args] if isinstance(function, _FUNCTIONS) else []
    return "training" if "training" in names else "False"


def _other_default(trouble: Trouble) -> Repair | None:
    for function in trouble.source.nodes(ast.FunctionDef):
        if not isinstance(function, ast.FunctionDef) or function.name != "call":
            continue
        for name, value in _defaults(function.args):
            if name == "training" and constant(value) is True:
                return Repair((trouble.source.replace(value, "False"),))
    return None


def _trains(block: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) and last_name(each.func) in _TRAINS for each in ast.walk(block))


def _sets(block: ast.AST, mode: str) -> bool:
    return any(isinstance(each, ast.Call) and last_name(each.func) == mode for each in ast.walk(block))


def _makes(block: ast.AST, said: str) -> bool:
    """Whether the block itself gives the model its name."""
    return any(
        isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) and each.id == said for each in ast.walk(block)
    )
