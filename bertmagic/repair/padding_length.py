"""Mends padding that nobody reads: the tokenizer pads to the longest text of the batch."""

from __future__ import annotations

import ast

from bertmagic.repair.registry import repairs
from bertmagic.repair.source import constant, keyword_of
from bertmagic.repair.trouble import Repair, Trouble


@repairs("padding-wasteful")
def pad_to_the_longest(trouble: Trouble) -> Repair | None:
    """`padding="max_length"` becomes `padding=True`, where the batch is tokenized at once and may be of any length."""
    call = trouble.call
    made = None if call is None else trouble.cell.made(call)
    if call is None or made is None or made.texts.shape != "batch":
        return None
    width = trouble.finding.evidence["length"]
    if any(each.shape is not None and len(each.shape) == 2 and each.shape[-1] == width for each in call.model.inputs):
        return None
    node = trouble.source.call_at(made.sites)
    given = None if node is None else keyword_of(node, "padding")
    if node is None or given is None or constant(given.value) != "max_length":
        return None
    # More than one call: the rows of all may be put together, and must be of one length then.
    if len(list(trouble.tokenizer_calls())) != 1 or not isinstance(trouble.source.scope(node), ast.Module):
        return None
    return Repair((trouble.source.replace(given.value, "True"),))
