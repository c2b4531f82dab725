"""The mode that a direct call runs in: whether dropout is on, who says so, and what else training mode does."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

By = Literal["call", "default", "learning phase"]


def mode_of(model: Any, arguments: Mapping[str, Any]) -> tuple[bool | None, By]:
    """The mode of a direct call, None where nothing tells it, and what does.

    Keras asks in this order: the call, the layer around it, the learning phase where one was set, and the default of
    the model's own `call` (tf_keras 2.21, `base_layer.py`, `_get_propagated_call_context_arguments`).
    """
    from tf_keras.src import backend

    given = arguments.get("training")
    if given is None:
        given = arguments.get("**", {}).get("training")
    if given is not None:
        return _truth(given), "call"
    if backend.global_learning_phase_is_set():
        return _truth(backend.learning_phase()), "learning phase"
    parameter = inspect.signature(model.call).parameters.get("training")
    default = None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default
    return (None if default is None else _truth(default)), "default"


def records_gradients() -> bool:
    """Whether a gradient tape (or a forward accumulator) records what is run now."""
    from tensorflow.python.eager import record  # TF 2.21: what TensorFlow's own gradient functions ask

    return bool(record.could_possibly_record())


def updates_in_training(model: Any) -> bool:
    """Whether a call in training mode changes the model: it builds it, or updates the statistics of its layers."""
    from tf_keras.src.layers.normalization import batch_normalization

    kind = batch_normalization.BatchNormalizationBase
    return not model.built or any(isinstance(layer, kind) and layer.trainable for layer in model._flatten_layers())


def _truth(value: Any) -> bool | None:
    value = value.numpy() if hasattr(value, "numpy") else value
    return bool(value) if np.ndim(value) == 0 else None
