"""The sentences of the rule on padding that could be cut, written out as in `test_messages.py`."""

from __future__ import annotations

from dtype_facts import SHORT, SHORT_MASK
from facts_builder import Messages, call, model

FIXED = model(type="Functional", inputs={"input_ids": (None, 64), "attention_mask": (None, 64)})

MESSAGES: Messages = {
    "mostly padding": (
        "padding-wasteful",
        call(SHORT, SHORT_MASK, said={"input_ids": "ids"}),
        (
            "`ids` could be cut to 9 tokens a row",
            (
                "172 of the 192 tokens of `ids` are padding (90%): its 3 rows are 64 long, and the longest of "
                "them has 9 tokens. The mask covers the padding, which costs time and memory only."
            ),
            "Pad to the longest row",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")',
        ),
    ),
    "mostly padding, a fixed Input": (
        "padding-wasteful",
        call(SHORT, SHORT_MASK, of=FIXED, kinds="tf.Tensor"),
        (
            "`input_ids` could be cut to 9 tokens a row",
            (
                "172 of the 192 tokens of `input_ids` are padding (90%): its 3 rows are 64 long, and the longest "
                "of them has 9 tokens. The mask covers the padding, which costs time and memory only. The Input "
                "`input_ids` of `model` is fixed at 64, and is to be made with a free length then, or with 9."
            ),
            "Pad to the longest row",
            'enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")',
        ),
    ),
}
