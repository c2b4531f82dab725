"""Every sentence of the rules on special tokens, padding and the mask's values: title, detail, fix and code."""

from __future__ import annotations

import ast
import dataclasses

import pytest
from facts_builder import TOKENIZER, batch, call, check

from bertmagic.facts.call import CallFacts
from bertmagic.rules import RULES

FULL = batch([6, 6, 6])
BEYOND = FULL.copy()
BEYOND[1, 2] = 110

MESSAGES: dict[str, tuple[str, CallFacts, tuple[str, str, str, str]]] = {
    "another vocabulary": (
        "tokenizer-model-mismatch",
        call(
            BEYOND,
            tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=120),
            said={"input_ids": "ids"},
            error="forward",
        ),
        (
            "`tokenizer` has more tokens than `model` has embeddings",
            (
                "`tokenizer` has 120 tokens, 20 more than the 100 rows of `bert.embeddings.weight`. `ids` holds 110 in "
                "row 1, beyond those rows."
            ),
            "Make the model for the tokenizer's vocabulary",
            "vocab_size = len(tokenizer)  # in the config that `model` is made from: 100 now",
        ),
    ),
    "tokens added": (
        "tokenizer-model-mismatch",
        call(BEYOND, tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=98), error="forward"),
        (
            "`tokenizer` has more tokens than `model` has embeddings",
            (
                "`tokenizer` has 120 tokens, 20 more than the 100 rows of `bert.embeddings.weight`; 22 of them were "
                "added to it. `input_ids` holds 110 in row 1, beyond those rows."
            ),
            "Resize the embeddings for the added tokens",
            "model.resize_token_embeddings(len(tokenizer))  # once tokens are added",
        ),
    ),
}


@pytest.mark.parametrize(("slug", "facts", "sentences"), MESSAGES.values(), ids=MESSAGES)
def test_the_sentence(slug: str, facts: CallFacts, sentences: tuple[str, str, str, str]) -> None:
    finding = check(slug, facts)
    assert finding is not None
    assert finding.fix is not None
    assert (finding.title, finding.detail, finding.fix.title, finding.fix.snippet) == sentences
    ast.parse(finding.fix.snippet)
    assert max(map(len, finding.fix.snippet.splitlines())) <= 120
    for sentence in sentences[:3]:
        assert not {"!", "None", "  "} & {part for part in ("!", "None", "  ") if part in sentence}
    for part in ("What it finds:", "Why it is bad:", "Wrong:", "Right:"):
        assert part in RULES[slug].page()
