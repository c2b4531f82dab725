"""The tokenizer calls of a cell: which tokenizer made a batch's ids, and what these are as tokens."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.observe import hub, tokenizers
from bertmagic.observe.names import Names


class Paired:
    """Notes the calls of tokenizers, and pairs models' token ids with the tokenizer that made them."""

    def __init__(self, namespace: Mapping[str, Any], names: Names) -> None:
        self._namespace, self._names = namespace, names
        self._calls: list[tokenizers.TokenizerCall] = []
        self._hub = hub.Calls()
        self._last: Any = None

    def forget(self) -> None:
        """Let go of all that was noted."""
        self._calls, self._hub, self._last = [], hub.Calls(), None

    def note_hub(self, call: hub.HubCall) -> None:
        """Remember a call of a KerasHub tokenizer or preprocessor."""
        self._hub.note(call)

    def note(self, call: tokenizers.TokenizerCall) -> None:
        """Remember a call that gave something."""
        if call.error is None and call.output is not None:
            self._calls.append(call)

    def pair(self, ids: np.ndarray | None, encoder: EncoderFacts | None) -> TokenizerFacts | None:
        """The facts of the tokenizer that made `ids`, (batch, sequence), for the encoder; None where nothing tells."""
        found = tokenizers.pair(ids, self._calls, self._namespace, encoder)
        ours = self._pair_hub(ids, encoder, found)
        if ours is not None:
            self._last, paired = ours
            return hub.facts(self._last, self._names.of(self._last), paired, made_rows=paired == tokenizers.BY_ROWS)
        if found is None:
            return None
        self._last, paired = found
        return tokenizers.tokenizer_facts(self._last, self._names.of(self._last), paired)

    def _pair_hub(
        self, ids: np.ndarray | None, encoder: EncoderFacts | None, found: tuple[Any, str] | None
    ) -> tuple[Any, str] | None:
        """The KerasHub layer that made the ids; `found`: the transformers tokenizer that may have.

        Where neither gave the rows, a KerasHub model's ids come from the only KerasHub tokenizer, if there is no other.
        """
        if found is not None and found[1] == tokenizers.BY_ROWS:
            return None
        if ids is not None and ids.ndim >= 1 and ids.size and ids.dtype.kind in "biuf":
            made = self._hub.gave(ids.reshape(-1, ids.shape[-1])[0])
            if made is not None:
                return made, tokenizers.BY_ROWS
        if found is not None or encoder is None or not encoder.names:
            return None
        only = self._hub.only(self._namespace)
        return None if only is None else (only, "the only tokenizer of KerasHub's at hand")

    def decoder(self) -> Callable[[Sequence[int]], Sequence[str]] | None:
        """What gives the tokens of ids, `?` for those out of range, by the tokenizer last paired; None without one."""
        if self._last is None:
            return None
        if not tokenizers.is_tokenizer(self._last):
            return functools.partial(hub.tokens, self._last)
        convert: Callable[[Sequence[int]], Sequence[str]] = self._last.convert_ids_to_tokens
        size = len(self._last)
        return lambda ids: [convert(i) if 0 <= i < size else "?" for i in ids]  # type: ignore[arg-type,misc]

    def of_these(self, values: Mapping[str, Any]) -> list[str]:
        """The names of tokenizers and encodings, and of what else these calls gave."""
        noted = {id(call.output) for call in self._calls} | {id(call.tokenizer) for call in self._calls}
        return [
            name
            for name, value in values.items()
            if id(value) in noted
            or tokenizers.is_tokenizer(value)
            or tokenizers.is_encoding(value)
            or (value is not None and hub.tokenizer_of(value) is value)
        ]
