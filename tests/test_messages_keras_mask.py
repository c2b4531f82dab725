"""The sentences for Keras 3 and KerasHub on the mask, its place and what is pooled, as in `test_messages.py`."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import (
    Messages,
    call,
    having,
)
from keras_facts import IDS, MASK, OWN, SUBCLASSED, TYPES, WRAP, fed

from bertmagic.facts.call import PoolingFacts

MESSAGES: Messages = {
    "a mask of ones": (
        "attention-mask-over-padding",
        fed(
            mask=np.ones_like(IDS),
            tokenizer=WRAP,
            probe=0.3,
            said={"input_ids": 'x["token_ids"]', "attention_mask": 'x["padding_mask"]'},
        ),
        (
            '`x["padding_mask"]` is 1 where the tokens are padding',
            (
                '`x["padding_mask"]` is 1 over padding; rows 1 and 2 of `x["token_ids"]` have 2 to 3 '
                "padding tokens, and the model reads them: other tokens in their place move the output by"
                " 0.3."
            ),
            "Set the mask to 0 over padding",
            'x["padding_mask"] = (x["token_ids"] != 0).astype("int32")',
        ),
    ),
    "a mask of ones, made inside": (
        "attention-mask-over-padding",
        call(
            IDS,
            of=SUBCLASSED,
            tokenizer=WRAP,
            received={"input_ids": IDS, "attention_mask": np.ones_like(IDS)},
            probe=0.3,
        ),
        (
            "`net` makes an attention mask that is 1 where the tokens are padding",
            (
                "The attention mask that `net` makes for `backbone` is 1 over padding; rows 1 and 2 of "
                "`token_ids` have 2 to 3 padding tokens, and the model reads them: other tokens in their "
                "place move the output by 0.3."
            ),
            "Set the mask to 0 over padding",
            'padding_mask = (token_ids != 0).astype("int32")  # where `net` makes it',
        ),
    ),
    "an inverted mask": (
        "attention-mask-inverted",
        fed(mask=1 - MASK, tokenizer=WRAP, said={"attention_mask": "mask"}),
        (
            "`mask` is 1 on padding and 0 on tokens",
            (
                "`mask` is 1 where `token_ids` is padding (0) and 0 where it holds tokens, in rows 1 and "
                "2: `backbone` attends to the padding alone."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'mask = (token_ids != 0).astype("int32")',
        ),
    ),
    "a mask of zeros": (
        "attention-mask-all-zero",
        fed(mask=np.zeros_like(MASK), tokenizer=WRAP),
        (
            "`padding_mask` is 0 on every token of rows 0 and 1",
            (
                "`padding_mask` has no 1 in rows 0 and 1, where `token_ids` holds 4 to 6 tokens: "
                "attention to all positions is masked alike, so that the mask keeps `backbone` from "
                "nothing."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'padding_mask = (token_ids != 0).astype("int32")',
        ),
    ),
    "no mask inside": (
        "attention-mask-missing",
        call(IDS, of=SUBCLASSED, tokenizer=WRAP, probe=0.3, said={"input_ids": "ids"}),
        (
            "`padding_mask` is not fed, and the model reads the padding",
            (
                "`padding_mask` is not fed; rows 1 and 2 of `ids` have 2 to 3 padding tokens, and the "
                "model reads them: other tokens in their place move the output by 0.3. Padding with 0 is "
                "right: it is `tokenizer.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'padding_mask = (ids != 0).astype("int32")  # 1 on tokens, 0 on padding\n'
                '{"padding_mask": padding_mask}  # in the call of `backbone` inside `net`'
            ),
        ),
    ),
    "no mask, another Input": (
        "attention-mask-missing",
        call(
            IDS,
            of=dataclasses.replace(OWN, inputs=OWN.inputs[:1], takes=frozenset({"token_ids"})),
            tokenizer=WRAP,
            probe=0.3,
            said={"input_ids": 'x["token_ids"]'},
        ),
        (
            "`padding_mask` is not fed, and the model reads the padding",
            (
                '`padding_mask` is not fed; rows 1 and 2 of `x["token_ids"]` have 2 to 3 padding tokens, '
                "and the model reads them: other tokens in their place move the output by 0.3."
            ),
            "Feed the attention mask",
            (
                'mask_input = keras.Input((None,), dtype="int32", name="padding_mask")\n'
                '# call `backbone` with {"padding_mask": mask_input}, and make `net` with mask_input too\n'
                '[x["token_ids"], x["padding_mask"]]  # as the inputs of `net`'
            ),
        ),
    ),
    "a mask that is dropped": (
        "attention-mask-missing",
        call(IDS, MASK, of=SUBCLASSED, tokenizer=WRAP, received={"input_ids": IDS}, probe=0.3),
        (
            "`padding_mask` is fed, but does not reach the encoder",
            (
                "`padding_mask` is fed, but `net` does not pass it to `backbone`; rows 1 and 2 of "
                "`token_ids` have 2 to 3 padding tokens, and the model reads them: other tokens in their "
                "place move the output by 0.3. Padding with 0 is right: it is `tokenizer.pad_token_id`."
            ),
            "Pass the attention mask on to the encoder",
            '{"padding_mask": padding_mask}  # in the call of `backbone` inside `net`',
        ),
    ),
    "an additive mask": (
        "attention-mask-values",
        fed(mask=np.where(MASK == 1, 0, -1e4).astype("float32"), tokenizer=WRAP),
        (
            "`padding_mask` holds an additive mask where 1 and 0 are taken",
            (
                "`padding_mask` holds -10000 … 0 (an additive mask) where `backbone` takes 1 on tokens "
                "and 0 on padding. Keras cuts it off to whole numbers, of which every one but 0 counts as"
                " 1: their tokens are hidden and their padding is attended to in rows 0, 1 and 2."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'padding_mask = (token_ids != 0).astype("float32")',
        ),
    ),
    "a normalised mask": (
        "attention-mask-values",
        fed(mask=(MASK / MASK.sum(axis=1, keepdims=True)).astype("float32"), tokenizer=WRAP),
        (
            "`padding_mask` holds fractions where 1 and 0 are taken",
            (
                "`padding_mask` holds 0 … 0.3333 (fractions) where `backbone` takes 1 on tokens and 0 on "
                "padding. Keras cuts it off to whole numbers, of which every one but 0 counts as 1: all "
                "of their tokens are hidden in rows 0, 1 and 2."
            ),
            "Make the mask 1 on tokens and 0 on padding",
            'padding_mask = (token_ids != 0).astype("float32")',
        ),
    ),
    "swapped": (
        "inputs-swapped",
        fed(
            IDS,
            TYPES,
            MASK,
            tokenizer=WRAP,
            said={"input_ids": "ids", "attention_mask": "segments", "token_type_ids": "mask"},
        ),
        (
            "`backbone` is given the attention mask as `segment_ids`",
            (
                "`backbone` is given the attention mask (`mask`) as `segment_ids` and the token types "
                "(`segments`) as `padding_mask`: what each holds shows it, in every row of the batch."
            ),
            "Give the inputs by name",
            ('{"token_ids": ids, "padding_mask": mask, "segment_ids": segments}  # as the inputs of `backbone`'),
        ),
    ),
    "swapped, a call": (
        "inputs-swapped",
        fed(IDS, TYPES, MASK, tokenizer=WRAP, kind="call"),
        (
            "`backbone` is given the attention mask as `segment_ids`",
            (
                "`backbone` is given the attention mask (`segment_ids`) as `segment_ids` and the token "
                "types (`padding_mask`) as `padding_mask`: what each holds shows it, in every row of the "
                "batch."
            ),
            "Give the inputs by name",
            ('backbone({"token_ids": token_ids, "padding_mask": segment_ids, "segment_ids": padding_mask})'),
        ),
    ),
    "the mean over padding": (
        "pooling-over-padding",
        having(
            fed(), pooling=(PoolingFacts("output", "mean", {1: 2}, 0.5, 2.0, "padding left out", "backbone", "mask"),)
        ),
        (
            "`backbone` takes the mean over all positions, padding among them",
            (
                "The mean of the hidden states of `backbone` is taken over all positions; row 1 of those "
                "that were run has 2 padding tokens. With padding left out, `output` moves by 0.5 (its "
                "size is 2). `mask` keeps `backbone` from attending to padding; the mean does not see it."
            ),
            "Leave the padding out of the mean",
            (
                "# hidden: the sequence_output of `backbone`\n"
                "weight = keras.ops.cast(mask, hidden.dtype)[:, :, None]\n"
                "pooled = keras.ops.sum(hidden * weight, axis=1) / keras.ops.sum(weight, axis=1)"
            ),
        ),
    ),
    "the maximum over padding": (
        "pooling-over-padding",
        having(
            fed(), pooling=(PoolingFacts("output", "max", {1: 2}, 0.5, 2.0, "padding left out", "backbone", "mask"),)
        ),
        (
            "`backbone` takes the maximum over all positions, padding among them",
            (
                "The maximum of the hidden states of `backbone` is taken over all positions; row 1 of "
                "those that were run has 2 padding tokens. With padding left out, `output` moves by 0.5 "
                "(its size is 2). `mask` keeps `backbone` from attending to padding; the maximum does not"
                " see it."
            ),
            "Leave the padding out of the maximum",
            (
                "# hidden: the sequence_output of `backbone`\n"
                'pooled = keras.ops.max(keras.ops.where(keras.ops.cast(mask, "bool")[:, :, None], hidden,'
                " -1e9), axis=1)"
            ),
        ),
    ),
}
