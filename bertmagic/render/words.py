"""The words that all views share: for verdict and status, a tensor's two sides, device, rows and time."""

from __future__ import annotations

from typing import Any

from bertmagic.render.strings import clean, duration

VERDICTS = {"pass": "pass", "warn": "warning", "fail": "fail"}
MARKS = {"pass": "✓", "warn": "▲", "fail": "✕", "error": "✕", "warning": "▲", "advice": "●"}
STATUS_MARKS = {"ok": "✓", "wrong": "✕", "missing": "✕", "unexpected": "✕", "not checked": "○", "not run": "○"}
TENSORS = (("inputs", "Inputs"), ("outputs", "Outputs"), ("labels", "Labels"))
_PHASES = {"facts": "reading the batch"}  # of those, the ones whose name says too little
_WHOLE = ("total", "whole block")  # of a report's seconds, those that are no phase of the check
_COMPILATION = "compilation"  # what a second check of the same shapes does not spend
_WORTH_SAYING = 0.05  # of the check's time: phases below that are not listed
LAYER_COLUMNS = ("Layer", "Type", "Input", "Output", "Dtype", "Parameters", "Time")


def meta(report: dict[str, Any]) -> list[str]:
    """Device, rows, tokenizer and time as short phrases, in the order in which they are shown."""
    device, rows, seconds = report["device"], report["rows"], report["seconds"]
    used = clean(device["used"] or "nothing was run")
    if device["used"] and device["name"]:
        used += f" ({clean(device['name'], 80)})"
    phrases = [used, *([f"{rows['run']:,} of {rows['of']:,} rows run"] if rows["of"] else [])]
    tokens = report["tokens"] or {}
    if tokens.get("tokenizer"):
        phrases.append(f"tokens by {clean(tokens['tokenizer'], 60)} ({clean(tokens['paired'], 120)})")
    if device["peak_bytes"]:
        phrases.append(f"peak {device['peak_bytes'] / 2**20:,.0f} MiB")
    # The whole block is mostly the user's own work: what a reader weighs is what the check added to it.
    parts = {phase: spent for phase, spent in seconds.items() if phase not in (*_WHOLE, _COMPILATION) and spent}
    total = seconds.get("total") or sum(parts.values())
    if total:
        long = {phase: spent for phase, spent in parts.items() if spent >= _WORTH_SAYING * total}
        each = ", ".join(f"{_PHASES.get(phase, clean(phase, 40))} {duration(spent)}" for phase, spent in long.items())
        phrases.append(f"checked in {duration(total)}" + (f" ({each})" if len(long) > 1 else ""))
    if seconds.get(_COMPILATION):
        phrases.append(f"first compilation {duration(seconds[_COMPILATION])}")
    return phrases


def counted(number: int, noun: str) -> str:
    """`1 finding`, `3 findings`, `no findings`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def absent(side: str, status: str) -> str:
    """What stands in place of a side that is None."""
    if side == "actual":
        return "not fed" if status == "missing" else "not seen"
    return "not an input of the model" if status == "unexpected" else "not known"


def proof(fix: dict[str, Any]) -> str:
    """What was run to show that a fix works, or that nothing was."""
    return f"{fix['proof']['ran']}: {fix['proof']['result']}" if fix["proof"] else "not run"


def corrected(fix: dict[str, Any], *, first: bool) -> str:
    """Where the corrected cell is to be had: `%bertfix` takes the first finding's, which mends all."""
    return "Corrected cell: %bertfix runs it dry, and puts it in as the next input." if first and fix["cell"] else ""


def names(tensor: dict[str, Any]) -> tuple[str, str]:
    """A tensor's name in the model, and the user's own name for what was fed where that is another (else empty)."""
    own = (tensor["actual"] or {}).get("name") or ""
    return clean(tensor["name"]), clean(own) if own != tensor["name"] else ""


def parameters(count: int | None) -> str:
    """Parameters with thousands separated; nothing for a layer that has none."""
    return f"{count:,}" if count else ""


def layer_seconds(seconds: float | None) -> str:
    """A layer's time, or nothing where it was not timed."""
    return "" if seconds is None else duration(seconds)
