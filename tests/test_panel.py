"""The Python end of the panel: what it displays, what it keeps, what it answers, and what a saved notebook grows by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sample_report

from bertmagic import panel

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


def test_only_a_sign_of_life_is_answered() -> None:
    sent: list[object] = []
    widget = SimpleNamespace(send=sent.append)
    for content in ({"type": "run"}, {"type": ["ping"]}, "ping", None, [], {"type": "ping"}):
        panel._answer(widget, content, [])
    assert sent == [{"type": "pong"}]


class Kernel:
    """A kernel that runs a cell: `metadata` is what the front end sent with it."""

    def __init__(self, execution: str, **metadata: str) -> None:
        self.parent = {"header": {"msg_id": execution}, "metadata": metadata}

    def get_parent(self) -> dict[str, Any]:
        """The request that is being run."""
        return self.parent


class Closing:
    """A panel that remembers whether it was closed."""

    closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """No panels from earlier tests."""
    empty: dict[str, Any] = {}
    monkeypatch.setattr(panel, "_live", empty)
    return empty


def test_a_cell_that_runs_again_closes_its_panels(live: dict[str, Any]) -> None:
    made = [Closing() for _ in range(4)]
    panel._keep(Kernel("1", cellId="a"), "u0", made[0])
    panel._keep(Kernel("1", cellId="a"), "u1", made[1])
    panel._keep(Kernel("2", cellId="b"), "u2", made[2])
    assert not any(one.closed for one in made)
    panel._keep(Kernel("3", cellId="a"), "u3", made[3])
    assert [one.closed for one in made] == [True, True, False, False]
    assert len(live) == 2


def test_panels_of_nameless_cells_are_bounded(live: dict[str, Any]) -> None:
    made = [Closing() for _ in range(panel.NAMELESS_KEPT + 5)]
    for index, one in enumerate(made):
        panel._keep(Kernel(str(index)), f"u{index}", one)
    assert [one.closed for one in made] == [True] * 5 + [False] * panel.NAMELESS_KEPT
    assert len(live) == panel.NAMELESS_KEPT


def test_without_a_bundle_there_is_no_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "bundle", lambda: None)
    with pytest.raises(RuntimeError, match="not built"):
        panel.panel(sample_report.passing())


@needs_bundle
def test_a_displayed_panel_is_a_widget() -> None:
    made = panel.panel(sample_report.passing())
    try:
        assert made.uid == ""
        assert json.loads(made.report)["verdict"] == "pass"
        assert "widget-view" in str(made._repr_mimebundle_())
    finally:
        made.close()


@needs_bundle
def test_the_bundle_is_small_and_reaches_for_nothing() -> None:
    bundle = panel.bundle()
    assert bundle is not None
    assert len(bundle.encode()) < 20_000
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
