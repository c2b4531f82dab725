"""KerasHub's tokenizers and preprocessors: their calls are noted, and what they are is told in the same facts."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.observe.imports import after_import
from bertmagic.observe.lookup import Looked, under_autograph

# The base class of KerasHub's layers for text, and that of its tokenizers (keras_hub 0.32).
MODULE = "keras_hub.src.layers.preprocessing.preprocessing_layer"
_TOKENIZER = ("keras_hub.src.tokenizers.tokenizer", "Tokenizer")
# The layers that put special tokens around rows of token ids, by the name of their classes, and their modules' root.
_PACKERS = ("StartEndPacker", "MultiSegmentPacker")
_LAYERS = "keras_hub.src.layers.preprocessing"
# Classes that define `tokenize` for others (keras_hub 0.32), by their modules: it may be called without the layer.
_TOKENIZERS = {
    "keras_hub.src.tokenizers.word_piece_tokenizer": "WordPieceTokenizer",
    "keras_hub.src.tokenizers.byte_pair_tokenizer": "BytePairTokenizer",
    "keras_hub.src.tokenizers.sentence_piece_tokenizer": "SentencePieceTokenizer",
}
# Calls of layers that are remembered, of tokenizers that a packer's rows may come from, and rows that are read.
_MOST_CALLS, _LATEST, _MOST_ROWS = 64, 15, 4096


@dataclass(frozen=True)
class HubCall:
    """One call of a KerasHub layer that holds a tokenizer (or is one), what it was given, and what it gave or raised.

    `segments`: the texts that it was given, one batch or text a segment. A packer's call stands for the call of the
    tokenizer whose rows it packed: `layer` is that tokenizer then.
    """

    layer: Any
    output: Any
    segments: tuple[Any, ...] = ()
    error: BaseException | None = None


def tokenizer_of(value: Any) -> Any:
    """The KerasHub tokenizer that `value` is, or holds as a preprocessor or a task; None for others."""
    kind = _tokenizer_kind()
    if isinstance(value, kind):
        return value
    if not str(getattr(type(value), "__module__", "")).startswith("keras_hub."):
        layer = getattr(sys.modules.get(MODULE), "PreprocessingLayer", None)
        if layer is None or not isinstance(value, layer):
            return None
    preprocessor = getattr(value, "preprocessor", None)
    held = getattr(value if preprocessor is None else preprocessor, "tokenizer", None)
    return held if isinstance(held, kind) else None


def _tokenizer_kind() -> Any:
    """The base class of KerasHub's tokenizers, or no class where it is not there."""
    return getattr(sys.modules.get(_TOKENIZER[0]), _TOKENIZER[1], ())


@contextlib.contextmanager
def noting(note: Callable[[HubCall], None]) -> Iterator[None]:
    """Call `note` with each outermost call of a layer with a tokenizer until the context ends; it must raise nothing.

    What AutoGraph traces is not noted: it has no values, and no frame of ours is to be in it.
    """
    noted = _Noted(note)
    base = sys.modules[MODULE].PreprocessingLayer
    noted.wrap(base, "__call__")
    later: dict[str, Callable[[], None]] = {}
    for module, name in _TOKENIZERS.items():
        add = functools.partial(noted.wrap_tokenize, module, name)
        if module in sys.modules:
            add()
        else:
            later[module] = add
    try:
        with after_import(later):
            yield
    finally:
        noted.take_out()


class _Noted:
    """The methods that are wrapped, and the calls that are under way."""

    def __init__(self, note: Callable[[HubCall], None]) -> None:
        self._note = note
        self._inside = threading.local()
        self._originals: list[tuple[type, str, Any]] = []
        self._tokenized: list[HubCall] = []

    def take_out(self) -> None:
        """Set the originals again."""
        for owner, name, original in self._originals:
            setattr(owner, name, original)
        self._originals, self._tokenized = [], []

    def wrap_tokenize(self, module: str, name: str) -> None:
        """Wrap the `tokenize` of a class that has been imported."""
        self.wrap(getattr(sys.modules[module], name), "tokenize")

    def wrap(self, owner: type, name: str) -> None:
        """Wrap a method that takes texts, or rows of token ids, first."""
        original = vars(owner).get(name)
        if original is None:
            return

        @functools.wraps(original)
        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if getattr(self._inside, "now", False) or not _is_of_text(layer):
                return original(layer, *args, **kwargs)
            output, error = None, None
            # A preprocessor of the user's own may change the texts: what its tokenizer is given tells.
            told = self._inside.now = _reads_texts(layer)
            try:
                output = original(layer, *args, **kwargs)
            except BaseException as raised:
                error = raised
                raise
            finally:
                # Noted while the call's own line is still under way, so that its arguments' names can be found.
                self._ended(layer, _segments(layer, args, kwargs) if told else (), output, error)
                self._inside.now = False
            return output

        self._originals.append((owner, name, original))
        setattr(owner, name, Looked(original, call, lambda obj, frame: under_autograph(frame)))

    def _ended(self, layer: Any, given: tuple[Any, ...], output: Any, error: BaseException | None) -> None:
        if not is_packer(layer):
            called = HubCall(layer, output, given, error)
            if isinstance(layer, _tokenizer_kind()):
                self._tokenized = [*self._tokenized[-_LATEST:], called]
            self._note(called)
            return
        # What a packer packs goes by the texts that its rows come from.
        made = [self._gave(each) for each in given]
        known = [each for each in made if each is not None]
        if error is None and known and len(known) == len(made) and len({id(each.layer) for each in known}) == 1:
            segments = tuple(each.segments[0] for each in known if each.segments)
            self._note(HubCall(known[0].layer, output, segments))

    def _gave(self, value: Any) -> HubCall | None:
        """The latest tokenizer's call that gave these rows, which may have been cut."""
        given = rows(value)
        for call in reversed(self._tokenized if given else []):
            own = rows(call.output) if call.error is None else []
            if len(own) == len(given) and all(
                len(each) <= len(row) and np.array_equal(row[: len(each)], each)
                for row, each in zip(own, given, strict=True)
            ):
                return call
        return None


def _is_of_text(layer: Any) -> bool:
    return tokenizer_of(layer) is not None or is_packer(layer)


def is_packer(layer: Any) -> bool:
    """Whether a layer puts special tokens around rows of token ids."""
    return any(kind.__name__ in _PACKERS and str(kind.__module__).startswith(_LAYERS) for kind in type(layer).__mro__)


def _reads_texts(layer: Any) -> bool:
    """Whether a layer's tokenizer is known to read the very texts that the layer is given."""
    own = str(getattr(type(layer), "__module__", "")).startswith("keras_hub.")
    return own or isinstance(layer, _tokenizer_kind())


def _segments(layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """The texts (or a packer's rows) of a call, by segment; a list of rows or texts is one segment.

    keras_hub 0.32, `layers/preprocessing/preprocessing_layer.py`: one tuple of two or three is a preprocessor's (texts,
    labels, weights); within that, a tuple holds segments.
    """
    given = args[0] if args else next(iter(kwargs.values()), None)
    if (
        len(args) == 1
        and type(given) is tuple
        and len(given) in (2, 3)
        and getattr(layer, "_call_accepts_labels", False)
    ):
        given = given[0]
    if isinstance(given, tuple) and not isinstance(layer, _tokenizer_kind()):
        return given
    return (given,)


def rows(output: Any) -> list[np.ndarray]:
    """The rows of token ids in what a tokenizer, a packer or a preprocessor gave; none where it gave none.

    A preprocessor's (x, y, sample_weight) and a packer's (token_ids, segment_ids) hold them first.
    """
    while isinstance(output, tuple) and output:
        output = output[0]
    if isinstance(output, Mapping):
        output = output.get("token_ids")
    if type(output).__name__ == "RaggedTensor":
        output = output.to_list()
    if isinstance(output, list):
        try:
            each = [np.asarray(row) for row in output[:_MOST_ROWS]]
        except ValueError:
            return []
        return each if all(row.ndim == 1 and (row.dtype.kind in "iu" or not row.size) for row in each) else []
    try:
        values = np.asarray(output.detach().cpu() if hasattr(output, "detach") else output)
    except Exception:  # noqa: BLE001  # no array at all
        return []
    if values.dtype.kind not in "iu" or values.ndim not in (1, 2) or not values.size:
        return []
    return list(values.reshape(-1, values.shape[-1])[:_MOST_ROWS])


class Calls:
    """The calls that were noted, the latest last."""

    def __init__(self) -> None:
        self._calls: list[HubCall] = []

    def note(self, call: HubCall) -> None:
        """Remember a call of a layer with a tokenizer."""
        if call.error is None and tokenizer_of(call.layer) is not None:
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
        padding_side=str(getattr(packer, "padding_side", "right")),
        paired=paired,
        library="keras-hub",
        holds=tokenizer is not layer,
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
