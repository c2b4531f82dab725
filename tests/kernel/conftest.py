"""Real kernels, run cell by cell through nbclient, as `jupyter nbconvert --execute` runs a notebook."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kernel)


# A session that sees nothing, for what a cell must do whatever is found in it; and a panel that prints one line.
SEES_NOTHING = """
import sys, types
def _fake():
    from bertmagic.report import Device, Report, Rows
    class Watch:
        def __init__(self, **asked): pass
        def __enter__(self): return self
        def __exit__(self, *error): self.report = Report("pass", "said", Device("auto", None), Rows(0, 0), {})
    fakes = {
        "session": {"Watch": Watch},
        "objects": {"check_objects": None, "find_pair": None},
        "panel": {"show": lambda report: print("<report>")},
    }
    for name, content in fakes.items():
        module = sys.modules["bertmagic." + name] = types.ModuleType("bertmagic." + name)
        module.__dict__.update(content)
_fake()
del _fake
"""


@dataclass
class Cell:
    """One cell that was run: its outputs by kind, and how the kernel answered."""

    number: int | None
    outputs: list[dict[str, Any]]
    status: str

    def stream(self, name: str) -> str:
        return "".join(each["text"] for each in self.outputs if each.get("name") == name)

    @property
    def out(self) -> str:
        return self.stream("stdout")

    @property
    def err(self) -> str:
        return self.stream("stderr")

    @property
    def result(self) -> str | None:
        """What the cell shows as Out[n]."""
        found = [each["data"]["text/plain"] for each in self.outputs if each["output_type"] == "execute_result"]
        return found[0] if found else None

    @property
    def displays(self) -> list[dict[str, Any]]:
        return [each["data"] for each in self.outputs if each["output_type"] == "display_data"]

    @property
    def error(self) -> dict[str, Any] | None:
        found = [each for each in self.outputs if each["output_type"] == "error"]
        return found[0] if found else None

    @property
    def traceback(self) -> str:
        """As shown, without colours."""
        import re

        assert self.error is not None, self.outputs
        return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(self.error["traceback"]))


class Kernel:
    """A running kernel; each `run` is one cell, given to it as a notebook would."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, source: str) -> Cell:
        from nbclient.exceptions import CellExecutionError
        from nbformat.v4 import new_code_cell

        cell = new_code_cell(source)
        self.client.nb.cells.append(cell)
        try:
            self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
            status = "ok"
        except CellExecutionError:
            status = "error"
        return Cell(cell.execution_count, [dict(each) for each in cell.outputs], status)

    def names(self) -> str:
        """The user's namespace: each name with the identity of what it holds; IPython's own `_`, `_1`, … left out."""
        held = "{k: id(v) for k, v in sorted(globals().items()) if not k.startswith('_') and k not in ('In', 'Out')}"
        return self.run(f"print({held})").out


@pytest.fixture(scope="session")
def new_client(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A notebook client of its own for `sources`; its kernel runs this Python and finds this bertmagic."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    folder = tmp_path_factory.mktemp("jupyter")
    (folder / "kernels" / "this").mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "this",
        "language": "python",
        "env": {
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": str(ROOT),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_USE_LEGACY_KERAS": "1",
        },
    }
    (folder / "kernels" / "this" / "kernel.json").write_text(json.dumps(spec))

    def make(*sources: str, **options: Any) -> Any:
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient
        from nbformat.v4 import new_code_cell, new_notebook

        specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")])
        manager = AsyncKernelManager(kernel_name="this", kernel_spec_manager=specs)
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        return NotebookClient(notebook, km=manager, kernel_name="this", timeout=300, **options)

    return make


@pytest.fixture(scope="session")
def new_kernel(new_client: Callable[..., Any]) -> Iterator[Callable[..., Kernel]]:
    """Start a kernel and run `sources` in it, which must not fail; it lives until the tests end."""
    with ExitStack() as stack:

        def make(*sources: str) -> Kernel:
            client = new_client()
            # A manager that is handed in is not shut down by the client.
            stack.callback(lambda: _stop(client))
            stack.enter_context(client.setup_kernel(cleanup_kc=False))
            kernel = Kernel(client)
            for source in sources:
                cell = kernel.run(source)
                assert cell.status == "ok", cell
            return kernel

        yield make


def _stop(client: Any) -> None:
    from nbclient.util import run_sync

    run_sync(client.km.shutdown_kernel)(now=True)


@pytest.fixture(scope="session")
def sees_nothing() -> str:
    return SEES_NOTHING
