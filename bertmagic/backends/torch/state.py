"""Keeps aside what a dry pass could change, and puts it back: modes, buffers, attributes, hooks, random state."""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from bertmagic.backends.attributes import Attributes

# A buffer above this size (elements) is a table, and no running statistic; copying it would cost memory.
_LARGEST_BUFFER = 1_000_000
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")


@contextlib.contextmanager
def untouched(module: Any, *, training: bool = False) -> Iterator[None]:
    """Whatever runs inside leaves modes, buffers, attributes, gradients and random state as they were.

    Each module is in evaluation mode inside; `training`: in the mode that it is in. Hooks of the user's own do not run.
    """
    import torch

    kept = [_Kept(each) for each in module.modules()]
    configs = _configs(module)
    rng = random_state()
    cache = torch.is_autocast_cache_enabled()
    try:
        # A cast of a weight that is made without gradients is kept for the rest of an autocast block, and would keep
        # the user's own pass from its gradients (torch 2.13, `aten/src/ATen/autocast_mode.cpp`, `cached_cast`).
        torch.set_autocast_cache_enabled(False)
        for each in module.modules():
            if not training:
                each.training = False
            _without_own_hooks(each)
        with torch.no_grad():
            stir()
            yield
    finally:
        torch.set_autocast_cache_enabled(cache)
        for each in kept:
            each.restore()
        for config, attributes in configs:
            vars(config).clear()
            vars(config).update(attributes)
        restore_random(rng)


class _Kept:
    """One module's attributes, what its dicts and lists hold, and the values of its small buffers."""

    def __init__(self, module: Any) -> None:
        self._attributes = Attributes(module)
        self._buffers = [
            (buffer, buffer.detach().clone(), _version(buffer))
            for buffer in module._buffers.values()
            if buffer is not None and buffer.numel() <= _LARGEST_BUFFER and not buffer.is_meta
        ]

    def restore(self) -> None:
        """Put all back; what was not changed is not written."""
        import torch

        self._attributes.restore()
        for buffer, value, version in self._buffers:
            if version is None or _version(buffer) != version:
                with torch.inference_mode(buffer.is_inference()), torch.no_grad():
                    buffer.copy_(value)


def _version(buffer: Any) -> int | None:
    return None if buffer.is_inference() else int(buffer._version)


def _configs(module: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The configs of transformers models inside, with their settings: a first loss sets `problem_type` there."""
    found = {id(config): config for each in module.modules() if hasattr(config := vars(each).get("config"), "__dict__")}
    return [(config, dict(vars(config))) for config in found.values()]


def _without_own_hooks(module: Any) -> None:
    """Take the user's hooks out of a module; `_Kept` puts them back."""
    for name in _HOOKS:
        hooks = vars(module).get(name)
        for key in [key for key, hook in (hooks or {}).items() if not _is_library(hook)]:
            del hooks[key]


def own_hooks(module: Any) -> bool:
    """Whether any module inside has a forward hook of the user's own."""
    return any(
        not _is_library(hook)
        for each in module.modules()
        for name in _HOOKS
        for hook in (vars(each).get(name) or {}).values()
    )


def _is_library(hook: Any) -> bool:
    """Whether a hook is an installed library's, whose modules do not work without it."""
    name = getattr(hook, "__module__", None) or type(hook).__module__
    if not isinstance(name, str) or name == "__main__":
        return False
    place = getattr(sys.modules.get(name), "__file__", None) or ""
    return "site-packages" in place or "dist-packages" in place


def random_state() -> dict[str, Any]:
    """Every random state that a pass may draw from; nothing is set up for it."""
    import torch

    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.default_generator.get_state(),
        "cuda": cuda,
        "mps": mps,
    }


def restore_random(kept: dict[str, Any]) -> None:
    """Put the random states back."""
    import torch

    random.setstate(kept["python"])
    np.random.set_state(kept["numpy"])
    torch.default_generator.set_state(kept["torch"])
    if kept["cuda"] is not None:
        torch.cuda.set_rng_state_all(kept["cuda"])
    if kept["mps"] is not None:
        torch.mps.set_rng_state(kept["mps"])


def stir() -> None:
    """Seed every source of random numbers anew, each time otherwise; between keeping and restoring only."""
    import torch

    seed = 0x5EED0000 + next(_stirred) % 0xFFFF
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


_stirred = itertools.count()
