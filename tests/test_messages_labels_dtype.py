"""The sentences of the rule on the dtype of labels, written out as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from dtype_facts import lost, raised
from facts_builder import Messages, model

SUBTRACTS = "cannot compute Sub as input #1 was expected to be a int64 tensor but is a float tensor"

MESSAGES: Messages = {
    "labels as strings": (
        "labels-dtype",
        raised(lost(np.array(["bad", "good", "bad"]), error="loss", said={"labels": "mood"}), None, "loss"),
        (
            "`mood` holds strings",
            (
                "`mood` holds 3 strings, 2 different names, where the loss takes numbers. InvalidArgumentError is"
                " raised in the loss."
            ),
            "Give each class its index",
            "names = sorted(set(mood))\nmood = np.array([names.index(each) for each in mood])",
        ),
    ),
    "labels as strings, in the data": (
        "labels-dtype",
        raised(lost(np.array(["bad", "good", "bad"]), error="loss"), None, "data"),
        (
            "`labels` holds strings",
            (
                "`labels` holds 3 strings, 2 different names, where the loss takes numbers. InvalidArgumentError "
                "is raised."
            ),
            "Give each class its index",
            "names = sorted(set(labels))\nlabels = np.array([names.index(each) for each in labels])",
        ),
    ),
    "labels as numbers written out": (
        "labels-dtype",
        raised(lost(np.array(["0", "1", "0"]), error="loss"), None, "loss"),
        (
            "`labels` holds strings",
            (
                "`labels` holds 3 strings, 2 different numbers written out, where the loss takes numbers. "
                "InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as numbers",
            "labels = np.array([int(each) for each in labels])",
        ),
    ),
    "labels as objects": (
        "labels-dtype",
        raised(lost(np.array([0, 1, 0], object), error="loss"), None, "loss"),
        (
            "`labels` holds Python objects",
            (
                "`labels` holds 3 Python objects, 2 different numbers, where the loss takes numbers. "
                "InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as numbers",
            "labels = np.array([int(each) for each in labels])",
        ),
    ),
    "labels as objects, fractions": (
        "labels-dtype",
        raised(lost(np.array([0.5, 1, 0], object), error="loss"), None, "loss"),
        (
            "`labels` holds Python objects",
            (
                "`labels` holds 3 Python objects, 3 different numbers, where the loss takes numbers. "
                "InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as numbers",
            "labels = np.array([float(each) for each in labels])",
        ),
    ),
    "labels cut off": (
        "labels-dtype",
        lost(np.array([0.5, 1.0, 0.25]), said={"labels": "stars"}),
        (
            "`stars` holds fractions, and SparseCategoricalCrossentropy takes class indices",
            (
                "`stars` (float64) holds 0.25 and 0.5 in rows 0 and 2; `logits` has 2 outputs, and "
                "SparseCategoricalCrossentropy takes class indices for them: it cuts them off to whole numbers, "
                "without an error."
            ),
            "Make the model a regression",
            "model.config.num_labels  # 2 now, 1 is needed, with the model's own loss",
        ),
    ),
    "labels cut off, a model of one's own": (
        "labels-dtype",
        dataclasses.replace(lost(np.array([0.5, 1.0, 0.0])), model=model(type="Functional")),
        (
            "`labels` holds fractions, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds 0.5 in row 0; `logits` has 2 outputs, and SparseCategoricalCrossentropy"
                " takes class indices for them: it cuts them off to whole numbers, without an error."
            ),
            "Train on numbers with a loss for numbers",
            "tf.keras.layers.Dense(1)  # as the head, with loss='mse'",
        ),
    ),
    "labels that are nan": (
        "labels-dtype",
        raised(lost(np.array([np.nan, 1, 0]), error="loss"), None, "loss"),
        (
            "`labels` holds NaN or infinity, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds nan in row 0; `logits` has 2 outputs, and SparseCategoricalCrossentropy"
                " takes class indices for them: InvalidArgumentError is raised in the loss."
            ),
            "Keep the rows that have a label",
            "kept = np.isfinite(labels)  # of the inputs and of the labels",
        ),
    ),
    "labels that are nan, nothing raised": (
        "labels-dtype",
        lost(np.array([np.nan, 1, 0])),
        (
            "`labels` holds NaN or infinity, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds nan in row 0; `logits` has 2 outputs, and SparseCategoricalCrossentropy"
                " takes class indices for them: NaN is no class."
            ),
            "Keep the rows that have a label",
            "kept = np.isfinite(labels)  # of the inputs and of the labels",
        ),
    ),
    "labels cut off, and raised": (
        "labels-dtype",
        raised(lost(np.array([0.5, 7.5, 0.0]), error="loss"), None, "loss"),
        (
            "`labels` holds fractions, and SparseCategoricalCrossentropy takes class indices",
            (
                "`labels` (float64) holds 0.5 and 7.5 in rows 0 and 1; `logits` has 2 outputs, and "
                "SparseCategoricalCrossentropy takes class indices for them: InvalidArgumentError is raised in "
                "the loss."
            ),
            "Make the model a regression",
            "model.config.num_labels  # 2 now, 1 is needed, with the model's own loss",
        ),
    ),
    "integers for a loss with floats": (
        "labels-dtype",
        raised(lost(np.array([1, 2, 3]), "other", (3, 1), error="loss"), None, "loss", SUBTRACTS),
        (
            "`labels` holds integers, and `my_loss` computes with floats",
            (
                "`labels` has dtype int64 and `logits` has float32; my_loss sets the one against the other as "
                "they are. InvalidArgumentError is raised in the loss."
            ),
            "Give the labels as floats",
            'labels = np.asarray(labels).astype("float32")',
        ),
    ),
}
