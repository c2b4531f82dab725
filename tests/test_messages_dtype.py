"""The sentences of the rules on the dtype of what is fed and on text for ids, written out as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from dtype_facts import CLASSIFIER, EMBEDDED, FLOATS, IDS, MASK, OWN, TEXTS, VECTORS, cut, looked_up, raised
from facts_builder import Messages, call, tensor

PAIRS = dataclasses.replace(CLASSIFIER, said="pairs")
HALF = np.where(MASK == 1, 4096 + 4 * (np.arange(18).reshape(3, 6) * 97), 0).astype("float16")

MESSAGES: Messages = {
    "ids of floats": (
        "ids-not-integer",
        looked_up(FLOATS, said={"input_ids": "padded"}),
        (
            "`padded` holds token ids as float32",
            (
                "`padded`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It holds 0 … 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            'padded = np.asarray(padded).astype("int32")',
        ),
    ),
    "ids of floats, a tensor": (
        "ids-not-integer",
        looked_up(FLOATS, said={"input_ids": "padded"}, kinds="tf.Tensor"),
        (
            "`padded` holds token ids as float32",
            (
                "`padded`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It holds 0 … 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            "padded = tf.cast(padded, tf.int32)",
        ),
    ),
    "ids as strings": (
        "ids-not-integer",
        looked_up(IDS.astype("str")),
        (
            "`input_ids` holds token ids as strings",
            (
                "`input_ids`, (batch=3, seq=6), has dtype string, where `model` looks token ids up by int32 or "
                "int64. It holds numbers from 0 to 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            'input_ids = np.asarray(input_ids).astype("int32")',
        ),
    ),
    "ids as strings, a tensor": (
        "ids-not-integer",
        looked_up(IDS.astype("S").astype("object"), kinds="tf.Tensor"),
        (
            "`input_ids` holds token ids as strings",
            (
                "`input_ids`, (batch=3, seq=6), has dtype string, where `model` looks token ids up by int32 or "
                "int64. It holds numbers from 0 to 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            "input_ids = tf.strings.to_number(input_ids, tf.int32)",
        ),
    ),
    "ids as objects": (
        "ids-not-integer",
        looked_up(IDS.astype("object")),
        (
            "`input_ids` holds token ids as Python objects",
            (
                "`input_ids`, (batch=3, seq=6), has dtype object, where `model` looks token ids up by int32 or "
                "int64. It holds numbers from 0 to 91. InvalidArgumentError is raised."
            ),
            "Give token ids as integers",
            'input_ids = np.asarray(input_ids).astype("int32")',
        ),
    ),
    "ids of bool": (
        "ids-not-integer",
        cut(IDS.astype("bool")),
        (
            "`input_ids` holds token ids as bool",
            (
                "`input_ids`, (batch=3, seq=6), has dtype bool, where `model` looks token ids up by int32 or "
                "int64. Of token ids it tells only whether they are 0. Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids with fractions": (
        "ids-not-integer",
        cut(FLOATS * 4 + 0.25),
        (
            "`input_ids` holds token ids as float32",
            (
                "`input_ids`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It holds fractions in rows 0, 1 and 2, which are cut off. Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids with nan": (
        "ids-not-integer",
        cut(np.where(IDS == 0, np.nan, FLOATS)),
        (
            "`input_ids` holds token ids as float32",
            (
                "`input_ids`, (batch=3, seq=6), has dtype float32, where `model` looks token ids up by int32 or "
                "int64. It is not finite in rows 1 and 2. Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids in half precision": (
        "ids-not-integer",
        cut(HALF, said={"input_ids": "cached"}),
        (
            "`cached` holds token ids as float16",
            (
                "`cached`, (batch=3, seq=6), has dtype float16, where `model` looks token ids up by int32 or "
                "int64. All of its 13 different ids above 2048 are such as float16 rounds to, and none is odd. "
                "Nothing is raised."
            ),
            "Keep token ids integers from the tokenizer on",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")  # int64',
        ),
    ),
    "ids made floats inside": (
        "ids-not-integer",
        raised(call(IDS, error="forward", received={"input_ids": FLOATS})),
        (
            "`input_ids` reaches `model` as float32",
            (
                "`input_ids`, (batch=3, seq=6), has dtype int32, and `model` makes float32 of it before `model` "
                "looks token ids up by int32 or int64. InvalidArgumentError is raised."
            ),
            "Cast them back before the encoder",
            "tf.cast(ids, tf.int32)  # in the call of `model`",
        ),
    ),
    "embeddings": (
        "embeddings-as-ids",
        raised(call(EMBEDDED, error="forward", said={"input_ids": "vectors"}), layer="bert"),
        (
            "`vectors` holds embeddings, and `model` takes token ids",
            (
                "`vectors` has dtype float32 and shape (batch=3, seq=6, hidden=8), and holds -2.365 … 2.002, "
                "where `model` takes token ids (batch, seq), which are whole numbers. InvalidArgumentError is "
                "raised."
            ),
            "Give embeddings by their own name",
            '{"inputs_embeds": vectors}  # in place of "input_ids", in the call of `model`',
        ),
    ),
    "embeddings of another size": (
        "embeddings-as-ids",
        raised(call(EMBEDDED[..., :5], error="forward"), layer="bert"),
        (
            "`input_ids` holds embeddings, and `model` takes token ids",
            (
                "`input_ids` has dtype float32 and shape (3, 6, 5), and holds -2.365 … 1.822, where `model` takes"
                " token ids (batch, seq), which are whole numbers. InvalidArgumentError is raised."
            ),
            "Give token ids",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "vectors": (
        "embeddings-as-ids",
        looked_up(VECTORS, said={"input_ids": "vectors"}),
        (
            "`vectors` holds embeddings, and `model` takes token ids",
            (
                "`vectors` has dtype float32 and shape (batch=3, hidden=8), and holds -2.325 … 1.366, where "
                "`model` takes token ids (batch, seq), which are whole numbers. InvalidArgumentError is raised."
            ),
            "Give token ids",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "vectors, cut off": (
        "embeddings-as-ids",
        cut(VECTORS),
        (
            "`input_ids` holds embeddings, and `model` takes token ids",
            (
                "`input_ids` has dtype float32 and shape (batch=3, hidden=8), and holds -2.325 … 1.366, where "
                "`model` takes token ids (batch, seq), which are whole numbers. Nothing is raised: they are cut "
                "off."
            ),
            "Give token ids",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "token types of floats": (
        "dtype-mismatch",
        looked_up(IDS, types=np.zeros(IDS.shape), said={"token_type_ids": "segments"}),
        (
            "`segments` is of a dtype that `model` cannot take",
            (
                "`segments`, (batch=3, seq=6), has dtype float64 and holds all 0, where `token_type_ids` is to be"
                " int32 or int64. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            'segments = np.asarray(segments).astype("int32")',
        ),
    ),
    "token types, a tensor": (
        "dtype-mismatch",
        looked_up(IDS, types=np.zeros(IDS.shape), kinds="tf.Tensor"),
        (
            "`token_type_ids` is of a dtype that `model` cannot take",
            (
                "`token_type_ids`, (batch=3, seq=6), has dtype float64 and holds all 0, where `token_type_ids` is"
                " to be int32 or int64. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            "token_type_ids = tf.cast(token_type_ids, tf.int32)",
        ),
    ),
    "token types, complex": (
        "dtype-mismatch",
        looked_up(IDS, types=MASK.astype("complex64")),
        (
            "`token_type_ids` is of a dtype that `model` cannot take",
            (
                "`token_type_ids`, (batch=3, seq=6), has dtype complex64 and holds complex numbers, where "
                "`token_type_ids` is to be int32 or int64. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            'token_type_ids = np.asarray(token_type_ids).astype("int32")',
        ),
    ),
    "a mask of strings": (
        "dtype-mismatch",
        raised(looked_up(IDS, mask=MASK.astype("str")), layer="bert"),
        (
            "`attention_mask` is of a dtype that `model` cannot take",
            (
                "`attention_mask`, (batch=3, seq=6), has dtype string and holds numbers from 0 to 1, where "
                "`attention_mask` is to be numbers. InvalidArgumentError is raised."
            ),
            "Give it as integers",
            'attention_mask = np.asarray(attention_mask).astype("int32")',
        ),
    ),
    "texts": (
        "text-not-tokenized",
        raised(call(TEXTS, error="forward", of=PAIRS, said={"input_ids": "reviews"}), "bert"),
        (
            "`reviews` holds text, and `pairs` takes token ids",
            (
                "`reviews` holds 3 strings under `input_ids`, and `pairs` takes token ids (batch, seq): no "
                "tokenizer has read them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(list(reviews), padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "texts, a direct call": (
        "text-not-tokenized",
        raised(call(TEXTS, error="forward", of=OWN, kind="call"), "bert"),
        (
            "`input_ids` holds text, and `model` takes token ids",
            (
                "`input_ids` holds 3 strings, and `model` takes token ids (batch, seq): no tokenizer has read "
                "them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(list(texts), padding=True, truncation=True, return_tensors="tf")\nmodel(enc)',
        ),
    ),
    "one text": (
        "text-not-tokenized",
        raised(call(np.array("one text"), error="forward", of=OWN, kind="call"), "bert"),
        (
            "`input_ids` holds text, and `model` takes token ids",
            (
                "`input_ids` holds 1 string, and `model` takes token ids (batch, seq): no tokenizer has read "
                "them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")\nmodel(enc)',
        ),
    ),
    "texts under a name": (
        "text-not-tokenized",
        raised(call(others=[tensor("text", TEXTS, said="reviews")], error="forward", of=PAIRS, seen=False), "model"),
        (
            "`reviews` holds text, and `pairs` takes token ids",
            (
                "`reviews` holds 3 strings under `text`, and `pairs` takes token ids (batch, seq): no tokenizer "
                "has read them. InvalidArgumentError is raised."
            ),
            "Tokenize the texts first",
            'enc = tokenizer(list(reviews), padding=True, truncation=True, return_tensors="np")',
        ),
    ),
}
