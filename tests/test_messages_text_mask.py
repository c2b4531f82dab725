"""The sentences of the rules on special tokens, padding and the mask's values."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import BERT, CLS, ROBERTA, SEP, TOKENIZER, Messages, batch, call, model

FULL = batch([6, 6, 6])
BEYOND = FULL.copy()
BEYOND[1, 2] = 110
IDS = batch([6, 4, 4])
MASK = (IDS != 0).astype("int32")
ROWS = np.arange(3)[:, None]
PRETRAINED = dataclasses.replace(BERT, pretrained="bert-base-uncased")
LEFT = np.array([[CLS, 7, 8, SEP], [0, CLS, 7, SEP]], "int32")

MESSAGES: Messages = {
    "another vocabulary": (
        "tokenizer-model-mismatch",
        call(
            BEYOND,
            tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=120),
            said={"input_ids": "ids"},
            error="forward",
        ),
        (
            "`tokenizer` has more tokens than `model` has embeddings",
            (
                "`tokenizer` has 120 tokens, 20 more than the 100 rows of `bert.embeddings.weight`. `ids` holds 110 in "
                "row 1, beyond those rows."
            ),
            "Make the model for the tokenizer's vocabulary",
            "vocab_size = len(tokenizer)  # in the config that `model` is made from: 100 now",
        ),
    ),
    "tokens added": (
        "tokenizer-model-mismatch",
        call(BEYOND, tokenizer=dataclasses.replace(TOKENIZER, vocab_rows=120, base_rows=98), error="forward"),
        (
            "`tokenizer` has more tokens than `model` has embeddings",
            (
                "`tokenizer` has 120 tokens, 20 more than the 100 rows of `bert.embeddings.weight`; 22 of them were "
                "added to it. `input_ids` holds 110 in row 1, beyond those rows."
            ),
            "Resize the embeddings for the added tokens",
            "model.resize_token_embeddings(len(tokenizer))  # once tokens are added",
        ),
    ),
    "padded with zero for RoBERTa": (
        "padding-token-wrong",
        call(
            [[0, 7, 8, 2, 0, 0], [0, 7, 2, 0, 0, 0]],
            encoder=ROBERTA,
            tokenizer=dataclasses.replace(TOKENIZER, pad_id=1, cls_id=0, sep_id=2),
            said={"input_ids": "ids"},
            kinds="tf.Tensor",
        ),
        (
            "`ids` is padded with 0, and the padding token is 1",
            (
                "Rows 0 and 1 of `ids` are filled up with 0 at 2 to 3 positions, where `tokenizer.pad_token_id` is 1: "
                "to the model 0 is a token like any other, and it reads the padding as text."
            ),
            "Pad with the padding token",
            (
                "padding = np.cumprod(ids[:, ::-1] == 0, axis=1)[:, ::-1] == 1  # the run at each row's end\n"
                "ids = tf.constant(np.where(padding, tokenizer.pad_token_id, ids))  "
                "# or pad with value=tokenizer.pad_token_id"
            ),
        ),
    ),
    "padded with -100": (
        "padding-token-wrong",
        call([[CLS, 5, 6, SEP], [CLS, SEP, -100, -100]], error="forward"),
        (
            "`input_ids` is padded with -100, and the padding token is 0",
            (
                "Row 1 of `input_ids` is filled up with -100 at 2 positions, where `config.pad_token_id` is 0: the "
                "model has no embedding for -100, which is for labels, where the loss ignores it."
            ),
            "Pad with the padding token",
            "input_ids = np.where(input_ids == -100, 0, input_ids)  # or pad with value=0",
        ),
    ),
    "zeros on a row": (
        "attention-mask-all-zero",
        call(IDS, np.where(ROWS == 1, 0, MASK), said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`mask` is 0 on every token of row 1",
            (
                "`mask` has no 1 in row 1, where `ids` holds 4 tokens: attention to all positions is masked "
                "alike, so that the mask keeps `model` from nothing."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'mask = (ids != 0).astype("int32")',
        ),
    ),
    "zeros on each row": (
        "attention-mask-all-zero",
        call(
            FULL, np.zeros_like(FULL), said={"input_ids": 'enc["input_ids"]', "attention_mask": 'enc["attention_mask"]'}
        ),
        (
            '`enc["attention_mask"]` is 0 on every token of rows 0, 1 and 2',
            (
                '`enc["attention_mask"]` has no 1 in rows 0, 1 and 2, where `enc["input_ids"]` holds 6 '
                "tokens each: attention to all positions is masked alike, so that the mask keeps `model` "
                "from nothing."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'enc["attention_mask"] = (enc["input_ids"] != 0).astype("int32")',
        ),
    ),
    "the reverse": (
        "attention-mask-inverted",
        call(IDS, (IDS == 0).astype("int32"), said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`mask` is 1 on padding and 0 on tokens",
            (
                "`mask` is 1 where `ids` is padding (0) and 0 where it holds tokens, in rows 1 and 2: "
                "`model` attends to the padding alone."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'mask = (ids != 0).astype("int32")',
        ),
    ),
    "ids in the mask's place": (
        "attention-mask-values",
        call(IDS, IDS, said={"input_ids": "ids", "attention_mask": "keep"}, kinds="tf.Tensor"),
        (
            "`keep` holds the token ids where 1 and 0 are taken",
            (
                "`keep` holds 0 … 91 (the token ids) where `model` takes 1 on tokens and 0 on padding: it "
                "attends only to the tokens with the largest number, in rows 0, 1 and 2."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "keep = tf.cast(ids != 0, tf.int32)",
        ),
    ),
    "counts in the mask's place": (
        "attention-mask-values",
        call(FULL, np.tile(np.arange(6), (3, 1)), said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`mask` holds whole numbers where 1 and 0 are taken",
            (
                "`mask` holds 0 … 5 (whole numbers) where `model` takes 1 on tokens and 0 on padding: it "
                "attends only to the tokens with the largest number, in rows 0, 1 and 2."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'mask = (ids != 0).astype("int64")',
        ),
    ),
    "an additive mask": (
        "attention-mask-values",
        call(IDS, (1.0 - MASK) * -1e9, encoder=dataclasses.replace(BERT, family="distilbert")),
        (
            "`attention_mask` holds an additive mask where 1 and 0 are taken",
            (
                "`attention_mask` holds -1000000000 … 0 (an additive mask) where `model` takes 1 on tokens "
                "and 0 on padding: the scores of its tokens vanish beside the number that is added for a "
                "mask of 0."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'attention_mask = (input_ids != 0).astype("float64")',
        ),
    ),
    "a mask a row": (
        "attention-mask-shape",
        call(IDS, np.ones((3, 1), "int32"), said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`mask` has not the shape of `ids`",
            (
                "`mask` reaches `model` with shape (3, 1) beside token ids of shape (batch=3, seq=6): it is "
                "broadcast over the sequence axis, and does not fit the padding of rows 1 and 2."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'mask = (ids != 0).astype("int32")',
        ),
    ),
    "a mask on its side": (
        "attention-mask-shape",
        call(IDS, MASK.T, said={"input_ids": "ids", "attention_mask": "mask"}, error="forward"),
        (
            "`mask` has not the shape of `ids`",
            (
                "`mask` reaches `model` with shape (6, 3) beside token ids of shape (batch=3, seq=6): "
                "ValueError is raised."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'mask = (ids != 0).astype("int32")',
        ),
    ),
    "types before the mask": (
        "inputs-swapped",
        call(
            IDS,
            np.zeros_like(IDS),
            types=MASK,
            said={"input_ids": "ids", "attention_mask": "types", "token_type_ids": "mask"},
        ),
        (
            "`model` is given the attention mask as `token_type_ids`",
            (
                "`model` is given the attention mask (`mask`) as `token_type_ids` and the token types "
                "(`types`) as `attention_mask`: what each holds shows it, in every row of the batch."
            ),
            "Give the inputs by name",
            "model(input_ids=ids, attention_mask=mask, token_type_ids=types)",
        ),
    ),
    "types before the mask, inside": (
        "inputs-swapped",
        call(
            IDS,
            MASK,
            types=0 * IDS,
            encoder=dataclasses.replace(BERT, path="bert"),
            of=model(BERT, said="embedder", type="Embedder", inputs={}),
            received={"input_ids": IDS, "attention_mask": 0 * IDS, "token_type_ids": MASK},
        ),
        (
            "`bert` is given the attention mask as `token_type_ids`",
            (
                "`bert` is given the attention mask (`attention_mask`) as `token_type_ids` and the token "
                "types (`token_type_ids`) as `attention_mask`: what each holds shows it, in every row of the "
                "batch."
            ),
            "Give the inputs by name",
            (
                "dict(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)  # "
                "in the call of `bert`"
            ),
        ),
    ),
    "left padding": (
        "padding-side",
        call(
            LEFT,
            tokenizer=dataclasses.replace(TOKENIZER, padding_side="left"),
            said={"input_ids": "ids"},
            encoder=PRETRAINED,
        ),
        (
            "`ids` is padded on the left, and `model` counts positions from there",
            (
                "`tokenizer.padding_side` is left, and row 1 of `ids` begins with padding: the first token "
                "stands at position 1 in place of 0, and `model` has another embedding for each position."
            ),
            "Pad on the right",
            'tokenizer.padding_side = "right"  # before the texts are tokenized',
        ),
    ),
    "left padding by hand": (
        "padding-side",
        call(LEFT, tokenizer=TOKENIZER, said={"input_ids": "ids"}, encoder=PRETRAINED),
        (
            "`ids` is padded on the left, and `model` counts positions from there",
            (
                "Row 1 of `ids` begins with padding: the first token stands at position 1 in place of 0, and "
                "`model` has another embedding for each position."
            ),
            "Pad on the right",
            'tokenizer.padding_side = "right"  # before the texts are tokenized',
        ),
    ),
    "a second segment for RoBERTa": (
        "token-type-ids-invalid",
        call(
            IDS, MASK, types=MASK, encoder=dataclasses.replace(BERT, types=1), error="forward", of=model(said="roberta")
        ),
        (
            "`token_type_ids` holds token types that `roberta` has no embedding for",
            (
                "`token_type_ids` holds 1 in rows 0, 1 and 2, first at position 0; `roberta` has only token "
                "type 0 (type_vocab_size is 1). ValueError is raised."
            ),
            "Leave the token types out",
            "roberta(input_ids, attention_mask=attention_mask)  # no token_type_ids",
        ),
    ),
    "a third segment": (
        "token-type-ids-invalid",
        call(IDS, MASK, types=MASK * 2, said={"token_type_ids": "segments"}),
        (
            "`segments` holds token types that `model` has no embedding for",
            (
                "`segments` holds 2 in rows 0, 1 and 2, first at position 0; `model` has token types 0 to 1 "
                "(type_vocab_size is 2)."
            ),
            "Number the segments from 0",
            "segments = np.clip(segments, 0, 1)",
        ),
    ),
    "special tokens twice": (
        "special-tokens-doubled",
        call([[CLS, CLS, 7, SEP, SEP], [CLS, CLS, 8, SEP, SEP]], tokenizer=TOKENIZER, said={"input_ids": "ids"}),
        (
            "`ids` has the special tokens twice",
            (
                "Rows 0 and 1 of `ids` begin with the start token (2) twice, and the separator (3) closes "
                "the text twice: `tokenizer` adds both, and they are in the text too."
            ),
            "Leave the special tokens to the tokenizer, or write all of them",
            ("enc = tokenizer(texts, padding=True, add_special_tokens=False)  # where the texts hold them already"),
        ),
    ),
    "no special tokens": (
        "special-tokens-missing",
        call(
            [[7, 8, 9], [8, 9, 7]],
            tokenizer=dataclasses.replace(TOKENIZER, frame=(CLS, SEP), made_rows=True),
            encoder=dataclasses.replace(BERT, pretrained="bert"),
            said={"input_ids": "ids"},
        ),
        (
            "`ids` has no special tokens",
            (
                "No row of `ids` has the start token (2) or the separator (3), which `tokenizer` puts around "
                "a text: the first position holds a word."
            ),
            "Let the tokenizer add them",
            "enc = tokenizer(texts, padding=True, truncation=True, add_special_tokens=True)",
        ),
    ),
}
