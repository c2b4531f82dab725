"""The register of rules: one function a rule, its docstring its page."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from bertmagic.facts.call import CallFacts
from bertmagic.finding import Finding, Severity

Check = Callable[[CallFacts], "Finding | None"]


@dataclass(frozen=True)
class Rule:
    """A root cause: its stable slug, how grave it is, the family (its module), and the function that looks for it."""

    slug: str
    severity: Severity
    family: str
    check: Check

    def page(self) -> str:
        """The rule's page: what it finds, why that is bad, a wrong and a right example."""
        return f"{self.slug} ({self.severity})\n\n{inspect.cleandoc(self.check.__doc__ or '')}"


RULES: dict[str, Rule] = {}


def rule(severity: Severity) -> Callable[[Check], Check]:
    """Register a function as the rule of its own name, `attention_mask_missing` as `attention-mask-missing`."""

    def register(check: Check) -> Check:
        slug = check.__name__.replace("_", "-")
        RULES[slug] = Rule(slug, severity, check.__module__.rpartition(".")[2], check)
        return check

    return register
