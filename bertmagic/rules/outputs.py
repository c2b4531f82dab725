"""Rules on what comes out of the model, against the labels and the loss."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.labels import compared_output
from bertmagic.rules.registry import rule
from bertmagic.rules.targets import compared_by_loss
from bertmagic.rules.words import rows_of

# Below zero by less than this is rounding, as of a softmax in half precision.
_ROUNDING = 1e-3


@rule("warning")
def logits_flag_mismatch(call: CallFacts) -> Finding | None:
    """Logits reach a loss that takes probabilities.

    What it finds: outputs below 0, or above 1 where each is a probability of its own, with a cross-entropy whose
    `from_logits` is False. Keras on TensorFlow recovers the logits of its own softmax and sigmoid: those are right, and
    so are scores that are not negative, which the loss divides by their sum.

    Why it is bad: the loss cuts the outputs off at 0 and 1 and takes the logarithm of what is left. Nothing is raised,
    and where an output was cut off no gradient flows.

    Wrong:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint)   # its outputs are logits
        model.compile(optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy())

    Right:

        model = TFBertForSequenceClassification.from_pretrained(checkpoint)
        model.compile(optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    """
    loss = call.loss
    if compared_by_loss(call) is None or loss is None or loss.from_logits is not False or call.error is not None:
        return None
    output = compared_output(call)
    if output is None or output.values is None or output.values.dtype.kind != "f" or not output.values.size:
        return None
    values = output.values.astype("float64")
    if not np.isfinite(values).all():
        return None
    bad = values < -_ROUNDING
    if loss.kind == "binary":
        bad |= values > 1 + _ROUNDING
    by_sum = False
    if not bad.any() and _gives_logits(call, output) and loss.kind in ("sparse", "categorical"):
        # transformers' own classifiers end in a Dense without activation: only by chance is such a row in 0 to 1.
        bad = np.abs(values.sum(axis=-1) - 1) > 0.01
        by_sum = True
    if not bad.any() or loss.kind not in ("sparse", "categorical", "binary"):
        return None
    low, high = float(values.min()), float(values.max())
    rows = sorted({output.row_index(int(place[0])) for place in np.argwhere(bad)})
    named = {
        "sparse": "SparseCategoricalCrossentropy",
        "categorical": "CategoricalCrossentropy",
        "binary": "BinaryCrossentropy",
    }[loss.kind]
    said = call.model.said
    beyond = f"beyond 0 to 1 in {rows_of(rows)}"
    if by_sum:
        beyond = f"and does not sum to 1 in {rows_of(rows)}: {call.model.type} gives logits"
    cuts = "" if by_sum else ": it cuts them off at 0 and 1 as probabilities"
    return Finding(
        "logits-flag-mismatch",
        "warning",
        loss.name,
        f"`{loss.name}` takes probabilities, and `{output.name}` is logits",
        f"`{output.name}` is {low:.3g} … {high:.3g} in the rows that were run, {beyond}, and "
        f"`from_logits` of {loss.name} is False{cuts}.",
        {"lowest": low, "highest": high, "rows": rows, "from_logits": False, "loss": loss.value},
        Fix(
            "Tell the loss that it gets logits",
            f"{said}.compile(optimizer={said}.optimizer, loss=tf.keras.losses.{named}(from_logits=True))",
        ),
    )


def _gives_logits(call: CallFacts, output: TensorFacts) -> bool:
    """Whether the output is a transformers classifier's own (4.53.3: a Dense without activation gives `logits`)."""
    own = call.model.type.startswith("TF") and call.model.type.endswith("Classification")
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
        ):
            continue
        wrong = np.isnan(values)
        rows = sorted({output.row_index(int(place[0])) for place in np.argwhere(wrong)}) if values.ndim else []
        where = f" in {rows_of(rows)}" if rows else ""
        return Finding(
            "outputs-not-finite",
            "error",
            output.name,
            f"`{output.name}` is NaN",
            f"{int(wrong.sum())} of the {values.size} values of `{output.name}` that were computed are NaN{where}; the "
            "inputs are finite.",
            {"not a number": int(wrong.sum()), "of": int(values.size), "rows": rows},
            Fix(
                "Look for weights that are NaN already",
                f"[weight.name for weight in {call.model.said}.weights if np.isnan(weight.numpy()).any()]",
            ),
        )
    return None


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
    if call.loss is None or call.loss.kind not in ("sparse", "categorical", "binary", "regression"):
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
            f"tf.keras.layers.Dense({units})(hidden[:, 0])  # hidden: the encoder's last_hidden_state",
        ),
    )
