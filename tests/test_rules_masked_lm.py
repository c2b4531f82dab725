"""The rule on the labels of masked-language models: what it finds, and what it leaves alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from dtype_facts import CHOSEN, KNOWN, LONG, MASK_ID, NOISY, RIGHT, UNPADDED, masked
from facts_builder import BERT, CLS, PAD, SEP, check, having, model, tensor

from bertmagic.facts.call import CallFacts


@pytest.mark.parametrize(
    "facts",
    [
        masked(NOISY, UNPADDED),
        masked(NOISY, LONG),
        masked(LONG, LONG),
        masked(NOISY, UNPADDED, tokenizer=None),
        masked(NOISY, np.where(CHOSEN, LONG, 0)),
        masked(NOISY, np.where(CHOSEN | (LONG == PAD), LONG, -100)),
        masked(NOISY, np.where(CHOSEN | (LONG == CLS), LONG, -100)),
        masked(NOISY, UNPADDED, loss="sparse"),
        having(masked(NOISY, UNPADDED, kind="call"), watched=True),
    ],
    ids=[
        "all tokens",
        "all, with padding",
        "nothing masked",
        "no tokenizer",
        "0 in the place of -100",
        "padding",
        "special tokens",
        "a loss of Keras'",
        "a direct call",
    ],
)
def test_labels_on_tokens_that_were_not_masked(facts: CallFacts) -> None:
    found = check("mlm-labels-unmasked", facts)
    assert found is not None
    assert found.severity == "warning"


def collated(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What the usual collator makes: 15 % labelled, of these 80 % masked, 10 % random, 10 % unchanged."""
    random = np.random.default_rng(seed)
    ids = random.integers(5, 100, (4, 20)).astype("int32")
    ids[:, 0], ids[:, -1] = CLS, SEP
    chosen = random.random(ids.shape) < 0.15
    chosen[:, [0, -1]] = False
    how = random.random(ids.shape)
    noisy = np.where(chosen & (how < 0.8), MASK_ID, ids)
    noisy = np.where(chosen & (how > 0.9), random.integers(5, 100, ids.shape), noisy).astype("int32")
    return noisy, np.where(chosen, ids, -100)


@pytest.mark.parametrize("known", [KNOWN, None], ids=["tokenizer", "none"])
@pytest.mark.parametrize("seed", range(20))
def test_the_usual_collator_is_right(seed: int, known: Any) -> None:
    noisy, labels = collated(seed)
    assert check("mlm-labels-unmasked", masked(noisy, labels, tokenizer=known)) is None


WRONG = LONG.copy()
WRONG[[0, 2], [3, 7]] += 1
CAUSAL = dataclasses.replace(BERT, family="gpt2")


@pytest.mark.parametrize(
    "facts",
    [
        masked(NOISY, RIGHT),
        masked(NOISY, RIGHT, tokenizer=None),
        masked(WRONG, UNPADDED),
        masked(LONG, LONG, of=model(type="TFBertLMHeadModel")),
        masked(LONG, LONG, of=model(CAUSAL, type="Functional"), encoder=CAUSAL, loss="sparse"),
        masked(LONG, LONG, outputs=(4, 20, 9)),
        masked(LONG, LONG, kind="evaluate"),
        masked(NOISY, UNPADDED, loss="other", of=model(type="Functional")),
        dataclasses.replace(
            masked(NOISY, LONG, loss="sparse"), weights=(tensor("sample_weight", CHOSEN.astype("float32")),)
        ),
        masked(LONG[:, :4], UNPADDED[:, :4], outputs=(4, 4, 9)),
    ],
    ids=[
        "masked tokens",
        "masked tokens, no tokenizer",
        "corrections",
        "a causal head",
        "a causal family",
        "tags",
        "an evaluation",
        "a loss of one's own",
        "weights of 0 elsewhere",
        "tags over few tokens",
    ],
)
def test_labels_of_tokens_that_are_right(facts: CallFacts) -> None:
    assert check("mlm-labels-unmasked", facts) is None
