"""bertmagic tells which tensor, which axis and why, where a BERT-family model is fed something that it cannot use.

In a notebook: `%load_ext bertmagic`, then `%%bertcheck` at the top of the cell. Without one: `bertmagic.check(model,
inputs)`. Importing it loads no framework and nothing of Jupyter; what is used is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from bertmagic.objects import check
    from bertmagic.report import CheckError, Report
    from bertmagic.session import last, watching

__all__ = ["CheckError", "Report", "check", "last", "load_ipython_extension", "unload_ipython_extension", "watching"]
__version__ = "0.1.0"

_HOME = {
    "CheckError": "bertmagic.report",
    "Report": "bertmagic.report",
    "check": "bertmagic.objects",
    "last": "bertmagic.session",
    "watching": "bertmagic.session",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Add the magics: what `%load_ext bertmagic` calls."""
    from bertmagic.magics import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Remove all that `load_ipython_extension` added: what `%unload_ext bertmagic` calls."""
    from bertmagic.magics import unload

    unload(ipython)
