"""Models and tokenizers inside what TensorFlow traces: seen, and without a word of ours in the user's exceptions."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.observe.seen import Seen
from bertmagic.session import Watch


@pytest.fixture
def tokenizer(tmp_path: Any) -> Any:
    from transformers import BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{i}" for i in range(40))]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    return BertTokenizerFast(str(tmp_path / "vocab.txt"))


def raised(run: Callable[[], Any]) -> tuple[type, str]:
    try:
        run()
    except Exception as error:  # noqa: BLE001  # whatever it is
        return type(error), str(error)
    raise AssertionError("it raises")


def watched(run: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Watch, list[CallFacts], list[CellFacts]]:
    """Run under watch; the watch, the facts of each call examined, and those of the cell."""
    calls: list[CallFacts] = []
    cells: list[CellFacts] = []
    facts = Seen.facts

    def kept(self: Any, *args: Any) -> CellFacts:
        cells.append(facts(self, *args))
        calls.extend(cells[-1].calls)
        return cells[-1]

    monkeypatch.setattr(Seen, "facts", kept)
    with Watch(namespace={}) as watch:
        run()
    return watch, calls, cells


def why_unseen(watch: Watch) -> dict[str, str]:
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    return {each.what: each.why for each in watch.report.not_checked}


@pytest.mark.parametrize("kind", ["model", "main layer", "inside a layer", "without autograph", "nested"])
def test_the_message_of_an_error_in_a_function_is_as_without_the_check(
    tf: Any, keras: Any, bert: Any, kind: str
) -> None:
    class Own(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = bert

        def call(self, ids: Any, mask: Any) -> Any:
            return self.encoder(ids, attention_mask=mask).last_hidden_state

    own = Own()

    def run() -> Any:
        @tf.function(autograph=kind != "without autograph")
        def apply(ids: Any, mask: Any) -> Any:
            if kind == "main layer":
                return bert.bert(input_ids=ids, attention_mask=mask)
            return own(ids, mask) if kind == "inside a layer" else bert(ids, attention_mask=mask).pooler_output

        @tf.function
        def outer(ids: Any, mask: Any) -> Any:
            return apply(ids, mask)

        return (outer if kind == "nested" else apply)(tf.ones((2, 5), tf.int32), tf.ones((2, 4), tf.int32))

    plain = raised(run)
    with Watch(namespace={}) as watch:
        checked = raised(run)
    assert checked == plain
    assert "bertmagic" not in checked[1]
    assert watch.report is not None
    assert watch.report.internal_errors == ()


@pytest.mark.parametrize("method", ["__call__", "encode", "encode_plus"])
def test_the_message_of_a_tokenizer_in_a_dataset_is_as_without_the_check(tf: Any, tokenizer: Any, method: str) -> None:
    def run() -> Any:
        def encode(text: Any) -> Any:
            if method == "encode":
                return tokenizer.encode(text, max_length=8)
            if method == "encode_plus":
                return tokenizer.encode_plus(text, max_length=8)
            return tokenizer(text, padding="max_length", max_length=8)["input_ids"]

        return tf.data.Dataset.from_tensor_slices(["word1 word2", "word3"]).map(encode)

    plain = raised(run)
    with Watch(namespace={}) as watch:
        checked = raised(run)
    assert checked == plain
    assert "bertmagic" not in checked[1]
    assert watch.report is not None
    assert watch.report.internal_errors == ()


@pytest.mark.parametrize("method", ["__call__", "encode", "encode_plus"])
def test_a_tokenizer_in_a_dataset_is_noted(
    tf: Any, tokenizer: Any, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(text: Any) -> Any:
        if method == "encode_plus":
            return tokenizer.encode_plus(text)["input_ids"]
        return tokenizer.encode(text) if method == "encode" else tokenizer(text)["input_ids"]

    def run() -> None:
        raised(lambda: tf.data.Dataset.from_tensor_slices(["word1 word2", "word3"]).map(encode))

    _, _, cells = watched(run, monkeypatch)
    (call,) = cells[0].tokenizer_calls
    assert call.texts.is_symbolic
    assert call.method == method
    assert call.texts.framework == "tensorflow"


def test_a_tokenizer_in_a_py_function_runs_on_texts(tf: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(text: Any) -> Any:
        def python(each: Any) -> Any:
            return np.array(tokenizer(each.numpy().decode(), padding="max_length", max_length=6)["input_ids"])

        return tf.py_function(python, [text], tf.int32)

    def run() -> None:
        list(tf.data.Dataset.from_tensor_slices(["word1 word2", "word3"]).map(encode))

    _, _, cells = watched(run, monkeypatch)
    assert [call.texts.shape for call in cells[0].tokenizer_calls] == ["text", "text"]
    assert not any(call.texts.is_symbolic for call in cells[0].tokenizer_calls)


def test_a_call_in_a_function_is_checked_with_its_values(
    tf: Any, bert: Any, batch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    @tf.function
    def encode(ids: Any) -> Any:
        return bert(ids, training=True).last_hidden_state[:, 0]

    got: list[Any] = []
    watch, calls, _ = watched(lambda: got.append(encode(tf.constant(batch.ids))), monkeypatch)
    assert got[0].shape == (6, 16)
    (call,) = calls
    assert call.kind == "call"
    np.testing.assert_array_equal(call.inputs[0].values, batch.ids)
    assert watch.report is not None
    assert [each.rule for each in watch.report.findings if each.severity != "advice"] == [
        "attention-mask-missing",
        "training-mode-at-inference",
    ]
    assert f"`{bert.name}` inside `encode`, after its first call" in why_unseen(watch)


def test_what_a_function_makes_of_its_arguments_has_values_too(
    tf: Any, bert: Any, batch: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = tf.constant(batch.mask)

    @tf.function
    def encode(batch: Any, scale: int = 1) -> Any:
        own = tf.cast(tf.not_equal(batch["ids"], 0), tf.int32)
        first = bert({"input_ids": batch["ids"], "attention_mask": own}).pooler_output
        inner = encode_more(tf.cast(batch["ids"], tf.int64)[:2] * scale, mask[:2])
        return first[:2] + inner

    @tf.function
    def encode_more(ids: Any, mask: Any) -> Any:
        return bert(tf.stack([ids[0], ids[1]]), attention_mask=mask, training=False).pooler_output

    watch, calls, _ = watched(lambda: encode({"ids": tf.constant(batch.ids)}), monkeypatch)
    assert len(calls) == 2
    by_size = {len(call.inputs[0].values): call for call in calls}
    np.testing.assert_array_equal(by_size[6].inputs[1].values, batch.mask)
    np.testing.assert_array_equal(by_size[2].inputs[0].values, batch.ids[:2])
    np.testing.assert_array_equal(by_size[2].inputs[1].values, batch.mask[:2])
    assert watch.report is not None
    assert watch.report.verdict == "pass", watch.report


def test_whether_a_tape_records_is_kept(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    told: list[tuple[str, bool | None]] = []

    class Told(Watch):
        def before(self, backend: Any, kind: Any, model: Any, args: Any, kwargs: Any, **how: Any) -> Any:
            told.append((kind, how.get("watched")))
            return super().before(backend, kind, model, args, kwargs, **how)

    @tf.function
    def step(ids: Any, mask: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(bert(ids, attention_mask=mask, training=True).pooler_output ** 2)
        return tape.gradient(loss, bert.trainable_variables[:1])

    @tf.function
    def encode(ids: Any, mask: Any) -> Any:
        return bert(ids, attention_mask=mask).pooler_output

    with Told(namespace={}) as watch:
        step(batch.ids, batch.mask)
        encode(batch.ids, batch.mask)
        bert(batch.ids, attention_mask=batch.mask)
    assert sorted(told, key=str) == [("call", False), ("call", None), ("call", True)]
    assert why_unseen(watch)


def test_a_function_that_was_traced_before_is_said_to_be_unseen(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    @tf.function
    def encode(ids: Any, mask: Any) -> Any:
        return bert(ids, attention_mask=mask).pooler_output

    @tf.function
    def double(ids: Any) -> Any:
        return ids * 2

    ids, mask = tf.constant(batch.ids), tf.constant(batch.mask)
    encode(ids, mask), double(ids)
    with Watch(namespace={}) as watch:
        encode(ids, mask), double(ids)
    unseen = {what: why for what, why in why_unseen(watch).items() if "inside" in what}
    assert list(unseen) == [f"`{bert.name}` inside `encode`"]
    assert "traced before this check began" in next(iter(unseen.values()))


def test_a_dataset_s_function_has_no_values(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    with Watch(namespace={}) as watch:
        dataset = tf.data.Dataset.from_tensor_slices((batch.ids, batch.mask)).batch(3)
        vectors = list(dataset.map(lambda ids, mask: bert(ids, attention_mask=mask).pooler_output))
    assert len(vectors) == 2
    assert f"`{bert.name}` inside a graph" in why_unseen(watch)


def test_no_function_is_traced_more_often(tf: Any, bert: Any, batch: SimpleNamespace) -> None:
    traces: list[int] = []

    @tf.function
    def encode(ids: Any, mask: Any) -> Any:
        traces.append(1)
        return bert(ids, attention_mask=mask).pooler_output

    ids, mask = tf.constant(batch.ids), tf.constant(batch.mask)
    with Watch(namespace={}):
        inside = [encode(ids, mask).numpy() for _ in range(3)]
    outside = encode(ids, mask).numpy()
    assert len(traces) == 1
    assert all(np.array_equal(outside, each) for each in inside)


def test_the_methods_are_the_same_afterwards(tf: Any, keras: Any, bert: Any) -> None:
    from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function
    from transformers import PreTrainedTokenizerBase

    def methods() -> list[Any]:
        return [vars(owner)["__call__"] for owner in (keras.layers.Layer, Function, PreTrainedTokenizerBase)]

    before = methods()
    with Watch(namespace={}):
        assert [a is b for a, b in zip(before, methods(), strict=True)] == [False, False, False]
    assert [a is b for a, b in zip(before, methods(), strict=True)] == [True, True, True]
