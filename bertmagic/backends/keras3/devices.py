"""The devices that Keras' compute framework sees, under one name each: `CPU:0`, `GPU:0`."""

from __future__ import annotations

import contextlib
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

from bertmagic.backends import machine
from bertmagic.backends.keras3 import compute
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
    nodes = () if gpus or asked == "cpu" else machine.nodes(root)
    memory = {"CPU": machine.memory(root)}
    if gpus:
        memory["GPU:0"] = _gpu_memory(kind, gpus[0])
    return HardwareFacts(
        framework=f"{_NAMES[kind]} {sys.modules[kind].__version__}",
        nodes=nodes,
        product=machine.product(root) if nodes else None,
        seen=len(gpus),
        hidden=_hidden(kind),
        memory={name: found for name, found in memory.items() if found is not None},
    )


def _gpu_memory(kind: str, gpu: Any) -> tuple[int, str] | None:
    """The GPU's memory: what PyTorch and JAX tell of it, and for TensorFlow its own limit or what the driver tells."""
    if kind == "torch":
        return int(sys.modules["torch"].cuda.get_device_properties(gpu).total_memory), "torch.cuda"
    from bertmagic.backends.tensorflow import devices

    # JAX tells of what it has set aside for itself (`bytes_limit`), which may be raised: the driver tells of the whole.
    return devices._driver_memory() if kind == "jax" else devices._gpu_memory(sys.modules["tensorflow"], gpu)


def _hidden(kind: str) -> str | None:
    """The setting by which GPUs are hidden on purpose, or None."""
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    if setting is not None and setting.strip().lower().partition(",")[0] in machine.HIDES:
        return f"CUDA_VISIBLE_DEVICES={setting!r}"
    platforms = os.environ.get("JAX_PLATFORMS", "")
    return f"JAX_PLATFORMS={platforms!r}" if kind == "jax" and platforms.strip().lower() == "cpu" else None
