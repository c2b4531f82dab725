"""The History of a training run that did not happen: the epochs and keys of the real one, all NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bertmagic.backends.epochs import callback_list, validated_epochs

# Callbacks that add the learning rate to the logs, under this key (keras 3.15, `callbacks/`).
_LOG_LEARNING_RATE = ("LearningRateScheduler", "ReduceLROnPlateau")


def dry_history(model: Any, given: dict[str, Any], keys: Sequence[str]) -> Any:
    """Keras' own `History` for `fit(**given)`, its values NaN."""
    from keras.src import callbacks

    epochs = list(range(given.get("initial_epoch") or 0, given.get("epochs") or 1))
    names = sorted(keys) or ["loss"]
    validated = validated_epochs(given, epochs)
    history = callbacks.History()
    history.set_model(model)
    history.set_params(
        {"verbose": given.get("verbose"), "epochs": given.get("epochs"), "steps": given.get("steps_per_epoch")}
    )
    history.on_train_begin()
    history.epoch = epochs
    history.history = {name: [math.nan] * len(epochs) for name in names}
    history.history.update({f"val_{name}": [math.nan] * validated for name in names if validated})
    if any(type(callback).__name__ in _LOG_LEARNING_RATE for callback in callback_list(given)):
        history.history["learning_rate"] = [math.nan] * len(epochs)
    return history
