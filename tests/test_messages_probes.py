"""Every sentence of the rules that follow from what the model answers: title, detail, and the fix's title and code."""

from __future__ import annotations

import dataclasses

from facts_builder import Messages
from test_rules_probes import POOLING, facts, inside, repetition

MESSAGES: Messages = {
    "a mean": (
        "pooling-over-padding",
        facts(pooling=(POOLING,)),
        (
            "`model` takes the mean over all positions, padding among them",
            (
                "The mean of the hidden states of `bert` is taken over all positions; row 1 of those that "
                "were run has 2 padding tokens. With the mean of the real tokens alone, `dense` moves by 0.31 "
                "(its size is 0.8). `mask` keeps `bert` from attending to padding; the mean does not see it."
            ),
            "Leave the padding out of the mean",
            (
                "# hidden: the last_hidden_state of `bert`\n"
                "weight = tf.cast(mask, hidden.dtype)[:, :, None]\n"
                "pooled = tf.reduce_sum(hidden * weight, axis=1) / tf.reduce_sum(weight, axis=1)"
            ),
        ),
    ),
    "Keras' own layer": (
        "pooling-over-padding",
        facts(pooling=(dataclasses.replace(POOLING, layer="pool", padding={1: 2, 4: 2}),)),
        (
            "`model` takes the mean over all positions, padding among them",
            (
                "The mean (layer `pool`) of the hidden states of `bert` is taken over all positions; rows 1 "
                "and 4 of those that were run have 2 padding tokens each. With the mean of the real tokens "
                "alone, `dense` moves by 0.31 (its size is 0.8). `mask` keeps `bert` from attending to "
                "padding; the mean does not see it."
            ),
            "Leave the padding out of the mean",
            (
                "# hidden: the last_hidden_state of `bert`\n"
                "pooled = tf.keras.layers.GlobalAveragePooling1D()(hidden, mask=mask)"
            ),
        ),
    ),
    "a maximum": (
        "pooling-over-padding",
        facts(pooling=(dataclasses.replace(POOLING, how="max", padding={1: 2, 4: 3}, ran="other vectors at padding"),)),
        (
            "`model` takes the maximum over all positions, padding among them",
            (
                "The maximum of the hidden states of `bert` is taken over all positions; rows 1 and 4 of "
                "those that were run have 2 to 3 padding tokens. With other vectors at padding, `dense` moves "
                "by 0.31 (its size is 0.8). `mask` keeps `bert` from attending to padding; the maximum does "
                "not see it."
            ),
            "Leave the padding out of the maximum",
            (
                "# hidden: the last_hidden_state of `bert`\n"
                "pooled = tf.reduce_max(tf.where(tf.cast(mask, tf.bool)[:, :, None], hidden, hidden.dtype.min), axis=1)"
            ),
        ),
    ),
    "training=True": (
        "training-mode-at-inference",
        facts(training=True, probes=repetition(0.4)),
        (
            "`model` is called in training mode, and dropout is on in what it predicts",
            (
                "`model` is called with `training=True`, and no gradient tape records it: dropout is on, and "
                "a second run of rows 0 and 1 moves the output by 0.4 (its size is 2)."
            ),
            "Predict in inference mode",
            "model(input_ids, attention_mask=attention_mask, training=False)",
        ),
    ),
    "training=True, not run again": (
        "training-mode-at-inference",
        facts(training=True),
        (
            "`model` is called in training mode, and dropout is on in what it predicts",
            (
                "`model` is called with `training=True`, and no gradient tape records it: dropout is on, at "
                "rates up to 0.1."
            ),
            "Predict in inference mode",
            "model(input_ids, attention_mask=attention_mask, training=False)",
        ),
    ),
    "True by default": (
        "training-mode-at-inference",
        facts(training=True, training_by="default", probes=repetition(0.4)),
        (
            "`model` is called in training mode, and dropout is on in what it predicts",
            (
                "`model` is called without `training`, which its own `call` sets to True, and no gradient "
                "tape records it: dropout is on, and a second run of rows 0 and 1 moves the output by 0.4 "
                "(its size is 2)."
            ),
            "Predict in inference mode",
            "model(input_ids, attention_mask=attention_mask, training=False)",
        ),
    ),
    "the learning phase": (
        "training-mode-at-inference",
        facts(training=True, training_by="learning phase", probes=repetition(0.4)),
        (
            "`model` is called in training mode, and dropout is on in what it predicts",
            (
                "`model` is called while the learning phase is set to 1, and no gradient tape records it: "
                "dropout is on, and a second run of rows 0 and 1 moves the output by 0.4 (its size is 2)."
            ),
            "Predict in inference mode",
            "tf.keras.backend.set_learning_phase(0)",
        ),
    ),
    "inside a model that predicts": (
        "training-mode-at-inference",
        dataclasses.replace(inside("predict", True), probes=repetition(0.4)),
        (
            "`model` calls `bert` with `training=True`, and dropout is on in what it predicts",
            (
                "`model` calls `bert` with `training=True` whatever its caller says: in `predict` dropout is "
                "on, and a second run of rows 0 and 1 moves the output by 0.4 (its size is 2)."
            ),
            "Predict in inference mode",
            "training=training  # in the call of `bert` inside `model`",
        ),
    ),
    "inside a model that is called": (
        "training-mode-at-inference",
        inside("call", True),
        (
            "`model` calls `bert` with `training=True`, and dropout is on in what it predicts",
            (
                "`model` calls `bert` with `training=True` whatever its caller says: in the call dropout is "
                "on, at rates up to 0.1."
            ),
            "Predict in inference mode",
            "training=training  # in the call of `bert` inside `model`",
        ),
    ),
}
