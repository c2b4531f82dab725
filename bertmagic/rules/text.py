"""Rules on token ids: what they may be, and how many."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed, rows_of


@rule("error")
def ids_out_of_vocabulary(call: CallFacts) -> Finding | None:
    """A token id is negative, or not below the rows of the word embeddings.

    What it finds: ids that the embedding has no row for, where the tokenizer is not to blame (a tokenizer with more
    tokens than the model has rows is another checkpoint's).

    Why it is bad: on a CPU the lookup raises; on a GPU TensorFlow gathers zeros for it, without a word.

    Wrong:

        ids = np.where(mask == 1, ids, -100)
        model(ids)

    Right:

        labels = np.where(mask == 1, ids, -100)   # -100 belongs in the labels, which a loss ignores
        model(ids)
    """
    for encoder_call, ids in call.token_ids():
        values, rows = ids.values, encoder_call.encoder.vocab_rows
        if values is None or rows is None or values.dtype.kind not in "iuf" or values.ndim == 0:
            continue
        if call.tokenizer is not None and call.tokenizer.vocab_rows > rows and not (values < 0).any():
            continue
        bad = (values < 0) | (values >= rows)
        if not bad.any():
            continue
        where = np.argwhere(bad)
        found = sorted({int(value) for value in values[bad]})
        at = sorted({ids.row_index(int(place[0])) for place in where})
        position = f", first at position {int(where[0][-1])}" if values.ndim > 1 else ""
        place = rows_of(at) if values.ndim > 1 else f"positions {listed(at)}"
        return Finding(
            "ids-out-of-vocabulary",
            "error",
            ids.called,
            f"`{ids.called}` holds token ids that the model has no embedding for",
            f"`{ids.called}` holds {listed(found)} in {place}{position}; token ids are 0 to {rows - 1} for the {rows} rows of "
            f"`{encoder_call.encoder.source}`. TensorFlow raises for such an id on a CPU and reads zeros for it on a GPU.",
            {
                "ids": found[:20],
                "rows": at,
                "places": [[ids.row_index(int(place[0])), *map(int, place[1:])] for place in where[:20]],
                "vocabulary rows": rows,
                "source": encoder_call.encoder.source,
            },
            Fix("Keep the ids within the vocabulary", _vocabulary_fix(ids.called, found, call)),
        )
    return None


def _vocabulary_fix(name: str, found: list[int], call: CallFacts) -> str:
    if found[0] == -100:
        return f"# -100 belongs in the labels, where the loss ignores it; `{name}` keeps the tokenizer's own ids"
    pad = call.tokenizer.pad_id if call.tokenizer is not None else None
    if found[0] < 0 and len(found) == 1 and pad is not None:
        return f"# pad with `{call.tokenizer.said or 'tokenizer'}.pad_token_id` ({pad}), not with {found[0]}"  # type: ignore[union-attr]
    return f"# feed `{name}` as the tokenizer gave it"


@rule("error")
def sequence_too_long(call: CallFacts) -> Finding | None:
    """The sequence is longer than the model has positions for.

    What it finds: more tokens in a row than the encoder's position embeddings have rows: 512 for BERT. RoBERTa's table
    has 514 rows and counts from its padding id + 1, so that it takes 512 tokens too.

    Why it is bad: on a CPU the position lookup raises from a layer that nobody wrote; on a GPU TensorFlow gathers zeros.

    Wrong:

        enc = tokenizer(texts, padding=True, return_tensors="tf")

    Right:

        enc = tokenizer(texts, padding=True, truncation=True, max_length=512, return_tensors="tf")
    """
    for encoder_call in call.encoder_calls:
        encoder = encoder_call.encoder
        tokens = encoder_call.whole("input_ids") or encoder_call.whole("inputs_embeds")
        most = encoder.max_tokens
        if tokens is None or most is None or len(tokens.shape) < 2 or "position_ids" in encoder_call.given:
            continue
        length = tokens.shape[1] if tokens.role == "inputs_embeds" else tokens.shape[-1]
        rows: list[int] = []
        if encoder.position_offset and tokens.role == "input_ids" and tokens.values is not None:
            # Positions are counted over tokens that are not padding (transformers 4.53.3, TFRobertaEmbeddings).
            counts = (tokens.values != encoder.position_offset - 1).sum(axis=-1).reshape(-1)
            rows = [tokens.row_index(int(row)) for row in np.flatnonzero(counts > most)] if tokens.values.ndim == 2 else []
            length = int(counts.max(initial=0))
        if length <= most:
            continue
        where = f" in {rows_of(rows)}" if rows else ""
        table = f"{encoder.positions} rows of position embeddings"
        if encoder.position_offset:
            table += f", counted from {encoder.position_offset}"
        limit = "" if call.tokenizer is None or call.tokenizer.said is None else f"{call.tokenizer.said}"
        return Finding(
            "sequence-too-long",
            "error",
            tokens.called,
            f"`{tokens.called}` has {length} tokens a row; the model takes {most}",
            f"`{tokens.called}` is {length} tokens long{where}, and `{encoder.type}` takes at most {most} ({table}): "
            f"{length - most} too many.",
            {"length": length, "most": most, "positions": encoder.positions, "offset": encoder.position_offset, "rows": rows},
            Fix(
                f"Truncate to {most} tokens",
                f"enc = {limit or 'tokenizer'}(texts, padding=True, truncation=True, max_length={most}, return_tensors=\"tf\")",
            ),
        )
    return None
