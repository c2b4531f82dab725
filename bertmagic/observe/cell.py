"""Runs a cell's source as IPython would run it, had the magic not been there.

`shell.run_cell` is not used for it: inside a magic it lets Run All go on after an error and fires the hooks twice.
What is here follows `InteractiveShell.run_cell_async` and `run_ast_nodes` (IPython/core/interactiveshell.py, read in
8.20.0 and 9.18.1), with one difference: the whole cell is compiled before any of it runs.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import Any, TypeAlias

from bertmagic.observe import frames
from bertmagic.options import BadUse
from bertmagic.written import Written

# An `IPython.core.interactiveshell.InteractiveShell`; half of what is called here has no types in 9.18.1.
Shell: TypeAlias = Any

# What `run_cell_async` takes for "the cell does not compile" (the same five in 8.20.0 and 9.18.1).
COMPILE_ERRORS = (OverflowError, SyntaxError, ValueError, TypeError, MemoryError)


@dataclass(frozen=True)
class Cell:
    """A compiled cell: `steps` run in order, then `last`, the expression that gives the cell its value.

    The value of a `silenced` cell (its last token is a semicolon) is dropped, as the display hook would. `written`: the
    source that was compiled, beside the user's own.
    """

    shell: Shell
    steps: tuple[CodeType, ...]
    last: CodeType | None
    silenced: bool
    written: Written

    def run(self) -> Any:
        """Execute the cell in the user's namespace and return its value; what it raises passes through."""
        # The debugger takes every frame up to this one for IPython's (`_hidden_predicate`, IPython/core/debugger.py).
        __tracebackhide__ = "__ipython_bottom__"
        for step in self.steps:
            exec(step, self.shell.user_global_ns, self.shell.user_ns)
        if self.last is None:
            return None
        value = eval(self.last, self.shell.user_global_ns, self.shell.user_ns)
        return None if self.silenced else value


def compile_cell(shell: Shell, body: str) -> Cell:
    """The cell magic's `body`, ready to run; nothing of it has run yet.

    Raises one of `COMPILE_ERRORS` where it does not compile, and `BadUse` where it awaits at top level.
    """
    number, raw, lines_before = _place(shell, body)
    source = "\n" * lines_before + shell.transform_cell(body)
    name = shell.compile.cache(source, number, raw_code=raw)
    tree = shell.transform_ast(shell.compile.ast_parse(source, filename=name))
    silenced = shell.displayhook.semicolon_at_end_of_expression(source)
    nodes, last = _parts(tree.body, shell.ast_node_interactivity, silenced)

    flags = shell.compile.flags
    awaiting = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if shell.autoawait else 0
    try:
        with shell.compile.extra_flags(awaiting):
            steps = tuple(shell.compile(node, name, mode) for node, mode in nodes)
            value = None if last is None else shell.compile(ast.Expression(last.value), name, "eval")
    except BaseException:
        # `codeop.Compile` keeps the `__future__` flags of what it compiled; the cells to come are not to inherit them.
        shell.compile.flags = flags
        raise
    if any(code.co_flags & inspect.CO_COROUTINE for code in (*steps, value) if code is not None):
        shell.compile.flags = flags
        raise BadUse(
            "the cell awaits at top level, which no cell magic can run; write `with bertmagic.watching() as watch:` "
            "around it in a plain cell. Nothing was run."
        )
    leading = 0 if body.isspace() else body[: len(body) - len(body.lstrip())].count("\n")
    return Cell(shell, steps, value, silenced, Written(body, source, name, lines_before - leading))


def show_as_plain_cell(shell: Shell, error: BaseException, *, frames: bool = True) -> None:
    """Have `error`, about to leave the magic, shown as a plain cell shows it; call it just before raising.

    IPython would show the frames of the magic above the user's own. They are taken out where IPython hands the
    exception to a custom handler (`set_custom_exc`); the handler is taken back when it has been called, or when the
    cell ends without it. With `frames=False`, no frame is shown: the error is not from a line that has run.
    """
    earlier = shell.custom_exceptions, shell.CustomTB

    def take_back() -> None:
        shell.custom_exceptions, shell.CustomTB = earlier
        with suppress(ValueError):
            shell.events.unregister("post_execute", take_back)

    def show(
        shell: Shell,
        kind: type[BaseException],
        value: BaseException,
        traceback: TracebackType | None,
        tb_offset: int | None = None,  # noqa: ARG001  # IPython passes it by name
    ) -> None:
        take_back()
        if value is error:
            traceback = _users_frames(traceback) if frames else None
            value.__traceback__ = traceback
        if isinstance(value, earlier[0]):
            earlier[1](kind, value, traceback)
        else:
            shell.showtraceback((kind, value, traceback), running_compiled_code=frames)

    shell.set_custom_exc((type(error),), show)
    shell.events.register("post_execute", take_back)


def hide_frames(shell: Shell) -> Callable[[], None]:
    """Have the errors of a plain cell shown without frames of bertmagic, until what is returned is called.

    Nothing is done where somebody else has a handler of errors already (`set_custom_exc`).
    """
    if shell.custom_exceptions != ():
        return lambda: None
    earlier = shell.custom_exceptions, shell.CustomTB

    def show(
        shell: Shell,
        kind: type[BaseException],
        value: BaseException,
        traceback: TracebackType | None,
        tb_offset: int | None = None,  # noqa: ARG001  # IPython passes it by name
    ) -> None:
        value.__traceback__ = _without_ours(frames.entries(traceback))
        shell.showtraceback((kind, value, value.__traceback__), running_compiled_code=True)

    shell.set_custom_exc((Exception,), show)
    mine = shell.CustomTB

    def take_back() -> None:
        if shell.CustomTB is mine:
            shell.custom_exceptions, shell.CustomTB = earlier

    return take_back


def _place(shell: Shell, body: str) -> tuple[int, str | None, int]:
    """The running cell's number, its raw text where `body` is the end of it, and how many lines stand before `body`."""
    number, raw, before = shell.execution_count, None, 1
    running = shell.displayhook.exec_result
    if running is not None:
        # `shell.execution_count` is the running cell's number up to 9.7.0 and the next cell's from 9.8.0 on. The result
        # that is being filled holds the running cell's in both; up to 9.7.0 only where the cell goes into the history.
        if running.execution_count is not None:
            number = running.execution_count
        text = running.info.raw_cell
        if text.rstrip("\n").endswith(body.rstrip("\n")):
            raw = text
            before = text.rstrip("\n")[: -len(body.rstrip("\n")) or None].count("\n")
    # `leading_empty_lines` (IPython/core/inputtransformer2.py) drops them, and line numbers would be too low.
    if not body.isspace():
        before += body[: len(body) - len(body.lstrip())].count("\n")
    return number, raw, before


def _parts(
    nodes: list[ast.stmt], interactivity: str, silenced: bool
) -> tuple[list[tuple[ast.Module | ast.Interactive, str]], ast.Expr | None]:
    """What to execute, each with its compile mode, and the last expression, by `ast_node_interactivity`."""
    if not nodes:
        return [], None
    if interactivity == "last_expr_or_assign":
        nodes = [*nodes, *_assigned(nodes[-1])]
    last = nodes[-1] if interactivity != "none" and isinstance(nodes[-1], ast.Expr) else None
    before = nodes if last is None else nodes[:-1]

    def shown(index: int) -> bool:
        return not silenced and (interactivity == "all" or (interactivity == "last" and index == len(nodes) - 1))

    return [
        (ast.Interactive([node]), "single") if shown(index) else (ast.Module([node], []), "exec")
        for index, node in enumerate(before)
    ], last


def _assigned(node: ast.stmt) -> list[ast.stmt]:
    """The name that `node` assigns, as an expression, where it assigns exactly one."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr | None = node.targets[0]
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        target = node.target
    else:
        target = None
    if not isinstance(target, ast.Name):
        return []
    return [ast.fix_missing_locations(ast.Expr(ast.Name(target.id, ast.Load())))]


def _users_frames(top: TracebackType | None) -> TracebackType | None:
    """The traceback that a plain cell would have: the shell's own frame, then the frames from the cell on.

    Frames of bertmagic below the cell go too: a watched `fit` passes through one, and Keras' own filter, which takes
    out what is Keras', may leave one at the end (tf_keras/src/utils/traceback_utils.py, 2.21.0).
    """
    entries = frames.entries(top)
    bottom = next((i for i, each in enumerate(entries) if each.tb_frame.f_code is Cell.run.__code__), None)
    return top if bottom is None else _without_ours(entries[:1] + entries[bottom + 1 :], kept=1)


def _without_ours(entries: list[TracebackType], kept: int = 0) -> TracebackType | None:
    """The traceback of these entries without those of bertmagic; the first `kept` stay."""
    plain: TracebackType | None = None
    for place, each in reversed(list(enumerate(entries))):
        if place < kept or not frames.is_own(each.tb_frame):
            plain = TracebackType(plain, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return plain
