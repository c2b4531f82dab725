"""What is written from the code is as the code has it: the rules' pages, their index, the README's table."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bertmagic.rules import RULES, Rule

ROOT = Path(__file__).parent.parent


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rule_pages = load("rule_pages")
WANTED: dict[Path, str] = rule_pages.files(ROOT)


@pytest.mark.parametrize("path", WANTED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_is_as_the_docstring_has_it(path: Path) -> None:
    assert path.is_file(), "run `make docs`"
    assert path.read_text() == WANTED[path], "run `make docs`"


def test_there_is_no_page_without_its_rule() -> None:
    assert {path.stem for path in (ROOT / "docs" / "rules").glob("*")} == {*RULES, "README"}


def test_the_changelog_counts_the_rules() -> None:
    count = re.search(r"^- (\d+) rules", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert count is not None
    assert int(count[1]) == len(RULES)


def made_up(call: object) -> None:
    """Rows are read
    as columns.

    What it finds: it.

    Wrong:

        first

        second

    Right:

        third
    """


RULE = Rule("made-up", "advice", "none", made_up)


def test_an_example_is_one_block_of_code() -> None:
    page = rule_pages.page(RULE)
    assert "# made-up\n\nSeverity: **advice**.\n\nRows are read\nas columns.\n\n**What it finds:** it.\n" in page
    assert "**Wrong:**\n\n```python\nfirst\n\nsecond\n```\n\n**Right:**\n\n```python\nthird\n```\n" in page


def test_the_table_of_the_readme_is_written_anew_and_the_rest_is_left() -> None:
    readme = f"# T\n\n{rule_pages.HEAD}| `gone` | error | x |\n\nafter | it\n"
    made = f"# T\n\n{rule_pages.HEAD}| `made-up` | advice | rows are read as columns |\n\nafter | it\n"
    assert rule_pages.in_readme(readme, [RULE]) == made
    with pytest.raises(ValueError, match="no table"):
        rule_pages.in_readme("# T\n", [RULE])


def test_the_pages_need_no_framework() -> None:
    program = "import sys; sys.argv[1:] = []; import runpy; runpy.run_path('tools/rule_pages.py')\n"
    program += "print([name for name in ('IPython', 'keras', 'tensorflow', 'tf_keras') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_pages_of_rules_that_are_no_more_are_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs" / "rules").mkdir(parents=True)
    (tmp_path / "docs" / "rules" / "gone.md").write_text("")
    (tmp_path / "README.md").write_text(rule_pages.HEAD)
    assert rule_pages.main([str(tmp_path)]) == 0
    assert "removed docs/rules/gone.md" in capsys.readouterr().out
    assert {path.stem for path in (tmp_path / "docs" / "rules").glob("*")} == {*RULES, "README"}
    rule_pages.main([str(tmp_path)])
    assert capsys.readouterr().out == ""


def named_paths(text: str) -> list[str]:
    """The paths in backticks, and in the commands, of a Markdown text; with their patterns."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    words = [*re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text)), *blocks]
    paths = [word for each in words for word in each.split() if re.match(r"^[\w.]+/[\w./*-]*$|^\w+\.(md|toml)$", word)]
    return [path for path in paths if not path.startswith(".venv")]


def test_every_path_that_the_guide_names_is_there() -> None:
    paths = named_paths((ROOT / "CONTRIBUTING.md").read_text())
    assert len(set(paths)) > 30
    made_later = {"docs/score.md"}
    assert [path for path in paths if path not in made_later and not list(ROOT.glob(path.rstrip("/")))] == []


def test_paths_are_found_in_text_and_in_commands() -> None:
    text = "See `a/b.py`, `tests/x_*.py` and `not_one`.\n\n```\npython c/d.py --only e\n```\n\n`make x`, `CHANGELOG.md`"
    assert named_paths(text) == ["a/b.py", "tests/x_*.py", "CHANGELOG.md", "c/d.py"]


def test_every_command_that_the_guide_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)(?=[`\s])", text))
    assert named & {"test", "lint", "docs", "score"} == {"test", "lint", "docs", "score"}
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets


def test_every_package_and_module_at_the_top_has_its_room() -> None:
    """A guide to the rooms that leaves one out leads nowhere."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    packages = [path.parent.name for path in (ROOT / "bertmagic").glob("*/__init__.py")]
    assert [name for name in packages if f"`bertmagic/{name}/`" not in text] == []
