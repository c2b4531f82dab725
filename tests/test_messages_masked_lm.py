"""The sentences of the rule on the labels of masked-language models, written out as in `test_messages.py`."""

from __future__ import annotations

import numpy as np
from dtype_facts import CHOSEN, LONG, NOISY, UNPADDED, masked
from facts_builder import Messages

MESSAGES: Messages = {
    "masked, all labelled": (
        "mlm-labels-unmasked",
        masked(NOISY, UNPADDED, said={"input_ids": "noisy", "labels": "target"}),
        (
            "`target` has labels on tokens that are not masked",
            (
                "`target` has 72 labels, 12 of them on masked tokens; 52 of the 52 tokens of `noisy` that are not"
                " masked are labelled, in rows 0, 1, 2 and 3: 52 of these labels are the token's own id, and "
                "copying it is all that they ask for."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "target = np.where(noisy == tokenizer.mask_token_id, target, -100)",
        ),
    ),
    "nothing masked": (
        "mlm-labels-unmasked",
        masked(LONG, UNPADDED),
        (
            "`labels` has labels on tokens that are not masked",
            (
                "`labels` has 72 labels, 0 of them on masked tokens; 64 of the 64 tokens of `input_ids` that are "
                "not masked are labelled, in rows 0, 1, 2 and 3: 64 of these labels are the token's own id, and "
                "copying it is all that they ask for."
            ),
            "Mask some of the tokens, and label those",
            'collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, return_tensors="np")',
        ),
    ),
    "no tokenizer": (
        "mlm-labels-unmasked",
        masked(NOISY, UNPADDED, tokenizer=None),
        (
            "`labels` has labels on tokens that are not masked",
            (
                "`labels` has 72 labels, 12 of them on masked tokens; 60 of the 60 tokens of `input_ids` that are"
                " not masked are labelled, in rows 0, 1, 2 and 3: 60 of these labels are the token's own id, and "
                "copying it is all that they ask for."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "labels = np.where(input_ids == tokenizer.mask_token_id, labels, -100)",
        ),
    ),
    "labels on padding": (
        "mlm-labels-unmasked",
        masked(NOISY, np.where(CHOSEN | (LONG == 0), LONG, -100)),
        (
            "`labels` has labels on padding",
            (
                "`labels` has 20 labels, 12 of them on masked tokens; 8 of the 8 padding tokens of `input_ids` "
                "are labelled, in row 3: the loss counts them as it counts words."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "labels = np.where(input_ids == tokenizer.mask_token_id, labels, -100)",
        ),
    ),
    "labels on special tokens": (
        "mlm-labels-unmasked",
        masked(NOISY, np.where(CHOSEN | (LONG == 2), LONG, -100)),
        (
            "`labels` has labels on special tokens",
            (
                "`labels` has 16 labels, 12 of them on masked tokens; 4 of the 8 special tokens of `input_ids` "
                "are labelled, in rows 0, 1, 2 and 3: they stand in the same place whatever the text."
            ),
            "Label the chosen tokens only, here the masked ones, and -100 elsewhere",
            "labels = np.where(input_ids == tokenizer.mask_token_id, labels, -100)",
        ),
    ),
}
