"""Renders a report as one static HTML fragment: real tables, no script, legible with styles and classes stripped.

Everything that comes from the report passes through `_e` or `_sentence`, which escape it.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from bertmagic.render import axes, tokens, words
from bertmagic.render.strings import clean, clean_block, evidence_rows, sentence
from bertmagic.render.style import STYLE
from bertmagic.render.tree import depths, listed, parents, runs, short_name, statuses

DEEPEST = 3  # levels of layers listed, to keep a saved notebook small
_COLOURS = {"fail": "e", "error": "e", "warn": "w", "warning": "w", "pass": "o", "advice": "m"}


def render_html(report: dict[str, Any], changed: Sequence[str] | None = None) -> str:
    """The report as an HTML fragment of at most about 25 kB for a model of 12 blocks.

    `changed`: since the last check of the same cell, as sentences.
    """
    body = [_head(report), _changed(changed)]
    body += [_tensors(title, report[key]) for key, title in words.TENSORS if report[key]]
    body += ['<h4 class="bm-h">Findings</h4>'] if report["findings"] else []
    body += [_finding(finding, first=index == 0) for index, finding in enumerate(report["findings"])]
    if report["tokens"]:
        body.append(_tokens(report["tokens"]))
    if report["layers"]:
        body.append(_layers(report["layers"]))
    body.append(_not_checked(report))
    return f'{STYLE}<div class="bm-report">{"".join(body)}</div>'


def _e(value: object, limit: int = 300) -> str:
    return html.escape(clean(value, limit))


def _code(value: object, limit: int = 300) -> str:
    return f"<code>{_e(value, limit)}</code>"


def _sentence(text: str) -> str:
    pieces = sentence(clean_block(text, 2_000))
    marked = [f"<code>{html.escape(piece)}</code>" if code else html.escape(piece) for code, piece in pieces]
    return "".join(marked).replace("\n", "<br>")


def _badge(kind: str, word: str) -> str:
    return f'<strong class="bm-{_COLOURS[kind]}">{words.MARKS[kind]} {word}</strong>'


def _head(report: dict[str, Any]) -> str:
    verdict = report["verdict"]
    phrases = " · ".join(_e(phrase) for phrase in words.meta(report))
    return (
        f'<p class="bm-p">{_badge(verdict, words.VERDICTS[verdict])} {_sentence(report["summary"])}</p>'
        f'<p class="bm-p bm-m">{phrases}</p>'
    )


def _changed(changed: Sequence[str] | None) -> str:
    if changed is None:
        return ""
    items = "".join(f"<li>{_sentence(each)}</li>" for each in changed)
    return f'<p class="bm-p">Changed since the last check of this cell:</p><ul>{items}</ul>'


def _finding(finding: dict[str, Any], first: bool) -> str:
    head = f"{_badge(finding['severity'], finding['severity'])} {_code(finding['rule'])}: {_sentence(finding['title'])}"
    rows = "".join(
        f'<tr><th scope="row" class="bm-m">{html.escape(key)}</th><td><code>{html.escape(value)}</code></td></tr>'
        for key, value in evidence_rows(finding["evidence"])
    )
    detail = f'<p class="bm-p">{_sentence(finding["detail"])}</p>' if finding["detail"] else ""
    evidence = f'<table class="bm-t">{rows}</table>' if rows else ""
    opened = " open" if first else ""
    return f"<details{opened}><summary>{head}</summary>{detail}{evidence}{_fix(finding['fix'], first)}</details>"


def _fix(fix: dict[str, Any] | None, first: bool) -> str:
    if not fix:
        return ""
    corrected = words.corrected(fix, first=first)
    return (
        f'<p class="bm-p"><strong>Fix:</strong> {_sentence(fix["title"])}</p>'
        f'<pre class="bm-s">{html.escape(clean_block(fix["snippet"]))}</pre>'
        f'<p class="bm-p bm-m">Proof: {_sentence(words.proof(fix))}</p>{corrected and f"<p>{corrected}</p>"}'
    )


def _tensors(title: str, tensors: list[dict[str, Any]]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Name", "Status", "Side", "Shape", "Dtype", "Values"))
    body = "".join(_tensor(tensor) for tensor in tensors)
    return (
        f'<h4 class="bm-h">{title}</h4><table class="bm-t"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    )


def _tensor(tensor: dict[str, Any]) -> str:
    expected, actual, status = tensor["expected"], tensor["actual"], tensor["status"]
    name, own = words.names(tensor)
    source = f'<br><span class="bm-m">from {_code(own)}</span>' if own else ""
    colour = {"ok": "o", "not checked": "m"}.get(status, "e")
    state = f'<strong class="bm-{colour}">{words.STATUS_MARKS[status]} {status}</strong>'
    if expected and actual and status == "wrong":
        left, right = axes.marked(expected["shape"], actual["shape"])
    else:
        left, right = (axes.unmarked(side["shape"] if side else "") for side in (expected, actual))
    return (
        f'<tr class="bm-r"><th scope="row" rowspan="2">{_code(name)}{source}</th>'
        f'<td rowspan="2">{state}</td><td class="bm-m">expected</td>{_side(expected, left, "expected", status)}</tr>'
        f'<tr><td class="bm-m">actual</td>{_side(actual, right, "actual", status)}</tr>'
    )


def _side(side: dict[str, Any] | None, shape: axes.Pieces, which: str, status: str) -> str:
    if side is None:
        return f'<td colspan="3" class="bm-m">{words.absent(which, status)}</td>'
    marked = "".join(f"<mark>{_e(piece)}</mark>" if differs else _e(piece) for piece, differs in shape)
    return f"<td><code>{marked}</code></td><td>{_code(side['dtype'])}</td><td>{_e(side['values'])}</td>"


def _tokens(found: dict[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_e(heading)}</th><td>{" ".join(_piece(*piece) for piece in pieces)}</td></tr>'
        for heading, pieces in tokens.rows(found)
    )
    rest = tokens.left_out(found)
    note = f'<p class="bm-p bm-m">{words.counted(rest, "other row")} not listed.</p>' if rest else ""
    return f'<details><summary><strong>Tokens</strong></summary><table class="bm-t">{rows}</table>{note}</details>'


def _piece(kind: str, text: str) -> str:
    if kind in tokens.WRONG:
        return f'<strong class="bm-e">{words.MARKS["fail"]} {_e(text)}</strong>'
    return _e(text) if kind == "text" else f'<span class="bm-m">{_e(text)}</span>'


def _layers(layers: list[dict[str, Any]]) -> str:
    above, shown = parents(layers), listed(layers, DEEPEST)
    depth, states = depths(above), statuses(layers, above)
    heads = "".join(f'<th scope="col">{column}</th>' for column in words.LAYER_COLUMNS)
    rows = []
    for run in runs(layers, above, shown):
        layer, count = layers[run[0]], len(run)
        names = " … ".join(_code(_name(layers, above, index), 80) for index in dict.fromkeys((run[0], run[-1])))
        kind = f"{count} × {layer['type']}" if count > 1 else layer["type"]
        spent = [layers[index]["seconds"] for index in run]
        rows.append(
            f'<tr><th scope="row">{"&emsp;" * depth[run[0]]}{names}{_state(states[run[0]])}</th>'
            f"<td>{_e(kind, 60)}</td>"
            f"<td>{_shapes(layer['inputs'])}</td><td>{_shapes(layer['outputs'])}</td><td>{_e(layer['dtype'], 30)}</td>"
            f'<td class="bm-n">{words.parameters(count * (layer["params"] or 0))}</td>'
            f'<td class="bm-n">{words.layer_seconds(None if None in spent else sum(spent))}</td></tr>'
        )
    rest = len(layers) - len(shown)
    note = f'<p class="bm-p bm-m">{words.counted(rest, "deeper layer")} not listed.</p>' if rest else ""
    opened = " open" if any(layer["status"] == "failed" for layer in layers) else ""
    return (
        f"<details{opened}><summary><strong>{words.counted(len(layers), 'layer')}</strong></summary>"
        f'<table class="bm-t"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>{note}</details>'
    )


def _name(layers: list[dict[str, Any]], above: list[int], index: int) -> str:
    return short_name(layers[index]["path"], layers[above[index]]["path"] if above[index] >= 0 else "")


def _state(status: str) -> str:
    """The innermost layer that failed stands out; those around it failed because of it."""
    if status == "failed":
        return f' <strong class="bm-e">{words.MARKS["fail"]} failed</strong>'
    kinds = {"failed inside": "bm-e", "not run": "bm-m"}
    said = f"{words.STATUS_MARKS.get(status, '')} {_e(status)}".strip()
    return f' <span class="{kinds[status]}">{said}</span>' if status in kinds else ""


def _shapes(shapes: list[str]) -> str:
    more = f" +{len(shapes) - 2}" if len(shapes) > 2 else ""
    return " ".join(_code(shape, 80) for shape in shapes[:2]) + more


def _not_checked(report: dict[str, Any]) -> str:
    items = [f"<li>{_sentence(item['what'])}: {_sentence(item['why'])}</li>" for item in report["not_checked"]]
    items += [f"<li><strong>bertmagic's own failure:</strong> {_e(error)}</li>" for error in report["internal_errors"]]
    return f'<h4 class="bm-h">Not checked</h4><ul>{"".join(items)}</ul>' if items else ""
