"""Shows a report in a notebook: a static twin in the output, and a live panel in its place while the kernel answers.

The output holds the static twin alone (`text/html` and `text/plain`), so a saved notebook shows tables wherever it is
opened. The panel's widget is made but never displayed: its page side asks this process for a sign of life, mounts
beside the twin on the answer, and leaves again when the kernel goes. `js/src/panel.ts` is the other end.
"""

from __future__ import annotations

import json
import logging
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from bertmagic.render.changes import changes, kept
from bertmagic.render.html import render_html
from bertmagic.render.page import grid_data, page_data
from bertmagic.render.text import render_text

if TYPE_CHECKING:
    from bertmagic.report import Report

log = logging.getLogger(__name__)

# Not every front end names its cells. Panels of nameless cells are never known to be replaced: the oldest are closed.
_NAMELESS = "nameless cell "
NAMELESS_KEPT = 20


class Panel(Protocol):
    """What is used of the widget."""

    def close(self) -> None:
        """Take the panel from the page, and forget it."""


@dataclass
class _Shown:
    """What one execution of a cell showed: its panels, and what the next execution is compared with.

    `before`: the same of the execution before this one.
    """

    execution: str
    panels: list[Panel] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    before: list[dict[str, Any]] = field(default_factory=list)


_shown: dict[str, _Shown] = {}  # by cell


def show(report: Report) -> None:
    """Display the report in the running cell: tables at once, the panel as soon as the page has heard the kernel.

    In a terminal, text. Where the panel was never built (a checkout that was not installed), tables.
    """
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    facts = report.to_dict()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        sys.stdout.write(render_text(facts))
        return
    uid = uuid.uuid4().hex[:12]
    cell = _cell(kernel, uid)
    changed = _changed(cell, facts)
    twin = f'<div id="bm-{uid}">{render_html(facts, changed)}</div>'
    display({"text/html": twin, "text/plain": render_text(facts, changed=changed)}, raw=True)  # type: ignore[no-untyped-call]
    if bundle() is None:
        log.debug("bertmagic/static/panel.js is not built: tables only")
        return
    made = _widget_class()(uid=uid)
    made.on_msg(Answers(facts, report.source, changed))
    cell.panels.append(made)


def panel(report: Report) -> Any:
    """The panel as a widget, to be displayed in the ordinary way: for front ends that isolate outputs from one another.

    Raises RuntimeError where the panel was never built.
    """
    if bundle() is None:
        raise RuntimeError("the panel is not built: bertmagic/static/panel.js is made when bertmagic is installed")
    facts = report.to_dict()
    # JSON as text: a notebook file gives each element of a list a line of its own, which doubles its size.
    packed = json.dumps(page_data(facts, report.source), ensure_ascii=False, separators=(",", ":"))
    made = _widget_class()(report=packed)
    made.on_msg(Answers(facts, report.source))
    return made


@lru_cache(maxsize=1)
def bundle() -> str | None:
    """The panel's JavaScript, or None where it was never built."""
    file = resources.files("bertmagic") / "static" / "panel.js"
    return file.read_text(encoding="utf-8") if file.is_file() else None


@lru_cache(maxsize=1)
def _widget_class() -> Any:
    import anywidget  # here, because it costs more than all of `%load_ext bertmagic` may
    import traitlets

    class BertmagicPanel(anywidget.AnyWidget):
        """`uid` names the twin that the panel stands in for, empty where the widget itself is displayed.

        `report` is empty where the panel stands in for a twin: it asks for its report, and a saved notebook, which may
        hold the widget's state, is none the larger.
        """

        _esm = bundle()  # text, because a path is watched for changes, and its watcher keeps every widget alive
        uid = traitlets.Unicode().tag(sync=True)
        report = traitlets.Unicode().tag(sync=True)

    return BertmagicPanel


class Answers:
    """Answers a page's questions about one report; nothing else that a page sends does anything.

    `ping` asks for a sign of life and the report, `tokens` for the grid of tokens, `explain` for the page of a rule.
    """

    def __init__(self, facts: dict[str, Any], source: str | None, changed: Sequence[str] | None = None) -> None:
        self._facts, self._source, self._changed = facts, source, changed

    def __call__(self, widget: Any, content: object, _buffers: object) -> None:
        """Send the answer to a question that is known."""
        asked = content.get("type") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(asked, str):
            return
        if asked == "ping":
            widget.send({"type": "pong", "report": page_data(self._facts, self._source, self._changed)})
        elif asked == "tokens" and self._facts["tokens"]:
            widget.send({"type": "tokens", "grid": grid_data(self._facts["tokens"])})
        elif asked == "explain" and isinstance(content.get("rule"), str):
            widget.send({"type": "explain", "rule": content["rule"], "page": _page(content["rule"])})


def _page(rule: str) -> str:
    """The page of a rule, empty for what is none."""
    from bertmagic.rules import RULES

    return RULES[rule].page() if rule in RULES else ""


def _cell(kernel: Any, uid: str) -> _Shown:
    """What the running execution of the cell has shown; what an earlier one showed is closed."""
    parent = kernel.get_parent() or {}
    cell = parent.get("metadata", {}).get("cellId")
    execution = str(parent.get("header", {}).get("msg_id", uid))
    key = cell or _NAMELESS + uid
    shown = _shown.pop(key, None) or _Shown(execution)
    if shown.execution != execution:
        _close(shown)
        shown = _Shown(execution, before=shown.kept)
    _shown[key] = shown
    nameless = [key for key in _shown if key.startswith(_NAMELESS)]
    for key in nameless[:-NAMELESS_KEPT]:
        _close(_shown.pop(key))
    return shown


def _changed(cell: _Shown, facts: dict[str, Any]) -> list[str] | None:
    """What changed since the cell's last execution showed this report; None where it did not."""
    place = len(cell.kept)
    cell.kept.append(kept(facts))
    return changes(cell.before[place], facts) if place < len(cell.before) else None


def _close(shown: _Shown) -> None:
    for old in shown.panels:
        old.close()
