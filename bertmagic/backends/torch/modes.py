"""The mode that a module is called in: whether dropout is on in it, and whether gradients are recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

By = Literal["call", "default", "learning phase", "modules"]


def mode_of(module: Any) -> tuple[bool | None, By]:
    """Whether some part of the module draws random numbers now, as its own parts' modes say."""
    return any(_drops(each) for each in module.modules() if each.training), "modules"


def _drops(module: Any) -> bool:
    """Whether a module in training mode drops hidden states: a dropout layer, or attention with a rate of its own."""
    names = ("p", "dropout_prob", "dropout_p", "attention_dropout")
    if "dropout" not in type(module).__name__.lower():
        return False
    return any(isinstance(rate := getattr(module, name, None), (int, float)) and rate > 0 for name in names)


def records_gradients(module: Any, given: Iterable[Any]) -> bool:
    """Whether what the module makes of what it is `given` is recorded for gradients: its weights', or its inputs'."""
    import torch

    if not torch.is_grad_enabled() or torch.is_inference_mode_enabled():
        return False
    return any(getattr(each, "requires_grad", False) for each in (*given, *module.parameters()))


def updates_in_training(module: Any) -> bool:
    """Whether a call in training mode changes the module: it updates the statistics of its layers."""
    return any(each.training and getattr(each, "running_mean", None) is not None for each in module.modules())
