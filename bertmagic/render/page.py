"""Packs a report into the JSON that the panel draws: every string made safe, the layers in columns, to save bytes.

A notebook that is saved with its widget state holds this once a check.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from bertmagic.render import axes, words
from bertmagic.render.strings import clean, clean_block, evidence_rows
from bertmagic.render.tree import parents, shared, statuses


def page_data(
    report: dict[str, Any], source: str | None = None, changed: Sequence[str] | None = None
) -> dict[str, Any]:
    """The report as the panel's data: what `js/src/data.ts` declares.

    `source`: the checked cell, which corrected ones are held against; `changed`: since the last check of that cell.
    """
    return {
        "verdict": report["verdict"],
        "summary": clean_block(report["summary"], 2_000),
        "meta": words.meta(report),
        "changed": changed,
        "findings": [_finding(finding, source) for finding in report["findings"]],
        "tensors": [
            {"title": title, "rows": [_tensor(tensor) for tensor in report[key]]}
            for key, title in words.TENSORS
            if report[key]
        ],
        "layers": _layers(report["layers"]),
        "tokens": report["tokens"] and {"rows": len(report["tokens"]["rows"]), "of": report["tokens"]["of"]},
        "notChecked": [[clean(item["what"]), clean_block(item["why"], 1_000)] for item in report["not_checked"]],
        "internalErrors": [clean(error) for error in report["internal_errors"]],
    }


def grid_data(tokens: dict[str, Any]) -> dict[str, Any]:
    """The grid of tokens as `js/src/data.ts` declares it, line after line in one list; sent when the page asks."""
    known = tokens["pieces"]
    labels = tokens["row_labels"]
    return {
        "rows": tokens["rows"],
        "named": tokens["named"],
        "legend": tokens["legend"],
        "seq": len(tokens["ids"][0]),
        "ids": _flat(tokens["ids"]),
        "kinds": _flat(tokens["kinds"]),
        "mask": _flat(tokens["mask"]),
        "types": _flat(tokens["types"]),
        "pieces": known and {key: clean(piece, 200) for key, piece in known.items()},
        "rowLabels": labels and [clean(label, 40) for label in labels],
        "labels": _flat(tokens["labels"]),
        "cut": tokens["cut"],
    }


def _flat(lines: list[list[Any]] | None) -> list[Any] | None:
    return None if lines is None else [value for line in lines for value in line]


def _finding(finding: dict[str, Any], source: str | None) -> dict[str, Any]:
    fix = finding["fix"]
    return {
        "rule": clean(finding["rule"]),
        "severity": finding["severity"],
        "subject": clean(finding["subject"]),
        "title": clean(finding["title"], 2_000),
        "detail": clean_block(finding["detail"], 4_000),
        "evidence": evidence_rows(finding["evidence"]),
        "fix": fix
        and {
            "title": clean(fix["title"]),
            "snippet": clean_block(fix["snippet"]),
            "cell": clean_block(fix["cell"]) if fix["cell"] else None,
            "diff": _diff(source, fix["cell"]) if source and fix["cell"] else None,
            "proof": clean(words.proof(fix), 1_000) if fix["proof"] else None,
        },
    }


def _diff(source: str, cell: str) -> list[tuple[str, str]]:
    """The corrected cell by line as `(sign, line)`: a space for the user's own, - for a line gone, + for a new one."""
    before, after = clean_block(source).splitlines(), clean_block(cell).splitlines()
    lines = list(difflib.unified_diff(before, after, n=len(before), lineterm=""))
    return [(line[:1], line[1:]) for line in lines[3:]]  # after two lines of file names and one of line numbers


def _tensor(tensor: dict[str, Any]) -> dict[str, Any]:
    expected, actual, status = tensor["expected"], tensor["actual"], tensor["status"]
    if expected and actual and status == "wrong":
        left, right = axes.marked(expected["shape"], actual["shape"])
    else:
        left, right = (axes.unmarked(side["shape"] if side else "") for side in (expected, actual))
    name, own = words.names(tensor)
    return {
        "name": name,
        "from": own,
        "status": status,
        "expected": _side(expected, left, "expected", status),
        "actual": _side(actual, right, "actual", status),
    }


def _side(side: dict[str, Any] | None, shape: axes.Pieces, which: str, status: str) -> dict[str, Any] | str:
    if side is None:
        return words.absent(which, status)
    return {
        "shape": [[clean(piece), int(differs)] for piece, differs in shape],
        "dtype": clean(side["dtype"], 80),
        "values": clean(side["values"]),
    }


def _layers(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Columns with one entry a layer; what repeats (types, shapes, dtypes) stands once in `strings`.

    `shared` is how many characters of its caller's path a layer's path begins with, `rest` what follows them.
    """
    above = parents(layers)
    paths = [clean(layer["path"]) for layer in layers]
    kept = [shared(path, paths[parent]) if parent >= 0 else 0 for path, parent in zip(paths, above, strict=True)]
    strings: dict[str, int] = {}

    def index(text: str) -> int:
        return strings.setdefault(clean(text, 160), len(strings))

    columns = {
        "parent": above,
        "shared": kept,
        "rest": [path[length:] for path, length in zip(paths, kept, strict=True)],
        "type": [index(layer["type"]) for layer in layers],
        "inputs": [[index(shape) for shape in layer["inputs"]] for layer in layers],
        "outputs": [[index(shape) for shape in layer["outputs"]] for layer in layers],
        "dtype": [index(layer["dtype"]) for layer in layers],
        "params": [layer["params"] for layer in layers],
        "seconds": [None if (spent := layer["seconds"]) is None else float(f"{spent:.3g}") for layer in layers],
        "status": [index(status) for status in statuses(layers, above)],
    }
    return {**columns, "strings": list(strings)}
