"""The rule on the dtype of labels: strings and objects, fractions cut off, integers where the loss needs floats."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import array_of, cast, dense, family, is_finite
from bertmagic.rules.dtype import are_number_objects, are_numbers_in_text, is_text
from bertmagic.rules.labels import compared_output, fitting_shapes
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed, rows_of

_OWN = ("ForSequenceClassification", "ForTokenClassification", "ForMultipleChoice", "ForMaskedLM")


@rule("error")
def labels_dtype(call: CallFacts) -> Finding | None:
    """Labels are strings, or floats that the loss cuts to integers, or integers for a loss that computes with floats.

    What it finds: class names in the labels' place, numbers kept as Python objects, fractions (or NaN) given to a loss
    that takes class indices, and integers where a loss of the user's own raises for them. Whole numbers of any dtype
    are right for class indices, and Keras' own regression losses cast integers.

    Why it is bad: strings raise in a cast (`Cast string to int64 is not supported`). Fractions raise nothing: a sparse
    loss makes class 0 of 0.5.

    Wrong:

        model.fit(inputs, np.array(["negative", "positive"]))

    Right:

        names = ["negative", "positive"]
        model.fit(inputs, np.array([names.index(each) for each in sentiments]))
    """
    if not (call.model.takes is not None or call.loss is not None):
        return None
    for labels in call.labels:
        if labels.values is None or not labels.values.size:
            continue
        found = _not_numbers(call, labels) or _cut(call, labels) or _integers(call, labels)
        if found is not None:
            return found
    return None


def _not_numbers(call: CallFacts, labels: TensorFacts) -> Finding | None:
    values, error = labels.values, call.error
    if values is None or values.dtype.kind not in "OUS" or error is None or error.where == "forward":
        return None
    known_loss = call.loss is not None and call.loss.kind != "other"
    if error.where == "loss" and not known_loss:
        return None  # What a loss of one's own makes of strings is not known.
    if error.where == "data" and call.model.takes is None:
        return None
    name, numeric = labels.called, are_numbers_in_text(values)
    if are_number_objects(values):
        held, how, code = "Python objects", "numbers", f"{name} = {_listed(call, f'float(each) for each in {name}')}"
        if all(float(each).is_integer() for each in values.flat):
            code = f"{name} = {_listed(call, f'int(each) for each in {name}')}"
    elif all(is_text(each) for each in values.flat):
        held, how = "strings", "numbers written out" if numeric else "names"
        code = f"names = sorted(set({name}))\n{name} = {_listed(call, f'names.index(each) for each in {name}')}"
        if numeric:
            code = f"{name} = {_listed(call, f'int(each) for each in {name}')}"
    else:
        return None
    different = len({str(each) for each in values.flat})
    where = " in the loss" if error.where == "loss" else ""
    return Finding(
        "labels-dtype",
        "error",
        name,
        f"`{name}` holds {held}",
        f"`{name}` holds {values.size} {held}, {different} different {how}, where the loss takes numbers. "
        f"{error.type} is raised{where}.",
        {"dtype": labels.dtype, "labels": int(values.size), "different": different},
        Fix("Give each class its index" if how == "names" else "Give the labels as numbers", code),
    )


def _listed(call: CallFacts, items: str) -> str:
    return array_of(call.model, f"[{items}]")


def _cut(call: CallFacts, labels: TensorFacts) -> Finding | None:
    """Fractions and NaN, where the loss takes class indices."""
    values, loss, output = labels.values, call.loss, compared_output(call)
    if values is None or loss is None or loss.kind not in ("sparse", "internal") or len(call.labels) != 1:
        return None
    if output is None or len(output.shape) < 2 or output.shape[-1] < 2 or values.dtype.kind != "f":
        return None
    if loss.kind == "internal" and not (call.model.is_transformers and call.model.type.endswith(_OWN)):
        return None
    if call.model.framework == "torch":
        return _floats_as_indices(call, labels, output)
    if call.error is not None and call.error.where != "loss":
        return None
    if call.error is None and not call.compares:
        return None
    shapes = fitting_shapes(loss.kind, output.shape, call.model.framework) or []
    if labels.shape[1:] not in {shape[1:] for shape in shapes}:
        return None
    bad = ~np.isfinite(values) | (values != np.trunc(values))
    if not bad.any():
        return None
    rows = labels.rows_at(bad)
    shown = sorted({f"{float(value):g}" for value in values[bad]})
    name, finite = labels.called, bool(np.isfinite(values).all())
    then = "it cuts them off to whole numbers, without an error." if finite else "NaN is no class."
    if call.error is not None:
        then = f"{call.error.type} is raised in the loss."
    code = f"{dense(call.model, 1)}  # as the head, with loss='mse'"
    fix = Fix("Train on numbers with a loss for numbers", code)
    if call.model.type.endswith("ForSequenceClassification"):
        code = f"{call.model.said}.config.num_labels  # {output.shape[-1]} now, 1 is needed, with the model's own loss"
        fix = Fix("Make the model a regression", code)
    if not finite:
        fix = Fix("Keep the rows that have a label", f"kept = {is_finite(labels)}  # of the inputs and of the labels")
    return Finding(
        "labels-dtype",
        "error",
        name,
        f"`{name}` holds {'fractions' if finite else 'NaN or infinity'}, and {loss.name} takes class indices",
        f"`{name}` ({labels.dtype}) holds {listed(shown)} in {rows_of(rows)}; `{output.name}` has {output.shape[-1]} "
        f"outputs, and {loss.name} takes class indices for them: {then}",
        {"dtype": labels.dtype, "values": shown[:20], "rows": rows, "outputs": output.shape[-1]},
        fix,
    )


def _floats_as_indices(call: CallFacts, labels: TensorFacts, output: TensorFacts) -> Finding | None:
    """Floats, one for each row of outputs, where PyTorch's cross-entropy takes class indices, and raises.

    Of floats in the outputs' shape it makes shares of each class, and transformers' models several labels a text: those
    are right, and one float a row is taken for them too (transformers 5.23, `loss/loss_utils.py`).
    """
    values, loss, error = labels.values, call.loss, call.error
    if values is None or loss is None or error is None or error.where != "loss":
        return None
    if labels.shape not in (output.shape[:-1], (*output.shape[:-1], 1)):
        return None
    if loss.kind == "internal" and call.model.problem is not None:
        return None
    name, whole = labels.called, bool(np.isfinite(values).all() and (values == np.trunc(values)).all())
    fix = Fix("Give the class indices as integers", f"{name} = {cast(labels, 'int64')}")
    if not whole:
        fix = Fix("Train on numbers with a loss for numbers", f"{dense(call.model, 1)}  # as the head, with MSELoss")
    if not np.isfinite(values).all():
        fix = Fix("Keep the rows that have a label", f"kept = {is_finite(labels)}  # of the inputs and of the labels")
    shown = sorted({f"{float(value):g}" for value in values.flat})
    return Finding(
        "labels-dtype",
        "error",
        name,
        f"`{name}` holds floats, and {loss.name} takes class indices",
        f"`{name}` ({labels.dtype}) holds {listed(shown)}; `{output.name}` has {output.shape[-1]} outputs, and "
        f"{loss.name} takes integers for them, one a row. {error.type} is raised in the loss.",
        {"dtype": labels.dtype, "values": shown[:20]},
        fix,
    )


def _integers(call: CallFacts, labels: TensorFacts) -> Finding | None:
    """Integers of the outputs' shape, where a loss of the user's own raises for their dtype.

    Keras casts labels to the outputs' dtype for its own losses, and for others only between dtypes of one kind
    (tf_keras 2.21, `compile_utils.match_dtype_and_rank`). PyTorch's binary cross-entropy takes floats alone (2.13).
    """
    error, output = call.error, compared_output(call)
    if error is None or error.where != "loss" or call.loss is None or output is None:
        return None
    kinds = ("other", "regression", *(("binary", "internal") if call.model.framework == "torch" else ()))
    if call.loss.kind not in kinds or not labels.is_integer or not output.dtype.startswith("float"):
        return None
    same = labels.shape == output.shape or (output.shape[-1:] == (1,) and labels.shape == output.shape[:-1])
    # Two dtypes that an operation cannot bring together are named in what it raises.
    if not same or not _names_both(error.text, labels.dtype):
        return None
    name = labels.called
    code = f"{name} = {cast(labels, 'float32')}" if family(labels) in ("tensorflow", "torch") else ""
    return Finding(
        "labels-dtype",
        "error",
        name,
        f"`{name}` holds integers, and `{call.loss.name}` computes with floats",
        f"`{name}` has dtype {labels.dtype} and `{output.name}` has {output.dtype}; {call.loss.name} sets the one "
        f"against the other as they are. {error.type} is raised in the loss.",
        {"dtype": labels.dtype, "dtype of the outputs": output.dtype},
        Fix("Give the labels as floats", code or f'{name} = np.asarray({name}).astype("float32")'),
    )


def _names_both(text: str, dtype: str) -> bool:
    """Whether an error names the labels' dtype and a float; PyTorch calls 64 bits Long, and 32 Int."""
    torch = {"int64": "Long", "int32": "Int"}.get(dtype, dtype)
    return (dtype in text and "float" in text) or (torch in text and "Float" in text)
