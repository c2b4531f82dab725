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
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from bertmagic.render.html import render_html
from bertmagic.render.page import page_data
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


# By cell: which execution made its panels, and the panels.
_live: dict[str, tuple[str, list[Panel]]] = {}


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
    twin = f'<div id="bm-{uid}">{render_html(facts)}</div>'
    display({"text/html": twin, "text/plain": render_text(facts)}, raw=True)  # type: ignore[no-untyped-call]
    if bundle() is None:
        log.debug("bertmagic/static/panel.js is not built: tables only")
        return
    _keep(kernel, uid, _widget(facts, uid))


def panel(report: Report) -> Any:
    """The panel as a widget, to be displayed in the ordinary way: for front ends that isolate outputs from one another.

    Raises RuntimeError where the panel was never built.
    """
    if bundle() is None:
        raise RuntimeError("the panel is not built: bertmagic/static/panel.js is made when bertmagic is installed")
    return _widget(report.to_dict(), uid="")


@lru_cache(maxsize=1)
def bundle() -> str | None:
    """The panel's JavaScript, or None where it was never built."""
    file = resources.files("bertmagic") / "static" / "panel.js"
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _widget(facts: dict[str, Any], uid: str) -> Any:
    packed = json.dumps(page_data(facts), ensure_ascii=False, separators=(",", ":"))
    made = _widget_class()(uid=uid, report=packed)
    made.on_msg(_answer)
    return made


@lru_cache(maxsize=1)
def _widget_class() -> Any:
    import anywidget  # here, because it costs more than all of `%load_ext bertmagic` may
    import traitlets

    class BertmagicPanel(anywidget.AnyWidget):
        """`uid` names the twin that the panel stands in for, empty where the widget itself is displayed."""

        _esm = bundle()  # text, because a path is watched for changes, and its watcher keeps every widget alive
        uid = traitlets.Unicode().tag(sync=True)
        # JSON as text: a notebook file gives each element of a list a line of its own, which doubles its size.
        report = traitlets.Unicode().tag(sync=True)

    return BertmagicPanel


def _answer(widget: Any, content: object, _buffers: object) -> None:
    """Answer the page's sign-of-life question; nothing else that a page sends does anything."""
    if isinstance(content, dict) and content.get("type") == "ping":
        widget.send({"type": "pong"})


def _keep(kernel: Any, uid: str, made: Panel) -> None:
    """Remember the cell's panel, and close those that an earlier run of the same cell made."""
    parent = kernel.get_parent() or {}
    cell = parent.get("metadata", {}).get("cellId")
    execution = str(parent.get("header", {}).get("msg_id", uid))
    key = cell or _NAMELESS + uid
    before, panels = _live.pop(key, (execution, []))
    if before != execution:
        _close(panels)
        panels = []
    _live[key] = (execution, [*panels, made])
    nameless = [key for key in _live if key.startswith(_NAMELESS)]
    for key in nameless[:-NAMELESS_KEPT]:
        _close(_live.pop(key)[1])


def _close(panels: list[Panel]) -> None:
    for old in panels:
        old.close()
