"""Rules on labels, against the outputs and the loss."""

from __future__ import annotations

import json

import numpy as np

from bertmagic.facts.axes import axis_names, shape_text, token_axes
from bertmagic.facts.call import BroadcastFacts, CallFacts
from bertmagic.facts.loss import LossKind
from bertmagic.facts.model import ModelFramework
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import argmax, cast, dense, reshaped, states
from bertmagic.rules.registry import rule

# Losses that set labels against outputs element by element, and so broadcast the one against the other.
_ELEMENTWISE: tuple[LossKind, ...] = ("categorical", "binary", "regression")
# Where a text's answer begins and ends, labels that are not called so.
_POSITIONS = ("start_positions", "end_positions")


@rule("error")
def labels_shape(call: CallFacts) -> Finding | None:
    """The labels' shape does not fit the outputs' and the loss.

    What it finds: labels that the loss cannot set against the outputs, or that it broadcasts: one label for each token
    where there is one output a row, (batch, 1) against (batch, classes), outputs whose classes lie along another axis
    than the loss takes. What Keras aligns itself, (batch,) with (batch, 1), is right; PyTorch aligns nothing.

    Why it is bad: it raises from inside the loss, or, broadcast, trains every output towards every row's label.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained(…)   # one output a text
        model.fit(inputs, tags)                                       # one tag a token

    Right:

        model = TFBertForTokenClassification.from_pretrained(…)      # one output a token
        model.fit(inputs, tags)
    """
    if call.broadcasts:
        return _broadcast(call, call.broadcasts[0])
    if call.loss is None or len(call.labels) != 1:
        return None
    output = compared_output(call)
    labels = call.labels[0]
    if output is None or not labels.shape or labels.shape[0] != output.shape[0]:
        return None  # Another number of rows is a fault of its own, or the model folds other axes into the batch.
    if call.loss.classes_at is not None and call.error is not None and call.error.where == "loss":
        return _other_axis(call, output, labels, call.loss.classes_at)
    wanted = fitting_shapes(call.loss.kind, output.shape, call.model.framework)
    if wanted is None or labels.shape in wanted or not _compares(call, output, labels):
        return None
    if _are_several_labels(call, output, labels):
        return None
    if _another_cause(call.loss.kind, output, labels):
        return None
    found, expected = label_shape_text(call, labels.shape), label_shape_text(call, wanted[0])
    if call.error is not None:
        then = f"{call.error.type} is raised in the loss."
    else:
        then = (
            "The loss broadcasts the one against the other without an error, and does not compare each label with its "
            "own output."
        )
    return Finding(
        "labels-shape",
        "error",
        labels.called,
        f"`{labels.called}` does not fit the outputs",
        f"`{labels.called}` has shape {found} where {call.loss.name} takes {expected}, as `{output.name}` has shape "
        f"{shape_text(output.shape, call.sizes, output=True)}. {then}",
        {
            "shape of the labels": str(labels.shape),
            "shape of the outputs": str(output.shape),
            "shapes that fit": ", ".join(map(str, wanted)),
        },
        _fix(call, output, labels, wanted[0]),
    )


def _other_axis(call: CallFacts, output: TensorFacts, labels: TensorFacts, axis: int) -> Finding:
    """The finding on labels that fit outputs whose classes lie on the last axis, where the loss takes another."""
    assert call.loss is not None
    assert call.error is not None
    shape, name, rank = output.shape, call.loss.name, len(output.shape)
    axes = ("batch", "seq", "outputs") if rank == 3 and shape[1] == call.sizes.get("seq") else ()
    given = shape_text(shape, call.sizes, known=axes, output=True)
    moved = ".transpose(1, 2)" if rank == 3 else ".movedim(-1, 1)"
    return Finding(
        "labels-shape",
        "error",
        output.called,
        f"`{output.called}` has its classes on another axis than `{name}` takes them along",
        f"`{output.called}` has shape {given}, its {shape[-1]} classes along the last axis; `{name}` takes them along "
        f"axis {axis}, and finds {shape[axis]} there. `{labels.called}` of shape "
        f"{shape_text(labels.shape, call.sizes, known=axes[:2], output=True)} fits the former. {call.error.type} is "
        "raised in the loss.",
        {
            "shape of the labels": str(labels.shape),
            "shape of the outputs": str(shape),
            "axis of the classes": axis,
        },
        Fix("Move the classes to the axis that the loss takes", f"{name}({output.called}{moved}, {labels.called})"),
    )


def _broadcast(call: CallFacts, found: BroadcastFacts) -> Finding:
    """The finding on labels that the cell's own code, and not a loss of Keras', sets against every row's output."""
    rows = found.output_shape[0]
    column = len(found.labels_shape) > len(found.output_shape)
    sizes, axes = {**call.sizes, "batch": rows, "outputs": 1}, ("batch", "outputs")
    labels = shape_text(found.labels_shape, sizes, known=axes[: len(found.labels_shape)], output=True)
    output = shape_text(found.output_shape, sizes, known=axes[: len(found.output_shape)], output=True)
    subject = found.labels or "labels"
    said = f"`{found.labels}`" if found.labels else "the labels"
    of = f"`{found.output}`" if found.output else f"what is made of the output of `{call.model.said}`"
    shape = "(-1,)" if column else "(-1, 1)"
    return Finding(
        "labels-shape",
        "error",
        subject,
        f"{said} {'is' if found.labels else 'are'} broadcast against every row's output",
        f"{said[0].upper()}{said[1:]} {'has' if found.labels else 'have'} shape {labels}, and {of} has shape {output}: "
        f"their {found.what} has shape ({rows}, {rows}), each label against the output of every row, and not each "
        "against its own. One number is made of it without an error.",
        {
            "shape of the labels": str(found.labels_shape),
            "shape of the outputs": str(found.output_shape),
            f"shape of the {found.what}": str((rows, rows)),
        },
        Fix("Give the labels the outputs' shape", f"{subject} = {_reshaped(call, subject, shape)}"),
    )


def _reshaped(call: CallFacts, name: str, shape: str) -> str:
    """A tensor of the cell's own code in another shape."""
    if call.model.framework == "torch":
        return f"{name}.reshape{shape}"
    return f"{'keras.ops' if call.model.framework == 'keras' else 'tf'}.reshape({name}, {shape})"


def _are_several_labels(call: CallFacts, output: TensorFacts, labels: TensorFacts) -> bool:
    """Whether floats of the outputs' shape are several labels a text, as PyTorch's models take them.

    They choose binary cross-entropy for such, and cross-entropy for integers (transformers 5.23, `loss/loss_utils.py`).
    """
    internal = call.model.framework == "torch" and call.loss is not None and call.loss.kind == "internal"
    return internal and labels.shape == output.shape and not labels.is_integer


def expected_labels(call: CallFacts) -> tuple[list[tuple[int, ...]], str, str] | None:
    """The label shapes that fit this call's outputs and loss (the usual one first), their dtype and values in words."""
    output = compared_output(call)
    if call.loss is None or output is None or not call.labels:
        return None
    kind = call.loss.kind
    shapes = fitting_shapes(kind, output.shape, call.model.framework)
    if shapes is None:
        return None
    if _are_several_labels(call, output, call.labels[0]):
        return [output.shape], "float", "0 to 1"
    if call.labels[0].shape in shapes:
        # Several shapes fit: the user's own is then the expected one.
        shapes = [call.labels[0].shape, *(shape for shape in shapes if shape != call.labels[0].shape)]
    classes = output.shape[-1]
    if kind == "sparse" or (kind == "internal" and classes > 1):
        return shapes, "integer", f"0 … {classes - 1}" + (", -100 ignored" if kind == "internal" else "")
    return shapes, "any", {"categorical": "one-hot rows", "binary": "0 to 1"}.get(kind, "finite")


def label_shape_text(call: CallFacts, shape: tuple[int, ...]) -> str:
    """A shape of labels with its axes' names: the tokens' where there is one label a token, else the outputs'."""
    sizes, output = call.sizes, compared_output(call)
    names = axis_names(output.shape, sizes, output=True) if output is not None else ()
    if len(shape) == 2 and len(names) == 2 and shape[1] == sizes.get("seq") != sizes.get(names[1]):
        names = token_axes(2)
    # Labels have the outputs' axes, or all but the last where they are class indices.
    return shape_text(shape, sizes, known=names[: len(shape)] if len(shape) >= len(names) - 1 else (), output=True)


def label_names(call: CallFacts) -> list[str]:
    """The names under which a transformers model's call takes labels (4.53.3, `utils/generic.py`, `find_labels`)."""
    return sorted(name for name in call.model.takes or () if "label" in name or name in _POSITIONS)


def computes_no_loss(call: CallFacts) -> bool:
    """Whether a transformers model that is trained by its own loss ran, and gave none: it got no labels."""
    own = call.loss is not None and call.loss.kind == "internal" and call.loss.value is not None
    # transformers' Trainer raises there; its TF models minimize the mean of an output.
    if not own or call.error is not None or not label_names(call) or call.model.framework != "tf-keras":
        return False
    if not call.model.is_transformers:
        return False
    outputs = {output.name for output in call.outputs}
    return "logits" in outputs and "loss" not in outputs


def compared_output(call: CallFacts) -> TensorFacts | None:
    """The output that the loss compares: the labels' own, else the only one or the logits; None where nothing tells."""
    outputs = [output for output in call.outputs if output.name != "loss" and output.shape]
    if len(outputs) == 1:
        return outputs[0]
    for output in outputs:
        if any(label.name in (output.name, f"labels[{output.name!r}]") for label in call.labels):
            return output
    return next((output for output in outputs if output.name == "logits"), None)


def fitting_shapes(
    kind: LossKind, outputs: tuple[int, ...], framework: ModelFramework = "tf-keras"
) -> list[tuple[int, ...]] | None:
    """The shapes of labels that fit, the usual one first; None where this loss's needs are not known.

    Keras aligns ranks that differ by one at a last axis of 1 (tf_keras 2.21, `losses_utils.py`,
    `squeeze_or_expand_dimensions`; keras 3.15.1, `losses/loss.py`, `squeeze_or_expand_to_same_rank`). PyTorch's losses
    take the outputs' shape, or class indices or shares of each class (2.13, `nn/functional.py`, `cross_entropy`).
    """
    one = outputs[-1] == 1
    if framework == "torch" and kind in _ELEMENTWISE:
        return [outputs]
    if framework == "torch" and kind == "sparse":
        # A loop flattens (batch, seq, classes) before its loss sees it, or puts the classes second.
        return [outputs[:-1], (outputs[0], *outputs[2:]), outputs] if len(outputs) > 1 else None
    if kind in _ELEMENTWISE:
        return [outputs, *([outputs[:-1]] if one and len(outputs) > 1 else []), (*outputs, 1)]
    if len(outputs) < 2:
        return None
    if kind == "sparse":
        return [outputs[:-1], (*outputs[:-1], 1)]
    if kind == "internal":
        # Class indices, or numbers where there is one output (transformers 4.53.3, `TFSequenceClassificationLoss`;
        # 5.23, `loss/loss_utils.py`).
        return [outputs[:-1], (*outputs[:-1], 1)]
    return None


def _compares(call: CallFacts, output: TensorFacts, labels: TensorFacts) -> bool:
    """Whether the loss is known to set these labels against this output, and to raise or to broadcast."""
    assert call.loss is not None
    if call.error is not None:
        # As many labels as outputs are no fault of the shape: these losses flatten both.
        flattened = call.loss.kind == "sparse" and np.prod(labels.shape) == np.prod(output.shape[:-1])
        # What PyTorch's loss was given is what is set against each other here.
        flattened = flattened and call.model.framework != "torch"
        return call.error.where == "loss" and not flattened
    if call.loss.kind == "internal":
        # Class indices that do not fit raise; numbers broadcast. What a model of one's own does inside is not known.
        own = call.model.is_transformers and call.model.type.endswith("ForSequenceClassification")
        return own and output.shape[-1] == 1
    if call.model.framework == "torch":
        return False  # A loop may reshape both before its loss sees them; what it broadcasts is told apart.
    # Axes of size 1 that are written out for a tensor of three axes or more are broadcast on purpose.
    return call.loss.kind in _ELEMENTWISE and max(len(labels.shape), len(output.shape)) < 3


def _another_cause(kind: LossKind, output: TensorFacts, labels: TensorFacts) -> bool:
    """Whether the shapes differ for a reason that has its own name: another loss, or an output that is not pooled."""
    numbers = labels.values is None or labels.values.dtype.kind in "biuf"
    if not numbers:
        return True  # Strings: their dtype is what is wrong.
    integer = labels.is_integer or (
        labels.values is not None and bool((labels.values == np.floor(labels.values)).all())
    )
    per_row = labels.shape in ((output.shape[0],), (output.shape[0], 1))
    if len(output.shape) == 3 and (per_row or labels.shape == (output.shape[0], output.shape[-1])):
        return True  # One prediction a token where labels are one a row: the head was not pooled.
    if kind in ("categorical", "binary") and per_row and integer and output.shape[-1] > 1:
        return True  # Class indices: the sparse loss fits these very labels.
    # One-hot or several-hot rows: another loss fits them. Class indices that happen to be laid out so are none.
    hot = labels.values is None or not labels.values.size or labels.values.max() <= 1
    return kind == "sparse" and labels.shape == output.shape and bool(hot)


def _fix(call: CallFacts, output: TensorFacts, labels: TensorFacts, wanted: tuple[int, ...]) -> Fix:
    """The head or the labels, whichever the shapes point to."""
    assert call.loss is not None
    model, name = call.model, labels.called
    rank_two = len(output.shape) == 2 and len(labels.shape) <= 2
    classes, tokens = output.shape[-1], labels.shape[1:] == (call.sizes.get("seq"),)
    pretrained = next((encoder.pretrained for encoder in model.encoders if encoder.pretrained), None)
    if rank_two and tokens and model.type.endswith("ForSequenceClassification"):
        head = model.type.replace("ForSequenceClassification", "ForTokenClassification")
        code = f"{model.said} = {head}({model.said}.config)  # new weights"
        if pretrained:
            code = f"{model.said} = {head}.from_pretrained({json.dumps(pretrained)}, num_labels={classes})"
        return Fix("Use the head that has one output for each token", code)
    if rank_two and tokens and call.loss.kind in ("sparse", "internal"):
        code = f"{dense(model, classes)}(hidden)  # hidden: the encoder's {states(model)} (batch, seq, hidden)"
        return Fix("Give the model one output for each token", code)
    if call.loss.kind == "internal" and labels.shape == output.shape:
        several = labels.values is not None and labels.values.size and (labels.values.sum(axis=-1) != 1).any()
        if model.framework == "torch" and several:
            return Fix("Give several labels a text as floats", f"{name} = {cast(labels, 'float32')}")
        return Fix("Give class indices", f"{name} = {argmax(labels)}  # {label_shape_text(call, wanted)}")
    if [size for size in labels.shape if size != 1] == [size for size in wanted if size != 1]:
        return Fix("Give the labels the outputs' shape", f"{name} = {reshaped(labels, wanted)}")
    if call.loss.kind in _ELEMENTWISE and rank_two:
        units = labels.shape[1] if len(labels.shape) == 2 else 1
        code = f"{dense(model, units)}  # as the last layer, in place of {classes}"
        if model.type.endswith("ForSequenceClassification"):
            code = f"{model.said}.config.num_labels  # {classes} now, {units} is needed when the model is made"
        return Fix("Give the model one output for each label", code)
    return Fix("Give one label for each output", f"{name}.shape  # {labels.shape} now, {wanted} is needed")
