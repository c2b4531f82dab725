"""The panel in Notebook 7, in a page that is no Jupyter's, and after fifty runs: one panel, and no growing memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import sample_report
from browser.contrast import assert_legible
from browser.driving import IMPORTS, PANEL, SHOW, TWIN, Lab, Notebook, write_notebook

from bertmagic.panel import bundle
from bertmagic.render.page import page_data

pytestmark = pytest.mark.browser

RUNS = 50
# Growth allowed from run 10 to the last: a panel of these is about 1 MB of heap and 900 nodes, its module 0.1 MB.
MOST_HEAP, MOST_NODES, MOST_OBJECTS = 2e6, 1500, 2000
# Objects, panels, and comms: the one widget's own, and that of the layout that ipywidgets makes for it.
_COUNTS = (
    "__import__('gc').collect() and 0 or [len(__import__('gc').get_objects()), "
    "len(__import__('bertmagic.panel').panel._answers), len(get_ipython().kernel.comm_manager.comms)]"
)


@pytest.fixture
def notebook7(lab: Lab, page: Any) -> Any:
    """A function from cells to a notebook that is open in Notebook 7."""
    pytest.importorskip("notebook", reason="NOT RUN: Notebook 7 is not installed")

    def make(*cells: str) -> Notebook:
        path = write_notebook(lab.root / "seven.ipynb", IMPORTS, *cells)
        page.goto(f"{lab.url}/notebooks/{path.name}")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        book = Notebook(page, path)
        book.wait_idle()
        return book

    return make


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_notebook_7_shows_the_panel(notebook7: Any, screenshots: Path, theme: str) -> None:
    book = notebook7(SHOW.format("silent_fault"), SHOW.format("passing"))
    book.set_theme(theme)
    book.run_all()
    panel = book.panel()
    book.panel(1)
    assert book.page.locator(PANEL).count() == 2
    assert not book.page.locator(TWIN).first.is_visible()
    assert_legible(panel)
    panel.screenshot(path=screenshots / f"notebook7-{theme.rsplit(maxsplit=1)[-1].lower()}.png")
    book.restart()
    book.page.locator(TWIN).first.wait_for(state="visible")
    assert book.page.locator(PANEL).count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_white_wrapper_it_is_legible(page: Any, screenshots: Path, scheme: str) -> None:
    # Editors put widgets on a white ground, whatever their theme, and have none of JupyterLab's variables.
    source = bundle()
    if source is None:
        pytest.skip("THE PANEL IS NOT BUILT: npm --prefix js run build")
    page.emulate_media(color_scheme=scheme)
    page.set_content(
        "<!doctype html><body style='background: #1e1e1e'><div id=wrapper style='background: white'></div></body>"
    )
    facts = json.dumps(page_data(sample_report.silent_fault().to_dict()))
    page.evaluate(
        """async ([source, facts]) => {
          const {default: widget} = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
          const model = {get: name => name === 'report' ? facts : '', on() {}, off() {}, send() {}};
          widget.render({model, el: document.getElementById('wrapper')});
        }""",
        [source, facts],
    )
    assert_legible(page.locator(PANEL))
    page.locator("#wrapper").screenshot(path=screenshots / f"wrapper-{scheme}.png")


def test_fifty_runs_leave_one_panel_and_no_growing_memory(make_notebook: Any, capsys: Any) -> None:
    book: Notebook = make_notebook(SHOW.format("deep"))
    measured = []
    for run in range(1, RUNS + 1):
        book.run_all()
        book.panel()
        if run in (10, RUNS):
            measured.append((*_page_memory(book.page), *json.loads(book.evaluate(_COUNTS))))
    assert book.page.locator(PANEL).count() == 1
    assert book.page.locator(TWIN).count() == 1
    (heap, nodes, listeners, objects, _, _), after = measured
    with capsys.disabled():
        sys.stdout.write(
            f"\n  runs 10 to {RUNS}: heap {after[0] - heap:+,.0f} bytes, {after[1] - nodes:+} nodes, "
            f"{after[2] - listeners:+} listeners in the page; {after[3] - objects:+} objects in the kernel\n"
        )
    assert after[4:] == (1, 2)
    assert after[0] - heap < MOST_HEAP
    assert after[1] - nodes < MOST_NODES
    assert after[3] - objects < MOST_OBJECTS


def _page_memory(page: Any) -> tuple[float, int, int]:
    """The page's heap in bytes, its nodes and its listeners, after a collection of garbage."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return found["JSHeapUsedSize"], int(found["Nodes"]), int(found["JSEventListeners"])
