"""Shows a report in a notebook: a static twin in the output, and a live panel in its place while the kernel answers.

The output holds the static twin alone (`text/html` and `text/plain`), so a saved notebook shows tables wherever it is
opened. One widget a kernel, made and never displayed, puts panels in the place of twins: its page side asks this
process for a sign of life, mounts beside each twin that is still the newest of its cell, and leaves when the kernel
goes. One, and not one a panel, because a page never lets go of a module once loaded (measured: 0.1 MB a run).
`js/src/panel.ts` is the other end.
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
from typing import TYPE_CHECKING, Any

from bertmagic.render.changes import changes, kept
from bertmagic.render.html import render_html
from bertmagic.render.page import grid_data, page_data
from bertmagic.render.text import render_text

if TYPE_CHECKING:
    from bertmagic.report import Report

log = logging.getLogger(__name__)

# Not every front end names its cells. Panels of nameless cells are never known to be replaced: the oldest go.
_NAMELESS = "nameless cell "
NAMELESS_KEPT = 20


@dataclass
class _Shown:
    """What one execution of a cell showed: its twins, and what the next execution is compared with.

    `before`: the same of the execution before this one.
    """

    execution: str
    uids: list[str] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    before: list[dict[str, Any]] = field(default_factory=list)


_shown: dict[str, _Shown] = {}  # by cell
_answers: dict[str, Answers] = {}  # by twin, of those whose cell has not run again
_widget: Any = None  # the kernel's one widget that is not displayed


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
    cell.uids.append(uid)
    _answers[uid] = Answers(facts, report.source, changed)
    _tell({"type": "shown", "uid": uid})


def panel(report: Report) -> Any:
    """The panel as a widget, to be displayed in the ordinary way: for front ends that isolate outputs from one another.

    Raises RuntimeError where the panel is not built.
    """
    if bundle() is None:
        raise RuntimeError("the panel is not built: bertmagic/static/panel.js is made when bertmagic is installed")
    answers = Answers(report.to_dict(), report.source)
    # JSON as text: a notebook file gives each element of a list a line of its own, which doubles its size.
    made = _widget_class()(report=json.dumps(answers.report(), ensure_ascii=False, separators=(",", ":")))
    made.on_msg(lambda widget, content, _buffers: _send(widget, answers.to(content)))
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
        """`report` is empty in the widget that is not displayed: it asks for its reports.

        A saved notebook, which may hold the state of widgets, is none the larger for them.
        """

        _esm = bundle()  # text, because a path is watched for changes, and its watcher keeps every widget alive
        report = traitlets.Unicode().tag(sync=True)

    return BertmagicPanel


class Answers:
    """Answers a page's questions about one report.

    `report` asks for the report itself, `tokens` for the grid of tokens, `explain` for the page of a rule.
    """

    def __init__(self, facts: dict[str, Any], source: str | None, changed: Sequence[str] | None = None) -> None:
        self._facts, self._source, self._changed = facts, source, changed

    def report(self) -> dict[str, Any]:
        """The report as the page draws it."""
        return page_data(self._facts, self._source, self._changed)

    def to(self, question: object) -> dict[str, Any] | None:
        """The answer, or None: nothing else that a page sends does anything."""
        asked = question.get("type") if isinstance(question, dict) else None
        if not isinstance(question, dict) or not isinstance(asked, str):
            return None
        if asked == "report":
            return {"type": asked, "report": self.report()}
        if asked == "tokens" and self._facts["tokens"]:
            return {"type": asked, "grid": grid_data(self._facts["tokens"])}
        rule = question.get("rule")
        if asked == "explain" and isinstance(rule, str):
            return {"type": asked, "rule": rule, "page": _page(rule)}
        return None


def _tell(message: dict[str, Any]) -> None:
    """Tell the pages that the kernel's one widget is in; where there is none (or no longer), make it."""
    global _widget  # noqa: PLW0603  # one a kernel
    if _widget is None or _widget.comm is None:
        _widget = _widget_class()()
        _widget.on_msg(_answer)
    else:
        _widget.send(message)


def _answer(widget: Any, content: object, _buffers: object) -> None:
    """Answer a page: `ping` asks for a sign of life and which twins have panels, the rest is about one of these."""
    if not isinstance(content, dict):
        return
    uid = content.get("uid")
    if content.get("type") == "ping":
        widget.send({"type": "pong", "uids": list(_answers)})
    elif isinstance(uid, str) and uid in _answers:
        answer = _answers[uid].to(content)
        _send(widget, answer and {**answer, "uid": uid})


def _send(widget: Any, answer: dict[str, Any] | None) -> None:
    if answer is not None:
        widget.send(answer)


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
        _drop(shown)
        shown = _Shown(execution, before=shown.kept)
    _shown[key] = shown
    nameless = [key for key in _shown if key.startswith(_NAMELESS)]
    for key in nameless[:-NAMELESS_KEPT]:
        _drop(_shown.pop(key))
    return shown


def _changed(cell: _Shown, facts: dict[str, Any]) -> list[str] | None:
    """What changed since the cell's last execution showed this report; None where it did not."""
    place = len(cell.kept)
    cell.kept.append(kept(facts))
    return changes(cell.before[place], facts) if place < len(cell.before) else None


def _drop(shown: _Shown) -> None:
    """Let go of what an earlier execution showed."""
    for uid in shown.uids:
        if _answers.pop(uid, None) is not None:
            _tell({"type": "gone", "uid": uid})
