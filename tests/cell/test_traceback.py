"""What a cell under `%%bertcheck` raises is shown as in a plain cell, and nothing stays behind in the shell."""

from __future__ import annotations

import re
import sys
import types
from typing import Any

import pytest
from cell_shell import Session

# What IPython says of a SystemExit in any cell.
pytestmark = pytest.mark.filterwarnings("ignore:To exit")


RAISING = {
    "here": "1 / 0",
    "in a function": "def f(x):\n    return 1 / x\nf(0)",
    "in a library": "import json\njson.loads('{')",
    "in a loop": "for i in range(3):\n    [][i]",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('a') from e",
    "while handling": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}['a']",
    "recursion": "def f(n):\n    return f(n - 1) if n else 1 / 0\nf(30)",
    "own class": "class E(BaseException):\n    __slots__ = ()\nraise E('said')",
    "in a line magic": "%nosuchmagic 1",
    "in a line of the shell": "x = !true\nx.nothing",
    "in generated code": "exec('1 / 0')",
    "keyboard": "raise KeyboardInterrupt",
    "exit": "raise SystemExit(3)",
    "a name": "undefined_name",
}
# Lines before the fault, so that the context that IPython prints does not reach the first line, which differs.
FAR = "a = 1\n" * 4


@pytest.mark.parametrize("mode", ["Context", "Verbose", "Plain", "Minimal"])
@pytest.mark.parametrize("body", RAISING.values(), ids=RAISING)
def test_the_traceback_is_that_of_a_plain_cell(session: Session, body: str, mode: str) -> None:
    session.shell.run_line_magic("xmode", mode)
    plain, magic = session.plain(FAR + body), session.magic(FAR + body)
    assert magic.shown == plain.shown
    assert magic.err == plain.err
    assert type(magic.error).__name__ == type(plain.error).__name__
    assert str(magic.error) == str(plain.error)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before 3.11, sys.exc_info() keeps the first traceback")
def test_a_syntax_error_raised_while_running_is_shown_as_in_a_plain_cell(session: Session) -> None:
    assert session.magic(FAR + "exec('x =')").shown == session.plain(FAR + "exec('x =')").shown


def test_the_exception_is_the_users_own_object_and_its_frames_are_the_users(session: Session) -> None:
    session.shell.user_ns["mine"] = mine = ValueError("said")
    ran = session.magic("def f():\n    raise mine\nf()")
    assert ran.error is mine
    assert vars(mine) == {}
    assert mine.__context__ is None
    frames = []
    entry = mine.__traceback__
    while entry is not None:
        frames.append((entry.tb_frame.f_code.co_name, entry.tb_lineno))
        entry = entry.tb_next
    assert frames[1:] == [("<module>", 4), ("f", 3)]
    assert frames[0][0] == "run_code"
    assert sys.last_traceback is mine.__traceback__


def test_frames_of_bertmagic_between_the_users_and_the_frameworks_are_not_shown(session: Session) -> None:
    exec(
        "def fit():\n    return framework()\ndef framework():\n    1 / 0",
        wrapper := {"__name__": "bertmagic.observe.calls"},
    )
    wrapper["framework"] = types.FunctionType(wrapper["framework"].__code__, {"__name__": "keras"})
    session.shell.user_ns["fit"] = wrapper["fit"]
    ran = session.magic("fit()")
    entry, names = ran.error.__traceback__, []
    while entry is not None:
        names.append(entry.tb_frame.f_code.co_name)
        entry = entry.tb_next
    assert names == ["run_code", "<module>", "framework"]


def test_line_numbers_are_those_of_the_notebooks_cell(session: Session) -> None:
    assert "Cell In[n], line 5" in session.magic("\n\n\n1 / 0").shown
    assert "Cell In[n], line 4" in session.run("\n\n%%bertcheck\n1 / 0").shown
    assert "Cell In[n], line 3" in session.run("%%bertcheck\nx = 1\n1 / 0\n\n").shown


@pytest.mark.parametrize("store_history", [True, False])
def test_the_number_is_the_running_cells(session: Session, store_history: bool) -> None:
    for _ in range(2):
        assert (
            f"Cell In[{session.shell.execution_count}], line 2"
            in session.run("%%bertcheck\n1 / 0", store_history=True).out
        )
    plain = session.run("# plain\n1 / 0", store_history=store_history)
    magic = session.run("%%bertcheck\n1 / 0", store_history=store_history)
    numbers = [int(re.search(r"In\[(\d+)\]", ran.out)[1]) for ran in (plain, magic)]
    assert numbers[1] - numbers[0] == store_history


def test_a_users_own_exception_handler_is_called_and_kept(session: Session) -> None:
    called = []
    session.shell.set_custom_exc((KeyError,), lambda shell, kind, value, tb, tb_offset=None: called.append(value))
    mine = session.shell.custom_exceptions, session.shell.CustomTB
    ran = session.magic("{}['a']")
    assert called == [ran.error]
    session.magic("1 / 0")
    assert called == [ran.error]
    assert (session.shell.custom_exceptions, session.shell.CustomTB) == mine


@pytest.mark.parametrize("body", ["1 / 0", "x =", "raise SystemExit", "try:\n    1 / 0\nexcept Exception:\n    pass"])
def test_nothing_stays_in_the_shell(session: Session, body: str) -> None:
    def state() -> Any:
        shell = session.shell
        return (
            shell.custom_exceptions,
            shell.CustomTB,
            {name: list(calls) for name, calls in shell.events.callbacks.items()},
            shell.compile.flags,
            list(shell.ast_transformers),
            sys.excepthook,
            sys.displayhook,
        )

    before = state()
    session.magic(body)
    assert state() == before


def test_an_exception_that_the_user_catches_around_the_magic_is_caught(session: Session) -> None:
    ran = session.run(
        "try:\n    get_ipython().run_cell_magic('bertcheck', '', '1 / 0')\nexcept ZeroDivisionError:\n    7"
    )
    assert ran.error is None
    assert "line 1" in session.run("1 / 0").out
