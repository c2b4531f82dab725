"""Encoders of many families on PyTorch: each is found inside its models, and its missing mask is named."""

from __future__ import annotations

from typing import Any

import pytest

from bertmagic import watching

SMALL = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
DISTIL = {"vocab_size": 100, "dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 64}
T5 = {"vocab_size": 100, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
ROBERTA = {**SMALL, "pad_token_id": 1, "max_position_embeddings": 66}

# By the name of the model's class: its config's class and settings, and the positions and their offset that are read.
FAMILIES: dict[str, tuple[str, dict[str, Any], int | None, int]] = {
    "BertModel": ("BertConfig", SMALL, 64, 0),
    "BertForSequenceClassification": ("BertConfig", SMALL, 64, 0),
    "BertForTokenClassification": ("BertConfig", SMALL, 64, 0),
    "BertForMaskedLM": ("BertConfig", SMALL, 64, 0),
    "RobertaModel": ("RobertaConfig", ROBERTA, 66, 2),
    "XLMRobertaForSequenceClassification": ("XLMRobertaConfig", ROBERTA, 66, 2),
    "CamembertModel": ("CamembertConfig", ROBERTA, 66, 2),
    "DistilBertModel": ("DistilBertConfig", DISTIL, 64, 0),
    "DistilBertForSequenceClassification": ("DistilBertConfig", DISTIL, 64, 0),
    "ElectraForSequenceClassification": ("ElectraConfig", {**SMALL, "embedding_size": 32}, 64, 0),
    "AlbertModel": ("AlbertConfig", {**SMALL, "embedding_size": 32}, 64, 0),
    "MPNetModel": ("MPNetConfig", ROBERTA, 66, 2),
    "DebertaV2Model": ("DebertaV2Config", {**SMALL, "position_biased_input": False}, None, 0),
    "DebertaModel": ("DebertaConfig", SMALL, 64, 0),
    "T5EncoderModel": ("T5Config", T5, None, 0),
    "MobileBertModel": ("MobileBertConfig", {**SMALL, "embedding_size": 32, "intra_bottleneck_size": 32}, 64, 0),
    "ModernBertModel": ("ModernBertConfig", SMALL, None, 0),
    "RoFormerModel": ("RoFormerConfig", SMALL, None, 0),
}
# Decoders: no encoder of theirs is found, and nothing is said of them.
DECODERS = {
    "GPT2LMHeadModel": ("GPT2Config", {"vocab_size": 100, "n_embd": 32, "n_layer": 2, "n_head": 2}),
    "BertLMHeadModel": ("BertConfig", {**SMALL, "is_decoder": True}),
    "LlamaForCausalLM": ("LlamaConfig", SMALL),
}


def made(model: str, config: str, settings: dict[str, Any]) -> Any:
    import torch
    import transformers

    torch.manual_seed(0)
    if not hasattr(transformers, model):
        pytest.skip(f"{model} is not in transformers {transformers.__version__}")
    return getattr(transformers, model)(getattr(transformers, config)(**settings)).eval()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_encoder_is_found_and_its_missing_mask_is_named(name: str) -> None:
    import torch

    from bertmagic.backends.torch import describe

    config, settings, positions, offset = FAMILIES[name]
    model = made(name, config, settings)
    facts = describe.describe(model, "model", lambda value: None)
    assert [(each.vocab_rows, each.positions, each.position_offset) for each in facts.encoders] == [
        (100, positions, offset)
    ]
    pad = model.config.pad_token_id
    ids = torch.randint(5, 100, (3, 12))
    ids[1, 4:] = pad
    ids[2, 7:] = pad
    mask = (ids != pad).long()
    with torch.no_grad():
        with watching() as right:
            model(ids, attention_mask=mask)
        with watching() as full:
            model(ids[:1])
        with watching() as wrong:
            model(ids)
    for watch in (right, full, wrong):
        assert watch.report is not None
        assert watch.report.internal_errors == ()
    assert [each.rule for each in right.report.findings if each.severity != "advice"] == []
    assert [each.rule for each in full.report.findings if each.severity != "advice"] == []
    assert [each.rule for each in wrong.report.findings][:1] == ["attention-mask-missing"]


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_is_no_encoder(name: str) -> None:
    import torch

    from bertmagic.backends.torch import describe

    model = made(name, *DECODERS[name])
    assert describe.encoders_in(model) == []
    ids = torch.randint(5, 100, (3, 12))
    ids[1, :4] = 0
    with watching() as watch, torch.no_grad():
        model(ids, attention_mask=(ids != 0).long())
    assert watch.report is not None
    assert watch.report.findings == ()
