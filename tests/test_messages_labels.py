"""The sentences of the rules on labels and the loss."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import BERT, Messages, batch, call, computed, model

FULL = batch([6, 6, 6])
INSIDE = dataclasses.replace(BERT, path="bert")
PRETRAINED = dataclasses.replace(INSIDE, pretrained="bert-base-uncased")
TAGGER = model(PRETRAINED, said="tagger", type="TFBertForSequenceClassification", sizes={"labels": 2})
CLASSIFIER = model(PRETRAINED, said="nli", type="TFBertForSequenceClassification", sizes={"labels": 2})
TOKENS = model(type="TFBertForTokenClassification", sizes={"labels": 2})
OWN = model(type="Functional", said="net", inputs={"input_ids": (None, None)})


MESSAGES: Messages = {
    "one label a token": (
        "labels-shape",
        call(
            FULL,
            of=TAGGER,
            labels={"labels": np.zeros((3, 6), "int32")},
            outputs=(3, 2),
            loss="internal",
            error="loss",
            said={"labels": "tags"},
        ),
        (
            "`tags` does not fit the outputs",
            (
                "`tags` has shape (batch=3, seq=6) where the model's own loss takes (batch=3), as `logits` "
                "has shape (batch=3, labels=2). ValueError is raised in the loss."
            ),
            "Use the head that has one output for each token",
            'tagger = TFBertForTokenClassification.from_pretrained("bert-base-uncased", num_labels=2)',
        ),
    ),
    "one label a token, own head": (
        "labels-shape",
        call(FULL, labels=np.zeros((3, 6), "int32"), outputs={"dense": (3, 4)}, loss="sparse", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, seq=6) where SparseCategoricalCrossentropy takes (batch=3), as "
                "`dense` has shape (batch=3, outputs=4). ValueError is raised in the loss."
            ),
            "Give the model one output for each token",
            "tf.keras.layers.Dense(4)(hidden)  # hidden: the encoder's last_hidden_state (batch, seq, hidden)",
        ),
    ),
    "one-hot for the model's own loss": (
        "labels-shape",
        call(FULL, of=TAGGER, labels=np.eye(3, 2, dtype="int32"), outputs=(3, 2), loss="internal", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, labels=2) where the model's own loss takes (batch=3), as "
                "`logits` has shape (batch=3, labels=2). ValueError is raised in the loss."
            ),
            "Give class indices",
            "labels = np.argmax(labels, axis=-1)  # (batch=3)",
        ),
    ),
    "broadcast": (
        "labels-shape",
        call(
            FULL,
            labels=np.array([0.5, 1.5, 2.5]),
            outputs={"dense": (3, 4)},
            loss="regression",
            said={"labels": "ratings"},
        ),
        (
            "`ratings` does not fit the outputs",
            (
                "`ratings` has shape (batch=3) where mse takes (batch=3, outputs=4), as `dense` has shape "
                "(batch=3, outputs=4). The loss broadcasts the one against the other without an error, and "
                "does not compare each label with its own output."
            ),
            "Give the model one output for each label",
            "tf.keras.layers.Dense(1)  # as the last layer, in place of 4",
        ),
    ),
    "a width of another kind": (
        "labels-shape",
        call(FULL, of=TAGGER, labels=np.zeros((3, 4)), outputs=(3, 2), loss="binary", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, labels=4) where binary_crossentropy takes (batch=3, labels=2), "
                "as `logits` has shape (batch=3, labels=2). ValueError is raised in the loss."
            ),
            "Give the model one output for each label",
            "tagger.config.num_labels  # 2 now, 4 is needed when the model is made",
        ),
    ),
    "the wrong order of axes": (
        "labels-shape",
        call(FULL, labels=np.zeros((3, 4, 6)), outputs={"dense": (3, 6, 4)}, loss="categorical", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, seq=4, outputs=6) where CategoricalCrossentropy takes (batch=3, "
                "seq=6, outputs=4), as `dense` has shape (batch=3, seq=6, outputs=4). ValueError is raised in "
                "the loss."
            ),
            "Give one label for each output",
            "labels.shape  # (3, 4, 6) now, (3, 6, 4) is needed",
        ),
    ),
    "tokens of another length": (
        "labels-shape",
        call(FULL, labels=np.zeros((3, 5), "int32"), outputs=(3, 6, 4), loss="sparse", error="loss"),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, seq=5) where SparseCategoricalCrossentropy takes (batch=3, "
                "seq=6), as `logits` has shape (batch=3, seq=6, outputs=4). ValueError is raised in the loss."
            ),
            "Give one label for each output",
            "labels.shape  # (3, 5) now, (3, 6) is needed",
        ),
    ),
    "a class too many": (
        "labels-out-of-range",
        call(
            FULL, of=CLASSIFIER, labels=[0, 2, 1], outputs=(3, 2), loss="sparse", error="loss", said={"labels": "gold"}
        ),
        (
            "`gold` holds classes that the model has no output for",
            (
                "`gold` holds the label 2 in row 1; `logits` has 2 outputs along its last axis, for labels 0 to "
                "1. ValueError is raised in the loss."
            ),
            "Give the model one output for each class",
            'nli = TFBertForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=3)',
        ),
    ),
    "classes counted from 1": (
        "labels-out-of-range",
        call(
            FULL,
            of=OWN,
            labels=[1, 2, 3],
            outputs={"dense": (3, 3)},
            loss="sparse",
            error="loss",
            said={"labels": "stars"},
        ),
        (
            "`stars` holds classes that the model has no output for",
            (
                "`stars` holds the label 3 in row 2; `dense` has 3 outputs along its last axis, for labels 0 to "
                "2. ValueError is raised in the loss."
            ),
            "Count the classes from 0",
            "stars = stars - 1",
        ),
    ),
    "own head": (
        "labels-out-of-range",
        computed(call(FULL, of=OWN, labels=[0, 2, 3], outputs={"dense": (3, 2)}, loss="sparse"), float("nan")),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the labels 2 and 3 in rows 1 and 2; `dense` has 2 outputs along its last axis, "
                "for labels 0 to 1. The loss raises for them on a CPU, and gives NaN on a GPU without an error."
            ),
            "Give the model one output for each class",
            "tf.keras.layers.Dense(4)  # as the last layer, in place of 2",
        ),
    ),
    "a class to leave out": (
        "labels-out-of-range",
        call(FULL, of=OWN, labels=[0, -1, 1], outputs={"dense": (3, 2)}, loss="sparse", error="loss"),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label -1 in row 1; `dense` has 2 outputs along its last axis, for labels 0 "
                "to 1. ValueError is raised in the loss."
            ),
            "Tell the loss to leave -1 out",
            "tf.keras.losses.SparseCategoricalCrossentropy(from_logits=False, ignore_class=-1)",
        ),
    ),
    "several negative classes": (
        "labels-out-of-range",
        call(FULL, of=OWN, labels=[0, -1, -2], outputs={"dense": (3, 2)}, loss="sparse", error="loss"),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the labels -2 and -1 in rows 1 and 2; `dense` has 2 outputs along its last axis,"
                " for labels 0 to 1. ValueError is raised in the loss."
            ),
            "Keep the rows that have a class",
            "kept = labels >= 0  # of the inputs and of the labels",
        ),
    ),
    "-1 where -100 is left out": (
        "labels-out-of-range",
        computed(
            call(
                FULL,
                of=TOKENS,
                labels={"labels": np.where(FULL == 2, -1, 1)},
                outputs=(3, 6, 2),
                loss="internal",
                said={"labels": "tags"},
            )
        ),
        (
            "`tags` holds classes that the model has no output for",
            (
                "`tags` holds the label -1 in rows 0, 1 and 2; `logits` has 2 outputs along its last axis, for "
                "labels 0 to 1. The loss takes them for another class, or gives NaN, without an error on a GPU."
            ),
            "Mark what the loss is to leave out with -100",
            "tags = np.where(tags < 0, -100, tags)",
        ),
    ),
    "not built from a checkpoint": (
        "labels-out-of-range",
        call(
            FULL,
            of=model(type="TFBertForSequenceClassification"),
            labels=[0, 2, 1],
            outputs=(3, 2),
            loss="internal",
            error="loss",
        ),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label 2 in row 1; `logits` has 2 outputs along its last axis, for labels 0 "
                "to 1. ValueError is raised in the loss."
            ),
            "Give the model one output for each class",
            "model.config.num_labels  # 2 now, 3 is needed when the model is made",
        ),
    ),
    "class indices for one-hot rows": (
        "loss-mismatch",
        call(
            FULL,
            of=OWN,
            labels=[0, 1, 2],
            outputs={"dense": (3, 3)},
            loss="categorical",
            error="loss",
            said={"labels": "topic"},
        ),
        (
            "`CategoricalCrossentropy` is not the loss for these labels",
            (
                "`topic`, (batch=3), holds class indices 0 … 2, and `dense` has 3 outputs; "
                "CategoricalCrossentropy takes one-hot rows, and sparse_categorical_crossentropy fits. "
                "ValueError is raised in the loss."
            ),
            "Compile with the loss that fits",
            ("net.compile(optimizer=net.optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy())"),
        ),
    ),
    "class indices for 0 and 1": (
        "loss-mismatch",
        computed(call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 2)}, loss="binary")),
        (
            "`binary_crossentropy` is not the loss for these labels",
            (
                "`labels`, (batch=3), holds class indices 0 … 1, and `dense` has 2 outputs; binary_crossentropy "
                "takes 0 or 1 an output, and sparse_categorical_crossentropy fits. The loss sets each class "
                "index against every output, without an error."
            ),
            "Compile with the loss that fits",
            'net.compile(optimizer=net.optimizer, loss="sparse_categorical_crossentropy")',
        ),
    ),
    "one-hot rows for class indices": (
        "loss-mismatch",
        computed(
            call(FULL, of=OWN, labels=np.eye(3), outputs={"dense": (3, 3)}, loss="sparse", error="loss"),
            from_logits=True,
        ),
        (
            "`SparseCategoricalCrossentropy` is not the loss for these labels",
            (
                "`labels`, (batch=3, outputs=3), holds one-hot rows, and `dense` has 3 outputs; "
                "SparseCategoricalCrossentropy takes class indices over several outputs, and "
                "categorical_crossentropy fits. ValueError is raised in the loss."
            ),
            "Compile with the loss that fits",
            ("net.compile(optimizer=net.optimizer, loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True))"),
        ),
    ),
    "one output": (
        "loss-mismatch",
        computed(call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 1)}, loss="categorical")),
        (
            "`CategoricalCrossentropy` is not the loss for these labels",
            (
                "`labels`, (batch=3), holds 0 and 1, and `dense` has 1 output; CategoricalCrossentropy takes "
                "one-hot rows, and binary_crossentropy fits. Over a single output that loss is the same whatever"
                " the model says."
            ),
            "Compile with the loss that fits",
            "net.compile(optimizer=net.optimizer, loss=tf.keras.losses.BinaryCrossentropy())",
        ),
    ),
}
