"""Wrappers in the place of a framework's methods while a block is observed, and when they stay silent."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from bertmagic.observe.lookup import Looked


class Busy(threading.local):
    """Whether this thread is inside a call that was already told of (or inside the check itself)."""

    now = False


@contextlib.contextmanager
def quiet(busy: Busy) -> Iterator[None]:
    """Tell the listener of nothing inside."""
    before, busy.now = busy.now, True
    try:
        yield
    finally:
        busy.now = before


class Patches:
    """Class attributes with wrappers in their place, put in and taken out together."""

    def __init__(self) -> None:
        self._originals: list[tuple[type, str, Any]] = []
        self._wrappers: list[tuple[type, str, Any]] = []

    def add(
        self,
        owner: type,
        name: str,
        wrap: Callable[[Callable[..., Any]], Callable[..., Any]],
        stays_out: Callable[[Any, FrameType], bool] | None = None,
    ) -> None:
        """Have `wrap(original)` in the place of `owner.name` from the next `put_in` on, but where it `stays_out`."""
        original = vars(owner)[name]
        wrapped = wrap(original)
        wrapper = wrapped if wrapped is original else functools.wraps(original)(wrapped)
        self._originals.append((owner, name, original))
        self._wrappers.append((owner, name, Looked(original, wrapper, stays_out) if stays_out else wrapper))

    def put_in(self) -> None:
        """Set the wrappers."""
        for owner, name, wrapper in self._wrappers:
            setattr(owner, name, wrapper)

    def take_out(self) -> None:
        """Set the originals again."""
        for owner, name, original in self._originals:
            setattr(owner, name, original)

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Out while a real call runs: no frame of ours is in its traceback, which Keras filters by file names."""
        self.take_out()
        try:
            yield
        finally:
            self.put_in()
