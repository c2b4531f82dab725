"""Faults of releases, checkpoints, and of models that are stored and reloaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from cell_builder import raised, value
from cell_programs import CellProgram
from harmless_cell import harmless_cell
from mutating import cell_mutation

from bertmagic.facts.cell import CellFacts
from bertmagic.facts.loading import ArgumentsFacts, ReloadedFacts, SpecFacts, StoredFacts, WeightFacts


@cell_mutation("transformers-version-conflict")
def a_name_of_an_earlier_release(program: CellProgram, random: np.random.Generator) -> CellFacts:
    name = str(random.choice(["AdamW", "TFTrainer", "cached_path", "EvaluationStrategy"]))
    source = f"from transformers import {name}"
    return program.ended(raised("ImportError", source=source, missing=name, missing_in="transformers"))


@cell_mutation("transformers-version-conflict")
def a_module_of_an_earlier_release(program: CellProgram, random: np.random.Generator) -> CellFacts:
    module = f"transformers.modeling_tf_{random.choice(['bert', 'roberta', 'distilbert', 'electra'])}"
    source = f"import {module}"
    return program.ended(raised("ModuleNotFoundError", source=source, missing=module, missing_in=module))


@harmless_cell()
def a_slip_of_the_pen(program: CellProgram, random: np.random.Generator) -> CellFacts:
    """No release had it."""
    source = "from transformers import AutoTokeniser"
    return program.ended(raised("ImportError", source=source, missing="AutoTokeniser", missing_in="transformers"))


@cell_mutation("checkpoint-shape-mismatch")
def a_head_of_other_outputs(program: CellProgram, random: np.random.Generator) -> CellFacts:
    stored, wanted = (int(each) for each in random.choice(np.arange(2, 9), 2, replace=False))
    shapes = ((8, stored), (8, wanted))
    weight = WeightFacts("classifier/kernel", *shapes, "from_pretrained", "stars", "TFBertModel", False)
    source = f'TFBertModel.from_pretrained("stars", num_labels={wanted})'
    return program.ended(raised("ValueError", text="cannot reshape", source=source, loading=weight))


@cell_mutation("custom-objects-missing")
def a_layer_that_the_file_does_not_tell(program: CellProgram, random: np.random.Generator) -> CellFacts:
    facts = StoredFacts(action="load", verb="load_model", format="h5", path="m.h5", unknown=("TFBertModel",))
    said, source = "keras.models.load_model", 'keras.models.load_model("m.h5")'
    return program.ended(raised("ValueError", text="Unknown layer", source=source, callee_said=said, loading=facts))


@cell_mutation("custom-objects-missing")
def a_subclassed_model_saved_whole(program: CellProgram, random: np.random.Generator) -> CellFacts:
    form = str(random.choice(["h5", "keras"]))
    facts = StoredFacts(action="save", verb="save", format=form, path="m", model="clf", is_subclassed=True)
    return program.ended(raised("NotImplementedError", text="Saving the model", loading=facts))


@cell_mutation("saved-model-call")
def a_signature_of_another_dtype(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return program.ended(_infer("int64", "attention_mask", "input_ids"))


@cell_mutation("saved-model-call")
def a_signature_of_other_names(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return program.ended(_infer("int32", "attention_mask", str(random.choice(["ids", "token_ids", "inputs"]))))


@harmless_cell()
def a_signature_that_was_kept(program: CellProgram, random: np.random.Generator) -> CellFacts:
    """What raised came from inside the graph."""
    return program.ended(_infer("int32", "attention_mask", "input_ids"))


def _infer(dtype: str, *names: str) -> Any:
    wanted = [SpecFacts(name, (None, None), "int32") for name in ("attention_mask", "input_ids")]
    given = [SpecFacts(name, (3, 8), dtype) for name in names]
    facts = ReloadedFacts((ArgumentsFacts("keywords", tuple(wanted)),), ArgumentsFacts("keywords", tuple(given)))
    owner = value("infer", "tensorflow.ConcreteFunction", "tensorflow", place="self")
    return raised("TypeError", text="signature", callee_said="infer", source="infer(**e)", owner=owner, loading=facts)
