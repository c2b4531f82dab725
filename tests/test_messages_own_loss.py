"""The sentences on labels that do not reach a transformers model's own loss, written out as in `test_messages.py`."""

from __future__ import annotations

from facts_builder import Messages
from own_loss_facts import refused, trained

MESSAGES: Messages = {
    "no labels, trained": (
        "labels-missing",
        trained(None),
        (
            "`nli.fit` is given no labels",
            (
                "`nli.fit` is given no labels, and the model's own loss compares the outputs with labels. `nli` "
                "computes no loss without them, and there is nothing to train on."
            ),
            "Give the labels beside the inputs",
            "nli.fit(inputs, labels)",
        ),
    ),
    "no labels, evaluated": (
        "labels-missing",
        trained(None, kind="evaluate"),
        (
            "`nli.evaluate` is given no labels",
            (
                "`nli.evaluate` is given no labels, and the model's own loss compares the outputs with labels. No loss "
                "is computed: the one that Keras tells is 0."
            ),
            "Give the labels beside the inputs",
            "nli.evaluate(inputs, labels)",
        ),
    ),
    "labels by another name": (
        "input-misnamed",
        trained("labels['label']"),
        (
            '"label" is no input of `nli`, which takes its labels as `labels`',
            (
                '`nli` takes its labels as `labels`, which goes unfed: "label" is no input of it, and holds them. It '
                "computes no loss then, and the loss in its place is the mean of an output, whatever the labels say. "
                "Nothing is raised."
            ),
            "Give the labels by the model's own name",
            'labels = {"labels": y}',
        ),
    ),
    "labels of NumPy": (
        "container-unsupported",
        refused("numpy.ndarray"),
        (
            "`scores` is a NumPy array",
            (
                "`scores` is a NumPy array, where the own loss of `nli`, which has one output, takes a tensor. "
                "ValueError is raised in the loss."
            ),
            "Give a tensor",
            "scores = tf.constant(scores)",
        ),
    ),
    "labels in a list": (
        "container-unsupported",
        refused("list"),
        (
            "`scores` is a Python list",
            (
                "`scores` is a Python list, where the own loss of `nli`, which has one output, takes a tensor. "
                "ValueError is raised in the loss."
            ),
            "Give a tensor",
            "scores = tf.constant(scores)",
        ),
    ),
}
