"""Keeps aside what a dry pass could change, and puts it back: random state, small mutable variables, gradient tapes."""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

# A layer's own non-trainable variable above this size (elements) is no running statistic; copying it would cost memory.
_LARGEST_STATE = 1_000_000


@contextlib.contextmanager
def untouched(model: Any, *, random_state: bool = True) -> Iterator[None]:
    """Whatever runs inside leaves weights, running statistics, random state and open gradient tapes as they were.

    `random_state=False` while a model is built: its initial weights are drawn as `fit` itself would draw them, and what
    is drawn afterwards follows on as it would have.
    """
    variables = [(variable, variable.numpy()) for variable in _mutable_variables(model)]
    losses = {layer: list(layer._losses) for layer in model._flatten_layers() if getattr(layer, "_losses", None)}
    kept = random_states() if random_state else None
    seeds = _seeds(model)
    try:
        with unrecorded():
            yield
    finally:
        for variable, value in variables:
            variable.assign(value)
        for layer, values in losses.items():
            layer._losses = values
        for generator, attributes in seeds:
            vars(generator).clear()
            vars(generator).update(attributes)
        if kept is not None:
            restore_random(kept)


def unrecorded() -> AbstractContextManager[None]:
    """No gradient tape takes note of what is done inside."""
    from tensorflow.python.eager import record  # TF 2.21: what `tf.GradientTape.stop_recording` uses, for all tapes

    stopped: AbstractContextManager[None] = record.stop_recording()
    return stopped


def _seeds(model: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The random generators of layers such as dropout, and their attributes.

    One is made ready by its first use in training mode, and counts its seed up with each (tf_keras 2.21, `backend.py`,
    `RandomGenerator`). Those that keep their state in a variable are layers' weights, or made by the pass and dropped.
    """
    generators = [getattr(layer, "_random_generator", None) for layer in model._flatten_layers()]
    return [(each, dict(vars(each))) for each in generators if each is not None and hasattr(each, "__dict__")]


def _mutable_variables(model: Any) -> Iterator[Any]:
    """The variables that a forward pass may write: made non-trainable by their layer (not frozen), and small.

    A layer's `_non_trainable_weights` holds what it made non-trainable; freezing a layer moves nothing there
    (tf_keras 2.21, `base_layer.py`). States of stateful RNN layers are `layer.states`.
    """
    for layer in model._flatten_layers():
        for variable in getattr(layer, "_non_trainable_weights", ()):
            if not hasattr(variable, "shape"):
                continue  # A lookup table's handler (tf_keras 2.21, `VocabWeightHandler`): no forward pass writes it.
            size = int(np.prod(variable.shape)) if variable.shape.is_fully_defined() else _LARGEST_STATE + 1
            if size <= _LARGEST_STATE:
                yield variable
        if getattr(layer, "stateful", False):
            import tensorflow as tf

            known = {id(variable) for variable in getattr(layer, "_non_trainable_weights", ())}
            for state in tf.nest.flatten(getattr(layer, "states", ()) or ()):
                if hasattr(state, "assign") and id(state) not in known:
                    yield state


def stir(model: Any) -> None:
    """Seed every source of random numbers anew, each time otherwise; inside `untouched` only.

    Not so that the same numbers come later, but that those of the user's run do not come now: TensorFlow keeps a kernel
    for each seed that it met, and the kernel counts on (TF 2.21, `context.py`, `_set_global_seed` clears them).
    """
    from tensorflow.python.eager import context

    seed = 0x5EED0000 + next(_stirred) % 0xFFFF
    random.seed(seed)
    np.random.seed(seed)
    rng = getattr(context.context(), "_rng", None)
    if rng is not None:
        rng.seed(seed)
    kept = random_states()
    if kept["generator"] is not None:
        kept["generator"][0].reset_from_seed(seed)
    if kept["keras"] is not None:
        kept["keras"][0].seed(seed)
    for generator, attributes in _seeds(model):
        if isinstance(attributes.get("_seed"), int):
            generator._seed = seed + attributes["_seed"]


_stirred = itertools.count()


def random_states() -> dict[str, Any]:
    """Every random state that a pass may draw from; nothing is set up for it."""
    from tensorflow.python.eager import context
    from tensorflow.python.ops import stateful_random_ops

    eager = context.context()
    rng = getattr(eager, "_rng", None)  # made with the first seed or the first random op (TF 2.21, `context.py`)
    generator = stateful_random_ops.global_generator
    backend = sys.modules.get("tf_keras.src.backend")
    seeds = getattr(getattr(backend, "_SEED_GENERATOR", None), "generator", None)
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "seed": eager._seed,
        "eager": None if rng is None else rng.getstate(),
        "generator": None if generator is None else (generator, generator.state.numpy()),
        "keras": None if seeds is None else (seeds, seeds.getstate()),
    }


def restore_random(kept: dict[str, Any]) -> None:
    """Put the random states back."""
    from tensorflow.python.eager import context

    random.setstate(kept["python"])
    np.random.set_state(kept["numpy"])
    eager = context.context()
    eager._seed = kept["seed"]
    if kept["eager"] is not None:
        eager._rng.setstate(kept["eager"])
    if kept["generator"] is not None:
        generator, value = kept["generator"]
        generator.state.assign(value)
    if kept["keras"] is not None:
        seeds, value = kept["keras"]
        seeds.setstate(value)


@contextlib.contextmanager
def fresh_compile_state(model: Any) -> Iterator[None]:
    """New loss and metric containers in place of the compiled ones, so that a dry loss adds to no metric of the user's.

    The containers are plain attributes (tf_keras 2.21, `training.py`, `compile_utils.py`); metric objects are shared by
    shallow copies, whose variables are kept aside.
    """
    import copy

    from tf_keras.src.engine import compile_utils

    loss, metrics = model.compiled_loss, model.compiled_metrics
    names = getattr(model, "output_names", None)

    def copied(user: Any) -> Any:
        if isinstance(user, dict):
            return {key: copied(item) for key, item in user.items()}
        if isinstance(user, (list, tuple)):
            return [copied(item) for item in user]
        return copy.copy(user) if hasattr(user, "update_state") else user

    values = [(variable, variable.numpy()) for metric in model.metrics for variable in metric.variables]
    swapped = {}
    if isinstance(loss, compile_utils.LossesContainer):
        swapped["compiled_loss"] = compile_utils.LossesContainer(
            loss._user_losses, loss_weights=loss._user_loss_weights, output_names=names
        )
    if isinstance(metrics, compile_utils.MetricsContainer):
        swapped["compiled_metrics"] = compile_utils.MetricsContainer(
            copied(metrics._user_metrics),
            copied(metrics._user_weighted_metrics),
            output_names=names,
            from_serialized=metrics._from_serialized,
        )
    before = {name: model.__dict__[name] for name in swapped if name in model.__dict__}
    model.__dict__.update({name: swapped[name] for name in before})
    try:
        yield
    finally:
        model.__dict__.update(before)
        for variable, value in values:
            variable.assign(value)
