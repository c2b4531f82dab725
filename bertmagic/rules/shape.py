"""Rules on the batch axis: there must be one, and one only."""

from __future__ import annotations

from bertmagic.facts.axes import shape_text
from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import rule

_TOKEN_ROLES = ("input_ids", "attention_mask", "token_type_ids")


@rule("error")
def batch_axis_missing(call: CallFacts) -> Finding | None:
    """Token ids of shape (sequence,) where the model takes (batch, sequence).

    What it finds: one text's ids without the batch axis, also where Keras makes (sequence, 1) of them without a word and
    takes every token for a text of its own.

    Why it is bad: the model reads tokens as rows, or raises from inside a layer (`not enough values to unpack`).

    Wrong:

        ids = tokenizer.encode(text)
        bert(tf.constant(ids))

    Right:

        enc = tokenizer(text, return_tensors="tf")   # (1, sequence)
        bert(enc["input_ids"], attention_mask=enc["attention_mask"])
    """
    for tensor in _token_tensors(call):
        if len(tensor.shape) != 1 or tensor.shape[0] < 2 or not tensor.is_integer:
            continue
        length = tensor.shape[0]
        unbatched = call.container == "Dataset"
        detail = (
            f"`{tensor.called}` has shape (seq={length}) where `{call.model.said}` takes (batch, seq)"
            + (": each element of the dataset is a single example." if unbatched else ": the batch axis is missing.")
        )
        if call.error is None:
            detail += f" Keras made (batch={length}, seq=1) of it, so that each of the {length} tokens is read as a text."
        snippet = "dataset = dataset.batch(32)" if unbatched else f"{tensor.called}[None, :]  # (batch=1, seq={length})"
        return Finding(
            "batch-axis-missing",
            "error",
            tensor.called,
            f"`{tensor.called}` has no batch axis",
            detail,
            {"shape": list(tensor.shape), "expected": "(batch, seq)"},
            Fix("Batch the dataset" if unbatched else "Add the batch axis", snippet),
        )
    return None


@rule("error")
def batch_axis_extra(call: CallFacts) -> Finding | None:
    """Token ids of three axes, (batch, 1, sequence) or (1, batch, sequence), where the model takes two.

    What it finds: one axis of size 1 too many, as `return_tensors` gives it for each text before they are stacked, or
    `[np.newaxis]` on what has a batch axis already. Multiple-choice models take (batch, choices, sequence) and are right.

    Why it is bad: the model raises from inside a layer (`too many values to unpack`, `Input to reshape`).

    Wrong:

        ids = np.stack([tokenizer(text, return_tensors="np", …)["input_ids"] for text in texts])

    Right:

        ids = tokenizer(texts, padding=True, return_tensors="np")["input_ids"]
    """
    if call.model.choices:
        return None
    for tensor in _token_tensors(call):
        if len(tensor.shape) != 3 or 1 not in tensor.shape[:2] or not tensor.is_integer:
            continue
        expected = call.model.input(tensor.name)
        if expected is not None and expected.shape is not None and len(expected.shape) == 3:
            continue
        axis = 1 if tensor.shape[1] == 1 else 0
        left = tuple(size for place, size in enumerate(tensor.shape) if place != axis)
        found = ", ".join(str(size) for size in tensor.shape)
        return Finding(
            "batch-axis-extra",
            "error",
            tensor.called,
            f"`{tensor.called}` has one axis too many",
            f"`{tensor.called}` has shape ({found}) where `{call.model.said}` takes (batch, seq): axis {axis}, of size 1, is "
            f"one too many; without it the shape is {shape_text(left, {'batch': left[0], 'seq': left[1]})}.",
            {"shape": list(tensor.shape), "axis": axis, "expected": "(batch, seq)"},
            Fix("Remove the axis of size 1", f"tf.squeeze({tensor.called}, axis={axis})  # ({left[0]}, {left[1]})"),
        )
    return None


def _token_tensors(call: CallFacts) -> list[TensorFacts]:
    """The call's own inputs that hold tokens (ids first), where the model or an encoder takes them of rank 2."""
    if not call.model.encoders:
        return []
    tensors = [tensor for tensor in call.inputs if tensor.role in _TOKEN_ROLES]
    return sorted(tensors, key=lambda tensor: _TOKEN_ROLES.index(str(tensor.role)))
