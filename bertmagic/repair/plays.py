"""Corrections of the observed batch itself, by rule: the arrays that a mended cell would feed, to be run dry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.tensors import Role, TensorFacts
from bertmagic.finding import Finding
from bertmagic.rules.dialect import argmax, cast, clipped, not_equal, replaced, reshaped
from bertmagic.rules.words import listed

IGNORED = -100


@dataclass(frozen=True)
class Play:
    """Inputs and labels by name, of the whole batch, in place of those that were fed.

    `said`: the change, in words; `code`: the same as the lines to write for the user's own tensors.
    """

    said: str
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)
    code: tuple[str, ...] = ()


# None where the batch tells no certain correction.
Player = Callable[[CallFacts, Finding], "Play | None"]
PLAYS: dict[str, Player] = {}


def _plays(*rules: str) -> Callable[[Player], Player]:
    def register(player: Player) -> Player:
        PLAYS.update(dict.fromkeys(rules, player))
        return player

    return register


@_plays(
    "attention-mask-over-padding",
    "attention-mask-inverted",
    "attention-mask-all-zero",
    "attention-mask-values",
    "attention-mask-shape",
)
def _right_mask(call: CallFacts, _: Finding) -> Play | None:
    """The mask is 1 on tokens and 0 on padding."""
    for encoder_call in call.encoder_calls:
        mask = _own(call, encoder_call, "attention_mask")
        found = call.padding(encoder_call)
        if mask is None or mask.values is None or found is None or found[0].rows is not None:
            continue
        right = (~found[1]).astype(mask.values.dtype)
        code = f"{mask.called} = {not_equal(found[0], call.pad_id(encoder_call.encoder), mask.dtype)}"
        return Play(f"`{mask.called}` 1 on tokens and 0 on padding", {mask.name: right}, code=(code,))
    return None


@_plays("batch-axis-extra")
def _without_axis(call: CallFacts, _: Finding) -> Play | None:
    """Each input without its axis of size 1."""
    inputs, code = {}, []
    for tensor in _fed(call):
        values = tensor.values
        if values is not None and values.ndim == 3 and 1 in values.shape[:2]:
            axis = 1 if values.shape[1] == 1 else 0
            inputs[tensor.name] = np.squeeze(values, axis)
            code.append(f"{tensor.called} = {tensor.called}{'[:, 0]' if axis else '[0]'}")
    return Play(f"{_names(call, inputs)} without the axis of size 1", inputs, code=tuple(code)) if inputs else None


@_plays("batch-axis-missing")
def _with_axis(call: CallFacts, finding: Finding) -> Play | None:
    """One text as a batch of one."""
    expected = finding.evidence.get("expected")
    inputs, code = {}, []
    for tensor in _fed(call):
        values = tensor.values
        if values is None:
            return None
        if values.ndim == 1:
            inputs[tensor.name] = values[None, :]
            code.append(f"{tensor.called} = {tensor.called}[None, :]")
        elif expected is not None and values.ndim == 2 and values.shape[1] == 1:
            inputs[tensor.name] = values.reshape(1, -1)
            code.append(f"{tensor.called} = {reshaped(tensor, '(1, -1)')}")
    return Play(f"{_names(call, inputs)} as one row", inputs, code=tuple(code)) if inputs else None


@_plays("sequence-too-long")
def _cut(call: CallFacts, _: Finding) -> Play | None:
    """Each input cut to the model's positions."""
    if not any(tensor.role == "input_ids" for tensor in call.inputs):
        return None  # vectors of the cell's own making
    limits = [each.encoder.max_tokens for each in call.encoder_calls if each.encoder.max_tokens is not None]
    if not limits:
        return None
    most = min(limits)
    inputs = {
        tensor.name: tensor.values[:, :most]
        for tensor in _fed(call)
        if tensor.values is not None and tensor.values.ndim >= 2 and tensor.values.shape[1] > most
    }
    code = tuple(f"{each.called} = {each.called}[:, :{most}]" for each in _fed(call) if each.name in inputs)
    return Play(f"{_names(call, inputs)} cut to {most} tokens", inputs, code=code) if inputs else None


@_plays("ids-out-of-vocabulary")
def _known_ids(call: CallFacts, _: Finding) -> Play | None:
    """The tokenizer's mask token, else its unknown token, in place of ids that have no embedding."""
    known = call.tokenizer
    instead = None if known is None else known.mask_id if known.mask_id is not None else known.unk_id
    for encoder_call in call.encoder_calls:
        rows = encoder_call.encoder.vocab_rows
        own = _own(call, encoder_call, "input_ids")
        if instead is None or rows is None or own is None or own.values is None or own.values.dtype.kind not in "iu":
            continue
        bad = (own.values < 0) | (own.values >= rows)
        token = "mask" if known is not None and instead == known.mask_id else "unknown"
        said = f"the {token} token ({instead}) in place of the {int(bad.sum())} ids that have no embedding"
        where = f"({own.called} < 0) | ({own.called} >= {rows})"
        code = f"{own.called} = {replaced(own, where, instead)}"
        return Play(said, {own.name: np.where(bad, instead, own.values).astype(own.values.dtype)}, code=(code,))
    return None


@_plays("padding-token-wrong")
def _own_padding(call: CallFacts, finding: Finding) -> Play | None:
    """The padding token in place of what the rows are filled up with, and a mask that is 0 there."""
    first, wrong = finding.evidence.get("first padding position"), finding.evidence.get("padded with")
    pad_id = finding.evidence.get("padding token")
    for encoder_call in call.encoder_calls if isinstance(first, Mapping) else ():
        ids, mask = _own(call, encoder_call, "input_ids"), _own(call, encoder_call, "attention_mask")
        if ids is None or ids.values is None or not isinstance(pad_id, int) or not isinstance(first, Mapping):
            continue
        filled = np.zeros(ids.values.shape, bool)
        for row, position in first.items():
            filled[row, position:] = ids.values[row, position:] == wrong
        inputs = {ids.name: np.where(filled, pad_id, ids.values).astype(ids.values.dtype)}
        if mask is not None and mask.values is not None and mask.values.shape == filled.shape:
            inputs[mask.name] = np.where(filled, 0, mask.values).astype(mask.values.dtype)
        return Play(f"`{ids.called}` padded with {pad_id}, and 0 there in the mask", inputs)
    return None


@_plays("token-type-ids-invalid")
def _known_types(call: CallFacts, _: Finding) -> Play | None:
    """Token types that the model has."""
    for encoder_call in call.encoder_calls:
        types, own = encoder_call.encoder.types, _own(call, encoder_call, "token_type_ids")
        if types is not None and own is not None and own.values is not None and own.values.dtype.kind in "iu":
            code = f"{own.called} = {clipped(own, 0, types - 1)}"
            kept = np.clip(own.values, 0, types - 1)
            return Play(f"`{own.called}` kept below {types}", {own.name: kept}, code=(code,))
    return None


@_plays("ids-not-integer", "dtype-mismatch", "input-layer-dtype")
def _whole_numbers(call: CallFacts, _: Finding) -> Play | None:
    """Each input of whole numbers as int32."""
    inputs = {}
    for tensor in _fed(call):
        values = tensor.values
        if values is None or values.dtype.kind not in "fiu" or tensor.dtype == "int32":
            continue
        if not np.isfinite(values).all() or (values != np.floor(values)).any():
            return None
        inputs[tensor.name] = values.astype("int32")
    code = tuple(f"{each.called} = {cast(each)}" for each in _fed(call) if each.name in inputs)
    return Play(f"{_names(call, inputs)} as int32", inputs, code=code) if inputs else None


@_plays("inputs-swapped")
def _in_order(call: CallFacts, finding: Finding) -> Play | None:
    """Each input in the place of the one that it was taken for."""
    given = finding.evidence.get("given")
    for encoder_call in call.encoder_calls if isinstance(given, Mapping) else ():
        own = {role: tensor for role in _ROLES if (tensor := _own(call, encoder_call, role)) is not None}
        if not isinstance(given, Mapping) or not set(given) <= set(own):
            continue
        inputs = {}
        for role, is_ in given.items():
            target = own.get(is_)
            values = own[role].values
            if target is None or values is None:
                return None
            inputs[target.name] = values
        return Play("each input in its own place", inputs)
    return None


@_plays("labels-shape")
def _fitting_labels(call: CallFacts, _: Finding) -> Play | None:
    """Labels with the axis of size 1 that the outputs have, or without the one that they lack."""
    if len(call.labels) != 1 or len(call.outputs) != 1 or call.labels[0].values is None:
        return None
    labels, shape = call.labels[0], call.outputs[0].shape
    values = call.labels[0].values
    if values.ndim == 1 and len(shape) == 2 and shape[1] == 1:
        code = f"{labels.called} = {labels.called}[:, None]"
        return Play(f"`{labels.called}` as (batch, 1)", labels={labels.name: values[:, None]}, code=(code,))
    if values.ndim == 2 and values.shape[1] == 1 and len(shape) == 1:
        code = f"{labels.called} = {labels.called}[:, 0]"
        return Play(f"`{labels.called}` as (batch)", labels={labels.name: values[:, 0]}, code=(code,))
    if values.ndim == 2 and len(shape) == 2 and values.shape == shape and (values.sum(axis=1) == 1).all():
        code = f"{labels.called} = {argmax(labels)}"
        return Play(f"`{labels.called}` as class indices", labels={labels.name: values.argmax(axis=1)}, code=(code,))
    return None


@_plays("labels-out-of-range")
def _classes_in_range(call: CallFacts, finding: Finding) -> Play | None:
    """Classes counted from 0 where they were counted from 1; what is to be ignored as -100 where it was -1."""
    outputs = finding.evidence.get("outputs")
    if len(call.labels) != 1 or call.labels[0].values is None or not isinstance(outputs, int):
        return None
    labels, values = call.labels[0], call.labels[0].values
    if values.dtype.kind not in "iu" or not values.size:
        return None
    if int(values.min()) == 1 and int(values.max()) == outputs:
        code = f"{labels.called} = {labels.called} - 1"
        return Play(f"`{labels.called}` counted from 0", labels={labels.name: values - 1}, code=(code,))
    if int(values.min()) < 0 and values.ndim == 2 and call.model.framework == "torch":
        code = f"{labels.called} = {replaced(labels, f'{labels.called} < 0', IGNORED)}"
        ignored = np.where(values < 0, IGNORED, values)
        return Play(f"{IGNORED} in place of the negative labels", labels={labels.name: ignored}, code=(code,))
    return None


@_plays("labels-dtype")
def _numbers_of_the_loss(call: CallFacts, _: Finding) -> Play | None:
    """Whole numbers for a loss of classes, floats for one of numbers."""
    if len(call.labels) != 1 or call.labels[0].values is None or call.loss is None:
        return None
    labels, values = call.labels[0], call.labels[0].values
    if values.dtype.kind == "f" and call.loss.kind == "sparse" and (values == np.floor(values)).all():
        code = f"{labels.called} = {cast(labels, 'int64')}"
        return Play(f"`{labels.called}` as int64", labels={labels.name: values.astype("int64")}, code=(code,))
    if values.dtype.kind in "iub" and call.loss.kind in ("regression", "binary"):
        code = f"{labels.called} = {cast(labels, 'float32')}"
        return Play(f"`{labels.called}` as float32", labels={labels.name: values.astype("float32")}, code=(code,))
    return None


_ROLES: tuple[Role, ...] = ("input_ids", "attention_mask", "token_type_ids")


def _fed(call: CallFacts) -> Iterator[TensorFacts]:
    """The inputs that go by a token's place."""
    return (tensor for tensor in call.inputs if tensor.role in (*_ROLES, "position_ids") and tensor.rows is None)


def _own(call: CallFacts, encoder_call: EncoderCallFacts, role: Role) -> TensorFacts | None:
    """The call's own input that an encoder got in that role, its values of the whole batch."""
    tensor = encoder_call.source.get(role)
    if tensor is None:
        of_role = [each for each in call.inputs if each.role == role]
        tensor = of_role[0] if len(of_role) == 1 and role not in encoder_call.given else None
    return tensor if tensor is not None and tensor.rows is None and tensor.name in _names_of(call) else None


def _names_of(call: CallFacts) -> set[str]:
    return {tensor.name for tensor in call.inputs}


def _names(call: CallFacts, inputs: Mapping[str, np.ndarray]) -> str:
    named = [f"`{tensor.called}`" for tensor in call.inputs if tensor.name in inputs]
    return listed(named) if named else ""
