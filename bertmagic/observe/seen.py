"""What was seen of a cell beside its models' calls: tokenizer calls, graphs built, outputs, and what ended it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bertmagic.backends.protocol import Backend
from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import BuildFacts, CellFacts, Origin, TokenizerCallFacts, ValueFacts
from bertmagic.facts.model import ModelFacts
from bertmagic.observe import texts, values
from bertmagic.observe.failure import raised_facts
from bertmagic.observe.names import Names
from bertmagic.observe.outputs import Outputs
from bertmagic.observe.tokenizers import TokenizerCall

# Calls that are described before the rest are not: a loop over texts, or over layers.
_MOST_CALLS = 64
# Values of which there is one object for all that are equal: a name that holds the same one tells nothing.
_SHARED = (int, float, str, bytes, type(None))
_PACKAGES = ("transformers", "tensorflow", "tf_keras", "keras", "torch", "jax", "tokenizers", "numpy")


class Seen:
    """Gathers the facts of a cell while it runs; `origin` asks the frameworks where a tensor comes from."""

    def __init__(self, names: Names, origin: Callable[[Any], Origin | None]) -> None:
        self._names, self._origin = names, origin
        self._tokenized: list[TokenizerCallFacts] = []
        self._built: list[BuildFacts] = []
        self._outputs = Outputs()

    @property
    def anything(self) -> bool:
        """Whether a tokenizer was called or a graph was built."""
        return bool(self._tokenized or self._built)

    def tokenized(self, call: TokenizerCall) -> None:
        """Describe a tokenizer's call while its arguments' names can still be found."""
        if len(self._tokenized) < _MOST_CALLS or call.error is not None:
            self._tokenized.append(texts.call_facts(call, self._names, None))

    def built(
        self,
        backend: Backend,
        layer: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        error: ErrorFacts | None = None,
        ran: tuple[str, ...] = (),
    ) -> None:
        """Describe a call on symbolic tensors."""
        if len(self._built) < _MOST_CALLS or error is not None:
            said = self._names.of(layer) or type(layer).__name__
            model = backend.describe(layer, said, self._names.of)
            self._built.append(BuildFacts(model, backend.symbolic(layer, args, kwargs, self._names.of), error, ran))

    def output(self, value: Any, model: ModelFacts) -> None:
        """Remember what a model's call gave."""
        self._outputs.note(value, model)

    def facts(
        self, calls: Iterable[CallFacts], raised: BaseException | None, namespace: Mapping[str, Any]
    ) -> CellFacts:
        """The facts of the cell, which has ended."""
        return CellFacts(
            calls=tuple(calls),
            tokenizer_calls=tuple(self._tokenized),
            built=tuple(self._built),
            raised=raised_facts(raised, namespace, self._value) if isinstance(raised, Exception) else None,
            versions={name: str(found) for name in _PACKAGES if (found := _version(name)) is not None},
        )

    def _value(self, value: Any, place: str, said: str | None) -> ValueFacts:
        def origin(each: Any) -> Origin | None:
            return self._outputs.origin(each) or self._origin(each)

        if said is None and not isinstance(value, _SHARED):
            said = self._names.of(value)
        return values.describe(value, place, said, origin=origin, field_of=self._outputs.field_of)


def _version(package: str) -> str | None:
    return getattr(sys.modules.get(package), "__version__", None)
