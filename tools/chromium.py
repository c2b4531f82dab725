"""Find a Chromium for the browser tests; with --install, get Debian's where there is none and this may install it.

Never fails: without a browser the browser tests skip, and pytest lists them with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The browser's path: $CHROMIUM, else the first known name on PATH, else None."""
    return next((path for name in (os.environ.get("CHROMIUM"), *NAMES) if name and (path := shutil.which(name))), None)


def install() -> None:
    """Install Debian's package as root; leaves things as they are where that is not possible."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "chromium"]):
        done = subprocess.run(["apt-get", *words], env=env, check=False, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            print(f"apt-get {words[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-400:]}")


def main(arguments: list[str]) -> int:
    """Print where the browser is, or loudly that there is none."""
    if "--install" in arguments and find() is None:
        install()
    path = find()
    print(
        f"browser tests: {path}" if path else "WARNING: no Chromium found: the browser tests WILL BE SKIPPED.",
        flush=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
