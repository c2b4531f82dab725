"""What a cell under `%%bertcheck` gives out is what a plain cell does; what cannot be run is not run."""

from __future__ import annotations

import pytest
from cell_shell import Fakes, Session

SHOWING = [
    "1 + 1",
    "1 + 1;",
    "1 + 1;  # quiet",
    "x = 3",
    "x = y = 3",
    "x: int = 3",
    "x = 3; x += 1",
    "1\n2",
    "1\nx = 2",
    "1\n2;",
    "for i in range(2):\n    i",
    "if True:\n    'shown'",
    "None",
    "print('a')\n'b'",
    "'''a\nb'''",
    "# a comment",
    "pass",
    "x = 5\nx?",
    "%pwd",
    "!echo said",
    "x = !echo said\nx",
    "x = 'said'\n!echo {x} $x",
    "from __future__ import annotations\ndef f(x: nothing): ...\nf.__annotations__",
    "import sys\nsys.displayhook(4)\n5",
    "_",
]


@pytest.mark.parametrize("mode", ["last_expr", "all", "last", "last_expr_or_assign", "none"])
def test_output_is_that_of_a_plain_cell(session: Session, mode: str) -> None:
    session.shell.ast_node_interactivity = mode
    for body in SHOWING:
        plain, magic = session.plain(body), session.magic(body)
        assert (magic.error, magic.shown, magic.err) == (plain.error, plain.shown, plain.err), body
        assert magic.result.result == plain.result.result, body


def test_out_underscores_and_in(session: Session) -> None:
    session.magic("'first'")
    session.magic("'second'")
    session.magic("'silent';")
    namespace = session.shell.user_ns
    assert namespace["Out"] == {1: "first", 2: "second"}
    assert (namespace["_"], namespace["__"], namespace["_2"]) == ("second", "first", "second")
    assert session.shell.history_manager.input_hist_raw[1] == "%%bertcheck \n'first'"


def test_hooks_fire_once(session: Session) -> None:
    fired: list[str] = []
    for name in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
        session.shell.events.register(name, lambda *_, name=name: fired.append(name))
    session.magic("1")
    assert sorted(fired) == ["post_execute", "post_run_cell", "pre_execute", "pre_run_cell"]


def test_an_unbalanced_bracket_for_the_shell_is_not_read_as_python(session: Session) -> None:
    ran = session.magic("!echo '('\n3")
    assert ran.error is None
    assert "Out[n]: 3" in ran.shown
    assert session.magic("!echo ( 2> /dev/null").error is None


def test_a_cell_magic_may_follow(session: Session) -> None:
    ran = session.magic("%%capture said\nprint('a')")
    assert ran.error is None
    assert session.shell.user_ns["said"].stdout == "a\n"
    assert "Wall time" in session.magic("%%time\nx = 1").out


def test_ast_transformers_are_applied_once(session: Session) -> None:
    import ast

    class Doubled(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            return ast.copy_location(ast.Constant(node.value * 2), node) if node.value == 21 else node

    session.shell.ast_transformers.append(Doubled())
    assert session.magic("21").result.result == 42


@pytest.mark.parametrize("body", ["x = 1\ny =", "x = 1\n  y = 2", "x = 1\nreturn", "x = 1\nbreak", "x = 1\n'open"])
def test_a_cell_that_does_not_compile_runs_nothing(session: Session, fakes: Fakes, body: str) -> None:
    plain = session.plain(body)
    session.shell.user_ns.pop("x", None)
    magic = session.magic(body)
    assert magic.err == "bertcheck: the cell does not compile, and nothing of it was run.\n"
    assert magic.shown.strip() == plain.shown.strip()
    assert type(magic.error) is type(plain.error)
    assert "x" not in session.shell.user_ns
    assert fakes.asked == []


def test_a_cell_that_does_not_compile_leaves_no_future_behind(session: Session) -> None:
    session.magic("from __future__ import annotations\nreturn")
    assert session.run("def f(x: int): ...\nf.__annotations__").result.result == {"x": int}


@pytest.mark.parametrize("body", ["await x", "x = 1\nasync with a: pass", "[i async for i in x]"])
def test_top_level_await_names_the_with_form(session: Session, fakes: Fakes, body: str) -> None:
    ran = session.magic(body)
    assert ran.out == ""
    assert ran.err.strip().count("\n") == 0
    assert "with bertmagic.watching() as watch:" in ran.err
    assert "x" not in session.shell.user_ns
    assert fakes.asked == []


def test_await_inside_a_function_is_no_top_level_await(session: Session) -> None:
    assert session.magic("async def f():\n    await g()").error is None
