"""The steps that a browser test is written in: open a notebook in JupyterLab, run, save, restart, change the theme."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

TESTS = Path(__file__).resolve().parents[1]
PANEL = ".bertmagic-panel"
TWIN = '[id^="bm-"]'
IMPORTS = f"import sys; sys.path[:0] = [{str(TESTS)!r}, {str(TESTS.parent)!r}]\nfrom sample_report import *\n"
SHOW = "from bertmagic.panel import show; show({}())"


@dataclass
class Lab:
    """A running server, the folders that it serves, where it notes what it trusts, and where it keeps its theme."""

    url: str
    root: Path
    data: Path
    settings: Path


@dataclass
class Notebook:
    """An open notebook, and what a person does with it."""

    page: Any
    path: Path

    def run_all(self) -> None:
        """Run every cell, and wait until the kernel is idle again."""
        self.command("notebook:run-all-cells")
        self.wait_idle()

    def command(self, name: str, **arguments: object) -> None:
        """Run one of JupyterLab's commands."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])

    def wait_idle(self) -> None:
        """Wait until the kernel has answered and nothing runs.

        Asks the cells' models: a cell out of sight has no prompt, and between two cells the kernel is idle.
        """
        self.page.wait_for_function(
            """() => { const widget = window.jupyterapp.shell.currentWidget;
            return widget?.sessionContext?.session?.kernel?.status === 'idle'
              && !widget.content.widgets.some(cell => cell.model.executionState === 'running'); }"""
        )

    def panel(self, at: int = 0) -> Any:
        """The panel, once it is there; its insides are in an open shadow root, which locators see through."""
        found = self.page.locator(PANEL).nth(at)
        found.locator("article").wait_for()
        return found

    def save(self) -> None:
        """Save, and wait until the file is written."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def restart(self) -> None:
        """Restart the kernel, as the menu does after its question."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")

    def evaluate(self, source: str) -> str:
        """The text of what a line of Python gives in the notebook's kernel, without running a cell."""
        script = """async source => {
          const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const asked = {code: '', silent: true, user_expressions: {value: source}};
          const reply = await kernel.requestExecute(asked).done;
          return reply.content.user_expressions.value.data['text/plain'];
        }"""
        return str(self.page.evaluate(script, source))

    def set_theme(self, name: str) -> None:
        """`JupyterLab Light`, `JupyterLab Dark` or `JupyterLab Dark High Contrast`."""
        self.command("apputils:change-theme", theme=name)
        light = "false" if "Dark" in name else "true"
        self.page.wait_for_selector(
            f'body[data-jp-theme-name="{name}"][data-jp-theme-light="{light}"]', state="attached"
        )
        self.page.wait_for_timeout(500)  # the theme's style sheet is swapped after the attribute


@contextmanager
def local_page(browser: Any, size: dict[str, int]) -> Iterator[Any]:
    """An empty page in a context of its own; an AssertionError at its end where it reached beyond this machine."""
    context = browser.new_context(viewport=size, device_scale_factor=2)
    beyond: list[str] = []
    context.on("request", lambda request: beyond.append(request.url) if not _is_local(request.url) else None)
    yield context.new_page()
    context.close()
    assert not beyond, f"the page asked for {beyond}"


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "file:", "about:"))


def write_notebook(path: Path, *cells: str) -> Path:
    """A notebook of these code cells."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)
    return path


def open_notebook(page: Any, lab: Lab, path: Path, kernel: bool = True) -> Notebook:
    """Open a notebook of the server's folder in JupyterLab; without a kernel, by way of its dialog."""
    page.goto(f"{lab.url}/lab/workspaces/{uuid.uuid4().hex}/tree/{path.name}")
    book = Notebook(page, path)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    if kernel:
        book.wait_idle()
    else:
        page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click()
    return book
