"""Faults of axes, lengths, containers and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from facts_builder import TAKES, tensor
from mutating import TRAINED, mutation
from programs import FAMILIES, Program

from bertmagic.facts.call import CallFacts


def _of_axes(program: Program, change: Callable[[np.ndarray], np.ndarray], **changes: Any) -> CallFacts:
    tensors = {name: getattr(program, name) for name in ("ids", "mask", "types", "positions")}
    changed = {name: change(values) for name, values in tensors.items() if values is not None}
    return program.facts(**changed, error="forward", **changes)


@mutation("batch-axis-missing", filler=False)
def one_text(program: Program, random: np.random.Generator) -> CallFacts:
    row = random.integers(len(program.ids))
    changes = {"labels": None, "weights": (), "others": (), "container": "arrays"}
    return _of_axes(program, lambda values: values[row], **changes)


@mutation("batch-axis-extra")
def an_axis_too_many(program: Program, random: np.random.Generator) -> CallFacts:
    axis = int(random.integers(2))
    return _of_axes(program, lambda values: np.expand_dims(values, axis))


@mutation("dataset-unbatched", head=("classes", "yes or no", "own loss, scores"), filler=False)
def single_examples(program: Program, random: np.random.Generator) -> CallFacts:
    changes = {"labels": np.array(1), "weights": (), "others": (), "container": "Dataset"}
    return _of_axes(program, lambda values: values[0], **changes)


@mutation("sequence-length-mismatch", mask=True, left=False)
def ids_that_were_cut(program: Program, random: np.random.Generator) -> CallFacts:
    cut = int(random.integers(2, program.ids.shape[1]))
    return program.facts(ids=program.ids[:, :cut], types=None, error="forward")


@mutation("row-count-mismatch", mask=True, rows=2)
def ids_of_fewer_rows(program: Program, random: np.random.Generator) -> CallFacts:
    cut = int(random.integers(1, len(program.ids)))
    return program.facts(
        ids=program.ids[:cut], types=None, positions=None, error="data", container="arrays", seen=False
    )


@mutation("container-unsupported", head=TRAINED)
def python_lists(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(kinds="list", container="as given", error="data", seen=False)


TWO = {"input_ids": (None, None), "attention_mask": (None, None)}
RAISED = {"error": "forward", "seen": False, "others": (), "types": None, "positions": None}


@mutation("input-missing")
def one_input_of_two(program: Program, random: np.random.Generator) -> CallFacts:
    return program.facts(mask=None, type="Functional", inputs=TWO, **RAISED)


@mutation("input-misnamed", mask=True)
def a_key_of_another_name(program: Program, random: np.random.Generator) -> CallFacts:
    held = tensor("input_mask", program.mask, "attention_mask")
    changes = {**RAISED, "others": (held,), "mask": None}
    return program.facts(type="Functional", inputs=TWO, takes=frozenset(TWO), **changes)


@mutation("input-unexpected", types=True, family=("bert", "relative"))
def types_for_distilbert(program: Program, random: np.random.Generator) -> CallFacts:
    changes = {"error": "forward", "seen": False, "others": (), "takes": TAKES - {"token_type_ids"}}
    return program.facts(type="TFDistilBertModel", family=FAMILIES["distilbert"], **changes)


@mutation("dataset-structure", mask=True, filler=False, head=("classes", "yes or no", "scores"))
def a_flat_triple(program: Program, random: np.random.Generator) -> CallFacts:
    outputs, length = program.outputs, program.ids.shape[1]
    outputs = outputs[:, :1] if outputs.shape[1] == length else outputs
    weights = (tensor("sample_weight", random.integers(0, 2, len(program.ids))),)
    changes = {
        "labels": (~program.padding).astype("int32"),
        "weights": weights,
        "container": "Dataset",
        "error": "loss",
    }
    return program.facts(mask=None, outputs=outputs, types=None, positions=None, others=(), moved=None, **changes)
