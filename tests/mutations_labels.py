"""Faults of labels, the loss and the outputs."""

from __future__ import annotations

import numpy as np
from mutating import TRAINED, mutation
from programs import A_TOKEN, Program

from bertmagic.facts.call import CallFacts


@mutation("labels-missing", head=TRAINED)
def no_labels(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=None, weights=(), error="loss")


@mutation(
    "labels-out-of-range", head=("classes", "classes in a column", "probabilities", "own loss, classes", *A_TOKEN)
)
def a_class_without_an_output(program: Program, random: np.random.Generator) -> CallFacts:
    labels = program.labels.copy()
    labels.flat[random.integers(labels.size)] = random.choice([-1, program.outputs.shape[-1]])
    return program.facts(labels=labels, error="loss")


@mutation("loss-mismatch", head=("classes", "classes in a column", "own tags"))
def class_indices_for_one_hot(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(loss="categorical", error="loss")


@mutation("loss-mismatch", head=("one-hot",))
def one_hot_for_class_indices(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(loss="sparse", error="loss")


@mutation("labels-shape", head=("several labels", "scores", "one-hot"))
def labels_of_another_width(program: Program, random: np.random.Generator) -> CallFacts:
    rows, units = program.outputs.shape
    width = int(random.choice([each for each in range(2, 9) if each != units]))
    # Broadcast against one output, or refused.
    return program.facts(labels=np.full((rows, width), 0.5), error=None if units == 1 else "loss")


@mutation("labels-shape", head=("own loss, classes", "classes"))
def a_label_a_token(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=np.arange(program.ids.size).reshape(program.ids.shape) % 3, error="loss")


@mutation("logits-flag-mismatch", head=("classes", "classes in a column", "one-hot", "several labels", "own tags"))
def logits_for_probabilities(program: Program, random: np.random.Generator) -> CallFacts:
    outputs = program.outputs.copy()
    outputs[0].flat[0] = -1.5
    return program.facts(outputs=outputs, from_logits=False)


@mutation("outputs-not-finite", head=("classes", "scores", "own loss, classes", "tags", "none"))
def nan_comes_out(program: Program, random: np.random.Generator) -> CallFacts:
    outputs = program.outputs.copy()
    outputs[0].flat[random.integers(outputs[0].size)] = np.nan
    return program.facts(outputs=outputs)


@mutation("sequence-output-unpooled", head=("classes", "classes in a column", "yes or no", "one-hot"))
def one_prediction_a_token(program: Program, random: np.random.Generator) -> CallFacts:
    (rows, units), length, labels = program.outputs.shape, program.ids.shape[1], program.labels
    if labels.shape == (rows, length):  # could be one a token
        units, labels = length + 1, np.eye(length + 1)[random.integers(0, length, rows)]
    outputs = random.normal(size=(rows, length, units)).astype("float32")
    return program.facts(outputs=outputs, labels=labels, type="Functional", error=None if units == 1 else "loss")


@mutation("regression-head-for-classes", head=("own loss, scores",), rows=2)
def classes_for_one_output(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(labels=np.arange(len(program.labels)) % 2)
