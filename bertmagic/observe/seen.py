"""What was seen of a cell beside its models' calls: tokenizer calls, graphs built, outputs, and what ended it."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from bertmagic.backends.protocol import Backend, Failing
from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import BuildFacts, CellFacts, Origin, RaisedFacts, TokenizerCallFacts, ValueFacts, WordFacts
from bertmagic.facts.loading import LoadingFacts, StoredFacts
from bertmagic.facts.model import ModelFacts
from bertmagic.observe import hub_texts, texts, values
from bertmagic.observe.failure import raised_facts
from bertmagic.observe.hub import HubCall
from bertmagic.observe.names import Names
from bertmagic.observe.outputs import Outputs
from bertmagic.observe.sites import sites
from bertmagic.observe.tokenizers import TokenizerCall

# Calls that are described before the rest are not: a loop over texts, or over layers.
_MOST_CALLS = 64
# Values of which there is one object for all that are equal: a name that holds the same one tells nothing.
_SHARED = (int, float, str, bytes, type(None))
_PACKAGES = ("transformers", "tensorflow", "tf_keras", "keras", "torch", "jax", "tokenizers", "numpy")


class Seen:
    """Gathers the facts of a cell while it runs; `origin` asks the frameworks where a tensor comes from, `loading`
    what did not fit where a loading or saving failed.
    """

    def __init__(
        self,
        names: Names,
        origin: Callable[[Any], Origin | None],
        loading: Callable[[Failing], LoadingFacts | None] = lambda failing: None,
    ) -> None:
        self._names, self._origin, self._loading = names, origin, loading
        self._saves: list[StoredFacts] = []
        # Each with what tells the words of its rows.
        self._tokenized: list[tuple[TokenizerCallFacts, Callable[[], WordFacts | None]]] = []
        self._built: list[BuildFacts] = []
        self._outputs = Outputs()

    @property
    def anything(self) -> bool:
        """Whether a tokenizer was called or a graph was built."""
        return bool(self._tokenized or self._built)

    def tokenized(self, call: TokenizerCall) -> None:
        """Describe a tokenizer's call while its arguments' names can still be found."""
        if len(self._tokenized) < _MOST_CALLS or call.error is not None:
            words = functools.partial(texts.word_facts, call, self._names)
            self._tokenized.append((texts.call_facts(call, self._names), words))

    def tokenized_by_hub(self, call: HubCall) -> None:
        """Describe the call of a tokenizer or preprocessor of KerasHub's in the same way."""
        if len(self._tokenized) < _MOST_CALLS or call.error is not None:
            facts = hub_texts.call_facts(call, self._names)
            if facts is not None:
                self._tokenized.append((facts, functools.partial(hub_texts.word_facts, call, self._names)))

    def built(
        self,
        backend: Backend,
        layer: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        error: ErrorFacts | None = None,
        ran: tuple[str, ...] = (),
        value: Any = None,
    ) -> None:
        """Describe a call on symbolic tensors, which gave `value`."""
        self._outputs.note_fields(value)
        if len(self._built) < _MOST_CALLS or error is not None:
            said = self._names.of(layer) or type(layer).__name__
            model = backend.describe(layer, said, self._names.of)
            symbolic = backend.symbolic(layer, args, kwargs, self._names.of)
            self._built.append(BuildFacts(model, symbolic, error, ran, sites()))

    def saved(self, facts: Iterable[StoredFacts]) -> None:
        """Note savings that were held back."""
        self._saves.extend(facts)

    def output(self, value: Any, model: ModelFacts) -> None:
        """Remember what a model's call gave."""
        self._outputs.note(value, model)

    def fields(self, kind: str, names: Iterable[str]) -> None:
        """Remember the names of the fields of an output object that was met inside a model."""
        self._outputs.note_names(kind, names)

    def facts(
        self,
        calls: Iterable[CallFacts],
        raised: BaseException | None,
        namespace: Mapping[str, Any],
        dry: BaseException | None = None,
    ) -> CellFacts:
        """The facts of the cell, which has ended. `dry`: what a dry pass met that went before the call that raised."""
        calls = tuple(calls)
        return CellFacts(
            calls=calls,
            tokenizer_calls=tuple(self._tokenizer_calls(any(map(_labels_tokens, calls)))),
            built=tuple(self._built),
            raised=self._raised(raised, namespace, dry) if isinstance(raised, Exception) else None,
            versions={name: str(found) for name in _PACKAGES if (found := _version(name)) is not None},
            saves=tuple(self._saves),
            tf_keras_is=_tf_keras(),
        )

    def _tokenizer_calls(self, with_words: bool) -> Iterator[TokenizerCallFacts]:
        """The tokenizers' calls; `with_words`: whether to find their tokens' words, which labels are held to."""
        for facts, words in self._tokenized:
            yield dataclasses.replace(facts, words=words()) if with_words else facts

    def _raised(self, raised: Exception, namespace: Mapping[str, Any], dry: BaseException | None) -> RaisedFacts:
        own = None if dry is None else self._failure(dry, namespace)
        if own is not None and own.line is not None:
            return dataclasses.replace(own, type=type(raised).__name__, text=str(raised))
        return self._failure(raised, namespace)

    def _failure(self, error: BaseException, namespace: Mapping[str, Any]) -> RaisedFacts:
        return raised_facts(error, namespace, self._value, self._loading, self._names.of)

    def _value(self, value: Any, place: str, said: str | None) -> ValueFacts:
        def origin(each: Any) -> Origin | None:
            return self._outputs.origin(each) or self._origin(each) or self._field(each)

        if said is None and not isinstance(value, _SHARED):
            said = self._names.of(value)
        return values.describe(value, place, said, origin=origin, field_of=self._outputs.field_of)

    def _field(self, value: Any) -> Origin | None:
        """Which field of an output object with a name a tensor is: of a model that an earlier cell called."""
        if values.shape_of(value) is None:
            return None
        item, keys = self._names.item(value)
        if item is None or keys is None or not {"last_hidden_state", "pooler_output"} & keys:
            return None
        return Origin(item.partition("[")[0], None, item.partition('["')[2].rstrip('"]') or None)


def _tf_keras() -> Literal["keras", "tf-keras"] | None:
    """Which Keras `tf.keras` is: settled when it is first looked up, by TF_USE_LEGACY_KERAS at that moment.

    Read from the loader without waking it (tensorflow/python/util/lazy_loader.py, `KerasLazyLoader`, 2.21.0).
    """
    loader = getattr(sys.modules.get("tensorflow"), "__dict__", {}).get("keras")
    found = getattr(loader, "__dict__", {}).get("_tfll_keras_version")
    return {"keras_3": "keras", "tf_keras": "tf-keras"}.get(found)  # type: ignore[return-value,arg-type]


def _labels_tokens(call: CallFacts) -> bool:
    """Whether a model gives one output a token, and has labels that could be one a token."""
    return any(len(each.shape) == 3 for each in call.outputs) and any(len(each.shape) in (2, 3) for each in call.labels)


def _version(package: str) -> str | None:
    return getattr(sys.modules.get(package), "__version__", None)
