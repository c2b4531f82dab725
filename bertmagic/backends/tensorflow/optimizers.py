"""What a tf-keras optimizer is, and how high its learning rate gets, read without making a step or a variable."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from bertmagic.backends.epochs import callback_list
from bertmagic.facts.training import OptimizerFacts

# Classes whose step is about the learning rate, whatever the gradient's size (tf_keras 2.21, `optimizers/`, also
# `optimizers/legacy/`; transformers 4.53.3, `optimization_tf.py`).
_ADAMS = ("Adam", "AdamW", "Nadam", "AdamWeightDecay")
# With a larger epsilon the step follows the gradient's size, and the rate is another kind of number.
_SMALL_EPSILON = 1e-5
# Where users' subclasses may do anything, those of these packages do what their sources say.
_KNOWN = ("tf_keras", "transformers")
# Variables of a weight's size for each trained weight (the classes' `build`, or legacy `_create_slots`).
_SLOTS = {
    "Adam": 2,
    "AdamW": 2,
    "Nadam": 2,
    "AdamWeightDecay": 2,
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
# Callbacks that leave the rate alone (tf_keras 2.21, `callbacks.py`; transformers 4.53.3, `keras_callbacks.py`).
_LEAVE_THE_RATE = frozenset(
    {
        "BackupAndRestore",
        "BaseLogger",
        "CSVLogger",
        "EarlyStopping",
        "History",
        "KerasMetricCallback",
        "ModelCheckpoint",
        "ProgbarLogger",
        "PushToHubCallback",
        "RemoteMonitor",
        "TensorBoard",
        "TerminateOnNaN",
    }
)


def describe_optimizer(model: Any) -> OptimizerFacts | None:
    """The facts of the optimizer that `model` was compiled with, or None."""
    outer = getattr(model, "optimizer", None) if getattr(model, "_is_compiled", False) else None
    return None if outer is None else facts_of(outer)


def facts_of(optimizer: Any) -> OptimizerFacts:
    """The facts of an optimizer; of the inner one where it is wrapped for mixed precision (`LossScaleOptimizer`)."""
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None and _is_known(optimizer):
        return facts_of(inner)
    name = type(optimizer).__name__
    known = _is_known(optimizer)
    rate, schedule = _highest_rate(optimizer) if known else (None, None)
    iterations = getattr(optimizer, "_iterations", None)
    return OptimizerFacts(
        name=name,
        adam=known and name in _ADAMS and _number(getattr(optimizer, "epsilon", None), 1.0) <= _SMALL_EPSILON,
        rate=rate,
        schedule=schedule,
        steps=int(_number(iterations, 0)),
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
    return type(value).__module__.partition(".")[0] in _KNOWN


def _slots(optimizer: Any, name: str) -> int | None:
    slots = _SLOTS.get(name)
    if slots is None:
        return None
    momentum = getattr(optimizer, "_momentum", None)  # a legacy SGD has the flag, a new one the number under `momentum`
    if name in ("SGD", "RMSprop"):
        slots += bool(_number(getattr(optimizer, "momentum", None), 0.0) > 0 if momentum is None else momentum)
    slots += bool(getattr(optimizer, "amsgrad", False)) + bool(getattr(optimizer, "centered", False))
    return slots + bool(getattr(optimizer, "use_ema", False))


def _highest_rate(optimizer: Any) -> tuple[float | None, str | None]:
    """The learning rate, or a schedule's highest and its class.

    A legacy optimizer keeps it under `_hyper`, which makes variables of its numbers when it is asked for them
    (tf_keras 2.21, `legacy/optimizer_v2.py`, `_get_hyper`): it is read where it lies.
    """
    hyper = getattr(optimizer, "_hyper", None)
    rate = hyper.get("learning_rate") if isinstance(hyper, dict) else getattr(optimizer, "_learning_rate", None)
    if callable(rate) and not hasattr(rate, "numpy"):
        return _peak(rate), type(rate).__name__
    return (None if rate is None else _number(rate, float("nan"))), None


def _peak(schedule: Any) -> float | None:
    """The highest rate of a schedule; None for a schedule of the user's own, and for one that rises without end."""
    import tensorflow as tf

    parts = list(_parts(schedule))
    if not all(_is_known(part) and hasattr(part, "get_config") for part in parts):
        return None
    turns = {0, 1}
    for part in parts:
        for setting in part.get_config().values():
            values = setting if isinstance(setting, (list, tuple)) else [setting]
            for value in values:
                if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LAST_STEP:
                    turns.update((value - 1, value, value + 1))
    # Known schedules turn only at the steps that they were given; a warm-up and a decay are given theirs apart.
    turns.add(sum(turns))
    steps = sorted(turns)
    with tf.init_scope(), tf.device("/CPU:0"):
        rates = [float(schedule(tf.constant(step, tf.int64))) for step in [*steps, 2 * steps[-1], 4 * steps[-1]]]
    if rates[-1] > rates[-2] or not all(map(math.isfinite, rates)):
        return None
    return max(rates)


def _parts(schedule: Any) -> Iterator[Any]:
    """A schedule and those inside it (transformers' `WarmUp` holds the one that follows)."""
    yield schedule
    inner = getattr(schedule, "decay_schedule_fn", None)
    if inner is not None:
        yield from _parts(inner)


def _number(value: Any, otherwise: float) -> float:
    """A number, or the value of a variable or tensor; `otherwise` for anything else."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    try:
        return float(value)
    except (TypeError, ValueError):
        return otherwise
