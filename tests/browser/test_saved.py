"""A saved notebook: reopened without a kernel or turned into a page, it shows the tables, and nothing of a panel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser.contrast import assert_legible
from browser.driving import IMPORTS, PANEL, SHOW, TWIN, Lab, open_notebook, write_notebook
from nbformat.sign import NotebookNotary

pytestmark = pytest.mark.browser


@pytest.fixture
def saved(make_notebook: Any) -> Path:
    """A notebook that was run and saved in JupyterLab."""
    book = make_notebook(SHOW.format("silent_fault"))
    book.run_all()
    book.panel()
    book.save()
    path: Path = book.path
    outputs = json.loads(path.read_text())["cells"][1]["outputs"]
    assert [sorted(output["data"]) for output in outputs] == [["text/html", "text/plain"]]
    return path


def test_reopened_without_a_kernel_it_shows_the_tables(saved: Path, page: Any, lab: Lab) -> None:
    open_notebook(page, lab, _moved(saved, lab, trust=True), kernel=False)
    twin = page.locator(TWIN)
    twin.wait_for(state="visible")
    page.wait_for_timeout(1500)  # time for whatever might still draw over it
    assert "attention_mask" in twin.inner_text()
    assert twin.is_visible()
    assert page.locator(PANEL).count() == 0
    assert_legible(twin)


def test_reopened_by_another_person_it_shows_the_tables(saved: Path, page: Any, lab: Lab) -> None:
    # JupyterLab takes styles and ids from outputs that it does not trust.
    open_notebook(page, lab, _moved(saved, lab, trust=False), kernel=False)
    output = page.locator(".jp-OutputArea-output").first
    output.get_by_role("columnheader", name="Shape").first.wait_for()
    assert "✕ missing" in output.inner_text()
    assert page.locator(PANEL).count() == 0


@pytest.mark.parametrize("state", [False, True], ids=["without-state", "with-state"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_as_a_page_it_shows_the_tables(
    tmp_path: Path, offline_page: Any, screenshots: Path, state: bool, scheme: str
) -> None:
    exported, page = _exported(tmp_path, state), offline_page
    page.emulate_media(color_scheme=scheme)
    page.goto(exported.as_uri())
    twin = page.locator(TWIN)
    twin.wait_for(state="visible")
    page.wait_for_timeout(1000)
    assert twin.is_visible()
    assert page.locator(PANEL).count() == 0
    assert_legible(twin)
    twin.locator("details").last.evaluate("details => { details.open = true }")
    twin.screenshot(path=screenshots / f"page-{scheme}{'-state' if state else ''}.png")


def test_without_style_and_class_the_tables_are_tables(page: Any) -> None:
    import sample_report

    page.set_content(sample_report.silent_fault().to_html())
    page.evaluate("""() => { document.querySelectorAll('style').forEach(style => style.remove());
        document.querySelectorAll('[class]').forEach(element => element.removeAttribute('class')); }""")
    assert page.get_by_role("table").count() >= 3
    assert page.get_by_role("columnheader", name="Shape").count() >= 2
    assert "✕ missing" in page.locator("body").inner_text()


def _moved(path: Path, lab: Lab, trust: bool) -> Path:
    """A copy, which no running kernel belongs to and which names none: JupyterLab asks, and can be told none."""
    book = nbformat.read(path, as_version=4)
    book.metadata = {}
    path = path.with_stem(f"{path.stem}-moved")
    nbformat.write(book, path)
    if trust:
        NotebookNotary(data_dir=str(lab.data)).sign(book)
    return path


def _exported(folder: Path, state: bool) -> Path:
    from nbclient import NotebookClient

    path = write_notebook(folder / "saved.ipynb", IMPORTS, SHOW.format("silent_fault"))
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=120, kernel_name="python3", store_widget_state=state).execute()
    assert ("widgets" in book.metadata) == state
    nbformat.write(book, path)
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR", str(path)], check=True, cwd=folder
    )
    return folder / "saved.html"
