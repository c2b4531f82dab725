"""The sentences for Keras 3 and KerasHub on token ids, their tokenizer and their padding, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import (
    TOKENIZER,
    Messages,
    at,
    batch,
    having,
    hub,
)
from keras_facts import FLOATS, IDS, LOADED, ON_JAX, ON_TORCH, TYPES, WRAP, fed, raising

from bertmagic.facts.training import EncoderState, StateFacts

TRAINED = StateFacts(encoders=(EncoderState("", True, 1000, 1000),))

MESSAGES: Messages = {
    "ids beyond the rows, on TensorFlow": (
        "ids-out-of-vocabulary",
        fed(at(IDS, 1, 2, 100)),
        (
            "`token_ids` holds token ids that the model has no embedding for",
            (
                "`token_ids` holds the token id 100 in row 1, first at position 2; the 100 rows of "
                "`token_embedding.embeddings` are for token ids 0 to 99. TensorFlow raises for such an id"
                " on a CPU, and reads zeros for it on a GPU without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            'token_ids = preprocessor(texts)["token_ids"]',
        ),
    ),
    "ids beyond the rows, on JAX": (
        "ids-out-of-vocabulary",
        fed(at(IDS, 1, 2, 100), of=ON_JAX),
        (
            "`token_ids` holds token ids that the model has no embedding for",
            (
                "`token_ids` holds the token id 100 in row 1, first at position 2; the 100 rows of "
                "`token_embedding.embeddings` are for token ids 0 to 99. JAX gives NaN for such an id, "
                "without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            'token_ids = preprocessor(texts)["token_ids"]',
        ),
    ),
    "ids beyond the rows, on PyTorch": (
        "ids-out-of-vocabulary",
        fed(at(IDS, 1, 2, 100), of=ON_TORCH),
        (
            "`token_ids` holds token ids that the model has no embedding for",
            (
                "`token_ids` holds the token id 100 in row 1, first at position 2; the 100 rows of "
                "`token_embedding.embeddings` are for token ids 0 to 99. PyTorch raises IndexError for "
                "such an id on a CPU; on a GPU a device assert ends the CUDA context, and nothing runs "
                "there until the kernel is restarted."
            ),
            "Take the token ids from the model's own tokenizer",
            'token_ids = preprocessor(texts)["token_ids"]',
        ),
    ),
    "a negative id": (
        "ids-out-of-vocabulary",
        fed(at(IDS, 1, 2, -1), tokenizer=WRAP),
        (
            "`token_ids` holds token ids that the model has no embedding for",
            (
                "`token_ids` holds the token id -1 in row 1, first at position 2; the 100 rows of "
                "`token_embedding.embeddings` are for token ids 0 to 99. Keras counts a negative id from "
                "the last row, without an error: -1 is row 99."
            ),
            "Take the token ids from the model's own tokenizer",
            'token_ids = preprocessor(texts)["token_ids"]',
        ),
    ),
    "a negative id and one beyond, on JAX": (
        "ids-out-of-vocabulary",
        fed(at(at(IDS, 1, 2, -1), 0, 3, 100), of=ON_JAX),
        (
            "`token_ids` holds token ids that the model has no embedding for",
            (
                "`token_ids` holds the token ids -1 and 100 in rows 0 and 1, first at position 3; the 100"
                " rows of `token_embedding.embeddings` are for token ids 0 to 99. Keras counts a negative"
                " id from the last row, without an error: -1 is row 99. JAX gives NaN for any other id "
                "without a row, without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            'token_ids = preprocessor(texts)["token_ids"]',
        ),
    ),
    "ids beyond the rows, a preset": (
        "ids-out-of-vocabulary",
        fed(at(IDS, 1, 2, 100), of=hub("net", LOADED, type="Functional")),
        (
            "`token_ids` holds token ids that the model has no embedding for",
            (
                "`token_ids` holds the token id 100 in row 1, first at position 2; the 100 rows of "
                "`token_embedding.embeddings` are for token ids 0 to 99. TensorFlow raises for such an id"
                " on a CPU, and reads zeros for it on a GPU without an error."
            ),
            "Take the token ids from the model's own tokenizer",
            (
                'tokenizer = keras_hub.models.Tokenizer.from_preset("bert_base_en")\n'
                'token_ids = preprocessor(texts)["token_ids"]'
            ),
        ),
    ),
    "another tokenizer": (
        "tokenizer-model-mismatch",
        fed(at(IDS, 1, 2, 100), tokenizer=dataclasses.replace(WRAP, vocab_rows=120)),
        (
            "`tokenizer` has more tokens than `backbone` has embeddings",
            (
                "`tokenizer` has 120 tokens, 20 more than the 100 rows of `token_embedding.embeddings`. "
                "`token_ids` holds 100 in row 1, beyond those rows."
            ),
            "Make the model for the tokenizer's vocabulary",
            "vocabulary_size = 120  # of the backbone, where `backbone` is made: 100 now",
        ),
    ),
    "another tokenizer of a preset": (
        "tokenizer-model-mismatch",
        fed(
            at(IDS, 1, 2, 100),
            of=hub("net", LOADED, type="Functional"),
            tokenizer=dataclasses.replace(WRAP, vocab_rows=120),
        ),
        (
            "`tokenizer` has more tokens than `backbone` has embeddings",
            (
                "`tokenizer` has 120 tokens, 20 more than the 100 rows of `token_embedding.embeddings`. "
                "`token_ids` holds 100 in row 1, beyond those rows."
            ),
            "Take the model's own tokenizer",
            'tokenizer = keras_hub.models.Tokenizer.from_preset("bert_base_en")',
        ),
    ),
    "too long": (
        "sequence-too-long",
        raising(fed(batch([20]), np.ones((1, 20), "int32"), np.zeros((1, 20), "int32"), tokenizer=WRAP)),
        (
            "`token_ids` has 20 tokens a row, and the model takes 16",
            (
                "`token_ids` has 20 tokens along its sequence axis, and `backbone` takes at most 16 (16 "
                "rows of position embeddings): 4 too many. ValueError is raised."
            ),
            "Truncate to 16 tokens",
            ("preprocessor.sequence_length = 16\nenc = preprocessor(texts)"),
        ),
    ),
    "too long, a tokenizer of transformers": (
        "sequence-too-long",
        raising(fed(batch([20]), np.ones((1, 20), "int32"), np.zeros((1, 20), "int32"), tokenizer=TOKENIZER)),
        (
            "`token_ids` has 20 tokens a row, and the model takes 16",
            (
                "`token_ids` has 20 tokens along its sequence axis, and `backbone` takes at most 16 (16 "
                "rows of position embeddings): 4 too many. ValueError is raised."
            ),
            "Truncate to 16 tokens",
            ('enc = tokenizer(texts, padding=True, truncation=True, max_length=16, return_tensors="np")'),
        ),
    ),
    "segments beyond, on JAX": (
        "token-type-ids-invalid",
        fed(types=TYPES + 3, of=ON_JAX),
        (
            "`segment_ids` holds token types that `backbone` has no embedding for",
            (
                "`segment_ids` holds 3 in rows 0, 1 and 2, first at position 0; `backbone` has token "
                "types 0 to 1 (num_segments is 2). JAX gives NaN for such a type, without an error."
            ),
            "Number the segments from 0",
            "segment_ids = np.clip(segment_ids, 0, 1)",
        ),
    ),
    "segments beyond, on TensorFlow": (
        "token-type-ids-invalid",
        raising(fed(types=TYPES + 3, said={"token_type_ids": 'x["segment_ids"]'}), "InvalidArgumentError"),
        (
            '`x["segment_ids"]` holds token types that `backbone` has no embedding for',
            (
                '`x["segment_ids"]` holds 3 in rows 0, 1 and 2, first at position 0; `backbone` has token'
                " types 0 to 1 (num_segments is 2). InvalidArgumentError is raised."
            ),
            "Number the segments from 0",
            'x["segment_ids"] = np.clip(x["segment_ids"], 0, 1)',
        ),
    ),
    "ids with fractions": (
        "ids-not-integer",
        fed(FLOATS * 4 + 0.25, received={"input_ids": FLOATS * 4 + 0.25}, said={"input_ids": "scaled"}),
        (
            "`scaled` holds token ids as float32",
            (
                "`scaled`, (batch=3, seq=6), has dtype float32, where `backbone` takes int32, and Keras "
                "casts what it is given to that. It holds fractions in rows 0, 1 and 2, which are cut "
                "off. Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            "enc = preprocessor(texts)  # int64",
        ),
    ),
    "segments of strings": (
        "dtype-mismatch",
        raising(having(fed(types=TYPES.astype("str")), kind="predict"), "TypeError", "embeddings"),
        (
            "`segment_ids` is of a dtype that `backbone` cannot take",
            (
                "`segment_ids`, (batch=3, seq=6), has dtype string and holds the numbers 0 and 0, where "
                "`segment_ids` is to be int32 or int64. TypeError is raised."
            ),
            "Give it as integers",
            'segment_ids = np.asarray(segment_ids).astype("int32")',
        ),
    ),
    "embeddings for ids": (
        "embeddings-as-ids",
        raising(fed(np.random.default_rng(0).normal(size=(3, 6, 8)).astype("float32"))),
        (
            "`token_ids` holds embeddings, and `backbone` takes token ids",
            (
                "`token_ids` has dtype float32 and shape (batch=3, seq=6, hidden=8), and holds -2.365 … "
                "2.002, where `backbone` takes token ids (batch, seq), which are whole numbers. "
                "ValueError is raised."
            ),
            "Give token ids",
            "enc = preprocessor(texts)",
        ),
    ),
    "padded with -1": (
        "padding-token-wrong",
        fed(np.where(IDS == 0, -1, IDS), tokenizer=WRAP),
        (
            "`token_ids` is padded with -1, and the padding token is 0",
            (
                "Rows 1 and 2 of `token_ids` are filled up with -1 at 2 to 3 positions, where "
                "`tokenizer.pad_token_id` is 0: Keras counts it from the last row of the embeddings, and "
                "reads the token of row 99."
            ),
            "Pad with the padding token",
            (
                "token_ids = np.where(token_ids == -1, tokenizer.pad_token_id, token_ids)  # or pad with "
                "value=tokenizer.pad_token_id"
            ),
        ),
    ),
    "padded on the left": (
        "padding-side",
        having(
            fed(
                np.array([[0, 0, 2, 5, 6, 3], [2, 7, 8, 9, 5, 3]], "int32"),
                np.array([[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]], "int32"),
                np.zeros((2, 6), "int32"),
                tokenizer=WRAP,
            ),
            state=TRAINED,
        ),
        (
            "`token_ids` is padded on the left, and `backbone` counts positions from there",
            (
                "Row 0 of `token_ids` begins with padding: the first token stands at position 2 in place "
                "of 0, and `backbone` has another embedding for each position."
            ),
            "Pad on the right",
            "enc = preprocessor(texts)  # KerasHub's preprocessors pad on the right",
        ),
    ),
    "wasted padding": (
        "padding-wasteful",
        fed(
            batch([9, 7], width=64),
            (batch([9, 7], width=64) != 0).astype("int32"),
            np.zeros((2, 64), "int32"),
            tokenizer=WRAP,
        ),
        (
            "`token_ids` could be cut to 9 tokens a row",
            (
                "112 of the 128 tokens of `token_ids` are padding (88%): its 2 rows are 64 long, and the "
                "longest of them has 9 tokens. The mask covers the padding, which costs time and memory "
                "only."
            ),
            "Pad to the longest row",
            ("preprocessor.sequence_length = 9\nenc = preprocessor(texts)"),
        ),
    ),
    "doubled special tokens": (
        "special-tokens-doubled",
        fed(np.array([[2, 2, 7, 3, 3, 0], [2, 2, 8, 9, 3, 3]], "int32"), tokenizer=WRAP),
        (
            "`token_ids` has the special tokens twice",
            (
                "Rows 0 and 1 of `token_ids` begin with the start token (2) twice, and the separator (3) "
                "closes the text twice: `tokenizer` adds both, and they are in the text too."
            ),
            "Leave the special tokens to the tokenizer, or write all of them",
            "enc = preprocessor(texts)  # of texts without [CLS] and [SEP]",
        ),
    ),
}
