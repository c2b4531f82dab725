"""Each rule of the families text and mask on what it must name, and on the unusual but correct calls beside it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from facts_builder import (
    BERT,
    TOKENIZER,
    VOCABULARY,
    batch,
    call,
    check,
    slugs,
)

from bertmagic.facts.call import CallFacts

FULL = batch([6, 6, 6])
LARGER = dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=120)


def at(ids: np.ndarray, row: int, place: int, value: int) -> np.ndarray:
    changed = ids.copy()
    changed[row, place] = value
    return changed


# -- tokenizer-model-mismatch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [120, VOCABULARY, None])
def test_another_vocabulary(base: int | None) -> None:
    tokenizer = dataclasses.replace(LARGER, base_rows=base)
    facts = call(at(FULL, 1, 2, 110), tokenizer=tokenizer, error="forward")
    finding = check("tokenizer-model-mismatch", facts)
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["ids"] == [110]
    assert finding.evidence["places"] == [[1, 2]]
    assert slugs(facts) == ["tokenizer-model-mismatch"]
    assert finding.fix is not None
    assert ("resize" in finding.fix.snippet) == (base == VOCABULARY)


SAME_VOCABULARY = {
    "the tokenizer is not known": call(at(FULL, 1, 2, 110), error="forward"),
    "as many tokens as rows": call(FULL, tokenizer=TOKENIZER),
    "embeddings rounded up": call(FULL, tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=90)),
    "more tokens, none of them used": call(FULL, tokenizer=LARGER),
    "the last row": call(at(FULL, 0, 2, VOCABULARY - 1), tokenizer=LARGER),
    "ids that are not the tokenizer's": call(at(FULL, 1, 2, 300), tokenizer=LARGER, error="forward"),
    "negative ids beside them": call(at(at(FULL, 1, 2, 110), 0, 1, -1), tokenizer=LARGER, error="forward"),
    "rows not known": call(at(FULL, 1, 2, 110), tokenizer=LARGER, encoder=dataclasses.replace(BERT, vocab_rows=None)),
    "the encoder was not seen, and the pass went through": call(at(FULL, 1, 2, 110), tokenizer=LARGER, seen=False),
    "the model maps ids before its encoder": call(at(FULL, 1, 2, 110), tokenizer=LARGER, received={"input_ids": FULL}),
    "embeddings": call(embeds=np.full((2, 4, 8), 110.0, "float32"), tokenizer=LARGER),
    "an empty batch": call(np.zeros((0, 4), "int32"), tokenizer=LARGER),
}


@pytest.mark.parametrize("facts", SAME_VOCABULARY.values(), ids=SAME_VOCABULARY)
def test_the_tokenizer_is_no_fault(facts: CallFacts) -> None:
    assert check("tokenizer-model-mismatch", facts) is None
