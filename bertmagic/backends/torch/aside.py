"""Keeps models and optimizers aside while a whole cell runs again: weights, gradients, structure, modes, steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from bertmagic.backends.attributes import Attributes
from bertmagic.backends.torch import state


@contextlib.contextmanager
def aside(values: Iterable[Any]) -> Iterator[None]:
    """Whatever runs inside, the modules and optimizers among `values` come back as they were, and random state too."""
    import torch

    values = list(values)
    modules = {
        id(each): each for value in values if isinstance(value, torch.nn.Module) for each in value.modules()
    }.values()
    optimizers = [value for value in values if isinstance(value, torch.optim.Optimizer)]
    kept = [Attributes(each) for each in (*modules, *optimizers)]
    configs = {id(config): config for each in modules if hasattr(config := vars(each).get("config"), "__dict__")}
    kept += [Attributes(each) for each in configs.values()]
    groups = [(group, dict(group)) for each in optimizers for group in each.param_groups]
    states = [(each, {key: dict(held) for key, held in each.state.items()}) for each in optimizers]
    tensors = [tensor for each in modules for tensor in (*each._parameters.values(), *each._buffers.values())]
    tensors += [tensor for group, _ in groups for tensor in group["params"]]
    tensors += [tensor for _, held in states for one in held.values() for tensor in one.values()]
    unique = {id(tensor): tensor for tensor in tensors if isinstance(tensor, torch.Tensor) and not tensor.is_meta}
    before = [(each, each.detach().clone(), each.grad, each.requires_grad) for each in unique.values()]
    gradients = [(each.grad, each.grad.detach().clone()) for each in unique.values() if each.grad is not None]
    rng = state.random_state()
    try:
        yield
    finally:
        for each in kept:
            each.restore()
        with torch.no_grad():
            for gradient, value in gradients:
                gradient.copy_(value)
            for tensor, value, gradient, wanted in before:
                if tensor.is_leaf:
                    tensor.requires_grad_(wanted)
                if tensor.grad is not gradient:
                    # `resize_token_embeddings` leaves a gradient of the old size, which cannot be given otherwise.
                    tensor.data = tensor.data if gradient is None else gradient.detach().clone()
                    tensor.grad = gradient
                if tensor.shape != value.shape:
                    tensor.data = value  # as `resize_token_embeddings` itself does (transformers 5.23)
                elif not torch.equal(tensor, value):
                    tensor.copy_(value)
        for group, own in groups:
            group.clear()
            group.update(own)
        for optimizer, held in states:
            optimizer.state.clear()
            optimizer.state.update({key: dict(one) for key, one in held.items()})
        state.restore_random(rng)
