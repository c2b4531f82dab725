"""Which weights of a module are trained ones, which training changes, and what they hold in memory."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from bertmagic.backends.torch import describe
from bertmagic.backends.torch.encoding import as_numpy, tensors_of
from bertmagic.facts.training import EncoderState, HeadState, MemoryFacts

# A head's weights above this many are not read, and fewer than that do not show how they were drawn.
_LARGEST_HEAD, _SMALLEST_HEAD = 1_000_000, 30

# By path of an encoder: a small weight of its last layer, and the weights of its pooler.
Watched = Mapping[str, tuple[list[Any], list[Any]]]


def encoder_states(
    layers: Sequence[tuple[str, Any]], reached: Mapping[str, tuple[bool, bool]], changed: Set[int] | None = None
) -> tuple[EncoderState, ...]:
    """The state of each encoder; `reached`: by path, what a pass told.

    `changed`: the ids of the weights that training changes, None for all that require gradients.
    """
    states = []
    for path, layer in layers:
        norms = _norms(layer)
        values = [(as_numpy(norm.weight), as_numpy(norm.bias)) for norm in norms]
        pooler = list(layer.pooler.parameters()) if getattr(layer, "pooler", None) is not None else []
        apart = {id(weight) for weight in pooler} | {id(weight) for weight in _tables(layer)}
        own = [weight for weight in layer.parameters() if id(weight) not in apart]

        def trains(weight: Any) -> bool:
            return id(weight) in changed if changed is not None else bool(weight.requires_grad)

        output = reached.get(path)
        states.append(
            EncoderState(
                path=path,
                # A layer normalisation begins with weight 1 and bias 0 (torch 2.13), and one step changes both.
                trained=any((gamma != 1).any() or (beta != 0).any() for gamma, beta in values) if values else None,
                parameters=sum(int(weight.numel()) for weight in own),
                trainable=sum(int(weight.numel()) for weight in own if trains(weight)),
                pooler=sum(int(weight.numel()) for weight in pooler if trains(weight)),
                gamma=_span([gamma for gamma, _ in values]),
                reached=None if output is None else output[0],
                pooler_reached=None if output is None or not pooler else output[1],
            )
        )
    return tuple(states)


def watched(layers: Sequence[tuple[str, Any]]) -> Watched:
    """What a pass is asked about: whether its outputs depend on an encoder's last layer, and on its pooler."""
    found = {}
    for path, layer in layers:
        norms = _norms(layer)
        if norms:
            pooler = getattr(layer, "pooler", None)
            found[path] = ([norms[-1].bias], list(pooler.parameters()) if pooler is not None else [])
    return found


@contextlib.contextmanager
def grads_of(asked: Watched) -> Iterator[None]:
    """Record gradients of these weights inside, and of these alone where they are leaves that ask for them."""
    if not asked:
        yield
        return
    import torch

    with torch.enable_grad():
        yield


def reached(asked: Watched, outputs: Any) -> dict[str, tuple[bool, bool]]:
    """By path, whether the outputs depend on the encoder's last layer, and on its pooler; no gradient is kept."""
    import torch

    targets = [each for each in tensors_of(outputs) if each.is_floating_point() and each.requires_grad]
    if isinstance(outputs, Mapping) and "loss" in outputs and outputs["loss"] is not None:
        targets = [outputs["loss"]] if outputs["loss"].requires_grad else []
    found = {}
    for path, pair in asked.items():
        told = []
        for part in pair:
            some = [weight for weight in part if weight.requires_grad]
            gradients: Sequence[Any] = ()
            if some and targets:
                with torch.enable_grad():
                    total = sum(each.float().sum() for each in targets)
                    gradients = torch.autograd.grad(total, some, allow_unused=True, retain_graph=True)
            told.append(any(each is not None for each in gradients))
        found[path] = (told[0], told[1])
    return found


def untrained_heads(module: Any, layers: Sequence[tuple[str, Any]]) -> tuple[HeadState, ...]:
    """The trainable linear layers outside of the encoders that are as transformers initialises new ones."""
    import torch

    encoders = [path for path, _ in layers]
    if not encoders or "" in encoders:
        return ()
    heads = []
    for path, layer in module.named_modules():
        if type(layer) is not torch.nn.Linear or layer.bias is None or not layer.weight.requires_grad:
            continue
        if any(path == encoder or path.startswith(f"{encoder}.") for encoder in encoders):
            continue
        if not _SMALLEST_HEAD <= layer.weight.numel() <= _LARGEST_HEAD or as_numpy(layer.bias).any():
            continue
        # Weights of a normal distribution of the config's spread and bias 0 (transformers 5.23, `_init_weights`).
        spread = getattr(getattr(describe.core_of(module), "config", None), "initializer_range", None)
        found = float(np.sqrt((as_numpy(layer.weight).astype("float64") ** 2).mean()))
        if isinstance(spread, float) and 0.6 * spread <= found <= 1.4 * spread:
            shape = (int(layer.weight.shape[1]), int(layer.weight.shape[0]))
            heads.append(HeadState(path, shape, f"normal distribution of {spread:g}"))
    return tuple(heads)


def memory_of(module: Any, slots: int | None) -> MemoryFacts | None:
    """What training `module` holds beside activations; None where its weights lie on several devices."""
    every = list(module.parameters())
    devices = {weight.device for weight in every}
    if len(devices) != 1 or slots is None:
        return None
    device = devices.pop()
    trained = [weight for weight in every if weight.requires_grad]
    return MemoryFacts(
        device="CPU" if device.type == "cpu" else f"GPU:{device.index or 0}",
        parameters=sum(map(_bytes, every)),
        gradients=sum(map(_bytes, trained)),
        slots=slots * sum(map(_bytes, trained)),
    )


def _tables(layer: Any) -> Iterator[Any]:
    """The weights that are looked up by index."""
    for each in layer.modules():
        if hasattr(each, "num_embeddings"):
            yield from each.parameters(recurse=False)


def _norms(layer: Any) -> list[Any]:
    """The first and the last layer normalisation of an encoder, in the order of its modules; its pooler's left out."""
    found = [
        each
        for name, each in layer.named_modules()
        if type(each).__name__.endswith("LayerNorm")
        and getattr(each, "weight", None) is not None
        and getattr(each, "bias", None) is not None
        and not name.startswith("pooler")
    ]
    return [found[0], found[-1]] if found else []


def _span(arrays: list[np.ndarray]) -> tuple[float, float] | None:
    if not arrays:
        return None
    return float(min(array.min() for array in arrays)), float(max(array.max() for array in arrays))


def _bytes(weight: Any) -> int:
    return int(math.prod(weight.shape)) * int(weight.element_size())
