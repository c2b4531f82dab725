"""A cell, checked in a real shell, and then `%bertfix`: what came out, and what it left as it was."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

import bertmagic
from bertmagic.report import Device, Finding, Fix, Report, Rows
from bertmagic.session import keep_last


@dataclass
class Fixed:
    """What `%bertfix` printed, the input that it put in (None for none), the error of its line, and the last report."""

    out: str
    next_input: str | None
    error: BaseException | None
    report: Any


def checked(namespace: dict[str, Any], cell: str) -> InteractiveShell:
    """A shell of its own, with these names, in which the cell was checked."""
    shell = InteractiveShell()
    shell.user_ns.update(namespace)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        shell.run_line_magic("load_ext", "bertmagic")
        shell.run_cell(f"%%bertcheck\n{cell}", store_history=True)
    return shell


def proposing(namespace: dict[str, Any], cell: str) -> InteractiveShell:
    """A shell of its own, with these names, whose last report proposes that cell."""
    shell = InteractiveShell()
    shell.user_ns.update(namespace)
    with contextlib.redirect_stdout(io.StringIO()):
        shell.run_line_magic("load_ext", "bertmagic")
    finding = Finding("labels-shape", "error", "labels", "said", "said", fix=Fix("Write it so", "", cell))
    keep_last(Report("fail", "said", Device("auto", None), Rows(0, 0), {}, (finding,)))
    return shell


def bertfix(shell: InteractiveShell, line: str = "") -> Fixed:
    """`%bertfix` in that shell."""
    shell.rl_next_input = None  # type: ignore[attr-defined]  # where a shell without a front end puts the next input
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        result = shell.run_cell(f"%bertfix {line}".strip(), store_history=True)
    error = result.error_before_exec or result.error_in_exec
    return Fixed(re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()), shell.rl_next_input, error, bertmagic.last())  # type: ignore[attr-defined]
