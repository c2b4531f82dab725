"""What is right in Keras 3, KerasHub and PyTorch and finds nothing there, and what their own facts decide."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras_facts as of_keras
import numpy as np
import pytest
import torch_facts as of_torch
from cell_builder import cell, raised, texts, tokenized, value
from facts_builder import TOKENIZER, batch, check, having, hub, model, slugs, tensor, torch_model

from bertmagic import tables
from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import BuildFacts, CellFacts
from bertmagic.facts.loading import StoredFacts
from bertmagic.facts.model import ModelFacts
from bertmagic.rules import dialect

IDS, MASK = of_torch.IDS, of_torch.MASK
SHARES = np.array([[0.2, 0.8], [0.9, 0.1], [0.5, 0.5]], "float32")
LABELS = np.array([0, 1, 1])


def more(facts: CallFacts, *inputs: Any) -> CallFacts:
    """The call with further inputs."""
    return having(facts, inputs=(*facts.inputs, *inputs))


def as_computed(facts: CallFacts, **changes: Any) -> CallFacts:
    """The call with all of its rows run."""
    return having(facts, rows_run=tuple(range(facts.rows_of)), **changes)


QUIET: dict[str, CallFacts] = {
    # PyTorch: what counts in a mask is whether it is 0; the padding's id is 0 here.
    "ids for a mask": of_torch.fed(mask=IDS),
    "a mask of counts": of_torch.fed(mask=MASK * 3),
    "a mask of bool": of_torch.fed(mask=MASK == 1),
    "several labels a text": of_torch.lost(np.ones((3, 2), "float32"), (3, 2)),
    "labels left out": of_torch.lost([0, 1, -100], (3, 2)),
    "labels a token left out": of_torch.lost([[0, 1, 1, 0, -100, -100]] * 3, (3, 6, 2), of=of_torch.TAGGER),
    "labels in a column": of_torch.lost([[0], [1], [1]], (3, 2)),
    "shares of each class": of_torch.lost(SHARES, (3, 2), "sparse", of_torch.OWN),
    "labels that a loop reshapes": of_torch.lost([0.0, 1.0, 1.0], (3, 1), "binary", of_torch.OWN),
    "what a loss is told": more(of_torch.fed(), tensor("num_items_in_batch", 3, kind="torch.Tensor")),
    "probabilities whose logarithm a loop takes": as_computed(
        of_torch.lost(LABELS, SHARES, "sparse", of_torch.OWN, from_logits=True, value=0.4703)
    ),
    "a module of one's own that takes anything": more(
        of_torch.fed(of=of_torch.OWN), tensor("lengths", [6, 4, 3], kind="torch.Tensor")
    ),
    "a regression that was asked for": having(
        of_torch.lost([0, 1, 1], (3, 1), of=dataclasses.replace(of_torch.HEAD, problem="regression")), watched=True
    ),
    "one output, no training": of_torch.lost([0, 1, 1], (3, 1)),
    "training mode that is trained": having(of_torch.fed(), training=True, watched=True),
    # Keras 3: it casts, leaves out and recovers.
    "whole numbers as floats": of_keras.fed(of_keras.FLOATS, tokenizer=of_keras.WRAP),
    "whole numbers as floats beyond the rows": of_keras.raising(
        of_keras.fed(of_keras.FLOATS + 200, received={"input_ids": of_keras.FLOATS + 200}, seen=False),
        "InvalidArgumentError",
        "token_embedding",
    ),
    "a key that is left out": more(of_keras.fed(tokenizer=of_keras.WRAP), tensor("label", LABELS)),
    "ids for a mask of KerasHub": of_keras.fed(mask=of_keras.IDS, tokenizer=of_keras.WRAP),
    "texts to fit": having(
        of_keras.raising(of_keras.fed(of_keras.TEXTS, None, None, of=of_keras.TASK, seen=False)), kind="fit"
    ),
    "its own softmax on TensorFlow": of_keras.lost(LABELS, SHARES, from_logits=True),
    "its own softmax, as it is told": of_keras.lost(
        LABELS, SHARES, of=dataclasses.replace(of_keras.OWN, compute="jax"), from_logits=False
    ),
    "small logits on JAX": of_keras.lost(
        LABELS, SHARES * 0.9, of=dataclasses.replace(of_keras.OWN, compute="jax"), from_logits=True
    ),
    "labels that PyTorch leaves out": of_keras.lost(
        [0, 1, -100], (3, 2), of=dataclasses.replace(of_keras.OWN, compute="torch")
    ),
    "names of classes beside texts to predict": having(
        of_keras.fed(
            of_keras.TEXTS, None, None, of=of_keras.TASK, kind="predict", labels={"labels": of_keras.TEXTS[:0]}
        ),
        container="Dataset",
        parts=2,
        labels=(tensor("labels", np.array(["very good", "not good"], dtype=object)),),
    ),
}


@pytest.mark.parametrize("name", QUIET)
def test_what_is_right_finds_nothing(name: str) -> None:
    found = slugs(QUIET[name])
    assert found == (["ids-out-of-vocabulary"] if "beyond the rows" in name else [])


def test_a_number_that_is_swallowed_is_advice() -> None:
    finding = check("input-unexpected", more(of_torch.fed(), tensor("lengths", [6, 4, 3], kind="torch.Tensor")))
    assert finding is not None
    assert finding.severity == "advice"


@pytest.mark.parametrize("name", ["special_tokens_mask", "offset_mapping", "length"])
def test_what_a_tokenizer_gives_beside_the_inputs_is_no_misnamed_input(name: str) -> None:
    facts = more(of_torch.fed(mask=None), tensor(name, MASK, "attention_mask", kind="torch.Tensor"))
    assert check("input-misnamed", facts) is None
    assert check("input-unexpected", facts) is not None


def failed(facts: CallFacts, kind: str) -> CellFacts:
    """A cell that ended in that call."""
    call = having(facts, error=ErrorFacts(kind, "what was raised", None, "forward"), outputs=())
    return cell(call, raised=raised(kind, text="what was raised"), versions=of_torch.VERSIONS)


@pytest.mark.parametrize("kind", ["torch.Tensor", "jaxlib.ArrayImpl", "tf.Tensor", "numpy.ndarray"])
@pytest.mark.parametrize("compute", ["tensorflow", "jax", "torch"])
def test_keras_3_converts_any_frameworks_tensors(kind: str, compute: Any) -> None:
    facts = of_keras.fed(of=hub(compute=compute), kinds=kind)
    assert check("framework-mismatch", failed(facts, "TypeError")) is None


@pytest.mark.parametrize(("kind", "named"), [("TypeError", True), ("AttributeError", True), ("IndexError", False)])
def test_arrays_are_at_fault_where_pytorch_asks_them_for_what_a_tensor_has(kind: str, *, named: bool) -> None:
    facts = of_torch.fed(kinds="numpy.ndarray")
    assert (check("framework-mismatch", failed(facts, kind)) is not None) is named


def test_functions_of_pytorch_that_take_arrays_are_not_at_fault() -> None:
    array = value("ids", "numpy.ndarray", "numpy", shape=(3, 6))
    facts = cell(raised=raised("TypeError", array, callee="torch.from_numpy", callee_said="torch.from_numpy"))
    assert check("framework-mismatch", facts) is None


ASKED: dict[str, tuple[ModelFacts | None, dict[str, str], str]] = {
    "a model of tf-keras": (model(), {"transformers": "4.53.3", "tensorflow": "2.21.0"}, "tf"),
    "a model of Keras 3": (hub(), {"transformers": "5.23.0", "tensorflow": "2.21.0"}, "np"),
    "a model of PyTorch": (torch_model(), {"transformers": "5.23.0", "torch": "2.13.0"}, "pt"),
    "KerasHub": (None, {"keras_hub": "0.32.0", "transformers": "5.23.0", "tensorflow": "2.21.0"}, "np"),
}


@pytest.mark.parametrize(("of", "versions", "wanted"), ASKED.values(), ids=ASKED)
def test_what_to_ask_for_in_place_of_a_framework_that_is_not_there(
    of: ModelFacts | None, versions: dict[str, str], wanted: str
) -> None:
    made = tokenized(texts(), return_tensors="mlx", error=("ImportError", "mlx"))
    calls = () if of is None else (having(of_torch.fed(), model=of),)
    facts = having(cell(*calls, tokenizer_calls=[made], raised=raised("ImportError", text="mlx")), versions=versions)
    finding = check("framework-mismatch", facts)
    assert finding is not None
    assert finding.fix is not None
    assert f'return_tensors="{wanted}"' in finding.fix.snippet


NET = value("net", "keras.Sequential", "keras", part="model", place="self")
OLD = value("head", "tf_keras.Dense", "tf-keras", part="layer")
HOMES: dict[str, tuple[CellFacts, str]] = {
    "a model of transformers is called": (cell(having(of_torch.fed(), model=model())), "tf_keras"),
    "a graph of transformers is built": (cell(builds=[BuildFacts(model(), ())]), "tf_keras"),
    "a model of Keras 3 is called": (cell(of_keras.fed()), "keras"),
    "KerasHub is imported": (cell(versions={"keras_hub": "0.32.0"}), "keras"),
    "transformers alone is imported": (cell(), "tf_keras"),
}


@pytest.mark.parametrize(("facts", "home"), HOMES.values(), ids=HOMES)
def test_which_keras_is_at_home(facts: CellFacts, home: str) -> None:
    finding = check("keras-version-conflict", having(facts, raised=raised("ValueError", OLD, owner=NET)))
    assert finding is not None
    assert finding.fix is not None
    assert finding.fix.snippet.startswith(f"import {home}")


def test_a_layer_of_transformers_is_at_home_in_keras_2() -> None:
    bert = value("bert", "TFBertModel", "tf-keras", part="model")
    facts = cell(of_keras.fed(), raised=raised("ValueError", bert, owner=NET), versions={"keras_hub": "0.32.0"})
    finding = check("keras-version-conflict", facts)
    assert finding is not None
    assert finding.fix is not None
    assert "Keras 2" in finding.fix.title


@pytest.mark.parametrize(("framework", "quiet"), [("keras", True), ("tf-keras", False)])
def test_keras_3_writes_subclassed_models(framework: Any, *, quiet: bool) -> None:
    facts = having(of_keras.fed(), model=hub("net", framework=framework))
    stored = StoredFacts("save", "save", "h5", model="net", is_subclassed=True)
    assert (check("custom-objects-missing", having(cell(facts), saves=(stored,))) is None) is quiet


def test_the_table_has_the_models_own_name_for_a_mask_that_is_missing() -> None:
    facts = of_keras.call(of_keras.IDS, of=of_keras.SUBCLASSED, tokenizer=TOKENIZER, probe=0.3)
    finding = check("attention-mask-missing", facts)
    assert finding is not None
    assert [row.name for row in tables.input_rows(facts, [finding])] == ["token_ids", "padding_mask"]


def test_what_a_training_run_is_called() -> None:
    assert [dialect.dry_verb(each) for each in (model(), hub(), torch_model())] == ["fit", "fit", "Trainer.train"]
    assert [dialect.data_handling(each).partition("'")[0] for each in (model(), hub(), torch_model())] == [
        "Keras",
        "Keras",
        "PyTorch",
    ]


def test_rows_of_one_length_are_stacked_by_a_loader() -> None:
    text = "stack expects each tensor to be equal size, but got [3, 8, 8] at entry 0 and [3, 9, 8] at entry 1"
    facts = cell(tokenizer_calls=[tokenized(lengths=(8, 9))], raised=raised("RuntimeError", text=text))
    assert check("ragged-rows", facts) is None
    assert batch([8, 9]).shape == (2, 9)
