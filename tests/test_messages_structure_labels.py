"""The sentences of the rules on structure, lengths and labels, written out as in `test_messages.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from facts_builder import BERT, batch, call, check, model, tensor

from bertmagic.facts.call import CallFacts

FULL = batch([6, 6, 6])
PRETRAINED = dataclasses.replace(BERT, path="bert", pretrained="bert-base-uncased")
CLASSIFIER = model(PRETRAINED, said="nli", type="TFBertForSequenceClassification", sizes={"labels": 2})
OWN = model(type="Functional", said="net", inputs={"input_ids": (None, None)})
UNBATCHED = dataclasses.replace(
    call(FULL[0], labels=np.array(1), loss="sparse", error="forward", of=CLASSIFIER), container="Dataset", data="train"
)
TAGGER = model(type="TFBertForTokenClassification", sizes={"labels": 2})

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


def computed(facts: CallFacts, value: float = 0.7, from_logits: bool | None = None) -> CallFacts:
    """The facts where the loss was computed and gave `value`."""
    assert facts.loss is not None
    return dataclasses.replace(facts, loss=dataclasses.replace(facts.loss, value=value, from_logits=from_logits))


MESSAGES: dict[str, tuple[str, CallFacts, tuple[str, str, str, str]]] = {
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
    "a class too many": (
        "labels-out-of-range",
        call(
            FULL, of=CLASSIFIER, labels=[0, 2, 1], outputs=(3, 2), loss="sparse", error="loss", said={"labels": "gold"}
        ),
        (
            "`gold` holds classes that the model has no output for",
            (
                "`gold` holds the label 2 in row 1; `logits` has 2 outputs along its last axis, for labels 0 to "
                "1. ValueError is raised in the loss."
            ),
            "Give the model one output for each class",
            'nli = TFBertForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=3)',
        ),
    ),
    "classes counted from 1": (
        "labels-out-of-range",
        call(
            FULL,
            of=OWN,
            labels=[1, 2, 3],
            outputs={"dense": (3, 3)},
            loss="sparse",
            error="loss",
            said={"labels": "stars"},
        ),
        (
            "`stars` holds classes that the model has no output for",
            (
                "`stars` holds the label 3 in row 2; `dense` has 3 outputs along its last axis, for labels 0 to "
                "2. ValueError is raised in the loss."
            ),
            "Count the classes from 0",
            "stars = stars - 1",
        ),
    ),
    "own head": (
        "labels-out-of-range",
        computed(call(FULL, of=OWN, labels=[0, 2, 3], outputs={"dense": (3, 2)}, loss="sparse"), float("nan")),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the labels 2 and 3 in rows 1 and 2; `dense` has 2 outputs along its last axis, "
                "for labels 0 to 1. The loss raises for them on a CPU, and gives NaN on a GPU without an error."
            ),
            "Give the model one output for each class",
            "tf.keras.layers.Dense(4)  # as the last layer, in place of 2",
        ),
    ),
    "a class to leave out": (
        "labels-out-of-range",
        call(FULL, of=OWN, labels=[0, -1, 1], outputs={"dense": (3, 2)}, loss="sparse", error="loss"),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label -1 in row 1; `dense` has 2 outputs along its last axis, for labels 0 "
                "to 1. ValueError is raised in the loss."
            ),
            "Tell the loss to leave -1 out",
            "tf.keras.losses.SparseCategoricalCrossentropy(from_logits=False, ignore_class=-1)",
        ),
    ),
    "several negative classes": (
        "labels-out-of-range",
        call(FULL, of=OWN, labels=[0, -1, -2], outputs={"dense": (3, 2)}, loss="sparse", error="loss"),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the labels -2 and -1 in rows 1 and 2; `dense` has 2 outputs along its last axis,"
                " for labels 0 to 1. ValueError is raised in the loss."
            ),
            "Keep the rows that have a class",
            "kept = labels >= 0  # of the inputs and of the labels",
        ),
    ),
    "-1 where -100 is left out": (
        "labels-out-of-range",
        computed(
            call(
                FULL,
                of=TAGGER,
                labels={"labels": np.where(FULL == 2, -1, 1)},
                outputs=(3, 6, 2),
                loss="internal",
                said={"labels": "tags"},
            )
        ),
        (
            "`tags` holds classes that the model has no output for",
            (
                "`tags` holds the label -1 in rows 0, 1 and 2; `logits` has 2 outputs along its last axis, for "
                "labels 0 to 1. The loss takes them for another class, or gives NaN, without an error on a GPU."
            ),
            "Mark what the loss is to leave out with -100",
            "tags = np.where(tags < 0, -100, tags)",
        ),
    ),
    "not built from a checkpoint": (
        "labels-out-of-range",
        call(
            FULL,
            of=model(type="TFBertForSequenceClassification"),
            labels=[0, 2, 1],
            outputs=(3, 2),
            loss="internal",
            error="loss",
        ),
        (
            "`labels` holds classes that the model has no output for",
            (
                "`labels` holds the label 2 in row 1; `logits` has 2 outputs along its last axis, for labels 0 "
                "to 1. ValueError is raised in the loss."
            ),
            "Give the model one output for each class",
            "model.config.num_labels  # 2 now, 3 is needed when the model is made",
        ),
    ),
    "class indices for one-hot rows": (
        "loss-mismatch",
        call(
            FULL,
            of=OWN,
            labels=[0, 1, 2],
            outputs={"dense": (3, 3)},
            loss="categorical",
            error="loss",
            said={"labels": "topic"},
        ),
        (
            "`CategoricalCrossentropy` is not the loss for these labels",
            (
                "`topic`, (batch=3), holds class indices 0 … 2, and `dense` has 3 outputs; "
                "CategoricalCrossentropy takes one-hot rows, and sparse_categorical_crossentropy fits. "
                "ValueError is raised in the loss."
            ),
            "Compile with the loss that fits",
            ("net.compile(optimizer=net.optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy())"),
        ),
    ),
    "class indices for 0 and 1": (
        "loss-mismatch",
        computed(call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 2)}, loss="binary")),
        (
            "`binary_crossentropy` is not the loss for these labels",
            (
                "`labels`, (batch=3), holds class indices 0 … 1, and `dense` has 2 outputs; binary_crossentropy "
                "takes 0 or 1 an output, and sparse_categorical_crossentropy fits. The loss sets each class "
                "index against every output, without an error."
            ),
            "Compile with the loss that fits",
            'net.compile(optimizer=net.optimizer, loss="sparse_categorical_crossentropy")',
        ),
    ),
    "one-hot rows for class indices": (
        "loss-mismatch",
        computed(
            call(FULL, of=OWN, labels=np.eye(3), outputs={"dense": (3, 3)}, loss="sparse", error="loss"),
            from_logits=True,
        ),
        (
            "`SparseCategoricalCrossentropy` is not the loss for these labels",
            (
                "`labels`, (batch=3, outputs=3), holds one-hot rows, and `dense` has 3 outputs; "
                "SparseCategoricalCrossentropy takes class indices over several outputs, and "
                "categorical_crossentropy fits. ValueError is raised in the loss."
            ),
            "Compile with the loss that fits",
            ("net.compile(optimizer=net.optimizer, loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True))"),
        ),
    ),
    "one output": (
        "loss-mismatch",
        computed(call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 1)}, loss="categorical")),
        (
            "`CategoricalCrossentropy` is not the loss for these labels",
            (
                "`labels`, (batch=3), holds 0 and 1, and `dense` has 1 output; CategoricalCrossentropy takes "
                "one-hot rows, and binary_crossentropy fits. Over a single output that loss is the same whatever"
                " the model says."
            ),
            "Compile with the loss that fits",
            "net.compile(optimizer=net.optimizer, loss=tf.keras.losses.BinaryCrossentropy())",
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
    "logits for probabilities": (
        "logits-flag-mismatch",
        computed(
            call(
                FULL,
                of=CLASSIFIER,
                labels=[0, 1, 1],
                outputs={"logits": np.array([[0.3, -0.4], [1.5, 0.2], [-2.0, 3.0]], "float32")},
                loss="sparse",
            ),
            from_logits=False,
        ),
        (
            "`SparseCategoricalCrossentropy` takes probabilities, and `logits` is logits",
            (
                "`logits` is -2 … 3 in the rows that were run, beyond 0 to 1 in rows 0 and 2, and `from_logits` "
                "of SparseCategoricalCrossentropy is False: it cuts them off at 0 and 1 as probabilities."
            ),
            "Tell the loss that it gets logits",
            (
                "nli.compile(optimizer=nli.optimizer, "
                "loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))"
            ),
        ),
    ),
    "outputs that are NaN": (
        "outputs-not-finite",
        call(FULL, of=OWN, outputs={"dense": np.array([[0.1, np.nan], [0.2, 0.3], [0.1, 0.4]], "float32")}),
        (
            "`dense` is NaN",
            "1 of the 6 values of `dense` that were computed are NaN in row 0; the inputs are finite.",
            "Look for weights that are NaN already",
            "[weight.name for weight in net.weights if np.isnan(weight.numpy()).any()]",
        ),
    ),
    "one prediction a token, broadcast": (
        "sequence-output-unpooled",
        computed(call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 6, 1)}, loss="binary")),
        (
            "`dense` has one prediction a token, and the labels are one a text",
            (
                "`dense` has shape (batch=3, seq=6, outputs=1), and `labels` has shape (3,): 6 predictions for "
                "each label. The loss broadcasts them."
            ),
            "Take one vector a text, here that of [CLS], before the head",
            "tf.keras.layers.Dense(1)(hidden[:, 0])  # hidden: the encoder's last_hidden_state",
        ),
    ),
    "one prediction a token, raised": (
        "sequence-output-unpooled",
        call(FULL, of=OWN, labels=[0, 1, 1], outputs={"dense": (3, 6, 2)}, loss="sparse", error="loss"),
        (
            "`dense` has one prediction a token, and the labels are one a text",
            (
                "`dense` has shape (batch=3, seq=6, outputs=2), and `labels` has shape (3,): 6 predictions for "
                "each label. ValueError is raised in the loss."
            ),
            "Take one vector a text, here that of [CLS], before the head",
            "tf.keras.layers.Dense(2)(hidden[:, 0])  # hidden: the encoder's last_hidden_state",
        ),
    ),
    "one output for classes": (
        "regression-head-for-classes",
        computed(call(FULL, of=CLASSIFIER, labels=[0, 1, 1], outputs=(3, 1), loss="internal", said={"labels": "spam"})),
        (
            "`nli` has one output, and `spam` holds classes",
            (
                "`spam` holds the integers 0 and 1 in 3 rows, and `logits` has 1 output: the model's own loss is"
                " then the squared error of a regression."
            ),
            "Give the model one output for each class",
            'nli = TFBertForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=2)',
        ),
    ),
    "one output for classes, no checkpoint": (
        "regression-head-for-classes",
        computed(
            call(
                FULL,
                of=model(type="TFBertForSequenceClassification"),
                labels=[0, 1, 1],
                outputs=(3, 1),
                loss="internal",
            )
        ),
        (
            "`model` has one output, and `labels` holds classes",
            (
                "`labels` holds the integers 0 and 1 in 3 rows, and `logits` has 1 output: the model's own loss "
                "is then the squared error of a regression."
            ),
            "Give the model one output for each class",
            "model.config.num_labels  # 1 now, 2 is needed when the model is made",
        ),
    ),
}


@pytest.mark.parametrize(("slug", "facts", "sentences"), MESSAGES.values(), ids=MESSAGES)
def test_what_a_rule_says(slug: str, facts: CallFacts, sentences: tuple[str, str, str, str]) -> None:
    finding = check(slug, facts)
    assert finding is not None
    assert finding.fix is not None
    assert (finding.title, finding.detail, finding.fix.title, finding.fix.snippet) == sentences


@pytest.mark.parametrize("sentences", [sentences for _, _, sentences in MESSAGES.values()], ids=MESSAGES)
def test_the_style_of_the_sentences(sentences: tuple[str, str, str, str]) -> None:
    title, detail, fix, snippet = sentences
    assert detail.endswith(".")
    assert not title.endswith(".")
    assert not fix.endswith(".")
    for sentence in (title, detail, fix):
        assert "!" not in sentence
        assert "probably" not in sentence
        assert "  " not in sentence
        assert "None" not in sentence
    assert max(map(len, snippet.splitlines())) <= 120
