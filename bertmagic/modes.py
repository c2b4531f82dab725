"""Whether training mode is meant where no tape records it: samples of the same rows, or a step of a training run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from bertmagic.assemble import Ended
from bertmagic.backends.protocol import LiveCall


class Modes:
    """What the calls of a block show of it, one after another.

    A model that gets the very same rows twice is sampled (Monte Carlo dropout), or compared with itself in the other
    mode. A call before one that a tape records is of that training run (a teacher's, say).
    """

    def __init__(self) -> None:
        self._seen: set[tuple[int, bytes]] = set()
        self._sampled: set[int] = set()

    def meant(self, live: LiveCall, model: Any, ended: Iterable[Ended]) -> Iterator[Ended]:
        """Note a call, and give those of the calls before it whose mode is meant, as it shows."""
        before = [each for each in ended if not each.examination.facts.on_purpose]
        if live.kind not in ("call", "predict", "evaluate"):
            return
        if live.watched:
            yield from before
            return
        key = (id(model), _digest(live))
        if key in self._seen:
            self._sampled.add(id(model))
            yield from (each for each in before if each.model() is model)
        self._seen.add(key)

    def unknown(self, model: Any, ended: Iterable[Ended]) -> Iterator[Ended]:
        """The calls of a model whose further rows are not read: they may be these again."""
        yield from (each for each in ended if each.model() is model and not each.examination.facts.on_purpose)

    def on_purpose(self, model: Any) -> bool:
        """Whether the calls so far show that training mode is meant."""
        return id(model) in self._sampled


def _digest(live: LiveCall) -> bytes:
    """Tells the rows of one call from another's: the values of all its inputs."""
    digest = hashlib.blake2b(digest_size=16)
    for leaf in live.leaves:
        digest.update(f"{leaf.name}{leaf.value.shape}{leaf.value.dtype}".encode())
        values = leaf.value
        digest.update(repr(values.tolist()).encode() if values.dtype.hasobject else values.tobytes())
    return digest.digest()
