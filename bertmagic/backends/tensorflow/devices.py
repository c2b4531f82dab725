"""The machine's GPUs and memory, as the system and TensorFlow tell them."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from bertmagic.backends import machine
from bertmagic.facts.training import HardwareFacts

_HIDES, _nodes, _product, _machine_memory = machine.HIDES, machine.nodes, machine.product, machine.memory


def hardware(asked: str, root: Path = Path("/")) -> HardwareFacts:
    """The hardware of a check on the device `asked`; `root`: where the system's files are read."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    nodes = () if gpus or asked == "cpu" else _nodes(root)
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = None
    if setting is not None and setting.strip().lower().partition(",")[0] in _HIDES:
        hidden = f"CUDA_VISIBLE_DEVICES={setting!r}"
    memory = {"CPU": _machine_memory(root)}
    if gpus:
        memory["GPU:0"] = _gpu_memory(tf, gpus[0])
    return HardwareFacts(
        framework=f"TensorFlow {tf.__version__}",
        nodes=nodes,
        product=_product(root) if nodes else None,
        seen=len(gpus),
        hidden=hidden,
        memory={name: found for name, found in memory.items() if found is not None},
    )


def _gpu_memory(tf: Any, gpu: Any) -> tuple[int, str] | None:
    """The GPU's memory: the limit that TensorFlow was given for it, else what CUDA's driver tells.

    TensorFlow tells what is in use, not how much there is (2.21, `tf.config.experimental.get_memory_info`).
    """
    if os.environ.get("TF_FORCE_UNIFIED_MEMORY", "0") not in ("", "0"):
        return None  # Then it may take more than the GPU has.
    limits = [each.memory_limit for each in tf.config.get_logical_device_configuration(gpu) or ()]
    if limits and limits[0] is not None:
        return int(limits[0]) * 2**20, "tf.config.get_logical_device_configuration"  # in MiB
    return _driver_memory()


def _driver_memory(library: str = "libcuda.so.1") -> tuple[int, str] | None:
    """The first visible GPU's memory by CUDA's driver, which needs no context for it."""
    try:
        driver = ctypes.CDLL(library)
        device, size = ctypes.c_int(), ctypes.c_size_t()
        failed = (
            driver.cuInit(0)
            or driver.cuDeviceGet(ctypes.byref(device), 0)
            or driver.cuDeviceTotalMem_v2(ctypes.byref(size), device)
        )
    except (OSError, AttributeError):
        return None
    return None if failed or not size.value else (int(size.value), "cuDeviceTotalMem")
