"""Rules on the attention mask and the padding that it should cover."""

from __future__ import annotations

import dataclasses

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.padding import padded_rows
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix, Proof
from bertmagic.rules.code import beside, encoder_name, input_of_role, mask_of
from bertmagic.rules.dataset import takes_mask_for_labels
from bertmagic.rules.dialect import by_name, called, input_layer, not_equal
from bertmagic.rules.registry import rule
from bertmagic.rules.words import amount, count, is_noise, rows_of

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
    if takes_mask_for_labels(call):
        return None  # with the structure mended, it is fed
    for encoder_call in call.encoder_calls:
        if not encoder_call.seen or "attention_mask" not in encoder_call.encoder.takes:
            continue
        if "attention_mask" in encoder_call.given:
            continue
        found = read_padding(call, encoder_call)
        if found is None:
            continue
        ids, padding = found
        rows = [int(row) for row in padded_rows(padding)]
        dropped = input_of_role(call, "attention_mask")
        if dropped is None:
            measured = call.unpadded is not None or "padding content" in call.probes
            some = f"{count(len(rows), 'row')} {'has' if len(rows) == 1 else 'have'} padding"
            name = encoder_call.encoder.name("attention_mask")
            title = f"`{name}` is not fed, and {'the model reads the padding' if measured else some}"
            fault = f"`{name}` is not fed"
        else:
            title = f"`{dropped.called}` is fed, but does not reach the encoder"
            encoder = encoder_name(call, encoder_call)
            fault = f"`{dropped.called}` is fed, but `{call.model.said}` does not pass it to `{encoder}`"
        return Finding(
            "attention-mask-missing",
            "warning",
            ids.called,
            title,
            _sentence(call, ids, padding, rows, fault) + _padding_is_right(call, ids, encoder_call),
            _evidence(call, ids, padding, rows),
            Fix(
                "Feed the attention mask" if dropped is None else "Pass the attention mask on to the encoder",
                _feeding(call, encoder_call, ids, dropped),
                proof=_proof(call),
            ),
        )
    return None


@rule("warning")
def attention_mask_over_padding(call: CallFacts) -> Finding | None:
    """The attention mask is 1 where the tokens are padding.

    What it finds: at positions whose token is padding, the mask that the encoder receives is not 0.

    Why it is bad: the model attends to the padding as if it were text, without an error. `np.ones_like(ids)` gives such
    a mask, and so does a mask made before the padding.

    Wrong:

        mask = np.ones_like(ids)

    Right:

        mask = (ids != tokenizer.pad_token_id).astype("int32")
    """
    for encoder_call in call.encoder_calls:
        mask = encoder_call.whole("attention_mask")
        found = read_padding(call, encoder_call) if encoder_call.seen else None
        if found is None or mask is None:
            continue
        aligned = on_same_rows(*found, mask)
        if aligned is None:
            continue
        ids, padding, values = aligned
        attended = padding & (values == 1)
        if call.tokenizer is None:
            # Without the tokenizer, the first of the padding may be the text's own last token with the same id.
            first = padding & (np.cumsum(padding, axis=1) == 1)
            if not (attended & ~first).any():
                continue
        # A mask of zeros throughout is another rule's matter.
        rows = [int(row) for row in padded_rows(padding) if attended[row].any()]
        if not rows:
            continue
        made = "attention_mask" not in encoder_call.source
        if made:
            of = f"The attention mask that `{call.model.said}` makes for `{encoder_name(call, encoder_call)}`"
            title = f"`{call.model.said}` makes an attention mask that is 1 where the tokens are padding"
            fault = f"{of} is 1 over padding"
        else:
            title = f"`{mask.called}` is 1 where the tokens are padding"
            fault = f"`{mask.called}` is 1 over padding"
        return Finding(
            "attention-mask-over-padding",
            "warning",
            call.model.said if made else mask.called,
            title,
            _sentence(call, ids, attended, rows, fault),
            {**_evidence(call, ids, attended, rows), "mask": mask.called},
            Fix("Set the mask to 0 over padding", covering(call, encoder_call, ids, mask, made), proof=_proof(call)),
        )
    return None


def read_padding(call: CallFacts, encoder_call: EncoderCallFacts) -> tuple[TensorFacts, np.ndarray] | None:
    """The ids and where they are padding; None where there is none, or where what was run shows that none is read."""
    found = call.padding(encoder_call)
    if found is None or not call.ran or not padded_rows(found[1]).size:
        return None
    # Where only the model tells the padding token, one at the end of each row may be the texts' own last token.
    if call.tokenizer is None and found[1][:, -1].all() and (found[1].sum(axis=1) == 1).all():
        return None
    probe = call.probes.get("padding content")
    if probe is not None and not probe.matters:
        return None
    # Some encoders make the mask from the padding themselves (XLM): then their rows do not move.
    if call.unpadded is not None and call.unpadded.moved and all(map(is_noise, call.unpadded.moved.values())):
        return None
    return found


def on_same_rows(
    ids: TensorFacts, padding: np.ndarray, mask: TensorFacts
) -> tuple[TensorFacts, np.ndarray, np.ndarray] | None:
    """The ids, their padding and the mask on the rows that both hold; None for a mask that is not 0/1 over tokens."""
    values = mask.values
    if values is None or ids.values is None or values.ndim != 2 or not np.isin(values, (0, 1)).all():
        return None
    if mask.rows is not None and ids.rows is None:
        kept = list(mask.rows)
        ids, padding = dataclasses.replace(ids, values=ids.values[kept], rows=mask.rows), padding[kept]
    elif ids.rows is not None and mask.rows is None:
        values = values[list(ids.rows)]
    elif ids.rows != mask.rows:
        return None
    return (ids, padding, values) if values.shape == padding.shape else None


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
    them = "it" if counts == [1] and len(rows) == 1 else "them"
    where = f"{fault}; {rows_of(named)} of `{ids.called}` {verb} {tokens}"
    moved = {row: far for row, far in (call.unpadded.moved if call.unpadded else {}).items() if row in named}
    probe = call.probes.get("padding content")
    if not moved and probe is None:
        unknown = "how far that moves the output was not run"
        return f"{where}, and nothing keeps the model from attending to {them} ({unknown})."
    said = f"{where}, and the model reads {them}"
    if not moved:
        assert probe is not None
        place = "its place" if them == "it" else "their place"
        return f"{said}: other tokens in {place} move the output by {amount(probe.moved)}."
    low, high = amount(min(moved.values())), amount(max(moved.values()))
    by = f"by {high}" if low == high else f"by {low} to {high}"
    plain = call.unpadded.plain if call.unpadded is not None else {}
    still = f" (a row without padding moves by {amount(max(plain.values()))})" if plain else ""
    whose = "its [CLS]" if len(rows) == 1 else "their [CLS]"
    if len(moved) < len(named):
        whose = f"the [CLS] of {rows_of(sorted(moved))}"
    return f"{said}: against the same text unpadded, {whose} moves {by}{still}."


def _padding_is_right(call: CallFacts, ids: TensorFacts, encoder_call: EncoderCallFacts) -> str:
    """For ids that are not an encoding's own: that the padding token is the right one, and whose word that is."""
    if beside(ids, "input_ids", "attention_mask") is not None:
        return ""
    pad_id = call.pad_id(encoder_call.encoder)
    if call.tokenizer is not None and call.tokenizer.pad_id == pad_id:
        source = f"`{call.tokenizer.said or 'tokenizer'}.pad_token_id`"
    elif call.model.framework == "keras":
        return ""  # KerasHub's backbones have no padding token, and no config
    else:
        source = "`config.pad_token_id`"
    return f" Padding with {pad_id} is right: it is {source}."


def _feeding(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts, dropped: TensorFacts | None) -> str:
    """The mask, and where to put it: the model takes it already, needs an `Input` for it, or does not pass it on."""
    model, encoder = call.model, encoder_name(call, encoder_call)
    inner, own = encoder_call.encoder.name("attention_mask"), model.name("attention_mask")
    if dropped is not None:
        passed = _as_argument(call, inner, dropped.called)
        return f"{passed}  # in the call of `{encoder}` inside `{model.said}`"
    code = mask_of(call, encoder_call, ids)
    made = beside(ids, "input_ids", "attention_mask") is None
    mask = inner if made else code
    lines = [f"{mask} = {code}  # 1 on tokens, 0 on padding"] if made else []
    takes = any(each.role == "attention_mask" for each in model.inputs)
    fed = {ids.name if model.is_of_inputs else model.name("input_ids"): ids.called, own: mask}
    if model.is_of_inputs and takes:
        fed = {**{each.name: each.called for each in call.inputs}, own: mask}
    if takes and call.kind in ("call", "check") and model.framework == "keras":
        lines.append(called(model, fed))
    elif takes and call.kind in ("call", "check"):
        lines.append(f"{model.said}({ids.called}, {own}={mask})")
    elif takes:
        lines.append(f"{by_name(fed)}  # as the inputs of `{model.said}`")
    elif model.inputs and model.framework != "torch":
        lines.append(f"mask_input = {input_layer(model, '(None,)', name=inner)}")
        passed = _as_argument(call, inner, "mask_input")
        lines.append(f"# call `{encoder}` with {passed}, and make `{model.said}` with mask_input too")
        lines.append(f"[{ids.called}, {mask}]  # as the inputs of `{model.said}`")
    else:
        lines.append(f"{_as_argument(call, inner, mask)}  # in the call of `{encoder}` inside `{model.said}`")
    return "\n".join(lines)


def _as_argument(call: CallFacts, name: str, code: str) -> str:
    """An argument of an encoder's call: a keyword, or an item of the one dict that KerasHub's encoders take."""
    return f'{{"{name}": {code}}}' if call.model.speaks_hub else f"{name}={code}"


def covering(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts, mask: TensorFacts, made: bool) -> str:
    """A mask that is 0 over the padding, assigned to the user's own name."""
    if made:
        pad_id = call.pad_id(encoder_call.encoder)
        name = encoder_call.encoder.name("attention_mask")
        return f"{name} = {not_equal(ids, pad_id, mask.dtype)}  # where `{call.model.said}` makes it"
    code = mask_of(call, encoder_call, ids, mask.dtype)
    if code == mask.called:
        # The mask stands beside the ids in the encoding already: it was changed there.
        code = not_equal(ids, call.pad_id(encoder_call.encoder), mask.dtype)
    return f"{mask.called} = {code}"


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


def _proof(call: CallFacts) -> Proof | None:
    """What was run with the right mask: the same rows, within 1e-4 of themselves unpadded; None where it was not."""
    if call.unpadded is None or not call.unpadded.masked:
        return None
    after = max(call.unpadded.masked.values())
    before = max(call.unpadded.moved.values(), default=0.0)
    if after > _PROVED_BELOW:
        return None
    ran = f"the encoder on {rows_of(sorted(call.unpadded.masked))}, with a mask that is 0 over padding"
    without, with_it = amount(before), amount(after)
    return Proof(ran, f"against the same text unpadded, [CLS] moves by {with_it}, and by {without} as it was fed")
