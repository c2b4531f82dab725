"""Correct programs of an unusual kind, each of which one rule once took for a fault: it says nothing of them."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import BERT, ROBERTA, TOKENIZER, call, check, having, model, slugs, tensor

from bertmagic.facts.call import CallFacts, EncoderCallFacts, ProbeFacts

IDS = np.array([[2, 5, 6, 3], [2, 7, 8, 3]], "int32")


def drawn(*given: np.ndarray) -> CallFacts:
    """A prediction of a model of one's own that runs its encoder in training mode, on these token ids in turn."""
    encoder = dataclasses.replace(BERT, dropout=0.1, path="bert")
    facts = call(IDS, kind="predict", of=model(encoder, type="Sampler", inputs={}), encoder=encoder)
    calls = tuple(
        EncoderCallFacts(encoder, {"input_ids": tensor("input_ids", ids, "input_ids")}, training=True) for ids in given
    )
    probe = ProbeFacts("repetition", (0, 1), 0.05, 1.0, 1e-6, "a second run")
    return having(facts, encoder_calls=calls, probes={probe.name: probe})


def test_dropout_samples_that_a_model_draws_itself_are_meant() -> None:
    assert check("training-mode-at-inference", drawn(IDS)) is not None
    assert check("training-mode-at-inference", drawn(IDS, IDS + 1)) is not None
    assert check("training-mode-at-inference", drawn(*[IDS] * 20)) is None
    assert check("training-mode-at-inference", drawn(IDS.repeat(20, axis=0))) is None


def test_ids_of_a_file_are_padded_with_the_models_own_token_whatever_tokenizer_the_cell_has() -> None:
    """RoBERTa's 0 is the token that a text begins with; BERT's tokenizer pads with it."""
    ids = np.array([[0, 5, 6, 7, 2], [0, 8, 9, 2, 1]], "int32")
    padded = call(ids, (ids != 1).astype("int32"), encoder=ROBERTA, tokenizer=TOKENIZER, probe=0.3)
    whole = call(ids[:1].repeat(2, axis=0), encoder=ROBERTA, tokenizer=TOKENIZER, probe=0.3)
    assert slugs(padded) == slugs(whole) == []
    assert call(ids, encoder=ROBERTA, tokenizer=TOKENIZER).pad_id(ROBERTA) == 1
    unknown = dataclasses.replace(BERT, pad_id=None)
    assert call(ids, encoder=unknown, tokenizer=TOKENIZER).pad_id(unknown) == 0
    own = dataclasses.replace(TOKENIZER, pad_id=7, made_rows=True)
    assert call(ids, encoder=ROBERTA, tokenizer=own).pad_id(ROBERTA) == 7
