"""A cell under `%%bertcheck` does what a plain cell does: in a real shell, with a watch that sees nothing."""

from __future__ import annotations

import contextlib
import io
import re
import sys
import types
from dataclasses import dataclass, field
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from bertmagic.options import BadUse
from bertmagic.report import CheckError, Device, Finding, Report, Rows

# What IPython says of a SystemExit in any cell.
pytestmark = pytest.mark.filterwarnings("ignore:To exit")


def report(*findings: Finding) -> Report:
    return Report("fail" if findings else "pass", "said", Device("auto", None), Rows(3, 2), {}, findings)


WRONG = Finding("labels-shape", "error", "labels", "labels have one axis too many", "detail")


@dataclass
class Fakes:
    """What the session would do, and what the magics did with it."""

    report: Report = field(default_factory=report)
    on_enter: BaseException | None = None
    on_exit: BaseException | None = None
    on_show: BaseException | None = None
    shown: list[Report] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    seen: list[BaseException | None] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@dataclass
class Ran:
    """What one `run_cell` gave."""

    result: Any
    out: str
    err: str

    @property
    def error(self) -> BaseException | None:
        return self.result.error_before_exec or self.result.error_in_exec

    @property
    def shown(self) -> str:
        """The output, with the cell's number as n."""
        return re.sub(r"(In|Out)\[\d+\]", r"\1[n]", self.out)


class Session:
    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def run(self, text: str, **how: Any) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            result = self.shell.run_cell(text, **{"store_history": True, **how})
        return Ran(result, out.getvalue(), err.getvalue())

    def plain(self, body: str) -> Ran:
        return self.run("# a plain cell\n" + body)

    def magic(self, body: str, options: str = "") -> Ran:
        return self.run(f"%%bertcheck {options}\n{body}")


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes()

    class Watch:
        def __init__(self, **asked: Any) -> None:
            fakes.asked.append(asked)

        def __enter__(self) -> Watch:
            if fakes.on_enter is not None:
                raise fakes.on_enter
            return self

        def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
            fakes.seen.append(error)
            if fakes.on_exit is not None:
                raise fakes.on_exit
            self.report = fakes.report

    def check_objects(*objects: Any, **asked: Any) -> Report:
        fakes.asked.append({"objects": objects, **asked})
        return fakes.report

    def find_pair(namespace: dict[str, Any]) -> Any:
        if "net" not in namespace:
            raise BadUse("no model in the kernel")
        return types.SimpleNamespace(model="net", inputs="batch", labels=None, said="net with batch")

    def show(report: Report) -> None:
        if fakes.on_show is not None:
            raise fakes.on_show
        fakes.log.append("shown")
        fakes.shown.append(report)

    rule = types.SimpleNamespace(page=lambda: "what, why, wrong, right")
    for name, content in {
        "session": {"Watch": Watch},
        "objects": {"check_objects": check_objects, "find_pair": find_pair},
        "panel": {"show": show},
        "rules": {"RULES": {"labels-shape": rule, "input-missing": rule}},
    }.items():
        module = types.ModuleType(f"bertmagic.{name}")
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return fakes


@pytest.fixture
def session(fakes: Fakes, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    # IPython spells it "NoColor" up to 8.x and "nocolor" from 9.0 on.
    shell.run_line_magic("colors", "nocolor" if hasattr(shell.InteractiveTB, "_theme_name") else "NoColor")
    shell.extension_manager.load_extension("bertmagic")
    yield Session(shell)
    shell.extension_manager.unload_extension("bertmagic")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


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
    assert loaded[0][0]["line"] - unloaded[0][0]["line"] == {"bertcheck", "bertwatch"}
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
