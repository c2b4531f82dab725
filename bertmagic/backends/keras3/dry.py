"""The forward pass and the loss of a dry pass: Keras' own code on fresh containers, outside of the trainer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from bertmagic.backends.keras3 import compute
from bertmagic.backends.keras3.state import stateless


def build(model: Any, x: Any) -> None:
    """Build the model as `fit` does before its first step (keras 3.15, `Trainer._symbolic_build`)."""
    from keras.src import backend, tree

    def symbolic(leaf: Any) -> Any:
        known = hasattr(leaf, "shape") and hasattr(leaf, "dtype")
        return backend.KerasTensor(leaf.shape, backend.standardize_dtype(leaf.dtype)) if known else leaf

    backend.compute_output_spec(model, tree.map_structure(symbolic, x), training=False)


def compared(model: Any, x: Any, y: Any, outputs: Any, weight: Any) -> tuple[tuple[str, ...], Any]:
    """The keys of the logs that a step would give, and the loss, by the model's own code on fresh containers.

    keras 3.15, `trainers/trainer.py`: losses and metrics live in `_compile_loss` and `_compile_metrics`.
    """
    fresh = _fresh_loss(model)
    if fresh is not None and y is not None:
        fresh.build(y, outputs)
    with _swapped(model, fresh), stateless() if _own_loss(model) else contextlib.nullcontext():
        value = model._compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weight, training=False)
    keys = ["loss"]
    if fresh is not None:
        keys += [each.name for each in fresh.metrics]
    metrics = _fresh_metrics(model)
    if metrics is not None and y is not None:
        metrics.update_state(y, outputs, sample_weight=weight)
        keys += list(metrics.result())
    return tuple(dict.fromkeys(keys)), value


def _own_loss(model: Any) -> bool:
    from keras.src.trainers import trainer

    return type(model).compute_loss is not trainer.Trainer.compute_loss


def _fresh_loss(model: Any) -> Any:
    from keras.src.trainers import compile_utils

    known: Any = getattr(model, "_compile_loss", None)
    if known is None or type(known) is not compile_utils.CompileLoss:
        return None
    return compile_utils.CompileLoss(
        known._user_loss, known._user_loss_weights, reduction=known.reduction, output_names=known.output_names
    )


@contextlib.contextmanager
def _swapped(model: Any, fresh: Any) -> Iterator[None]:
    """`fresh` in the place of the compiled loss; a plain attribute, set past Keras' tracking."""
    if fresh is None or "_compile_loss" not in vars(model):
        yield
        return
    before = vars(model)["_compile_loss"]
    vars(model)["_compile_loss"] = fresh
    try:
        yield
    finally:
        vars(model)["_compile_loss"] = before


def _fresh_metrics(model: Any) -> Any:
    from keras.src.trainers import compile_utils

    known: Any = getattr(model, "_compile_metrics", None)
    if known is None or type(known) is not compile_utils.CompileMetrics:
        return None
    try:
        metrics, weighted = _cloned(known._user_metrics), _cloned(known._user_weighted_metrics)
    except Exception:  # noqa: BLE001  # a metric of the user's own that cannot be made anew from its config
        return None
    return compile_utils.CompileMetrics(metrics, weighted, output_names=known.output_names)


def _cloned(user: Any) -> Any:
    """Metrics as they were given, each object of one made anew: those of the user's own count on."""
    if isinstance(user, dict):
        return {key: _cloned(each) for key, each in user.items()}
    if isinstance(user, (list, tuple)):
        return [_cloned(each) for each in user]
    return type(user).from_config(user.get_config()) if hasattr(user, "update_state") else user


def as_fed(leaf: Any, new: Any) -> Any:
    """`new`, an array, in the kind of `leaf`: what a direct call is given comes to it as it is."""
    kind = type(leaf).__module__.partition(".")[0]
    if isinstance(leaf, (list, tuple)):
        return new.tolist()
    if kind in ("tensorflow", "torch", "jaxlib", "jax") and new.dtype.kind in "biufV":
        return _foreign(kind, leaf, new)
    return compute.as_tensor(new) if kind == "keras" else new


def _foreign(kind: str, leaf: Any, new: Any) -> Any:
    import sys

    if kind == "tensorflow":
        tf = sys.modules["tensorflow"]
        if isinstance(leaf, tf.RaggedTensor):
            return leaf
        return tf.constant(new, dtype=leaf.dtype)
    if kind == "torch":
        return sys.modules["torch"].as_tensor(new).to(leaf.device, leaf.dtype)
    return sys.modules["jax"].numpy.asarray(new, dtype=leaf.dtype)
