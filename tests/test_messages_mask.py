"""The sentences of the rules on a mask that is not fed, is dropped or covers no padding."""

from __future__ import annotations

import dataclasses

import numpy as np
from facts_builder import BERT, CLS, SEP, TOKENIZER, Messages, batch, call, model

from bertmagic.facts.call import UnpaddedFacts

IDS = batch([6, 4, 4])
VARIED = batch([6, 5, 3])
ONES = np.ones_like(IDS)
INSIDE = dataclasses.replace(BERT, path="bert")
FUNCTIONAL = model(INSIDE, inputs={"input_ids": (None, None)})
MEASURED = UnpaddedFacts({1: 0.3104, 2: 0.3096}, {0: 0.0}, {1: 3e-7, 2: 2e-7})

MESSAGES: Messages = {
    "missing mask, by hand": (
        "attention-mask-missing",
        call(IDS, of=FUNCTIONAL, encoder=INSIDE, tokenizer=TOKENIZER, unpadded=MEASURED, said={"input_ids": "padded"}),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                "`attention_mask` is not fed; rows 1 and 2 of `padded` have 2 padding tokens each, and the "
                "model reads them: against the same text unpadded, their [CLS] moves by 0.31 (a row without "
                "padding moves by 0). Padding with 0 is right: it is `tokenizer.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = (padded != 0).astype("int32")  # 1 on tokens, 0 on padding\n'
                'mask_input = tf.keras.Input((None,), dtype="int32", name="attention_mask")\n'
                "# call `bert` with attention_mask=mask_input, and make `model` with mask_input too\n"
                "[padded, attention_mask]  # as the inputs of `model`"
            ),
        ),
    ),
    "missing mask, an encoding": (
        "attention-mask-missing",
        call(
            VARIED,
            kind="call",
            of=model(said="bert"),
            said={"input_ids": 'enc["input_ids"]'},
            unpadded=UnpaddedFacts({1: 0.5, 2: 0.25}, {}, None),
        ),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                '`attention_mask` is not fed; rows 1 and 2 of `enc["input_ids"]` have 1 to 3 padding tokens, '
                "and the model reads them: against the same text unpadded, their [CLS] moves by 0.25 to 0.5."
            ),
            "Feed the attention mask",
            'bert(enc["input_ids"], attention_mask=enc["attention_mask"])',
        ),
    ),
    "missing mask, only some rows run": (
        "attention-mask-missing",
        call(IDS, unpadded=UnpaddedFacts({2: 0.31}, {0: 0.0}, None)),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                "`attention_mask` is not fed; rows 1 and 2 of `input_ids` have 2 padding tokens each, and the "
                "model reads them: against the same text unpadded, the [CLS] of row 2 moves by 0.31 (a row "
                "without padding moves by 0). Padding with 0 is right: it is `config.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = (input_ids != 0).astype("int32")  # 1 on tokens, 0 on padding\n'
                '{"input_ids": input_ids, "attention_mask": attention_mask}  # as the inputs of `model`'
            ),
        ),
    ),
    "missing mask, probed": (
        "attention-mask-missing",
        call(batch([6, 5]), probe=0.3, said={"input_ids": "ids"}, kinds="tf.Tensor"),
        (
            "`attention_mask` is not fed, and the model reads the padding",
            (
                "`attention_mask` is not fed; row 1 of `ids` has 1 padding token, and the model reads it: "
                "other tokens in its place move the output by 0.3. Padding with 0 is right: it is "
                "`config.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                "attention_mask = tf.cast(ids != 0, tf.int32)  # 1 on tokens, 0 on padding\n"
                '{"input_ids": ids, "attention_mask": attention_mask}  # as the inputs of `model`'
            ),
        ),
    ),
    "missing mask, nothing run": (
        "attention-mask-missing",
        call(batch([6, 5]), of=model(INSIDE, inputs={}), encoder=INSIDE, said={"input_ids": "ids"}),
        (
            "`attention_mask` is not fed, and 1 row has padding",
            (
                "`attention_mask` is not fed; row 1 of `ids` has 1 padding token, and nothing keeps the model "
                "from attending to it (how far that moves the output was not run). Padding with 0 is right: "
                "it is `config.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = (ids != 0).astype("int32")  # 1 on tokens, 0 on padding\n'
                "attention_mask=attention_mask  # in the call of `bert` inside `model`"
            ),
        ),
    ),
    "missing mask, the separator pads": (
        "attention-mask-missing",
        call(
            [[CLS, 5, SEP, SEP], [CLS, 5, 6, SEP]], tokenizer=dataclasses.replace(TOKENIZER, pad_id=SEP, made_rows=True)
        ),
        (
            "`attention_mask` is not fed, and 1 row has padding",
            (
                "`attention_mask` is not fed; row 0 of `input_ids` has 1 padding token, and nothing keeps the "
                "model from attending to it (how far that moves the output was not run). Padding with 3 is "
                "right: it is `tokenizer.pad_token_id`."
            ),
            "Feed the attention mask",
            (
                'attention_mask = tokenizer(texts, padding=True)["attention_mask"]  # 1 on tokens, 0 on padding\n'
                '{"input_ids": input_ids, "attention_mask": attention_mask}  # as the inputs of `model`'
            ),
        ),
    ),
    "mask dropped": (
        "attention-mask-missing",
        call(
            IDS,
            ONES,
            of=model(INSIDE, said="classifier", inputs={}),
            encoder=INSIDE,
            received={"input_ids": IDS},
            probe=0.3,
            said={"input_ids": 'enc["input_ids"]', "attention_mask": 'enc["attention_mask"]'},
        ),
        (
            '`enc["attention_mask"]` is fed, but does not reach the encoder',
            (
                '`enc["attention_mask"]` is fed, but `classifier` does not pass it to `bert`; rows 1 and 2 of '
                "`input_ids` have 2 padding tokens each, and the model reads them: other tokens in their "
                "place move the output by 0.3. Padding with 0 is right: it is `config.pad_token_id`."
            ),
            "Pass the attention mask on to the encoder",
            'attention_mask=enc["attention_mask"]  # in the call of `bert` inside `classifier`',
        ),
    ),
    "mask of ones": (
        "attention-mask-over-padding",
        call(IDS, ONES, unpadded=MEASURED, said={"input_ids": "ids", "attention_mask": "mask"}),
        (
            "`mask` is 1 where the tokens are padding",
            (
                "`mask` is 1 over padding; rows 1 and 2 of `ids` have 2 padding tokens each, and the model "
                "reads them: against the same text unpadded, their [CLS] moves by 0.31 (a row without padding "
                "moves by 0)."
            ),
            "Set the mask to 0 over padding",
            'mask = (ids != 0).astype("int32")',
        ),
    ),
    "mask of ones, an encoding's": (
        "attention-mask-over-padding",
        call(
            IDS,
            ONES.astype("float32"),
            kinds="tf.Tensor",
            said={"input_ids": 'x["input_ids"]', "attention_mask": 'x["attention_mask"]'},
        ),
        (
            '`x["attention_mask"]` is 1 where the tokens are padding',
            (
                '`x["attention_mask"]` is 1 over padding; rows 1 and 2 of `x["input_ids"]` have 2 padding '
                "tokens each, and nothing keeps the model from attending to them (how far that moves the "
                "output was not run)."
            ),
            "Set the mask to 0 over padding",
            'x["attention_mask"] = tf.cast(x["input_ids"] != 0, tf.float32)',
        ),
    ),
    "mask of ones, the model's own": (
        "attention-mask-over-padding",
        call(
            IDS,
            of=model(INSIDE, inputs={}),
            encoder=INSIDE,
            received={"input_ids": IDS, "attention_mask": ONES},
            probe=0.3,
        ),
        (
            "`model` makes an attention mask that is 1 where the tokens are padding",
            (
                "The attention mask that `model` makes for `bert` is 1 over padding; rows 1 and 2 of "
                "`input_ids` have 2 padding tokens each, and the model reads them: other tokens in their "
                "place move the output by 0.3."
            ),
            "Set the mask to 0 over padding",
            'attention_mask = (input_ids != 0).astype("int32")  # where `model` makes it',
        ),
    ),
}
