"""Building functional models: what is seen of symbolic tensors, the layer that fails, and no trace of looking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bertmagic
from bertmagic.backends.tensorflow import symbolic
from bertmagic.report import Report


def report_of(watch: Any) -> Report:
    assert watch.report is not None
    assert not watch.report.internal_errors
    return watch.report  # type: ignore[no-any-return]


def rules(report: Report) -> list[str]:
    return [finding.rule for finding in report.findings if finding.severity != "advice"]


def state(bert: Any, tf: Any) -> tuple[Any, ...]:
    layers = [bert, *bert._flatten_layers(include_self=False)]
    nodes = [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in layers]
    weights = [weight.numpy().copy() for weight in bert.weights]
    return nodes, weights, np.random.get_state()[1].tolist(), tf.random.get_global_generator().state.numpy().tolist()


def same(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    return (
        before[0] == after[0]
        and len(before[1]) == len(after[1])
        and all(np.array_equal(old, new) for old, new in zip(before[1], after[1], strict=True))
        and before[2:] == after[2:]
    )


def test_where_symbolic_tensors_come_from(bert: Any, keras: Any) -> None:
    ids = keras.Input((8,), dtype="int32")
    output = bert(ids)
    for tensor, made_by, name, sliced in (
        (ids, "Input", None, False),
        (output.last_hidden_state, bert.name, "last_hidden_state", False),
        (output.pooler_output, bert.name, "pooler_output", False),
        (output[1], bert.name, "pooler_output", False),
        (keras.layers.Dropout(0.1, name="drop")(output[1]), "drop", "pooler_output", True),
    ):
        origin = symbolic.origin(tensor)
        assert origin is not None
        assert (origin.made_by, origin.output, origin.sliced) == (made_by, name, sliced)
        assert (origin.encoder is None) == (made_by == "Input")
    first = symbolic.origin(output.last_hidden_state[:, 0])
    assert first is not None
    assert (first.output, first.sliced) == ("last_hidden_state", True)
    assert symbolic.origin(np.zeros(3)) is None
    assert symbolic.origin("text") is None


def test_the_inputs_by_the_names_of_the_models_parameters(bert: Any, keras: Any) -> None:
    ids, mask = keras.Input((8,), dtype="int32"), keras.Input((8,))
    names = {id(ids): "ids", id(mask): "mask"}
    for args, kwargs in (
        ((ids,), {"attention_mask": mask}),
        (([ids, mask],), {}),
        (({"input_ids": ids, "attention_mask": mask},), {}),
    ):
        found = symbolic.inputs(bert, args, kwargs, lambda value: names.get(id(value)))
        assert [(each.name, each.said, each.role, each.dtype) for each in found] == [
            ("input_ids", "ids", "input_ids", "int32"),
            ("attention_mask", "mask", "attention_mask", "float32"),
        ]


def test_a_failing_layer_by_its_path_and_no_trace(bert: Any, keras: Any, tf: Any) -> None:
    ids = keras.Input((8,))
    with pytest.raises(TypeError):
        bert(ids)
    before = state(bert, tf)
    with bertmagic.watching() as watch, pytest.raises(TypeError):
        bert(ids)
    assert same(before, state(bert, tf))
    # What ended inside the block is the block's own affair; the graph that failed is still known.
    assert rules(report_of(watch)) == ["input-layer-dtype"]
    (finding,) = report_of(watch).findings
    assert "in layer `bert/embeddings`" in finding.detail


def test_a_graph_that_is_built_has_the_nodes_that_it_has_without_a_check(bert: Any, keras: Any) -> None:
    def nodes() -> int:
        return len(bert._inbound_nodes)

    before = nodes()
    bert(keras.Input((8,), dtype="int32"))
    plain = nodes() - before
    with bertmagic.watching() as watch:
        bert(keras.Input((8,), dtype="int32"))
    assert nodes() - before == 2 * plain
    assert rules(report_of(watch)) == []


def test_the_summary_says_where_the_building_failed(bert: Any, keras: Any) -> None:
    ids = keras.Input((8, 16), dtype="int32")
    with pytest.raises(ValueError, match="unpack"), bertmagic.watching() as watch:
        bert(ids)
    report = report_of(watch)
    assert rules(report) == ["input-layer-shape"]
    assert report.summary.startswith("The Input `ids` has three axes, and `bert` takes (batch, seq).")
    assert "Building `bert` on `ids` raises ValueError in layer `bert`." in report.summary


def test_the_summary_says_what_ran_before_a_layer_failed(bert: Any, keras: Any) -> None:
    ids, mask = keras.Input((8,), dtype="int32"), keras.Input((), dtype="int32")
    with pytest.raises(Exception, match=r"index|rank|shape|dim"), bertmagic.watching() as watch:
        bert(ids, attention_mask=mask)
    report = report_of(watch)
    assert rules(report) == ["input-layer-shape"]
    assert "layers ran before, `bert/embeddings` last)" in report.summary


def test_a_model_of_ones_own_that_fails_in_predict(bert: Any, keras: Any, batch: Any) -> None:
    class Reader(keras.Model):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.bert, self.lstm = bert, keras.layers.LSTM(3)

        def call(self, ids: Any) -> Any:
            vector = self.bert(ids).pooler_output
            return self.lstm(vector)

    reader = Reader()
    with pytest.raises(ValueError, match="ndim"), bertmagic.watching() as watch:
        reader.predict(batch.ids, verbose=0)
    report = report_of(watch)
    assert rules(report)[0] == "pooled-output-as-sequence"
    assert report.findings[0].subject == "vector"
    assert "in layer `lstm" in report.summary
    assert "layers ran before" in report.summary


def test_a_sequential_model_of_an_output_object(bert: Any, keras: Any, batch: Any) -> None:
    net = keras.Sequential([bert, keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="single output"), bertmagic.watching() as watch:
        net(batch.ids)
    assert rules(report_of(watch))[0] == "output-object-as-tensor"


def test_an_output_in_a_loss_of_a_functional_model(bert: Any, keras: Any, batch: Any) -> None:
    ids = keras.Input((8,), dtype="int32")
    net = keras.Model(ids, bert(ids))
    net.compile("adam", "mse")
    with pytest.raises(Exception, match="Incompatible shapes"), bertmagic.watching() as watch:
        net.fit(batch.ids, batch.labels, verbose=0)
    assert "output-object-as-tensor" in rules(report_of(watch))


def test_keys_of_a_symbolic_output(bert: Any, keras: Any) -> None:
    def build() -> Any:
        _, pooled = bert(keras.Input((8,), dtype="int32"))
        return keras.layers.Dense(2)(pooled)

    with pytest.raises(TypeError), bertmagic.watching() as watch:
        build()
    assert rules(report_of(watch)) == ["output-object-as-tensor"]
    assert report_of(watch).findings[0].subject == "pooled"


def test_a_head_on_every_token_of_a_functional_model(bert: Any, keras: Any, batch: Any) -> None:
    ids = keras.Input((8,), dtype="int32")
    mask = keras.Input((8,), dtype="int32")
    scores = keras.layers.Dense(2)(bert(ids, attention_mask=mask).last_hidden_state)
    net = keras.Model([ids, mask], scores)
    net.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    watch = bertmagic.watching()
    try:
        with watch:
            net.fit([batch.ids, batch.mask], batch.labels, verbose=0)
    except Exception:  # noqa: BLE001  # whether the loss raises or broadcasts is Keras' affair
        pass
    assert rules(report_of(watch)) == ["sequence-output-unpooled"]


def test_two_faults_of_one_cell_are_two_findings(bert: Any, keras: Any, batch: Any) -> None:
    def best() -> Any:
        output = bert(batch.ids)
        return np.argmax(output, axis=1)

    with pytest.raises(ValueError, match="axis 1"), bertmagic.watching() as watch:
        best()
    found = rules(report_of(watch))
    assert found == ["output-object-as-tensor", "attention-mask-missing"]


def test_right_graphs_get_no_finding(bert: Any, keras: Any, tf: Any) -> None:
    with bertmagic.watching() as watch:
        for shape in ((8,), (None,)):
            ids, mask = keras.Input(shape, dtype="int32"), keras.Input(shape)
            pooled = bert(ids, attention_mask=mask).pooler_output
            keras.layers.LSTM(3)(keras.layers.RepeatVector(2)(pooled))
            keras.layers.LSTM(3)(bert(ids)[0])
        folded = keras.Input((2, 8), dtype="int32")
        bert(tf.reshape(folded, (-1, 8)))
        pairs = keras.Input((16,))
        bert(tf.cast(pairs[:, :8], tf.int32), attention_mask=pairs[:, 8:])
        embedded = keras.Input((8, 16))
        bert(None, inputs_embeds=embedded)
    assert report_of(watch).findings == ()
