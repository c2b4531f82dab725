"""Write a page for each rule into docs/rules/, their index, and the README's table: all from the rules' docstrings.

Usage: rule_pages.py [FOLDER], the checkout to write into, by default this one. Needs no framework.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from pathlib import Path

# Words that keep their capital letter.
_NAMES = ("Keras", "None")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # bertmagic need not be installed, and another version of it must not be taken

from bertmagic.rules import RULES, Rule  # noqa: E402  # see above
from bertmagic.rules.order import CAUSES  # noqa: E402

MADE = "<!-- Made by `make docs` from the rule's docstring; edit that. -->"
PARTS = ("What it finds:", "Why it is bad:", "Wrong:", "Right:")
HEAD = "| rule | severity | the root cause |\n| --- | --- | --- |\n"
INDEX = f"""{MADE.replace("the rule's docstring", "the rules' docstrings")}

# The rules

One rule is one root cause. **error**: it raises, or what it computes is wrong. **warning**: it runs, and very likely
computes something that is not meant. **advice**: correct, but wasteful or risky. Causes stand before what follows from
them: where several rules fit one fault, the first of them is reported.

"""


def ordered(rules: Iterable[Rule]) -> list[Rule]:
    """Causes before what follows from them, as reports have them; rules without a place there last, by their slugs."""
    place = {slug: index for index, slug in enumerate(CAUSES)}
    return sorted(rules, key=lambda rule: (place.get(rule.slug, len(place)), rule.slug))


def paragraphs(rule: Rule) -> list[str]:
    """The docstring's paragraphs, the summary first."""
    return inspect.cleandoc(rule.check.__doc__ or "").split("\n\n")


def summary(rule: Rule) -> str:
    """The summary on one line, without its full stop."""
    return " ".join(paragraphs(rule)[0].split()).removesuffix(".")


def page(rule: Rule) -> str:
    """The rule's page in Markdown: the docstring, with its examples as Python."""
    parts = [f"# {rule.slug}", f"Severity: **{rule.severity}**."]
    code: list[str] = []
    for paragraph in [*paragraphs(rule), ""]:
        if paragraph.startswith("    "):
            code.append(inspect.cleandoc(paragraph))
            continue
        if code:  # an example's empty lines are no ends of it
            parts.append("```python\n" + "\n\n".join(code) + "\n```")
            code = []
        part = next((part for part in PARTS if paragraph.startswith(part)), "")
        parts.append(f"**{part}**{paragraph[len(part) :]}" if part else paragraph)
    body = "\n\n".join(part for part in parts if part)
    return f"{MADE}\n\n{body}\n\n[All rules](README.md)\n"


def index(rules: Iterable[Rule]) -> str:
    """The index of all pages."""
    rows = (f"| [`{rule.slug}`]({rule.slug}.md) | {rule.severity} | {summary(rule)} |\n" for rule in ordered(rules))
    return INDEX + HEAD + "".join(rows)


def in_readme(readme: str, rules: Iterable[Rule]) -> str:
    """The README with its table of rules as the docstrings have it; ValueError where it has no such table."""
    before, head, after = readme.partition(HEAD)
    if not head:
        raise ValueError("the README has no table of rules")
    rest = after.splitlines(keepends=True)
    while rest and rest[0].startswith("|"):
        rest.pop(0)
    rows = (f"| `{rule.slug}` | {rule.severity} | {_lower(summary(rule))} |\n" for rule in ordered(rules))
    return before + head + "".join(rows) + "".join(rest)


def _lower(sentence: str) -> str:
    """The sentence as a table's cell begins: `NaN`, code and names stay as they are."""
    first = re.match(r"[A-Z][a-z]*(?=[ ,-])", sentence)
    return sentence if first is None or first[0] in _NAMES else sentence[0].lower() + sentence[1:]


def files(root: Path) -> dict[Path, str]:
    """What the checkout at `root` is to hold, by path."""
    folder = root / "docs" / "rules"
    pages = {folder / f"{rule.slug}.md": page(rule) for rule in RULES.values()}
    readme = root / "README.md"
    return {**pages, folder / "README.md": index(RULES.values()), readme: in_readme(readme.read_text(), RULES.values())}


def main(arguments: list[str]) -> int:
    """Write what has changed, remove pages of rules that are no more, and say which."""
    root = Path(arguments[0]).resolve() if arguments else ROOT
    wanted = files(root)
    for path in sorted((root / "docs" / "rules").glob("*.md")):
        if path not in wanted:
            path.unlink()
            print(f"removed {path.relative_to(root)}")
    for path, text in wanted.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
