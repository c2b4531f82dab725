"""The sentences for Keras 3 and KerasHub on the names, containers and axes of inputs, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from cell_builder import cell, raised, symbolic
from facts_builder import (
    TOKENIZER,
    Messages,
    call,
    having,
    hub,
    tensor,
)
from keras_facts import IDS, MASK, OWN, TASK, TEXTS, TYPES, VERSIONS, WRAP, fed, raising

from bertmagic.facts.call import ErrorFacts
from bertmagic.facts.cell import BuildFacts

MESSAGES: Messages = {
    "transformers' names": (
        "input-misnamed",
        raising(
            having(
                fed(),
                inputs=tuple(
                    tensor(name, each, name, said=f'enc["{name}"]')
                    for name, each in {"input_ids": IDS, "attention_mask": MASK, "token_type_ids": TYPES}.items()
                ),
            )
        ),
        (
            (
                '"input_ids", "attention_mask" and "token_type_ids" are no inputs of `backbone`, which '
                "takes `token_ids`, `padding_mask` and `segment_ids`"
            ),
            (
                '`backbone` takes `token_ids`, `padding_mask` and `segment_ids`; "input_ids", '
                '"attention_mask" and "token_type_ids" are none of them and hold what belongs under '
                "`token_ids`, `padding_mask` and `segment_ids`, which go unfed: these are transformers' "
                "names, and the model goes by KerasHub's. ValueError is raised."
            ),
            "Feed each input by its name",
            (
                '{"token_ids": enc["input_ids"], "padding_mask": enc["attention_mask"], "segment_ids": '
                'enc["token_type_ids"]}'
            ),
        ),
    ),
    "one other name": (
        "input-misnamed",
        raising(having(fed(), inputs=(*fed().inputs[:1], tensor("mask", MASK, "attention_mask"), fed().inputs[2]))),
        (
            '"mask" is no input of `backbone`, which takes `padding_mask`',
            (
                '`backbone` takes `token_ids`, `padding_mask` and `segment_ids`; "mask" is none of them '
                "and holds what belongs under `padding_mask`, which goes unfed. ValueError is raised."
            ),
            "Feed each input by its name",
            '{"token_ids": token_ids, "padding_mask": mask, "segment_ids": segment_ids}',
        ),
    ),
    "no mask fed": (
        "input-missing",
        raising(call(IDS, types=TYPES, of=hub(), tokenizer=WRAP, seen=False)),
        (
            "`padding_mask` is not fed",
            (
                "`backbone` takes `token_ids`, `padding_mask` and `segment_ids`; it is given `token_ids` "
                "and `segment_ids`, and `padding_mask` is missing. ValueError is raised."
            ),
            "Feed every input by name",
            ('{"token_ids": token_ids, "padding_mask": (token_ids != 0).astype("int32"), "segment_ids": segment_ids}'),
        ),
    ),
    "no segments fed": (
        "input-missing",
        raising(call(IDS, MASK, of=hub(), tokenizer=WRAP, seen=False, said={"input_ids": "ids"}, kinds="tf.Tensor")),
        (
            "`segment_ids` is not fed",
            (
                "`backbone` takes `token_ids`, `padding_mask` and `segment_ids`; it is given `ids` and "
                "`padding_mask`, and `segment_ids` is missing. ValueError is raised."
            ),
            "Feed every input by name",
            '{"token_ids": ids, "padding_mask": padding_mask, "segment_ids": tf.zeros_like(ids)}',
        ),
    ),
    "no mask fed, beside an item": (
        "input-missing",
        raising(
            call(
                IDS,
                types=TYPES,
                of=hub(),
                seen=False,
                said={"input_ids": 'x["token_ids"]', "token_type_ids": 'x["segment_ids"]'},
            )
        ),
        (
            "`padding_mask` is not fed",
            (
                "`backbone` takes `token_ids`, `padding_mask` and `segment_ids`; it is given "
                '`x["token_ids"]` and `x["segment_ids"]`, and `padding_mask` is missing. ValueError is '
                "raised."
            ),
            "Feed every input by name",
            ('{"token_ids": x["token_ids"], "padding_mask": x["padding_mask"], "segment_ids": x["segment_ids"]}'),
        ),
    ),
    "an encoding": (
        "container-unsupported",
        having(
            fed(error="forward"),
            error=ErrorFacts("ValueError", "", None, "data"),
            container="as given",
            data="enc",
            data_type="transformers.BatchEncoding",
            kind="predict",
        ),
        (
            "`enc` is a BatchEncoding",
            (
                "`enc` is a BatchEncoding, of which `backbone.predict` cannot make batches; it takes "
                "arrays, and lists and dicts of them. ValueError is raised."
            ),
            "Give it as a dict",
            "dict(enc)",
        ),
    ),
    "a batch axis that is missing": (
        "batch-axis-missing",
        raising(call(IDS[0], MASK[0], types=TYPES[0], of=hub(), kind="call", seen=False)),
        (
            "`token_ids` has no batch axis",
            (
                "`token_ids` has shape (seq=6) where `backbone` takes (batch, seq): the batch axis is "
                "missing. ValueError is raised."
            ),
            "Add the batch axis",
            "token_ids = token_ids[None, :]  # (batch=1, seq=6)",
        ),
    ),
    "another length than the Input's": (
        "sequence-length-mismatch",
        raising(
            call(
                IDS,
                of=dataclasses.replace(OWN, inputs=(dataclasses.replace(OWN.inputs[0], shape=(None, 128)),)),
                seen=False,
                tokenizer=WRAP,
            )
        ),
        (
            "`token_ids` is not of the length that `net` was made for",
            (
                "`token_ids` has shape (batch=3, seq=6), and the Input `token_ids` of `net` takes (batch,"
                " seq=128). ValueError is raised."
            ),
            "Pad and truncate to 128 tokens",
            ("preprocessor.sequence_length = 128\nenc = preprocessor(texts)"),
        ),
    ),
    "a mask of another length": (
        "sequence-length-mismatch",
        raising(fed(mask=MASK[:, :5], tokenizer=WRAP)),
        (
            "`padding_mask` is not as long as `token_ids`",
            (
                "The sequence axis is not the same throughout: `token_ids` has 6, `padding_mask` has 5 "
                "and `segment_ids` has 6 tokens a row. ValueError is raised."
            ),
            "Take all of them from one encoding",
            "enc = preprocessor(texts)",
        ),
    ),
    "texts, a call of a task": (
        "text-not-tokenized",
        raising(call(TEXTS, of=TASK, kind="call", seen=False, said={"input_ids": "reviews"})),
        (
            "`reviews` holds text, and `classifier` takes token ids",
            (
                "`reviews` holds 2 strings, and `classifier` takes token ids (batch, seq): no tokenizer "
                "has read them. ValueError is raised."
            ),
            "Call `predict`, which makes tokens of texts by the preprocessor",
            "classifier.predict(reviews)",
        ),
    ),
    "one text, a call of a task": (
        "text-not-tokenized",
        raising(call(np.array("one text"), of=TASK, kind="call", seen=False, said={"input_ids": "review"})),
        (
            "`review` holds text, and `classifier` takes token ids",
            (
                "`review` holds 1 string, and `classifier` takes token ids (batch, seq): no tokenizer has"
                " read them. ValueError is raised."
            ),
            "Call `predict`, which makes tokens of texts by the preprocessor",
            "classifier.predict([review])",
        ),
    ),
    "texts, a backbone": (
        "text-not-tokenized",
        raising(call(TEXTS, of=hub(), kind="call", seen=False, said={"input_ids": "reviews"})),
        (
            "`reviews` holds text, and `backbone` takes token ids",
            (
                "`reviews` holds 2 strings under `token_ids`, and `backbone` takes token ids (batch, "
                "seq): no tokenizer has read them. ValueError is raised."
            ),
            "Tokenize the texts first",
            ("enc = preprocessor(reviews)\nbackbone(enc)"),
        ),
    ),
    "texts, a backbone, a tokenizer of transformers": (
        "text-not-tokenized",
        raising(call(TEXTS, of=hub(), kind="predict", seen=False, tokenizer=TOKENIZER)),
        (
            "`token_ids` holds text, and `backbone` takes token ids",
            (
                "`token_ids` holds 2 strings, and `backbone` takes token ids (batch, seq): no tokenizer "
                "has read them. ValueError is raised."
            ),
            "Tokenize the texts first",
            (
                'enc = tokenizer(list(texts), padding=True, truncation=True, return_tensors="np")\n'
                '{"token_ids": enc["input_ids"], "padding_mask": enc["attention_mask"], "segment_ids": '
                'enc["token_type_ids"]}'
            ),
        ),
    ),
    "pairs of texts to predict": (
        "dataset-structure",
        having(
            call(
                np.array(["how do i open it", "what time is it"], dtype=object),
                of=TASK,
                kind="predict",
                labels={"labels": np.array(["how can i open that", "who founded this town"], dtype=object)},
            ),
            container="Dataset",
            data="pairs",
            parts=2,
        ),
        (
            "`pairs` gives the second texts in the place of the labels",
            (
                "An element of `pairs` is a flat tuple of two parts; Keras reads a tuple as (inputs, "
                "labels) or (inputs, labels, sample weights), and so `classifier.predict` passes the "
                "second text of each pair over: it predicts from the first alone. Nothing is raised."
            ),
            "Put the two texts together as the inputs",
            "pairs = pairs.map(lambda first, second: ((first, second),))",
        ),
    ),
    "an Input of another rank": (
        "input-layer-shape",
        cell(
            builds=[
                BuildFacts(
                    hub(),
                    (symbolic("token_ids", (None, 128, 8), role="input_ids", said="ids"),),
                    ErrorFacts("ValueError", "", "embeddings", "forward"),
                )
            ]
        ),
        (
            "The Input `ids` has three axes, and `backbone` takes (batch, seq)",
            (
                "The Input `ids` has shape (None, 128, 8), batch axis included, where `backbone` takes "
                "(batch, seq) as token_ids: axis 2, of size 8, is the hidden axis, which comes out of the"
                " encoder. ValueError is raised in layer `embeddings`."
            ),
            "Give the Input the axes of one row of token ids",
            'ids = keras.Input(shape=(128,), dtype="int32")',
        ),
    ),
    "an Input of floats": (
        "input-layer-dtype",
        cell(
            builds=[
                BuildFacts(
                    hub(),
                    (symbolic("token_ids", (None, 128), "float32", role="input_ids", said="ids"),),
                )
            ]
        ),
        (
            "The Input `ids` is float32, and is cast back to whole numbers",
            (
                "The Input `ids` is float32 and goes into `backbone` as token_ids; float32 holds whole "
                "numbers up to 16,777,216, and ids go up to 99: none is lost."
            ),
            "Say the dtype of token ids",
            'ids = keras.Input((128,), dtype="int32")  # token_ids',
        ),
    ),
    "rows of different lengths": (
        "ragged-rows",
        cell(
            having(
                call(
                    error="forward",
                    of=hub(),
                    kind="call",
                    others=[
                        tensor(
                            "token_ids",
                            np.array([[2, 5, 3], [2, 3]], dtype=object),
                            "input_ids",
                            kind="tensorflow.RaggedTensor",
                        )
                    ],
                ),
                tokenizer=WRAP,
            ),
            raised=raised("ValueError", text="shapes"),
            versions=VERSIONS,
        ),
        (
            "`token_ids` is a ragged tensor",
            (
                "`token_ids` holds 2 rows of length 2 to 3 (row 0 has 3, row 1 has 2), as a ragged "
                "tensor; `backbone` takes one length for all rows of a batch. ValueError is raised."
            ),
            "Pad the rows to one length",
            "enc = preprocessor(texts)",
        ),
    ),
}
