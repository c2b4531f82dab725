"""The sentences for Keras 3 and KerasHub on labels, losses and outputs, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import (
    Messages,
    batch,
    call,
    computed,
    having,
)
from keras_facts import ON_JAX, OWN, TASK, WRAP, fed, lost, softmax

from bertmagic.facts.call import ErrorFacts

MESSAGES: Messages = {
    "labels beyond the outputs, on JAX": (
        "labels-out-of-range",
        lost([0, 1, 2], (3, 2), of=dataclasses.replace(OWN, compute="jax")),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label 2 in row 2; `logits` has 2 outputs along its last axis, for "
                "labels 0 to 1. On JAX they are no class to the loss, and these rows add nothing to it, "
                "without an error."
            ),
            "Give the model one output for each class",
            "keras.layers.Dense(3)  # as the last layer, in place of 2",
        ),
    ),
    "labels beyond the outputs, on PyTorch": (
        "labels-out-of-range",
        having(
            lost([0, 1, 2], (3, 2), of=dataclasses.replace(OWN, compute="torch")),
            error=ErrorFacts("IndexError", "", None, "loss"),
        ),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label 2 in row 2; `logits` has 2 outputs along its last axis, for "
                "labels 0 to 1. IndexError is raised in the loss."
            ),
            "Give the model one output for each class",
            "keras.layers.Dense(3)  # as the last layer, in place of 2",
        ),
    ),
    "labels beyond the outputs of a task": (
        "labels-out-of-range",
        having(lost([0, 1, 2], (3, 2), of=TASK), error=ErrorFacts("InvalidArgumentError", "", None, "loss")),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label 2 in row 2; `logits` has 2 outputs along its last axis, for "
                "labels 0 to 1. InvalidArgumentError is raised in the loss."
            ),
            "Give the model one output for each class",
            "classifier = BertTextClassifier.from_preset(preset, num_classes=3)  # 2 now",
        ),
    ),
    "labels of none": (
        "labels-out-of-range",
        having(lost([0, 1, -1], (3, 2), from_logits=True), error=ErrorFacts("InvalidArgumentError", "", None, "loss")),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label -1 in row 2; `logits` has 2 outputs along its last axis, for "
                "labels 0 to 1. InvalidArgumentError is raised in the loss."
            ),
            "Tell the loss to leave -1 out",
            "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)",
        ),
    ),
    "labels a token": (
        "labels-shape",
        having(lost(np.zeros((3, 6), "int32"), (3, 2)), error=ErrorFacts("ValueError", "", None, "loss")),
        (
            "`labels` does not fit the outputs",
            (
                "`labels` has shape (batch=3, seq=6) where SparseCategoricalCrossentropy takes (batch=3),"
                " as `logits` has shape (batch=3, outputs=2). ValueError is raised in the loss."
            ),
            "Give the model one output for each token",
            ("keras.layers.Dense(2)(hidden)  # hidden: the encoder's sequence_output (batch, seq, hidden)"),
        ),
    ),
    "fractions for classes": (
        "labels-dtype",
        lost([0.5, 1.0, 0.0], (3, 2)),
        (
            "`labels` holds fractions, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds 0.5 in row 0; `logits` has 2 outputs, and "
                "SparseCategoricalCrossentropy takes class indices for them: it cuts them off to whole "
                "numbers, without an error."
            ),
            "Train on numbers with a loss for numbers",
            "keras.layers.Dense(1)  # as the head, with loss='mse'",
        ),
    ),
    "indices for a categorical loss": (
        "loss-mismatch",
        having(
            lost([0, 1, 1], (3, 2), "categorical", from_logits=True), error=ErrorFacts("ValueError", "", None, "loss")
        ),
        (
            "`CategoricalCrossentropy` is not the loss for these labels",
            (
                "`labels`, (batch=3), holds class indices 0 … 1, and `logits` has 2 outputs; "
                "CategoricalCrossentropy takes one-hot rows, and sparse_categorical_crossentropy fits. "
                "ValueError is raised in the loss."
            ),
            "Compile with the loss that fits",
            ("net.compile(optimizer=net.optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))"),
        ),
    ),
    "probabilities taken for logits, on JAX": (
        "logits-flag-mismatch",
        lost([0, 1, 2], softmax(3, 3), of=dataclasses.replace(OWN, compute="jax"), from_logits=True),
        (
            "`SparseCategoricalCrossentropy` takes logits, and `logits` is probabilities",
            (
                "`logits` is 0.0732 … 0.545 in the rows that were run, and sums to 1 in each of them; "
                "`from_logits` of SparseCategoricalCrossentropy is True; Keras on JAX does not recover "
                "the logits of a softmax. As logits, 3 probabilities leave a loss of 0.55 or more, "
                "however sure the model is."
            ),
            "Tell the loss what it gets",
            "net.compile(optimizer=net.optimizer, loss=keras.losses.SparseCategoricalCrossentropy())",
        ),
    ),
    "probabilities taken for logits, on PyTorch": (
        "logits-flag-mismatch",
        lost([0, 1, 2], softmax(3, 3), of=dataclasses.replace(OWN, compute="torch"), from_logits=True),
        (
            "`SparseCategoricalCrossentropy` takes logits, and `logits` is probabilities",
            (
                "`logits` is 0.0732 … 0.545 in the rows that were run, and sums to 1 in each of them; "
                "`from_logits` of SparseCategoricalCrossentropy is True; Keras on PyTorch does not "
                "recover the logits of a softmax. As logits, 3 probabilities leave a loss of 0.55 or "
                "more, however sure the model is."
            ),
            "Tell the loss what it gets",
            "net.compile(optimizer=net.optimizer, loss=keras.losses.SparseCategoricalCrossentropy())",
        ),
    ),
    "logits taken for probabilities": (
        "logits-flag-mismatch",
        lost([0, 1, 1], np.array([[-1.5, 2], [0.5, 1], [3, -2]], "float32"), from_logits=False),
        (
            "`SparseCategoricalCrossentropy` takes probabilities, and `logits` is logits",
            (
                "`logits` is -2 … 3 in the rows that were run, beyond 0 to 1 in rows 0 and 2, and "
                "`from_logits` of SparseCategoricalCrossentropy is False: it cuts them off at 0 and 1 as "
                "probabilities."
            ),
            "Tell the loss that it gets logits",
            ("net.compile(optimizer=net.optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))"),
        ),
    ),
    "NaN": (
        "outputs-not-finite",
        fed(of=ON_JAX, outputs=np.full((3, 2), np.nan, "float32")),
        (
            "`logits` is NaN",
            ("6 of the 6 values of `logits` that were computed are NaN in rows 0, 1 and 2; the inputs are finite."),
            "Look for weights that are NaN already",
            ("[weight.path for weight in backbone.weights if np.isnan(keras.ops.convert_to_numpy(weight)).any()]"),
        ),
    ),
    "one prediction a token": (
        "sequence-output-unpooled",
        having(lost([0, 1, 1], (3, 6, 2)), error=ErrorFacts("ValueError", "", None, "loss")),
        (
            "`logits` has one prediction a token, and the labels are one a text",
            (
                "`logits` has shape (batch=3, seq=6, outputs=2), and `labels` has shape (3,): 6 "
                "predictions for each label. ValueError is raised in the loss."
            ),
            "Take one vector a text, here that of [CLS], before the head",
            "keras.layers.Dense(2)(hidden[:, 0])  # hidden: the encoder's sequence_output",
        ),
    ),
    "labels of a masked language model": (
        "mlm-labels-unmasked",
        computed(
            call(
                batch([20, 20]),
                np.ones((2, 20), "int32"),
                of=dataclasses.replace(OWN, type="Functional"),
                labels=batch([20, 20]),
                outputs=(2, 20, 100),
                loss="sparse",
                tokenizer=WRAP,
            )
        ),
        (
            "`labels` has labels on tokens that are not masked",
            (
                "`labels` has 40 labels; 36 of the 36 tokens of `token_ids` that are not masked are "
                "labelled, in rows 0 and 1: 36 of these labels are the token's own id, and copying it is "
                "all that they ask for."
            ),
            "Mask some of the tokens, and label those",
            ('collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, return_tensors="np")'),
        ),
    ),
}
