"""The frames of tracebacks and of calls under way, and which of them are bertmagic's own."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType, TracebackType


def root_of(frame: FrameType) -> str:
    """The package whose code the frame runs, by its module's name: `tf_keras`, `__main__`."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def is_own(frame: FrameType) -> bool:
    """Whether the frame runs bertmagic's own code."""
    return root_of(frame) == "bertmagic"


def entries(top: TracebackType | None) -> list[TracebackType]:
    """A traceback's entries, outermost first."""
    found: list[TracebackType] = []
    while top is not None:
        found.append(top)
        top = top.tb_next
    return found


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """`frame`, then those that called it, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back
