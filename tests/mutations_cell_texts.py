"""Faults of texts, words and rows: what a tokenizer is given, and what is made of what it gives."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from cell_builder import raised, texts, tokenized, value
from cell_programs import CellProgram
from facts_builder import call, tensor
from harmless_cell import harmless_cell
from hypothesis import assume
from mutating import cell_mutation

from bertmagic.facts.cell import CasingFacts, CellFacts, TextFacts, WordFacts

PLAIN: dict[str, Any] = {"padded": False, "tokenizer": True, "left": False, "filler": False}


def failed(program: CellProgram, given: TextFacts, error: tuple[str, str], **facts: Any) -> CellFacts:
    """The cell that a tokenizer's call ended; a model's call went through before it, or there was none."""
    made = tokenized(given, error=error, **facts)
    return program.ended(raised(error[0], text=error[1]), made=[*program.made, made])


@cell_mutation("text-not-valid")
def values_that_are_no_strings(program: CellProgram, random: np.random.Generator) -> CellFacts:
    every = [("NoneType", "None"), ("float", "nan"), ("int", "7"), ("bytes", "b'a'"), ("bool", "True")]
    count = int(random.integers(1, 9))
    index = sorted(random.choice(count, int(random.integers(1, count + 1)), replace=False).tolist())
    odd = tuple((at, *every[int(random.integers(len(every)))]) for at in index)
    error = ("TypeError", "TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]")
    return failed(program, texts("rows", count=count, odd=odd), error)


@cell_mutation("text-not-valid")
def another_container(program: CellProgram, random: np.random.Generator) -> CellFacts:
    kind = str(random.choice(["ndarray", "Series", "generator", "map", "set", "dict_values", "EagerTensor"]))
    framework = "tensorflow" if kind == "EagerTensor" else "python"
    error = ("ValueError", "text input must be of type `str` (single example), `List[str]` (batch)")
    return failed(program, texts("rows", "other", kind=kind, framework=framework), error)


@cell_mutation("tokenizer-in-graph")
def tokenized_in_a_map(program: CellProgram, random: np.random.Generator) -> CellFacts:
    given = texts("text", "other", kind="SymbolicTensor", framework="tensorflow", is_symbolic=True)
    error = ("ValueError", "in user code: text input must be of type `str`")
    return failed(program, given, error)


@cell_mutation("tokenizer-in-graph")
def the_description_of_a_tensor(program: CellProgram, random: np.random.Generator) -> CellFacts:
    made = tokenized(texts(None, "text", 1, is_symbolic=True), lengths=(24,), tokens=24)
    return program.facts(made=[*program.made, made])


def _words(program: CellProgram, random: np.random.Generator, **facts: Any) -> CellFacts:
    """The words of one text, each a row of its own, and the model that is given them."""
    tokenizer = program.program.family.tokenizer
    words = random.choice(np.arange(5, 90), int(random.integers(3, 9)), replace=False)
    ids = np.array([[tokenizer.cls_id, word, tokenizer.sep_id] for word in words], "int32")
    given = texts("words", count=len(ids), with_spaces=0, **facts)
    made = tokenized(given, tokenizer=tokenizer, rows=tuple(ids), lengths=(3,) * len(ids))
    encoder = program.program.family.encoder
    fed = call(ids, encoder=encoder, kind="call", tokenizer=tokenizer)
    fed = dataclasses.replace(fed, model=dataclasses.replace(fed.model, encoders=(encoder,)))
    return program.facts(fed, made=[*program.made, made])


@cell_mutation("word-list-as-batch", tokenizer=True)
def the_words_of_one_text(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _words(program, random, words_of="sentence", running=("the", "."))


@harmless_cell(tokenizer=True)
def one_word_texts_for_a_model(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _words(program, random)


@cell_mutation("framework-mismatch")
def tensors_of_a_framework_that_is_not_there(program: CellProgram, random: np.random.Generator) -> CellFacts:
    asked, name = (("pt", "PyTorch"), ("jax", "JAX"))[int(random.integers(2))]
    error = ("ImportError", f"Unable to convert output to {name} tensors format, {name} is not installed.")
    return failed(program, texts("rows"), error, return_tensors=asked)


@cell_mutation("framework-mismatch")
def a_class_of_another_framework(program: CellProgram, random: np.random.Generator) -> CellFacts:
    kind = str(random.choice(["BertModel", "RobertaForSequenceClassification", "AutoModel"]))
    needed = value(kind, kind, "transformers", needs=("torch",), place="cls")
    source = f"{kind}.from_pretrained"
    return program.ended(raised("ImportError", needed, text=f"{kind} requires the PyTorch library", source=source))


@cell_mutation("framework-mismatch")
def tensors_of_another_framework(program: CellProgram, random: np.random.Generator) -> CellFacts:
    owner = value("model", "TFBertModel", "tf-keras", place="self")
    ids = value("ids", "torch.Tensor", "torch", shape=program.program.ids.shape, dtype="int64")
    return program.ended(raised("ValueError", ids, text="torch.Tensor is not supported", owner=owner))


def _unequal(random: np.random.Generator) -> tuple[int, ...]:
    lengths = random.integers(4, 14, int(random.integers(2, 7)))
    lengths[0] = lengths[1] + 1
    return tuple(int(each) for each in lengths)


@cell_mutation("ragged-rows")
def not_padded_by_the_tokenizer(program: CellProgram, random: np.random.Generator) -> CellFacts:
    error = ("ValueError", "Unable to create tensor, you should probably activate truncation and/or padding")
    return failed(program, texts("rows"), error, return_tensors="tf", lengths=_unequal(random))


@cell_mutation("ragged-rows")
def lists_that_one_array_is_made_of(program: CellProgram, random: np.random.Generator) -> CellFacts:
    callee = str(random.choice(["tf.constant", "np.array", "tf.convert_to_tensor"]))
    lengths = _unequal(random)
    given = value("ids", "list", "python", lengths=lengths)
    ended = raised("ValueError", given, text="inhomogeneous shape", source=f"{callee}(ids)", callee_said=callee)
    return program.ended(ended, made=[*program.made, tokenized(texts("rows"), lengths=lengths)])


@cell_mutation("ragged-rows")
def lists_that_a_model_is_given(program: CellProgram, random: np.random.Generator) -> CellFacts:
    lengths = _unequal(random)
    rows = np.empty(len(lengths), object)
    rows[:] = [list(range(5, 5 + length)) for length in lengths]
    kind = str(random.choice(["list", "tensorflow.RaggedTensor"]))
    ids = tensor("input_ids", rows, "input_ids", said="ids", kind=kind)
    fed = call(others=[ids], error="forward")
    return program.facts(fed, ended=raised("ValueError", text="shapes"))


def _tagged(program: CellProgram, random: np.random.Generator, *, aligned: bool) -> CellFacts:
    """A tagger that is trained on one label a word, on the words' first tokens or one after another."""
    own = program.program
    rows, width = own.ids.shape
    assume(width >= 5)
    of_tokens = np.full((rows, width), -1)
    labels = np.full((rows, width), -100)
    for row in range(rows):  # the first word has two tokens
        of_tokens[row, 1:-1] = np.maximum(np.arange(width - 2) - 1, 0)
        firsts = [1, *range(3, width - 1)]
        at = firsts if aligned else range(1, width - 2)
        labels[row, list(at)] = random.integers(0, own.outputs.shape[-1], width - 3)
    words = WordFacts(tuple(of_tokens), (width - 3,) * rows, {})
    made = tokenized(
        texts("sentences", "words", rows),
        tokenizer=own.tokenizer or own.family.tokenizer,
        is_split_into_words=True,
        rows=tuple(own.ids.astype("int32")),
        words=words,
    )
    return program.facts(own.facts(labels=labels, weights=()), made=[made])


@cell_mutation("labels-not-aligned", **{**PLAIN, "head": ("tags",)}, rows=2)
def one_label_a_word(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _tagged(program, random, aligned=False)


@harmless_cell(**{**PLAIN, "head": ("tags",)})
def labels_on_the_first_tokens(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _tagged(program, random, aligned=True)


def _cased(program: CellProgram, *, lowers: bool, capitals: int, unknown: int) -> CellFacts:
    casing = CasingFacts(lowers, capitals, 1000, (("Oslo", "os ##lo"),))
    made = tokenized(
        texts("headlines", upper=3), tokenizer=program.program.tokenizer, casing=casing, unknown=unknown, tokens=20
    )
    return program.facts(made=[*program.made, made])


@cell_mutation("tokenizer-casing", tokenizer=True)
def capitals_that_the_vocabulary_lacks(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _cased(program, lowers=False, capitals=int(random.integers(0, 2)), unknown=int(random.integers(1, 9)))


@cell_mutation("tokenizer-casing", tokenizer=True)
def capitals_taken_from_a_cased_vocabulary(program: CellProgram, random: np.random.Generator) -> CellFacts:
    return _cased(program, lowers=True, capitals=int(random.integers(200, 600)), unknown=0)


@harmless_cell(tokenizer=True)
def capitals_treated_as_the_vocabulary_does(program: CellProgram, random: np.random.Generator) -> CellFacts:
    lowers = bool(random.integers(2))
    return _cased(program, lowers=lowers, capitals=0 if lowers else 400, unknown=int(random.integers(0, 3)))
