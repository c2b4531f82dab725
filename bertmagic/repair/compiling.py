"""Where the cell compiles its model, what the optimizer and the loss are there, and where lines before training go."""

from __future__ import annotations

import ast

from bertmagic.repair.source import constant, keyword_of, last_name
from bertmagic.repair.trouble import Trouble

_MODULES = ("tensorflow.keras", "keras", "tf_keras", "keras.api", "keras.api._v2.keras", "tf_keras.api._v2.keras")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def argument(trouble: Trouble, call: ast.Call, name: str, place: int | None = None) -> ast.expr | None:
    """What a call is given by that name, at that place, or in a dict that it spreads."""
    given = keyword_of(call, name)
    if given is not None:
        return given.value
    if place is not None and place < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args):
        return call.args[place]
    for each in call.keywords:
        holder = trouble.flow.resolve(each.value).node if each.arg is None else None
        if isinstance(holder, ast.Dict):
            for key, value in zip(holder.keys, holder.values, strict=True):
                if key is not None and constant(key) == name:
                    return value
        if isinstance(holder, ast.Call) and last_name(holder.func) == "dict":
            inner = keyword_of(holder, name)
            if inner is not None:
                return inner.value
    return None


def compile_of(trouble: Trouble) -> ast.Call | None:
    """The cell's `compile` of the model at fault, the last one before the model is called."""
    calls = [each for each in trouble.source.calls("compile") if isinstance(each.func, ast.Attribute)]
    calls = [each for each in calls if ast.unparse(each.func.value) not in ("re", "torch")]  # type: ignore[attr-defined]
    if len(calls) < 2 or trouble.call is None:
        return calls[-1] if calls else None
    own = [each for each in calls if ast.unparse(each.func.value) == trouble.call.model.said]  # type: ignore[attr-defined]
    at = trouble.at
    before = [each for each in own if at is None or each.lineno <= at.lineno]
    return before[-1] if before else own[-1] if len(own) == 1 else None


def keras_of(trouble: Trouble) -> str | None:
    """What the cell calls the Keras of its model: `tf.keras`, `keras`; None where it is not imported."""
    told = trouble.cell.tf_keras_is
    calls = trouble.cell.calls if trouble.call is None else (trouble.call,)
    models = [*(each.model for each in calls), *(each.model for each in trouble.cell.built)]
    legacy = models[0].framework == "tf-keras" if models else told == "tf-keras"
    wanted = "tf-keras" if legacy else "keras"
    for name, value in trouble.namespace.items():
        module = getattr(value, "__name__", None)
        if name.startswith("_") or not isinstance(module, str) or "odule" not in _kinds(value):
            continue
        if module in _MODULES and (("tf_keras" in module) == legacy or module.startswith("tensorflow")):
            return name
    tensorflow = trouble.module("tensorflow")
    if tensorflow is not None and (told == wanted or (told is None and legacy)):
        return f"{tensorflow}.keras"
    return None


def _kinds(value: object) -> str:
    return " ".join(each.__name__ for each in type(value).__mro__)


def entry(trouble: Trouble, node: ast.AST) -> ast.stmt | None:
    """The first statement of the cell itself, and not of a function of its, by which `node` is run."""
    source = trouble.source
    for _ in range(8):
        above = [node, *source.around(node)]
        top = next((each for each in above if source.parent(each) is source.tree), None)
        if not isinstance(top, ast.stmt):
            return None
        if not isinstance(top, _DEFINITIONS):
            return top
        names = {top.name} if isinstance(top, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else set()
        if isinstance(top, ast.ClassDef):
            made = [each for each in source.calls() if last_name(each.func) == top.name]
            bound = {
                target.id
                for each in made
                for statement in [source.statement(each)]
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            names = bound or names
        uses = [
            each
            for each in source.calls()
            if top not in source.around(each)
            and ({n.id for n in ast.walk(each.func) if isinstance(n, ast.Name)} & names)
        ]
        if not uses:
            return None
        node = uses[0]
    return None
