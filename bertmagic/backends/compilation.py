"""The time that JAX spends on compiling: what a first check of a shape costs, and a second does not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Tracing, lowering and compiling, each an event of its own (jax 0.10.2, `_src/dispatch.py`).
_COMPILING = "/jax/core/compile/"


@contextmanager
def compilation() -> Iterator[Callable[[], float]]:
    """Gives what tells the seconds that JAX has compiled for since the context began: 0 where JAX is not imported."""
    spent = [0.0]
    if "jax" not in sys.modules:
        yield lambda: 0.0
        return
    from jax import monitoring

    def note(event: str, seconds: float, **_: object) -> None:
        if event.startswith(_COMPILING):
            spent[0] += seconds

    monitoring.register_event_duration_secs_listener(note)
    try:
        yield lambda: spent[0]
    finally:
        # Older releases let nobody go by a public name: a listener that stays costs a comparison an event.
        leave = getattr(monitoring, "unregister_event_duration_listener", None)
        if leave is not None:
            leave(note)
