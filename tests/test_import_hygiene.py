"""`%load_ext bertmagic` prints nothing, imports nothing heavy and takes no time; each in its own process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {
    "anywidget",
    "flax",
    "h5py",
    "ipywidgets",
    "jax",
    "keras",
    "keras_hub",
    "numpy",
    "pandas",
    "tensorflow",
    "tf_keras",
    "tokenizers",
    "torch",
    "transformers",
}
# Seconds over an extension that is empty.
BOUND = 0.025

LOAD = """
import contextlib, io, json, sys, time
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
before = set(sys.modules)
out, err = io.StringIO(), io.StringIO()
with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    started = time.perf_counter()
    shell.run_line_magic("load_ext", sys.argv[1])
    seconds = time.perf_counter() - started
print(json.dumps({
    "seconds": seconds,
    "said": out.getvalue() + err.getvalue(),
    "imported": sorted(set(sys.modules) - before),
    "loaded": sys.argv[1] in shell.extension_manager.loaded,
}))
"""


def load(extension: str, folder: Path) -> dict[str, Any]:
    """What loading `extension` did in a fresh process; `folder` holds other extensions, and the history's folder."""
    path = [str(folder), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path}\n{LOAD}", extension],
        capture_output=True,
        text=True,
        check=True,
        env={"IPYTHONDIR": str(folder / "ipython"), "PATH": "", "HOME": str(folder)},
    )
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def heavy(loaded: dict[str, Any]) -> set[str]:
    return {name.partition(".")[0] for name in loaded["imported"]} & HEAVY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "empty_extension.py").write_text("def load_ipython_extension(ipython):\n    pass\n")
    (tmp_path / "loud_extension.py").write_text(
        "import ipywidgets\n\ndef load_ipython_extension(ipython):\n    print('hi')\n"
    )
    return tmp_path


def test_loading_prints_nothing_and_imports_nothing_heavy(folder: Path) -> None:
    loaded = load("bertmagic", folder)
    assert loaded["loaded"]
    assert loaded["said"] == ""
    assert heavy(loaded) == set()


def test_this_test_sees_an_extension_that_imports_and_prints(folder: Path) -> None:
    pytest.importorskip("ipywidgets")
    loaded = load("loud_extension", folder)
    assert loaded["said"] == "hi\n"
    assert "ipywidgets" in heavy(loaded)


def test_importing_the_package_imports_no_ipython_and_nothing_heavy() -> None:
    code = "import sys, bertmagic; print({m.partition('.')[0] for m in sys.modules} & set(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "IPython", *HEAVY], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "set()\n"


def test_every_public_name_is_there() -> None:
    import bertmagic

    assert {"check", "last", "watching", "Report", "CheckError"} <= set(dir(bertmagic))
    assert bertmagic.Report.__module__ == "bertmagic.report"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = bertmagic.nothing


def test_loading_takes_no_longer_than_the_bound(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load("bertmagic", folder)
    # Interleaved, so that a machine that is busy for a while is busy for both.
    times: dict[str, list[float]] = {"bertmagic": [], "empty_extension": []}
    for _ in range(7):
        for extension, seconds in times.items():
            seconds.append(load(extension, folder)["seconds"])
    ours, empty = (statistics.median(seconds) for seconds in times.values())
    with capsys.disabled():
        sys.stdout.write(f"\n%load_ext: bertmagic {ours * 1e3:.1f} ms, empty {empty * 1e3:.1f} ms (medians of 7)\n")
    assert ours - empty <= BOUND


def test_a_folder_named_like_a_framework_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import ModuleType

    from bertmagic.backends import is_loaded, loaded_backends

    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    assert not is_loaded("torch")
    assert "torch" not in [backend.name for backend in loaded_backends()]


def test_a_folder_named_like_a_framework_is_found_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.util import find_spec

    from bertmagic.observe.imports import after_import

    (tmp_path / "a_framework").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with after_import({"a_framework": lambda: pytest.fail("nothing was executed")}):
        spec = find_spec("a_framework")
    assert spec is not None
    assert spec.loader is None
    assert [*(spec.submodule_search_locations or ())] == [str(tmp_path / "a_framework")]
