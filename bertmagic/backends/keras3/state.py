"""What a dry pass could change, and how it does not: variables, random numbers, names, modes and gradients."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from bertmagic.backends.keras3 import compute
from bertmagic.backends.protocol import Unseen


def ensure_values(model: Any) -> None:
    """Raise `Unseen` where the model's variables have no values.

    An exception inside Keras' trainer on JAX leaves them so: it has given them away (keras 3.15, `jax/trainer.py`).
    """
    if any(variable._initializer is None and variable._value is None for variable in model.variables):
        raise Unseen("the model's weights are gone: an earlier call of it raised in Keras' trainer, which held them")


@contextlib.contextmanager
def untouched(model: Any, *, random_state: bool = True) -> Iterator[None]:
    """Whatever runs inside leaves random numbers, automatic names, modes and gradients as they were.

    Variables are kept by `stateless`. `random_state=False` while a model is built: its initial weights are drawn as
    `fit` itself would draw them.
    """
    modes = _module_modes(model)
    try:
        with (
            compute.unrecorded(),
            global_kept(random_state=random_state),
            compute.random_kept() if random_state else contextlib.nullcontext(),
        ):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextlib.contextmanager
def global_kept(*, random_state: bool = True) -> Iterator[None]:
    """Keras' own counts go on afterwards as before: of automatic names, and of random numbers."""
    from keras.src.backend.common import global_state

    # What names layers, losses and metrics that were given none (keras 3.15, `utils/naming.py`).
    names = global_state.get_global_attribute("object_name_uids")
    counted = None if names is None else dict(names)
    seeds = global_state.get_global_attribute("global_seed_generator")
    drawn = None if seeds is None else compute.as_numpy(seeds.state).copy()
    try:
        yield
    finally:
        if random_state:
            if names is not None and counted is not None:
                names.clear()
                names.update(counted)
            if seeds is None:
                global_state.set_global_attribute("global_seed_generator", None)
            elif (compute.as_numpy(seeds.state) != drawn).any():
                seeds.state.assign(drawn)


def _module_modes(model: Any) -> list[tuple[Any, bool]]:
    """The modes of PyTorch's modules inside: Keras sets those that a `TorchModuleWrapper` holds (keras 3.15)."""
    return [(module, module.training) for module in model.modules()] if compute.name() == "torch" else []


@contextlib.contextmanager
def stateless(*, collect_losses: bool = False) -> Iterator[None]:
    """Assignments to Keras variables have no effect beyond the block; a scope of the user's own counts inside.

    `collect_losses`: what layers add by `add_loss` is among the model's `losses` within the block, as in a real step.

    keras 3.15, `backend/common/stateless_scope.py`: this is what `stateless_call` is made of, on every backend.
    """
    from keras.src.backend.common import stateless_scope

    outer = stateless_scope.get_stateless_scope()
    scope = stateless_scope.StatelessScope(collect_losses=collect_losses)
    if outer is not None:
        scope.state_mapping = dict(outer.state_mapping)
    with scope:
        yield


@contextlib.contextmanager
def loss_ids_kept(model: Any) -> Iterator[None]:
    """The losses that layers know of as their own are afterwards those from before (keras 3.15, `layers/layer.py`)."""
    known = [(layer, set(layer._loss_ids)) for layer in model._flatten_layers()]
    try:
        yield
    finally:
        for layer, before in known:
            layer._loss_ids.clear()
            layer._loss_ids.update(before)


@contextlib.contextmanager
def with_losses(model: Any, losses: list[Any]) -> Iterator[None]:
    """These are the model's `losses`, as Keras' JAX trainer has it (keras 3.15, `backend/jax/trainer.py`)."""
    if not losses:
        yield
        return
    before = vars(model)["_losses_override"]
    vars(model)["_losses_override"] = losses
    try:
        yield
    finally:
        vars(model)["_losses_override"] = before


def stir(model: Any) -> None:
    """Seed every source of random numbers anew, each time otherwise; inside `untouched` and `stateless` only."""
    import sys

    from keras.src.backend.common import stateless_scope
    from keras.src.random.seed_generator import SeedGenerator

    seed = 0x5EED0000 + next(_stirred) % 0xFFFF
    random.seed(seed)
    np.random.seed(seed)
    if compute.name() == "torch":
        sys.modules["torch"].manual_seed(seed)
    scope = stateless_scope.get_stateless_scope()
    for generator in _seeds(model, SeedGenerator):
        value = compute.as_numpy(generator.state).copy()
        value[-1] = seed % 0x7FFFFFFF if value.dtype.kind == "i" else seed
        scope.add_update((generator.state, compute.as_tensor(value)))


def _seeds(model: Any, kind: type) -> Iterator[Any]:
    for layer in model._flatten_layers():
        for value in list(vars(layer).values()):
            if isinstance(value, kind):
                yield value


_stirred = itertools.count()
