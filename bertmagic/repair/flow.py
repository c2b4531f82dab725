"""Where a value in the cell comes from, as far as its source says: names followed back to what they were given."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bertmagic.repair.source import Source, constant, keyword_of, last_name

# The way into a value: keys of a dict, places of a list or tuple.
Path: TypeAlias = "tuple[str | int, ...]"

# What gives its first argument on as it is, or as a container of the same items.
_PASSES_ON = frozenset(
    {"dict", "list", "tuple", "from_tensor_slices", "from_tensors", "TensorDataset", "copy", "deepcopy"}
)
# Methods of a dataset or encoding that give the same elements again.
_SAME_ELEMENTS = frozenset(
    {
        "shuffle",
        "batch",
        "prefetch",
        "cache",
        "repeat",
        "take",
        "skip",
        "with_options",
        "copy",
        "to",
        "eval",
        "train",
        "cuda",
    }
)
_FIELDS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_MOST_STEPS = 32


@dataclass(frozen=True)
class Bound:
    """What a name was given: `value` at `path`; `by`: the statement or comprehension that gives it.

    `each`: it is each item of the value in turn, as in a loop.
    """

    value: ast.expr
    path: Path
    by: ast.AST
    each: bool = False


@dataclass(frozen=True)
class Origin:
    """Where a value comes from: an expression that tells no more of itself, and the way into what it gives."""

    node: ast.expr
    path: Path = ()


class Flow:
    """Follows values through the assignments, containers and functions of one cell."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def bound(self, name: str, at: ast.AST) -> Bound | None:
        """What a name that stands at `at` was given last before it; None where the cell does not tell."""
        scope = self.source.scope(at)
        while True:
            given = [
                each for each in self._given(name, scope) if scope is self.source.scope(each.by) or each.by is scope
            ]
            before = [each for each in given if _comes_before(each.by, at, self.source)]
            if not isinstance(scope, ast.Module) and not before and given:
                before = given
            if before:
                return before[-1]
            if not isinstance(scope, ast.Module):
                if name in _parameters(scope):
                    return self._argument(scope, name)
                at, scope = scope, self.source.scope(scope)
                continue
            return given[-1] if given and self.source.scope(at) is not scope else None

    def definition(self, name: str) -> ast.expr | None:
        """What a name of the whole cell is given, where it is given once; else the last."""
        given = [each for each in self._given(name, self.source.tree) if not each.path and not each.each]
        return given[-1].value if given else None

    def resolve(self, node: ast.expr, path: Path = ()) -> Origin:
        """Follow a value back: through names, items of literals, `dict(…)`, datasets, and the cell's own functions."""
        for _ in range(_MOST_STEPS):
            step = self._step(node, path)
            if step is None:
                break
            node, path = step
        return Origin(node, path)

    def chain(self, node: ast.expr, path: Path = ()) -> Iterator[Origin]:
        """The steps of `resolve`, from the expression itself to where it comes from."""
        for _ in range(_MOST_STEPS):
            yield Origin(node, path)
            step = self._step(node, path)
            if step is None:
                return
            node, path = step

    def made_of(self, node: ast.expr, into: Callable[[ast.expr], Iterable[ast.expr]]) -> Iterator[ast.expr]:
        """The expressions that a value is made of, on every way back; `into` tells what one of them is made from."""
        todo, seen = [node], set[ast.expr]()
        while todo:
            for origin in self.chain(todo.pop(0)):
                if origin.node not in seen:
                    seen.add(origin.node)
                    yield origin.node
                    todo += into(origin.node)

    def parts(self, node: ast.expr) -> Iterator[ast.expr]:
        """The expressions within a value, and within all that its names were given, and so on."""
        todo, seen = [origin.node for origin in self.chain(node)], set[ast.expr]()
        while todo:
            for each in ast.walk(todo.pop(0)):
                if not isinstance(each, ast.expr) or each in seen:
                    continue
                seen.add(each)
                yield each
                bound = self.bound(each.id, each) if isinstance(each, ast.Name) else None
                if bound is not None:
                    todo.append(bound.value)

    def function(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The cell's own function of that name."""
        found = [
            each for each in ast.walk(self.source.tree) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        named = [each for each in found if each.name == name]
        return named[0] if len(named) == 1 else None

    def _step(self, node: ast.expr, path: Path) -> tuple[ast.expr, Path] | None:
        if isinstance(node, ast.Name):
            bound = self.bound(node.id, node)
            if bound is None or isinstance(bound.by, ast.AugAssign):
                return None
            if bound.each:
                return (bound.value, bound.path + path) if _is_stream(bound.value, self) else None
            return bound.value, bound.path + path
        if isinstance(node, (ast.List, ast.Tuple)) and path and isinstance(path[0], int):
            if path[0] < len(node.elts) and not any(isinstance(each, ast.Starred) for each in node.elts):
                return node.elts[path[0]], path[1:]
            return None
        if isinstance(node, ast.Dict) and path:
            return _out_of_dict(node, path)
        if isinstance(node, ast.Attribute) and (kept := self._kept(node)) is not None:
            return kept, path
        if isinstance(node, (ast.Subscript, ast.Attribute)):
            return _out_of_item(node, path)
        if isinstance(node, ast.Call):
            return self._through(node, path)
        return (node.value, path) if isinstance(node, ast.NamedExpr) else None

    def _kept(self, node: ast.Attribute) -> ast.expr | None:
        """What the class around `self.name` gives it, where it does so once."""
        if not isinstance(node.value, ast.Name):
            return None
        if node.value.id != "self":
            return self._setting(node.value, node.attr)
        owner = next((each for each in self.source.around(node) if isinstance(each, ast.ClassDef)), None)
        if owner is None:
            return None
        given = [
            each.value
            for each in ast.walk(owner)
            if isinstance(each, ast.Assign)
            and any(ast.unparse(target) == f"self.{node.attr}" for target in each.targets)
        ]
        return given[0] if len(given) == 1 and node.lineno != given[0].lineno else None

    def _setting(self, owner: ast.Name, name: str) -> ast.expr | None:
        """What the cell's own class gives `Config.name` in its body, or `config.name` where `config = Config()`."""
        made = self.resolve(owner).node
        if isinstance(made, ast.Call) and not made.args and not made.keywords:
            made = made.func
        if not isinstance(made, ast.Name):
            return None
        changed = any(
            isinstance(each, ast.Attribute) and each.attr == name and isinstance(each.ctx, ast.Store)
            for each in ast.walk(self.source.tree)
        )
        given = [
            value
            for each in ast.walk(self.source.tree)
            if isinstance(each, ast.ClassDef) and each.name == made.id
            for one in each.body
            if isinstance(one, (ast.Assign, ast.AnnAssign)) and (value := one.value) is not None
            for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
            if isinstance(target, ast.Name) and target.id == name
        ]
        return given[0] if len(given) == 1 and not changed else None

    def _through(self, call: ast.Call, path: Path) -> tuple[ast.expr, Path] | None:
        name = last_name(call.func)
        if name == "dict" and call.keywords and path:
            given = keyword_of(call, str(path[0]))
            if given is not None:
                return given.value, path[1:]
        if name == "TensorDataset" and path and isinstance(path[0], int) and path[0] < len(call.args):
            return call.args[path[0]], path[1:]
        if name == "DataLoader" and call.args and keyword_of(call, "collate_fn") is None:
            return call.args[0], path
        if name in _PASSES_ON and len(call.args) == 1 and not isinstance(call.args[0], ast.Starred):
            return call.args[0], path
        if isinstance(call.func, ast.Attribute) and name in _SAME_ELEMENTS:
            return call.func.value, path
        if isinstance(call.func, ast.Name) and isinstance(known := self.definition(call.func.id), ast.Lambda):
            return known.body, path
        function = self.function(call.func.id) if isinstance(call.func, ast.Name) else self._method(call.func)
        if function is not None:
            returned = [
                each.value
                for each in ast.walk(function)
                if isinstance(each, ast.Return) and each.value is not None and self.source.scope(each) is function
            ]
            return (returned[0], path) if len(returned) == 1 else None
        return None

    def _method(self, func: ast.expr) -> ast.FunctionDef | None:
        """The method of the cell's own class that `self.encode` or `trainer.encode` is, where one class has it."""
        if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
            return None
        found = [
            (owner, each)
            for owner in ast.walk(self.source.tree)
            if isinstance(owner, ast.ClassDef)
            for each in owner.body
            if isinstance(each, ast.FunctionDef) and each.name == func.attr
        ]
        if len(found) != 1:
            return None
        (owner, method) = found[0]
        inside = func.value.id == "self" and owner in self.source.around(func)
        return method if inside or self._is_made_of(func.value, owner.name) else None

    def _given(self, name: str, scope: ast.AST) -> list[Bound]:
        """All that gives a name a value within a function or module, in the order of the text."""
        found: list[Bound] = []
        for node in ast.walk(scope):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    found += _targets(target, node.value, node, name)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                found += _targets(node.target, node.value, node, name)
            elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
                found += _items(node.target, node.iter, node, name)
            elif isinstance(node, ast.NamedExpr) and node.target.id == name:
                found.append(Bound(node.value, (), node))
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                found.append(Bound(node.target, (), node))
        return sorted(found, key=lambda each: (each.value.lineno, each.value.col_offset))

    def callers(self, function: ast.AST) -> list[ast.Call]:
        """The calls of one of the cell's own functions; of a `forward`, `call` or `__call__`, those of its objects."""
        if isinstance(function, ast.Lambda):
            above = self.source.parent(function)
            name = (
                above.targets[0].id
                if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name)
                else None
            )
            return [each for each in self.source.calls() if isinstance(each.func, ast.Name) and each.func.id == name]
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return []
        owner = self.source.parent(function)
        if not isinstance(owner, ast.ClassDef):
            return [each for each in self.source.calls(function.name) if isinstance(each.func, ast.Name)]
        if function.name == "__init__":
            return [each for each in self.source.calls(owner.name) if isinstance(each.func, ast.Name)]
        if function.name not in ("forward", "call", "__call__"):
            return [each for each in self.source.calls(function.name) if isinstance(each.func, ast.Attribute)]
        return [each for each in self.source.calls() if self._is_made_of(each.func, owner.name)]

    def _is_made_of(self, func: ast.expr, of: str) -> bool:
        """Whether an expression is an object of the cell's own class."""
        node = self.resolve(func).node
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = self.resolve(node.func.value).node
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == of

    def _argument(self, function: ast.AST, name: str) -> Bound | None:
        """What the only caller of a function gives for one of its parameters."""
        calls = self.callers(function)
        names = _parameters(function)
        if len(calls) != 1 or any(isinstance(each, ast.Starred) for each in calls[0].args):
            return None
        call = calls[0]
        given = keyword_of(call, name)
        if given is not None:
            return Bound(given.value, (), function)
        method = isinstance(self.source.parent(function), ast.ClassDef)
        place = names.index(name) - method
        if 0 <= place < len(call.args):
            return Bound(call.args[place], (), function)
        spread = [each.value for each in call.keywords if each.arg is None]
        return Bound(spread[0], (name,), function) if len(spread) == 1 else None


def _out_of_dict(node: ast.Dict, path: Path) -> tuple[ast.expr, Path] | None:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None and constant(key) == path[0]:
            return value, path[1:]
    spread = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
    return (spread[-1], path) if len(spread) == 1 else None


def _out_of_item(node: ast.Subscript | ast.Attribute, path: Path) -> tuple[ast.expr, Path] | None:
    if isinstance(node, ast.Attribute):
        return (node.value, (node.attr, *path)) if node.attr in _FIELDS else None
    key = constant(node.slice)
    return (node.value, (key, *path)) if isinstance(key, (str, int)) and not isinstance(key, bool) else None


def _is_stream(node: ast.expr, flow: Flow) -> bool:
    """Whether a loop over it gives batches that are made as one element is: a dataset or a loader."""
    made = {last_name(each.func) for origin in flow.chain(node) for each in [origin.node] if isinstance(each, ast.Call)}
    return bool(made & {"from_tensor_slices", "DataLoader", "batch"})


def _targets(target: ast.expr, value: ast.expr, by: ast.AST, name: str, path: Path = ()) -> Iterator[Bound]:
    if isinstance(target, ast.Name) and target.id == name:
        yield Bound(value, path, by)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for place, each in enumerate(target.elts):
            yield from _targets(each, value, by, name, (*path, place))


def _items(target: ast.expr, value: ast.expr, by: ast.AST, name: str) -> Iterator[Bound]:
    for bound in _targets(target, value, by, name):
        yield Bound(bound.value, bound.path, by, each=True)


def _parameters(function: ast.AST) -> list[str]:
    if not isinstance(function, _FUNCTIONS):
        return []
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _comes_before(by: ast.AST, at: ast.AST, source: Source) -> bool:
    """Whether what gives a value ends before `at` begins, or is the loop or comprehension that `at` lies in."""
    if isinstance(by, ast.comprehension):
        return any(getattr(each, "generators", None) and by in each.generators for each in source.around(at))  # type: ignore[attr-defined]
    if isinstance(by, (ast.For, ast.AsyncFor)):
        return (by.lineno, by.col_offset) < (getattr(at, "lineno", 0), getattr(at, "col_offset", 0))
    end = (getattr(by, "end_lineno", 0) or 0, getattr(by, "end_col_offset", 0) or 0)
    return end <= (getattr(at, "lineno", 0), getattr(at, "col_offset", 0))
