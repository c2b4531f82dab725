"""The sentences of the rules on what comes out of the model."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import BERT, Messages, batch, call, computed, model

FULL = batch([6, 6, 6])
PRETRAINED = dataclasses.replace(BERT, path="bert", pretrained="bert-base-uncased")
CLASSIFIER = model(PRETRAINED, said="nli", type="TFBertForSequenceClassification", sizes={"labels": 2})
OWN = model(type="Functional", said="net", inputs={"input_ids": (None, None)})


MESSAGES: Messages = {
    "logits for probabilities": (
        "logits-flag-mismatch",
        computed(
            call(
                FULL,
                of=CLASSIFIER,
                labels=[0, 1, 1],
                outputs={"logits": np.array([[0.3, -0.4], [1.5, 0.2], [-2.0, 3.0]], "float32")},
                loss="sparse",
            ),
            from_logits=False,
        ),
        (
            "`SparseCategoricalCrossentropy` takes probabilities, and `logits` is logits",
            (
                "`logits` is -2 … 3 in the rows that were run, beyond 0 to 1 in rows 0 and 2, and `from_logits` "
                "of SparseCategoricalCrossentropy is False: it cuts them off at 0 and 1 as probabilities."
            ),
            "Tell the loss that it gets logits",
            (
                "nli.compile(optimizer=nli.optimizer, "
                "loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))"
            ),
        ),
    ),
    "outputs that are NaN": (
        "outputs-not-finite",
        call(FULL, of=OWN, outputs={"dense": np.array([[0.1, np.nan], [0.2, 0.3], [0.1, 0.4]], "float32")}),
        (
            "`dense` is NaN",
            "1 of the 6 values of `dense` that were computed are NaN in row 0; the inputs are finite.",
            "Look for weights that are NaN already",
            "[weight.name for weight in net.weights if np.isnan(weight.numpy()).any()]",
        ),
    ),
    "one prediction a token, broadcast": (
        "sequence-output-unpooled",
        computed(call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 6, 1)}, loss="binary")),
        (
            "`dense` has one prediction a token, and the labels are one a text",
            (
                "`dense` has shape (batch=3, seq=6, outputs=1), and `labels` has shape (3,): 6 predictions for "
                "each label. The loss broadcasts them."
            ),
            "Take one vector a text, here that of [CLS], before the head",
            "tf.keras.layers.Dense(1)(hidden[:, 0])  # hidden: the encoder's last_hidden_state",
        ),
    ),
    "one prediction a token, raised": (
        "sequence-output-unpooled",
        call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 6, 2)}, loss="sparse", error="loss"),
        (
            "`dense` has one prediction a token, and the labels are one a text",
            (
                "`dense` has shape (batch=3, seq=6, outputs=2), and `labels` has shape (3,): 6 predictions for "
                "each label. ValueError is raised in the loss."
            ),
            "Take one vector a text, here that of [CLS], before the head",
            "tf.keras.layers.Dense(2)(hidden[:, 0])  # hidden: the encoder's last_hidden_state",
        ),
    ),
    "one output for classes": (
        "regression-head-for-classes",
        computed(call(FULL, of=CLASSIFIER, labels=[0, 1, 1], outputs=(3, 1), loss="internal", said={"labels": "spam"})),
        (
            "`nli` has one output, and `spam` holds classes",
            (
                "`spam` holds the integers 0 and 1 in 3 rows, and `logits` has 1 output: the model's own loss is"
                " then the squared error of a regression."
            ),
            "Give the model one output for each class",
            'nli = TFBertForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=2)',
        ),
    ),
    "one output for classes, no checkpoint": (
        "regression-head-for-classes",
        computed(
            call(
                FULL,
                of=model(type="TFBertForSequenceClassification"),
                labels=[0, 1, 1],
                outputs=(3, 1),
                loss="internal",
            )
        ),
        (
            "`model` has one output, and `labels` holds classes",
            (
                "`labels` holds the integers 0 and 1 in 3 rows, and `logits` has 1 output: the model's own loss "
                "is then the squared error of a regression."
            ),
            "Give the model one output for each class",
            "model.config.num_labels  # 1 now, 2 is needed when the model is made",
        ),
    ),
}
