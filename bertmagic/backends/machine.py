"""The machine's GPUs and memory as the system tells them, whatever the framework."""

from __future__ import annotations

import os
from pathlib import Path

# Values of CUDA_VISIBLE_DEVICES that hide every GPU: none, or an index that there is not (CUDA's programming guide).
HIDES = ("", "-1", "none", "nodevfiles")
# What a control group may hold: version 2, then version 1 (the kernel's documentation of control groups).
_LIMITS = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")


def nodes(root: Path) -> tuple[str, ...]:
    """The device files of NVIDIA GPUs that this process may open (`/dev/nvidia0` …; a container may show others)."""
    return tuple(
        f"/dev/{node.name}"
        for node in sorted((root / "dev").glob("nvidia[0-9]*"))
        if node.name[6:].isdigit() and os.access(node, os.R_OK | os.W_OK)
    )


def product(root: Path) -> str | None:
    """The first GPU's name, as NVIDIA's driver for Linux tells it (`Model:`)."""
    for file in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        for line in text(file).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "Model" and value.strip():
                return value.strip()
    return None


def memory(root: Path) -> tuple[int, str] | None:
    """The memory that this process can have: the machine's with its swap, or its control group's, whichever is less."""
    fields: dict[str, int] = {}
    for line in text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        number, _, unit = value.strip().partition(" ")
        if name in ("MemTotal", "SwapTotal") and number.isdigit() and unit == "kB":
            fields[name] = int(number) * 1024
    found = []
    if "MemTotal" in fields:
        found.append((sum(fields.values()), "MemTotal and SwapTotal of /proc/meminfo"))
    for place in _LIMITS:
        limit = text(root / place).strip()
        if limit.isdigit():  # "max" where there is none
            found.append((int(limit) + fields.get("SwapTotal", 0), f"/{place}"))
    return min(found, default=None)


def text(file: Path) -> str:
    """The file's text, or "" where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
