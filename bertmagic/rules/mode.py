"""Rules on the mode that a model is called in: training, where dropout is on, or inference."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts, ProbeFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import encoder_name
from bertmagic.rules.dialect import by_name
from bertmagic.rules.registry import rule
from bertmagic.rules.words import amount, rows_of


@rule("warning")
def training_mode_at_inference(call: CallFacts) -> Finding | None:
    """Dropout is on where predictions are taken.

    What it finds: a call in training mode that no gradient tape records, and a `predict`, `evaluate` or call of a model
    that calls its encoder with `training=True` whatever its caller says. Not where the same rows are run several times,
    as Monte Carlo dropout does, not where training goes on after the call, and not in `fit`, which trains. A PyTorch
    module keeps the mode that `train()` or `eval()` gave it, and is in training mode when it is made.

    Why it is bad: dropout sets some of the hidden states to zero at random. Nothing is raised; the same text gets
    another vector or score each time.

    Wrong:

        vectors = bert(enc, training=True).last_hidden_state[:, 0]

    Right:

        vectors = bert(enc, training=False).last_hidden_state[:, 0]
    """
    if call.kind not in ("call", "predict", "evaluate") or not call.ran or call.watched or call.on_purpose:
        return None
    if not call.model.encoders or _same_rows(call):
        return None
    direct = call.kind == "call" and call.training is True
    inside = next((each for each in call.encoder_calls if each.seen and each.training), None)
    if not direct and inside is None:
        return None
    rates = [encoder.dropout for encoder in call.model.encoders if encoder.dropout is not None]
    probe = call.probes.get("repetition")
    if not (probe.matters if probe is not None else any(rates)):
        return None
    said = call.model.said
    if call.model.framework == "torch":
        whole, it = f"`{said}`", "it"
        if inside is not None and not direct:
            whole, it = f"`{encoder_name(call, inside)}` inside `{said}`", f"`{said}`"
        title = f"{whole} is in training mode, and dropout is on in what {it} predicts"
        fault = f"{whole} is in training mode (`training` is True), and no gradient is taken of the call: dropout is on"
    elif inside is not None:
        name = encoder_name(call, inside)
        title = f"`{said}` calls `{name}` with `training=True`, and dropout is on in what it predicts"
        verb = "the call" if call.kind == "call" else f"`{call.kind}`"
        fault = f"`{said}` calls `{name}` with `training=True` whatever its caller says: in {verb} dropout is on"
    else:
        title = f"`{said}` is called in training mode, and dropout is on in what it predicts"
        fault = f"`{said}` is called {_BY[call.training_by]}, and no gradient tape records it: dropout is on"
    return Finding(
        "training-mode-at-inference",
        "warning",
        said,
        title,
        f"{fault}{_noise(probe, max(rates, default=0.0))}.",
        {
            "training": call.training_by if inside is None else "in the model's own code",
            "largest dropout rate": max(rates, default=None),
            "rows": list(probe.rows) if probe is not None else [],
            "output moves": None if probe is None else probe.moved,
            "output size": None if probe is None else probe.scale,
        },
        Fix("Predict in inference mode", _in_inference_mode(call, inside)),
    )


_BY = {
    "call": "with `training=True`",
    "default": "without `training`, which its own `call` sets to True",
    "learning phase": "while the learning phase is set to 1",
}


def _noise(probe: ProbeFacts | None, rate: float) -> str:
    """What dropout does to the outputs, in numbers, or its rate where it was not run."""
    if probe is None:
        return f", at rates up to {rate:g}"
    moves = f"{amount(probe.moved)} (its size is {amount(probe.scale)})"
    return f", and a second run of {rows_of(probe.rows)} moves the output by {moves}"


def _same_rows(call: CallFacts) -> bool:
    """Whether rows are repeated within the batch: samples are taken of each, on purpose."""
    given = [
        (each.encoder.path, tensor.values)
        for each in call.encoder_calls
        for role in ("input_ids", "inputs_embeds")
        if each.seen and (tensor := each.given.get(role)) is not None and tensor.values is not None
    ]
    if any(one == path and np.array_equal(a, b) for i, (path, a) in enumerate(given) for one, b in given[:i]):
        return True
    rows = [tensor.values for tensor in call.inputs if tensor.role in ("input_ids", "inputs_embeds")]
    for values in (*rows, *(values for _, values in given)):
        if values is not None and values.ndim > 1 and len(values) > 1 and values.dtype.kind in "iuf":
            flat = values.reshape(len(values), -1)
            if len(np.unique(flat, axis=0)) < len(flat):
                return True
    return False


def _in_inference_mode(call: CallFacts, inside: EncoderCallFacts | None) -> str:
    """The call with `training=False`, or what the model's own code should pass on."""
    if call.model.framework == "torch":
        return f"{call.model.said}.eval()  # before the call; train() where training goes on"
    if inside is not None:
        return f"training=training  # in the call of `{encoder_name(call, inside)}` inside `{call.model.said}`"
    if call.training_by == "learning phase":
        return "tf.keras.backend.set_learning_phase(0)"
    given = [tensor for tensor in call.inputs if tensor.role is not None]
    if call.model.framework == "keras" and call.model.is_of_inputs:
        return f"{call.model.said}({by_name({each.name: each.called for each in call.inputs})}, training=False)"
    names = [tensor.called if not place else f"{tensor.name}={tensor.called}" for place, tensor in enumerate(given)]
    return f"{call.model.said}({', '.join([*names, 'training=False'])})"
