"""The sentences for PyTorch on labels, losses and outputs, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from cell_builder import cell, texts, tokenized
from facts_builder import (
    CLS,
    SEP,
    TOKENIZER,
    Messages,
    batch,
    call,
    computed,
    having,
    tensor,
)
from torch_facts import MASKED_LM, OWN, TAGGER, VERSIONS, fed, in_loss, lost

from bertmagic.facts.call import BroadcastFacts
from bertmagic.facts.cell import WordFacts
from bertmagic.facts.loss import LossFacts

MESSAGES: Messages = {
    "one-hot rows": (
        "labels-shape",
        in_loss(lost(np.eye(3, dtype="int64"), (3, 3)), "ValueError"),
        (
            "`y` does not fit the outputs",
            (
                "`y` has shape (batch=3, outputs=3) where the model's own loss takes (batch=3), as "
                "`logits` has shape (batch=3, outputs=3). ValueError is raised in the loss."
            ),
            "Give class indices",
            "y = y.argmax(dim=-1)  # (batch=3)",
        ),
    ),
    "several labels a text, as integers": (
        "labels-shape",
        in_loss(lost(np.ones((3, 3), "int64"), (3, 3)), "ValueError"),
        (
            "`y` does not fit the outputs",
            (
                "`y` has shape (batch=3, outputs=3) where the model's own loss takes (batch=3), as "
                "`logits` has shape (batch=3, outputs=3). ValueError is raised in the loss."
            ),
            "Give several labels a text as floats",
            "y = y.float()",
        ),
    ),
    "a label a token": (
        "labels-shape",
        in_loss(lost(np.zeros((3, 6), "int64"), (3, 2)), "ValueError"),
        (
            "`y` does not fit the outputs",
            (
                "`y` has shape (batch=3, seq=6) where the model's own loss takes (batch=3), as `logits` "
                "has shape (batch=3, outputs=2). ValueError is raised in the loss."
            ),
            "Use the head that has one output for each token",
            'model = BertForTokenClassification.from_pretrained("bert-base-uncased", num_labels=2)',
        ),
    ),
    "labels for a binary loss": (
        "labels-shape",
        in_loss(lost([0.0, 1.0, 1.0], (3, 1), "binary", OWN), "ValueError"),
        (
            "`y` does not fit the outputs",
            (
                "`y` has shape (batch=3) where binary_crossentropy takes (batch=3, outputs=1), as "
                "`logits` has shape (batch=3, outputs=1). ValueError is raised in the loss."
            ),
            "Give the labels the outputs' shape",
            "y = y.reshape((3, 1))",
        ),
    ),
    "labels broadcast in a loop": (
        "labels-shape",
        having(fed(of=OWN), broadcasts=(BroadcastFacts("logits", (3, 1), "targets", (3,), "difference"),)),
        (
            "`targets` is broadcast against every row's output",
            (
                "`targets` has shape (batch=3), and `logits` has shape (batch=3, outputs=1): their "
                "difference has shape (3, 3), each label against the output of every row, and not each "
                "against its own. One number is made of it without an error."
            ),
            "Give the labels the outputs' shape",
            "targets = targets.reshape(-1, 1)",
        ),
    ),
    "labels beyond the outputs": (
        "labels-out-of-range",
        in_loss(lost([0, 1, 2], (3, 2)), "IndexError"),
        (
            "`y` holds classes that the model has no output for",
            (
                "`y` holds the label 2 in row 2; `logits` has 2 outputs along its last axis, for labels 0"
                " to 1. IndexError is raised in the loss."
            ),
            "Give the model one output for each class",
            'model = BertForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=3)',
        ),
    ),
    "labels beyond the outputs, read ahead": (
        "labels-out-of-range",
        lost([0, 1, 2], (3, 2)),
        (
            "`y` holds classes that the model has no output for",
            (
                "`y` holds the label 2 in row 2; `logits` has 2 outputs along its last axis, for labels 0"
                " to 1. The loss raises IndexError for them on a CPU; on a GPU a device assert ends the "
                "CUDA context."
            ),
            "Give the model one output for each class",
            'model = BertForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=3)',
        ),
    ),
    "labels of none": (
        "labels-out-of-range",
        in_loss(lost([0, 1, -1], (3, 2), "sparse", OWN), "IndexError"),
        (
            "`y` holds classes that the model has no output for",
            (
                "`y` holds the label -1 in row 2; `logits` has 2 outputs along its last axis, for labels "
                "0 to 1. IndexError is raised in the loss."
            ),
            "Tell the loss to leave -1 out",
            "torch.nn.CrossEntropyLoss(ignore_index=-1)",
        ),
    ),
    "labels of none, the model's own loss": (
        "labels-out-of-range",
        in_loss(lost([[0, 1, 1, 0, 0, -1]] * 3, (3, 6, 2), of=TAGGER), "IndexError"),
        (
            "`y` holds classes that the model has no output for",
            (
                "`y` holds the label -1 in rows 0, 1 and 2; `logits` has 2 outputs along its last axis, "
                "for labels 0 to 1. IndexError is raised in the loss."
            ),
            "Mark what the loss is to leave out with -100",
            "y = y.masked_fill(y < 0, -100)",
        ),
    ),
    "labels beyond the outputs of a module": (
        "labels-out-of-range",
        in_loss(lost([0, 1, 2], (3, 2), "sparse", OWN), "IndexError"),
        (
            "`y` holds classes that the model has no output for",
            (
                "`y` holds the label 2 in row 2; `logits` has 2 outputs along its last axis, for labels 0"
                " to 1. IndexError is raised in the loss."
            ),
            "Give the model one output for each class",
            "torch.nn.Linear(8, 3)  # as the last layer, in place of 2",
        ),
    ),
    "names for labels": (
        "labels-dtype",
        in_loss(
            having(
                lost([0, 1, 1], (3, 2)), labels=(tensor("labels", np.array(["a", "b", "b"]), said="y", kind="list"),)
            ),
            "TypeError",
        ),
        (
            "`y` holds strings",
            ("`y` holds 3 strings, 2 different names, where the loss takes numbers. TypeError is raised in the loss."),
            "Give each class its index",
            ("names = sorted(set(y))\ny = torch.tensor([names.index(each) for each in y])"),
        ),
    ),
    "integers for a binary loss": (
        "labels-dtype",
        in_loss(
            lost(np.array([[0], [1], [1]]), (3, 1), "binary", OWN),
            "RuntimeError",
            "result type Float can't be cast to the desired output type Long",
        ),
        (
            "`y` holds integers, and `binary_crossentropy` computes with floats",
            (
                "`y` has dtype int64 and `logits` has float32; binary_crossentropy sets the one against "
                "the other as they are. RuntimeError is raised in the loss."
            ),
            "Give the labels as floats",
            "y = y.float()",
        ),
    ),
    "indices for a binary loss": (
        "loss-mismatch",
        in_loss(lost([0, 1, 1], (3, 2), "binary", OWN), "ValueError"),
        (
            "`binary_crossentropy` is not the loss for these labels",
            (
                "`y`, (batch=3), holds class indices 0 … 1, and `logits` has 2 outputs; "
                "binary_crossentropy takes 0 or 1 an output, and sparse_categorical_crossentropy fits. "
                "ValueError is raised in the loss."
            ),
            "Take the loss that fits",
            "loss_function = torch.nn.CrossEntropyLoss()",
        ),
    ),
    "one output for classes": (
        "regression-head-for-classes",
        having(lost([0, 1, 1], (3, 1)), watched=True),
        (
            "`model` has one output, and `y` holds classes",
            (
                "`y` holds the integers 0 and 1 in 3 rows, and `logits` has 1 output: the model's own "
                "loss is then the squared error of a regression."
            ),
            "Give the model one output for each class",
            'model = BertForSequenceClassification.from_pretrained("bert-base-uncased", num_labels=2)',
        ),
    ),
    "probabilities taken for logits": (
        "logits-flag-mismatch",
        having(
            lost(
                [0, 1, 0],
                np.array([[0.2, 0.8], [0.9, 0.1], [0.5, 0.5]], "float32"),
                "sparse",
                OWN,
                from_logits=True,
                value=0.96722,
            ),
            rows_run=(0, 1, 2),
        ),
        (
            "`SparseCategoricalCrossentropy` takes logits, and `logits` is probabilities",
            (
                "`logits` is 0.1 … 0.9 in the rows that were run, and sums to 1 in each of them; "
                "SparseCategoricalCrossentropy takes logits. As logits, 2 probabilities leave a loss of "
                "0.31 or more, however sure the model is."
            ),
            "Give the loss the logits",
            "loss = torch.nn.CrossEntropyLoss()(logits, labels)  # logits: what the softmax is given",
        ),
    ),
    "NaN": (
        "outputs-not-finite",
        fed(outputs=np.full((3, 2), np.nan, "float32")),
        (
            "`logits` is NaN",
            ("6 of the 6 values of `logits` that were computed are NaN in rows 0, 1 and 2; the inputs are finite."),
            "Look for weights that are NaN already",
            "[name for name, weight in bert.named_parameters() if weight.isnan().any()]",
        ),
    ),
    "one prediction a token": (
        "sequence-output-unpooled",
        in_loss(lost([0.0, 1.0, 1.0], (3, 6, 1), "binary", OWN), "ValueError"),
        (
            "`logits` has one prediction a token, and the labels are one a text",
            (
                "`logits` has shape (batch=3, seq=6, outputs=1), and `y` has shape (3,): 6 predictions "
                "for each label. ValueError is raised in the loss."
            ),
            "Take one vector a text, here that of [CLS], before the head",
            "torch.nn.Linear(8, 1)(hidden[:, 0])  # hidden: the encoder's last_hidden_state",
        ),
    ),
    "no labels": (
        "labels-missing",
        in_loss(having(lost([0, 1, 1], (3, 2)), labels=(), kind="fit"), "ValueError"),
        (
            "`Trainer.train` is given no labels",
            (
                "`Trainer.train` is given no labels, and the model's own loss compares the outputs with "
                "labels. ValueError is raised in the loss."
            ),
            "Give the labels beside the inputs",
            'item["labels"] = labels[index]  # in what the dataset gives for an index',
        ),
    ),
    "classes on the last axis": (
        "labels-shape",
        having(
            in_loss(lost(np.zeros((3, 6), "int64"), (3, 6, 5), "sparse", OWN), "RuntimeError"),
            loss=LossFacts("cross_entropy", "sparse", True, aligns=False, classes_at=1),
        ),
        (
            "`logits` has its classes on another axis than `cross_entropy` takes them along",
            (
                "`logits` has shape (batch=3, seq=6, outputs=5), its 5 classes along the last axis; `cross_entropy` "
                "takes them along axis 1, and finds 6 there. `y` of shape (batch=3, seq=6) fits the former. "
                "RuntimeError is raised in the loss."
            ),
            "Move the classes to the axis that the loss takes",
            "cross_entropy(logits.transpose(1, 2), y)",
        ),
    ),
    "labels of a masked language model": (
        "mlm-labels-unmasked",
        having(
            computed(
                call(
                    np.where(np.arange(20) % 7 == 3, 4, batch([20, 20])),
                    of=MASKED_LM,
                    labels=batch([20, 20]).astype("int64"),
                    outputs=(2, 20, 100),
                    loss="internal",
                    tokenizer=dataclasses.replace(TOKENIZER, mask_id=4),
                    kind="call",
                    kinds="torch.Tensor",
                    said={"input_ids": "ids"},
                )
            ),
            watched=True,
            training=True,
        ),
        (
            "`labels` has labels on tokens that are not masked",
            (
                "`labels` has 40 labels, 6 of them on masked tokens; 30 of the 30 tokens of `ids` that "
                "are not masked are labelled, in rows 0 and 1: 30 of these labels are the token's own id,"
                " and copying it is all that they ask for."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "labels = torch.where(ids == tokenizer.mask_token_id, labels, -100)",
        ),
    ),
    "a label a word": (
        "labels-not-aligned",
        cell(
            computed(
                call(
                    np.array([[CLS, 11, 12, 13, 14, SEP], [CLS, 21, 22, 23, SEP, 0]]),
                    of=TAGGER,
                    labels=np.array([[-100, 1, 0, 1, -100, -100]] * 2),
                    outputs=(2, 6, 2),
                    loss="internal",
                    kind="call",
                    kinds="torch.Tensor",
                )
            ),
            tokenizer_calls=[
                tokenized(
                    texts("words"),
                    is_split_into_words=True,
                    rows=(np.array([CLS, 11, 12, 13, 14, SEP]), np.array([CLS, 21, 22, 23, SEP])),
                    words=WordFacts((np.array([-1, 0, 0, 1, 2, -1]), np.array([-1, 0, 1, 2, -1])), (3, 3)),
                )
            ],
            versions=VERSIONS,
        ),
        (
            "`labels` has one label a word, and the model one output a token",
            (
                "Row 0 of `labels` has its 3 labels at positions 1 to 3, one a word; its words have 4 "
                "tokens. Word 1 begins at position 3, and its label stands at position 2, on another "
                "token."
            ),
            "Put each label at its word's first token",
            (
                'labels = torch.full(enc["input_ids"].shape, -100)\n'
                "for row, tags in enumerate(tags_of_words):  # one list a text\n"
                "    words = enc.word_ids(row)\n"
                "    labels[row] = torch.tensor([\n"
                "        -100 if word in (None, before) else tags[word] for before, word in zip([None, "
                "*words], words)\n"
                "    ])"
            ),
        ),
    ),
    "floats for classes": (
        "labels-dtype",
        in_loss(lost(np.array([0.0, 1.0, 1.0], "float32"), (3, 2)), "ValueError"),
        (
            "`y` holds floats, and the model's own loss takes class indices",
            (
                "`y` (float32) holds 0 and 1; `logits` has 2 outputs, and the model's own loss takes "
                "integers for them, one a row. ValueError is raised in the loss."
            ),
            "Give the class indices as integers",
            "y = y.long()",
        ),
    ),
    "numbers for classes": (
        "labels-dtype",
        in_loss(lost(np.array([0.5, 1.0, 1.5], "float32"), (3, 2), "sparse", OWN), "RuntimeError"),
        (
            "`y` holds floats, and SparseCategoricalCrossentropy takes class indices",
            (
                "`y` (float32) holds 0.5, 1 and 1.5; `logits` has 2 outputs, and "
                "SparseCategoricalCrossentropy takes integers for them, one a row. RuntimeError is raised"
                " in the loss."
            ),
            "Train on numbers with a loss for numbers",
            "torch.nn.Linear(8, 1)  # as the head, with MSELoss",
        ),
    ),
}
