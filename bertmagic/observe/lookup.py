"""A method that is watched without a frame of ours in the call: the lookup is seen, and the original handed out.

AutoGraph writes the file of every function between the user's code and an error into the error's message, so a wrapper
under it would change what the user's exception says (TensorFlow 2.21, `autograph/pyct/error_utils.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from bertmagic.observe.frames import outwards

_AUTOGRAPH = "tensorflow.python.autograph.impl.api"
_CALLING = ("converted_call", "_call_unconverted")
# Frames that are looked through for AutoGraph's: its calls lie a handful apart.
_FARTHEST = 64


class Looked:
    """In a class in place of the method `original`: each lookup gives that, or `wrapper`, bound as usual.

    `stays_out(obj, frame)`: whether the lookup of `obj`'s method (None: of the class's) from `frame` is to give the
    original. It must raise nothing.
    """

    def __init__(
        self,
        original: Callable[..., Any],
        wrapper: Callable[..., Any],
        stays_out: Callable[[Any, FrameType], bool],
    ) -> None:
        self._original, self._wrapper, self._stays_out = original, wrapper, stays_out
        self.__doc__ = original.__doc__

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        chosen: Any = self._original if self._stays_out(obj, sys._getframe(1)) else self._wrapper
        return chosen.__get__(obj, owner)


def is_autograph_call(frame: FrameType) -> bool:
    """Whether `frame` is AutoGraph about to make a call: its locals hold it as `f`, `args` and `kwargs`."""
    return frame.f_code.co_name in _CALLING and frame.f_globals.get("__name__") == _AUTOGRAPH


def under_autograph(frame: FrameType) -> bool:
    """Whether AutoGraph has made one of the calls under way around `frame`."""
    if _AUTOGRAPH not in sys.modules:
        return False
    return any(is_autograph_call(each) for each, _ in zip(outwards(frame), range(_FARTHEST), strict=False))
