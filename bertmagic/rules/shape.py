"""Rules on the batch axis: there must be one, and one only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bertmagic.facts.axes import shape_text
from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.padding import told_by
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import token_tensors
from bertmagic.rules.dialect import reshaped
from bertmagic.rules.registry import rule


@rule("error")
def batch_axis_missing(call: CallFacts) -> Finding | None:
    """Token ids of shape (sequence,) where the model takes (batch, sequence).

    What it finds: one text's ids without the batch axis, also where they become (sequence, 1) without a word, so that
    every token is taken for a text of its own; a batch whose axes are swapped, so that each column is a text.

    Why it is bad: the model reads tokens as rows, or raises from inside a layer (`not enough values to unpack`).

    Wrong:

        ids = tokenizer.encode(text)
        bert(tf.constant(ids))

    Right:

        enc = tokenizer(text, return_tensors="tf")   # (1, sequence)
        bert(enc["input_ids"], attention_mask=enc["attention_mask"])
    """
    for tensor in token_tensors(call):
        if len(tensor.shape) != 1 or tensor.shape[0] < 2 or not tensor.is_integer or not stands_for_rows(call, tensor):
            continue
        length = tensor.shape[0]
        unbatched = call.container == "Dataset"
        why = "each element of the dataset is a single example" if unbatched else "the batch axis is missing"
        detail = f"`{tensor.called}` has shape (seq={length}) where `{call.model.said}` takes (batch, seq): {why}."
        if call.error is None:
            made = f" Keras made (batch={length}, seq=1) of it, so that each of the {length} tokens is read as a text."
            detail += made if call.model.framework != "torch" else f" Each of the {length} tokens is read as a text."
        else:
            detail += f" {call.error.type} is raised."
        added = f"{tensor.called} = {tensor.called}[None, :]  # (batch=1, seq={length})"
        return Finding(
            "batch-axis-missing",
            "error",
            tensor.called,
            f"`{tensor.called}` has no batch axis",
            detail,
            {"shape": list(tensor.shape), "expected": "(batch, seq)"},
            Fix("Batch the dataset", "dataset = dataset.batch(32)") if unbatched else Fix("Add the batch axis", added),
        )
    return _one_text_down_the_batch(call) or _texts_down_the_batch(call)


def _texts_down_the_batch(call: CallFacts) -> Finding | None:
    """Token ids (sequence, batch): each column is a text from its first special token to its last."""
    for _, ids in call.token_ids():
        values = ids.values
        if values is None or ids.rows is not None or values.ndim != 2 or min(values.shape) < 2 or values.shape[0] < 3:
            continue
        ends = _ends_of_columns(call, values)
        if ends is None:
            continue
        length, batch = values.shape
        return Finding(
            "batch-axis-missing",
            "error",
            ids.called,
            f"`{ids.called}` holds its texts along the batch axis",
            f"`{ids.called}` has shape (batch={length}, seq={batch}), and its columns are texts, each from the first "
            f"special token ({ends[0]}) to the last ({ends[1]}), where `{call.model.said}` takes "
            f"(batch={batch}, seq={length}): it reads the first tokens of all texts as one text, and so on.",
            {"shape": [length, batch], "expected": [batch, length]},
            Fix("Set the axes right", f"{ids.called} = {ids.called}.T  # so too what is fed beside it"),
        )
    return None


def _ends_of_columns(call: CallFacts, values: np.ndarray) -> tuple[int, int] | None:
    """The tokens that begin and end all columns of ids, where these are texts; None for others.

    Known from the tokenizer; else all columns begin with one id and end in another, as a batch of texts does, and a
    mask tells that there is padding down the columns.
    """
    tokenizer = call.tokenizer
    if tokenizer is not None:
        first, last, pad_id = tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id
    else:
        beside = (
            each.values.T for each in call.inputs if each.values is not None and each.values.shape == values.shape
        )
        pad_id = told_by(values.T, beside)
        if pad_id is None:
            return None
        column = values[:, 0][values[:, 0] != pad_id]
        first, last = (int(column[0]), int(column[-1])) if column.size else (None, None)
    if first is None or last is None or first == last or (values[1:] == first).any():
        return None
    texts = [column[column != pad_id] for column in values.T]
    whole = all(text.size > 2 and text[0] == first and text[-1] == last for text in texts)
    return (first, last) if whole else None


def _one_text_down_the_batch(call: CallFacts) -> Finding | None:
    """Token ids (sequence, 1) that are one text from its first special token to its last, one token a row."""
    tokenizer = call.tokenizer
    for _, ids in call.token_ids():
        if (
            tokenizer is None
            or tokenizer.cls_id is None
            or tokenizer.sep_id is None
            or tokenizer.cls_id == tokenizer.sep_id
        ):
            continue
        if len(ids.shape) != 2 or ids.shape[1] != 1 or ids.values is None or ids.rows is not None:
            continue
        column = ids.values[:, 0]
        text = column[column != tokenizer.pad_id]
        ends = text.size > 2 and text[0] == tokenizer.cls_id and text[-1] == tokenizer.sep_id
        # Rows of one token each that happen to begin and end so would hold the first special token again.
        if not ends or int((text == tokenizer.cls_id).sum()) != 1:
            continue
        length = ids.shape[0]
        return Finding(
            "batch-axis-missing",
            "error",
            ids.called,
            f"`{ids.called}` holds one text along its batch axis",
            f"`{ids.called}` has shape (batch={length}, seq=1), and its rows are the tokens of one text, from its "
            f"first special token ({tokenizer.cls_id}) to its last ({tokenizer.sep_id}), where `{call.model.said}` "
            f"takes (batch=1, seq={length}): it reads each token as a text of its own.",
            {"shape": list(ids.shape), "expected": [1, length]},
            Fix(
                "Lay the text along the sequence axis",
                f"{ids.called} = {reshaped(ids, '(1, -1)')}  # (batch=1, seq={length})",
            ),
        )
    return None


@rule("error")
def batch_axis_extra(call: CallFacts) -> Finding | None:
    """Token ids of three axes, (batch, 1, sequence) or (1, batch, sequence), where the model takes two.

    What it finds: one axis of size 1 too many, as `return_tensors` gives it for each text before they are stacked, or
    `[np.newaxis]` on what has a batch axis already. Multiple-choice models do take (batch, choices, sequence).

    Why it is bad: the model raises from inside a layer (`too many values to unpack`, `Input to reshape`).

    Wrong:

        ids = np.stack([tokenizer(text, return_tensors="np", …)["input_ids"] for text in texts])

    Right:

        ids = tokenizer(texts, padding=True, return_tensors="np")["input_ids"]
    """
    if call.model.choices:
        return None
    wrong = [tensor for tensor in token_tensors(call) if _one_axis_too_many(call, tensor)]
    if not wrong:
        return None
    tensor = wrong[0]
    axis = 1 if tensor.shape[1] == 1 else 0
    left = tuple(size for place, size in enumerate(tensor.shape) if place != axis)
    found = ", ".join(str(size) for size in tensor.shape)
    right = shape_text(left, {}, known=("batch", "seq"))
    raised = f" {call.error.type} is raised." if call.error is not None else ""
    index = "[:, 0]" if axis == 1 else "[0]"
    # Each tensor may have its own axis too many; one line each.
    lines = [f"{each.called} = {each.called}{'[:, 0]' if each.shape[1] == 1 else '[0]'}" for each in wrong]
    return Finding(
        "batch-axis-extra",
        "error",
        tensor.called,
        f"`{tensor.called}` has one axis too many",
        f"`{tensor.called}` has shape ({found}) where `{call.model.said}` takes (batch, seq): axis {axis}, of size 1, "
        f"is one too many; `{tensor.called}{index}` has shape {right}.{raised}",
        {"shape": list(tensor.shape), "axis": axis, "expected": "(batch, seq)"},
        Fix("Remove the axis of size 1", f"{lines[0]}  # {right}" + "".join(f"\n{line}" for line in lines[1:])),
    )


def stands_for_rows(call: CallFacts, tensor: TensorFacts) -> bool:
    """Whether the (n,) values really stand where (batch, seq) must: the encoder got them, or the model's inputs say so.

    An `Input(shape=(1,))` takes (batch,): Keras makes (batch, 1) of it, and that is right (a feature beside the text).
    """
    expected = call.model.input(tensor.name)
    if expected is not None and expected.shape is not None and (len(expected.shape) != 2 or expected.shape[-1] == 1):
        return False
    if any(_received(encoder_call, tensor) for encoder_call in call.encoder_calls if encoder_call.seen):
        # A model of one's own that ran made (n, 1) of it itself, and may mean one token a row.
        return not call.ran or (expected is not None and expected.shape is not None)
    return not call.ran and expected is not None and expected.shape is not None


def _received(encoder_call: EncoderCallFacts, tensor: TensorFacts) -> bool:
    """Whether an encoder was given these (n,) values as they are, or as (n, 1); (1, n) would be right."""
    given = encoder_call.given.get(tensor.role) if tensor.role is not None else None
    if given is None or given.values is None or tensor.values is None:
        return False
    if given.values.ndim != 1 and given.values.shape[1:] != (1,):
        return False
    own = tensor.values if given.rows is None else tensor.values[list(given.rows)]
    return np.array_equal(given.values.reshape(-1), own)


def _one_axis_too_many(call: CallFacts, tensor: TensorFacts) -> bool:
    """Whether the tensor is (batch, 1, sequence) or (1, batch, sequence), and the model cannot take that.

    A model of one's own may fold or squeeze such inputs: then its encoder gets (batch, seq), and all is well.
    """
    if len(tensor.shape) != 3 or 1 not in tensor.shape[:2] or not tensor.is_integer or call.ran:
        return False
    ranks = set(_ranks_received(call, tensor))
    if ranks:
        return ranks == {3}
    expected = call.model.input(tensor.name)
    return expected is not None and expected.shape is not None and len(expected.shape) == 2


def _ranks_received(call: CallFacts, tensor: TensorFacts) -> Iterator[int]:
    """The ranks of what encoders were given in the tensor's role."""
    for encoder_call in call.encoder_calls:
        given = encoder_call.given.get(tensor.role) if tensor.role is not None and encoder_call.seen else None
        if given is not None:
            yield len(given.shape)
