"""All rules together: each fix is code, facts stay as they were, and right calls get nothing."""

from __future__ import annotations

import ast
import dataclasses

import numpy as np
import pytest
from facts_builder import (
    BERT,
    CLS,
    PAD,
    SEP,
    TOKENIZER,
    batch,
    call,
    computed,
    having,
    model,
    slugs,
    tensor,
)
from labels_builder import internal
from test_rules_labels import MINUS_HUNDRED
from test_rules_labels_shape import MISFITS
from test_rules_shape import BAD_IDS, TOO_LONG, TWO, WRONG_RANK

from bertmagic.facts.call import CallFacts

IDS = batch([6, 4, 3])
MASK = (IDS != PAD).astype("int32")
FULL = batch([6, 6, 6])
CLASSIFIER = model(type="TFBertForSequenceClassification", sizes={"labels": 2})


WRONG = {
    **{f"rank: {name}": facts for name, (facts, _) in WRONG_RANK.items()},
    **{f"length: {name}": facts for name, (facts, *_) in TOO_LONG.items()},
    **{f"ids: {name}": facts for name, (facts, *_) in BAD_IDS.items()},
    **MISFITS,
    "no mask": call(IDS, tokenizer=TOKENIZER),
    "no mask, items of an encoding": call(IDS, said={"input_ids": 'enc["input_ids"]'}, kind="call"),
    "no mask, a model from Inputs": call(IDS, of=model(inputs={"input_ids": (None, None)})),
    "no mask, a model of one's own": call(IDS, of=model(inputs={}), kinds="tf.Tensor"),
    "no mask, lists": call(IDS, kinds="list"),
    "a mask of ones": call(IDS, np.ones_like(IDS), kinds="tf.Tensor"),
    "a dropped mask": call(IDS, MASK, received={"input_ids": IDS}),
    "no mask where the separator pads": call(
        [[CLS, 5, SEP, SEP], [CLS, 5, 6, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP, made_rows=True)
    ),
    "missing": call(IDS, of=TWO, seen=False, error="forward"),
}


@pytest.mark.parametrize("facts", WRONG.values(), ids=WRONG)
def test_every_fix_is_code(facts: CallFacts) -> None:
    from bertmagic.rules import RULES

    rules = [rule for rule in RULES.values() if rule.about == "call"]
    found = [finding for rule in rules if (finding := rule.check(facts)) is not None]
    assert found
    for finding in found:
        assert finding.fix is not None
        ast.parse(finding.fix.snippet)
        assert "…" not in finding.fix.snippet


def test_facts_are_left_as_they_were() -> None:
    ids, mask = IDS.copy(), np.ones_like(IDS)
    ids.setflags(write=False)
    mask.setflags(write=False)
    slugs(call(ids, mask))
    np.testing.assert_array_equal(ids, IDS)


RIGHT = {
    "padded, with its mask": call(IDS, MASK, labels=[0, 1, 0], of=CLASSIFIER),
    "a dataset": having(call(FULL, labels=[0, 1, 0]), container="Dataset"),
    "a regression": computed(call(FULL, labels=[0.5, 1.5, 2.5], outputs=(3, 1), loss="regression")),
    "tags": internal("ForTokenClassification", MINUS_HUNDRED, (3, 6, 2)),
    "prediction": call(FULL, kind="predict"),
    "a feature beside the text": call(
        FULL, others=[tensor("stars", [1.0, 2.0, 3.0])], labels=[0, 1, 1], of=model(inputs={})
    ),
    "left padding": call(IDS[:, ::-1], MASK[:, ::-1], encoder=BERT),
    "one token a row": call([[CLS], [SEP]], labels=[0, 1]),
}


@pytest.mark.parametrize("facts", RIGHT.values(), ids=RIGHT)
def test_right_calls_get_nothing(facts: CallFacts) -> None:
    assert slugs(facts) == []
