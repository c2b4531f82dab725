"""The sentences of the rules on how inputs and labels are put together: datasets, containers, names, lengths."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from facts_builder import BERT, Messages, batch, call, model, tensor

from bertmagic.facts.call import CallFacts

FULL = batch([6, 6, 6])
PRETRAINED = dataclasses.replace(BERT, path="bert", pretrained="bert-base-uncased")
CLASSIFIER = model(PRETRAINED, said="nli", type="TFBertForSequenceClassification", sizes={"labels": 2})
UNBATCHED = dataclasses.replace(
    call(FULL[0], labels=np.array(1), loss="sparse", error="forward", of=CLASSIFIER), container="Dataset", data="train"
)

TWO = dataclasses.replace(
    model(type="Functional", said="clf", inputs={"input_ids": (None, None), "attention_mask": (None, None)}),
    takes=frozenset({"input_ids", "attention_mask"}),
)
IDS = batch([6, 4, 3])
MASK = (IDS != 0).astype("int32")


def flat(facts: CallFacts, **changes: Any) -> CallFacts:
    """The facts as of a dataset's element (ids, labels, weights)."""
    weights = (tensor("sample_weight", [0, 1, 1]),)
    settings: dict[str, Any] = {"container": "Dataset", "data": "train", "weights": weights, **changes}
    return dataclasses.replace(facts, **settings)


MESSAGES: Messages = {
    "single examples": (
        "dataset-unbatched",
        UNBATCHED,
        (
            "`train` holds single examples",
            (
                "An element of `train` is one example: its `input_ids` has shape (seq=6), where `nli` takes "
                "(batch, seq). ValueError is raised."
            ),
            "Batch the dataset",
            "train = train.batch(32)",
        ),
    ),
    "single examples, no name, nothing raised": (
        "dataset-unbatched",
        dataclasses.replace(
            call(FULL[0], np.ones_like(FULL[0]), labels=np.array(1), received={"input_ids": FULL[0][:, None]}),
            container="Dataset",
        ),
        (
            "`dataset` holds single examples",
            (
                "An element of `dataset` is one example: its `input_ids` and `attention_mask` have shape "
                "(seq=6), where `model` takes (batch, seq)."
            ),
            "Batch the dataset",
            "dataset = dataset.batch(32)",
        ),
    ),
    "single examples of several choices": (
        "dataset-unbatched",
        dataclasses.replace(
            call(FULL, labels=np.array(1), error="forward", of=model(choices=True)), container="Dataset"
        ),
        (
            "`dataset` holds single examples",
            (
                "An element of `dataset` is one example: its `input_ids` has shape (choices=3, seq=6), where "
                "`model` takes (batch, choices, seq). ValueError is raised."
            ),
            "Batch the dataset",
            "dataset = dataset.batch(32)",
        ),
    ),
    "ids, mask and labels, flat": (
        "dataset-structure",
        flat(call(IDS, labels=MASK, of=TWO, seen=False, error="forward")),
        (
            "`train` gives the attention mask in the place of the labels",
            (
                "An element of `train` is a flat tuple; Keras reads a tuple as (inputs, labels) or (inputs, "
                "labels, sample weights), and so takes its second part, of shape (batch=3, seq=6) and holding "
                "the attention mask, for the labels and its third for sample weights. ValueError is raised."
            ),
            "Put the inputs together, and the labels after them",
            "train = train.map(lambda ids, mask, labels: ((ids, mask), labels))",
        ),
    ),
    "ids and mask, flat": (
        "dataset-structure",
        flat(call(IDS, labels=MASK, of=TWO, seen=False, error="forward"), weights=()),
        (
            "`train` gives the attention mask in the place of the labels",
            (
                "An element of `train` is a flat tuple; Keras reads a tuple as (inputs, labels) or (inputs, "
                "labels, sample weights), and so takes its second part, of shape (batch=3, seq=6) and holding "
                "the attention mask, for the labels. ValueError is raised."
            ),
            "Put the inputs together, and the labels after them",
            "train = tf.data.Dataset.zip((train.map(lambda ids, mask: (ids, mask)), labels_dataset))",
        ),
    ),
    "a second text": (
        "dataset-structure",
        flat(call(IDS, labels=batch([5, 5, 5]), of=TWO, seen=False, error="forward"), weights=()),
        (
            "`train` gives token ids in the place of the labels",
            (
                "An element of `train` is a flat tuple; Keras reads a tuple as (inputs, labels) or (inputs, "
                "labels, sample weights), and so takes its second part, of shape (batch=3, seq=5) and holding "
                "token ids, for the labels. ValueError is raised."
            ),
            "Put the inputs together, and the labels after them",
            ("train = tf.data.Dataset.zip((train.map(lambda ids, second: (ids, second)), labels_dataset))"),
        ),
    ),
    "flat, and broadcast": (
        "dataset-structure",
        flat(call(IDS, labels=MASK, of=CLASSIFIER, outputs=(3, 1)), data=None),
        (
            "`dataset` gives the attention mask in the place of the labels",
            (
                "An element of `dataset` is a flat tuple; Keras reads a tuple as (inputs, labels) or (inputs, "
                "labels, sample weights), and so takes its second part, of shape (batch=3, seq=6) and holding "
                "the attention mask, for the labels and its third for sample weights. Nothing is raised."
            ),
            "Put the inputs together, and the labels after them",
            ('dataset = dataset.map(lambda ids, mask, labels: ({"input_ids": ids, "attention_mask": mask}, labels))'),
        ),
    ),
    "four parts": (
        "dataset-structure",
        flat(call(IDS, error="data"), parts=4),
        (
            "An element of `train` has 4 parts",
            (
                "An element of `train` is a flat tuple of 4 parts; Keras reads a tuple as (inputs, labels) or "
                "(inputs, labels, sample weights). ValueError is raised."
            ),
            "Put the inputs together, and the labels after them",
            "train = train.map(lambda *parts: (parts[:-1], parts[-1]))",
        ),
    ),
    "labels among the features": (
        "dataset-structure",
        flat(
            call(IDS, MASK, of=TWO, others=[tensor("labels", [0, 1, 0])], outputs=(3, 2), loss="sparse", error="loss")
        ),
        (
            'The labels are among the features of `train`, under "labels"',
            (
                'An element of `train` is one dict, whose "labels" is no input of `clf`, and nothing stands in '
                "the place of the labels; Keras reads a tuple as (inputs, labels) or (inputs, labels, sample "
                "weights). ValueError is raised in the loss."
            ),
            "Give each element as (inputs, labels)",
            (
                'train = train.map(lambda x: ({"input_ids": x["input_ids"], "attention_mask": '
                'x["attention_mask"]}, x["labels"]))'
            ),
        ),
    ),
    "the mask of all rows": (
        "row-count-mismatch",
        call(
            IDS[:2],
            MASK,
            labels=[0, 1],
            error="data",
            said={"input_ids": 'x["input_ids"]', "attention_mask": 'enc["attention_mask"]', "labels": "y"},
        ),
        (
            '`enc["attention_mask"]` and the rest differ in their number of rows',
            (
                'The batch axis is not the same throughout: `x["input_ids"]` has 2, `enc["attention_mask"]` has '
                "3 and `y` has 2 rows. ValueError is raised."
            ),
            "Give each the same rows, here the first 2",
            'enc["attention_mask"][:2]',
        ),
    ),
    "labels of other rows": (
        "row-count-mismatch",
        call(IDS, labels=[0, 1], outputs=(3, 2), loss="sparse", error="loss"),
        (
            "`input_ids` and the rest differ in their number of rows",
            (
                "The batch axis is not the same throughout: `input_ids` has 3 and `labels` has 2 rows. "
                "ValueError is raised in the loss."
            ),
            "Give each the same rows, here the first 2",
            "input_ids[:2]",
        ),
    ),
    "no labels": (
        "labels-missing",
        call(IDS, MASK, of=TWO, outputs=(3, 2), loss="sparse", error="loss"),
        (
            "`clf.fit` is given no labels",
            (
                "`clf.fit` is given no labels, and SparseCategoricalCrossentropy compares the outputs with "
                "labels. ValueError is raised in the loss."
            ),
            "Give the labels beside the inputs",
            "clf.fit(inputs, labels)",
        ),
    ),
    "labels among arrays": (
        "labels-missing",
        flat(
            call(IDS, MASK, of=TWO, others=[tensor("labels", [0, 1, 0])], outputs=(3, 2), loss="sparse", error="loss"),
            container="arrays",
            data="x",
        ),
        (
            "`clf.fit` is given no labels",
            (
                "`clf.fit` is given no labels, and SparseCategoricalCrossentropy compares the outputs with "
                'labels. "labels" stands among the inputs, and is no input of `clf`. ValueError is raised in the'
                " loss."
            ),
            "Give the labels beside the inputs",
            ('labels = x.pop("labels")\nclf.fit(x, labels)'),
        ),
    ),
    "a mask by another name": (
        "input-misnamed",
        call(
            IDS,
            of=dataclasses.replace(CLASSIFIER, takes=frozenset({"input_ids", "attention_mask"})),
            others=[tensor("input_mask", MASK, "attention_mask", said='enc["attention_mask"]')],
            seen=False,
            error="forward",
            said={"input_ids": 'enc["input_ids"]'},
        ),
        (
            '"input_mask" is no input of `nli`, which takes `attention_mask`',
            (
                '`nli` takes `input_ids`, `attention_mask`, `token_type_ids` and `position_ids`; "input_mask" is'
                " none of them and holds what belongs under `attention_mask`, which goes unfed. ValueError is "
                "raised."
            ),
            "Feed each input by its name",
            '{"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"]}',
        ),
    ),
    "segments for a model without them": (
        "input-unexpected",
        call(
            IDS,
            MASK,
            of=dataclasses.replace(
                CLASSIFIER,
                type="TFDistilBertModel",
                inputs=CLASSIFIER.inputs[:2],
                takes=frozenset({"input_ids", "attention_mask"}),
            ),
            types=MASK,
            seen=False,
            error="forward",
        ),
        (
            "`nli` does not take `token_type_ids`",
            (
                "`nli` (TFDistilBertModel) takes `input_ids` and `attention_mask`; it is given `token_type_ids` "
                "too. ValueError is raised."
            ),
            "Leave token_type_ids out",
            '{"input_ids": input_ids, "attention_mask": attention_mask}',
        ),
    ),
    "lists": (
        "container-unsupported",
        flat(call(IDS, labels=[0, 1, 0], seen=False, error="data", kinds="list"), container="as given", data="enc"),
        (
            "`input_ids` is a Python list",
            ("`input_ids` is a list of numbers, where `model` takes arrays, or dicts of them. ValueError is raised."),
            "Give arrays",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "a list of labels": (
        "container-unsupported",
        dataclasses.replace(
            call(IDS, seen=False, error="data"),
            container="as given",
            labels=(tensor("labels", [0, 1, 0], said="y", kind="list"),),
        ),
        (
            "`y` is a Python list",
            ("`y` is a list of numbers, where `model` takes arrays, or dicts of them. ValueError is raised."),
            "Give arrays",
            "y = np.array(y)",
        ),
    ),
    "feature objects": (
        "container-unsupported",
        dataclasses.replace(
            call(seen=False, error="data"),
            container="as given",
            inputs=(
                dataclasses.replace(tensor("input_ids", np.array({}, dtype=object)), kind="transformers.InputFeatures"),
            ),
        ),
        (
            "`features` holds transformers.InputFeatures objects",
            (
                "`features` holds 1 objects of type transformers.InputFeatures, where `model.fit` takes arrays, "
                "or lists and dicts of them. ValueError is raised."
            ),
            "Make one array of each input, and one of the labels",
            'inputs = {"input_ids": np.array([each.input_ids for each in features])}',
        ),
    ),
    "an encoding": (
        "container-unsupported",
        dataclasses.replace(
            call(IDS, MASK, of=TWO, labels=[0, 1, 0], seen=False, error="data"),
            container="as given",
            data="enc",
            data_type="transformers.BatchEncoding",
        ),
        (
            "`enc` is a BatchEncoding",
            (
                "`enc` is a BatchEncoding, of which `clf.fit` cannot make batches; it takes arrays, and lists "
                "and dicts of them. ValueError is raised."
            ),
            "Give it as a dict",
            "dict(enc)",
        ),
    ),
    "another length than the model's": (
        "sequence-length-mismatch",
        call(
            IDS,
            of=model(type="Functional", inputs={"input_ids": (None, 8)}),
            seen=False,
            error="forward",
            said={"input_ids": "ids"},
        ),
        (
            "`ids` is not of the length that `model` was made for",
            (
                "`ids` has shape (batch=3, seq=6), and the Input `input_ids` of `model` takes (batch, seq=8). "
                "ValueError is raised."
            ),
            "Pad and truncate to 8 tokens",
            ('enc = tokenizer(texts, padding="max_length", truncation=True, max_length=8, return_tensors="np")'),
        ),
    ),
    "two lengths": (
        "sequence-length-mismatch",
        call(IDS, np.ones((3, 5), "int32"), error="forward", said={"input_ids": "ids"}),
        (
            "`attention_mask` is not as long as `ids`",
            (
                "The sequence axis is not the same throughout: `ids` has 6 and `attention_mask` has 5 tokens a "
                "row. ValueError is raised."
            ),
            "Take all of them from one encoding",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
}
