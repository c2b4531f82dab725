"""The Python end of the panel: what it displays, what it keeps, what it answers, and what a saved notebook grows by."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sample_report

from bertmagic import panel
from bertmagic.render.changes import UNCHANGED
from bertmagic.report import Report
from bertmagic.rules import RULES

TESTS = Path(__file__).parent
needs_bundle = pytest.mark.skipif(panel.bundle() is None, reason="THE PANEL IS NOT BUILT: npm --prefix js run build")


def test_import_loads_no_widgets() -> None:
    code = "import sys, bertmagic.panel; print(sorted({'anywidget', 'ipywidgets', 'IPython'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TESTS.parent)
    assert done.stdout.strip() == "[]"


def test_a_terminal_gets_text(capsys: pytest.CaptureFixture[str]) -> None:
    report = sample_report.silent_fault()
    panel.show(report)
    assert capsys.readouterr().out == report.to_text()


def asked(*questions: object, report: Report | None = None) -> list[Any]:
    """What a page gets for its messages."""
    report = report or sample_report.silent_fault()
    answers = panel.Answers(report.to_dict(), report.source)
    return [answers.to(question) for question in questions]


def test_nothing_but_known_questions_is_answered() -> None:
    wrong = ({"type": "run"}, {"type": ["report"]}, {"type": "explain"}, {"type": "explain", "rule": ["x"]}, "x", None)
    assert set(asked(*wrong, [])) == {None}
    assert [answer["type"] for answer in asked({"type": "report"}, {"type": "tokens"})] == ["report", "tokens"]
    no_tokens = dataclasses.replace(sample_report.silent_fault(), tokens=None)
    assert asked({"type": "tokens"}, report=no_tokens) == [None]


def test_a_page_gets_answers_about_twins_that_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    report = sample_report.silent_fault()
    monkeypatch.setattr(panel, "_answers", {"a": panel.Answers(report.to_dict(), None)})
    sent: list[Any] = []
    widget = SimpleNamespace(send=sent.append)
    wrong = ({"type": "report"}, {"type": "report", "uid": "b"}, {"type": "report", "uid": ["a"]}, "ping", None)
    for content in (*wrong, {"type": "run", "uid": "a"}):
        panel._answer(widget, content, [])
    assert sent == []
    for content in ({"type": "ping"}, {"type": "report", "uid": "a"}):
        panel._answer(widget, content, [])
    assert sent[0] == {"type": "pong", "uids": ["a"]}
    assert (sent[1]["type"], sent[1]["uid"], sent[1]["report"]["verdict"]) == ("report", "a", "fail")


def test_a_page_can_ask_for_a_rules_page() -> None:
    known, unknown = asked(
        {"type": "explain", "rule": "attention-mask-missing"}, {"type": "explain", "rule": "__doc__"}
    )
    assert known["page"] == RULES["attention-mask-missing"].page()
    assert unknown["page"] == ""


def test_the_diff_of_a_fix_is_the_users_cell_and_the_corrected_one() -> None:
    (answer,) = asked({"type": "report"})
    diff = answer["report"]["findings"][0]["fix"]["diff"]
    report = sample_report.silent_fault()
    assert report.source is not None
    assert report.findings[0].fix is not None
    assert [line for sign, line in diff if sign != "+"] == report.source.splitlines()
    assert [line for sign, line in diff if sign != "-"] == str(report.findings[0].fix.cell).splitlines()
    assert {sign for sign, _ in diff} == {" ", "+", "-"}


class Kernel:
    """A kernel that runs a cell: `metadata` is what the front end sent with it."""

    def __init__(self, execution: str, **metadata: str) -> None:
        self.parent = {"header": {"msg_id": execution}, "metadata": metadata}

    def get_parent(self) -> dict[str, Any]:
        """The request that is being run."""
        return self.parent


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No panels from earlier tests; the twins whose panels a page is told to take away."""
    gone: list[str] = []
    monkeypatch.setattr(panel, "_shown", {})
    monkeypatch.setattr(panel, "_answers", {})
    monkeypatch.setattr(panel, "_tell", lambda message: gone.append(message["uid"]))
    return gone


def show_in(kernel: Kernel, uid: str) -> None:
    panel._cell(kernel, uid).uids.append(uid)
    panel._answers[uid] = panel.Answers({}, None)


def test_a_cell_that_runs_again_loses_its_panels(shown: list[str]) -> None:
    show_in(Kernel("1", cellId="a"), "u0")
    show_in(Kernel("1", cellId="a"), "u1")
    show_in(Kernel("2", cellId="b"), "u2")
    assert shown == []
    show_in(Kernel("3", cellId="a"), "u3")
    assert shown == ["u0", "u1"]
    assert list(panel._answers) == ["u2", "u3"]
    assert len(panel._shown) == 2


def test_panels_of_nameless_cells_are_bounded(shown: list[str]) -> None:
    uids = [f"u{index}" for index in range(panel.NAMELESS_KEPT + 5)]
    for index, uid in enumerate(uids):
        show_in(Kernel(str(index)), uid)
    assert shown == uids[:5]
    assert len(panel._shown) == len(panel._answers) == panel.NAMELESS_KEPT


@pytest.mark.usefixtures("shown")
def test_what_changed_is_told_of_the_same_cell_and_the_same_place_in_it() -> None:
    fault, right = sample_report.silent_fault().to_dict(), sample_report.passing().to_dict()

    def told(execution: str, cell: str, *reports: dict[str, Any]) -> list[list[str] | None]:
        kernel = Kernel(execution, cellId=cell)
        return [panel._changed(panel._cell(kernel, "u"), facts) for facts in reports]

    assert told("1", "a", fault, right) == [None, None]
    assert told("2", "b", right) == [None]
    first, second = told("3", "a", right, right)
    assert first is not None
    assert "the verdict: fail → pass" in first
    assert "gone: `attention-mask-missing` on `attention_mask`" in first
    assert second == [UNCHANGED]
    assert told("4", "a", right, right, right) == [[UNCHANGED], [UNCHANGED], None]


def test_without_a_bundle_there_is_no_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "bundle", lambda: None)
    with pytest.raises(RuntimeError, match="not built"):
        panel.panel(sample_report.passing())


@needs_bundle
def test_a_displayed_panel_is_a_widget() -> None:
    made = panel.panel(sample_report.passing())
    try:
        assert json.loads(made.report)["verdict"] == "pass"
        assert "widget-view" in str(made._repr_mimebundle_())
    finally:
        made.close()


@needs_bundle
def test_the_bundle_is_small_and_reaches_for_nothing() -> None:
    bundle = panel.bundle()
    assert bundle is not None
    assert len(bundle.encode()) < 50_000
    assert "innerHTML" not in bundle
    for word in (
        "eval(",
        "Function(",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "import(",
        "outerHTML",
        "insertAdjacent",
    ):
        assert word not in bundle
    # The name of the SVG namespace is no address that anything asks for.
    assert bundle.count("http") == bundle.count("http://www.w3.org/2000/svg")


@needs_bundle
@pytest.mark.kernel
def test_a_check_adds_little_to_a_saved_notebook(capsys: pytest.CaptureFixture[str]) -> None:
    small = _executed("pass")
    large = _executed("from bertmagic.panel import show; show(deep())")
    outputs = large.cells[1].outputs
    assert [sorted(output.data) for output in outputs] == [["text/html", "text/plain"]]
    states = large.metadata.widgets["application/vnd.jupyter.widget-state+json"].state
    assert sum("_esm" in entry.state for entry in states.values()) == 1
    added = _size(large) - _size(small)
    with capsys.disabled():
        sys.stdout.write(f"\n  one check of a 12-block model adds {added:,} bytes to a saved notebook\n")
    assert added < 60_000


def _executed(cell: str) -> Any:
    import nbformat
    from nbclient import NotebookClient

    start = f"import sys; sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]\nfrom sample_report import *"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (start, cell)])
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    return book


def _size(book: Any) -> int:
    import nbformat

    return len(nbformat.writes(book).encode())
