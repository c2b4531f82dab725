"""Rules on what comes out of the model, against the labels and the loss."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import dense, loss, states, with_loss
from bertmagic.rules.labels import compared_output
from bertmagic.rules.registry import rule
from bertmagic.rules.targets import compared_by_loss
from bertmagic.rules.words import rows_of

# Below zero by less than this is rounding, as of a softmax in half precision.
_ROUNDING = 1e-3


@rule("warning")
def logits_flag_mismatch(call: CallFacts) -> Finding | None:
    """Logits reach a loss that takes probabilities, or probabilities one that takes logits.

    What it finds: outputs below 0, or above 1 where each is a probability of its own, with a cross-entropy whose
    `from_logits` is False; rows that are not negative and sum to 1 with a cross-entropy that takes logits. Keras on
    TensorFlow recovers the logits of its own softmax and sigmoid: those are right; on JAX and PyTorch it does not.
    Scores that are not negative are right too, which the loss divides by their sum.

    Why it is bad: the loss cuts the outputs off at 0 and 1 and takes the logarithm of what is left. Nothing is raised,
    and where an output was cut off no gradient flows. Of probabilities taken for logits it makes nearly equal ones, and
    even a perfect prediction keeps a loss.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint)   # its outputs are logits
        model.compile(optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy())

    Right:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint)
        model.compile(optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    """
    given = call.loss
    if compared_by_loss(call) is None or given is None or call.error is not None:
        return None
    if given.from_logits is True:
        return _probabilities(call)
    if given.from_logits is not False:
        return None
    output = compared_output(call)
    if output is None or output.values is None or output.values.dtype.kind != "f" or not output.values.size:
        return None
    values = output.values.astype("float64")
    if not np.isfinite(values).all():
        return None
    bad = values < -_ROUNDING
    if given.kind == "binary":
        bad |= values > 1 + _ROUNDING
    by_sum = False
    if not bad.any() and _gives_logits(call, output) and given.kind in ("sparse", "categorical"):
        # transformers' own classifiers end in a Dense without activation: only by chance is such a row in 0 to 1.
        bad = np.abs(values.sum(axis=-1) - 1) > 0.01
        by_sum = True
    if not bad.any() or given.kind not in ("sparse", "categorical", "binary"):
        return None
    low, high = float(values.min()), float(values.max())
    rows = output.rows_at(bad)
    beyond = f"beyond 0 to 1 in {rows_of(rows)}"
    if by_sum:
        beyond = f"and does not sum to 1 in {rows_of(rows)}: {call.model.type} gives logits"
    cuts = "" if by_sum else ": it cuts them off at 0 and 1 as probabilities"
    return Finding(
        "logits-flag-mismatch",
        "warning",
        given.name,
        f"`{given.name}` takes probabilities, and `{output.name}` is logits",
        f"`{output.name}` is {low:.3g} … {high:.3g} in the rows that were run, {beyond}, and "
        f"{_flag(call, given.name, False)}{cuts}.",
        {"lowest": low, "highest": high, "rows": rows, "from_logits": False, "loss": given.value},
        Fix("Tell the loss that it gets logits", with_loss(call.model, loss(call.model, given.kind, from_logits=True))),
    )


def _flag(call: CallFacts, name: str, wanted: bool) -> str:
    """What a loss is told to take; PyTorch's have no flag, and each takes the one or the other."""
    if call.model.framework == "torch":
        return f"{name} takes {'logits' if wanted else 'probabilities'}"
    return f"`from_logits` of {name} is {wanted}"


def _probabilities(call: CallFacts) -> Finding | None:
    """Rows of probabilities, with a loss over classes that takes logits and does not recover them."""
    given, output = call.loss, compared_output(call)
    if given is not None and given.made_by in ("softmax", "sigmoid") and output is not None:
        return _activated(call, output, given.name, given.made_by)
    # Keras on TensorFlow goes back to what its own softmax was given (keras 3.15.1, `backend/tensorflow/nn.py`,
    # `_get_logits`; tf_keras 2.21, `backend.py`): what comes out does not tell.
    if given is None or given.kind not in ("sparse", "categorical") or call.model.compute == "tensorflow":
        return None
    if output is None or output.values is None or output.values.dtype.kind != "f" or output.shape[-1] < 2:
        return None
    values = output.values.astype("float64")
    if not values.size or not np.isfinite(values).all() or (values < 0).any():
        return None
    # To six digits, which no row of logits comes to by chance; half precision has three.
    off = np.abs(values.sum(axis=-1) - 1)
    if off.max() > (1e-5 if output.values.dtype.itemsize > 2 else 1e-2) or values.max(initial=0.0) > 1:
        return None
    if call.model.framework == "torch" and not _took_as_logits(call, values):
        return None  # A loop may take the logarithm of them before its loss sees them.
    rows = sorted({output.row_index(row) for row in range(len(values))})
    shown = f"{float(values.min()):.3g} … {float(values.max()):.3g}"
    backend = {"jax": "Keras on JAX", "torch": "Keras on PyTorch"}[call.model.compute]
    recovered = "" if call.model.framework == "torch" else f"; {backend} does not recover the logits of a softmax"
    classes = output.shape[-1]
    least = float(np.log(np.e + classes - 1) - 1)
    code = with_loss(call.model, loss(call.model, given.kind))
    if call.model.framework == "torch":
        code = f"loss = {loss(call.model, given.kind)}(logits, labels)  # logits: what the softmax is given"
    return Finding(
        "logits-flag-mismatch",
        "warning",
        given.name,
        f"`{given.name}` takes logits, and `{output.name}` is probabilities",
        f"`{output.name}` is {shown} in the rows that were run, and sums to 1 in each of them; "
        f"{_flag(call, given.name, True)}{recovered}. As logits, {classes} probabilities leave a loss of {least:.2g} "
        "or more, however sure the model is.",
        {"rows": rows, "from_logits": True, "least loss": least, "loss": given.value},
        Fix("Give the loss the logits" if call.model.framework == "torch" else "Tell the loss what it gets", code),
    )


def _activated(call: CallFacts, output: TensorFacts, name: str, made_by: str) -> Finding:
    """Outputs of an activation, as the graph behind them tells, with a loss that applies its own."""
    return Finding(
        "logits-flag-mismatch",
        "warning",
        name,
        f"`{name}` takes logits, and `{output.name}` has gone through a {made_by}",
        f"`{output.name}` is what a {made_by} gives, 0 to 1; {_flag(call, name, True)}, and applies an activation of "
        "its own to them: a perfect prediction keeps a loss, and the gradients are small. Nothing is raised.",
        {"activation": made_by, "from_logits": True},
        Fix("Give the loss the logits", f"loss = {name}(logits, labels)  # logits: what the {made_by} is given"),
    )


def _took_as_logits(call: CallFacts, values: np.ndarray) -> bool:
    """Whether the loss that was computed is that of these very outputs (rows run, …, classes), as logits."""
    labels, given = call.labels[0], call.loss
    if labels.values is None or given is None or given.value is None or not labels.is_integer:
        return False
    chosen = labels.values[list(call.rows_run)] if labels.rows is None and call.rows_run else labels.values
    if chosen.size != values[..., 0].size:
        return False
    flat, wanted = values.reshape(-1, values.shape[-1]), chosen.reshape(-1)
    kept = (wanted >= 0) & (wanted < flat.shape[-1])
    if not kept.any():
        return False
    losses = np.log(np.exp(flat[kept]).sum(axis=-1)) - flat[kept, wanted[kept]]
    return bool(np.isclose(losses.mean(), given.value, rtol=1e-3))


def _gives_logits(call: CallFacts, output: TensorFacts) -> bool:
    """Whether the output is a transformers classifier's own (4.53.3: a Dense without activation gives `logits`)."""
    own = call.model.is_transformers and call.model.type.endswith("Classification")
    return own and call.model.takes is not None and output.name == "logits"


@rule("error")
def outputs_not_finite(call: CallFacts) -> Finding | None:
    """NaN or infinity comes out of the dry pass.

    What it finds: outputs that a loss compares or a prediction returns which are not finite, from inputs that are.

    Why it is bad: a loss of NaN makes every weight NaN in one step. Weights that hold NaN already, from a step before,
    give it too.

    Wrong:

        output = tf.math.log(tf.keras.layers.Dense(2, activation="relu")(pooled))   # log of 0

    Right:

        output = tf.keras.layers.Dense(2)(pooled)
    """
    if call.error is not None or not call.outputs:
        return None
    if any(not _finite(tensor) for tensor in call.inputs):
        return None
    for output in call.outputs:
        values = output.values
        # Infinity alone may be meant: logits of what a model rules out are set to it. The loss of a few rows may have
        # no label to be taken over.
        if (
            output.name == "loss"
            or values is None
            or values.dtype.kind != "f"
            or not values.size
            or not np.isnan(values).any()
            or _at_padding(call, output)
        ):
            continue
        wrong = np.isnan(values)
        rows = output.rows_at(wrong) if values.ndim else []
        where = f" in {rows_of(rows)}" if rows else ""
        return Finding(
            "outputs-not-finite",
            "error",
            output.name,
            f"`{output.name}` is NaN",
            f"{int(wrong.sum())} of the {values.size} values of `{output.name}` that were computed are NaN{where}; the "
            "inputs are finite.",
            {"not a number": int(wrong.sum()), "of": int(values.size), "rows": rows},
            Fix("Look for weights that are NaN already", _weights_of_nan(call)),
        )
    return None


def _at_padding(call: CallFacts, output: TensorFacts) -> bool:
    """Whether an output of the tokens is NaN at padding alone."""
    values = output.values
    assert values is not None
    for encoder_call in call.encoder_calls:
        found = call.padding(encoder_call)
        if found is None or values.ndim < 2:
            continue
        ids, padding = found
        if output.rows is not None and ids.rows is None:
            padding = padding[list(output.rows)]
        if values.shape[:2] == padding.shape:
            return not np.isnan(values[~padding]).any()
    return False


def _weights_of_nan(call: CallFacts) -> str:
    said = call.model.said
    if call.model.framework == "torch":
        return f"[name for name, weight in {said}.named_parameters() if weight.isnan().any()]"
    if call.model.framework == "keras":
        found = "np.isnan(keras.ops.convert_to_numpy(weight)).any()"
        return f"[weight.path for weight in {said}.weights if {found}]"
    return f"[weight.name for weight in {said}.weights if np.isnan(weight.numpy()).any()]"


def _finite(tensor: TensorFacts) -> bool:
    """Whether a floating-point tensor is finite throughout (others are)."""
    values = tensor.values
    return values is None or values.dtype.kind != "f" or bool(np.isfinite(values).all())


@rule("warning")
def sequence_output_unpooled(call: CallFacts) -> Finding | None:
    """A head on (batch, sequence, hidden): one prediction per token where labels are one per row.

    What it finds: outputs of three axes whose middle one is the tokens', with labels of one a row.

    Why it is bad: the loss raises, or broadcasts each row's label over its tokens; a prediction then has one answer a
    token and none a text.

    Wrong:

        hidden = bert(ids).last_hidden_state            # (batch, sequence, hidden)
        output = tf.keras.layers.Dense(1)(hidden)       # (batch, sequence, 1)

    Right:

        hidden = bert(ids).last_hidden_state
        output = tf.keras.layers.Dense(1)(hidden[:, 0])   # [CLS]: (batch, 1)
    """
    if call.loss is None or call.loss.kind not in ("sparse", "categorical", "binary", "regression", "internal"):
        return None
    tagger = call.model.is_transformers and call.model.type.endswith("ForTokenClassification")
    if call.loss.kind == "internal" and not (call.model.framework == "torch" and call.error is not None and tagger):
        return None
    compared = compared_by_loss(call)
    if compared is None or len(call.outputs) != 1:
        return None
    output, labels, _ = compared
    length = call.sizes.get("seq")
    if len(output.shape) != 3 or length is None or output.shape[1] != length or length < 2:
        return None
    rows, units = output.shape[0], output.shape[2]
    one_a_row = labels.shape in ((rows,), (rows, 1)) and rows > 0
    if call.loss.kind in ("categorical", "binary") and units > 1:
        one_a_row = one_a_row or labels.shape == (rows, units)
    # (batch, seq) of another meaning, and labels that happen to be laid out like it, are not one a row.
    if not one_a_row or labels.shape == output.shape[:2]:
        return None
    found = f"(batch={rows}, seq={length}, {'outputs' if units != call.sizes.get('hidden') else 'hidden'}={units})"
    raises = call.error is not None
    then = f"{call.error.type} is raised in the loss." if call.error is not None else "The loss broadcasts them."
    shape = ", ".join(map(str, labels.shape)) + ("," if len(labels.shape) == 1 else "")
    return Finding(
        "sequence-output-unpooled",
        "error" if raises else "warning",
        output.name,
        f"`{output.name}` has one prediction a token, and the labels are one a text",
        f"`{output.name}` has shape {found}, and `{labels.called}` has shape ({shape}): {length} predictions for each "
        f"label. {then}",
        {"shape of the outputs": str(output.shape), "shape of the labels": str(labels.shape)},
        Fix(
            "Take one vector a text, here that of [CLS], before the head",
            f"{dense(call.model, units)}(hidden[:, 0])  # hidden: the encoder's {states(call.model)}",
        ),
    )
