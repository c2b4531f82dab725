"""Renders a report as text for a terminal: the same tables as the HTML, no colour, no control characters."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from bertmagic.render import axes, tokens, words
from bertmagic.render.strings import clean, clean_block, evidence_rows
from bertmagic.render.tree import depths, listed, parents, short_name, statuses

DEEPEST = 2  # levels of layers listed: a terminal scrolls away what the reader looks for


def render_text(report: dict[str, Any], width: int | None = None, changed: Sequence[str] | None = None) -> str:
    """The report as lines of at most `width` characters, the terminal's own where None; tables may be wider.

    `changed`: since the last check of the same cell, as sentences.
    """
    if width is None:
        width = min(max(shutil.get_terminal_size(fallback=(100, 24)).columns, 60), 120)
    parts = [_head(report, width), _changed(changed, width)]
    parts += [_tensors(title, report[key]) for key, title in words.TENSORS if report[key]]
    parts += [_finding(finding, width, first=index == 0) for index, finding in enumerate(report["findings"])]
    if report["tokens"]:
        parts.append(_tokens(report["tokens"], width))
    if report["layers"]:
        parts.append(_layers(report["layers"]))
    parts.append(_not_checked(report, width))
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: dict[str, Any], width: int) -> str:
    verdict = report["verdict"]
    title = f"{words.MARKS[verdict]} bertmagic: {words.VERDICTS[verdict]}"
    return "\n".join([title, *_wrap(report["summary"], width, ""), *_wrap(" · ".join(words.meta(report)), width, "")])


def _changed(changed: Sequence[str] | None, width: int) -> str:
    if changed is None:
        return ""
    lines = [line for each in changed for line in _wrap(each, width, "  ")]
    return "\n".join(["Changed since the last check of this cell:", *lines])


def _finding(finding: dict[str, Any], width: int, first: bool) -> str:
    severity = finding["severity"]
    lines = [f"{words.MARKS[severity]} {severity}: {clean(finding['rule'])} — {clean(finding['subject'])}"]
    lines += _wrap(finding["title"], width, "  ")
    if finding["detail"]:
        lines += _wrap(finding["detail"], width, "  ")
    evidence = evidence_rows(finding["evidence"])
    wide = max((len(key) for key, _ in evidence), default=0)
    lines += [f"    {key:<{wide}}  {value}" for key, value in evidence]
    fix = finding["fix"]
    if fix:
        lines += _wrap(f"fix: {clean(fix['title'])}", width, "  ")
        lines += [f"    {line}" for line in clean_block(fix["snippet"]).splitlines()]
        lines += _wrap(f"proof: {clean(words.proof(fix))}", width, "  ")
        lines += _wrap(words.corrected(fix, first=first), width, "  ")
    return "\n".join(lines)


def _tensors(title: str, tensors: list[dict[str, Any]]) -> str:
    rows = [(title, "Side", "Shape", "Dtype", "Values", "Status")]
    for tensor in tensors:
        name, own = words.names(tensor)
        status = tensor["status"]
        state = f"{words.STATUS_MARKS[status]} {status}"
        expected, actual = tensor["expected"], tensor["actual"]
        left, right = _shapes(expected, actual, status)
        rows.append((name, "expected", left, *_kind(expected), ""))
        rows.append((f"  from {own}" if own else "", "actual", right, *_kind(actual), state))
    return _table(rows)


def _shapes(expected: dict[str, Any] | None, actual: dict[str, Any] | None, status: str) -> tuple[str, str]:
    if expected and actual and status == "wrong":
        left, right = axes.marked(expected["shape"], actual["shape"])
        return _shape(left), _shape(right)
    return (
        _shape(axes.unmarked(expected["shape"])) if expected else words.absent("expected", status),
        _shape(axes.unmarked(actual["shape"])) if actual else words.absent("actual", status),
    )


def _shape(pieces: axes.Pieces) -> str:
    return "".join(f"*{clean(piece)}*" if differs else clean(piece) for piece, differs in pieces)


def _kind(side: dict[str, Any] | None) -> tuple[str, str]:
    return (clean(side["dtype"]), clean(side["values"], 80)) if side else ("", "")


def _tokens(found: dict[str, Any], width: int) -> str:
    lines = ["Tokens"]
    for heading, pieces in tokens.rows(found):
        texts = [f"{words.MARKS['fail']} {text}" if kind in tokens.WRONG else text for kind, text in pieces]
        lines += _wrap(f"{heading}: {' | '.join(texts)}", width, "  ")
    rest = tokens.left_out(found)
    return "\n".join([*lines, *([f"  ({words.counted(rest, 'other row')} not listed)"] if rest else [])])


def _layers(layers: list[dict[str, Any]]) -> str:
    above, shown = parents(layers), listed(layers, DEEPEST, most=40)
    depth, states = depths(above), statuses(layers, above)
    rows = [("Layers", "Type", "Input", "Output", "Dtype", "Parameters", "Time")]
    for index in shown:
        layer = layers[index]
        name = short_name(layer["path"], layers[above[index]]["path"] if above[index] >= 0 else "")
        state = "" if states[index] == "ok" else f"  {states[index].upper()}"
        rows.append(
            (
                "  " * depth[index] + clean(name, 60) + state,
                clean(layer["type"], 40),
                _first(layer["inputs"]),
                _first(layer["outputs"]),
                clean(layer["dtype"], 20),
                words.parameters(layer["params"]),
                words.layer_seconds(layer["seconds"]),
            )
        )
    rest = len(layers) - len(shown)
    return _table(rows, right=(5, 6)) + (f"\n({words.counted(rest, 'deeper layer')} not listed)" if rest else "")


def _first(shapes: list[str]) -> str:
    return clean(shapes[0], 60) + (f" +{len(shapes) - 1}" if len(shapes) > 1 else "") if shapes else ""


def _not_checked(report: dict[str, Any], width: int) -> str:
    lines: list[str] = []
    for item in report["not_checked"]:
        lines += _wrap(f"not checked: {clean(item['what'])}: {clean(item['why'])}", width, "")
    for error in report["internal_errors"]:
        lines += _wrap(f"bertmagic's own failure: {clean(error)}", width, "")
    return "\n".join(lines)


def _wrap(text: str, width: int, indent: str) -> list[str]:
    found: list[str] = []
    for line in clean_block(text, 2_000).splitlines():
        found += textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=indent) or [""]
    return found


def _table(rows: Sequence[tuple[str, ...]], right: tuple[int, ...] = ()) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        sized = zip(row, widths, strict=True)
        cells = [cell.rjust(wide) if index in right else cell.ljust(wide) for index, (cell, wide) in enumerate(sized)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * min(max(map(len, lines)), 120), *lines[1:]])
