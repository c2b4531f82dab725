"""The sentence on labels that a training loop of one's own broadcasts, written out as in `test_messages.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

from facts_builder import Messages, batch, call

from bertmagic.facts.call import BroadcastFacts, CallFacts

IDS = batch([6, 4, 3])


def broadcast(**changes: Any) -> CallFacts:
    """A call whose output (batch, 1) the cell sets against labels (batch,)."""
    settings: dict[str, Any] = {
        "output": "predicted",
        "output_shape": (3, 1),
        "labels": "ratings",
        "labels_shape": (3,),
        "what": "difference",
        **changes,
    }
    return dataclasses.replace(call(IDS, mask=(IDS != 0).astype("int32")), broadcasts=(BroadcastFacts(**settings),))


MESSAGES: Messages = {
    "flat labels": (
        "labels-shape",
        broadcast(),
        (
            "`ratings` is broadcast against every row's output",
            (
                "`ratings` has shape (batch=3), and `predicted` has shape (batch=3, outputs=1): their difference has "
                "shape (3, 3), each label against the output of every row, and not each against its own. "
                "One number is made of it without an error."
            ),
            "Give the labels the outputs' shape",
            "ratings = tf.reshape(ratings, (-1, 1))",
        ),
    ),
    "no names": (
        "labels-shape",
        broadcast(output=None, labels=None, what="product"),
        (
            "the labels are broadcast against every row's output",
            (
                "The labels have shape (batch=3), and what is made of the output of `model` has shape (batch=3, "
                "outputs=1): their product has shape (3, 3), each label against the output of every row, and not each "
                "against its own. One number is made of it without an error."
            ),
            "Give the labels the outputs' shape",
            "labels = tf.reshape(labels, (-1, 1))",
        ),
    ),
    "a column": (
        "labels-shape",
        broadcast(output_shape=(3,), labels_shape=(3, 1), labels="y"),
        (
            "`y` is broadcast against every row's output",
            (
                "`y` has shape (batch=3, outputs=1), and `predicted` has shape (batch=3): their difference has "
                "shape (3, 3), each label against the output of every row, and not each against its own. "
                "One number is made of it without an error."
            ),
            "Give the labels the outputs' shape",
            "y = tf.reshape(y, (-1,))",
        ),
    ),
}
