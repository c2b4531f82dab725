"""The sentences for PyTorch on the names, containers and axes of inputs, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from cell_builder import cell, raised, tokenized, value
from facts_builder import (
    CLS,
    SEP,
    TOKENIZER,
    TORCH_BERT,
    Messages,
    call,
    having,
    tensor,
    torch_model,
)
from torch_facts import BERT, HEAD, IDS, MASK, VERSIONS, fed, raising

MESSAGES: Messages = {
    "KerasHub's names": (
        "input-misnamed",
        raising(
            having(
                fed(seen=False),
                inputs=tuple(
                    tensor(name, each, role, said=f'x["{name}"]', kind="torch.Tensor")
                    for name, role, each in (("token_ids", "input_ids", IDS), ("padding_mask", "attention_mask", MASK))
                ),
            ),
            "ValueError",
        ),
        (
            ('"token_ids" and "padding_mask" are no inputs of `bert`, which takes `input_ids` and `attention_mask`'),
            (
                "`bert` takes `input_ids`, `attention_mask`, `token_type_ids` and `position_ids`; "
                '"token_ids" and "padding_mask" are none of them and hold what belongs under `input_ids` '
                "and `attention_mask`, which go unfed: these are KerasHub's names, and the model goes by "
                "transformers'. ValueError is raised."
            ),
            "Feed each input by its name",
            'bert(input_ids=x["token_ids"], attention_mask=x["padding_mask"])',
        ),
    ),
    "a name that is swallowed": (
        "input-misnamed",
        having(
            fed(mask=None),
            inputs=(*fed().inputs[:1], tensor("attention_masks", MASK, "attention_mask", kind="torch.Tensor")),
        ),
        (
            '"attention_masks" is no input of `bert`, which takes `attention_mask`',
            (
                "`bert` takes `input_ids`, `attention_mask`, `token_type_ids` and `position_ids`; "
                '"attention_masks" is none of them and holds what belongs under `attention_mask`, which '
                "goes unfed. Nothing is raised."
            ),
            "Feed each input by its name",
            "bert(input_ids=input_ids, attention_mask=attention_masks)",
        ),
    ),
    "labels under another name": (
        "input-misnamed",
        having(fed(of=HEAD), inputs=(*fed().inputs, tensor("label", [0, 1, 1], kind="torch.Tensor"))),
        (
            '"label" is no input of `model`, which takes `labels`',
            (
                "`model` takes `input_ids`, `attention_mask`, `token_type_ids`, `position_ids` and "
                '`labels`; "label" is none of them and holds what belongs under `labels`, which goes '
                "unfed. Nothing is raised."
            ),
            "Feed each input by its name",
            "model(input_ids=input_ids, attention_mask=attention_mask, labels=label)",
        ),
    ),
    "token types that are swallowed": (
        "input-unexpected",
        having(
            fed(
                of=torch_model(
                    "DistilBertModel",
                    dataclasses.replace(TORCH_BERT, takes=frozenset({"input_ids", "attention_mask"})),
                    said="distil",
                    takes=frozenset({"input_ids", "attention_mask", "inputs_embeds", "position_ids"}),
                    inputs=BERT.inputs[:2],
                ),
                types=np.zeros_like(IDS),
            )
        ),
        (
            "`distil` does not take `token_type_ids`",
            (
                "`distil` (DistilBertModel) takes `input_ids` and `attention_mask`; it is given "
                "`token_type_ids` too, and swallows it without a trace: nothing comes of it, and nothing "
                "is raised."
            ),
            "Leave token_type_ids out",
            "distil(input_ids=input_ids, attention_mask=attention_mask)",
        ),
    ),
    "an input that is not taken": (
        "input-unexpected",
        raising(
            having(
                fed(of=dataclasses.replace(HEAD, library=None, said="net"), seen=False),
                inputs=(*fed().inputs, tensor("lengths", [6, 4, 3], kind="torch.Tensor")),
            ),
            "TypeError",
        ),
        (
            "`net` does not take `lengths`",
            (
                "`net` (BertForSequenceClassification) takes `input_ids`, `attention_mask`, "
                "`token_type_ids` and `position_ids`; it is given `lengths` too. TypeError is raised."
            ),
            "Leave lengths out",
            "net(input_ids=input_ids, attention_mask=attention_mask)",
        ),
    ),
    "no ids": (
        "input-missing",
        raising(having(fed(None, seen=False), inputs=fed().inputs[1:]), "ValueError"),
        (
            "`input_ids` is not fed",
            (
                "`bert` takes `input_ids`; it is given `attention_mask`, and `input_ids` is missing. "
                "ValueError is raised."
            ),
            "Feed every input by name",
            "bert(input_ids=input_ids, attention_mask=attention_mask)",
        ),
    ),
    "lists": (
        "container-unsupported",
        raising(
            call(IDS, of=BERT, kinds="list", kind="call", seen=False, said={"input_ids": 'enc["input_ids"]'}),
            "AttributeError",
        ),
        (
            '`enc["input_ids"]` is a Python list',
            ('`enc["input_ids"]` is a list of numbers, where `bert` takes tensors. AttributeError is raised.'),
            "Give tensors",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")',
        ),
    ),
    "one text": (
        "batch-axis-missing",
        raising(call(IDS[0], of=BERT, kind="call", kinds="torch.Tensor"), "ValueError"),
        (
            "`input_ids` has no batch axis",
            (
                "`input_ids` has shape (seq=6) where `bert` takes (batch, seq): the batch axis is "
                "missing. ValueError is raised."
            ),
            "Add the batch axis",
            "input_ids = input_ids[None, :]  # (batch=1, seq=6)",
        ),
    ),
    "one axis more": (
        "batch-axis-extra",
        raising(fed(IDS[:, None], MASK[:, None]), "ValueError"),
        (
            "`input_ids` has one axis too many",
            (
                "`input_ids` has shape (3, 1, 6) where `bert` takes (batch, seq): axis 1, of size 1, is "
                "one too many; `input_ids[:, 0]` has shape (batch=3, seq=6). ValueError is raised."
            ),
            "Remove the axis of size 1",
            ("input_ids = input_ids[:, 0]  # (batch=3, seq=6)\nattention_mask = attention_mask[:, 0]"),
        ),
    ),
    "one text down the batch": (
        "batch-axis-missing",
        fed(np.array([[CLS], [5], [6], [SEP]]), None, tokenizer=TOKENIZER),
        (
            "`input_ids` holds one text along its batch axis",
            (
                "`input_ids` has shape (batch=4, seq=1), and its rows are the tokens of one text, from "
                "its first special token (2) to its last (3), where `bert` takes (batch=1, seq=4): it "
                "reads each token as a text of its own."
            ),
            "Lay the text along the sequence axis",
            "input_ids = input_ids.reshape((1, -1))  # (batch=1, seq=4)",
        ),
    ),
    "a mask of another length": (
        "sequence-length-mismatch",
        raising(fed(mask=MASK[:, :5], tokenizer=TOKENIZER), "RuntimeError"),
        (
            "`attention_mask` is not as long as `input_ids`",
            (
                "The sequence axis is not the same throughout: `input_ids` has 6 and `attention_mask` has"
                " 5 tokens a row. RuntimeError is raised."
            ),
            "Take all of them from one encoding",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")',
        ),
    ),
    "texts": (
        "text-not-tokenized",
        raising(
            call(
                np.array(["a text", "another"], dtype=object),
                of=BERT,
                kind="call",
                kinds="list",
                seen=False,
                said={"input_ids": "reviews"},
            ),
            "AttributeError",
        ),
        (
            "`reviews` holds text, and `bert` takes token ids",
            (
                "`reviews` holds 2 strings under `input_ids`, and `bert` takes token ids (batch, seq): no"
                " tokenizer has read them. AttributeError is raised."
            ),
            "Tokenize the texts first",
            ('enc = tokenizer(list(reviews), padding=True, truncation=True, return_tensors="pt")\nbert(**enc)'),
        ),
    ),
    "rows of different lengths, tensors": (
        "ragged-rows",
        cell(
            raised=raised(
                "ValueError",
                value("rows", "list", "python", lengths=(5, 3)),
                callee_said="torch.tensor",
                source="torch.tensor(rows)",
            ),
            versions=VERSIONS,
        ),
        (
            "`rows` has rows of different lengths",
            (
                "`rows` holds 2 rows of length 3 to 5 (row 0 has 5, row 1 has 3), of which `torch.tensor`"
                " cannot make one array. ValueError is raised."
            ),
            "Pad the rows to one length",
            (
                "# padding_value=-100 for labels\n"
                "rows = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], "
                "batch_first=True)"
            ),
        ),
    ),
    "rows of different lengths, tokenized": (
        "ragged-rows",
        cell(
            tokenizer_calls=[tokenized(lengths=(5, 3))],
            raised=raised(
                "ValueError",
                value('enc["input_ids"]', "list", "python", lengths=(5, 3)),
                callee_said="torch.tensor",
                source='torch.tensor(enc["input_ids"])',
            ),
            versions=VERSIONS,
        ),
        (
            '`enc["input_ids"]` has rows of different lengths',
            (
                '`enc["input_ids"]` holds 2 rows of length 3 to 5 (row 0 has 5, row 1 has 3), of which '
                "`torch.tensor` cannot make one array. ValueError is raised."
            ),
            "Pad the rows to one length",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")',
        ),
    ),
    "rows of different lengths, a DataLoader": (
        "ragged-rows",
        cell(
            tokenizer_calls=[tokenized(lengths=(7, 5))],
            raised=raised(
                "RuntimeError",
                text="stack expects each tensor to be equal size, but got [7] at entry 0 and [5] at entry 1",
                owner=value("loader", "torch.DataLoader", "torch", place="self"),
            ),
            versions=VERSIONS,
        ),
        (
            "A DataLoader puts rows of different lengths into one batch",
            (
                "The DataLoader puts examples of different lengths into one batch: the first has 7 "
                "tokens, another 5. RuntimeError is raised."
            ),
            "Pad each batch to its longest row",
            ("loader = DataLoader(dataset, batch_size=8, collate_fn=DataCollatorWithPadding(tokenizer))"),
        ),
    ),
}
