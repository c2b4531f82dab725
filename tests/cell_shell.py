"""A real shell to run cells in, and what the magics do in it with a session that sees nothing."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass, field
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from bertmagic.report import Device, Finding, Report, Rows


def report(*findings: Finding) -> Report:
    return Report("fail" if findings else "pass", "said", Device("auto", None), Rows(3, 2), {}, findings)


WRONG = Finding("labels-shape", "error", "labels", "labels have one axis too many", "detail")


@dataclass
class Fakes:
    """What the session would do, and what the magics did with it."""

    report: Report = field(default_factory=report)
    on_enter: BaseException | None = None
    on_exit: BaseException | None = None
    on_show: BaseException | None = None
    shown: list[Report] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    seen: list[BaseException | None] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@dataclass
class Ran:
    """What one `run_cell` gave."""

    result: Any
    out: str
    err: str

    @property
    def error(self) -> BaseException | None:
        return self.result.error_before_exec or self.result.error_in_exec

    @property
    def shown(self) -> str:
        """The output, with the cell's number as n."""
        return re.sub(r"(In|Out)\[\d+\]", r"\1[n]", self.out)


class Session:
    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def run(self, text: str, **how: Any) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            result = self.shell.run_cell(text, **{"store_history": True, **how})
        return Ran(result, out.getvalue(), err.getvalue())

    def plain(self, body: str) -> Ran:
        return self.run("# a plain cell\n" + body)

    def magic(self, body: str, options: str = "") -> Ran:
        return self.run(f"%%bertcheck {options}\n{body}")
