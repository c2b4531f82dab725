"""What ended a cell: the user's own line, the call that it made, and the objects that took part in it."""

from __future__ import annotations

import ast
import contextlib
import itertools
import linecache
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bertmagic.backends.protocol import Failing
from bertmagic.facts.cell import RaisedFacts, ValueFacts
from bertmagic.facts.loading import LoadingFacts
from bertmagic.observe.frames import entries, is_own
from bertmagic.observe.sites import site_of

# `describe(value, place, said)`: the facts of one object.
Describe = Callable[[Any, str, "str | None"], ValueFacts]
# What a framework knows of a failing call that loads or saves.
Look = Callable[[Failing], "LoadingFacts | None"]

_LIBRARY = tuple({str(Path(sysconfig.get_path(name))) for name in ("stdlib", "purelib", "platlib")})
_MOST_VALUES, _MOST_LINES, _MOST_CAUSES, _MOST_ITEMS, _MOST_WRITTEN = 48, 40, 4, 8, 48


def raised_facts(
    error: BaseException,
    namespace: Mapping[str, Any],
    describe: Describe,
    look: Look = lambda failing: None,
    named: Callable[[Any], str | None] = lambda value: None,
) -> RaisedFacts:
    """The facts of the exception that ended a block whose names are in `namespace`."""
    met = entries(error.__traceback__)
    places = [index for index, each in enumerate(met) if _is_users(each.tb_frame, namespace)]
    missing, missing_in = _missing(error)
    facts = RaisedFacts(
        type(error).__name__, str(error), missing=missing, missing_in=missing_in, causes=tuple(_causes(error))
    )
    if not places:
        return facts
    at = met[places[-1]]
    below = next((each for each in met[places[-1] + 1 :] if not is_own(each.tb_frame)), None)
    segment = _segment(at)
    tree = _parsed(segment)
    scope = _Scope(at.tb_frame)
    values: dict[tuple[int, str], ValueFacts] = {}

    def add(value: Any, place: str, said: str | None) -> None:
        # There is one True for all settings; of other objects, an argument and a name are told once.
        key = (id(value), place if isinstance(value, bool) else "")
        if len(values) < _MOST_VALUES and key not in values and not isinstance(value, types.ModuleType):
            values[key] = describe(value, place, said)

    call = _call(tree)
    names = {id(value): said for said, value in scope.named(tree)}
    owner = None if call is None else scope.owner(call)
    if below is not None:
        # `Dense(2)(x)`: what is called has no name, and the wrapper that runs it has it as its first argument.
        unnamed = call is not None and isinstance(call.func, ast.Call)
        # What was handed on from deeper inside is not what the line gives.
        direct = below.tb_frame is met[places[-1] + 1].tb_frame
        written = _written(call) if direct else {}
        count = itertools.count()
        for place, value in _arguments(below.tb_frame):
            if owner is None and (place == "self" or (unnamed and place == "args[0]" and callable(value))):
                owner = value
            elif value is not owner and place != "self":
                # Arguments come in the order in which they were written, or by their keywords.
                as_written = written.get(place, written.get(next(count)))
                add(value, place, names.get(id(value)) or as_written)
                for inner, item in _items(place, value):
                    add(item, inner, names.get(id(item)))
    if owner is None and isinstance(error, AttributeError):
        owner = error.obj
    for said, value in scope.named(tree):
        if value is not owner:
            add(value, "name", said)
    return RaisedFacts(
        type=facts.type,
        text=facts.text,
        line=at.tb_lineno,
        source=segment,
        callee=_builtin(owner) if below is None else _qualified(below.tb_frame),
        callee_said="" if call is None else ast.unparse(call.func),
        owner=None if owner is None else describe(owner, "self", names.get(id(owner))),
        values=tuple(values.values()),
        missing=missing,
        missing_in=missing_in,
        loading=look(Failing(error, owner, _below(error, met[places[-1] + 1 :], namespace), named)),
        causes=facts.causes,
        indexed=_indexed(tree),
        sites=tuple(site_of(met[place].tb_frame.f_code, met[place].tb_lasti) for place in reversed(places)),
    )


def _below(
    error: BaseException, below: list[types.TracebackType], namespace: Mapping[str, Any]
) -> tuple[types.FrameType, ...]:
    """The frames below the user's own, and those of the exceptions that a library caught before it raised its own."""
    frames = [each.tb_frame for each in below if not is_own(each.tb_frame)]
    earlier, left = error.__context__, _MOST_CAUSES if frames else 0
    while earlier is not None and left:
        caught = [each.tb_frame for each in entries(earlier.__traceback__)]
        if any(_is_users(frame, namespace) for frame in caught):
            break
        frames += caught
        earlier, left = earlier.__context__, left - 1
    return tuple(frames)


def _causes(error: BaseException) -> Iterator[str]:
    """The texts of the exceptions behind this one, the nearest first."""
    for _ in range(8):
        behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if behind is None:
            return
        yield str(behind)
        error = behind


def _is_users(frame: types.FrameType, namespace: Mapping[str, Any]) -> bool:
    """Whether the frame runs the user's own code: the cell, or functions of the same namespace or of own modules."""
    name = frame.f_code.co_filename
    if "__autograph_generated" in name:
        return False  # AutoGraph's rewriting of a user's function: no line that the user wrote
    if frame.f_globals is namespace:
        return True
    if is_own(frame) or name.startswith((*_LIBRARY, "<frozen")):
        return False
    # A block of `watching()` in a script has a namespace of its own; of the library, only what is installed is known.
    return frame.f_globals.get("__name__") == namespace.get("__name__") and "__name__" in namespace


def _segment(entry: types.TracebackType) -> str:
    """The source of the expression that raised (Python 3.11 or later), else of its line."""
    code = entry.tb_frame.f_code
    line, end, first, last = entry.tb_lineno, entry.tb_lineno, None, None
    if sys.version_info >= (3, 11):
        positions = list(code.co_positions())[entry.tb_lasti // 2]
        if None not in positions:
            line, end, first, last = positions  # type: ignore[assignment]
    if end - line > _MOST_LINES:
        return ""
    lines = linecache.getlines(code.co_filename, entry.tb_frame.f_globals)[line - 1 : end]
    if not lines:
        return ""
    if first is not None and last is not None:
        # The columns count UTF-8 bytes.
        lines[-1] = lines[-1].encode()[:last].decode(errors="ignore")
        lines[0] = lines[0].encode()[first:].decode(errors="ignore")
    return "".join(lines).strip()


def _parsed(segment: str) -> ast.AST | None:
    """The segment as an expression, a statement, or the head of a block (`for x in model(batch):`)."""
    for text, mode in ((f"({segment}\n)", "eval"), (segment, "exec"), (f"{segment}\n    pass", "exec")):
        with contextlib.suppress(SyntaxError, ValueError):
            return ast.parse(text, mode=mode)
    return None


def _call(tree: ast.AST | None) -> ast.Call | None:
    """The call that raised: the expression itself, else the outermost one of its line."""
    return None if tree is None else next((node for node in ast.walk(tree) if isinstance(node, ast.Call)), None)


def _written(call: ast.Call | None) -> dict[str | int, str]:
    """The arguments that are calls or items as they were written (`model(ids)`), by index and by keyword."""
    if call is None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return {}
    given: dict[str | int, ast.expr] = dict(enumerate(call.args))
    given.update({each.arg: each.value for each in call.keywords if each.arg is not None})
    return {
        place: text
        for place, argument in given.items()
        if isinstance(argument, (ast.Call, ast.Subscript, ast.Attribute))
        and len(text := ast.unparse(argument)) <= _MOST_WRITTEN
    }


def _indexed(tree: ast.AST | None) -> int | None:
    """How many axes the expression indexes, where it is an index; None where it is another, or has an ellipsis."""
    # Before Python 3.11 it is the whole statement, `y = x[:, 0]` or `return x[:, 0]`.
    whole = tree.body[0] if isinstance(tree, ast.Module) and len(tree.body) == 1 else tree
    node = whole.body if isinstance(whole, ast.Expression) else getattr(whole, "value", None)
    if not isinstance(node, ast.Subscript):
        return None
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if any(isinstance(part, ast.Constant) and part.value in (..., None) for part in parts):
        return None
    return len(parts) if all(isinstance(part, (ast.Slice, ast.Constant, ast.UnaryOp)) for part in parts) else None


def _items(place: str, value: Any, deep: int = 2) -> Iterator[tuple[str, Any]]:
    """The objects in a plain list, tuple or dict, two levels deep; numbers and strings are no objects here."""
    if type(value) in (list, tuple):
        items = [(f"{place}[{index}]", item) for index, item in enumerate(value[:_MOST_ITEMS])]
    elif type(value) is dict:
        items = [(f"{place}[{key!r}]", item) for key, item in list(value.items())[:_MOST_ITEMS]]
    else:
        return
    for inner, item in items:
        if deep > 1:
            yield from _items(inner, item, deep - 1)
        if not isinstance(item, (int, float, str, bytes, type(None), list, tuple)) and type(item) is not dict:
            yield inner, item


class _Scope:
    """Looks names up in a frame; runs no code of the user's, and so knows names and their items only."""

    def __init__(self, frame: types.FrameType) -> None:
        self._locals, self._globals = frame.f_locals, frame.f_globals

    def named(self, tree: ast.AST | None) -> Iterator[tuple[str, Any]]:
        """The names and items in `tree` with their values, outermost first; modules and built-in functions are none."""
        for node in () if tree is None else ast.walk(tree):
            if isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)):
                known, value = self._value(node)
                if known and not isinstance(value, types.ModuleType):
                    yield ast.unparse(node), value

    def owner(self, call: ast.Call) -> Any:
        """The object that is called, or whose method is; None where that cannot be told without running code."""
        known, value = self._value(call.func)
        if not known and isinstance(call.func, ast.Attribute):
            known, value = self._value(call.func.value)
        return value if known and not isinstance(value, types.ModuleType) else None

    def _value(self, node: ast.AST) -> tuple[bool, Any]:
        if isinstance(node, ast.Name):
            for scope in (self._locals, self._globals):
                if node.id in scope:
                    return True, scope[node.id]
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            known, holder = self._value(node.value)
            plain = isinstance(holder, Mapping) or type(holder) in (list, tuple)
            if known and plain:
                try:
                    return True, holder[node.slice.value]
                except Exception:  # noqa: BLE001  # no such item
                    return False, None
        if isinstance(node, ast.Attribute):
            known, holder = self._value(node.value)
            # Plain attributes only: a property would run the object's own code.
            if known and node.attr in getattr(holder, "__dict__", {}):
                return True, holder.__dict__[node.attr]
        return False, None


def _arguments(frame: types.FrameType) -> Iterator[tuple[str, Any]]:
    """The arguments of a call under way by parameter, those under `*` and `**` by index and name."""
    code = frame.f_code
    named = code.co_argcount + code.co_kwonlyargcount
    for name in code.co_varnames[:named]:
        if name in frame.f_locals:
            yield name, frame.f_locals[name]
    rest = list(code.co_varnames[named:])
    if code.co_flags & 0x04 and rest:
        name = rest.pop(0)
        for index, value in enumerate(frame.f_locals.get(name) or ()):
            yield f"{name}[{index}]", value
    if code.co_flags & 0x08 and rest:
        yield from (frame.f_locals.get(rest[0]) or {}).items()


def _builtin(owner: Any) -> str:
    """A function without frames (one of C's), by module and name; "" for all others."""
    if not isinstance(owner, types.BuiltinFunctionType) or not owner.__module__:
        return ""
    return f"{owner.__module__}.{owner.__name__}"


def _qualified(frame: types.FrameType) -> str:
    code = frame.f_code
    return f"{frame.f_globals.get('__name__', '')}.{getattr(code, 'co_qualname', code.co_name)}"


def _missing(error: BaseException) -> tuple[str | None, str | None]:
    """The name that was not found, and in what: a module's name, or an object's type."""
    if isinstance(error, AttributeError):
        holder = error.obj
        where = holder.__name__ if isinstance(holder, types.ModuleType) else type(holder).__name__
        return error.name, where if error.name is not None else None
    if isinstance(error, NameError):
        return error.name, None
    if isinstance(error, ImportError):
        wanted = getattr(error, "name_from", None)  # Python 3.12 or later
        if wanted is None and "cannot import name" in str(error):
            wanted = str(error).split("'")[1] if "'" in str(error) else None
        return wanted or error.name, error.name
    return None, None
