"""Rules on what the attention mask holds: zeros throughout, the reverse, ids or counts, and another shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.padding import padded_rows
from bertmagic.facts.tensors import TensorFacts, values_text
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import encoder_name
from bertmagic.rules.dialect import ones_like
from bertmagic.rules.mask import covering, on_same_rows, read_padding
from bertmagic.rules.registry import rule
from bertmagic.rules.words import amount, count, rows_of

# Encoders that add (1 - mask) times a large negative number to the scores (transformers 4.53.3, `modeling_tf_*.py`).
# XLNet and Funnel compare with 0, and Longformer gives the value 2 a meaning of its own.
_ADDED = frozenset(
    {
        *("bert", "roberta", "distilbert", "electra", "albert", "mpnet", "camembert", "xlm-roberta", "convbert"),
        *("mobilebert", "rembert", "layoutlm"),
    }
)
# DistilBERT adds (1 - mask) times 1e30: beside it the scores of tokens with mask 0 vanish.
_SWALLOWS = frozenset({"distilbert"})


@rule("error")
def attention_mask_all_zero(call: CallFacts) -> Finding | None:
    """Rows whose attention mask has no 1 though they hold tokens.

    What it finds: rows of text whose mask is 0 throughout. Rows that only fill up a batch are left alone: padding only,
    special tokens only, copies of other rows, rows of sample weight 0 or with no label that counts.

    Why it is bad: with every position masked alike, the softmax of attention cancels the mask, and the row is read as
    if there were none, padding included; other models give NaN. Nothing is raised.

    Wrong:

        mask = np.zeros_like(ids)

    Right:

        mask = (ids != tokenizer.pad_token_id).astype("int32")
    """
    for encoder_call, ids, mask in _masked(call):
        found = call.padding(encoder_call)
        padding = found[1] if found is not None else np.zeros(ids.shape, bool)
        aligned = _aligned(ids, padding, mask)
        if aligned is None:
            continue
        some, padding, values = aligned
        rows = [int(row) for row in np.flatnonzero(~values.any(axis=1)) if _is_text(call, some, padding, int(row))]
        if not rows:
            continue
        named = [some.row_index(row) for row in rows]
        counts = {some.row_index(row): int((~padding[row]).sum()) for row in rows}
        low, high = min(counts.values()), max(counts.values())
        tokens = count(high, "token") if low == high else f"{low} to {high} tokens"
        return Finding(
            "attention-mask-all-zero",
            "error",
            mask.called,
            f"`{mask.called}` is 0 on every token of {rows_of(named)}",
            f"`{mask.called}` has no 1 in {rows_of(named)}, where `{some.called}` holds {tokens}"
            f"{' each' if len(rows) > 1 and low == high else ''}: attention to all positions is masked alike, so that "
            f"the mask keeps `{encoder_name(call, encoder_call)}` from nothing{_by_kernel(call)}.",
            {"rows": named, "tokens": counts, "mask": mask.called},
            _mask_fix(call, encoder_call, ids, mask),
        )
    return None


def _by_kernel(call: CallFacts) -> str:
    """What else may come of it: PyTorch's kernel gives 0 for a position that may attend to none (torch 2.13)."""
    if call.model.framework != "torch":
        return ""
    return ", or, where PyTorch's own attention runs (sdpa), no token gets anything from another"


@rule("error")
def attention_mask_inverted(call: CallFacts) -> Finding | None:
    """The attention mask is 0 on tokens and 1 on padding.

    What it finds: a mask that is the very reverse of what the padding asks for, in every row with padding.

    Why it is bad: the model attends to the padding alone, without an error. PyTorch's `key_padding_mask` and a test for
    the padding token (`ids == pad`) give such a mask.

    Wrong:

        mask = (ids == tokenizer.pad_token_id).astype("int32")

    Right:

        mask = (ids != tokenizer.pad_token_id).astype("int32")
    """
    for encoder_call, _, mask in _masked(call):
        found = read_padding(call, encoder_call)
        aligned = _aligned(*found, mask) if found is not None else None
        if aligned is None:
            continue
        ids, padding, values = aligned
        pad_id = call.pad_id(encoder_call.encoder)
        rows = [int(row) for row in padded_rows(padding)]
        texts = ~padding.all(axis=1)
        reverse = (values == padding)[texts].all() or (values == (ids.values == pad_id))[texts].all()
        if not rows or not reverse:
            continue
        named = [ids.row_index(row) for row in rows]
        moved = {row: far for row, far in (call.unpadded.moved if call.unpadded else {}).items() if row in named}
        effect = f": against the same text unpadded, [CLS] moves by {amount(max(moved.values()))}" if moved else ""
        return Finding(
            "attention-mask-inverted",
            "error",
            mask.called,
            f"`{mask.called}` is 1 on padding and 0 on tokens",
            f"`{mask.called}` is 1 where `{ids.called}` is padding ({pad_id}) and 0 where it holds tokens, in "
            f"{rows_of(named)}: `{encoder_name(call, encoder_call)}` attends to the padding alone{effect}.",
            {
                "rows": named,
                "padding tokens": {ids.row_index(row): int(padding[row].sum()) for row in rows},
                "padding token": pad_id,
                **({"[CLS] moves": moved} if moved else {}),
            },
            _mask_fix(call, encoder_call, ids, mask),
        )
    return None


@rule("error")
def attention_mask_values(call: CallFacts) -> Finding | None:
    """The attention mask holds values other than 0 and 1.

    What it finds: token ids or counts in the mask's place, of different values within a row, for encoders that add the
    mask to the scores of attention; an additive mask (0 and large negative numbers) where it fails. One value
    throughout a row's tokens, fractions, and an additive mask that comes out right are left alone. In PyTorch and Keras
    3 every number but 0 counts as 1: there, a mask is wrong where that covers other positions than the padding.

    Why it is bad: transformers' TF models add (1 - mask) times -10000 to the scores, so that a row attends only to the
    token with the largest number in the mask. In PyTorch and Keras 3 an additive mask, 0 on tokens, hides the tokens
    and shows the padding. Nothing is raised.

    Wrong:

        mask = tf.where(ids == tokenizer.pad_token_id, 0, ids)

    Right:

        mask = tf.where(ids == tokenizer.pad_token_id, 0, 1)
    """
    for encoder_call, ids, mask in _masked(call):
        values = mask.values
        if values is None or encoder_call.encoder.family not in _ADDED or values.dtype.kind not in "iuf":
            continue
        if call.model.framework != "tf-keras":
            # It becomes bool there: `any number != 0` (transformers 5.23, `masking_utils.py`; keras_hub 0.32,
            # `layers/modeling/transformer_layer_utils.py`).
            counted = _counted_wrong(call, encoder_call, mask)
            if counted is not None:
                return _counted_finding(call, encoder_call, ids, mask, counted)
            continue
        wrong = _counting_rows(values) if np.isfinite(values).all() else None
        held = _held(values, ids) if wrong is not None else "an additive mask"
        if wrong is None and not _additive_fails(call, encoder_call, values):
            continue
        rows = [mask.row_index(int(row)) for row in (range(len(values)) if wrong is None else wrong)]
        if wrong is None:
            why = "the scores of its tokens vanish beside the number that is added for a mask of 0"
            if not np.isfinite(values).all():
                why = "NaN comes out"
        else:
            why = f"it attends only to the tokens with the largest number, in {rows_of(rows)}"
        return Finding(
            "attention-mask-values",
            "error",
            mask.called,
            f"`{mask.called}` holds {held} where 1 and 0 are taken",
            f"`{mask.called}` holds {values_text(mask)} ({held}) where `{encoder_name(call, encoder_call)}` takes 1 on "
            f"tokens and 0 on padding: {why}.",
            {"rows": rows, "values": values_text(mask), "first row": [float(each) for each in values[0][:8]]},
            _mask_fix(call, encoder_call, ids, mask),
        )
    return None


def _counted_wrong(call: CallFacts, encoder_call: EncoderCallFacts, mask: TensorFacts) -> tuple[list[int], str] | None:
    """The rows (of the batch) where a mask of other numbers than 0 and 1 hides or shows what it must not, and how."""
    values, found = mask.values, call.padding(encoder_call)
    if values is None or found is None or not call.ran or np.isin(values, (0, 1)).all():
        return None
    # Keras cuts fractions off first, as its Input of int32 has it.
    kept = np.trunc(values) if call.model.framework == "keras" else values
    aligned = _aligned(*found, dataclasses.replace(mask, values=(np.nan_to_num(kept, nan=1.0) != 0).astype("int32")))
    if aligned is None:
        return None
    some, padding, counted = aligned
    texts = ~padding.all(axis=1)
    covered = ((counted == 1) & padding).any(axis=1) & texts
    hidden = ~((counted == 1) & ~padding).any(axis=1) & texts
    rows = np.flatnonzero(covered | hidden)
    if not rows.size:
        return None
    if hidden[rows].all() and covered[rows].any():
        what = "its tokens are hidden and its padding is attended to"
    elif hidden[rows].all():
        what = "all of its tokens are hidden"
    else:
        what = "its padding is attended to"
    named = [some.row_index(int(row)) for row in rows]
    return named, what if len(named) == 1 else what.replace("its", "their")


def _counted_finding(
    call: CallFacts,
    encoder_call: EncoderCallFacts,
    ids: TensorFacts,
    mask: TensorFacts,
    counted: tuple[list[int], str],
) -> Finding:
    rows, what = counted
    values = mask.values
    assert values is not None
    zeros_on_tokens = values.dtype.kind == "f" and bool((values <= 0).all())
    held = "an additive mask" if zeros_on_tokens else _held(values, ids)
    if not zeros_on_tokens and (values != np.floor(values)).any():
        held = "fractions"
    cut = call.model.framework == "keras" and values.dtype.kind == "f"
    counts = "Keras cuts it off to whole numbers, of which every one but 0" if cut else "Every number but 0"
    return Finding(
        "attention-mask-values",
        "error",
        mask.called,
        f"`{mask.called}` holds {held} where 1 and 0 are taken",
        f"`{mask.called}` holds {values_text(mask)} ({held}) where `{encoder_name(call, encoder_call)}` takes 1 on "
        f"tokens and 0 on padding. {counts} counts as 1: {what} in {rows_of(rows)}.",
        {"rows": rows, "values": values_text(mask), "first row": [float(each) for each in values[0][:8]]},
        _mask_fix(call, encoder_call, ids, mask),
    )


@rule("error")
def attention_mask_shape(call: CallFacts) -> Finding | None:
    """The attention mask has another shape than the token ids, and broadcasts or fails.

    What it finds: a mask of (batch, 1), (1, sequence) or (sequence, batch) beside token ids (batch, sequence), where
    the forward pass fails or the padding is not covered; a mask of three axes or more where the forward pass fails.

    Why it is bad: (batch, 1) masks all positions of a row alike, and so none; (1, sequence) puts one row's padding on
    every row. Both can run without an error.

    Wrong:

        mask = (lengths > 0)[:, None]                      # (batch, 1)

    Right:

        mask = np.arange(ids.shape[1]) < lengths[:, None]  # (batch, sequence)
    """
    for encoder_call in call.encoder_calls:
        ids, mask = encoder_call.whole("input_ids"), encoder_call.given.get("attention_mask")
        given = encoder_call.given.get("input_ids")
        # A model made from Inputs that is the encoder itself looks at its inputs' axes before anything is computed.
        refused = call.error is not None and call.model.is_of_inputs and not encoder_call.encoder.path
        if not (encoder_call.seen or refused) or ids is None or mask is None or given is None or call.model.choices:
            continue
        if len(given.shape) != 2 or len(mask.shape) < 2 or 0 in given.shape or not _misfits(given, mask):
            continue
        failed = call.error is not None and call.error.where == "forward"
        if failed and not _fails_in(call, encoder_call):
            continue
        uncovered = [] if failed else _uncovered(call, encoder_call, given, mask)
        if not failed and not uncovered:
            continue
        whole = encoder_call.source.get("attention_mask")
        said = whole if whole is not None else mask
        # The whole batch's shapes where they are known; else those of the rows that ran.
        shape, beside = (
            (whole.shape, ids.shape) if whole is not None and ids.rows is None else (mask.shape, given.shape)
        )
        if failed:
            assert call.error is not None
            then = f"{call.error.type} is raised."
        else:
            then = (
                f"it is broadcast over the {'sequence' if mask.shape[1] == 1 else 'batch'} axis, and does not fit the "
                f"padding of {rows_of(uncovered)}."
            )
        return Finding(
            "attention-mask-shape",
            "error",
            said.called,
            f"`{said.called}` has not the shape of `{ids.called}`",
            f"`{said.called}` reaches `{encoder_name(call, encoder_call)}` with shape {shape} beside token ids of "
            f"shape (batch={beside[0]}, seq={beside[1]}): {then}",
            {"shape": list(shape), "expected": list(beside), "rows": uncovered},
            _mask_fix(call, encoder_call, ids, said),
        )
    return None


def _fails_in(call: CallFacts, encoder_call: EncoderCallFacts) -> bool:
    """Whether the call raised in that encoder, or in no layer that is known."""
    layer, path = call.error.layer if call.error is not None else None, encoder_call.encoder.path
    return layer is None or not path or layer == path or layer.startswith((f"{path}/", f"{path}."))


def _misfits(ids: TensorFacts, mask: TensorFacts) -> bool:
    rows, length = ids.shape
    if mask.shape == ids.shape:
        return False
    if len(mask.shape) == 2:
        return mask.shape in ((rows, 1), (1, length), (1, 1), (length, rows))
    # One axis of size 1 too many is the batch axis' matter; other masks of three axes some encoders take.
    extra = len(mask.shape) == 3 and 1 in mask.shape[:2] and sorted(mask.shape) == sorted((1, rows, length))
    return not extra


def _uncovered(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts, mask: TensorFacts) -> list[int]:
    """The rows (of the batch) whose padding a mask that is broadcast does not fit; only for masks of two axes."""
    found = read_padding(call, encoder_call)
    if found is None or mask.values is None or len(mask.shape) != 2 or ids.values is None:
        return []
    whole, padding = found
    if whole.rows != ids.rows and whole.rows is None and ids.rows is not None:
        padding = padding[list(ids.rows)]
    if padding.shape != ids.shape or not np.isin(mask.values, (0, 1)).all():
        return []
    attended = np.broadcast_to(mask.values == 1, ids.shape) if mask.shape[0] in (1, len(padding)) else None
    if attended is None:
        return []
    # Where a whole row is masked alike, nothing is masked.
    attended = attended | ~attended.any(axis=1, keepdims=True)
    return [ids.row_index(int(row)) for row in padded_rows(padding) if (attended[row] & padding[row]).any()]


def _masked(call: CallFacts) -> Iterator[tuple[EncoderCallFacts, TensorFacts, TensorFacts]]:
    """Each encoder's call that was seen, with its token ids and its mask, both of two axes."""
    for encoder_call in call.encoder_calls:
        ids, mask = encoder_call.whole("input_ids"), encoder_call.whole("attention_mask")
        if not encoder_call.seen or ids is None or mask is None or ids.values is None or mask.values is None:
            continue
        if ids.values.ndim == 2 == mask.values.ndim and ids.values.size and ids.shape[1:] == mask.shape[1:]:
            yield encoder_call, ids, mask


def _aligned(
    ids: TensorFacts, padding: np.ndarray, mask: TensorFacts
) -> tuple[TensorFacts, np.ndarray, np.ndarray] | None:
    """Ids, padding and a mask of 0 and 1 on the same rows."""
    return on_same_rows(ids, padding, mask) if padding.shape == ids.shape else None


def _is_text(call: CallFacts, ids: TensorFacts, padding: np.ndarray, row: int) -> bool:
    """Whether that row holds text that counts, and is not there to fill up the batch."""
    assert ids.values is not None
    tokens = ids.values[row][~padding[row]]
    tokenizer = call.tokenizer
    special = {tokenizer.pad_id, tokenizer.cls_id, *tokenizer.ends} if tokenizer is not None else set()
    if len({int(each) for each in tokens} - special) < (2 if tokenizer is not None else 3):
        return False
    if int((ids.values == ids.values[row]).all(axis=1).sum()) > 1:
        return False
    at = ids.row_index(row)
    for weight in call.weights:
        if weight.values is not None and weight.values.shape[:1] > (at,) and not np.any(weight.values[at]):
            return False
    for label in call.labels:
        values = label.values
        if values is None or values.shape[:1] <= (at,) or values.dtype.kind not in "iuf" or not values[at].size:
            continue
        if (values[at] == -100).all():
            return False
    return True


def _counting_rows(values: np.ndarray) -> list[int] | None:
    """The rows whose mask counts: whole numbers from 0, different ones above 0; None where there is no such row."""
    if (values != np.floor(values)).any() or (values < 0).any() or not (values > 1).any():
        return None
    most = values.max(axis=1, keepdims=True)
    rows = np.flatnonzero(((values > 0) & (values < most)).any(axis=1))
    return [int(row) for row in rows] or None


def _held(values: np.ndarray, ids: TensorFacts) -> str:
    """Token ids, or counts."""
    if ids.values is not None and ids.values.shape == values.shape:
        return "the token ids" if np.array_equal(np.where(values > 0, ids.values, 0), values) else "whole numbers"
    return "whole numbers"


def _additive_fails(call: CallFacts, encoder_call: EncoderCallFacts, values: np.ndarray) -> bool:
    """Whether the mask is additive (0 on tokens, large negative numbers elsewhere) and the model cannot take that."""
    if values.dtype.kind != "f" or not call.ran or not (values == 0).any(axis=1).all():
        return False
    if not ((values == 0) | (values <= -1000)).all() or (values == 0).all():
        return False
    if encoder_call.encoder.family in _SWALLOWS:
        return True
    outputs = [each.values for each in call.outputs if each.values is not None and each.values.dtype.kind == "f"]
    return not np.isfinite(values).all() and any(np.isnan(each).any() for each in outputs)


def _mask_fix(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts, mask: TensorFacts) -> Fix:
    title = "Make the mask 1 on tokens and 0 on padding"
    if call.pad_id(encoder_call.encoder) is None:
        return Fix(title, f"{mask.called} = {ones_like(ids)}  # where there is no padding")
    made = "attention_mask" not in encoder_call.source
    return Fix(title, covering(call, encoder_call, ids, mask, made))
