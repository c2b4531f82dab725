"""The devices that Keras' compute framework sees, under one name each: `CPU:0`, `GPU:0`."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

from bertmagic.backends.keras3 import compute
from bertmagic.backends.tensorflow import devices as system
from bertmagic.facts.training import HardwareFacts
from bertmagic.options import BadUse

_NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def device(asked: str) -> tuple[str, str | None]:
    """The device to run on, `GPU:0` where the framework sees one, and its product name; raises `BadUse`."""
    gpus = _gpus()
    if asked == "gpu" and not gpus:
        raise BadUse(f"device 'gpu' was asked for, and {_NAMES[compute.name()]} sees no GPU")
    if not gpus or asked == "cpu":
        return "CPU:0", None
    return "GPU:0", _product(gpus[0])


def _gpus() -> list[Any]:
    """The GPUs that the framework sees; nothing is allocated on them for this by TensorFlow and PyTorch."""
    kind = compute.name()
    if kind == "tensorflow":
        return list(sys.modules["tensorflow"].config.list_physical_devices("GPU"))
    if kind == "jax":
        return [each for each in sys.modules["jax"].devices() if each.platform in ("gpu", "cuda", "rocm")]
    torch = sys.modules["torch"]
    return list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []


def _product(gpu: Any) -> str | None:
    kind = compute.name()
    if kind == "tensorflow":
        details = sys.modules["tensorflow"].config.experimental.get_device_details(gpu)
        return cast("str | None", details.get("device_name"))
    return str(gpu.device_kind) if kind == "jax" else str(sys.modules["torch"].cuda.get_device_name(gpu))


def on_device(asked: str) -> AbstractContextManager[Any]:
    """Run on the asked device; "auto" leaves the placement to Keras."""
    if asked == "auto":
        return contextlib.nullcontext()
    from keras.src import backend

    return cast(AbstractContextManager[Any], backend.device_scope(f"{asked}:0"))


def peak_bytes(asked: str) -> int | None:
    """The GPU's peak memory since the process began, where the framework tells it; None on the CPU."""
    used, _ = device(asked)
    if not used.startswith("GPU"):
        return None
    kind = compute.name()
    if kind == "tensorflow":
        return int(sys.modules["tensorflow"].config.experimental.get_memory_info(used)["peak"])
    if kind == "jax":
        told = _gpus()[0].memory_stats() or {}
        return int(told["peak_bytes_in_use"]) if "peak_bytes_in_use" in told else None
    return int(sys.modules["torch"].cuda.max_memory_allocated(0))


def hardware(asked: str, root: Path = Path("/")) -> HardwareFacts:
    """The machine as the system tells it, beside what the framework sees; `root`: where the system's files are read."""
    gpus = _gpus()
    kind = compute.name()
    nodes = () if gpus or asked == "cpu" else system._nodes(root)
    memory = {"CPU": system._machine_memory(root)}
    if gpus:
        tensorflow = sys.modules.get("tensorflow")
        limit = system._gpu_memory(tensorflow, gpus[0]) if kind == "tensorflow" else system._driver_memory()
        memory["GPU:0"] = limit
    return HardwareFacts(
        framework=f"{_NAMES[kind]} {sys.modules[kind].__version__}",
        nodes=nodes,
        product=system._product(root) if nodes else None,
        seen=len(gpus),
        hidden=_hidden(kind),
        memory={name: found for name, found in memory.items() if found is not None},
    )


def _hidden(kind: str) -> str | None:
    """The setting by which GPUs are hidden on purpose, or None."""
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    if setting is not None and setting.strip().lower().partition(",")[0] in system._HIDES:
        return f"CUDA_VISIBLE_DEVICES={setting!r}"
    platforms = os.environ.get("JAX_PLATFORMS", "")
    return f"JAX_PLATFORMS={platforms!r}" if kind == "jax" and platforms.strip().lower() == "cpu" else None
