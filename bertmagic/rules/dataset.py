"""Rules on datasets: what one element of them is."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import token_tensors
from bertmagic.rules.dialect import by_name, dry_verb
from bertmagic.rules.dtype import is_text
from bertmagic.rules.labels import computes_no_loss
from bertmagic.rules.registry import rule
from bertmagic.rules.shape import stands_for_rows
from bertmagic.rules.words import listed

_MASK = "the attention mask"


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
    # The ids are integers; a mask beside them may be of any dtype.
    if not tokens or any(len(tensor.shape) != rank for tensor in tokens) or not tokens[0].is_integer:
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


@rule("error")
def dataset_structure(call: CallFacts) -> Finding | None:
    """The elements of a dataset are not (inputs, labels).

    What it finds: a flat tuple (ids, mask, labels), which Keras reads as (inputs, labels, sample weights); the ids of a
    second text in the labels' place, be it as raw strings for a KerasHub task; more than three parts; labels among the
    features, and none in their own place.

    Why it is bad: the mask is taken for the labels, and the labels weigh the rows. Where shapes broadcast, that trains
    without an error.

    Wrong:

        data = tf.data.Dataset.from_tensor_slices((ids, mask, labels)).batch(32)

    Right:

        data = tf.data.Dataset.from_tensor_slices(((ids, mask), labels)).batch(32)
    """
    if call.container not in _STREAMS:
        return None
    return _too_many_parts(call) or _labels_among_features(call) or _input_as_labels(call) or _text_as_labels(call)


# A class' name has two words at most, on average.
_MOST_OF_A_NAME = 3
_STREAMS = ("Dataset", "generator", "Sequence", "DataLoader")
# How labels are called in a batch that is one dict.
_LABELS = ("label", "labels", "target", "targets")
_READ_AS = "Keras reads a tuple as (inputs, labels) or (inputs, labels, sample weights)"


def _too_many_parts(call: CallFacts) -> Finding | None:
    if call.parts is None or call.parts <= 3 or call.error is None or call.error.where != "data":
        return None
    said = call.data or "dataset"
    return Finding(
        "dataset-structure",
        "error",
        said,
        f"An element of `{said}` has {call.parts} parts",
        f"An element of `{said}` is a flat tuple of {call.parts} parts; {_READ_AS}. {call.error.type} is raised.",
        {"parts": call.parts, "shapes": [list(tensor.shape) for tensor in call.inputs]},
        Fix(
            "Put the inputs together, and the labels after them",
            f"{said} = {said}.map(lambda *parts: (parts[:-1], parts[-1]))",
        ),
    )


def _labels_among_features(call: CallFacts) -> Finding | None:
    held = labels_among_inputs(call)
    if held is None:
        return None
    assert call.error is not None
    said = call.data or "dataset"
    names = tuple(tensor.name for tensor in call.inputs if tensor is not held)
    features = by_name({name: f'x["{name}"]' for name in names})
    code = f'{said} = {said}.map(lambda x: ({features}, x["{held.name}"]))'
    if call.container == "DataLoader":
        code = (
            "def split(rows):\n    batch = torch.utils.data.default_collate(rows)\n"
            f'    return batch, batch.pop("{held.name}")\n\n'
            f"{said} = DataLoader({said}.dataset, batch_size={call.rows_of}, collate_fn=split)"
        )
    where = " in the loss" if call.error.where == "loss" else ""
    return Finding(
        "dataset-structure",
        "error",
        said,
        f'The labels are among the features of `{said}`, under "{held.name}"',
        f'An element of `{said}` is one dict, whose "{held.name}" is no input of `{call.model.said}`, and nothing '
        f"stands in the place of the labels; {_READ_AS}. {call.error.type} is raised{where}.",
        {"keys": [tensor.name for tensor in call.inputs], "held": held.name, "shape": list(held.shape)},
        Fix(
            "Give each element as (inputs, labels)",
            code,
        ),
    )


def labels_among_inputs(call: CallFacts) -> TensorFacts | None:
    """Where training has no labels and raises for that: the one input that holds them, by a name not the model's.

    A model made from Inputs may raise for that name first.
    """
    known = call.model.takes
    refused = call.error is not None and call.error.where == "forward" and call.model.is_of_inputs
    if refused and call.kind in ("fit", "evaluate", "train_on_batch") and not call.labels and call.loss is not None:
        known = None if known is None or not known & set(_LABELS) else known
    elif not lacks_labels(call):
        return None
    held = [
        tensor
        for tensor in call.inputs
        if tensor.role is None
        and (tensor.name not in known if known is not None else tensor.name in _LABELS)
        and tensor.shape[:1] == (call.rows_of,)
    ]
    return held[0] if len(held) == 1 else None


def lacks_labels(call: CallFacts) -> bool:
    """Whether a call that trains or evaluates has a loss and no labels, and raises in the loss or computes none."""
    kinds = ("fit", "evaluate", "train_on_batch", *(("call",) if call.model.framework == "torch" else ()))
    if call.kind not in kinds or call.labels or call.loss is None:
        return False
    return call.error.where == "loss" if call.error is not None else computes_no_loss(call)


def takes_mask_for_labels(call: CallFacts) -> bool:
    """Whether the elements' structure puts the attention mask in the place of the labels."""
    found = _input_as_labels(call)
    return found is not None and found.evidence["the labels are"] == _MASK


def _input_as_labels(call: CallFacts) -> Finding | None:
    """A flat (ids, mask, labels) or (ids, mask), also two texts: the second part stands where the labels should."""
    tokens = [tensor for tensor in call.inputs if tensor.role == "input_ids"]
    if len(tokens) != 1 or len(call.labels) != 1 or len(call.inputs) != 1:
        return None
    ids, labels = tokens[0], call.labels[0]
    holds = _input_in_labels(call, ids, labels)
    if holds is None:
        return None
    required = [each.name for each in call.model.inputs if each.required]
    unfed = call.error is not None and call.error.where == "forward" and len(required) > 1
    # One output a row: labels that are a mask over the tokens are not compared with anything of their own.
    per_row = bool(call.outputs) and all(
        len(output.shape) == 2 and output.shape[1] != ids.shape[1] for output in call.outputs
    )
    if not unfed and not (per_row and holds == _MASK and (call.weights or call.error is not None)):
        return None
    said = call.data or "dataset"
    triple = bool(call.weights)
    weighs = " and its third for sample weights" if triple else ""
    then = f"{call.error.type} is raised." if call.error is not None else "Nothing is raised."
    second = "mask" if holds == _MASK else "second"
    by_role = by_name({call.model.name("input_ids"): "ids", call.model.name("attention_mask"): second})
    inputs = f"(ids, {second})" if len(required) > 1 else by_role
    names = f"ids, {second}, labels" if triple else f"ids, {second}"
    code = f"{said} = {said}.map(lambda {names}: ({inputs}, labels))"
    if not triple:
        code = f"{said} = tf.data.Dataset.zip(({said}.map(lambda {names}: {inputs}), labels_dataset))"
    return Finding(
        "dataset-structure",
        "error",
        said,
        f"`{said}` gives {holds} in the place of the labels",
        f"An element of `{said}` is a flat tuple; {_READ_AS}, and so takes its second part, of shape "
        f"(batch={labels.shape[0]}, seq={labels.shape[1]}) and holding {holds}, for the labels{weighs}. {then}",
        {
            "shape of the inputs": list(ids.shape),
            "shape of the labels": list(labels.shape),
            "the labels are": holds,
            **({"shape of the sample weights": list(call.weights[0].shape)} if triple else {}),
        },
        Fix("Put the inputs together, and the labels after them", code),
    )


def _text_as_labels(call: CallFacts) -> Finding | None:
    """Pairs of texts for a task that preprocesses: Keras takes the second of each for labels, and `predict` drops it.

    In training and evaluation strings in the labels' place may be names of classes.
    """
    if call.kind != "predict" or call.model.preprocesses is None or len(call.labels) != 1:
        return None
    seconds = _texts(call.labels[0])
    if not seconds:
        return None
    # Names of classes, for which `predict` has no use, are short and come again.
    words = sum(len(each.split()) for each in seconds) / len(seconds)
    if words < _MOST_OF_A_NAME or len(set(seconds)) < len(seconds):
        return None
    said = call.data or "dataset"
    return Finding(
        "dataset-structure",
        "error",
        said,
        f"`{said}` gives the second texts in the place of the labels",
        f"An element of `{said}` is a flat tuple of two parts; {_READ_AS}, and so `{call.model.said}.predict` passes "
        "the second text of each pair over: it predicts from the first alone. Nothing is raised.",
        {"parts": call.parts, "shape of the second texts": list(call.labels[0].shape)},
        Fix(
            "Put the two texts together as the inputs", f"{said} = {said}.map(lambda first, second: ((first, second),))"
        ),
    )


def _texts(tensor: TensorFacts) -> list[str]:
    """The strings that a tensor holds, 32 at most; none where it holds anything else."""
    values = tensor.values
    if values is None or values.dtype.kind not in "OUS" or not all(is_text(each) for each in values.flat):
        return []
    return [each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in values.flat[:32]]


def _input_in_labels(call: CallFacts, ids: TensorFacts, labels: TensorFacts) -> str | None:
    """What the labels are if they are an input: the mask over the ids' padding, or another text's ids."""
    if ids.values is None or labels.values is None or labels.values.dtype.kind not in "biu":
        return None
    values = labels.values
    if ids.values.ndim != 2 or values.ndim != 2 or values.shape[1] < 2 or not values.size:
        return None
    if values.shape == ids.values.shape:
        found = next((call.padding(each) for each in call.encoder_calls), None)
        padding = (
            found[1] if found is not None and found[1].shape == values.shape else np.zeros(values.shape, dtype=bool)
        )
        if np.array_equal(values, ~padding):
            return _MASK
    first = ids.values[:, 0]
    same = values.shape[0] == len(first) and len(first) > 1 and bool((first == first[0]).all())
    if same and bool((values[:, 0] == first[0]).all()) and int(values.max()) > first[0] > 1:
        return "token ids"
    return None


@rule("error")
def row_count_mismatch(call: CallFacts) -> Finding | None:
    """Inputs, labels or weights differ in their number of rows.

    What it finds: arrays given to one call whose first axes differ: ids of the training rows beside the mask of all.

    Why it is bad: Keras raises (`Data cardinality is ambiguous`) with the sizes and not with the names; a direct call
    raises from inside a layer.

    Wrong:

        inputs = {"input_ids": enc["input_ids"][:80], "attention_mask": enc["attention_mask"]}

    Right:

        inputs = {"input_ids": enc["input_ids"][:80], "attention_mask": enc["attention_mask"][:80]}
    """
    every = _rows_that_differ(call)
    if not every:
        return None
    assert call.error is not None
    least = min(tensor.shape[0] for tensor in every)
    longer = [tensor for tensor in every if tensor.shape[0] != least]
    counts = listed([f"`{tensor.called}` has {tensor.shape[0]}" for tensor in every], most=8)
    where = " in the loss" if call.error.where == "loss" else ""
    return Finding(
        "row-count-mismatch",
        "error",
        longer[0].called,
        f"{listed([f'`{tensor.called}`' for tensor in longer])} and the rest differ in their number of rows",
        f"The batch axis is not the same throughout: {counts} rows. {call.error.type} is raised{where}.",
        {"rows": {tensor.called: tensor.shape[0] for tensor in every}},
        Fix(
            f"Give each the same rows, here the first {least}",
            "\n".join(f"{tensor.called}[:{least}]" for tensor in longer),
        ),
    )


def _rows_that_differ(call: CallFacts) -> tuple[TensorFacts, ...]:
    """The tensors of a call that was raised for, where their first axes differ and must not."""
    if call.error is None or (call.container in _STREAMS and call.error.where == "data"):
        return ()
    every = (*call.inputs, *call.labels, *call.weights)
    if call.error.where == "forward":
        # (1, sequence) broadcasts on purpose.
        every = tuple(tensor for tensor in token_tensors(call) if len(tensor.shape) == 2 and tensor.shape[0] > 1)
        if len({tensor.shape[1] for tensor in every}) > 1:
            return ()  # Rows and lengths differ: a tensor of another shape altogether, as a transposed one.
    if call.error.where == "loss":
        labels = [tensor for tensor in call.labels if tensor.shape[:1] != (call.rows_of,)]
        tokens = token_tensors(call)[:1]
        whole = all(output.shape[:1] == (call.rows_of,) for output in call.outputs)
        if len(call.labels) != 1 or not labels or not tokens or not whole or tokens[0].shape[:1] != (call.rows_of,):
            return ()
        if not labels[0].shape or labels[0].shape[0] in (1, int(np.prod(tokens[0].shape))):
            return ()  # Broadcast, or one label a token, laid out flat.
        every = (tokens[0], labels[0])
    if any(tensor.kind in ("list", "tuple") or tensor.dtype == "object" or not tensor.shape for tensor in every):
        return ()  # Lists have no rows to Keras: the container is at fault.
    return every if len({tensor.shape[0] for tensor in every}) > 1 else ()


@rule("error")
def labels_missing(call: CallFacts) -> Finding | None:
    """Training or evaluating with a loss, and no labels that it can use.

    What it finds: `fit` or `evaluate` of a model whose loss compares outputs with labels, without any; labels that are
    left among the inputs of a model that has no such input.

    Why it is bad: the loss raises (`Target data is missing`, `Could not find label column(s)`), or there is none
    to train on.

    Wrong:

        inputs = {"input_ids": ids, "attention_mask": mask, "labels": labels}
        model.fit(inputs)

    Right:

        inputs = {"input_ids": ids, "attention_mask": mask}
        model.fit(inputs, labels)
    """
    if not lacks_labels(call):
        return None
    assert call.loss is not None
    held, verb, said = labels_among_inputs(call), call.kind, call.data or "inputs"
    among = ""
    runs = f"{call.model.said}.{verb}"
    code = f"{runs}({said}, labels)"
    if call.model.framework == "torch":
        runs = dry_verb(call.model) if call.kind == "fit" else runs
        code = 'item["labels"] = labels[index]  # in what the dataset gives for an index'
    if held is not None:
        among = f' "{held.name}" stands among the inputs, and is no input of `{call.model.said}`.'
        code = f'labels = {said}.pop("{held.name}")\n{code}'
    then = f"`{call.model.said}` computes no loss without them, and there is nothing to train on."
    if call.error is not None:
        then = f"{call.error.type} is raised in the loss."
    elif call.kind == "evaluate":
        then = "No loss is computed: the one that Keras tells is 0."
    return Finding(
        "labels-missing",
        "error",
        "labels",
        f"`{runs}` is given no labels",
        f"`{runs}` is given no labels, and {call.loss.name} compares the outputs with labels.{among} {then}",
        {"loss": call.loss.name, "inputs": [tensor.name for tensor in call.inputs]},
        Fix("Give the labels beside the inputs", code),
    )
