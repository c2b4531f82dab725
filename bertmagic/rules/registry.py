"""The register of rules: one function a rule, its docstring its page."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.finding import Finding, Severity

Check = Callable[[CallFacts], "Finding | None"]
CellCheck = Callable[[CellFacts], "Finding | None"]


@dataclass(frozen=True)
class Rule:
    """A root cause: its stable slug, how grave it is, the family (its module), and the function that looks for it.

    `about`: whether `check` takes the facts of one call of a model, or those of the whole cell.
    """

    slug: str
    severity: Severity
    family: str
    check: Callable[[Any], Finding | None]
    about: Literal["call", "cell"] = "call"

    def page(self) -> str:
        """The rule's page: what it finds, why that is bad, a wrong and a right example."""
        return f"{self.slug} ({self.severity})\n\n{inspect.cleandoc(self.check.__doc__ or '')}"


RULES: dict[str, Rule] = {}


def rule(severity: Severity) -> Callable[[Check], Check]:
    """Register a function as the rule of its own name, `attention_mask_missing` as `attention-mask-missing`."""

    def register(check: Check) -> Check:
        _register(severity, check, "call")
        return check

    return register


def cell_rule(severity: Severity) -> Callable[[CellCheck], CellCheck]:
    """Register a function as a rule about a whole cell: its tokenizer calls, the graphs it built, what ended it."""

    def register(check: CellCheck) -> CellCheck:
        _register(severity, check, "cell")
        return check

    return register


def wanted(about: Literal["call", "cell"], ignore: Container[str], only: Collection[str]) -> Iterator[Rule]:
    """The rules about calls or cells, without those of `ignore`, and where `only` names some, those alone."""
    for slug, each in RULES.items():
        if each.about == about and slug not in ignore and (not only or slug in only):
            yield each


def _register(severity: Severity, check: Callable[[Any], Finding | None], about: Literal["call", "cell"]) -> None:
    slug = check.__name__.replace("_", "-")
    RULES[slug] = Rule(slug, severity, check.__module__.rpartition(".")[2], check, about)
