"""Finds the tokenizer of a batch: the calls of tokenizers are noted, and the namespace is searched."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np

from bertmagic.backends.attributes import Attributes
from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.observe.frames import outwards
from bertmagic.observe.lookup import Looked, is_autograph_call, under_autograph

MODULE = "transformers.tokenization_utils_base"
_CALLS = ("__call__", "encode", "encode_plus", "batch_encode_plus", "pad")
# What each of them looks up before it fails on what is no text (transformers 4.53.3).
_NEXT = "_get_padding_truncation_strategies"


@dataclass(frozen=True)
class TokenizerCall:
    """One call of a tokenizer: what it was given, and what it gave or raised.

    `again(**kwargs)`: the same call with these keywords, told to nobody; None for a call that was seen to begin only,
    in a function that AutoGraph traces: then there is neither output nor error.
    """

    tokenizer: Any
    output: Any
    method: str = "__call__"
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    error: BaseException | None = None
    again: Callable[..., Any] | None = None


def is_tokenizer(value: Any) -> bool:
    """Whether `value` is a transformers tokenizer, transformers not imported here."""
    base = sys.modules.get(MODULE)
    return base is not None and isinstance(value, base.PreTrainedTokenizerBase)


def is_encoding(value: Any) -> bool:
    """Whether `value` is what a transformers tokenizer gives."""
    base = sys.modules.get(MODULE)
    return base is not None and isinstance(value, base.BatchEncoding)


@contextlib.contextmanager
def aside(values: Iterable[Any]) -> Iterator[None]:
    """Whatever runs inside, the tokenizers among `values` come back as they were: settings, added tokens and all."""
    mine = [value for value in values if is_tokenizer(value)]
    kept = [Attributes(each) for each in mine]
    # What a tokenizer in Rust has is no attribute of Python's (transformers 4.53.3, `tokenization_utils_fast.py`).
    inner = [(each, rust, rust.to_str()) for each in mine if (rust := vars(each).get("_tokenizer")) is not None]
    try:
        yield
    finally:
        for each in kept:
            each.restore()
        for tokenizer, rust, before in inner:
            if rust.to_str() != before:
                vars(tokenizer)["_tokenizer"] = type(rust).from_str(before)


@contextlib.contextmanager
def noting(note: Callable[[TokenizerCall], None]) -> Iterator[None]:
    """Call `note` with each outermost tokenizer call until the context ends (transformers' base class is wrapped).

    `note` must raise nothing. What AutoGraph calls is noted as it begins, and no frame of ours is in it.
    """
    base = sys.modules[MODULE].PreTrainedTokenizerBase
    inside = threading.local()
    begun = _Begun(note)
    originals = {name: vars(base)[name] for name in _CALLS if name in vars(base)}

    def wrap(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if getattr(inside, "now", False):
                return original(self, *args, **kwargs)

            def again(**changed: Any) -> Any:
                return original(self, *args, **changed)

            output, error = None, None
            inside.now = True
            try:
                output = original(self, *args, **kwargs)
            except BaseException as raised:
                error = raised
                raise
            finally:
                # Noted while the call's own line is still under way, so that its arguments' names can be found.
                note(TokenizerCall(self, output, name, args, kwargs, error, again))
                inside.now = False
            return output

        return call

    for name, original in originals.items():
        setattr(base, name, Looked(original, wrap(name, original), begun.stays_out))
    if _NEXT in vars(base):
        originals[_NEXT] = vars(base)[_NEXT]
        setattr(base, _NEXT, Looked(originals[_NEXT], originals[_NEXT], begun.stays_out))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(base, name, original)


class _Begun:
    """Notes the calls that AutoGraph makes of a tokenizer as they begin, each once however often it looks."""

    def __init__(self, note: Callable[[TokenizerCall], None]) -> None:
        self._note = note
        self._last: tuple[Any, Any] = (None, None)

    def stays_out(self, obj: Any, frame: FrameType) -> bool:
        """Whether `frame` looks a method up for AutoGraph's sake; the call is then noted."""
        if not under_autograph(frame):
            return False
        given = frame.f_locals
        called, args = given.get("f"), given.get("args")
        # AutoGraph converts `type(f).__call__`, so that the lookup is the class's; only `f` tells whose call it is.
        if is_autograph_call(frame) and (obj is None or obj is called) and is_tokenizer(called):
            self._begins(args, TokenizerCall(called, None, "__call__", args or (), given.get("kwargs") or {}))
        elif obj is not None and (name := _converted(obj, frame)) is not None and name != "__call__":
            # Another method's call is first seen where its own code, converted, looks up the next.
            names = inspect.signature(getattr(type(obj), name)).parameters
            keywords = {key: given[key] for key in names if key in given and key != "self"}
            self._begins(frame.f_code, TokenizerCall(obj, None, name, (), keywords))
        return True

    def _begins(self, by: Any, call: TokenizerCall) -> None:
        """Note a call that has not been noted; `by` is one object for all lookups of one call."""
        if self._last[0] is not call.tokenizer or self._last[1] is not by:
            self._last = (call.tokenizer, by)
            self._note(call)


def _converted(obj: Any, frame: FrameType) -> str | None:
    """Which method of `obj` the code of `frame` is, as AutoGraph converted it; None for others and for inner calls."""
    own = [
        each.f_code.co_name.removeprefix("tf__")
        for each in outwards(frame)
        if each.f_code.co_name.startswith("tf__")
        and each.f_code.co_name.removeprefix("tf__") in _CALLS
        and each.f_locals.get("self") is obj
    ]
    here = frame.f_code.co_name.removeprefix("tf__")
    return here if len(own) == 1 and own[0] == here else None


BY_ROWS = "its output holds the batch's first row"


def tokenizer_facts(tokenizer: Any, said: str | None, paired: str) -> TokenizerFacts:
    """The facts of a tokenizer; `len()` counts added tokens, which `vocab_size` does not (transformers 4.53.3)."""
    return TokenizerFacts(
        said=said,
        type=type(tokenizer).__name__,
        vocab_rows=len(tokenizer),
        pad_id=_id(tokenizer, "pad"),
        cls_id=_id(tokenizer, "cls"),
        sep_id=_id(tokenizer, "sep"),
        eos_id=_id(tokenizer, "eos"),
        mask_id=_id(tokenizer, "mask"),
        unk_id=_id(tokenizer, "unk"),
        base_rows=_base_rows(tokenizer),
        frame=_frame(tokenizer),
        made_rows=paired == BY_ROWS,
        padding_side=str(getattr(tokenizer, "padding_side", "right")),
        paired=paired,
    )


def _base_rows(tokenizer: Any) -> int | None:
    size = getattr(tokenizer, "vocab_size", None)
    return size if isinstance(size, int) else None


def _frame(tokenizer: Any) -> tuple[int, ...]:
    """The ids that the tokenizer puts around a text; empty where it does not tell (transformers 4.53.3)."""
    try:
        ids = tokenizer.build_inputs_with_special_tokens([])
        return tuple(int(each) for each in ids if each is not None)
    except Exception:  # noqa: BLE001  # a tokenizer of one's own: its frame is not known
        return ()


def _id(tokenizer: Any, token: str) -> int | None:
    """A special token's id without the warning that asking for an unset one logs."""
    if getattr(tokenizer, "special_tokens_map", {}).get(f"{token}_token") is None:
        return None
    value = getattr(tokenizer, f"{token}_token_id", None)
    return value if isinstance(value, int) else None


def pair(
    ids: np.ndarray | None,
    calls: list[TokenizerCall],
    namespace: Mapping[str, Any],
    encoder: EncoderFacts | None = None,
) -> tuple[Any, str] | None:
    """The tokenizer that made `ids`, and the evidence in words; None where nothing tells.

    First the call whose rows are the batch's rows; then the only tokenizer of the cell; then that of the namespace, by
    what it has in common with the model where there are several: the checkpoint's name, or vocabulary and padding.
    """
    if ids is not None and ids.ndim >= 1 and ids.size and ids.dtype.kind in "biuf":
        first = ids.reshape(-1, ids.shape[-1])[0]
        for call in reversed(calls):
            if _gave(call.output, first):
                return call.tokenizer, BY_ROWS
    called = {id(call.tokenizer): call.tokenizer for call in calls}
    if len(called) == 1:
        return next(iter(called.values())), "the only tokenizer that the cell calls"
    known = {id(value): value for value in list(namespace.values()) if is_tokenizer(value)}
    if len(known) == 1:
        return next(iter(known.values())), "the only tokenizer in the kernel"
    return None if encoder is None else _like(encoder, called or known)


def _like(encoder: EncoderFacts, known: Mapping[int, Any]) -> tuple[Any, str] | None:
    """The one tokenizer that is the model's by name, else by its vocabulary and padding token; None where none is."""
    named = [each for each in known.values() if encoder.pretrained and _name(each) == encoder.pretrained]
    if len(named) == 1:
        return named[0], "it was loaded from where the model was"
    wanted = encoder.vocab_rows, encoder.pad_id
    like = [each for each in named or known.values() if (len(each), _id(each, "pad")) == wanted]
    if len(like) == 1:
        return like[0], f"the only one with the model's {encoder.vocab_rows} ids and its padding token"
    return None


def _name(tokenizer: Any) -> str | None:
    return getattr(tokenizer, "name_or_path", None)


def _gave(output: Any, row: np.ndarray) -> bool:
    """Whether one of the rows that a tokenizer gave starts the batch's row (which may be padded further)."""
    given = output["input_ids"] if isinstance(output, Mapping) and "input_ids" in output else output
    rows = given.numpy() if hasattr(given, "numpy") else given
    try:
        candidates = [rows] if np.ndim(rows[0]) == 0 else list(rows)
    except (TypeError, IndexError, KeyError, ValueError):
        return False
    for candidate in candidates[:256]:
        values = np.asarray(candidate)
        shorter = min(len(values), len(row))
        if shorter and values.dtype.kind in "iu" and np.array_equal(values[:shorter], row[:shorter]):
            return True
    return False
