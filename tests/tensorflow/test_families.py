"""Correct programs over the TF models of the BERT family: nothing is said of them, and nothing of ours fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bertmagic

VOCABULARY = 60
SMALL = {"vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
PLAIN = {**SMALL, "intermediate_size": 16}
DISTIL = {"vocab_size": VOCABULARY, "dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}
XLNET = {"vocab_size": VOCABULARY, "d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16}
XLM = {"vocab_size": VOCABULARY, "emb_dim": 16, "n_layers": 1, "n_heads": 2}
# Its config names no padding token.
FUNNEL = {"pad_token_id": 0}

FAMILIES: dict[str, tuple[str, dict[str, Any], int]] = {
    "Bert": ("BertConfig", PLAIN, 0),
    "Roberta": ("RobertaConfig", {**PLAIN, "type_vocab_size": 1, "pad_token_id": 1, "max_position_embeddings": 16}, 1),
    "XLMRoberta": ("XLMRobertaConfig", {**PLAIN, "type_vocab_size": 1, "pad_token_id": 1}, 1),
    "DistilBert": ("DistilBertConfig", DISTIL, 0),
    "Electra": ("ElectraConfig", {**PLAIN, "embedding_size": 8}, 0),
    "Albert": ("AlbertConfig", {**PLAIN, "embedding_size": 8}, 0),
    "MPNet": ("MPNetConfig", {**PLAIN, "pad_token_id": 1}, 1),
    "MobileBert": ("MobileBertConfig", {**PLAIN, "intra_bottleneck_size": 16, "embedding_size": 8}, 0),
    "ConvBert": ("ConvBertConfig", {**PLAIN, "embedding_size": 16, "pad_token_id": 0}, 0),
    "Camembert": ("CamembertConfig", {**PLAIN, "type_vocab_size": 1, "pad_token_id": 1}, 1),
    "Deberta": ("DebertaConfig", {**PLAIN, "type_vocab_size": 0, "relative_attention": True}, 0),
    "DebertaV2": ("DebertaV2Config", {**PLAIN, "type_vocab_size": 0, "position_biased_input": False}, 0),
    "Funnel": (
        "FunnelConfig",
        {"vocab_size": VOCABULARY, "d_model": 16, "n_head": 2, "d_head": 8, "d_inner": 16, **FUNNEL},
        0,
    ),
    "XLNet": ("XLNetConfig", XLNET, 5),
    "XLM": ("XLMConfig", XLM, 2),
}


def batch(pad_id: int, rows: int = 4, length: int = 10) -> dict[str, np.ndarray]:
    """Rows of which two end in padding, and the mask that says so."""
    ids = np.random.default_rng(1).integers(6, VOCABULARY, (rows, length)).astype("int32")
    mask = np.ones_like(ids)
    for row, padding in ((1, 4), (2, 1)):
        ids[row, -padding:] = pad_id
        mask[row, -padding:] = 0
    return {"input_ids": ids, "attention_mask": mask}


def make(transformers: Any, family: str, head: str, **changes: Any) -> Any:
    config_name, settings, _ = FAMILIES[family]
    config = getattr(transformers, config_name)(**{**settings, **changes})
    return getattr(transformers, f"TF{family}{head}")(config)


@pytest.fixture(scope="module")
def transformers(tf: Any) -> Any:
    return pytest.importorskip("transformers")


def quiet(report: Any) -> None:
    assert report is not None
    assert report.internal_errors == ()
    assert [(finding.rule, finding.detail) for finding in report.findings] == []
    assert report.verdict == "pass", report.summary
    assert all(row.status == "ok" for row in (*report.inputs, *report.outputs)), report


@pytest.mark.parametrize("family", FAMILIES)
def test_a_right_call_and_a_right_fit_get_nothing(transformers: Any, family: str) -> None:
    x = batch(FAMILIES[family][2])
    encoder = make(transformers, family, "Model")
    with bertmagic.watching() as watch:
        encoder(x)
        encoder(x["input_ids"], attention_mask=x["attention_mask"])
        encoder(x["input_ids"][:1])
    quiet(watch.report)
    classifier = make(transformers, family, "ForSequenceClassification", num_labels=3)
    classifier.compile("adam")
    with bertmagic.watching() as watch:
        classifier.fit(x, np.array([0, 1, 2, 0]), verbose=0)
    quiet(watch.report)
    assert watch.report is not None
    assert [row.status for row in watch.report.labels] == ["ok"]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mask_is_missed_wherever_the_model_reads_the_padding(transformers: Any, family: str) -> None:
    x = batch(FAMILIES[family][2])
    encoder = make(transformers, family, "Model")
    hidden = encoder(x["input_ids"])[0].numpy()
    alone = encoder(x["input_ids"][1:2, :-4])[0].numpy()
    reads = hidden.shape[1] == x["input_ids"].shape[1] and np.abs(hidden[1, :-4] - alone[0]).max() > 1e-4
    with bertmagic.watching() as watch:
        encoder(x["input_ids"])
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    said = [finding.rule for finding in watch.report.findings]
    assert said == (["attention-mask-missing"] if reads else []), (reads, watch.report)


@pytest.mark.parametrize(
    ("head", "labels"),
    [
        (
            "ForTokenClassification",
            lambda rows, length: np.where(np.arange(length) < 2, -100, 1) * np.ones((rows, 1), int),
        ),
        ("ForMaskedLM", lambda rows, length: np.where(np.arange(length) < 2, 7, -100) * np.ones((rows, 1), int)),
        ("ForNextSentencePrediction", lambda rows, length: np.zeros(rows, int)),
        (
            "ForQuestionAnswering",
            lambda rows, length: {"start_positions": np.ones(rows, int), "end_positions": np.ones(rows, int)},
        ),
        ("ForMultipleChoice", lambda rows, length: np.zeros(rows, int)),
    ],
)
def test_each_head_of_bert(transformers: Any, head: str, labels: Any) -> None:
    x = batch(0)
    y = labels(4, 10)
    if head == "ForMultipleChoice":
        x = {name: value.reshape(2, 2, 10) for name, value in x.items()}
        y = y[:2]
    model = make(transformers, "Bert", head)
    model.compile("adam")
    with bertmagic.watching() as watch:
        model.fit(x, y, verbose=0)
        model.predict(x, verbose=0)
    quiet(watch.report)


def test_one_number_a_row_is_a_regression(transformers: Any) -> None:
    model = make(transformers, "Bert", "ForSequenceClassification", num_labels=1)
    for labels in (np.array([0.5, 1.0, 2.0, 0.1], "float32"), np.array([[0.5], [1.0], [2.0], [0.1]], "float32")):
        model.compile("adam", "mse")
        with bertmagic.watching() as watch:
            model.fit(batch(0), labels, verbose=0)
        quiet(watch.report)


def test_mixed_precision(transformers: Any, keras: Any) -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        # Weights of a usual size: those of a tiny random model move an output by less than half precision tells.
        model = make(transformers, "Bert", "Model", initializer_range=0.3)
        x = batch(0)
        with bertmagic.watching() as watch:
            model(x)
        quiet(watch.report)
        with bertmagic.watching() as watch:
            model(x["input_ids"])
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert watch.report is not None
    assert [finding.rule for finding in watch.report.findings] == ["attention-mask-missing"]


def test_more_positions_than_roberta_has_rows_only_counts_tokens(transformers: Any) -> None:
    """16 rows of positions count from 2: fourteen tokens fit, whatever padding follows."""
    x = batch(1, length=14)
    padded = {"input_ids": np.pad(x["input_ids"], ((0, 0), (0, 4)), constant_values=1)}
    padded["attention_mask"] = np.pad(x["attention_mask"], ((0, 0), (0, 4)))
    model = make(transformers, "Roberta", "Model")
    with bertmagic.watching() as watch:
        model(padded)
    quiet(watch.report)


def test_where_nothing_tells_the_padding_token_that_is_said(transformers: Any) -> None:
    model = make(transformers, "Funnel", "Model", pad_token_id=None)
    with bertmagic.watching() as watch:
        model(batch(0)["input_ids"])
    assert watch.report is not None
    assert any(each.what.startswith("padding") for each in watch.report.not_checked), watch.report
