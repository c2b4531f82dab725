"""The register of mutations: one function a fault, given a correct program of the kind that it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cell_programs import CellProgram
from programs import A_TOKEN, HEADS, Program

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.rules import RULES

Change = Callable[[Program, np.random.Generator], CallFacts]
CellChange = Callable[[CellProgram, np.random.Generator], CellFacts]
ONE_A_TEXT = tuple(name for name in HEADS if name not in (*A_TOKEN, "choices"))
TRAINED = tuple(name for name in ONE_A_TEXT if name not in ("none", "a loss that is written by hand"))


@dataclass(frozen=True)
class Mutation:
    """`change` puts the fault in that `slug` names; `needs`: the kinds of programs that it can be put into."""

    slug: str
    change: Change
    needs: dict[str, Any]


@dataclass(frozen=True)
class CellMutation:
    """The same for a rule about a whole cell."""

    slug: str
    change: CellChange
    needs: dict[str, Any]


MUTATIONS: dict[str, Mutation] = {}
CELL_MUTATIONS: dict[str, CellMutation] = {}


def mutation(slug: str, **needs: Any) -> Callable[[Change], Change]:
    """Register a fault; `needs` as `programs` takes them, `head` is any that has one answer a text by default."""

    def add(change: Change) -> Change:
        assert change.__name__ not in MUTATIONS
        assert RULES[slug].about == "call"
        MUTATIONS[change.__name__] = Mutation(slug, change, {"head": ONE_A_TEXT, **needs})
        return change

    return add


def cell_mutation(slug: str, **needs: Any) -> Callable[[CellChange], CellChange]:
    """Register a fault of a whole cell, likewise."""

    def add(change: CellChange) -> CellChange:
        assert change.__name__ not in CELL_MUTATIONS
        assert RULES[slug].about == "cell"
        CELL_MUTATIONS[change.__name__] = CellMutation(slug, change, {"head": ONE_A_TEXT, **needs})
        return change

    return add
