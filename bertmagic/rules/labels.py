"""Rules on labels, against the outputs and the loss."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.axes import shape_text
from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import rule

_COMPARING = ("categorical", "binary", "regression")


@rule("error")
def labels_shape(call: CallFacts) -> Finding | None:
    """The labels' shape does not fit the outputs' and the loss.

    What it finds: labels that the loss cannot set against the outputs, or that it broadcasts: one label for each token
    where there is one output a row, (batch, 1) against (batch, classes). What Keras aligns itself, (batch,) with
    (batch, 1), is right.

    Why it is bad: it raises from inside the loss, or, broadcast, trains every output towards every row's label.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained(…)   # one output a text
        model.fit(inputs, tags)                                       # one tag a token

    Right:

        model = TFBertForTokenClassification.from_pretrained(…)      # one output a token
        model.fit(inputs, tags)
    """
    if call.loss is None or len(call.labels) != 1:
        return None
    output = _compared_output(call)
    labels = call.labels[0]
    if output is None or not labels.shape or not output.shape:
        return None
    wanted = _fitting_shapes(call.loss.kind, output.shape, labels)
    if wanted is None or labels.shape in wanted:
        return None
    if _another_cause(call, output, labels):
        return None
    sizes = {"batch": labels.shape[0], **{k: v for k, v in call.model.sizes.items() if k in ("labels", "hidden")}}
    ids = next((tensor for tensor in call.inputs if tensor.role == "input_ids" and len(tensor.shape) == 2), None)
    if ids is not None:
        sizes["seq"] = ids.shape[1]
    expected = shape_text(wanted[0], sizes)
    raised = f" {call.error.type} is raised in the loss." if call.error is not None and call.error.where == "loss" else ""
    return Finding(
        "labels-shape",
        "error",
        labels.called,
        f"`{labels.called}` does not fit the outputs",
        f"`{labels.called}` has shape {shape_text(labels.shape, sizes)} where `{output.name}` {shape_text(output.shape, sizes)} "
        f"and {call.loss.name} take {expected}.{raised or ' The loss broadcasts the two, without an error.'}",
        {"labels": list(labels.shape), "outputs": list(output.shape), "expected": [list(shape) for shape in wanted]},
        Fix("Give one label for each output", f"# `{labels.called}` of shape {expected}"),
    )


def expected_labels(call: CallFacts) -> tuple[list[tuple[int, ...]], str, str] | None:
    """The label shapes that fit this call's outputs and loss (the usual one first), their dtype and their values in words."""
    output = _compared_output(call)
    if call.loss is None or output is None or not call.labels or not output.shape:
        return None
    kind = call.loss.kind
    shapes = _fitting_shapes(kind, output.shape, call.labels[0])
    if shapes is None:
        return None
    classes = output.shape[-1]
    if kind == "sparse" or (kind == "internal" and classes > 1):
        return shapes, "integer", f"0 … {classes - 1}" + (", -100 ignored" if kind == "internal" else "")
    if kind == "categorical":
        return shapes, "any", "one-hot rows"
    if kind == "binary":
        return shapes, "any", "0 to 1"
    return shapes, "any", "finite"


def _compared_output(call: CallFacts) -> TensorFacts | None:
    """The output that the loss compares, its batch axis that of the whole batch: logits, else the first."""
    outputs = [output for output in call.outputs if output.name != "loss"]
    named = next((output for output in outputs if output.name == "logits"), None)
    if named is None and len(outputs) != 1 and call.loss is not None and call.loss.kind != "internal":
        return None
    return named or (outputs[0] if outputs else None)


def _fitting_shapes(kind: str, outputs: tuple[int, ...], labels: TensorFacts) -> list[tuple[int, ...]] | None:
    """The shapes of labels that fit, the usual one first; None where this loss's needs are not known.

    Keras aligns ranks that differ by one at a last axis of 1 (tf_keras 2.21, `losses_utils.squeeze_or_expand_dimensions`).
    """
    if kind == "sparse":
        return [outputs[:-1], (*outputs[:-1], 1)]
    if kind in _COMPARING:
        fitting = [outputs]
        if outputs[-1] == 1:
            fitting.append(outputs[:-1])
        fitting.append((*outputs, 1))
        return fitting
    if kind == "internal":
        # transformers' heads compare class indices, or numbers where there is one output (4.53.3, `TFSequence…Loss`).
        return [outputs[:-1], (*outputs[:-1], 1)] + ([outputs] if outputs[-1] == 1 else [])
    return None


def _another_cause(call: CallFacts, output: TensorFacts, labels: TensorFacts) -> bool:
    """Whether the shapes differ for a reason that has a name of its own: another loss, or an output that is not pooled."""
    kind = call.loss.kind if call.loss is not None else "other"
    integer = labels.is_integer or (labels.values is not None and np.equal(np.mod(labels.values, 1), 0).all())
    per_row = labels.shape in ((output.shape[0],), (output.shape[0], 1))
    if len(output.shape) == 3 and per_row:
        return True  # One prediction a token where labels are one a row: the head was not pooled.
    if kind in ("categorical", "binary") and per_row and integer and output.shape[-1] > 1:
        return True  # Class indices: the sparse loss fits these very labels.
    return kind == "sparse" and labels.shape == output.shape  # One-hot rows: the categorical loss fits them.
