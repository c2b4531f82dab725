"""What a Keras 3 optimizer is, and how high its learning rate gets, read without making a step or a variable."""

from __future__ import annotations

import math
from typing import Any

from bertmagic.backends.epochs import callback_list
from bertmagic.backends.keras3 import compute
from bertmagic.facts.training import OptimizerFacts

# Classes whose step is about the learning rate, whatever the gradient's size (keras 3.15, `optimizers/`).
_ADAMS = ("Adam", "AdamW", "Nadam")
# With a larger epsilon the step follows the gradient's size, and the rate is another kind of number.
_SMALL_EPSILON = 1e-5
# Variables of a weight's size for each trained weight (the classes' `build`).
_SLOTS = {
    "Adam": 2,
    "AdamW": 2,
    "Nadam": 2,
    "Lamb": 2,
    "Adamax": 2,
    "Adadelta": 2,
    "Ftrl": 2,
    "RMSprop": 1,
    "Adagrad": 1,
    "Lion": 1,
    "SGD": 0,
    "Adafactor": 0,
}
# No training takes more steps.
_LAST_STEP = 10**9
# Callbacks that leave the rate alone (keras 3.15, `callbacks/`).
_LEAVE_THE_RATE = frozenset(
    {
        "BackupAndRestore",
        "CSVLogger",
        "EarlyStopping",
        "History",
        "ModelCheckpoint",
        "OrbaxCheckpoint",
        "ProgbarLogger",
        "RemoteMonitor",
        "SwapEMAWeights",
        "TensorBoard",
        "TerminateOnNaN",
    }
)


def describe_optimizer(model: Any) -> OptimizerFacts | None:
    """The facts of the optimizer that `model` was compiled with, or None."""
    outer = getattr(model, "optimizer", None) if getattr(model, "compiled", False) else None
    return None if outer is None else facts_of(outer)


def facts_of(optimizer: Any) -> OptimizerFacts:
    """The facts of an optimizer; of the inner one where it is wrapped for mixed precision (`LossScaleOptimizer`)."""
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None and _is_known(optimizer):
        return facts_of(inner)
    name = type(optimizer).__name__
    known = _is_known(optimizer)
    rate, schedule = _highest_rate(optimizer) if known else (None, None)
    return OptimizerFacts(
        name=name,
        adam=known and name in _ADAMS and _number(getattr(optimizer, "epsilon", None), 1.0) <= _SMALL_EPSILON,
        rate=rate,
        schedule=schedule,
        steps=int(_number(getattr(optimizer, "_iterations", None), 0)),
        slots=_slots(optimizer, name) if known else None,
    )


def may_set_rate(given: dict[str, Any]) -> tuple[str, ...]:
    """The types of the callbacks given to `fit` that may set the learning rate: all but those known not to."""
    return tuple(
        type(callback).__name__
        for callback in callback_list(given)
        if not (_is_known(callback) and type(callback).__name__ in _LEAVE_THE_RATE)
    )


def _is_known(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "keras"


def _slots(optimizer: Any, name: str) -> int | None:
    slots = _SLOTS.get(name)
    if slots is None:
        return None
    if name in ("SGD", "RMSprop"):
        slots += _number(getattr(optimizer, "momentum", None), 0.0) > 0
    slots += bool(getattr(optimizer, "amsgrad", False)) + bool(getattr(optimizer, "centered", False))
    return slots + bool(getattr(optimizer, "use_ema", False))


def _highest_rate(optimizer: Any) -> tuple[float | None, str | None]:
    """The learning rate, or a schedule's highest and its class (keras 3.15, `base_optimizer.py`, `_learning_rate`)."""
    rate = getattr(optimizer, "_learning_rate", None)
    if rate is None:
        return None, None
    if hasattr(rate, "get_config") and callable(rate) and not hasattr(rate, "assign"):
        return _peak(rate), type(rate).__name__
    if callable(rate) and not hasattr(rate, "assign"):
        return None, getattr(rate, "__name__", type(rate).__name__)
    return _number(rate, float("nan")), None


def _peak(schedule: Any) -> float | None:
    """The highest rate of a schedule; None for a schedule of the user's own, and for one that rises without end."""
    if not _is_known(schedule):
        return None
    turns = {0, 1}
    for setting in schedule.get_config().values():
        for value in setting if isinstance(setting, (list, tuple)) else [setting]:
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LAST_STEP:
                turns.update((value - 1, value, value + 1))
    # A warm-up and a decay are given their numbers of steps apart.
    turns.add(sum(turns))
    steps = sorted(turns)
    with compute.unrecorded():
        rates = [_number(schedule(step), math.nan) for step in [*steps, 2 * steps[-1], 4 * steps[-1]]]
    if rates[-1] > rates[-2] or not all(map(math.isfinite, rates)):
        return None
    return max(rates)


def _number(value: Any, otherwise: float) -> float:
    """A number, or the value of a variable or tensor; `otherwise` for anything else."""
    try:
        return otherwise if value is None else float(compute.as_numpy(value))
    except (TypeError, ValueError):
        return otherwise
