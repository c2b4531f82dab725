"""The places in the user's own source from which a call is made: the innermost first, then its callers'."""

from __future__ import annotations

import itertools
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType

from bertmagic.facts.site import Site
from bertmagic.observe.frames import is_own, outwards

_LIBRARY = tuple({str(Path(sysconfig.get_path(name))) for name in ("stdlib", "purelib", "platlib")})
# Functions of the user's that call one another, at most.
_MOST = 8


def sites() -> tuple[Site, ...]:
    """The calls under way in code that is neither a library's nor bertmagic's."""
    users = (frame for frame in outwards(sys._getframe(1)) if not _is_library(frame))
    return tuple(site_of(each.f_code, each.f_lasti) for each in itertools.islice(users, _MOST))


def _is_library(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name.startswith((*_LIBRARY, "<frozen")) or "__autograph_generated" in name or is_own(frame)


def site_of(code: CodeType, at: int) -> Site:
    """The span of the instruction at that offset of some code, in bytes."""
    if hasattr(code, "co_positions") and at >= 0:  # Python 3.11
        position = next(itertools.islice(code.co_positions(), at // 2, None), None)
        if position is not None and None not in position:
            line, end_line, column, end_column = position
            return Site(code.co_filename, line or 0, end_line or 0, (column or 0, end_column or 0))
    known = [line for start, end, line in code.co_lines() if start <= at < end and line is not None]
    line = known[0] if known else code.co_firstlineno
    return Site(code.co_filename, line, line)
