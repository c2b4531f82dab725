"""What the system's own files tell of the machine, read below a folder that stands for its root; no framework."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from bertmagic.backends.tensorflow import devices

MEMORY = "MemTotal:        2048 kB\nMemFree:          100 kB\nSwapTotal:       1024 kB\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc/meminfo": "nothing"}, None),
        ({"proc/meminfo": MEMORY}, 3 * 2**20),
        ({"proc/meminfo": MEMORY, "sys/fs/cgroup/memory.max": "max\n"}, 3 * 2**20),
        ({"proc/meminfo": MEMORY, "sys/fs/cgroup/memory.max": "1048576\n"}, 2 * 2**20),
        ({"proc/meminfo": MEMORY, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, 3 * 2**20),
        ({"sys/fs/cgroup/memory.max": "4096"}, 4096),
    ],
)
def test_the_memory_of_the_machine(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    found = devices._machine_memory(write(tmp_path, files))
    assert (found and found[0]) == expected


def test_the_gpus_that_may_be_opened(tmp_path: Path) -> None:
    assert devices._nodes(tmp_path) == ()
    names = ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia0x")
    write(tmp_path, {f"dev/{name}": "" for name in names})
    assert devices._nodes(tmp_path) == ("/dev/nvidia0", "/dev/nvidia1")


def test_a_gpu_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"dev/nvidia0": ""})
    monkeypatch.setattr(devices.os, "access", lambda *_: False)
    assert devices._nodes(tmp_path) == ()


def test_the_name_of_the_gpu(tmp_path: Path) -> None:
    assert devices._product(tmp_path) is None
    write(tmp_path, {"proc/driver/nvidia/gpus/0000:00:04.0/information": "IRQ: 1\nModel: \t\t Tesla T4\n"})
    assert devices._product(tmp_path) == "Tesla T4"


class Driver:
    """Stands for CUDA's driver: 16 GiB, or an error at the named call."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails

    def __getattr__(self, name: str) -> Any:
        if name not in ("cuInit", "cuDeviceGet", "cuDeviceTotalMem_v2"):
            raise AttributeError(name)

        def called(*args: Any) -> int:
            if name == "cuDeviceTotalMem_v2":
                args[0]._obj.value = 16 * 2**30
            return 100 if name == self.fails else 0

        return called


@pytest.mark.parametrize("fails", ["", "cuInit", "cuDeviceGet", "cuDeviceTotalMem_v2"])
def test_the_memory_that_the_driver_tells(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver(fails))
    assert devices._driver_memory() == (None if fails else (16 * 2**30, "cuDeviceTotalMem"))


def test_no_driver() -> None:
    assert devices._driver_memory("libno-such-driver.so.1") is None
