"""What the magics are asked, and what they do with it: options, bad use, a failure of their own, loading."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cell_shell import WRONG, Fakes, Session, report

from bertmagic.options import BadUse
from bertmagic.report import CheckError

# What IPython says of a SystemExit in any cell.
pytestmark = pytest.mark.filterwarnings("ignore:To exit")


def test_the_watch_is_given_the_cell_and_sees_its_exception(session: Session, fakes: Fakes) -> None:
    ran = session.magic("1 / 0", "--rows 3 --no-probes --no-text --device cpu --run --ignore labels-shape")
    (asked,) = fakes.asked
    assert asked["namespace"] is session.shell.user_ns
    assert asked["source"] == "1 / 0\n"
    options = asked["options"]
    assert (options.rows, options.probes, options.text, options.device, options.run) == (3, False, False, "cpu", True)
    assert options.ignore == {"labels-shape"}
    assert fakes.seen == [ran.error]


def test_the_report_is_shown_before_the_exception(session: Session, fakes: Fakes) -> None:
    showtraceback = session.shell.showtraceback
    session.shell.showtraceback = lambda *a, **k: (fakes.log.append("traceback"), showtraceback(*a, **k))
    session.magic("1 / 0")
    assert fakes.log == ["shown", "traceback"]


@pytest.mark.parametrize("where", ["on_enter", "on_exit", "on_show"])
@pytest.mark.parametrize("body", ["x = 41\nx + 1", "{}['a']"])
def test_a_failure_of_bertmagics_own_is_one_line(session: Session, fakes: Fakes, where: str, body: str) -> None:
    setattr(fakes, where, RuntimeError("broken\nin two lines"))
    ran = session.magic(body)
    assert ran.err == "bertmagic: the check itself failed (RuntimeError: broken in two lines).\n"
    if body.startswith("x"):
        assert ran.result.result == 42
    else:
        assert type(ran.error) is KeyError
        assert "RuntimeError" not in ran.out
        assert len(ran.error.__traceback__.tb_next.tb_frame.f_code.co_filename) > 0


def test_bad_use_seen_by_the_session_is_one_line(session: Session, fakes: Fakes) -> None:
    fakes.on_enter = BadUse("no GPU is there")
    ran = session.magic("x = 1", "-o r")
    assert (ran.out, ran.err.strip()) == ("", "UsageError: no GPU is there")
    assert not {"x", "r"} & set(session.shell.user_ns)


def test_bad_use_raised_by_the_users_own_code_is_the_users(session: Session, fakes: Fakes) -> None:
    ran = session.magic("from bertmagic.options import BadUse\nraise BadUse('mine')")
    assert type(ran.error) is BadUse
    assert "Traceback" in ran.out
    assert len(fakes.shown) == 1


BAD = {
    "%%bertcheck --nothing\nx = 1": "unrecognized arguments: --nothing",
    "%%bertcheck --only label-shape\nx = 1": "no rule is called 'label-shape'; did you mean 'labels-shape'?",
    "%%bertcheck --ignore nothing-like-it\nx = 1": "no rule is called 'nothing-like-it'",
    "%%bertcheck --rows 0\nx = 1": "rows must be a positive number or 'all'; found 0",
    "%%bertcheck --rows few\nx = 1": "rows must be a positive number or 'all'; found 'few'",
    "%%bertcheck --rows -1\nx = 1": "rows must be a positive number or 'all'; found '-1'",
    "%%bertcheck --device tpu\nx = 1": "device must be one of auto, cpu, gpu; found 'tpu'",
    "%%bertcheck -o 1r\nx = 1": "-o takes a variable's name; found '1r'",
    "%%bertcheck -o class\nx = 1": "-o takes a variable's name; found 'class'",
    "%%bertcheck -o a.b\nx = 1": "-o takes a variable's name; found 'a.b'",
    "%%bertcheck -o\nx = 1": "expected one argument",
    "%%bertcheck model\nx = 1": "%%bertcheck takes options only, and checks what its cell does; found 'model'",
    "%%bertcheck --explain labels-shape\nx = 1": "--explain is for the line form: `%bertcheck --explain labels-shape`",
    "%%bertcheck 'open\nx = 1": "cannot be read: no closing quotation",
    "%bertcheck": "no model in the kernel",
    "%bertcheck net": "%bertcheck takes MODEL INPUTS [LABELS], or no names at all; found 1",
    "%bertcheck a b c d": "%bertcheck takes MODEL INPUTS [LABELS], or no names at all; found 4",
    "%bertcheck net batch": "`net` has no value here: NameError: name 'net' is not defined",
    "%bertcheck len [][1]": "`[][1]` has no value here: IndexError: list index out of range",
    "%bertcheck --run": "--run is for the cell form: %bertcheck calls no `fit`",
    "%bertcheck --explain nothing": "no rule is called 'nothing'",
}


@pytest.mark.parametrize(("cell", "said"), BAD.items())
def test_bad_use_is_one_line_and_changes_nothing(session: Session, fakes: Fakes, cell: str, said: str) -> None:
    def names() -> dict[str, int]:
        return {name: id(value) for name, value in session.shell.user_ns.items() if not re.match(r"_|In$|Out$", name)}

    before = names()
    ran = session.run(cell)
    assert ran.error is not None
    assert ran.out == ""
    assert ran.err.strip().count("\n") == 0
    assert ran.err.startswith("UsageError: ")
    assert said in ran.err
    assert names() == before
    assert fakes.shown == []


def test_output_name(session: Session, fakes: Fakes) -> None:
    session.magic("1 / 0", "-o checked")
    assert session.shell.user_ns["checked"] is fakes.report


def test_quiet_shows_only_what_is_wrong(session: Session, fakes: Fakes) -> None:
    session.magic("1", "--quiet")
    assert fakes.shown == []
    fakes.report = report(WRONG)
    session.magic("1", "--quiet")
    assert fakes.shown == [fakes.report]


def test_strict_raises_after_the_report_is_shown(session: Session, fakes: Fakes) -> None:
    assert session.magic("1", "--strict").error is None
    fakes.report = report(WRONG)
    ran = session.magic("x = 1", "--strict")
    assert type(ran.error) is CheckError
    assert ran.error.report is fakes.report
    assert len(fakes.shown) == 2
    assert "labels-shape: labels have one axis too many" in ran.out
    assert "magics.py" not in ran.out
    assert session.shell.user_ns["x"] == 1
    assert type(session.magic("1 / 0", "--strict").error) is ZeroDivisionError


def test_line_form(session: Session, fakes: Fakes) -> None:
    session.shell.user_ns.update(net="a model", enc={"input_ids": [1]}, batch=[1], y=[0])
    ran = session.run('%bertcheck net --rows all enc["input_ids"] y -o r')
    assert (ran.error, ran.out, ran.err) == (None, "", "")
    (asked,) = fakes.asked
    assert asked["objects"] == ("a model", [1], [0])
    assert asked["names"] == ("net", 'enc["input_ids"]', "y")
    assert asked["options"].rows == "all"
    assert session.shell.user_ns["r"] is fakes.report
    assert "net with batch" in session.run("%bertcheck").out
    assert fakes.asked[1]["names"] == ("net", "batch", None)
    assert len(fakes.shown) == 2


def test_explain_prints_the_page(session: Session, fakes: Fakes) -> None:
    assert session.run("%bertcheck --explain labels-shape").out == "what, why, wrong, right\n"
    assert fakes.asked == []


def test_unload_removes_all_that_load_added(session: Session) -> None:
    def tables() -> Any:
        manager = session.shell.magics_manager
        return {kind: set(table) for kind, table in manager.magics.items()}, set(manager.registry)

    def state() -> Any:
        shell = session.shell
        return tables(), set(shell.user_ns), {name: list(calls) for name, calls in shell.events.callbacks.items()}

    loaded = state()
    session.shell.extension_manager.unload_extension("bertmagic")
    unloaded = state()
    assert loaded[0][0]["cell"] - unloaded[0][0]["cell"] == {"bertcheck"}
    assert loaded[0][0]["line"] - unloaded[0][0]["line"] == {"bertcheck", "bertfix", "bertwatch"}
    assert loaded[0][1] - unloaded[0][1] == {"BertMagics"}
    assert loaded[1:] == unloaded[1:]
    session.shell.extension_manager.load_extension("bertmagic")
    assert state() == loaded
    session.shell.extension_manager.unload_extension("bertmagic")
    assert "bertcheck" not in str(session.run("%lsmagic").result.result)
    assert "not found" in session.run("%%bertcheck\n1").err


def test_unload_leaves_a_magic_of_the_users_with_the_same_name(session: Session) -> None:
    session.shell.register_magic_function(lambda line: "mine", "line", "bertcheck")
    session.shell.extension_manager.unload_extension("bertmagic")
    assert session.run("%bertcheck").result.result == "mine"
