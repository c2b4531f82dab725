"""The advice on padding that is computed and read by nobody."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import tensors_like, tokenized
from bertmagic.rules.registry import rule

# Shorter batches cost next to nothing.
_SHORT = 32


@rule("advice")
def padding_wasteful(call: CallFacts) -> Finding | None:
    """Most of the batch is padding, and it could be shorter.

    What it finds: a batch of 32 tokens a row or more, over half of them padding, whose longest row is at most three
    quarters as long as the batch. The mask is right, and so are the outputs.

    Why it is bad: every layer computes the padding too; attention does so with the square of the length.

    Wrong:

        enc = tokenizer(texts, padding="max_length", max_length=512, return_tensors="np")

    Right:

        enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")   # as long as the longest
    """
    if not call.ran:
        return None
    for encoder_call in call.encoder_calls:
        found = call.padding(encoder_call)
        own = encoder_call.source.get("input_ids")
        mask = encoder_call.whole("attention_mask")
        if found is None or own is None or mask is None or mask.values is None:
            continue
        ids, padding = found
        # Another mask is a fault of its own, or means something else.
        if mask.values.shape != padding.shape or ((mask.values != 0) != ~padding).any():
            continue
        rows, width = padding.shape
        longest = int((~padding).sum(axis=1).max())
        share = float(padding.mean())
        if width < _SHORT or share <= 0.5 or not 0 < longest <= 0.75 * width:
            continue
        taken = call.model.input(own.name)
        fixed = taken is not None and taken.shape is not None and taken.shape[-1] == width
        note = (
            f" The Input `{own.name}` of `{call.model.said}` is fixed at {width}, and is "
            f"to be made with a free length then, or with {longest}."
            if fixed
            else ""
        )
        code = tokenized(call, tensors_like(call.model, ids))
        if call.model.speaks_hub:
            code = tokenized(call, "np", most=longest)
        return Finding(
            "padding-wasteful",
            "advice",
            ids.called,
            f"`{ids.called}` could be cut to {longest} tokens a row",
            f"{int(padding.sum())} of the {padding.size} tokens of `{ids.called}` are padding ({share:.0%}): its "
            f"{rows} rows are {width} long, and the longest of them has {longest} tokens. The mask covers the "
            f"padding, which costs time and memory only.{note}",
            {"padding": int(padding.sum()), "of": int(padding.size), "longest row": longest, "length": width},
            Fix("Pad to the longest row", code),
        )
    return None
