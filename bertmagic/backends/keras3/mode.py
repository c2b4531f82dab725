"""The mode that a direct call runs in: whether dropout is on, who says so, and what else training mode does."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from bertmagic.backends.keras3.compute import as_numpy

By = Literal["call", "default", "learning phase", "modules"]


def mode_of(model: Any, arguments: Mapping[str, Any]) -> tuple[bool | None, By]:
    """The mode of a direct call, None where nothing tells it, and what does.

    Keras 3 asks in this order: the call, the layer around it, and the default of the model's own `call` (keras 3.15,
    `layers/layer.py`, `_resolve_and_populate_arg`).
    """
    given = arguments.get("training")
    if given is None:
        given = arguments.get("**", {}).get("training")
    if given is not None:
        return switch(given), "call"
    parameter = inspect.signature(model.call).parameters.get("training")
    default = None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default
    return switch(default), "default"


def switch(value: Any) -> bool | None:
    """A mode that was given as True, 1 or a scalar tensor; None where there is none."""
    if value is None or np.ndim(value) != 0:
        return None
    return bool(as_numpy(value))


def updates_in_training(model: Any) -> bool:
    """Whether a call in training mode changes the model: it builds it, or updates the statistics of its layers."""
    if not is_built(model):
        return True
    names = {"BatchNormalization", "Normalization"}
    return any(type(layer).__name__ in names and layer.trainable for layer in model._flatten_layers())


def is_built(model: Any) -> bool:
    """Whether the model and all layers inside it have their weights (keras 3.15, `Trainer._symbolic_build`)."""
    return all(layer.built for layer in model._flatten_layers())
