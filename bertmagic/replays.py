"""Asks the code around the encoders: gives it their hidden states again with changes that must not matter.

A transformers encoder that gets the right mask is known not to read padding. What the user's own code does with its
hidden states is not, and costs next to nothing to run again.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from bertmagic.backends.protocol import LayerRecord, LiveCall, Pass
from bertmagic.facts.call import CallFacts, EncoderCallFacts, PoolingFacts, ProbeFacts
from bertmagic.facts.padding import padding_positions
from bertmagic.facts.tensors import Role
from bertmagic.probes import DEFAULT_FLOOR, FLOOR, Base

# Outputs of more numbers than these (a word's logits for each token, say) cost too much to be made and compared again.
MOST_NUMBERS = 1_000_000

Outputs = Sequence[tuple[str, np.ndarray]]
# Hidden states (rows, seq, hidden) and where they are padding (rows, seq) to other hidden states.
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What came of the replays: the probes by name, and the pooling that counts padding, where there is one."""

    probes: Mapping[str, ProbeFacts]
    pooling: PoolingFacts | None = None


@dataclasses.dataclass(frozen=True)
class _Moved:
    """How far one output went, at most, of what size it is, and the noise below which nothing is said."""

    name: str
    moved: float
    scale: float
    floor: float
    shape: tuple[int, ...]


def ask(live: LiveCall, facts: CallFacts, dry: Pass, base: Base) -> Asked:
    """The probes of the code around the encoders on the rows that ran, those of them that can say something."""
    asking = _asking(live, facts, dry, base)
    if asking is None:
        return Asked({})
    calls, paddings = asking.calls, asking.paddings
    probes: dict[str, ProbeFacts] = {}
    pooling = None

    def note(probe: ProbeFacts | None) -> ProbeFacts | None:
        if probe is not None:
            probes[probe.name] = probe
        return probe

    again = note(asking.repetition())
    # Where nothing can be replayed, or a second run moves the outputs by itself, the others would say nothing.
    if again is None or again.matters:
        return Asked(probes)
    right = [padding is not None and _covers(call, padding) for call, padding in zip(calls, paddings, strict=True)]
    if all(right):
        content = note(asking.padding_content())
        if content is not None and content.matters:
            pooling = asking.pooling(facts, calls, dry.layers)
    return Asked(probes, pooling)


def read_tokens(live: LiveCall, facts: CallFacts, dry: Pass, base: Base) -> bool:
    """Whether an output of the padded rows is seen to move with the encoders' last hidden states at their tokens."""
    asking = _asking(live, facts, dry, base)
    again = None if asking is None else asking.repetition()
    if asking is None or again is None or again.matters:
        return False
    moved = asking.token_content([passed.hidden for passed in dry.encoders])
    return moved is not None and moved.matters


def _asking(live: LiveCall, facts: CallFacts, dry: Pass, base: Base) -> _Asking | None:
    """What asks the code around the encoders; None where there is none of the user's own, or it cannot be replayed."""
    calls = [call for call in facts.encoder_calls if call.seen]
    if not live.own_code or not calls or len(calls) != len(dry.encoders) or not dry.outputs:
        return None
    if sum(value.size for _, value in dry.outputs) > MOST_NUMBERS:
        return None
    paddings = [_padding(facts, call) for call in calls]
    kinds = [passed.hidden.dtype.name for passed in dry.encoders if passed.hidden is not None]
    return _Asking(live, base, calls, paddings, max((FLOOR.get(kind, 0.0) for kind in kinds), default=0.0))


def _padding(facts: CallFacts, call: EncoderCallFacts) -> np.ndarray | None:
    """Where the encoder's own token ids (rows, seq) are padding; None where that cannot be told."""
    ids, pad_id = call.given.get("input_ids"), facts.pad_id(call.encoder)
    if ids is None or ids.values is None or ids.values.ndim != 2 or pad_id is None or not ids.values.size:
        return None
    return padding_positions(ids.values, pad_id, facts.tokenizer.ends if facts.tokenizer is not None else ())


def _covers(call: EncoderCallFacts, padding: np.ndarray) -> bool:
    """Whether the encoder got a mask that is 0 on all padding and 1 on a token of each row that has any."""
    mask = call.given.get("attention_mask")
    if mask is None or mask.values is None or mask.values.shape != padding.shape:
        return False
    return not mask.values[padding].any() and bool((mask.values != 0).any(axis=1)[~padding.all(axis=1)].all())


def _other(hidden: np.ndarray) -> np.ndarray:
    """Other vectors of the same size: neither a mean nor a maximum of them is what it was."""
    changed: np.ndarray = np.roll(-hidden, 1, axis=-1)
    return changed


class _Asking:
    """One model's replays. `paddings`: by encoder call, where the rows that ran are padding, None where not known.

    `floor`: the noise that the hidden states' own precision brings.
    """

    def __init__(
        self,
        live: LiveCall,
        base: Base,
        calls: Sequence[EncoderCallFacts],
        paddings: Sequence[np.ndarray | None],
        floor: float,
    ) -> None:
        self.calls, self.paddings = calls, paddings
        self._live, self._base, self._floor = live, base, floor
        self._rows = len(base.rows)
        self._lengths = {padding.shape[1] for padding in paddings if padding is not None}

    # -- the questions --------------------------------------------------------------------------------------------

    def repetition(self) -> ProbeFacts | None:
        """The same hidden states again: nothing must move."""
        after = self._run(lambda hidden, _: hidden)
        return self._probe("repetition", after, None)

    def padding_content(self) -> ProbeFacts | None:
        """Other hidden states at the padding of the rows that have some: no output of real tokens must move."""
        if not self._held().any():
            return None
        after = self._run(_at_padding(_other))
        return self._probe("padding content", after, self._held())

    def token_content(self, last: Sequence[np.ndarray | None]) -> ProbeFacts | None:
        """Other hidden states at the tokens of the rows that have padding: what reads the encoders moves.

        `last`: the encoders' last hidden states (rows, seq, hidden). Those of the layers before stay as they are: the
        first of them, the embeddings, no mask has a part in.
        """

        def change(hidden: np.ndarray, padding: np.ndarray) -> np.ndarray:
            if not any(each is not None and np.array_equal(each, hidden) for each in last):
                return hidden
            tokens = np.logical_and(padding.any(axis=1, keepdims=True), ~padding)
            return np.where(tokens[..., None], _other(hidden), hidden)

        return self._probe("token content", self._run(change), self._held())

    def pooling(
        self, facts: CallFacts, calls: Sequence[EncoderCallFacts], layers: Sequence[LayerRecord]
    ) -> PoolingFacts | None:
        """Whether an output of one vector a row is pooled over all positions, padding among them.

        Such a pooling takes the positions in any order. Of a mean it is the mean, and of a maximum the maximum, that
        stays as it is where each position gets it; and putting that of the real positions in the place of the padding
        gives what a pooling without the padding would.
        """
        random = np.random.default_rng(0)
        moved = self._vectors(self._run(_at_padding(_other)))
        if not moved:
            return None
        order = {length: np.concatenate([[0], 1 + random.permutation(length - 1)]) for length in self._lengths}
        mixed = self._vectors(self._run(lambda hidden, _: hidden[:, order[hidden.shape[1]]]))
        # The first position stays where it is: [CLS] may go into the output beside what is pooled.
        named = [name for name in moved if moved[name].moved > 10 * moved[name].floor and _stays(name, mixed, moved)]
        if not named:
            return None
        name = max(named, key=lambda each: moved[each].moved / moved[each].scale)
        layer, how = _pooling_layer(layers, self._lengths)
        far, ran = moved[name], "other vectors at the padding positions"
        for kind, pool in _POOLS.items():
            if not self._pools_by(pool, name, moved):
                continue
            how = kind
            without = self._vectors(self._run(functools.partial(_without, pool)))
            if name in without and without[name].moved > without[name].floor:
                far, ran = without[name], f"the {how} of the real tokens alone"
            break
        if how is None:
            return None  # attention of the user's own, which is no pooling, takes any order too
        known = [padding for padding in self.paddings if padding is not None and len(padding) == self._rows]
        counts = {
            int(row): int(sum(padding[place].sum() for padding in known))
            for place, row in enumerate(self._base.rows)
            if known and self._held()[place]
        }
        call = next(
            call for call, padding in zip(calls, self.paddings, strict=True) if padding is not None and padding.any()
        )
        mask = call.source.get("attention_mask")
        return PoolingFacts(
            name,
            how,
            counts,
            far.moved,
            far.scale,
            ran,
            call.encoder.said or call.encoder.path or facts.model.said,
            "attention_mask" if mask is None else mask.name,
            layer,
        )

    def _pools_by(self, pool: Callable[..., np.ndarray], name: str, moved: Mapping[str, _Moved]) -> bool:
        """Whether that output stays where every position gets what the positions are pooled to.

        Asked of large hidden states too: of small ones attention with weights that are all but equal is as good as a
        mean (a random `MultiHeadAttention` under MiniLM in mixed_float16: within its noise).
        """
        if not _stays(name, self._vectors(self._run(functools.partial(_each, pool))), moved):
            return False
        large = self._run(lambda hidden, _: hidden * hidden.dtype.type(_LARGE))
        pooled = self._run(lambda hidden, padding: _each(pool, hidden * hidden.dtype.type(_LARGE), padding))
        if large is None or pooled is None:
            return False
        far = {each.name: each for each in self._moves(pooled, self._held(), large)}
        return name in far and far[name].moved <= 4 * far[name].floor

    # -- the replays ----------------------------------------------------------------------------------------------

    def _run(self, change: Change) -> Outputs | None:
        """The outputs with changed hidden states; None where the replay does not run."""

        def answer(index: int, _: Mapping[Role, np.ndarray], hidden: np.ndarray) -> np.ndarray:
            padding = self.paddings[index]
            same = padding is not None and padding.shape == hidden.shape[:2]
            return change(hidden, padding if padding is not None and same else np.zeros(hidden.shape[:2], bool))

        after = self._live.replay(self._base.arrays, answer)
        return None if after.error is not None else after.outputs

    # -- what moved -----------------------------------------------------------------------------------------------

    def _held(self) -> np.ndarray:
        """The rows (a boolean array over those that ran) that hold tokens and padding."""
        held = np.zeros(self._rows, bool)
        for padding in self.paddings:
            if padding is not None:
                some = padding.any(axis=1) & ~padding.all(axis=1)
                # Several rows of one encoder call may be one row of the batch (choices, pairs): then all that ran.
                held |= some if padding.shape[0] == self._rows else np.full(self._rows, bool(some.any()))
        return held

    def _probe(self, name: str, after: Outputs | None, rows: np.ndarray | None) -> ProbeFacts | None:
        if after is None:
            return None
        chosen = np.ones(self._rows, bool) if rows is None else rows
        moves = self._moves(after, chosen)
        if not moves:
            return None
        most = max(moves, key=lambda each: each.moved / each.scale)
        named = tuple(int(row) for row, kept in zip(self._base.rows, chosen, strict=True) if kept)
        return ProbeFacts(name, named, most.moved, most.scale, most.floor)

    def _vectors(self, after: Outputs | None) -> dict[str, _Moved]:
        """The outputs of one number or vector a row, by name, with how far they moved in the rows with padding."""
        moves = [] if after is None else self._moves(after, self._held())
        return {each.name: each for each in moves if not self._lengths.intersection(each.shape[1:])}

    def _moves(self, after: Outputs, rows: np.ndarray, before: Outputs | None = None) -> list[_Moved]:
        """How far each output with a batch axis went in `rows`, at real tokens where it has one place a token."""
        later = dict(after)
        moves = []
        for name, first in self._base.outputs if before is None else before:
            second = later.get(name)
            if second is None or first.shape != second.shape or first.dtype.kind not in "fV":
                continue
            if not first.ndim or first.shape[0] != self._rows:
                continue
            one, two = first.astype("float64"), second.astype("float64")
            at = np.broadcast_to(rows.reshape(-1, *([1] * (first.ndim - 1))), first.shape)
            for padding in self.paddings:
                if padding is not None and padding.shape == first.shape[:2]:
                    at = at & ~padding.reshape(*padding.shape, *([1] * (first.ndim - 2)))
            size = float(np.abs(one[at]).max(initial=0.0))
            change = float(np.abs(one[at] - two[at]).max(initial=0.0))
            if size and np.isfinite(change):
                floor = max(self._floor, FLOOR.get(first.dtype.name, DEFAULT_FLOOR)) * size
                moves.append(_Moved(name, change, size, floor, first.shape))
        return moves


def _at_padding(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """A change of the hidden states at padding positions, to those of the row's real tokens in turn, changed."""

    def changed(hidden: np.ndarray, padding: np.ndarray) -> np.ndarray:
        after = np.array(hidden)
        for row in np.flatnonzero(padding.any(axis=1) & ~padding.all(axis=1)):
            real = change(hidden[row][~padding[row]])
            after[row][padding[row]] = real[np.arange(int(padding[row].sum())) % len(real)]
        return after

    return changed


# What hidden states are multiplied by to make them large.
_LARGE = 16

_POOLS: Mapping[Literal["mean", "max"], Callable[..., np.ndarray]] = {"mean": np.mean, "max": np.max}


def _each(pool: Callable[..., np.ndarray], hidden: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Hidden states whose every position but the first is what they are pooled to."""
    after = np.array(hidden)
    after[:, 1:] = pool(hidden[:, 1:].astype("float64"), axis=1, keepdims=True)
    return after


def _without(pool: Callable[..., np.ndarray], hidden: np.ndarray, padding: np.ndarray) -> np.ndarray:
    """Hidden states pooled to what their real positions are pooled to: the padding holds just that."""
    after = np.array(hidden)
    for row in np.flatnonzero(padding.any(axis=1) & ~padding.all(axis=1)):
        after[row][padding[row]] = pool(hidden[row][~padding[row]].astype("float64"), axis=0)
    return after


def _stays(name: str, after: Mapping[str, _Moved], moved: Mapping[str, _Moved]) -> bool:
    """Whether the output stays, but for rounding (sums in another order), by what is a change of all positions."""
    return name in after and after[name].moved <= max(4 * after[name].floor, 1e-2 * moved[name].moved)


# Keras' own layers, and TensorFlow's functions as a functional model holds them (tf_keras 2.21, `TFOpLambda`).
_LAYERS: Mapping[str, Literal["mean", "max"]] = {
    "GlobalAveragePooling1D": "mean",
    "GlobalMaxPooling1D": "max",
    "tf.math.reduce_mean": "mean",
    "tf.math.reduce_max": "max",
}


def _pooling_layer(
    layers: Sequence[LayerRecord], lengths: set[int]
) -> tuple[str | None, Literal["mean", "max"] | None]:
    """The path of the one layer that pools over a sequence of that length, and how; None where it is not one."""
    found = [
        (layer.path, _LAYERS[kind])
        for layer in layers
        for kind in (layer.type, re.sub(r"_\d+$", "", layer.path))
        if kind in _LAYERS and any(len(shape) == 3 and shape[1] in lengths for shape in layer.inputs)
    ]
    return found[0] if len(found) == 1 else (None, None)
