"""`%bertwatch` in a real shell: silent while all is well, never dry, and gone when it is off."""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import bertmagic

FIT = "history = model.fit(x, labels, epochs=1, verbose=0)"


class Session:
    def __init__(self, shell: InteractiveShell, shown: list[Any]) -> None:
        self.shell, self.shown = shell, shown

    def run(self, text: str) -> Any:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            result = self.shell.run_cell(text, store_history=True)
        assert err.getvalue() == ""
        return SimpleNamespace(error=result.error_in_exec or result.error_before_exec, out=out.getvalue())

    def rules(self) -> list[list[str]]:
        """Of each report shown, its errors and warnings."""
        return [[each.rule for each in report.findings if each.severity != "advice"] for report in self.shown]


@pytest.fixture
def session(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    from bertmagic import panel

    shown: list[Any] = []
    monkeypatch.setattr(panel, "show", shown.append)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    shell.run_line_magic("colors", "nocolor" if hasattr(shell.InteractiveTB, "_theme_name") else "NoColor")
    shell.extension_manager.load_extension("bertmagic")
    yield Session(shell, shown)
    shell.extension_manager.unload_extension("bertmagic")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def ready(session: Session, build: Any, bert: Any, batch: SimpleNamespace) -> Session:
    x = {"input_ids": batch.ids, "attention_mask": batch.mask}
    session.shell.push({"model": build(), "flat": build(mask=False), "bert": bert, "x": x, "labels": batch.labels})
    session.shell.push({"ids": batch.ids, "mask": batch.mask})
    return session


def test_its_state_is_said(session: Session) -> None:
    assert session.run("%bertwatch").out == "bertwatch is off.\n"
    assert session.run("%bertwatch on").out.startswith("bertwatch is on: cells that touch a model are checked")
    assert session.run("%bertwatch off").out == "bertwatch is off.\n"


def test_what_it_does_not_take(session: Session) -> None:
    from IPython.core.error import UsageError

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        result = session.shell.run_cell("%bertwatch maybe", store_history=True)
    assert isinstance(result.error_in_exec, UsageError)


def test_fit_trains_and_nothing_is_shown_while_all_is_well(ready: Session) -> None:
    ready.run("%bertwatch on")
    before = ready.shell.user_ns["model"].get_weights()
    assert ready.run(FIT).error is None
    history = ready.shell.user_ns["history"].history
    assert np.isfinite(history["loss"]).all()
    after = ready.shell.user_ns["model"].get_weights()
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert ready.shown == []
    last = bertmagic.last()
    assert last is not None
    assert last.verdict == "pass"
    ready.run("1 + 1")
    assert bertmagic.last() is last, "a cell without a model leaves the last report"


def test_a_fault_is_shown_and_the_cell_goes_on(ready: Session) -> None:
    ready.run("%bertwatch on")
    assert ready.run("history = flat.fit({'input_ids': ids}, labels, verbose=0)\ndone = 1").error is None
    assert ready.shell.user_ns["done"] == 1
    assert np.isfinite(ready.shell.user_ns["history"].history["loss"]).all()
    assert ready.rules() == [["attention-mask-missing"]]
    assert bertmagic.last() is ready.shown[0]


def test_a_model_that_passed_is_not_checked_again(ready: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertmagic.examine import Examiner

    examined: list[str] = []
    examine = Examiner.examine

    def counted(self: Any, live: Any, facts: Any) -> Any:
        examined.append(facts.said)
        return examine(self, live, facts)

    monkeypatch.setattr(Examiner, "examine", counted)
    ready.run("%bertwatch on")
    for _ in range(2):
        ready.run(FIT)
    assert examined == ["model"]
    assert "1 model has passed" in ready.run("%bertwatch").out
    for _ in range(2):
        ready.run("flat.predict({'input_ids': ids}, verbose=0)")
    assert examined == ["model", "flat", "flat"], "what did not pass is checked again"


def test_a_cell_s_exception_is_its_own(ready: Session) -> None:
    cell = "bert(ids, attention_mask=mask[:, :5])"
    plain = ready.run(cell)
    ready.run("%bertwatch on")
    watched = ready.run(cell)
    assert (type(watched.error), str(watched.error)) == (type(plain.error), str(plain.error))
    assert "bertmagic" not in watched.out
    assert watched.out.count("skipping hidden") == plain.out.count("skipping hidden")

    def body(out: str) -> list[str]:
        return [line for line in out.splitlines() if "In[" not in line and "Cell In" not in line]

    assert body(watched.out) == body(plain.out)
    assert ready.rules() == [["attention-mask-shape"]] or ready.rules() == [["sequence-length-mismatch"]]


def test_fit_raises_what_it_raises(ready: Session) -> None:
    cell = "flat.fit({'input_ids': ids}, labels[:3], verbose=0)"
    plain = ready.run(cell)
    ready.run("%bertwatch on")
    watched = ready.run(cell)
    assert (type(watched.error), str(watched.error)) == (type(plain.error), str(plain.error))
    assert ready.rules() == [["row-count-mismatch"]]


def test_a_checked_cell_is_not_watched_too(ready: Session) -> None:
    ready.run("%bertwatch on")
    ready.run(f"%%bertcheck\n{FIT}")
    assert len(ready.shown) == 1, "the magic's own report, whatever it says"
    ready.run(f"\nget_ipython().run_cell_magic('bertcheck', '', {FIT!r})")
    assert len(ready.shown) == 2


def test_off_leaves_nothing(ready: Session, keras: Any) -> None:
    shell = ready.shell
    before = vars(keras.layers.Layer)["__call__"], shell.custom_exceptions, dict(shell.user_ns)
    callbacks = {name: list(each) for name, each in shell.events.callbacks.items()}
    ready.run("%bertwatch on")
    ready.run(FIT)
    ready.run("%bertwatch off")
    assert vars(keras.layers.Layer)["__call__"] is before[0]
    assert shell.custom_exceptions == before[1]
    assert {name: list(each) for name, each in shell.events.callbacks.items()} == callbacks
    ready.run("flat.predict({'input_ids': ids}, verbose=0)")
    assert ready.shown == []


def test_unloading_turns_it_off(ready: Session, keras: Any) -> None:
    callbacks = {name: list(each) for name, each in ready.shell.events.callbacks.items()}
    ready.run("%bertwatch on")
    ready.run("%unload_ext bertmagic")
    assert {name: list(each) for name, each in ready.shell.events.callbacks.items()} == callbacks
    ready.run("%load_ext bertmagic")


def test_an_idle_watch_costs_less_than_a_millisecond(ready: Session) -> None:
    def seconds() -> float:
        times = []
        for _ in range(40):
            start = time.perf_counter()
            ready.shell.run_cell("pass")
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    seconds()
    off = seconds()
    ready.run("%bertwatch on")
    ready.run("pass")
    on = seconds()
    sys.stdout.write(f"\n%bertwatch on a cell without a model: {1e3 * (on - off):.2f} ms\n")
    assert on - off < 1e-3
