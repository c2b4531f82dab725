"""Rules on the attention mask and the padding that it should cover."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.padding import padded_rows
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix, Proof
from bertmagic.rules.registry import rule
from bertmagic.rules.words import amount, count, rows_of

# What a row that is right moves by between two batch shapes, at most: the proof of the fix must stay below it.
_PROVED_BELOW = 1e-4


@rule("warning")
def attention_mask_missing(call: CallFacts) -> Finding | None:
    """Rows have padding and the model gets no attention mask.

    What it finds: the encoder receives token ids with padding and no `attention_mask`.

    Why it is bad: without a mask transformers attends to every position, padding included (its models put a mask of
    ones in the place of a missing one). Nothing is raised. A text's vector then depends on how long the longest text of
    its batch is, and the predictions with it.

    Wrong:

        enc = tokenizer(texts, padding=True, return_tensors="tf")
        hidden = bert(enc["input_ids"]).last_hidden_state

    Right:

        enc = tokenizer(texts, padding=True, return_tensors="tf")
        hidden = bert(enc["input_ids"], attention_mask=enc["attention_mask"]).last_hidden_state
    """
    for encoder_call in call.encoder_calls:
        if not encoder_call.seen or "attention_mask" not in encoder_call.encoder.takes:
            continue
        if "attention_mask" in encoder_call.given:
            continue
        found = _read_padding(call, encoder_call)
        if found is None:
            continue
        ids, padding, rows = found
        fix = Fix(
            "Feed the attention mask",
            "attention_mask = tokenizer(texts, padding=True)[\"attention_mask\"]  # 1 on tokens, 0 on padding; feed it"
            " beside the ids, through an `Input` of its own where the model has `Input`s",
            proof=_proof(call, rows),
        )
        detail = _sentence(call, ids, padding, rows, "`attention_mask` is not fed") + _padding_is_right(call, ids, encoder_call)
        return Finding(
            "attention-mask-missing",
            "warning",
            ids.called,
            "`attention_mask` is not fed, and the model reads the padding",
            detail,
            _evidence(call, ids, padding, rows),
            fix,
        )
    return None


@rule("warning")
def attention_mask_over_padding(call: CallFacts) -> Finding | None:
    """The attention mask is 1 where the tokens are padding.

    What it finds: at positions whose token is padding, the mask that the encoder receives is not 0.

    Why it is bad: the model attends to the padding as if it were text, without an error. This is what `np.ones_like(ids)`
    gives for a mask, or a mask made before the padding.

    Wrong:

        mask = np.ones_like(ids)

    Right:

        mask = (ids != tokenizer.pad_token_id).astype("int32")
    """
    for encoder_call in call.encoder_calls:
        mask = encoder_call.whole("attention_mask")
        if not encoder_call.seen or mask is None or mask.values is None:
            continue
        found = _read_padding(call, encoder_call)
        if found is None:
            continue
        ids, padding, _ = found
        values = mask.values
        # Only a 0/1 mask over (batch, seq) says which tokens are text; other values are other rules' matter.
        if values.shape != ids.values.shape or not np.isin(values, (0, 1)).all() or mask.rows != ids.rows:  # type: ignore[union-attr]
            continue
        attended = padding & (values == 1)
        rows = [int(row) for row in padded_rows(padding) if attended[row].any() and (values[row] == 1).any()]
        if not rows:
            continue
        detail = _sentence(call, ids, attended, rows, f"`{mask.called}` is 1 over padding")
        return Finding(
            "attention-mask-over-padding",
            "warning",
            mask.called,
            f"`{mask.called}` is 1 where the tokens are padding",
            detail,
            {**_evidence(call, ids, attended, rows), "mask": mask.called},
            Fix(
                "Set the mask to 0 over padding",
                f"{_identifier(mask)} = ({ids.called} != {call.pad_id(encoder_call.encoder)})  # cast it to the mask's dtype",
                proof=_proof(call, rows),
            ),
        )
    return None


def _read_padding(call: CallFacts, encoder_call: EncoderCallFacts) -> tuple[TensorFacts, np.ndarray, list[int]] | None:
    """The ids, where they are padding, and the padded rows (of `ids.values`), unless a probe shows that nobody reads it."""
    found = call.padding(encoder_call)
    if found is None:
        return None
    ids, padding = found
    rows = [int(row) for row in padded_rows(padding)]
    if not rows or not call.ran:
        return None
    probe = call.probes.get("padding content")
    if probe is not None and not probe.matters:
        return None
    return ids, padding, rows


def _sentence(call: CallFacts, ids: TensorFacts, padding: np.ndarray, rows: list[int], fault: str) -> str:
    """The fault, the rows and their padding, and how far it moves them."""
    named = [ids.row_index(row) for row in rows]
    counts = sorted({int(padding[row].sum()) for row in rows})
    verb = "has" if len(rows) == 1 else "have"
    if len(counts) == 1:
        each = " each" if len(rows) > 1 else ""
        tokens = f"{count(counts[0], 'padding token')}{each}"
    else:
        tokens = f"{counts[0]} to {counts[-1]} padding tokens"
    said = f"{fault}; {rows_of(named)} of `{ids.called}` {verb} {tokens}, and the model reads them"
    moved = _moved(call, named)
    if not moved:
        probe = call.probes.get("padding content")
        if probe is None:
            return f"{said} (how far they move the output was not run)."
        return f"{said}: other tokens in their place move the output by {amount(probe.moved)}."
    low, high = amount(min(moved.values())), amount(max(moved.values()))
    by = f"by {high}" if low == high else f"by {low} to {high}"
    shown = "" if len(moved) == len(named) else f" ({rows_of(sorted(moved))} run)"
    plain = call.unpadded.plain if call.unpadded is not None else {}
    still = f" (a row without padding moves by {amount(max(plain.values()))})" if plain else ""
    whose = "its" if len(moved) == 1 else "their"
    return f"{said}: against the same text unpadded, {whose} [CLS] moves {by}{shown}{still}."


def _moved(call: CallFacts, rows: list[int]) -> dict[int, float]:
    """By the batch's row, how far [CLS] moves against the row without its padding; only the rows that were run."""
    if call.unpadded is None:
        return {}
    return {row: moved for row, moved in call.unpadded.moved.items() if row in rows}


def _padding_is_right(call: CallFacts, ids: TensorFacts, encoder_call: EncoderCallFacts) -> str:
    """That the padding token itself is the right one, and whose word that is."""
    pad_id = call.pad_id(encoder_call.encoder)
    if call.tokenizer is not None and call.tokenizer.pad_id is not None:
        source = f"`{call.tokenizer.said or 'tokenizer'}.pad_token_id`"
    else:
        source = "`config.pad_token_id`"
    return f" Padding with {pad_id} is right: it is {source}."


def _evidence(call: CallFacts, ids: TensorFacts, padding: np.ndarray, rows: list[int]) -> dict[str, object]:
    named = [ids.row_index(row) for row in rows]
    evidence: dict[str, object] = {
        "rows": named,
        "padding tokens": {ids.row_index(row): int(padding[row].sum()) for row in rows},
        "first padding position": {ids.row_index(row): int(np.flatnonzero(padding[row])[0]) for row in rows},
    }
    if call.unpadded is not None:
        evidence["[CLS] moves"] = {**call.unpadded.moved}
        evidence["[CLS] of rows without padding moves"] = {**call.unpadded.plain}
        if call.unpadded.masked is not None:
            evidence["[CLS] moves with the mask"] = {**call.unpadded.masked}
    probe = call.probes.get("padding content")
    if probe is not None:
        evidence["output moves by other tokens at padding"] = probe.moved
        evidence["output size"] = probe.scale
    return evidence


def _proof(call: CallFacts, rows: list[int]) -> Proof | None:
    """What was run with the right mask: the same rows, within 1e-4 of themselves unpadded; None where it was not run."""
    if call.unpadded is None or not call.unpadded.masked:
        return None
    after = max(call.unpadded.masked.values())
    before = max(call.unpadded.moved.values(), default=0.0)
    if after > _PROVED_BELOW:
        return None
    ran = f"the encoder on {rows_of(sorted(call.unpadded.masked))}, with a mask that is 0 over padding"
    return Proof(ran, f"[CLS] moved by {amount(before)} against the same text unpadded, and now by {amount(after)}")


def _identifier(tensor: TensorFacts) -> str:
    return tensor.said if tensor.said is not None else "attention_mask"
