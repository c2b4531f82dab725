"""Every sentence of the rules on special tokens, padding and the mask's values: title, detail, fix and code."""

from __future__ import annotations

import ast
import dataclasses

import pytest
from facts_builder import CLS, ROBERTA, SEP, TOKENIZER, batch, call, check

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
    "padded with zero for RoBERTa": (
        "padding-token-wrong",
        call(
            [[0, 7, 8, 2, 0, 0], [0, 7, 2, 0, 0, 0]],
            encoder=ROBERTA,
            tokenizer=dataclasses.replace(TOKENIZER, pad_id=1, cls_id=0, sep_id=2),
            said={"input_ids": "ids"},
            kinds="tf.Tensor",
        ),
        (
            "`ids` is padded with 0, and the padding token is 1",
            (
                "Rows 0 and 1 of `ids` are filled up with 0 at 2 to 3 positions, where `tokenizer.pad_token_id` is 1: "
                "to the model 0 is a token like any other, and it reads the padding as text."
            ),
            "Pad with the padding token",
            (
                "padding = np.cumprod(ids[:, ::-1] == 0, axis=1)[:, ::-1] == 1  # the run at each row's end\n"
                "ids = tf.constant(np.where(padding, tokenizer.pad_token_id, ids))  "
                "# or pad with value=tokenizer.pad_token_id"
            ),
        ),
    ),
    "padded with -100": (
        "padding-token-wrong",
        call([[CLS, 5, 6, SEP], [CLS, SEP, -100, -100]], error="forward"),
        (
            "`input_ids` is padded with -100, and the padding token is 0",
            (
                "Row 1 of `input_ids` is filled up with -100 at 2 positions, where `config.pad_token_id` is 0: the "
                "model has no embedding for -100, which is for labels, where the loss ignores it."
            ),
            "Pad with the padding token",
            "input_ids = np.where(input_ids == -100, 0, input_ids)  # or pad with value=0",
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
