"""The sentences for PyTorch on token ids, their tokenizer and their padding, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import (
    CLS,
    SEP,
    TOKENIZER,
    Messages,
    at,
    batch,
    having,
)
from torch_facts import FLOATS, HEAD, IDS, OWN, fed, raising

from bertmagic.facts.training import EncoderState, StateFacts

TRAINED = StateFacts(encoders=(EncoderState("", True, 1000, 1000),))

MESSAGES: Messages = {
    "ids beyond the rows": (
        "ids-out-of-vocabulary",
        raising(fed(at(IDS, 1, 2, 100), said={"input_ids": 'enc["input_ids"]'})),
        (
            '`enc["input_ids"]` holds token ids that the model has no embedding for',
            (
                '`enc["input_ids"]` holds the token id 100 in row 1, first at position 2; the 100 rows of'
                " `embeddings.word_embeddings.weight` are for token ids 0 to 99. PyTorch raises "
                "IndexError for such an id on a CPU; on a GPU a device assert ends the CUDA context, and "
                "nothing runs there until the kernel is restarted."
            ),
            "Take the token ids from the model's own tokenizer",
            ('enc["input_ids"] = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")["input_ids"]'),
        ),
    ),
    "-100 for padding": (
        "ids-out-of-vocabulary",
        raising(fed(at(IDS, 1, 3, -100), tokenizer=TOKENIZER)),
        (
            "`input_ids` holds token ids that the model has no embedding for",
            (
                "`input_ids` holds the token id -100 in row 1, first at position 3; the 100 rows of "
                "`embeddings.word_embeddings.weight` are for token ids 0 to 99. PyTorch raises IndexError"
                " for such an id on a CPU; on a GPU a device assert ends the CUDA context, and nothing "
                "runs there until the kernel is restarted."
            ),
            "Take the token ids from the model's own tokenizer",
            ('input_ids = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")["input_ids"]'),
        ),
    ),
    "tokens added": (
        "tokenizer-model-mismatch",
        raising(fed(at(IDS, 1, 2, 101), tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=104, base_rows=100))),
        (
            "`tokenizer` has more tokens than `bert` has embeddings",
            (
                "`tokenizer` has 104 tokens, 4 more than the 100 rows of "
                "`embeddings.word_embeddings.weight`; 4 of them were added to it. `input_ids` holds 101 "
                "in row 1, beyond those rows."
            ),
            "Resize the embeddings for the added tokens",
            "bert.resize_token_embeddings(len(tokenizer))  # once tokens are added",
        ),
    ),
    "tokens added, inside a module of one's own": (
        "tokenizer-model-mismatch",
        raising(
            fed(at(IDS, 1, 2, 101), of=OWN, tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=104, base_rows=100))
        ),
        (
            "`tokenizer` has more tokens than `bert` has embeddings",
            (
                "`tokenizer` has 104 tokens, 4 more than the 100 rows of "
                "`embeddings.word_embeddings.weight`; 4 of them were added to it. `input_ids` holds 101 "
                "in row 1, beyond those rows."
            ),
            "Resize the embeddings for the added tokens",
            (
                "# the transformers model that holds `bert`: resize_token_embeddings(len(tokenizer)) once"
                " tokens are added"
            ),
        ),
    ),
    "too long": (
        "sequence-too-long",
        raising(fed(batch([20]), np.ones((1, 20), "int64"), tokenizer=TOKENIZER), "RuntimeError"),
        (
            "`input_ids` has 20 tokens a row, and the model takes 16",
            (
                "`input_ids` has 20 tokens along its sequence axis, and `bert` takes at most 16 (16 rows "
                "of position embeddings): 4 too many. RuntimeError is raised."
            ),
            "Truncate to 16 tokens",
            ('enc = tokenizer(texts, padding=True, truncation=True, max_length=16, return_tensors="pt")'),
        ),
    ),
    "types beyond": (
        "token-type-ids-invalid",
        raising(fed(types=np.full_like(IDS, 3))),
        (
            "`token_type_ids` holds token types that `bert` has no embedding for",
            (
                "`token_type_ids` holds 3 in rows 0, 1 and 2, first at position 0; `bert` has token types"
                " 0 to 1 (type_vocab_size is 2). IndexError is raised."
            ),
            "Number the segments from 0",
            "token_type_ids = token_type_ids.clamp(0, 1)",
        ),
    ),
    "ids of floats": (
        "ids-not-integer",
        raising(fed(FLOATS, said={"input_ids": "padded"}), "RuntimeError", "embeddings.word_embeddings"),
        (
            "`padded` holds token ids as float32",
            (
                "`padded`, (batch=3, seq=6), has dtype float32, where `bert` looks token ids up by int32 "
                "or int64. It holds 0 … 91. RuntimeError is raised."
            ),
            "Give token ids as integers",
            "padded = padded.long()",
        ),
    ),
    "ids of floats, an array": (
        "ids-not-integer",
        raising(fed(IDS.astype("object"), kinds="numpy.ndarray"), "TypeError", "embeddings.word_embeddings"),
        (
            "`input_ids` holds token ids as Python objects",
            (
                "`input_ids`, (batch=3, seq=6), has dtype object, where `bert` looks token ids up by "
                "int32 or int64. It holds numbers from 0 to 91. TypeError is raised."
            ),
            "Give token ids as integers",
            'input_ids = torch.from_numpy(np.asarray(input_ids).astype("int64"))',
        ),
    ),
    "ids made floats inside": (
        "ids-not-integer",
        raising(fed(of=OWN, received={"input_ids": FLOATS}), "RuntimeError", "bert.embeddings.word_embeddings"),
        (
            "`input_ids` reaches `bert` as float32",
            (
                "`input_ids`, (batch=3, seq=6), has dtype int64, and `net` makes float32 of it before "
                "`bert` looks token ids up by int32 or int64. RuntimeError is raised."
            ),
            "Cast them back before the encoder",
            "ids.long()  # in the call of `bert`",
        ),
    ),
    "embeddings for ids": (
        "embeddings-as-ids",
        raising(fed(np.random.default_rng(0).normal(size=(3, 6, 5)).astype("float32")), "ValueError"),
        (
            "`input_ids` holds embeddings, and `bert` takes token ids",
            (
                "`input_ids` has dtype float32 and shape (3, 6, 5), and holds -2.325 … 2.002, where "
                "`bert` takes token ids (batch, seq), which are whole numbers. ValueError is raised."
            ),
            "Give token ids",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")',
        ),
    ),
    "types of floats": (
        "dtype-mismatch",
        raising(fed(types=np.zeros(IDS.shape, "float32")), "RuntimeError", "embeddings.token_type_embeddings"),
        (
            "`token_type_ids` is of a dtype that `bert` cannot take",
            (
                "`token_type_ids`, (batch=3, seq=6), has dtype float32 and holds all 0, where "
                "`token_type_ids` is to be int32 or int64. RuntimeError is raised."
            ),
            "Give it as integers",
            "token_type_ids = token_type_ids.long()",
        ),
    ),
    "padded with zeros": (
        "padding-token-wrong",
        fed(np.array([[CLS, 5, SEP, 9, 9], [CLS, 5, 6, 7, SEP]]), np.ones((2, 5), "int64"), tokenizer=TOKENIZER),
        (
            "`input_ids` is padded with 9, and the padding token is 0",
            (
                "Row 0 of `input_ids` is filled up with 9 at 2 positions, where `tokenizer.pad_token_id` "
                "is 0: to the model 9 is a token like any other, and it reads the padding as text."
            ),
            "Pad with the padding token",
            (
                "padding = (input_ids.flip(1) == 9).long().cumprod(1).flip(1) == 1  # the run at each "
                "row's end\n"
                "input_ids = input_ids.masked_fill(padding, tokenizer.pad_token_id)  # or pad with "
                "value=tokenizer.pad_token_id"
            ),
        ),
    ),
    "padded with -100": (
        "padding-token-wrong",
        raising(fed(np.where(IDS == 0, -100, IDS), tokenizer=TOKENIZER)),
        (
            "`input_ids` is padded with -100, and the padding token is 0",
            (
                "Rows 1 and 2 of `input_ids` are filled up with -100 at 2 to 3 positions, where "
                "`tokenizer.pad_token_id` is 0: the model has no embedding for -100, which is for labels,"
                " where the loss ignores it."
            ),
            "Pad with the padding token",
            (
                "input_ids = input_ids.masked_fill(input_ids == -100, tokenizer.pad_token_id)  # or pad "
                "with value=tokenizer.pad_token_id"
            ),
        ),
    ),
    "padded on the left": (
        "padding-side",
        having(
            fed(
                np.array([[0, 0, 2, 5, 6, 3], [2, 7, 8, 9, 5, 3]]),
                np.array([[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]]),
                tokenizer=dataclasses.replace(TOKENIZER, padding_side="left"),
            ),
            state=TRAINED,
        ),
        (
            "`input_ids` is padded on the left, and `bert` counts positions from there",
            (
                "`tokenizer.padding_side` is left, and row 0 of `input_ids` begins with padding: the "
                "first token stands at position 2 in place of 0, and `bert` has another embedding for "
                "each position."
            ),
            "Pad on the right",
            'tokenizer.padding_side = "right"  # before the texts are tokenized',
        ),
    ),
    "wasted padding": (
        "padding-wasteful",
        fed(batch([9, 7], width=64), (batch([9, 7], width=64) != 0).astype("int64"), tokenizer=TOKENIZER),
        (
            "`input_ids` could be cut to 9 tokens a row",
            (
                "112 of the 128 tokens of `input_ids` are padding (88%): its 2 rows are 64 long, and the "
                "longest of them has 9 tokens. The mask covers the padding, which costs time and memory "
                "only."
            ),
            "Pad to the longest row",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")',
        ),
    ),
    "doubled special tokens": (
        "special-tokens-doubled",
        fed(np.array([[2, 2, 7, 3, 3, 0], [2, 2, 8, 9, 3, 3]]), None, tokenizer=TOKENIZER),
        (
            "`input_ids` has the special tokens twice",
            (
                "Rows 0 and 1 of `input_ids` begin with the start token (2) twice, and the separator (3) "
                "closes the text twice: `tokenizer` adds both, and they are in the text too."
            ),
            "Leave the special tokens to the tokenizer, or write all of them",
            (
                'enc = tokenizer(texts, padding=True, add_special_tokens=False, return_tensors="pt")  # '
                "where the texts hold them already"
            ),
        ),
    ),
    "no special tokens": (
        "special-tokens-missing",
        fed(
            np.array([[7, 8, 9], [9, 8, 7]]),
            None,
            of=HEAD,
            tokenizer=dataclasses.replace(TOKENIZER, made_rows=True, frame=(CLS, SEP)),
        ),
        (
            "`input_ids` has no special tokens",
            (
                "No row of `input_ids` has the start token (2) or the separator (3), which `tokenizer` "
                "puts around a text: the first position holds a word."
            ),
            "Let the tokenizer add them",
            ('enc = tokenizer(texts, padding=True, truncation=True, add_special_tokens=True, return_tensors="pt")'),
        ),
    ),
}
