"""The rules on building a graph and using outputs: what they find, and the near misses that they leave alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cell_builder import HIDDEN, INPUT, POOLED, built, cell, raised, symbolic, value
from facts_builder import BERT, call, check, having, model

from bertmagic.facts.call import ErrorFacts
from bertmagic.facts.cell import CellFacts, Origin, RaisedFacts
from bertmagic.facts.model import InputFacts, ModelFacts
from bertmagic.rules.order import of_calls

OF_BERT = model(said="bert")
FAILED = ErrorFacts("ValueError", "too many values to unpack (expected 2)", "bert", "forward")
AT_EMBEDDINGS = ErrorFacts("TypeError", "indices", "bert/embeddings", "forward")
KERAS = {"keras": "3.15.1"}
K3_TENSOR: dict[str, Any] = {
    "kind": "keras.KerasTensor",
    "framework": "keras",
    "shape": (None, 20),
    "is_symbolic": True,
}
K2_TENSOR: dict[str, Any] = {**K3_TENSOR, "kind": "tf_keras.KerasTensor", "framework": "tf-keras"}
K2_CALL = "tf_keras.src.utils.traceback_utils.filter_traceback.<locals>.error_handler"
OUTPUT = value("output", "TFSequenceClassifierOutput", "transformers", is_output_object=True, fields=("logits",))
KEY = value("pooled", "str", "python", text="'pooler_output'", field_of="TFBaseModelOutput")
DENSE = value(None, "tf_keras.Dense", "tf-keras", part="layer", takes_rank=2, place="self")
LSTM = value(None, "tf_keras.LSTM", "tf-keras", part="layer", takes_rank=3, place="self")
VECTOR: dict[str, Any] = {**K2_TENSOR, "shape": (None, 8), "dtype": "float32"}


def of_bert(**facts: Any) -> Any:
    return value("bert", "TFBertModel", "tf-keras", part="model", place="self", **facts)


def says(slug: str, facts: CellFacts) -> str | None:
    found = check(slug, facts)
    return None if found is None else f"{found.severity} {found.subject}"


# -- keras-version-conflict ----------------------------------------------------------------------------------------

ADAM = value(None, "keras.Adam", "keras", part="optimizer", place="optimizer")
MIXED: dict[str, RaisedFacts] = {
    "a Keras 3 Input": raised("ValueError", value("ids", **K3_TENSOR), owner=of_bert(), callee=K2_CALL),
    "a Keras 3 optimizer": raised("ValueError", ADAM, owner=of_bert(), callee_said="bert.compile"),
    "a Keras 3 metric in a list": raised(
        "AttributeError", having(ADAM, kind="keras.F1Score", part="metric", place="metrics[0]"), owner=of_bert()
    ),
    "a Keras 2 model in a Keras 3 Sequential": raised(
        "ValueError",
        having(of_bert(), place="layers[0]"),
        owner=value("keras.Sequential", "keras.Sequential", "keras", part="model", is_class=True),
    ),
    "a Keras 2 tensor for a Keras 3 function": raised(
        "ValueError", value("x", **K2_TENSOR), callee="keras.src.ops.numpy.mean", callee_said="keras.ops.mean"
    ),
    "a Keras 3 schedule": raised(
        "TypeError",
        having(ADAM, kind="keras.PolynomialDecay", part="schedule"),
        owner=value("tf.keras.optimizers.Adam", "tf_keras.Adam", "tf-keras", part="optimizer", is_class=True),
    ),
}


@pytest.mark.parametrize("facts", MIXED.values(), ids=MIXED)
def test_objects_of_two_generations_are_named(facts: RaisedFacts) -> None:
    assert check("keras-version-conflict", cell(raised=facts, versions=KERAS)) is not None


NOT_MIXED: dict[str, RaisedFacts | None] = {
    "nothing raised": None,
    "one generation": raised("ValueError", value("ids", **K2_TENSOR), owner=of_bert(), callee=K2_CALL),
    "the other one only named in the line": raised(
        "ValueError", value("head", "keras.Dense", "keras", part="layer", place="name"), owner=of_bert()
    ),
    "a loss, which is only called": raised("ValueError", having(ADAM, part="loss"), owner=of_bert()),
    "a callback, which is only called": raised("ValueError", having(ADAM, part="callback"), owner=of_bert()),
    "an array of NumPy": raised("ValueError", value("ids", "numpy.ndarray", "numpy", shape=(2, 3)), owner=of_bert()),
    "a function of neither": raised(
        "ValueError", value("ids", **K3_TENSOR), value("x", **K2_TENSOR), callee="numpy.stack", callee_said="np.stack"
    ),
}


@pytest.mark.parametrize("facts", NOT_MIXED.values(), ids=NOT_MIXED)
def test_a_line_of_one_generation_is_left_alone(facts: RaisedFacts | None) -> None:
    assert check("keras-version-conflict", cell(raised=facts, versions=KERAS)) is None


def test_the_fix_says_what_to_do_where_tf_keras_itself_is_keras_3() -> None:
    facts = having(cell(raised=MIXED["a Keras 3 Input"], versions=KERAS), tf_keras_is="keras")
    found = check("keras-version-conflict", facts)
    assert found is not None
    assert found.fix is not None
    assert 'os.environ["TF_USE_LEGACY_KERAS"] = "1"' in found.fix.snippet
    assert "was first used before transformers set TF_USE_LEGACY_KERAS" in found.detail


# -- output-object-as-tensor ---------------------------------------------------------------------------------------

AS_TENSOR: dict[str, RaisedFacts] = {
    "a function of TensorFlow's": raised(
        "ValueError", OUTPUT, callee="tensorflow.python.x", source="tf.argmax(output)"
    ),
    "a function of NumPy's": raised("AxisError", OUTPUT, callee="numpy._core.fromnumeric.argmax"),
    "a layer": raised("ValueError", OUTPUT, owner=DENSE, callee=K2_CALL),
    "in a list for a layer": raised("ValueError", having(OUTPUT, place="args[1][0]"), owner=DENSE, callee=K2_CALL),
    "a layer in the user's call, the traceback cut": raised(
        "ValueError",
        value("self", "MyModel", "tf-keras", part="model", place="name"),
        having(OUTPUT, place="name"),
        owner=having(DENSE, said="self.head"),
        source="self.head(output)",
    ),
    "an attribute of tensors": raised(
        "AttributeError",
        having(OUTPUT, place="name"),
        source="output.shape",
        missing="shape",
        missing_in="TFSequenceClassifierOutput",
    ),
    "an attribute of what has no name": raised(
        "AttributeError",
        owner=having(OUTPUT, said=None),
        source="model(ids).numpy",
        missing="numpy",
        missing_in="TFSequenceClassifierOutput",
    ),
    "an operator": raised("TypeError", having(OUTPUT, place="name"), source="output / 2"),
    "an index of two axes": raised(
        "TypeError",
        value(None, "tuple", "python", place="k"),
        owner=OUTPUT,
        callee="transformers.utils.generic.ModelOutput.__getitem__",
        source="output[:, 0]",
    ),
    "a functional model's output of two fields in the loss": raised(
        "InvalidArgumentError",
        having(OUTPUT, place="y_pred", said=None, fields=("last_hidden_state", "pooler_output")),
        owner=value("m", "tf_keras.Functional", "tf-keras", part="model"),
        callee="tf_keras.src.engine.training.Model.compute_loss",
    ),
    "a key's attribute": raised(
        "AttributeError",
        having(KEY, place="name"),
        owner=having(KEY, said=None),
        source="pooled.shape",
        missing="shape",
        missing_in="str",
    ),
    "a key for a function": raised("InvalidArgumentError", KEY, callee="tensorflow.python.x", source="tf.f(pooled)"),
    "a key for a layer": raised("TypeError", KEY, owner=DENSE, callee=K2_CALL),
}


@pytest.mark.parametrize("facts", AS_TENSOR.values(), ids=AS_TENSOR)
def test_an_output_object_in_a_tensors_place_is_named(facts: RaisedFacts) -> None:
    assert check("output-object-as-tensor", cell(raised=facts)) is not None


NOT_AS_TENSOR: dict[str, RaisedFacts | None] = {
    "nothing raised": None,
    "its field": raised(
        "ValueError",
        value("output.logits", shape=(2, 3)),
        having(OUTPUT, place="name"),
        callee="tensorflow.python.x",
        source="tf.reshape(output.logits, (4, 4))",
    ),
    "an operator on its field": raised("TypeError", having(OUTPUT, place="name"), source='output.logits + "x"'),
    "a field of it in the user's call, the traceback cut": raised(
        "ValueError",
        having(OUTPUT, place="name"),
        owner=having(DENSE, said="self.head"),
        source="self.head(output[0])",
    ),
    "a wrong field": raised(
        "AttributeError", having(OUTPUT, place="name"), missing="last_hidden_state", missing_in=OUTPUT.kind
    ),
    "a wrong key": raised("KeyError", owner=OUTPUT, callee="transformers.utils.generic.ModelOutput.__getitem__"),
    "a structure that is walked": raised("ValueError", OUTPUT, callee="tensorflow.python.util.nest.map_structure"),
    "a tf.function of the user's": raised(
        "ValueError", OUTPUT, owner=value("f", "tensorflow.Function"), callee="tensorflow.python.util.x"
    ),
    "a layer of the user's": raised("ValueError", OUTPUT, owner=having(DENSE, kind="Head"), callee=K2_CALL),
    "a functional model that takes its fields by name": raised(
        "ValueError", OUTPUT, owner=value("head", "tf_keras.Functional", "tf-keras", part="model"), callee=K2_CALL
    ),
    "transformers' own loss": raised(
        "ValueError",
        having(OUTPUT, place="y_pred"),
        owner=of_bert(),
        callee="tf_keras.src.engine.training.Model.compute_loss",
    ),
    "a function of another library": raised("TypeError", OUTPUT, callee="json.dumps", callee_said="json.dumps"),
    "a word that is a key too": raised(
        "ValueError", having(KEY, text="'loss'"), callee="tensorflow.python.x", source="tf.f(name)"
    ),
    "a string constant": raised("ValueError", having(KEY, said=None), callee="tensorflow.python.x"),
    "another string's attribute": raised(
        "AttributeError", having(KEY, field_of=None, place="name"), missing="shape", missing_in="str"
    ),
}


@pytest.mark.parametrize("facts", NOT_AS_TENSOR.values(), ids=NOT_AS_TENSOR)
def test_right_uses_of_an_output_are_left_alone(facts: RaisedFacts | None) -> None:
    assert check("output-object-as-tensor", cell(raised=facts)) is None


def test_a_transformers_model_in_a_sequential_model() -> None:
    sequential = value("m", "tf_keras.Sequential", "tf-keras", part="model", place="self")
    failed = raised("ValueError", having(of_bert(), place="layer"), owner=sequential, source="m.add(bert)")
    assert says("output-object-as-tensor", cell(raised=failed, builds=[built(symbolic("input_ids"))])) == "error bert"
    # It was never called: another thing raised.
    assert says("output-object-as-tensor", cell(raised=failed)) is None


def test_a_sequential_model_that_makes_its_graph_when_it_is_called() -> None:
    sequential = value("m", "tf_keras.Sequential", "tf-keras", part="model", place="self")
    failed = raised("ValueError", owner=sequential, source="m(ids)")
    inside = having(BERT, path="tf_bert_model/bert", said="bert")
    error = ErrorFacts("ValueError", "single", "sequential", "forward", ("tf_bert_model/bert", "tf_bert_model"))
    of_call = having(call([[2, 7, 3]], of=model(inside, said="m", type="Sequential"), error="forward"), error=error)
    assert says("output-object-as-tensor", cell(of_call, raised=failed)) == "error bert"
    later = having(of_call, error=having(error, layer="dense"))
    assert says("output-object-as-tensor", cell(later, raised=failed)) == "error bert"
    inner = having(of_call, error=having(error, layer="tf_bert_model/bert/embeddings", ran=()))
    assert says("output-object-as-tensor", cell(inner, raised=failed)) is None


# -- input-layer-shape ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "fault", "snippet"),
    [
        ((None, None, 8), "axis 2, of size 8, is the hidden axis", "shape=(None,)"),
        ((None, 20, 8), "axis 2, of size 8, is the hidden axis", "shape=(20,)"),
        ((None, 20, 1), "axis 2, of size 1, is one too many", "shape=(20,)"),
        ((None, 1, 20), "axis 1, of size 1, is one too many", "shape=(20,)"),
        ((None, 16, 20), "Keras adds the batch axis", "shape=(20,)"),
        ((None,), "the sequence axis is missing", "shape=(None,)"),
        ((None, 1, 2, 20), "too many axes", "shape=(20,)"),
    ],
)
def test_an_input_of_the_wrong_rank(shape: tuple[int | None, ...], fault: str, snippet: str) -> None:
    ids = symbolic("input_ids", shape, said="ids")
    found = check("input-layer-shape", cell(builds=[built(ids, of=OF_BERT, error=FAILED)]))
    assert found is not None
    assert found.fix is not None
    assert fault in found.detail
    assert snippet in found.fix.snippet


def test_a_mask_without_a_sequence_axis() -> None:
    inputs = (symbolic("input_ids", (None, 20)), symbolic("attention_mask", (None,), said="mask"))
    assert says("input-layer-shape", cell(builds=[built(*inputs, of=OF_BERT, error=FAILED)])) == "error mask"


MANY = model(said="m", choices=True)
RIGHT_INPUTS: dict[str, tuple[tuple[Any, ...], ModelFacts]] = {
    "a fixed length": ((symbolic("input_ids", (None, 24)),), OF_BERT),
    "a free length": ((symbolic("input_ids", (None, None)),), OF_BERT),
    "a fixed batch": ((symbolic("input_ids", (8, 24)),), OF_BERT),
    "choices": ((symbolic("input_ids", (None, 4, 24)),), MANY),
    "a mask from each to each": (
        (symbolic("input_ids", (None, 24)), symbolic("attention_mask", (None, 24, 24))),
        OF_BERT,
    ),
    "embeddings": ((symbolic("inputs_embeds", (None, 24, 8), "float32"),), OF_BERT),
    "texts": ((symbolic("input_ids", (None,), "string"),), OF_BERT),
    "what the user made of an Input": ((symbolic("input_ids", (None, 2, 24), origin=Origin("tf.reshape")),), OF_BERT),
    "a model of one's own": ((symbolic("inputs", (None, 2, 24), role="input_ids"),), model(inputs={})),
    "a model without an encoder": ((symbolic("inputs", (None, 2, 24), role="input_ids"),), model(())),
}


@pytest.mark.parametrize(("inputs", "of"), RIGHT_INPUTS.values(), ids=RIGHT_INPUTS)
def test_right_inputs_are_left_alone_whatever_raises(inputs: tuple[Any, ...], of: ModelFacts) -> None:
    assert check("input-layer-shape", cell(builds=[built(*inputs, of=of, error=FAILED)])) is None


def test_what_was_built_is_left_alone() -> None:
    assert check("input-layer-shape", cell(builds=[built(symbolic("input_ids", (None, 1)), of=OF_BERT)])) is None


def test_two_axes_are_too_few_for_choices() -> None:
    ids = symbolic("input_ids", (None, 24), said="ids")
    found = check("input-layer-shape", cell(builds=[built(ids, of=MANY, error=FAILED)]))
    assert found is not None
    assert "the axis of the choices is missing" in found.detail


def test_a_built_model_that_takes_a_hidden_axis_and_is_fed_tokens() -> None:
    of = having(
        model(said="m", type="Functional", inputs={"input_ids": (None, None), "attention_mask": (None, None, 8)}),
        outputs=(InputFacts("dense", (None, 2), "float32", required=True),),
    )
    ids = np.full((2, 6), 7)
    assert (
        says("input-layer-shape", cell(call(ids, np.ones_like(ids), of=of, error="forward"))) == "error attention_mask"
    )
    assert says("input-layer-shape", cell(call(ids, np.ones_like(ids), of=of))) is None


# -- input-layer-dtype ---------------------------------------------------------------------------------------------


def test_an_input_left_at_float32_that_raises() -> None:
    ids = symbolic("input_ids", (None, 20), "float32", said="ids")
    assert says("input-layer-dtype", cell(builds=[built(ids, of=OF_BERT, error=AT_EMBEDDINGS)])) == "error ids"


def test_token_types_of_float32_that_raise() -> None:
    inputs = (symbolic("input_ids", (None, 20)), symbolic("token_type_ids", (None, 20), "float32", said="types"))
    assert says("input-layer-dtype", cell(builds=[built(*inputs, of=OF_BERT, error=AT_EMBEDDINGS)])) == "error types"


@pytest.mark.parametrize(
    ("dtype", "rows", "severity"),
    [
        ("float32", 30522, "advice"),
        ("float16", 30522, "error"),
        ("bfloat16", 30522, "error"),
        ("float16", 100, "advice"),
    ],
)
def test_an_input_that_is_cast_back(dtype: str, rows: int, severity: str) -> None:
    of = model(having(BERT, vocab_rows=rows), said="m", type="Functional", inputs={"input_ids": (None, 20)})
    ids = symbolic("input_ids", (None, 20), dtype, said="ids")
    assert says("input-layer-dtype", cell(builds=[built(ids, of=of)])) == f"{severity} ids"


@pytest.mark.parametrize(
    ("inputs", "error", "ran"),
    [
        ((symbolic("input_ids", (None, 20)),), AT_EMBEDDINGS, ()),
        ((symbolic("input_ids", (None, 20), "int64"),), AT_EMBEDDINGS, ()),
        ((symbolic("input_ids"), symbolic("attention_mask", (None, 20), "float32")), AT_EMBEDDINGS, ()),
        ((symbolic("input_ids", (None, 20), "int32", origin=Origin("tf.cast")),), AT_EMBEDDINGS, ()),
        ((symbolic("input_ids", (None, 20), "string"),), AT_EMBEDDINGS, ()),
        ((symbolic("inputs_embeds", (None, 20, 8), "float32"),), AT_EMBEDDINGS, ()),
        ((symbolic("segments", (None, 20), "float32", role="token_type_ids"),), AT_EMBEDDINGS, ()),
        ((symbolic("input_ids", (None, 20), "float32"),), FAILED, ("bert/embeddings", "bert/encoder/layer_._0")),
        ((symbolic("input_ids", (None, 20, 8), "float32"),), FAILED, ()),
    ],
    ids=[
        "int32",
        "int64",
        "a float mask",
        "cast by the user",
        "texts",
        "embeddings",
        "what the model does not take",
        "what fails after the embeddings",
        "another number of axes",
    ],
)
def test_right_dtypes_are_left_alone(inputs: tuple[Any, ...], error: ErrorFacts, ran: tuple[str, ...]) -> None:
    assert check("input-layer-dtype", cell(builds=[built(*inputs, of=OF_BERT, error=error, ran=ran)])) is None


# -- pooled-output-as-sequence -------------------------------------------------------------------------------------

AS_SEQUENCE: dict[str, RaisedFacts] = {
    "the pooler's output in an LSTM": raised("ValueError", value("x", **VECTOR, origin=POOLED), owner=LSTM, callee="k"),
    "a [CLS] vector in an LSTM": raised(
        "ValueError", value(None, **VECTOR, origin=having(HIDDEN, sliced=True)), owner=LSTM, callee="k"
    ),
    "an eager vector in an LSTM": raised(
        "ValueError", value("x", shape=(4, 8), dtype="float32", origin=POOLED), owner=LSTM, callee="k"
    ),
    "of an encoder of the cell, by its size": raised(
        "ValueError", value("x", shape=(4, 8), dtype="float32"), owner=LSTM, callee="k"
    ),
    "in the user's call, the traceback cut": raised(
        "ValueError", value("h", shape=(4, 8), dtype="float32", place="name"), owner=LSTM, source="self.gru(h)"
    ),
    "indexed as a sequence": raised(
        "ValueError", value("p", **VECTOR, origin=POOLED), callee="t", source="p[:, 0, :]", indexed=3
    ),
}


@pytest.mark.parametrize("facts", AS_SEQUENCE.values(), ids=AS_SEQUENCE)
def test_one_vector_a_text_in_a_sequences_place_is_named(facts: RaisedFacts) -> None:
    seen = call([[2, 7, 3]], of=OF_BERT, kind="call")
    assert check("pooled-output-as-sequence", cell(seen, raised=facts)) is not None


NO_SEQUENCE: dict[str, RaisedFacts | None] = {
    "nothing raised": None,
    "a layer that takes vectors": raised("ValueError", value("x", **VECTOR, origin=POOLED), owner=DENSE, callee="k"),
    "a sequence in an LSTM": raised(
        "ValueError", value("x", **{**VECTOR, "shape": (None, 20, 8)}, origin=HIDDEN), owner=LSTM, callee="k"
    ),
    "features of another size": raised("ValueError", value("x", shape=(4, 5), dtype="float32"), owner=LSTM, callee="k"),
    "token ids as wide as the hidden axis": raised(
        "ValueError", value("x", shape=(4, 8), dtype="int32"), owner=LSTM, callee="k"
    ),
    "features of an Input": raised("ValueError", value("x", **VECTOR, origin=INPUT), owner=LSTM, callee="k"),
    "an initial state beside a sequence": raised(
        "ValueError",
        value("x", **{**VECTOR, "shape": (None, 20, 8)}, origin=HIDDEN),
        value("state", **VECTOR, origin=POOLED, place="initial_state"),
        owner=LSTM,
        callee="k",
    ),
    "two axes indexed": raised("IndexError", value("p", **VECTOR, origin=POOLED), callee="t", indexed=2),
}


@pytest.mark.parametrize("facts", NO_SEQUENCE.values(), ids=NO_SEQUENCE)
def test_other_failures_of_layers_are_left_alone(facts: RaisedFacts | None) -> None:
    seen = call([[2, 7, 3]], of=OF_BERT, kind="call")
    assert check("pooled-output-as-sequence", cell(seen, raised=facts)) is None


# -- the order -----------------------------------------------------------------------------------------------------


def test_a_fault_of_the_cell_hides_none_of_an_earlier_call() -> None:
    mixed = check("keras-version-conflict", cell(raised=MIXED["a Keras 3 Input"], versions=KERAS))
    masked = having(mixed, rule="attention-mask-missing", severity="warning", subject="ids")
    labels = having(mixed, rule="labels-shape", subject="y")
    assert mixed is not None
    assert [each.rule for each in of_calls([[masked, labels]], [mixed])] == [
        "keras-version-conflict",
        "labels-shape",
        "attention-mask-missing",
    ]


def test_the_mixture_comes_before_what_it_raises() -> None:
    mixed = check("keras-version-conflict", cell(raised=MIXED["a Keras 3 Input"], versions=KERAS))
    shape = having(mixed, rule="input-layer-shape")
    assert mixed is not None
    assert [each.rule for each in of_calls([], [shape, mixed])] == ["keras-version-conflict"]
