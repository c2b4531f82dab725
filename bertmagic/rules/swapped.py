"""The rule on inputs in another order than the model's: told by what the tensors hold."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.padding import padding_positions
from bertmagic.facts.tensors import Role, TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import encoder_name
from bertmagic.rules.dialect import by_name, called
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed

_ROLES: tuple[Role, ...] = ("input_ids", "attention_mask", "token_type_ids")


@rule("error")
def inputs_swapped(call: CallFacts) -> Finding | None:
    """Inputs reach the model in another order than its own.

    What it finds: an encoder that is given the mask where it takes token types and token types where it takes the mask,
    or the token ids in the place of one of them. What a tensor is, its values tell: a mask is 1 on every token and 0
    on padding; token types are 0 on a row's first token.

    Why it is bad: transformers' TF models take (input_ids, attention_mask, token_type_ids) by position, and a tokenizer
    gives input_ids, token_type_ids, attention_mask. Nothing is raised: a mask of zeros masks nothing.

    Wrong:

        ids, types, mask = enc.values()
        bert(ids, types, mask)

    Right:

        bert(enc["input_ids"], attention_mask=enc["attention_mask"], token_type_ids=enc["token_type_ids"])
    """
    for encoder_call in call.encoder_calls:
        given = encoder_call.given
        if not encoder_call.seen or "input_ids" not in given or "attention_mask" not in given:
            continue
        held = _held(call, encoder_call)
        wrong = {role: is_ for role, is_ in held.items() if role != is_}
        if not wrong:
            continue
        names = {role: _called(encoder_call, role, is_) for role, is_ in held.items()}
        own = {role: encoder_call.encoder.name(role) for role in held}
        phrases = [f"{_WORDS[is_]} (`{names[role]}`) as `{own[role]}`" for role, is_ in wrong.items()]
        right = {is_: names[role] for role, is_ in held.items()}
        encoder = encoder_name(call, encoder_call)
        given_right = {own[role]: right[role] for role in _ROLES if role in right}
        arguments = ", ".join(f"{name}={each}" for name, each in given_right.items())
        whole = not encoder_call.encoder.path or call.model.is_transformers
        code = called(call.model, given_right) if whole else f"dict({arguments})  # in the call of `{encoder}`"
        if whole and call.model.speaks_hub and call.kind not in ("call", "check"):
            code = f"{by_name(given_right)}  # as the inputs of `{call.model.said}`"
        return Finding(
            "inputs-swapped",
            "error",
            call.model.said,
            f"`{encoder}` is given {_WORDS[wrong[next(iter(wrong))]]} as `{own[next(iter(wrong))]}`",
            f"`{encoder}` is given {listed(phrases)}: what each holds shows it, in every row of the batch.",
            {
                "given": dict(wrong),
                "names": {role: names[role] for role in wrong},
                "first row": {role: _first_row(given[role]) for role in held},
            },
            Fix("Give the inputs by name", code),
        )
    return None


_WORDS: dict[Role, str] = {
    "input_ids": "the token ids",
    "attention_mask": "the attention mask",
    "token_type_ids": "the token types",
}


def _held(call: CallFacts, encoder_call: EncoderCallFacts) -> dict[Role, Role]:
    """By the role in which each tensor was received, what its values show it to be; empty where they do not."""
    tensors: dict[Role, np.ndarray] = {}
    for role in _ROLES:
        tensor = encoder_call.given.get(role)
        if tensor is None:
            continue
        if tensor.values is None or tensor.values.ndim != 2 or tensor.values.dtype.kind not in "biuf":
            return {}
        tensors[role] = tensor.values
    pad_id = call.pad_id(encoder_call.encoder)
    if pad_id is None or len({values.shape for values in tensors.values()}) != 1:
        return {}
    if not next(iter(tensors.values())).size:
        return {}
    # Exactly one of them holds token ids: numbers well beyond a mask's and a token type's.
    most = max(encoder_call.encoder.types or 0, 2)
    ids = [role for role, values in tensors.items() if values.max() > most]
    if len(ids) != 1:
        return {}
    padding = padding_positions(tensors[ids[0]], pad_id, call.tokenizer.ends if call.tokenizer is not None else ())
    texts: np.ndarray = np.logical_not(padding.all(axis=1))
    if not texts.any():
        return {}
    masks = [role for role, values in tensors.items() if role not in ids and _is_mask(values, padding)]
    types = [
        role for role, values in tensors.items() if role not in (*ids, *masks) and _is_types(values, padding, texts)
    ]
    if len(ids + masks + types) != len(tensors) or len(masks) > 1 or len(types) > 1:
        return {}
    if ids == ["input_ids"] and masks == ["attention_mask"]:
        return {}
    if not masks:
        return {}  # Nothing tells a mask of zeros from token types.
    return {
        **dict.fromkeys(ids, "input_ids"),
        **dict.fromkeys(masks, "attention_mask"),
        **dict.fromkeys(types, "token_type_ids"),
    }


def _is_mask(values: np.ndarray, padding: np.ndarray) -> bool:
    return bool((values == ~padding).all())


def _is_types(values: np.ndarray, padding: np.ndarray, texts: np.ndarray) -> bool:
    """0 on each text's first token, 0 and 1 only, 1 nowhere on padding."""
    first = np.argmin(padding, axis=1)
    starts = values[np.arange(len(values)), first][texts]
    return bool(np.isin(values, (0, 1)).all() and not starts.any() and not values[padding].any())


def _called(encoder_call: EncoderCallFacts, role: Role, is_: Role) -> str:
    """The user's name for what was received in that role; made inside the model, the usual name of what it is."""
    source = encoder_call.source.get(role)
    return source.called if source is not None else encoder_call.encoder.name(is_)


def _first_row(tensor: TensorFacts) -> list[float]:
    return [] if tensor.values is None else [float(each) for each in tensor.values[0][:8]]
