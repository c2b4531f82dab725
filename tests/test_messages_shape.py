"""The sentences of the rules on axes, lengths, ids beyond the vocabulary and inputs that are not fed."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import BERT, CLS, PAD, ROBERTA, SEP, TOKENIZER, Messages, batch, call, model

IDS = batch([6, 4, 4])
FULL = batch([6, 6, 6])
INSIDE = dataclasses.replace(BERT, path="bert")
PRETRAINED = dataclasses.replace(INSIDE, pretrained="bert-base-uncased")

MESSAGES: Messages = {
    "no batch axis": (
        "batch-axis-missing",
        call(FULL[0], of=model(said="bert"), kind="call", error="forward", said={"input_ids": "ids"}),
        (
            "`ids` has no batch axis",
            (
                "`ids` has shape (seq=6) where `bert` takes (batch, seq): the batch axis is missing. "
                "ValueError is raised."
            ),
            "Add the batch axis",
            "ids = ids[None, :]  # (batch=1, seq=6)",
        ),
    ),
    "no batch axis, silent": (
        "batch-axis-missing",
        call(FULL[0], received={"input_ids": FULL[0][:, None]}),
        (
            "`input_ids` has no batch axis",
            (
                "`input_ids` has shape (seq=6) where `model` takes (batch, seq): the batch axis is missing. "
                "Keras made (batch=6, seq=1) of it, so that each of the 6 tokens is read as a text."
            ),
            "Add the batch axis",
            "input_ids = input_ids[None, :]  # (batch=1, seq=6)",
        ),
    ),
    "no batch axis, a dataset": (
        "batch-axis-missing",
        call(FULL[0], container="Dataset", error="forward"),
        (
            "`input_ids` has no batch axis",
            (
                "`input_ids` has shape (seq=6) where `model` takes (batch, seq): each element of the dataset "
                "is a single example. ValueError is raised."
            ),
            "Batch the dataset",
            "dataset = dataset.batch(32)",
        ),
    ),
    "one text down the batch axis": (
        "batch-axis-missing",
        call(FULL[0][:, None], tokenizer=TOKENIZER, said={"input_ids": "x[0]"}),
        (
            "`x[0]` holds one text along its batch axis",
            (
                "`x[0]` has shape (batch=6, seq=1), and its rows are the tokens of one text, from its first "
                "special token (2) to its last (3), where `model` takes (batch=1, seq=6): it reads each token "
                "as a text of its own."
            ),
            "Lay the text along the sequence axis",
            "x[0] = np.reshape(x[0], (1, -1))  # (batch=1, seq=6)",
        ),
    ),
    "an axis too many": (
        "batch-axis-extra",
        call(FULL[:, None], FULL[:, None], error="forward", said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`ids` has one axis too many",
            (
                "`ids` has shape (3, 1, 6) where `model` takes (batch, seq): axis 1, of size 1, is one too "
                "many; `ids[:, 0]` has shape (batch=3, seq=6). ValueError is raised."
            ),
            "Remove the axis of size 1",
            ("ids = ids[:, 0]  # (batch=3, seq=6)\nmask = mask[:, 0]"),
        ),
    ),
    "an axis too many, in front": (
        "batch-axis-extra",
        call(FULL[None], error="forward", said={"input_ids": "ids"}),
        (
            "`ids` has one axis too many",
            (
                "`ids` has shape (1, 3, 6) where `model` takes (batch, seq): axis 0, of size 1, is one too "
                "many; `ids[0]` has shape (batch=3, seq=6). ValueError is raised."
            ),
            "Remove the axis of size 1",
            "ids = ids[0]  # (batch=3, seq=6)",
        ),
    ),
    "too long": (
        "sequence-too-long",
        call(
            batch([18, 4]),
            of=model(INSIDE),
            encoder=INSIDE,
            error="forward",
            tokenizer=TOKENIZER,
            kinds="tf.Tensor",
            said={"input_ids": 'enc["input_ids"]'},
        ),
        (
            '`enc["input_ids"]` has 18 tokens a row, and the model takes 16',
            (
                '`enc["input_ids"]` has 18 tokens along its sequence axis, and `bert` takes at most 16 (16 '
                "rows of position embeddings): 2 too many. ValueError is raised."
            ),
            "Truncate to 16 tokens",
            'enc = tokenizer(texts, padding=True, truncation=True, max_length=16, return_tensors="tf")',
        ),
    ),
    "too long, RoBERTa": (
        "sequence-too-long",
        call(batch([4, 17, 17], 18, pad=1), encoder=ROBERTA, said={"input_ids": "ids"}),
        (
            "`ids` has 17 tokens a row, and the model takes 16",
            (
                "`ids` has 17 tokens along its sequence axis in rows 1 and 2, and `model` takes at most 16 "
                "(18 rows of position embeddings, counted from 2): 1 too many."
            ),
            "Truncate to 16 tokens",
            'enc = tokenizer(texts, padding=True, truncation=True, max_length=16, return_tensors="np")',
        ),
    ),
    "one id too large": (
        "ids-out-of-vocabulary",
        call(np.where(FULL[1, 2] == FULL, 100, FULL)[1:], encoder=PRETRAINED, said={"input_ids": "ids"}),
        (
            "`ids` holds token ids that the model has no embedding for",
            (
                "`ids` holds the token id 100 in row 0, first at position 2; the 100 rows of "
                "`bert.embeddings.weight` are for token ids 0 to 99. TensorFlow raises for such an id on a "
                "CPU, and reads zeros for it on a GPU without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            (
                'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")\n'
                'ids = tokenizer(texts, padding=True, truncation=True, return_tensors="np")["input_ids"]'
            ),
        ),
    ),
    "padded with -1": (
        "ids-out-of-vocabulary",
        call(np.where(IDS == PAD, -1, IDS), tokenizer=TOKENIZER, said={"input_ids": "ids"}),
        (
            "`ids` holds token ids that the model has no embedding for",
            (
                "`ids` holds the token id -1 in rows 1 and 2, first at position 4; the 100 rows of "
                "`bert.embeddings.weight` are for token ids 0 to 99. TensorFlow raises for such an id on a "
                "CPU, and reads zeros for it on a GPU without an error."
            ),
            "Pad with the padding token's id, 0",
            "ids = np.where(ids == -1, 0, ids)",
        ),
    ),
    "padded with -100": (
        "ids-out-of-vocabulary",
        call(np.where(IDS == PAD, -100, IDS), tokenizer=TOKENIZER, said={"input_ids": "ids"}),
        (
            "`ids` holds token ids that the model has no embedding for",
            (
                "`ids` holds the token id -100 in rows 1 and 2, first at position 4; the 100 rows of "
                "`bert.embeddings.weight` are for token ids 0 to 99. TensorFlow raises for such an id on a "
                "CPU, and reads zeros for it on a GPU without an error."
            ),
            "Pad with the padding token's id, 0; -100 is for labels, where the loss ignores it",
            "ids = np.where(ids == -100, 0, ids)",
        ),
    ),
    "several ids": (
        "ids-out-of-vocabulary",
        call(
            [[CLS, 100, 101, 102, 103, 104, 105, 106, SEP]],
            of=dataclasses.replace(model(), framework="keras", compute="jax"),
        ),
        (
            "`input_ids` holds token ids that the model has no embedding for",
            (
                "`input_ids` holds the token ids 100, 101, 102, 103, 104 and 2 more in row 0, first at "
                "position 1; the 100 rows of `bert.embeddings.weight` are for token ids 0 to 99. JAX gives NaN for "
                "such an id, without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            'input_ids = tokenizer(texts, padding=True, truncation=True, return_tensors="np")["input_ids"]',
        ),
    ),
    "ids of one axis": (
        "ids-out-of-vocabulary",
        call([CLS, -7, SEP]),
        (
            "`input_ids` holds token ids that the model has no embedding for",
            (
                "`input_ids` holds the token id -7 in position 1; the 100 rows of `bert.embeddings.weight` "
                "are for token ids 0 to 99. TensorFlow raises for such an id on a CPU, and reads zeros for it "
                "on a GPU without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            'input_ids = tokenizer(texts, padding=True, truncation=True, return_tensors="np")["input_ids"]',
        ),
    ),
    "one input missing": (
        "input-missing",
        call(
            IDS,
            of=model(inputs={"input_ids": (None, None), "attention_mask": (None, None)}),
            seen=False,
            error="forward",
            said={"input_ids": 'enc["input_ids"]'},
        ),
        (
            "`attention_mask` is not fed",
            (
                '`model` takes `input_ids` and `attention_mask`; it is given `enc["input_ids"]`, and '
                "`attention_mask` is missing. ValueError is raised."
            ),
            "Feed every input by name",
            '{"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"]}',
        ),
    ),
    "two inputs missing": (
        "input-missing",
        call(of=model(inputs={"input_ids": (None, None), "attention_mask": (None, None)}), seen=False, error="forward"),
        (
            "`input_ids` and `attention_mask` are not fed",
            (
                "`model` takes `input_ids` and `attention_mask`; it is given nothing, and `input_ids` and "
                "`attention_mask` are missing. ValueError is raised."
            ),
            "Feed every input by name",
            '{"input_ids": input_ids, "attention_mask": attention_mask}',
        ),
    ),
}
