"""The rules on releases, checkpoints, stored and reloaded models: silent where the facts do not speak against it."""

from __future__ import annotations

import pytest
from cell_builder import cell, raised, value
from facts_builder import check

from bertmagic.facts.cell import CellFacts, RaisedFacts
from bertmagic.facts.loading import ArgumentsFacts, ReloadedFacts, SpecFacts, StoredFacts, WeightFacts
from bertmagic.rules import releases

SLUGS = ("transformers-version-conflict", "checkpoint-shape-mismatch", "custom-objects-missing", "saved-model-call")
TOKENIZER = value("tok", "BertTokenizerFast", "transformers", place="self")
OWN = value("tok", "BertTokenizerFast", "python", place="self")
PADDED = value(None, "bool", "python", place="pad_to_max_length", text="True")
IDS = SpecFacts("input_ids", (None, 8), "int32")


def missing(name: str, where: str = "transformers", kind: str = "ImportError", **facts: object) -> RaisedFacts:
    return raised(kind, missing=name, missing_in=where, **facts)


def reloaded(takes: ArgumentsFacts, given: ArgumentsFacts) -> RaisedFacts:
    return raised("ValueError", loading=ReloadedFacts((takes,), given))


@pytest.mark.parametrize(
    ("facts", "version"),
    [
        (missing("TFBertModle"), "4.53.3"),
        (missing("TFBertModle"), "5.0.0"),
        (missing("TFBertModel"), "4.53.3"),  # TensorFlow is not installed, then
        (missing("AdamW", "torch"), "4.53.3"),
        (missing("AdamW", "mypackage"), "4.53.3"),
        (missing("transformers.modeling_mine", "transformers.modeling_mine", "ModuleNotFoundError"), "4.53.3"),
        (missing("torch", "torch", "ModuleNotFoundError"), "4.53.3"),
        (missing("max_len", "BertTokenizerFast", "AttributeError", owner=OWN), "4.53.3"),
        (missing("max_len", "Settings", "AttributeError", owner=TOKENIZER), "4.53.3"),
        (missing("nothing", "BertTokenizerFast", "AttributeError", owner=TOKENIZER), "4.53.3"),
        (raised("TypeError", PADDED, text="unexpected keyword 'padding_'", owner=TOKENIZER), "4.53.3"),
        (raised("ValueError", PADDED, owner=TOKENIZER), "4.53.3"),
        (raised("TypeError", PADDED, text="'pad_to_max_length'", owner=OWN), "4.53.3"),
        (raised("TypeError", text="'safe_open' object", callee_said="M.from_pretrained"), "4.53.3"),
        (raised("TypeError", text="'safe_open' object", callee_said="M.from_pretrained"), "5.0.0"),
        (raised("TypeError", text="'safe_open' object", callee_said="mine"), "4.55.0"),
    ],
)
def test_no_release_is_blamed(facts: RaisedFacts, version: str) -> None:
    assert check("transformers-version-conflict", cell(raised=facts, versions={"transformers": version})) is None


def test_without_transformers_nothing_is_said_of_it() -> None:
    assert check("transformers-version-conflict", CellFacts(raised=missing("AdamW"))) is None


@pytest.mark.parametrize("name", ["TFBertModel", "TFAutoModelForSequenceClassification", "TFPreTrainedModel"])
def test_a_class_of_tensorflow_in_release_five(name: str) -> None:
    finding = check("transformers-version-conflict", cell(raised=missing(name), versions={"transformers": "5.0.0rc1"}))
    assert finding is not None
    assert finding.subject == name


def test_a_stand_in_for_a_class_in_release_five() -> None:
    stand_in = value("TFBertModel", "TFBertModel", "transformers", place="self")
    facts = cell(raised=raised("ImportError", owner=stand_in), versions={"transformers": "5.0.0"})
    assert check("transformers-version-conflict", facts) is not None
    facts = cell(raised=raised("ImportError", owner=stand_in))
    assert check("transformers-version-conflict", facts) is None


def test_encode_plus_in_release_five() -> None:
    facts = missing("encode_plus", "BertTokenizerFast", "AttributeError", owner=TOKENIZER)
    finding = check("transformers-version-conflict", cell(raised=facts, versions={"transformers": "5.0.0"}))
    assert finding is not None
    assert finding.fix is not None
    assert finding.fix.snippet == "enc = tok(texts, padding=True, truncation=True)"


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("transformers.modeling_tf_distilbert", "transformers.models.distilbert.modeling_tf_distilbert"),
        ("transformers.tokenization_xlm_roberta", "transformers.models.xlm_roberta.tokenization_xlm_roberta"),
        ("transformers.tokenization_bert_fast", "transformers.models.bert.tokenization_bert_fast"),
        ("transformers.configuration_auto", "transformers.models.auto.configuration_auto"),
    ],
)
def test_modules_that_moved(name: str, new: str) -> None:
    gone = releases.gone_module(name)
    assert gone is not None
    assert gone.instead == new


def test_a_release_is_read_from_its_version() -> None:
    assert releases.release("5.0.0rc1") == (5, 0, 0)
    assert releases.release("4.53.3") < (4, 54)
    assert releases.release("unknown") == ()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_cell_that_ran_and_one_that_failed_otherwise(slug: str) -> None:
    assert check(slug, cell()) is None
    assert check(slug, cell(raised=raised("ValueError", value("x"), text="something else"))) is None


def test_the_rules_look_at_their_own_facts_only() -> None:
    weight = raised("ValueError", loading=WeightFacts("w", (1,), (2,), "load_weights", "w.h5"))
    assert check("checkpoint-shape-mismatch", cell(raised=weight)) is not None
    assert check("custom-objects-missing", cell(raised=weight)) is None
    assert check("saved-model-call", cell(raised=weight)) is None


def test_a_file_that_names_nothing_unknown() -> None:
    for facts in (StoredFacts("load", "load_model", "keras", "m.keras"), StoredFacts("save", "save", "keras", "m")):
        assert check("custom-objects-missing", cell(raised=raised("ValueError", loading=facts))) is None


@pytest.mark.parametrize(
    ("takes", "given"),
    [
        # As the signature says: what was raised came from within.
        (ArgumentsFacts("dict", (IDS,)), ArgumentsFacts("dict", (SpecFacts("input_ids", (2, 8), "int32"),))),
        # An array is converted, whatever its dtype.
        (ArgumentsFacts("keywords", (IDS,)), ArgumentsFacts("keywords", (SpecFacts("input_ids", (2, 8), None),))),
        # A list has no shape to compare, nor has a tensor of unknown rank.
        (ArgumentsFacts("positions", (IDS,)), ArgumentsFacts("positions", (SpecFacts(None, None, None),))),
        (ArgumentsFacts("positions", (IDS,)), ArgumentsFacts("positions", (SpecFacts(None, (None, None), "int32"),))),
    ],
)
def test_a_call_as_the_signature_says(takes: ArgumentsFacts, given: ArgumentsFacts) -> None:
    assert check("saved-model-call", cell(raised=reloaded(takes, given))) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ArgumentsFacts("list", (SpecFacts(None, (2, 8), "int32"),)), "given 1 tensor in one list"),
        (ArgumentsFacts("keywords", (SpecFacts("ids", (2, 8), "int32"),)), "`input_ids` is not given and `ids` is not"),
        (ArgumentsFacts("keywords", (SpecFacts("input_ids", (8,), "int32"),)), "given as (8,)"),
        (ArgumentsFacts("keywords", (SpecFacts("input_ids", (2, 5), "int64"),)), "given as (2, 5)"),
        (ArgumentsFacts("keywords", (SpecFacts("input_ids", (2, 8), "int64"),)), "given as int64"),
    ],
)
def test_the_gravest_difference_is_told(given: ArgumentsFacts, said: str) -> None:
    finding = check("saved-model-call", cell(raised=reloaded(ArgumentsFacts("keywords", (IDS,)), given)))
    assert finding is not None
    assert said in finding.detail


def test_an_attribute_that_no_model_has() -> None:
    facts = raised("AttributeError", missing="my_table", loading=ReloadedFacts((), None, ("serving_default",)))
    assert check("saved-model-call", cell(raised=facts)) is None
