"""The machine's GPUs and memory, as the system and TensorFlow tell them."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from bertmagic.facts.training import HardwareFacts

# Values of CUDA_VISIBLE_DEVICES that hide every GPU: none, or an index that there is not (CUDA's programming guide).
_HIDES = ("", "-1", "none", "nodevfiles")
# What a control group may hold: version 2, then version 1 (the kernel's documentation of control groups).
_LIMITS = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")


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


def _nodes(root: Path) -> tuple[str, ...]:
    """The device files of NVIDIA GPUs that this process may open (`/dev/nvidia0` …; a container may show others)."""
    return tuple(
        f"/dev/{node.name}"
        for node in sorted((root / "dev").glob("nvidia[0-9]*"))
        if node.name[6:].isdigit() and os.access(node, os.R_OK | os.W_OK)
    )


def _product(root: Path) -> str | None:
    """The first GPU's name, as NVIDIA's driver for Linux tells it (`Model:`)."""
    for file in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        for line in _text(file).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "Model" and value.strip():
                return value.strip()
    return None


def _machine_memory(root: Path) -> tuple[int, str] | None:
    """The memory that this process can have: the machine's with its swap, or its control group's, whichever is less."""
    fields: dict[str, int] = {}
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        number, _, unit = value.strip().partition(" ")
        if name in ("MemTotal", "SwapTotal") and number.isdigit() and unit == "kB":
            fields[name] = int(number) * 1024
    found = []
    if "MemTotal" in fields:
        found.append((sum(fields.values()), "MemTotal and SwapTotal of /proc/meminfo"))
    for place in _LIMITS:
        limit = _text(root / place).strip()
        if limit.isdigit():  # "max" where there is none
            found.append((int(limit) + fields.get("SwapTotal", 0), f"/{place}"))
    return min(found, default=None)


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


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
