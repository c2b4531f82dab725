"""The tokenizer calls of a cell: which tokenizer made a batch's ids, and what these are as tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.observe import tokenizers
from bertmagic.observe.names import Names


class Paired:
    """Notes the calls of tokenizers, and pairs models' token ids with the tokenizer that made them."""

    def __init__(self, namespace: Mapping[str, Any], names: Names) -> None:
        self._namespace, self._names = namespace, names
        self._calls: list[tokenizers.TokenizerCall] = []
        self._last: Any = None

    def forget(self) -> None:
        """Let go of all that was noted."""
        self._calls, self._last = [], None

    def note(self, call: tokenizers.TokenizerCall) -> None:
        """Remember a call that gave something."""
        if call.error is None and call.output is not None:
            self._calls.append(call)

    def pair(self, ids: np.ndarray | None, encoder: EncoderFacts | None) -> TokenizerFacts | None:
        """The facts of the tokenizer that made `ids`, (batch, sequence), for the encoder; None where nothing tells."""
        found = tokenizers.pair(ids, self._calls, self._namespace, encoder)
        if found is None:
            return None
        self._last, paired = found
        return tokenizers.tokenizer_facts(self._last, self._names.of(self._last), paired)

    def decoder(self) -> Callable[[Sequence[int]], Sequence[str]] | None:
        """What gives the tokens of ids, `?` for those out of range, by the tokenizer last paired; None without one."""
        if self._last is None:
            return None
        convert: Callable[[Sequence[int]], Sequence[str]] = self._last.convert_ids_to_tokens
        size = len(self._last)
        return lambda ids: [convert(i) if 0 <= i < size else "?" for i in ids]  # type: ignore[arg-type,misc]

    def of_these(self, values: Mapping[str, Any]) -> list[str]:
        """The names of tokenizers and encodings, and of what else these calls gave."""
        noted = {id(call.output) for call in self._calls} | {id(call.tokenizer) for call in self._calls}
        return [
            name
            for name, value in values.items()
            if id(value) in noted or tokenizers.is_tokenizer(value) or tokenizers.is_encoding(value)
        ]
