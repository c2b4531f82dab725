"""Faults of building a graph: Keras' two generations, `Input`s, and what layers make of a model's outputs."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from cell_builder import HIDDEN, POOLED, built, raised, symbolic, value
from cell_programs import CellProgram
from facts_builder import BERT, model
from harmless_cell import harmless_cell
from mutating import cell_mutation

from bertmagic.facts.call import ErrorFacts
from bertmagic.facts.cell import CellFacts

K3: dict[str, Any] = {"kind": "keras.KerasTensor", "framework": "keras", "shape": (None, 20), "is_symbolic": True}
K2: dict[str, Any] = {**K3, "kind": "tf_keras.KerasTensor", "framework": "tf-keras"}
UNPACK = ErrorFacts("ValueError", "too many values to unpack (expected 2)", "bert", "forward")
LOOKUP = ErrorFacts("TypeError", "Value for attr 'Tindices' of float", "bert/embeddings", "forward")


def _part(kind: str, part: str, framework: str, **facts: Any) -> Any:
    return value(facts.pop("said", None), kind, framework, part=part, **facts)


def _of_bert() -> Any:
    return _part("TFBertModel", "model", "tf-keras", said="bert", place="self")


@cell_mutation("keras-version-conflict")
def an_input_of_the_other_keras(program: CellProgram, random: np.random.Generator) -> CellFacts:
    text = "Argument `input_ids` is not allowed: keras.KerasTensor"
    return program.ended(raised("ValueError", value("ids", **K3), text=text, owner=_of_bert(), callee="tf_keras.x"))


@cell_mutation("keras-version-conflict")
def a_part_of_the_other_keras(program: CellProgram, random: np.random.Generator) -> CellFacts:
    kind, part = (("Adam", "optimizer"), ("F1Score", "metric"), ("PolynomialDecay", "schedule"))[
        int(random.integers(3))
    ]
    given = _part(f"keras.{kind}", part, "keras", place=part)
    text = "Could not interpret identifier"
    return program.ended(raised("ValueError", given, text=text, owner=_of_bert(), callee_said="bert.compile"))


@harmless_cell()
def a_failure_within_one_keras(program: CellProgram, random: np.random.Generator) -> CellFacts:
    given = value("ids", **K2)
    return program.ended(raised("ValueError", given, text="shapes", owner=_of_bert(), callee="tf_keras.x"))


def _ended_building(program: CellProgram, *inputs: Any, error: ErrorFacts, **facts: Any) -> CellFacts:
    graph = built(*inputs, of=model(program.program.family.encoder, said="bert"), error=error, **facts)
    return program.ended(raised(error.type, text=error.text), builds=[*program.builds, graph])


@cell_mutation("input-layer-shape")
def an_input_with_an_axis_too_many(program: CellProgram, random: np.random.Generator) -> CellFacts:
    width = random.choice(np.array([None, 24, 128], object))
    shape = ((None, width, 8), (None, 1, width), (None, 16, width), (None,))[int(random.integers(4))]
    mask = [symbolic("attention_mask", (None, width))] if random.integers(2) else []
    return _ended_building(program, symbolic("input_ids", shape, said="ids"), *mask, error=UNPACK)


@cell_mutation("input-layer-dtype")
def an_input_left_at_float32(program: CellProgram, random: np.random.Generator) -> CellFacts:
    dtype = str(random.choice(["float32", "float16", "float64", "bool", "int16"]))
    width = random.choice(np.array([None, 24, 128], object))
    return _ended_building(program, symbolic("input_ids", (None, width), dtype, said="ids"), error=LOOKUP)


def _cast_back(program: CellProgram, dtype: str, rows: int) -> CellFacts:
    of = model(dataclasses.replace(BERT, vocab_rows=rows), type="Functional", inputs={"input_ids": (None, 20)})
    ids = symbolic("input_ids", (None, 20), dtype, said="ids")
    return program.facts(builds=[*program.builds, built(ids, of=of)])


@cell_mutation("input-layer-dtype")
def an_input_that_rounds(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _cast_back(program, str(random.choice(["float16", "bfloat16"])), int(random.integers(2050, 50000)))


@harmless_cell()
def an_input_of_float32_that_is_cast_back(program: CellProgram, random: np.random.Generator) -> CellFacts:
    """Which is advice, and nothing is lost."""
    return _cast_back(program, str(random.choice(["float32", "float64"])), int(random.integers(2050, 50000)))


@harmless_cell()
def right_inputs_where_something_else_raised(program: CellProgram, random: np.random.Generator) -> CellFacts:
    error = ErrorFacts("InvalidArgumentError", "matrix sizes", "head/dense", "forward")
    inputs = [symbolic("input_ids", (None, 24)), symbolic("attention_mask", (None, 24), "float32")]
    ran = ("bert/embeddings", "bert/encoder/layer_._0", "bert")
    return _ended_building(program, *inputs, error=error, ran=ran)


def _output(**facts: Any) -> Any:
    kind = "TFSequenceClassifierOutput"
    return value("output", kind, "transformers", is_output_object=True, **{"fields": ("logits",), **facts})


@cell_mutation("output-object-as-tensor")
def an_output_object_for_a_function(program: CellProgram, random: np.random.Generator) -> CellFacts:
    callee, said = (("tensorflow.python.x", "tf.argmax"), ("numpy._core.fromnumeric.argmax", "np.argmax"))[
        int(random.integers(2))
    ]
    text = "Attempt to convert a value with an unsupported type"
    ended = raised("ValueError", _output(), text=text, callee=callee, callee_said=said, source=f"{said}(output)")
    return program.facts(ended=ended)


@cell_mutation("output-object-as-tensor")
def a_key_for_a_layer(program: CellProgram, random: np.random.Generator) -> CellFacts:
    key = value("pooled", "str", "python", text="'pooler_output'", field_of="TFBaseModelOutput")
    dense = _part("tf_keras.Dense", "layer", "tf-keras", takes_rank=2, place="self")
    return program.ended(raised("TypeError", key, text="not a tensor", owner=dense, callee="tf_keras.x"))


@harmless_cell()
def a_field_of_an_output_object(program: CellProgram, random: np.random.Generator) -> CellFacts:
    given = value("output.logits", shape=(2, 3), dtype="float32")
    ended = raised(
        "ValueError",
        given,
        _output(place="name"),
        text="cannot reshape",
        callee="tensorflow.python.x",
        source="tf.reshape(output.logits, (4, 4))",
    )
    return program.facts(ended=ended)


def _in_lstm(program: CellProgram, origin: Any, shape: tuple[int | None, ...], text: str) -> CellFacts:
    lstm = _part("tf_keras.LSTM", "layer", "tf-keras", takes_rank=3, place="self")
    given = value("x", **{**K2, "shape": shape, "dtype": "float32", "origin": origin})
    return program.facts(ended=raised("ValueError", given, text=text, owner=lstm, callee="tf_keras.x"))


@cell_mutation("pooled-output-as-sequence")
def one_vector_a_text_in_an_lstm(program: CellProgram, random: np.random.Generator) -> CellFacts:
    origin = (POOLED, dataclasses.replace(HIDDEN, sliced=True))[int(random.integers(2))]
    return _in_lstm(program, origin, (None, 8), "expected ndim=3, found ndim=2")


@harmless_cell()
def a_sequence_in_an_lstm_that_failed(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _in_lstm(program, HIDDEN, (None, None, 8), "another mask is needed")
