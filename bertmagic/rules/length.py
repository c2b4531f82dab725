"""Rules on the sequence axis: one length throughout, and the one that the model was made for."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import token_tensors
from bertmagic.rules.dialect import tensors_like, tokenized
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed


@rule("error")
def sequence_length_mismatch(call: CallFacts) -> Finding | None:
    """Inputs differ in length from each other, or from the model's fixed `Input` shape.

    What it finds: (batch, sequence) inputs of one call whose sequence axes differ; token ids of another length than the
    `Input(shape=(length,))` that the model was made from.

    Why it is bad: it raises, in the words of a layer (`expected shape=(None, 128)`, `Incompatible shapes`).

    Wrong:

        ids = tf.keras.Input(shape=(128,), dtype="int32")
        enc = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="np")

    Right:

        ids = tf.keras.Input(shape=(128,), dtype="int32")
        enc = tokenizer(texts, padding="max_length", truncation=True, max_length=128, return_tensors="np")
    """
    # One encoder: where there are several, each may have texts of its own length.
    if call.error is None or call.error.where != "forward" or call.ran or not call.model.encoders:
        return None
    tokens = [tensor for tensor in token_tensors(call) if len(tensor.shape) == 2 and tensor.shape[1] > 1]
    return _not_the_models(call, tokens) or _not_each_others(call, tokens)


def _not_the_models(call: CallFacts, tokens: list[TensorFacts]) -> Finding | None:
    wrong = []
    for tensor in tokens:
        expected = call.model.input(tensor.name)
        if expected is None or expected.shape is None or len(expected.shape) != 2:
            continue
        fixed = expected.shape[1]
        if fixed is not None and fixed > 1 and fixed != tensor.shape[1]:
            wrong.append((tensor, fixed))
    if not wrong:
        return None
    first, length = wrong[0]
    assert call.error is not None
    names = listed([f"`{tensor.called}`" for tensor, _ in wrong])
    return Finding(
        "sequence-length-mismatch",
        "error",
        first.called,
        f"{names} {'are' if len(wrong) > 1 else 'is'} not of the length that `{call.model.said}` was made for",
        f"`{first.called}` has shape (batch={first.shape[0]}, seq={first.shape[1]}), and the Input `{first.name}` of "
        f"`{call.model.said}` takes (batch, seq={length}). {call.error.type} is raised.",
        {
            "lengths": {tensor.called: tensor.shape[1] for tensor, _ in wrong},
            "expected": {tensor.name: fixed for tensor, fixed in wrong},
            "source": f"the shape of the Input `{first.name}`",
        },
        Fix(
            f"Pad and truncate to {length} tokens",
            tokenized(call, tensors_like(call.model, first), most=length, padding='"max_length"'),
        ),
    )


def _not_each_others(call: CallFacts, tokens: list[TensorFacts]) -> Finding | None:
    roles = [tensor.role for tensor in tokens]
    if len(set(roles)) != len(roles) or len({tensor.shape[1] for tensor in tokens}) < 2:
        return None  # Several texts in one call may each have their own length.
    if len(call.model.encoders) > 1 or len({tensor.shape[0] for tensor in tokens}) > 1:
        return None
    assert call.error is not None
    lengths = listed([f"`{tensor.called}` has {tensor.shape[1]}" for tensor in tokens])
    odd = next((tensor for tensor in tokens if tensor.shape[1] != tokens[0].shape[1]), tokens[0])
    return Finding(
        "sequence-length-mismatch",
        "error",
        odd.called,
        f"`{odd.called}` is not as long as `{tokens[0].called}`",
        f"The sequence axis is not the same throughout: {lengths} tokens a row. {call.error.type} is raised.",
        {"lengths": {tensor.called: tensor.shape[1] for tensor in tokens}},
        Fix(
            "Take all of them from one encoding",
            tokenized(call, tensors_like(call.model, tokens[0])),
        ),
    )
