"""What a tf-keras loss compares, read from the loss itself and, in a loop of one's own, from what it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from bertmagic.backends.comparison import MOST_NUMBERS, Comparison
from bertmagic.backends.owners import is_users_own
from bertmagic.backends.tensorflow.describe import is_pretrained
from bertmagic.backends.tensorflow.encoding import as_numpy
from bertmagic.backends.tensorflow.tracing import NoValue, TracedLoss, Values
from bertmagic.facts.loss import LossFacts, LossKind

# By the names of tf_keras 2.21's losses, in snake case (`losses.py`): functions, classes and strings share them.
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
    "mean_squared_logarithmic_error": "regression",
    "huber": "regression",
    "log_cosh": "regression",
    "cosine_similarity": "regression",
    "poisson": "regression",
}


def describe_loss(model: Any, given: Any = None, *, direct: bool = False) -> LossFacts | None:
    """The facts of the loss that `model` was compiled with, or of `given`; None where there is none, or several.

    `direct`: of a call of the model itself, which goes by no compiled loss: a transformers model that gets labels
    computes its own then. What a loss of the user's own code compares is not known: `other`.
    """
    if given is None:
        if direct:
            return _internal(model) if is_pretrained(model) else None
        if getattr(model, "_using_dummy_loss", False):
            return _internal(model)
        container = getattr(model, "compiled_loss", None)
        given = getattr(container, "_user_losses", None)
    if isinstance(given, (list, tuple)) and len(given) == 1:
        given = given[0]
    if isinstance(given, dict) and len(given) == 1:
        given = next(iter(given.values()))
    if given is None or isinstance(given, (list, tuple, dict)):
        return None
    name = given if isinstance(given, str) else getattr(given, "__name__", None) or type(given).__name__
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    known = _is_keras_own(given) and not is_users_own(model, "compute_loss")
    kind: LossKind = _KINDS.get(snake, "other") if known else "other"
    settings = getattr(given, "_fn_kwargs", None) or {}
    return LossFacts(name, kind, _from_logits(given, kind), ignored=settings.get("ignore_class"))


def compared(loss: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Comparison | None:
    """What a call of a loss of Keras' own compares; None for others, and for what has no values or no end of them."""
    known = _comparable(loss, args, kwargs)
    if known is None or not _is_eager(known[1]) or int(known[1].shape.num_elements()) > MOST_NUMBERS:
        return None
    facts, output, target = known
    labels = as_numpy(target) if _is_eager(target) or not hasattr(target, "dtype") else np.asarray(target)
    return Comparison(facts, output, target, as_numpy(output), labels) if labels.size <= MOST_NUMBERS else None


def compared_in_graph(noted: TracedLoss) -> Comparison | None:
    """The same of a loss inside a tf.function, where its labels follow from the function's arguments."""
    known = _comparable(noted.loss, noted.args, noted.kwargs)
    if known is None:
        return None
    facts, output, symbolic = known
    try:
        target = Values({key: value for key, (_, value) in noted.values.items()})(symbolic)
    except NoValue:
        return None
    labels = as_numpy(target)
    return Comparison(facts, output, target, None, labels) if labels.size <= MOST_NUMBERS else None


def _comparable(loss: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[LossFacts, Any, Any] | None:
    """The facts of a loss, its output and its labels, where it is Keras' own and compares as it says."""
    given: dict[str, Any] = {**dict(zip(("y_true", "y_pred", "sample_weight"), args, strict=False)), **kwargs}
    target: Any = given.get("y_true")
    output: Any = given.get("y_pred")
    facts = describe_loss(None, loss)
    if facts is None or facts.kind == "other" or target is None or not hasattr(output, "dtype"):
        return None
    if not getattr(output.dtype, "is_floating", False) or not output.shape.rank:
        return None
    # What is weighed token by token, here or in the code after it, may leave out just the labels that look wrong.
    weighed = given.get("sample_weight") is not None or getattr(loss, "reduction", None) == "none"
    return None if weighed and output.shape.rank > 2 else (facts, output, target)


def _is_eager(tensor: Any) -> bool:
    return hasattr(tensor, "numpy") and hasattr(tensor, "shape")


def _internal(model: Any) -> LossFacts:
    """The loss that a transformers model computes itself, in the user's own way where a class of theirs does it."""
    own = any(is_users_own(model, name) for name in ("call", "hf_compute_loss", "compute_loss"))
    return LossFacts("the model's own loss", "other" if own else "internal")


def _is_keras_own(loss: Any) -> bool:
    """Whether a loss is Keras' own, by name or by where it is defined: a user's `mse` may do anything."""
    if isinstance(loss, str):
        return True
    defined = loss if hasattr(loss, "__name__") else type(loss)
    return str(getattr(defined, "__module__", "")).partition(".")[0] in ("tf_keras", "keras")


def _from_logits(loss: Any, kind: LossKind) -> bool | None:
    """The loss's `from_logits`; its default is False (tf_keras 2.21, `losses.py`); None for losses without the flag."""
    if kind not in ("sparse", "categorical", "binary"):
        return None
    settings = getattr(loss, "_fn_kwargs", None) or {}
    return bool(settings.get("from_logits", False))
