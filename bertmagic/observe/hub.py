"""KerasHub's tokenizers and preprocessors: their calls are noted, and what they are is told in the same facts."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.observe.lookup import Looked, under_autograph

# The base class of KerasHub's layers for text, and that of its tokenizers (keras_hub 0.32).
MODULE = "keras_hub.src.layers.preprocessing.preprocessing_layer"
_TOKENIZER = ("keras_hub.src.tokenizers.tokenizer", "Tokenizer")
_MOST_CALLS = 64


class HubCall:
    """One call of a KerasHub layer that holds a tokenizer (or is one), and what it gave."""

    def __init__(self, layer: Any, output: Any) -> None:
        self.layer, self.output = layer, output


def tokenizer_of(value: Any) -> Any:
    """The KerasHub tokenizer that `value` is, or holds as a preprocessor or a task; None for others."""
    kind = getattr(sys.modules.get(_TOKENIZER[0]), _TOKENIZER[1], None)
    if kind is None:
        return None
    if isinstance(value, kind):
        return value
    if not str(getattr(type(value), "__module__", "")).startswith("keras_hub."):
        layer = getattr(sys.modules.get(MODULE), "PreprocessingLayer", None)
        if layer is None or not isinstance(value, layer):
            return None
    preprocessor = getattr(value, "preprocessor", None)
    held = getattr(value if preprocessor is None else preprocessor, "tokenizer", None)
    return held if isinstance(held, kind) else None


@contextlib.contextmanager
def noting(note: Callable[[HubCall], None]) -> Iterator[None]:
    """Call `note` with each call of a layer with a tokenizer until the context ends; `note` must raise nothing.

    What AutoGraph traces is not noted: it has no values, and no frame of ours is to be in it.
    """
    base = sys.modules[MODULE].PreprocessingLayer
    original = vars(base)["__call__"]

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        output = original(self, *args, **kwargs)
        note(HubCall(self, output))
        return output

    base.__call__ = Looked(original, call, lambda obj, frame: under_autograph(frame))
    try:
        yield
    finally:
        base.__call__ = original


class Calls:
    """The calls that were noted, the latest last."""

    def __init__(self) -> None:
        self._calls: list[HubCall] = []

    def note(self, call: HubCall) -> None:
        """Remember a call of a layer with a tokenizer."""
        if tokenizer_of(call.layer) is not None:
            self._calls.append(call)
            del self._calls[:-_MOST_CALLS]

    def gave(self, row: np.ndarray) -> Any:
        """The layer that gave a row of token ids, the latest that did; None where none did."""
        return next((call.layer for call in reversed(self._calls) if _holds(call.output, row)), None)

    def only(self, namespace: Mapping[str, Any]) -> Any:
        """The layer with the only KerasHub tokenizer that was called, else that the namespace has; None else."""
        for layers in ([call.layer for call in self._calls], list(namespace.values())):
            known = {id(held): layer for layer in reversed(layers) if (held := tokenizer_of(layer)) is not None}
            if known:
                return next(iter(known.values())) if len(known) == 1 else None
        return None


def facts(layer: Any, said: str | None, paired: str, *, made_rows: bool) -> TokenizerFacts:
    """The facts of a KerasHub tokenizer, or of the preprocessor that holds it.

    keras_hub 0.32, `tokenizers/tokenizer.py`, `models/bert/bert_tokenizer.py`: the special tokens' ids are attributes.
    """
    tokenizer = tokenizer_of(layer)
    start, end = _id(tokenizer, "cls", "start"), _id(tokenizer, "sep", "end")
    size = int(tokenizer.vocabulary_size())
    length = getattr(layer, "sequence_length", None)
    packer = getattr(layer, "packer", None)
    return TokenizerFacts(
        said=said,
        type=type(layer).__name__,
        vocab_rows=size,
        pad_id=_id(tokenizer, "pad"),
        cls_id=start,
        sep_id=end,
        eos_id=_id(tokenizer, "end"),
        mask_id=_id(tokenizer, "mask"),
        unk_id=_id(tokenizer, "unk"),
        base_rows=size,
        frame=(start, end) if start is not None and end is not None else (),
        made_rows=made_rows,
        max_length=length if isinstance(length, int) else None,
        padding_side=str(getattr(packer, "padding_side", "right")),
        paired=paired,
    )


def tokens(layer: Any, ids: Sequence[int]) -> Sequence[str]:
    """The tokens of ids, `?` for those out of range."""
    tokenizer = tokenizer_of(layer)
    size = int(tokenizer.vocabulary_size())
    return [str(tokenizer.id_to_token(int(each))) if 0 <= each < size else "?" for each in ids]


def _id(tokenizer: Any, *names: str) -> int | None:
    values = (getattr(tokenizer, f"{name}_token_id", None) for name in names)
    return next((int(value) for value in values if value is not None), None)


def _holds(output: Any, row: np.ndarray) -> bool:
    """Whether one of the arrays in an output has rows of token ids, of which one begins as `row` does, or ends it."""
    if isinstance(output, Mapping):
        named = [output[name] for name in ("token_ids",) if name in output]
        return any(_holds(each, row) for each in (named or list(output.values())))
    if isinstance(output, tuple):
        return any(_holds(each, row) for each in output)
    try:
        values = np.asarray(output.numpy() if hasattr(output, "numpy") else output)
    except Exception:  # noqa: BLE001  # ragged rows, or no array at all
        return False
    if values.dtype.kind not in "iu" or values.ndim not in (1, 2) or not values.size:
        return False
    rows = values.reshape(-1, values.shape[-1])
    shorter = min(rows.shape[1], len(row))
    return bool((rows[:, :shorter] == row[:shorter]).all(axis=1).any())
