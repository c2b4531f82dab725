"""The machine's GPUs and memory, as the system and PyTorch tell them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bertmagic.backends import machine
from bertmagic.facts.training import HardwareFacts
from bertmagic.options import BadUse

# The device that the last pass of this block ran on.
_ran: list[Any] = []


def ran_on(module: Any) -> None:
    """Note where a pass runs: where the module's weights are."""
    weight = next(iter(module.parameters()), None)
    if weight is not None:
        _ran[:] = [weight.device]


def forget() -> None:
    """A new block: nothing ran."""
    _ran.clear()


def device(asked: str) -> tuple[str, str | None]:
    """The device of the last pass, else the one that PyTorch has, and its product's name."""
    import torch

    if asked == "gpu" and not _has_gpu():
        raise BadUse("device 'gpu' was asked for, and PyTorch sees no GPU")
    used = _ran[0] if _ran else None
    if used is None and asked != "cpu" and _has_gpu():
        used = torch.device("cuda" if torch.cuda.is_available() else "mps")
    if used is None or used.type in ("cpu", "meta"):
        return "CPU:0", None
    index = used.index or 0
    return f"GPU:{index}", torch.cuda.get_device_name(used) if used.type == "cuda" else "Apple GPU (MPS)"


def peak_bytes() -> int | None:
    """PyTorch's peak of the GPU's memory since the process began; None where no pass ran on one."""
    import torch

    used = _ran[0] if _ran else None
    return int(torch.cuda.max_memory_allocated(used)) if used is not None and used.type == "cuda" else None


def hardware(asked: str, root: Path = Path("/")) -> HardwareFacts:
    """The hardware of a check on the device `asked`; `root`: where the system's files are read."""
    import torch

    count = torch.cuda.device_count()
    seen = count or int(_has_gpu())
    nodes = () if seen or asked == "cpu" else machine.nodes(root)
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = None
    if setting is not None and setting.strip().lower().partition(",")[0] in machine.HIDES:
        hidden = f"CUDA_VISIBLE_DEVICES={setting!r}"
    memory = {"CPU": machine.memory(root)}
    for index in range(count):
        total = int(torch.cuda.get_device_properties(index).total_memory)
        memory[f"GPU:{index}"] = (total, "torch.cuda.get_device_properties")
    return HardwareFacts(
        framework=f"PyTorch {torch.__version__}",
        nodes=nodes,
        product=machine.product(root) if nodes else None,
        seen=seen,
        hidden=hidden,
        memory={name: found for name, found in memory.items() if found is not None},
    )


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available() or torch.backends.mps.is_available())
