"""What a check is asked to do: the magic's options and the keywords of `bertmagic.check`, validated once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

DEVICES = ("auto", "cpu", "gpu")


class BadUse(ValueError):
    """Something that was asked for cannot be done; the message is one line for the user. Nothing was changed."""


@dataclass(frozen=True)
class Options:
    """`rows`: how many rows the forward pass runs (None: as few as the checks need; "all": the whole batch)."""

    run: bool = False
    device: str = "auto"
    rows: int | Literal["all"] | None = None
    ignore: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    probes: bool = True
    text: bool = True

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise BadUse(f"device must be one of {', '.join(DEVICES)}; found {self.device!r}")
        if self.rows not in (None, "all") and (not isinstance(self.rows, int) or self.rows < 1):
            raise BadUse(f"rows must be a positive number or 'all'; found {self.rows!r}")
        known_rules(self.ignore | self.only)


def known_rules(slugs: Iterable[str]) -> None:
    """Raise `BadUse` for the first slug that no rule has, with the nearest that one has."""
    import difflib

    from bertmagic.rules import RULES

    for slug in sorted(slugs):
        if slug not in RULES:
            near = difflib.get_close_matches(slug, RULES, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise BadUse(f"no rule is called {slug!r}{hint}")
