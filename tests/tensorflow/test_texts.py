"""What is seen of real tokenizers' calls: no texts, symbolic tensors, rows of different lengths, words and capitals."""

from __future__ import annotations

import importlib.util
import linecache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bertmagic.observe.pieces import casing_facts, words_of_tokens
from bertmagic.session import Watch

TOKENS = "the ferry to ulla ##pool leaves at seven rain in ber ##gen . , paris [MASK]"


@pytest.fixture(scope="session")
def folder(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer's folder: a small vocabulary without capital letters, filled up so that it can be sampled."""
    folder = tmp_path_factory.mktemp("vocabulary")
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(["[MASK]", *TOKENS.split()])]
    (folder / "vocab.txt").write_text("\n".join([*tokens, *(f"filler{i}" for i in range(400))]))
    return folder


@pytest.fixture(params=["slow", "fast"])
def tokenizer(request: pytest.FixtureRequest, folder: Path) -> Any:
    return make(request.param, folder)


def make(kind: str, folder: Path, **settings: Any) -> Any:
    from transformers import BertTokenizer, BertTokenizerFast

    return (BertTokenizer if kind == "slow" else BertTokenizerFast)(str(folder / "vocab.txt"), **settings)


@pytest.fixture
def kit(tf: Any, tokenizer: Any) -> SimpleNamespace:
    from transformers import BertConfig, TFBertForTokenClassification, TFBertModel

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(tokenizer), num_labels=3, **small)
    tagger = TFBertForTokenClassification(config)
    tagger.compile("adam")
    texts = ["bergen in rain", "the ferry leaves at seven"]
    return SimpleNamespace(tf=tf, np=np, tokenizer=tokenizer, bert=TFBertModel(config), tagger=tagger, texts=texts)


def rules(report: Any) -> list[str]:
    return [finding.rule for finding in report.findings if finding.severity != "advice"]


def ran(kit: SimpleNamespace, source: str) -> tuple[list[str], str | None, Any]:
    """The rules that a block gets, the type of what it raised, and its report."""
    namespace: dict[str, Any] = {**vars(kit), "__name__": "__main__"}
    linecache.cache["<block>"] = (len(source), None, source.splitlines(keepends=True), "<block>")
    error = None
    try:
        with Watch(namespace=namespace) as watch:
            exec(compile(source, "<block>", "exec"), namespace)
    except Exception as raised:  # noqa: BLE001  # what the block ends in
        error = type(raised).__name__
    assert watch.report is not None
    assert not watch.report.internal_errors
    return rules(watch.report), error, watch.report


IN_MAP = """
dataset = tf.data.Dataset.from_tensor_slices(texts)
dataset = dataset.map(lambda text: {call})
"""
FOUND = {
    "None": ("texts = [*texts, None]\ntokenizer(texts)", "text-not-valid"),
    "NaN": ("tokenizer([*texts, float('nan')], padding=True)", "text-not-valid"),
    "an array": ("tokenizer(np.array(texts))", "text-not-valid"),
    "an array of objects": ("tokenizer(np.array([*texts, None], object))", "text-not-valid"),
    "a tensor": ("tokenizer(tf.constant(texts))", "text-not-valid"),
    "lists of one text": ("tokenizer([[text] for text in texts])", "text-not-valid"),
    "lists of words": ("tokenizer([text.split() for text in texts])", "word-list-as-batch"),
    "in Dataset.map": (IN_MAP.format(call="tokenizer(text)"), "tokenizer-in-graph"),
    "in a list in Dataset.map": (IN_MAP.format(call="tokenizer([text])"), "tokenizer-in-graph"),
    "numpy() in Dataset.map": (IN_MAP.format(call="tokenizer(text.numpy().decode())"), "tokenizer-in-graph"),
    "str() in Dataset.map": (
        IN_MAP.format(call="tokenizer(str(text), return_tensors='tf')['input_ids']"),
        "tokenizer-in-graph",
    ),
    "not padded": ("tokenizer(texts, return_tensors='tf')", "ragged-rows"),
    "tf.constant": ("enc = tokenizer(texts)\ntf.constant(enc['input_ids'])", "ragged-rows"),
    "np.array": ("enc = tokenizer(texts)\nnp.array(enc['input_ids'])", "ragged-rows"),
    "np.stack": ("np.stack([tokenizer(text)['input_ids'] for text in texts])", "ragged-rows"),
    "from_tensor_slices": ("enc = tokenizer(texts)\ntf.data.Dataset.from_tensor_slices(dict(enc))", "ragged-rows"),
    "lists": ("enc = tokenizer(texts)\ntagger.predict(dict(enc))", "ragged-rows"),
    "a ragged tensor": ("ids = tf.ragged.constant(tokenizer(texts)['input_ids'])\nbert(ids)", "ragged-rows"),
    "a dataset's batch": (
        """
rows = [np.array(tokenizer(text)["input_ids"]) for text in texts]
spec = tf.TensorSpec((None,), tf.int32)
tagger.predict(tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=spec).batch(2))
""",
        "ragged-rows",
    ),
    "split": (
        "sentence = texts[1]\nwords = sentence.split()\nbert(tokenizer(words, padding=True, return_tensors='tf'))",
        "word-list-as-batch",
    ),
    "labels one a word": (
        """
enc = tokenizer([text.split() for text in texts], is_split_into_words=True, padding=True, return_tensors="np")
labels = np.full(enc["input_ids"].shape, -100)
labels[0, 1:4] = labels[1, 1:6] = 1
tagger.fit(dict(enc), labels)
""",
        "labels-not-aligned",
    ),
    "labels one a word, texts not split": (
        """
enc = tokenizer(texts, padding=True, return_tensors="np")
labels = np.full(enc["input_ids"].shape, -100)
labels[0, 1:4] = labels[1, 1:6] = 1
tagger.fit(dict(enc), labels)
""",
        "labels-not-aligned",
    ),
}


@pytest.mark.parametrize(("source", "rule"), FOUND.values(), ids=FOUND)
def test_the_cause_is_named(kit: SimpleNamespace, source: str, rule: str) -> None:
    found, _, report = ran(kit, source)
    assert found == [rule], report.to_text()


def test_a_framework_that_is_not_installed(kit: SimpleNamespace) -> None:
    if importlib.util.find_spec("torch") is not None:
        pytest.skip("PyTorch is installed")
    for source in (
        "tokenizer(texts, padding=True, return_tensors='pt')",
        "from transformers import BertModel\nBertModel.from_pretrained('no such folder')",
        "from transformers import BertModel\nBertModel(bert.config)",
        "from transformers import DataCollatorWithPadding as Pads\nPads(tokenizer)([tokenizer(t) for t in texts])",
    ):
        assert ran(kit, source)[0] == ["framework-mismatch"], source


RIGHT = {
    "a failure that is caught": "try:\n    tokenizer(np.array(texts))\nexcept ValueError:\n    tokenizer(texts)",
    "in tf.py_function": """
def encode(text):
    return tokenizer(text.numpy().decode(), padding="max_length", max_length=9)["input_ids"]
dataset = tf.data.Dataset.from_tensor_slices(texts)
dataset = dataset.map(lambda text: tf.py_function(encode, [text], tf.int32))
next(iter(dataset))
""",
    "a text of the program's own in a graph": """
@tf.function
def embed():
    return tf.constant(tokenizer("rain", return_tensors="np")["input_ids"])
embed()
""",
    "sub-tokens counted": """
words = texts[1].split()
[len(each) for each in tokenizer(words, add_special_tokens=False)["input_ids"]]
bert(tokenizer(texts[1], return_tensors="tf"))
""",
    "one-word texts": "bert(tokenizer(['rain', 'paris', 'seven'], padding=True, return_tensors='tf'))",
    "rows padded by batches": """
rows = tokenizer(texts)["input_ids"]
spec = tf.TensorSpec((None,), tf.int32)
dataset = tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=spec).padded_batch(2)
bert({"input_ids": next(iter(dataset)), "attention_mask": tf.cast(next(iter(dataset)) != 0, tf.int32)})
""",
    "a ragged tensor made dense": """
ids = tf.ragged.constant(tokenizer(texts)["input_ids"]).to_tensor()
bert(ids, attention_mask=tf.cast(ids != 0, tf.int32))
""",
    "labels on first tokens": """
enc = tokenizer([text.split() for text in texts], is_split_into_words=True, padding=True, return_tensors="np")
labels = np.full(enc["input_ids"].shape, -100)
for row, ids in enumerate(enc["input_ids"]):
    tokens = tokenizer.convert_ids_to_tokens(ids)
    labels[row] = [-100 if token[0] in "[#" else 1 for token in tokens]
tagger.fit(dict(enc), labels)
""",
}


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_what_is_right_passes(kit: SimpleNamespace, source: str) -> None:
    found, error, report = ran(kit, source)
    assert (found, error) == ([], None), report.to_text()


@pytest.mark.parametrize("kind", ["slow", "fast"])
def test_the_words_of_tokens(kind: str, folder: Path) -> None:
    tokenizer = make(kind, folder)
    texts = ["rain in bergen.", "  the ferry to ullapool , at seven"]
    enc = tokenizer(texts, padding=True)
    made = words_of_tokens(tokenizer, enc, texts)
    assert made is not None
    assert [row.tolist() for row in made] == [
        [-1, 0, 1, 2, 2, 2, -1, -1, -1, -1],
        [-1, 0, 1, 2, 3, 3, 4, 5, 6, -1],
    ]
    split = [text.split() for text in texts]
    enc = tokenizer(split, is_split_into_words=True, truncation=True, max_length=6, return_tensors="np", padding=True)
    made = words_of_tokens(tokenizer, enc, split)
    assert made is not None
    assert [row.tolist() for row in made] == [[-1, 0, 1, 2, 2, -1], [-1, 0, 1, 2, 3, -1]]
    assert words_of_tokens(tokenizer, enc, split[:1]) is None


@pytest.mark.parametrize("kind", ["slow", "fast"])
def test_capital_letters(kind: str, folder: Path) -> None:
    texts = ["Rain in Paris [MASK]", "the ferry"]
    usual = casing_facts(make(kind, folder), texts)
    assert usual is not None
    assert (usual.lowers, usual.capitals, usual.changed) == (True, 0, ())
    kept = casing_facts(make(kind, folder, do_lower_case=False), texts)
    assert kept is not None
    assert (kept.lowers, kept.changed) == (False, (("Rain", "[UNK]"), ("Paris", "[UNK]")))
    assert casing_facts(make(kind, folder), ["rain [MASK]"]) is None


def test_a_cased_vocabulary_that_is_lowered(tf: Any, tmp_path: Path) -> None:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "Paris", "par", "##is", "in"]
    (tmp_path / "vocab.txt").write_text("\n".join([*tokens, *(f"Filler{i}" for i in range(300))]))
    for kind in ("slow", "fast"):
        facts = casing_facts(make(kind, tmp_path, do_lower_case=True), ["Paris in Oslo"])
        assert facts is not None
        assert facts.lowers
        assert facts.capitals > 0.9 * facts.sampled > 200
        assert facts.changed == (("Paris", "par ##is"),)


def test_asking_leaves_the_tokenizer_as_it_was(folder: Path) -> None:
    tokenizer = make("fast", folder)
    tokenizer(["rain"], padding="max_length", max_length=9, truncation=True)
    before = (tokenizer.backend_tokenizer.padding, tokenizer.backend_tokenizer.truncation)
    casing_facts(tokenizer, ["Rain in Paris"])
    assert (tokenizer.backend_tokenizer.padding, tokenizer.backend_tokenizer.truncation) == before
