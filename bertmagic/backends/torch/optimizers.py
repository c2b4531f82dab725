"""What a PyTorch optimizer is, and how high its learning rate gets, read without making a step."""

from __future__ import annotations

import math
from typing import Any

from bertmagic.facts.training import OptimizerFacts

# Classes whose step is about the learning rate, whatever the gradient's size (torch 2.13, `optim/`; bitsandbytes' own
# and those of apex are called so too).
_ADAMS = ("Adam", "AdamW", "NAdam", "RAdam", "AdamW8bit", "Adam8bit", "FusedAdam", "PagedAdamW8bit", "AdamW32bit")
_SMALL_EPSILON = 1e-5
_SLOTS = {"Adam": 2, "AdamW": 2, "NAdam": 2, "RAdam": 2, "Adamax": 2, "Adadelta": 2, "RMSprop": 1, "Adagrad": 1}
_KNOWN = ("torch", "transformers", "bitsandbytes", "apex")


def facts_of(optimizer: Any, said: str | None, rate: float | None, steps: int) -> OptimizerFacts:
    """The facts of an optimizer that trains at `rate`."""
    while type(optimizer).__name__ == "AcceleratedOptimizer":
        optimizer = optimizer.optimizer
    name = type(optimizer).__name__
    known = type(optimizer).__module__.partition(".")[0] in _KNOWN
    epsilon = float(optimizer.defaults.get("eps", 1.0) or 1.0)
    return OptimizerFacts(
        name=name,
        adam=known and name in _ADAMS and epsilon <= _SMALL_EPSILON,
        rate=rate,
        steps=steps,
        slots=_SLOTS.get(name) if known else None,
        said=said,
    )


def slots_of(optimizer: OptimizerFacts | None) -> int | None:
    """How many arrays of a weight's size it keeps for each trained weight."""
    return None if optimizer is None else optimizer.slots


def highest_rate(group: dict[str, Any]) -> float | None:
    """The learning rate of a group of parameters: what a schedule began from, which a warm-up only nears."""
    rates = [_number(group.get(name)) for name in ("lr", "initial_lr", "max_lr")]
    known = [rate for rate in rates if rate is not None and math.isfinite(rate)]
    return max(known, default=None)


def steps_made(optimizer: Any) -> int:
    """The steps that an optimizer has made, as its own state counts them; 0 where it keeps none."""
    for state in optimizer.state.values():
        step = _number(state.get("step")) if isinstance(state, dict) else None
        if step is not None:
            return int(step)
    return 0


def _number(value: Any) -> float | None:
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
