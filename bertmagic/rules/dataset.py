"""Rules on datasets: what one element of them is."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import token_tensors
from bertmagic.rules.registry import rule
from bertmagic.rules.shape import stands_for_rows
from bertmagic.rules.words import listed


@rule("error")
def dataset_unbatched(call: CallFacts) -> Finding | None:
    """A `tf.data.Dataset` of single examples is given to `fit`, `evaluate` or `predict`.

    What it finds: elements whose token ids are (sequence,), with one label or none beside them, where the model takes
    (batch, sequence).

    Why it is bad: Keras takes every element for a batch. The model raises (`not enough values to unpack`), or reads
    each token as a text of its own. `batch_size` of `fit` has no effect on a dataset.

    Wrong:

        data = tf.data.Dataset.from_tensor_slices((dict(enc), labels))
        model.fit(data, batch_size=32)

    Right:

        data = tf.data.Dataset.from_tensor_slices((dict(enc), labels)).batch(32)
        model.fit(data)
    """
    if call.container != "Dataset":
        return None
    tokens = token_tensors(call)
    rank = 2 if call.model.choices else 1
    if not tokens or any(len(tensor.shape) != rank or not tensor.is_integer for tensor in tokens):
        return None
    first = tokens[0]
    if call.model.choices:
        if call.ran or call.error is None:
            return None
    elif first.shape[0] < 2 or not stands_for_rows(call, first):
        return None
    if not _one_example(call, first):
        return None
    axes = f"(choices={first.shape[0]}, seq={first.shape[1]})" if call.model.choices else f"(seq={first.shape[0]})"
    wanted = "(batch, choices, seq)" if call.model.choices else "(batch, seq)"
    said = call.data or "dataset"
    then = f" {call.error.type} is raised." if call.error is not None else ""
    return Finding(
        "dataset-unbatched",
        "error",
        said,
        f"`{said}` holds single examples",
        f"An element of `{said}` is one example: its {listed([f'`{each.called}`' for each in tokens])} "
        f"{'has' if len(tokens) == 1 else 'have'} shape {axes}, where `{call.model.said}` takes {wanted}.{then}",
        {
            "shapes in one element": {tensor.name: list(tensor.shape) for tensor in tokens},
            **({"shape of its labels": list(call.labels[0].shape)} if call.labels else {}),
            "expected": wanted,
        },
        Fix("Batch the dataset", f"{said} = {said}.batch(32)"),
    )


def _one_example(call: CallFacts, ids: TensorFacts) -> bool:
    """Whether (seq,) is one text's tokens, and not a batch of rows that have lost their sequence axis.

    Labels tell: a batch has as many of them as rows. Where there are none, or one a token, the first token does.
    """
    if call.labels and all(label.shape[:1] != ids.shape[:1] for label in call.labels):
        return True
    if call.model.choices:
        return not call.labels
    if call.tokenizer is None or call.tokenizer.cls_id is None or ids.values is None:
        return False
    values = ids.values
    return bool(values[0] == call.tokenizer.cls_id and int((values == call.tokenizer.cls_id).sum()) == 1)
