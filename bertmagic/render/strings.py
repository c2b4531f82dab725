"""Makes any string of the user's or the model's safe to show: control characters visible, length bounded.

What is done here is done for every view. Escaping for HTML is not: that belongs to `html.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

LINE = 300  # characters of a one-line string: a name, a title, one value
BLOCK = 8_000  # characters of a snippet, a cell or a paragraph
_LISTED = 24  # items of one line of evidence
_NESTED = 8  # items of a list that holds lists

# C0 and C1 controls move a terminal's cursor; bidirectional controls make a line read other than it is written; line
# and paragraph separators break rows; lone surrogates cannot be encoded.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_HIDDEN_BUT_LINES = re.compile(_HIDDEN.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
_CODE = re.compile(r"`([^`\n]+)`")


def clean(value: object, limit: int = LINE) -> str:
    r"""`value` as one line: hidden characters as escapes (`\x1b`, `\u202e`), cut at `limit` characters with a note."""
    return _cut(str(value), limit, _HIDDEN)


def clean_block(value: object, limit: int = BLOCK) -> str:
    """As `clean`, but line breaks and tabs stay: for code and paragraphs."""
    return _cut(str(value).replace("\r\n", "\n"), limit, _HIDDEN_BUT_LINES)


def _cut(text: str, limit: int, hidden: re.Pattern[str]) -> str:
    note = f"… ({len(text):,} characters)" if len(text) > limit else ""
    return hidden.sub(lambda match: _escape(match.group()), text[:limit]) + note


def _escape(character: str) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    code = ord(character)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def sentence(text: str) -> list[tuple[bool, str]]:
    """The pieces of a sentence as (is code, text): what stands between backticks is a name from the user's cell."""
    pieces = _CODE.split(text)
    return [(index % 2 == 1, piece) for index, piece in enumerate(pieces) if piece]


def number(value: float) -> str:
    """A number as people write it: whole ones in full, others with three significant digits."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(value if isinstance(value, bool) else int(value))
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """Seconds in the unit that fits: `0.4 ms`, `32 ms`, `1.40 s`."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"


def value_text(value: Any) -> str:
    """One value of a finding's evidence in words: numbers short, lists with commas, the rest as JSON.

    A mapping from rows of the batch is written by row: `row 1: 0.311, row 2: 0.228`.
    """
    if value is None or (isinstance(value, (list, tuple, Mapping)) and not value):
        return "none"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, (list, tuple)) and all(isinstance(item, (int, float, str)) for item in value):
        listed = ", ".join(value_text(item) for item in value[:_LISTED])
        return clean(listed + (f", … ({len(value)} in all)" if len(value) > _LISTED else ""))
    if isinstance(value, Mapping) and all(isinstance(item, (int, float, str)) for item in value.values()):
        # Whole numbers as keys are rows of the batch: no other evidence is listed by number.
        row = "row " if all(str(key).isdecimal() for key in value) else ""
        listed = ", ".join(f"{row}{key}: {value_text(item)}" for key, item in [*value.items()][:_LISTED])
        return clean(listed + (f", … ({len(value)} in all)" if len(value) > _LISTED else ""))
    if isinstance(value, (list, tuple, Mapping)):
        return clean(json.dumps(_rounded(value), ensure_ascii=False, default=str))
    return clean(value)


def _rounded(value: Any) -> Any:
    """The same lists and mappings, their numbers short and their ends cut."""
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        more = [f"… {len(value)} in all"] if len(value) > _NESTED else []
        return [_rounded(item) for item in value[:_NESTED]] + more
    return float(f"{value:.3g}") if isinstance(value, float) else value


def evidence_rows(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A finding's evidence as (what, value) rows, underscores of the keys as spaces."""
    return [(clean(key).replace("_", " "), value_text(value)) for key, value in evidence.items()]
