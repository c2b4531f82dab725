"""The sentences for PyTorch on the mask, its place and what is pooled, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import (
    CLS,
    SEP,
    TOKENIZER,
    TORCH_BERT,
    Messages,
    having,
    torch_model,
)
from torch_facts import FULL, IDS, MASK, OWN, fed, raising

from bertmagic.facts.call import PoolingFacts, UnpaddedFacts

MESSAGES: Messages = {
    "no mask, an encoding": (
        "attention-mask-missing",
        fed(mask=None, said={"input_ids": 'enc["input_ids"]'}, unpadded=UnpaddedFacts({1: 0.5, 2: 0.25}, {}, None)),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                '`attention_mask` is not fed; rows 1 and 2 of `enc["input_ids"]` have 2 to 3 padding '
                "tokens, and the model reads them: against the same text unpadded, their [CLS] moves by "
                "0.25 to 0.5."
            ),
            "Feed the attention mask",
            'bert(enc["input_ids"], attention_mask=enc["attention_mask"])',
        ),
    ),
    "no mask": (
        "attention-mask-missing",
        fed(mask=None, said={"input_ids": "ids"}, tokenizer=TOKENIZER, probe=0.3),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                "`attention_mask` is not fed; rows 1 and 2 of `ids` have 2 to 3 padding tokens, and the "
                "model reads them: other tokens in their place move the output by 0.3. Padding with 0 is "
                "right: it is `tokenizer.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                "attention_mask = (ids != 0).long()  # 1 on tokens, 0 on padding\n"
                "bert(ids, attention_mask=attention_mask)"
            ),
        ),
    ),
    "no mask, the separator pads": (
        "attention-mask-missing",
        fed(
            np.array([[CLS, 5, SEP, SEP], [CLS, 5, 6, SEP]]),
            None,
            tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP, made_rows=True),
        ),
        (
            "`attention_mask` is not fed, and 1 row has padding",
            (
                "`attention_mask` is not fed; row 0 of `input_ids` has 1 padding token, and nothing keeps"
                " the model from attending to it (how far that moves the output was not run). Padding "
                "with 3 is right: it is `tokenizer.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = tokenizer(texts, padding=True, return_tensors="pt")["attention_mask"]  '
                "# 1 on tokens, 0 on padding\n"
                "bert(input_ids, attention_mask=attention_mask)"
            ),
        ),
    ),
    "a mask that is dropped": (
        "attention-mask-missing",
        fed(of=OWN, received={"input_ids": IDS}, probe=0.3),
        (
            "`attention_mask` is fed, but does not reach the encoder",
            (
                "`attention_mask` is fed, but `net` does not pass it to `bert`; rows 1 and 2 of "
                "`input_ids` have 2 to 3 padding tokens, and the model reads them: other tokens in their "
                "place move the output by 0.3. Padding with 0 is right: it is `config.pad_token_id`."
            ),
            "Pass the attention mask on to the encoder",
            "attention_mask=attention_mask  # in the call of `bert` inside `net`",
        ),
    ),
    "a mask of ones": (
        "attention-mask-over-padding",
        fed(mask=np.ones_like(IDS), said={"attention_mask": "mask"}, probe=0.3),
        (
            "`mask` is 1 where the tokens are padding",
            (
                "`mask` is 1 over padding; rows 1 and 2 of `input_ids` have 2 to 3 padding tokens, and "
                "the model reads them: other tokens in their place move the output by 0.3."
            ),
            "Set the mask to 0 over padding",
            "mask = (input_ids != 0).long()",
        ),
    ),
    "an inverted mask of floats": (
        "attention-mask-inverted",
        fed(mask=(1 - MASK).astype("float32"), probe=0.3),
        (
            "`attention_mask` is 1 on padding and 0 on tokens",
            (
                "`attention_mask` is 1 where `input_ids` is padding (0) and 0 where it holds tokens, in "
                "rows 1 and 2: `bert` attends to the padding alone."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "attention_mask = (input_ids != 0).float()",
        ),
    ),
    "an inverted mask of bool": (
        "attention-mask-inverted",
        fed(mask=MASK == 0, probe=0.3),
        (
            "`attention_mask` is 1 on padding and 0 on tokens",
            (
                "`attention_mask` is 1 where `input_ids` is padding (0) and 0 where it holds tokens, in "
                "rows 1 and 2: `bert` attends to the padding alone."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "attention_mask = (input_ids != 0).bool()",
        ),
    ),
    "a mask of zeros": (
        "attention-mask-all-zero",
        fed(mask=np.zeros_like(MASK), tokenizer=TOKENIZER),
        (
            "`attention_mask` is 0 on every token of rows 0 and 1",
            (
                "`attention_mask` has no 1 in rows 0 and 1, where `input_ids` holds 4 to 6 tokens: "
                "attention to all positions is masked alike, so that the mask keeps `bert` from nothing, "
                "or, where PyTorch's own attention runs (sdpa), no token gets anything from another."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "attention_mask = (input_ids != 0).long()",
        ),
    ),
    "a mask of zeros, no padding token": (
        "attention-mask-all-zero",
        fed(
            FULL, np.zeros_like(FULL), of=torch_model(encoder=dataclasses.replace(TORCH_BERT, pad_id=None), said="bert")
        ),
        (
            "`attention_mask` is 0 on every token of rows 0, 1 and 2",
            (
                "`attention_mask` has no 1 in rows 0, 1 and 2, where `input_ids` holds 6 tokens each: "
                "attention to all positions is masked alike, so that the mask keeps `bert` from nothing, "
                "or, where PyTorch's own attention runs (sdpa), no token gets anything from another."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "attention_mask = torch.ones_like(input_ids)  # where there is no padding",
        ),
    ),
    "an additive mask": (
        "attention-mask-values",
        fed(mask=np.where(MASK == 1, 0, -1e4).astype("float32")),
        (
            "`attention_mask` holds an additive mask where 1 and 0 are taken",
            (
                "`attention_mask` holds -10000 … 0 (an additive mask) where `bert` takes 1 on tokens and "
                "0 on padding. Every number but 0 counts as 1: their tokens are hidden and their padding "
                "is attended to in rows 0, 1 and 2."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "attention_mask = (input_ids != 0).float()",
        ),
    ),
    "ids for a mask, the padding is not 0": (
        "attention-mask-values",
        fed(
            np.where(IDS == 0, 1, IDS),
            np.where(IDS == 0, 1, IDS),
            tokenizer=dataclasses.replace(TOKENIZER, pad_id=1, made_rows=True),
        ),
        (
            "`attention_mask` holds the token ids where 1 and 0 are taken",
            (
                "`attention_mask` holds 1 … 91 (the token ids) where `bert` takes 1 on tokens and 0 on "
                "padding. Every number but 0 counts as 1: their padding is attended to in rows 1 and 2."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "attention_mask = (input_ids != 1).long()",
        ),
    ),
    "a mask of one row": (
        "attention-mask-shape",
        raising(fed(mask=MASK[:1]), "IndexError"),
        (
            "`attention_mask` has not the shape of `input_ids`",
            (
                "`attention_mask` reaches `bert` with shape (1, 6) beside token ids of shape (batch=3, "
                "seq=6): IndexError is raised."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            "attention_mask = (input_ids != 0).long()",
        ),
    ),
    "swapped": (
        "inputs-swapped",
        fed(
            IDS,
            np.zeros_like(IDS),
            types=MASK,
            tokenizer=TOKENIZER,
            said={"input_ids": "ids", "attention_mask": "segments", "token_type_ids": "mask"},
        ),
        (
            "`bert` is given the attention mask as `token_type_ids`",
            (
                "`bert` is given the attention mask (`mask`) as `token_type_ids` and the token types "
                "(`segments`) as `attention_mask`: what each holds shows it, in every row of the batch."
            ),
            "Give the inputs by name",
            "bert(input_ids=ids, attention_mask=mask, token_type_ids=segments)",
        ),
    ),
    "the mean over padding": (
        "pooling-over-padding",
        having(
            fed(),
            pooling=(
                PoolingFacts("vectors", "mean", {1: 2}, 0.5, 2.0, "padding left out", "bert", 'enc["attention_mask"]'),
            ),
        ),
        (
            "`bert` takes the mean over all positions, padding among them",
            (
                "The mean of the hidden states of `bert` is taken over all positions; row 1 of those that"
                " were run has 2 padding tokens. With padding left out, `vectors` moves by 0.5 (its size "
                'is 2). `enc["attention_mask"]` keeps `bert` from attending to padding; the mean does not'
                " see it."
            ),
            "Leave the padding out of the mean",
            (
                "# hidden: the last_hidden_state of `bert`\n"
                'weight = enc["attention_mask"].unsqueeze(-1).to(hidden.dtype)\n'
                "pooled = (hidden * weight).sum(dim=1) / weight.sum(dim=1)"
            ),
        ),
    ),
    "the maximum over padding": (
        "pooling-over-padding",
        having(fed(), pooling=(PoolingFacts("vectors", "max", {1: 2}, 0.5, 2.0, "padding left out", "bert", "mask"),)),
        (
            "`bert` takes the maximum over all positions, padding among them",
            (
                "The maximum of the hidden states of `bert` is taken over all positions; row 1 of those "
                "that were run has 2 padding tokens. With padding left out, `vectors` moves by 0.5 (its "
                "size is 2). `mask` keeps `bert` from attending to padding; the maximum does not see it."
            ),
            "Leave the padding out of the maximum",
            (
                "# hidden: the last_hidden_state of `bert`\n"
                "pooled = hidden.masked_fill(mask.unsqueeze(-1) == 0, "
                "torch.finfo(hidden.dtype).min).amax(dim=1)"
            ),
        ),
    ),
}
