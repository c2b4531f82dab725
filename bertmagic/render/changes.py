"""What a second check of the same cell shows that the one before did not, as sentences."""

from __future__ import annotations

from typing import Any

from bertmagic.render import words
from bertmagic.render.strings import clean

UNCHANGED = "nothing that the report shows has changed"
_MOST = 12  # changes listed
_KEPT = ("verdict", "findings", "inputs", "outputs", "labels", "rows")


def kept(report: dict[str, Any]) -> dict[str, Any]:
    """The parts of a report that the next one is held against; layers and tokens are not kept."""
    return {part: report[part] for part in _KEPT}


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What changed between two reports (`now`, and what `kept` gave of the one before), names between backticks."""
    found = []
    if before["verdict"] != now["verdict"]:
        found.append(f"the verdict: {words.VERDICTS[before['verdict']]} → {words.VERDICTS[now['verdict']]}")
    old, new = _findings(before), _findings(now)
    found += [f"gone: `{_name(rule)}` on `{_name(subject)}`" for rule, subject in old if (rule, subject) not in new]
    found += [f"new: `{_name(rule)}` on `{_name(subject)}`" for rule, subject in new if (rule, subject) not in old]
    for part, title in words.TENSORS:
        found += _tensors(title.lower()[:-1], _by_name(before[part]), _by_name(now[part]))
    if before["rows"]["of"] != now["rows"]["of"]:
        found.append(f"rows of the batch: {before['rows']['of']:,} → {now['rows']['of']:,}")
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return [*found[:_MOST], *more] or [UNCHANGED]


def _findings(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["rule"], finding["subject"]) for finding in report["findings"]]


def _by_name(tensors: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {tensor["name"]: tensor for tensor in tensors}


def _tensors(kind: str, before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> list[str]:
    found = [f"{kind} `{_name(name)}` is no longer there" for name in before if name not in now]
    for name, tensor in now.items():
        if name not in before:
            found.append(f"{kind} `{_name(name)}` is new")
        elif moved := _moved(before[name], tensor, kind):
            found.append(f"{kind} `{_name(name)}`: {'; '.join(moved)}")
    return found


def _moved(old: dict[str, Any], new: dict[str, Any], kind: str) -> list[str]:
    was, has = old["actual"], new["actual"]
    if (was is None) != (has is None):
        return [f"fed now, {clean(has['shape'], 80)}" if has else "no longer fed"]
    # What comes out differs from run to run by chance.
    sides = ("shape", "dtype") if kind == "output" else ("shape", "dtype", "values")
    pairs = [] if was is None else [(was[side], has[side]) for side in sides]
    found = [f"{clean(left, 80)} → {clean(right, 80)}" for left, right in pairs if left != right]
    return found if old["status"] == new["status"] else [*found, f"{old['status']} → {new['status']}"]


def _name(name: str) -> str:
    return clean(name, 80).replace("`", "'")
