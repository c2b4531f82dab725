"""Rules on labels that do not reach a transformers model's own loss: what they find, and what they leave alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from facts_builder import check, having, slugs, tensor
from own_loss_facts import LABELS, NLI, refused, trained

from bertmagic.facts.call import CallFacts

PRETRAINING = dataclasses.replace(NLI, takes=LABELS | {"next_sentence_label"})


@pytest.mark.parametrize("kind", ["fit", "evaluate", "train_on_batch"])
def test_no_labels_and_no_loss(kind: Any) -> None:
    assert slugs(trained(None, kind=kind)) == ["labels-missing"]


@pytest.mark.parametrize("key", ["label", "target", "logits", "y"])
def test_labels_under_a_name_that_is_not_the_models(key: str) -> None:
    assert slugs(trained(f"labels['{key}']")) == ["input-misnamed"]


LOSS_IS_COMPUTED = {
    "of the labels that it got": trained("labels['labels']", loss=True),
    "of other things than labels": trained(None, loss=True),
    "labels in an array": trained("labels", loss=True),
    "by a step of one's own": having(trained(None), loss=dataclasses.replace(trained(None).loss, value=None)),  # type: ignore[type-var]
    "by the loss that was compiled": having(
        trained("labels['label']"),
        loss=dataclasses.replace(trained(None).loss, kind="sparse"),  # type: ignore[type-var]
    ),
    "by a model that takes no labels": trained(None, of=dataclasses.replace(NLI, takes=LABELS - {"labels"})),
    "by a model that tells no names": trained(None, of=dataclasses.replace(NLI, takes=None)),
    "by a model of one's own": trained(None, of=dataclasses.replace(NLI, type="Functional")),
    "nowhere, for predictions": trained(None, kind="predict"),
}


@pytest.mark.parametrize("facts", LOSS_IS_COMPUTED.values(), ids=LOSS_IS_COMPUTED)
def test_a_loss_is_computed_or_not_asked_for(facts: CallFacts) -> None:
    assert not {"labels-missing", "input-misnamed"} & set(slugs(facts))


def test_which_of_several_kinds_of_labels_is_meant_is_not_guessed() -> None:
    assert check("input-misnamed", trained("labels['label']", of=PRETRAINING)) is None
    two = having(trained(None), labels=(tensor("labels['a']", [0, 1, 1]), tensor("labels['b']", [0, 1, 1])))
    assert check("input-misnamed", two) is None


@pytest.mark.parametrize("kind", ["list", "tuple", "numpy.ndarray"])
def test_labels_of_a_direct_call_that_are_no_tensor(kind: str) -> None:
    assert slugs(refused(kind)) == ["container-unsupported"]


TENSORS = {
    "a tensor": refused("tf.Tensor"),
    "two outputs": refused("numpy.ndarray", outputs=(3, 2)),
    "another head": refused("list", of=dataclasses.replace(NLI, type="TFBertForTokenClassification")),
    "not raised in the loss": having(refused("list"), error=None),
    "a training run": having(refused("numpy.ndarray"), kind="fit"),
}


@pytest.mark.parametrize("facts", TENSORS.values(), ids=TENSORS)
def test_labels_whose_container_is_not_at_fault(facts: CallFacts) -> None:
    assert check("container-unsupported", facts) is None
