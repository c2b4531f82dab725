"""The report of one check: immutable, the same for the terminal, the notebook, the panel and JSON.

`Report.to_dict()` is schema 1. The renderers in `bertmagic/render/` and the panel see that dict and nothing else, so
what one of them shows can be found in all of them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bertmagic.finding import GRAVITY, Finding, Fix, Proof, Severity

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CheckError", "Finding", "Fix", "Proof", "Report", "Severity"]

SCHEMA = 1
# Fields of a report that are no part of its dict.
_ASIDE = ("captured", "source")

Verdict: TypeAlias = Literal["pass", "warn", "fail"]
Status: TypeAlias = Literal["ok", "wrong", "missing", "unexpected", "not checked"]


class CheckError(Exception):
    """Raised by `raise_for_findings` and by `--strict`; `report` is the whole report."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Described:
    """One side of a table row: `shape` as `(batch=3, seq=8)`, `values` in words; `name` as the user wrote it."""

    shape: str
    dtype: str
    values: str
    name: str | None = None


@dataclass(frozen=True)
class Tensor:
    """A row of the inputs, outputs or labels: what is taken (`expected`) against what was given (`actual`)."""

    name: str
    expected: Described | None
    actual: Described | None
    status: Status


@dataclass(frozen=True)
class Layer:
    """One layer of the dry pass, in the order of the calls; `level` is its depth; `seconds` is of the rows run.

    `seconds`: None where it did not run, or the device works asynchronously. `failed`: in it or in a layer inside it.
    """

    path: str
    type: str
    level: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    dtype: str
    params: int
    seconds: float | None
    status: Literal["ok", "failed", "not run"]


@dataclass(frozen=True)
class Device:
    """Where the dry pass ran: `asked` is the option, `used` the framework-neutral name (`GPU:0`, `CPU:0`), or None."""

    asked: str
    used: str | None
    name: str | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True)
class Rows:
    """How many rows the batch has, and on how many the forward pass ran."""

    of: int
    run: int


@dataclass(frozen=True)
class NotChecked:
    """What could not be seen, and why: never left out of a report."""

    what: str
    why: str


@dataclass(frozen=True, eq=False)
class Tokens:
    """The batch token by token, rows that a finding names first; arrays are (row, position), as plain lists in JSON.

    `rows[i]` is the index in the batch of line i, the first `named` of them named by a finding; `of`: the batch's rows.
    `kinds`: what each cell is, as an index of `legend`. `mask`, `types`: what the encoder was given, or None.
    `pieces`: the token of each id, None where the text is left out (`--no-text`) or no tokenizer was found.
    `row_labels`: one a row, in words, or `labels`: one a position. `cut`: the rows whose text the tokenizer truncated.
    `tokenizer`: the name or type of the one that the batch is taken to come from, and `paired`: why, in words.
    """

    rows: tuple[int, ...]
    named: int
    of: int
    ids: np.ndarray
    kinds: np.ndarray
    legend: tuple[str, ...]
    mask: np.ndarray | None = None
    types: np.ndarray | None = None
    pieces: Mapping[int, str] | None = None
    row_labels: tuple[str, ...] | None = None
    labels: np.ndarray | None = None
    cut: tuple[int, ...] = ()
    tokenizer: str | None = None
    paired: str | None = None


@dataclass(frozen=True)
class Report:
    """All that one check saw, ran and concludes."""

    verdict: Verdict
    summary: str
    device: Device
    rows: Rows
    seconds: Mapping[str, float]
    findings: tuple[Finding, ...] = ()
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    labels: tuple[Tensor, ...] = ()
    layers: tuple[Layer, ...] = ()
    tokens: Tokens | None = None
    not_checked: tuple[NotChecked, ...] = ()
    internal_errors: tuple[str, ...] = ()
    # The objects of the checked cell by the cell's own names; not part of the dict (see `observe/captured.py`).
    captured: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    # The checked cell as it was written, which a corrected one is held against; not part of the dict either.
    source: str | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dicts, lists, strings and numbers (schema 1), ready for JSON."""
        from bertmagic import __version__

        parts = {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self) if f.name not in _ASIDE}
        return {"schema": SCHEMA, "bertmagic": __version__, **parts}

    def to_json(self) -> str:
        """`to_dict()` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def to_html(self) -> str:
        """The static tables as one HTML fragment: no script, legible with styles stripped."""
        from bertmagic.render.html import render_html

        return render_html(self.to_dict())

    def to_text(self) -> str:
        """The same tables as text for a terminal."""
        from bertmagic.render.text import render_text

        return render_text(self.to_dict())

    def __str__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.to_text(), "text/html": self.to_html()}

    def panel(self) -> Any:
        """The panel as a widget, for front ends that isolate outputs from one another (VS Code, Colab, marimo).

        Display it in the ordinary way, as a cell's last expression. JupyterLab and Notebook need no call: there a check
        shows the panel by itself. RuntimeError where the panel was never built (see `bertmagic/panel.py`).
        """
        from bertmagic.panel import panel

        return panel(self)

    def raise_for_findings(self, level: Severity = "error") -> None:
        """Raise `CheckError` where a finding is at least as grave as `level`; ValueError for an unknown level."""
        if level not in GRAVITY:
            raise ValueError(f"level must be one of {', '.join(GRAVITY)}; found {level!r}")
        grave = [finding for finding in self.findings if GRAVITY[finding.severity] >= GRAVITY[level]]
        if grave:
            raise CheckError("; ".join(f"{finding.rule}: {finding.title}" for finding in grave), self)


def _plain(value: Any) -> Any:
    """Dataclasses, mappings and tuples as dicts and lists; NumPy scalars as Python's; NaN and infinity as None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        # Whole numbers need no look at each: a grid of tokens has tens of thousands.
        return value.tolist() if value.dtype.kind in "biu" else _plain(value.tolist())
    if isinstance(value, float) and value - value != 0:
        return None
    return value
