"""Rules on labels and the loss together: which classes there are, and which loss is for such labels."""

from __future__ import annotations

import json

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.facts.loss import LossKind
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import dense, loss, replaced, with_loss
from bertmagic.rules.labels import compared_output, fitting_shapes, label_shape_text
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed, rows_of

# transformers' heads whose own loss leaves -100 out (transformers 4.53.3, `modeling_tf_utils.py`).
_IGNORES = ("ForTokenClassification", "ForMaskedLM", "ForPreTraining", "LMHeadModel", "ForNextSentencePrediction")
# Those whose own loss takes every label for a class.
_EVERY = ("ForSequenceClassification", "ForMultipleChoice")
IGNORED = -100
# So many labels of one batch, 0 and 1 both, tell that there are no others where the data cannot be read as a whole:
# of three classes that come as often, by chance in one batch of 650.
_ENOUGH = 16


@rule("error")
def labels_out_of_range(call: CallFacts) -> Finding | None:
    """A class index is negative, or not below the number of outputs.

    What it finds: labels that a sparse loss cannot look up: 2 where the model has 2 outputs (0 and 1), -1 for "none".
    The -100 that transformers' own losses over tokens leave out is right there, and so is a loss's `ignore_class`.

    Why it is bad: on a CPU the loss raises (`outside the valid range`, `Target 2 is out of bounds`). On a GPU
    TensorFlow gives NaN for such a label, without an error, and the weights are NaN after one step; PyTorch's device
    assert ends the kernel. On JAX such a row adds nothing to the loss, without an error.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint)   # 2 outputs
        model.fit(inputs, [0, 1, 2])

    Right:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint, num_labels=3)
        model.fit(inputs, [0, 1, 2])
    """
    compared = _class_indices(call)
    if compared is None:
        return None
    output, labels, values = compared
    classes = output.shape[-1]
    ignored = _ignored(call)
    if ignored is None:
        return None
    bad = ((values < 0) | (values >= classes)) & ~np.isin(values, ignored)
    if not bad.any():
        return None
    assert call.loss is not None
    rows = labels.rows_at(bad)
    # A loss that has met such a label, and is a number all the same, does something of its own with it.
    met = call.error is None and bool(set(rows) & set(call.rows_run))
    silent = call.model.compute == "jax"
    computed = call.loss.value is not None and np.isfinite(call.loss.value)
    if met and call.loss.kind == "sparse" and computed and not silent:
        return None
    found = sorted({int(value) for value in values[bad]})
    noun = "label" if len(found) == 1 else "labels"
    if call.error is not None:
        then = f"{call.error.type} is raised in the loss."
    elif call.model.compute == "jax":
        then = "On JAX they are no class to the loss, and these rows add nothing to it, without an error."
    elif call.model.compute == "torch":
        then = "The loss raises IndexError for them on a CPU; on a GPU a device assert ends the CUDA context."
    elif call.loss.kind == "internal":
        then = "The loss takes them for another class, or gives NaN, without an error on a GPU."
    else:
        then = "The loss raises for them on a CPU, and gives NaN on a GPU without an error."
    return Finding(
        "labels-out-of-range",
        "error",
        labels.called,
        f"`{labels.called}` holds classes that the model has no output for",
        f"`{labels.called}` holds the {noun} {listed(found)} in {rows_of(rows)}; `{output.name}` has {classes} "
        f"{'output' if classes == 1 else 'outputs'} along its last axis, for labels 0 to {classes - 1}. {then}",
        {
            "labels": found[:20],
            "rows": rows,
            "places": labels.places_at(bad),
            "outputs": classes,
            "source": f"the last axis of `{output.name}`, {output.shape}",
        },
        _range_fix(call, labels, values, found, classes),
    )


def compared_by_loss(call: CallFacts) -> tuple[TensorFacts, TensorFacts, np.ndarray] | None:
    """The output, the labels and their values (numbers) where the loss is known to have compared them, else None.

    A training step of the user's own may change labels before any loss sees them: then no loss was computed here.
    """
    if call.loss is None or len(call.labels) != 1:
        return None
    if call.error is not None and call.error.where != "loss":
        return None
    if call.error is None and not call.compares:
        return None
    output, labels = compared_output(call), call.labels[0]
    if output is None or len(output.shape) < 2 or labels.values is None or not labels.values.size:
        return None
    if labels.values.dtype.kind not in "biuf" or not labels.values.shape:
        return None
    return output, labels, labels.values


def _class_indices(call: CallFacts) -> tuple[TensorFacts, TensorFacts, np.ndarray] | None:
    """As `compared_by_loss`, where the loss takes the labels for class indices and their shape is right for that."""
    compared = compared_by_loss(call)
    if compared is None or call.loss is None or call.loss.kind not in ("sparse", "internal"):
        return None
    output, labels, values = compared
    if call.loss.kind == "internal" and output.shape[-1] < 2:
        return None  # One output: transformers' own loss is a regression.
    shapes = fitting_shapes(call.loss.kind, output.shape, call.model.framework) or []
    if call.model.framework == "torch":
        # What a loop flattens before its loss sees it is told by what the model gives and is given.
        shapes = [output.shape[:-1], (*output.shape[:-1], 1)]
        if not labels.is_integer:
            return None  # shares of each class, or several labels a text
    # The validation data's rows may be others than those of the outputs.
    if labels.shape[1:] not in {shape[1:] for shape in shapes}:
        return None
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        return None
    return output, labels, values


def _ignored(call: CallFacts) -> list[int] | None:
    """The labels that the loss leaves out; None where that is not known."""
    assert call.loss is not None
    if call.model.framework == "torch":
        # `ignore_index` of its cross-entropy, which transformers' losses go by too (2.13; 5.23, `loss/loss_utils.py`).
        ignored = IGNORED if call.loss.ignored is None else call.loss.ignored
        own = call.model.is_transformers and call.model.type.endswith((*_IGNORES, *_EVERY))
        return [ignored] if call.loss.kind == "sparse" or own else None
    if call.loss.kind == "sparse":
        # Keras' cross-entropy on PyTorch leaves out what PyTorch's does (3.15.1, `backend/torch/nn.py`).
        torch = [IGNORED] if call.model.compute == "torch" else []
        return torch if call.loss.ignored is None else [call.loss.ignored, *torch]
    if call.model.is_transformers and call.model.type.endswith(_IGNORES):
        return [IGNORED]
    return [] if call.model.is_transformers and call.model.type.endswith(_EVERY) else None


def _range_fix(call: CallFacts, labels: TensorFacts, values: np.ndarray, found: list[int], classes: int) -> Fix:
    assert call.loss is not None
    name, model = labels.called, call.model
    if found[0] < 0:
        if call.loss.kind == "internal" and _ignored(call):
            code = f"{name} = {replaced(labels, f'{name} < 0', IGNORED)}"
            return Fix(f"Mark what the loss is to leave out with {IGNORED}", code)
        kept = len(found) == 1 and call.loss.kind == "sparse"
        if kept:
            code = loss(model, "sparse", from_logits=bool(call.loss.from_logits), ignored=found[0])
            if model.framework == "tf-keras" and not call.loss.from_logits:
                code = code.replace("(", "(from_logits=False, ", 1)
            return Fix(f"Tell the loss to leave {found[0]} out", code)
        return Fix("Keep the rows that have a class", f"kept = {name} >= 0  # of the inputs and of the labels")
    # Counted from 1: the number of classes is right, and their first index is not.
    if int(values.min()) == 1 and int(values.max()) == classes and classes > 1:
        return Fix("Count the classes from 0", f"{name} = {name} - 1")
    wanted = int(values.max()) + 1
    pretrained = next((encoder.pretrained for encoder in model.encoders if encoder.pretrained), None)
    if model.is_transformers and "For" in model.type:
        code = f"{model.said}.config.num_labels  # {classes} now, {wanted} is needed when the model is made"
        if pretrained:
            code = f"{model.said} = {model.type}.from_pretrained({json.dumps(pretrained)}, num_labels={wanted})"
        return Fix("Give the model one output for each class", code)
    code = f"{dense(model, wanted)}  # as the last layer, in place of {classes}"
    if model.preprocesses is not None:
        code = f"{model.said} = {model.type}.from_preset(preset, num_classes={wanted})  # {classes} now"
    return Fix("Give the model one output for each class", code)


@rule("error")
def loss_mismatch(call: CallFacts) -> Finding | None:
    """The loss is not for this kind of label: another loss would fit the very same labels and outputs.

    What it finds: class indices (0, 1, 2) with a categorical or binary loss over several outputs, one-hot rows with a
    sparse loss, 0/1 labels and a single output with a sparse or categorical loss.

    Why it is bad: the loss raises about shapes that are not at fault, or, as binary cross-entropy does, sets one class
    index against every output, or, with a single output, is 0 whatever the model says.

    Wrong:

        model.compile("adam", loss="categorical_crossentropy")
        model.fit(inputs, [0, 1, 2])

    Right:

        model.compile("adam", loss="sparse_categorical_crossentropy")
        model.fit(inputs, [0, 1, 2])
    """
    compared = compared_by_loss(call)
    if compared is None:
        return None
    output, labels, values = compared
    assert call.loss is not None
    found = _fitting_loss(call, output, labels, values)
    if found is None:
        return None
    fits, holds = found
    shown = label_shape_text(call, labels.shape)
    outputs = f"{output.shape[-1]} {'output' if output.shape[-1] == 1 else 'outputs'}"
    if call.error is not None:
        then = f"{call.error.type} is raised in the loss."
    elif output.shape[-1] == 1:
        then = "Over a single output that loss is the same whatever the model says."
    else:
        then = "The loss sets each class index against every output, without an error."
    return Finding(
        "loss-mismatch",
        "error",
        call.loss.name,
        f"`{call.loss.name}` is not the loss for these labels",
        f"`{labels.called}`, {shown}, holds {holds}, and `{output.name}` has {outputs}; {call.loss.name} takes "
        f"{_TAKES[call.loss.kind]}, and {fits} fits. {then}",
        {
            "shape of the labels": str(labels.shape),
            "values of the labels": sorted({float(value) for value in values.flat})[:5],
            "shape of the outputs": str(output.shape),
            "the loss that fits": fits,
        },
        _loss_fix(call, fits),
    )


_TAKES = {"sparse": "class indices over several outputs", "categorical": "one-hot rows", "binary": "0 or 1 an output"}


def _fitting_loss(
    call: CallFacts, output: TensorFacts, labels: TensorFacts, values: np.ndarray
) -> tuple[str, str] | None:
    """The loss that fits, and what the labels hold, in words; None where the compiled loss may be meant."""
    assert call.loss is not None
    kind, classes = call.loss.kind, output.shape[-1]
    inner = labels.shape[1:]
    per_output = inner in (output.shape[1:-1], (*output.shape[1:-1], 1))
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        return None
    if classes == 1:
        single = bool(np.isin(values, (0, 1)).all()) and len(output.shape) == 2 and per_output
        if kind in ("sparse", "categorical") and single and call.loss.ignored is None:
            return "binary_crossentropy", "0 and 1"
        return None
    indices = per_output and bool(((values >= 0) & (values < classes)).all())
    if kind == "categorical" and indices and call.error is not None:
        return "sparse_categorical_crossentropy", f"class indices {int(values.min())} … {int(values.max())}"
    if kind == "binary" and indices and len(output.shape) == 2:
        return "sparse_categorical_crossentropy", f"class indices {int(values.min())} … {int(values.max())}"
    hot = inner == output.shape[1:] and bool(np.isin(values, (0, 1)).all() and (values.sum(axis=-1) == 1).all())
    if kind == "sparse" and hot and call.error is not None:
        return "categorical_crossentropy", "one-hot rows"
    return None


def _loss_fix(call: CallFacts, fits: str) -> Fix:
    """The compile line with the loss that fits, written as the user wrote the other one."""
    assert call.loss is not None
    flag = call.loss.from_logits
    if call.model.framework == "torch":
        code = with_loss(call.model, loss(call.model, _KINDS[fits]))
        return Fix("Take the loss that fits", code)
    by_string = "_" in call.loss.name and not flag
    code = f'"{fits}"' if by_string else loss(call.model, _KINDS[fits], from_logits=bool(flag))
    return Fix("Compile with the loss that fits", with_loss(call.model, code))


_KINDS: dict[str, LossKind] = {
    "sparse_categorical_crossentropy": "sparse",
    "categorical_crossentropy": "categorical",
    "binary_crossentropy": "binary",
}


@rule("warning")
def regression_head_for_classes(call: CallFacts) -> Finding | None:
    """`num_labels=1` with class labels: transformers' own loss trains a regression.

    What it finds: a transformers sequence classifier of one output, trained by its own loss on integer labels that are
    0 and 1, in all of the training data; and a Keras model of one output, trained by the loss of a regression, of whose
    predictions the cell takes the argmax along that one column. Ratings, other whole numbers and floats are what a
    regression is for, and a config whose `problem_type` is "regression" asks for one.

    Why it is bad: nothing is raised. With one output the loss is the squared error, the output is a number without
    bounds and no logit, and a threshold on its sigmoid has no meaning.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint, num_labels=1)
        model.fit(inputs, np.array([0, 1, 1]))

    Right:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint, num_labels=2)
        model.fit(inputs, np.array([0, 1, 1]))
    """
    compared = compared_by_loss(call)
    if compared is None or call.loss is None or not _trains(call):
        return None
    output, labels, values = compared
    model = call.model
    if call.loss.kind == "regression" and model.argmaxed:
        return _argmax_of_one(call, output, labels, values)
    if call.loss.kind != "internal":
        return None
    if not (model.is_transformers and model.type.endswith("ForSequenceClassification")):
        return None
    if len(output.shape) != 2 or output.shape[-1] != 1 or labels.shape not in ((call.rows_of,), (call.rows_of, 1)):
        return None
    # Numbers that are meant as such are floats, or reach beyond 0 and 1, be it in a later batch.
    if model.problem == "regression" or values.dtype.kind not in "biu" or not np.isin(values, (0, 1)).all():
        return None
    span = call.state.label_span if call.state is not None else None
    if span is None and (values.size < _ENOUGH or not 0 < int(values.sum()) < values.size):
        return None
    if span is not None and span != (0, 1):
        return None
    where = f"in {values.size} rows" if 0 < int(values.sum()) < values.size else "in the whole of the training data"
    pretrained = next((encoder.pretrained for encoder in model.encoders if encoder.pretrained), None)
    code = f"{model.said}.config.num_labels  # 1 now, 2 is needed when the model is made"
    if pretrained:
        code = f"{model.said} = {model.type}.from_pretrained({json.dumps(pretrained)}, num_labels=2)"
    return Finding(
        "regression-head-for-classes",
        "warning",
        model.said,
        f"`{model.said}` has one output, and `{labels.called}` holds classes",
        f"`{labels.called}` holds the integers 0 and 1 {where}, and `{output.name}` has 1 output: the model's own loss "
        "is then the squared error of a regression.",
        {"labels": [0, 1], "dtype": labels.dtype, "shape of the outputs": str(output.shape)},
        Fix("Give the model one output for each class", code),
    )


def _argmax_of_one(call: CallFacts, output: TensorFacts, labels: TensorFacts, values: np.ndarray) -> Finding | None:
    """A regression whose one column is read by argmax, which is 0 whatever the model says."""
    model, found = call.model, sorted({float(value) for value in values.flat})
    if output.shape[1:] != (1,) or labels.shape not in ((call.rows_of,), (call.rows_of, 1)):
        return None
    if len(found) < 2 or found[0] < 0 or any(value != int(value) for value in found):
        return None
    assert call.loss is not None
    wanted = int(found[-1]) + 1
    code = f"{dense(model, wanted)}  # as the last layer, in place of 1"
    if model.preprocesses is not None:
        code = f"{model.said} = {model.type}.from_preset(preset, num_classes={wanted})  # 1 now"
    if model.framework != "torch":
        code = f"{code}\n{with_loss(model, loss(model, 'sparse', from_logits=model.preprocesses is not None))}"
    shown = listed([str(int(value)) for value in found], 4)
    return Finding(
        "regression-head-for-classes",
        "warning",
        model.said,
        f"`{model.said}` has one output, and its class is read by argmax",
        f"`{labels.called}` holds {shown}, and `{output.name}` has 1 output, which {call.loss.name} trains as a number."
        f" The cell takes the argmax of what `{model.said}` predicts along that one column: it is 0 for every row.",
        {"labels": found[:20], "dtype": labels.dtype, "shape of the outputs": str(output.shape)},
        Fix("Give the model one output for each class", code),
    )


def _trains(call: CallFacts) -> bool:
    """Whether the call trains: `fit`, or in a loop of one's own a call whose gradient is taken."""
    looped = call.model.framework == "torch" and call.kind in ("call", "train_on_batch")
    return call.kind == "fit" or (looped and (call.watched or (call.state is not None and call.state.for_training)))
