"""What a compiled Keras 3 loss compares, read from the loss itself."""

from __future__ import annotations

import re
from typing import Any

from bertmagic.backends.owners import is_users_own
from bertmagic.facts.loss import LossFacts, LossKind

# By the names of keras 3.15's losses, in snake case (`losses/losses.py`): functions, classes and strings share them.
_KINDS: dict[str, LossKind] = {
    "sparse_categorical_crossentropy": "sparse",
    "categorical_crossentropy": "categorical",
    "categorical_focal_crossentropy": "categorical",
    "binary_crossentropy": "binary",
    "binary_focal_crossentropy": "binary",
    "mean_squared_error": "regression",
    "mse": "regression",
    "mean_absolute_error": "regression",
    "mae": "regression",
    "mean_absolute_percentage_error": "regression",
    "mape": "regression",
    "mean_squared_logarithmic_error": "regression",
    "msle": "regression",
    "huber": "regression",
    "log_cosh": "regression",
    "cosine_similarity": "regression",
    "poisson": "regression",
}
# Names that Keras also takes, written together or short (keras 3.15, `losses/__init__.py`, `ALL_OBJECTS_DICT`).
_ALSO = {"bce": "binary_crossentropy"}


def describe_loss(model: Any, given: Any = None, *, direct: bool = False) -> LossFacts | None:
    """The facts of the loss that `model` was compiled with, or of `given`; None where there is none, or several.

    `direct`: of a call of the model itself, which goes by no compiled loss. What a loss of the user's own code compares
    is not known: `other`.
    """
    if given is None and not direct:
        given = user_loss(model)
    if isinstance(given, (list, tuple)) and len(given) == 1:
        given = given[0]
    if isinstance(given, dict) and len(given) == 1:
        given = next(iter(given.values()))
    if given is None or isinstance(given, (list, tuple, dict)):
        return None
    name = given if isinstance(given, str) else getattr(given, "__name__", None) or type(given).__name__
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    known = _is_keras_own(given) and not is_users_own(model, "compute_loss")
    kind: LossKind = _KINDS.get(_ALSO.get(snake, snake), "other") if known else "other"
    settings = getattr(given, "_fn_kwargs", None) or {}
    return LossFacts(name, kind, _from_logits(given, kind), ignored=settings.get("ignore_class"))


def user_loss(model: Any) -> Any:
    """The loss that `compile` was given."""
    container = getattr(model, "_compile_loss", None)
    return getattr(container, "_user_loss", None)


def _is_keras_own(loss: Any) -> bool:
    """Whether a loss is Keras' own, by name or by where it is defined: a user's `mse` may do anything."""
    if isinstance(loss, str):
        return True
    defined = loss if hasattr(loss, "__name__") else type(loss)
    return str(getattr(defined, "__module__", "")).partition(".")[0] == "keras"


def _from_logits(loss: Any, kind: LossKind) -> bool | None:
    """The loss's `from_logits`; its default is False; None for losses without the flag."""
    if kind not in ("sparse", "categorical", "binary"):
        return None
    settings = getattr(loss, "_fn_kwargs", None) or {}
    return bool(settings.get("from_logits", False))
