"""Faults that only running the model tells: pooling over padding, dropout left on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from facts_builder import having
from harmless import harmless
from mutating import mutation
from programs import Program

from bertmagic.facts.call import CallFacts, PoolingFacts


@mutation("pooling-over-padding", padded=True, mask=True, filler=False)
def a_mean_over_padding(program: Program, random: np.random.Generator) -> CallFacts:
    of = PoolingFacts(
        "logits",
        random.choice(np.array(["mean", "max", None], object)),
        {int(row): int(count) for row, count in enumerate(program.padding.sum(axis=1)) if count},
        float(random.uniform(0.01, 1.0)),
        1.0,
        "the mean of the real tokens alone",
        "bert",
        "mask",
    )
    return having(program.facts(), pooling=(of,))


def _dropping(program: Program, **changes: Any) -> CallFacts:
    encoder = dataclasses.replace(program.family.encoder, dropout=0.1)
    family = dataclasses.replace(program.family, encoder=encoder)
    return having(program.facts(family=family, kind="call"), **changes)


@mutation("training-mode-at-inference", head=("none",), filler=False)
def called_in_training_mode(program: Program, random: np.random.Generator) -> CallFacts:
    by = str(random.choice(["call", "default", "learning phase"]))
    return _dropping(program, training=True, training_by=by)


@harmless(head=("none",))
def training_mode_on_purpose(program: Program, random: np.random.Generator) -> CallFacts:
    return _dropping(program, training=True, **{str(random.choice(["watched", "on_purpose"])): True})
