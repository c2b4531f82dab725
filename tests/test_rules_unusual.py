"""Correct programs of an unusual kind, each of which one rule once took for a fault: it says nothing of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from cell_builder import cell, texts, tokenized
from dtype_facts import LONG, masked
from facts_builder import BERT, ROBERTA, TOKENIZER, call, check, computed, having, model, slugs, tensor
from text_facts import TAGGER, words_fed

from bertmagic.facts.call import CallFacts, EncoderCallFacts, ErrorFacts, ProbeFacts
from bertmagic.facts.cell import WordFacts
from bertmagic.facts.training import EncoderState, OptimizerFacts, StateFacts

IDS = np.array([[2, 5, 6, 3], [2, 7, 8, 3]], "int32")


def drawn(*given: np.ndarray) -> CallFacts:
    """A prediction of a model of one's own that runs its encoder in training mode, on these token ids in turn."""
    encoder = dataclasses.replace(BERT, dropout=0.1, path="bert")
    facts = call(IDS, kind="predict", of=model(encoder, type="Sampler", inputs={}), encoder=encoder)
    calls = tuple(
        EncoderCallFacts(encoder, {"input_ids": tensor("input_ids", ids, "input_ids")}, training=True) for ids in given
    )
    probe = ProbeFacts("repetition", (0, 1), 0.05, 1.0, 1e-6)
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


def only_read(ids: np.ndarray, **more: Any) -> CallFacts:
    """A call of a model of one's own that could not be run: under a strategy of several devices, say."""
    own = model(BERT, type="Windows", inputs={})
    return having(call(ids, of=more.pop("of", own), seen=False, error="forward", **more), error=None, outputs=())


def test_what_a_model_of_ones_own_makes_of_its_ids_is_not_known_where_it_was_only_read() -> None:
    hashed, long = np.array([[2, 5, 500, 3]], "int32"), np.tile(np.array([[2, 6, 7, 3]], "int32"), (2, 16))
    negative = np.array([[2, 5, 6, 3], [2, 3, -1, -1]], "int32")
    for slug, ids in (
        ("ids-out-of-vocabulary", hashed),
        ("sequence-too-long", long),
        ("padding-token-wrong", negative),
    ):
        assert check(slug, only_read(ids)) is None
        assert check(slug, only_read(ids, of=model())) is not None
        assert check(slug, call(ids, of=model(BERT, inputs={}), seen=False, error="forward")) is not None
        module = dataclasses.replace(model(BERT, type="Head", inputs={}), framework="torch", compute="torch")
        assert check(slug, only_read(ids, of=module)) is None


def test_tokens_that_no_step_follows_are_scored() -> None:
    """The likelihood of a text: a direct call with all its tokens as labels, outside of a tape or under `no_grad`."""
    scored = masked(LONG, LONG, kind="call")
    assert check("mlm-labels-unmasked", scored) is None
    assert check("mlm-labels-unmasked", having(scored, watched=True)) is not None


def test_one_label_a_word_makes_each_word_a_text() -> None:
    fed = words_fed(of=model(said="clf", type="TFBertForSequenceClassification"), words_of="text", running=("the",))
    (call_,) = fed.calls
    for labels in ([0, 1, 0], [[0], [1], [0]]):
        trained = having(call_, kind="fit", labels=(tensor("labels", labels),))
        assert check("word-list-as-batch", having(fed, calls=(trained,))) is None
    assert check("word-list-as-batch", fed) is not None


def test_one_token_a_row_that_a_model_of_ones_own_takes() -> None:
    ids = np.array([5, 6, 7, 8, 9], "int32")
    column = {"input_ids": tensor("input_ids", ids[:, None], "input_ids")}
    own = having(call(ids, kind="call", of=model(BERT, inputs={})), encoder_calls=(EncoderCallFacts(BERT, column),))
    assert check("batch-axis-missing", own) is None
    assert check("batch-axis-missing", having(own, model=model())) is not None
    assert check("batch-axis-missing", having(own, outputs=(), error=raised_in("bert"))) is not None


def raised_in(layer: str) -> ErrorFacts:
    return ErrorFacts("InvalidArgumentError", "sizes do not agree", layer, "forward")


def test_a_mask_of_three_axes_is_not_to_blame_for_what_fails_after_the_encoder() -> None:
    encoder = dataclasses.replace(BERT, path="text/bert")
    received = {"input_ids": IDS, "attention_mask": np.ones((2, 4, 4), "int32")}
    facts = call(IDS, error="forward", received=received, encoder=encoder)
    for layer in ("head/dense", "text/bert_head", "text"):
        assert check("attention-mask-shape", having(facts, error=raised_in(layer))) is None
    for layer in ("text/bert", "text/bert/encoder", "text/bert.encoder"):
        assert check("attention-mask-shape", having(facts, error=raised_in(layer))) is not None


def test_labels_of_one_row_may_be_as_many_as_its_words() -> None:
    """One entity's pieces: as many as the text has words, by chance."""
    ids = np.array([[2, 21, 22, 23, 3]], "int32")
    words = WordFacts((np.array([-1, 0, 0, 1, -1]),), (2,), {})
    made = tokenized(texts("sentences", "words"), is_split_into_words=True, rows=(ids[0],), words=words)
    fed = call(ids, of=TAGGER, labels=np.array([[-100, 1, 2, -100, -100]]), outputs=(1, 5, 3), loss="internal")
    assert check("labels-not-aligned", cell(computed(fed), tokenizer_calls=[made])) is None


def test_a_masked_language_model_of_ones_own_is_pretrained_at_any_rate() -> None:
    encoder = dataclasses.replace(BERT, pretrained="./my-tiny-bert")
    state = StateFacts(
        encoders=(EncoderState("", True, 100, 100, gamma=(0.9, 1.1), reached=True),),
        optimizer=OptimizerFacts("AdamW", True, 1e-3),
    )
    facts = call(IDS, of=model(encoder, type="Functional"), encoder=encoder, labels=IDS, outputs=(2, 4, 100))
    facts = having(facts, state=state)
    assert check("learning-rate-high", facts) is None
    assert check("learning-rate-high", having(facts, outputs=(tensor("logits", np.zeros((2, 4, 3))),))) is not None


def test_an_encoder_trained_from_scratch_learns_padding_on_the_left() -> None:
    left = np.array([[0, 0, 2, 5, 3], [0, 2, 5, 6, 3]], "int32")
    facts = call(left, (left != 0).astype("int32"), tokenizer=dataclasses.replace(TOKENIZER, padding_side="left"))
    untrained = StateFacts(encoders=(EncoderState("", False, 100, 100),))
    assert check("padding-side", having(facts, state=None)) is None
    assert check("padding-side", having(facts, state=untrained)) is None
    loaded = StateFacts(encoders=(EncoderState("", True, 100, 100),))
    assert check("padding-side", having(facts, state=loaded)) is not None


def test_an_id_at_the_end_of_every_row_is_a_token_where_no_tokenizer_tells() -> None:
    """0 is the full stop of a vocabulary of one's own, and all rows are of one length."""
    ids = np.array([[2, 5, 6, 0], [2, 7, 8, 0]], "int32")
    assert slugs(call(ids, probe=0.3)) == []
    padded = np.array([[2, 5, 6, 0], [2, 7, 0, 0]], "int32")
    assert slugs(call(padded, probe=0.3)) == ["attention-mask-missing"]


def test_two_ids_alone_may_be_special_tokens_where_no_tokenizer_tells() -> None:
    """An empty text, [CLS] [SEP], that is masked throughout."""
    ids, mask = np.array([[2, 5, 6, 3], [2, 3, 0, 0]], "int32"), np.array([[1, 1, 1, 1], [0, 0, 0, 0]], "int32")
    assert check("attention-mask-all-zero", call(ids, mask)) is None
    assert check("attention-mask-all-zero", call(np.array([[2, 5, 6, 3], [2, 5, 3, 0]], "int32"), mask)) is not None


def test_nan_at_padding_alone_is_put_there() -> None:
    ids = np.array([[2, 5, 3, 0], [2, 5, 6, 3]], "int32")
    scores = np.array([[0.1, 0.2, 0.3, np.nan], [0.1, 0.2, 0.3, 0.4]], "float32")
    assert check("outputs-not-finite", call(ids, kind="predict", outputs=scores)) is None
    scores[1, 0] = np.nan
    assert check("outputs-not-finite", call(ids, kind="predict", outputs=scores)) is not None


def test_ids_that_their_own_float_type_holds_exactly() -> None:
    """float16 holds all whole numbers to 2048; that four are multiples of eight is chance."""
    encoder = dataclasses.replace(BERT, vocab_rows=2000)
    half = np.array([[2, 1504, 1600, 1712, 3]], "float16")
    facts = call(half, encoder=encoder)
    cut = {"input_ids": tensor("input_ids", half.astype("int32"), "input_ids", rows=(0,))}
    facts = having(facts, encoder_calls=(EncoderCallFacts(encoder, cut, {"input_ids": facts.inputs[0]}),))
    assert check("ids-not-integer", facts) is None


def test_an_image_of_one_vector_is_no_sequence() -> None:
    """Seven tasks of three classes, beside an embedding of seven numbers."""
    ids = np.array([[2, 5, 6, 3], [2, 7, 3, 0]], "int32")
    facts = computed(call(ids, outputs=(2, 7, 3), labels=np.array([0, 1]), loss="sparse"))
    image = tensor("image_embedding", np.zeros((2, 7), "float32"), "inputs_embeds")
    facts = having(facts, inputs=(image, *facts.inputs))
    assert facts.sizes["seq"] == 4
    assert check("sequence-output-unpooled", facts) is None
    assert "seq" not in having(facts, inputs=(image,)).sizes
