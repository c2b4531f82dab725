"""What must hold of the project's own files: versions that agree, and nothing of one machine or registry in them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; .+)?")


def tracked() -> list[Path]:
    """The project's files as git knows them, and those that it would add."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def version() -> str:
    match = re.search(r'^__version__ = "([^"]+)"$', (ROOT / "bertmagic" / "__init__.py").read_text(), re.MULTILINE)
    assert match is not None
    return match[1]


def test_the_changelog_knows_this_version() -> None:
    assert re.search(rf"^## {re.escape(version())}( |$)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").glob("*.txt")), ids=lambda path: path.name)
def test_constraints_are_plain_pins(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert "://" not in path.read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").glob("*.txt")), ids=lambda path: path.name)
def test_constraints_name_every_required_package(path: Path) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = re.search(r"^dependencies = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    required = re.findall(r'"([a-z]+)>=', block[1])
    assert sorted(required) == ["anywidget", "ipython", "ipywidgets", "numpy", "traitlets"]
    pinned = {line.split("==")[0] for line in path.read_text().splitlines() if "==" in line}
    assert set(required) <= pinned


def test_no_lock_names_a_registry() -> None:
    for path in tracked():
        if path.name == "package-lock.json":
            assert '"resolved"' not in path.read_text(), path
        if path.name == ".npmrc":
            assert not re.search(r"^\s*(\S+:)?registry\s*=", path.read_text(), re.MULTILINE), path


@pytest.mark.parametrize("name", ["Makefile", "pyproject.toml", ".ci/run", "hatch_build.py", "tools"])
def test_what_installs_names_no_address(name: str) -> None:
    path = ROOT / name
    for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
        text = file.read_text()
        assert "://" not in text, file
        assert "index-url" not in text, file
        assert "find-links" not in text, file


def test_no_file_holds_a_path_of_this_machine() -> None:
    here = {str(ROOT) + "/", str(Path.home()) + "/"} - {"//"}
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        assert not [place for place in here if place in text], path


def test_the_readme_commands_are_make_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=[`\s])", (ROOT / "README.md").read_text()))
    assert {"demo", "lab"} <= named
    assert named <= targets


def test_the_rooms_are_where_they_are_said_to_be() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:bertmagic|js|tests)/[\w./]*?)`", text))
    assert "bertmagic/session.py" in named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    groups = text.partition("| group | modules |")[2].partition("\n\n")[0]
    modules = {path.stem for path in (ROOT / "bertmagic" / "backends" / "tensorflow").glob("[a-z]*.py")}
    assert modules == set(re.findall(r"`(\w+)`", groups))


def test_the_makefile_stays_short() -> None:
    assert len((ROOT / "Makefile").read_text().splitlines()) < 80


def test_every_marker_in_use_is_declared_with_what_it_means() -> None:
    block = re.search(r"^markers = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    assert {"browser", "gpu", "kernel", "slow", "tf"} <= set(re.findall(r'"(\w+): \w', block[1]))


def test_the_gallery_of_cases_is_whole() -> None:
    cases = ROOT / "tests" / "cases"
    assert (cases / "score.py").is_file()
    assert (cases / "fixtures.py").is_file()
    for path in sorted((cases / "open").glob("*.py")):
        header = dict(re.findall(r"^# (\w+): (.*)$", path.read_text(), re.MULTILINE))
        assert header["id"] == path.stem
        assert {"stack", "source", "expect"} <= set(header), path


def test_the_notebooks_are_json_of_format_4() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        assert json.loads(path.read_text())["nbformat"] == 4
