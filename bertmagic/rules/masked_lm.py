"""The rule on the labels of a masked language model: they belong on the tokens that were chosen for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.padding import padding_positions
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import by_preprocessor, family, tensors_like, tokenizer_name
from bertmagic.rules.labels import compared_output
from bertmagic.rules.registry import rule
from bertmagic.rules.targets import IGNORED
from bertmagic.rules.words import rows_of

# Fewer labelled tokens than this may be left unchanged by chance: the usual collator does so with one in ten.
_FEW = 5
# The input by which KerasHub's masked models are told which tokens to predict.
_POSITIONS = "mask_positions"
# transformers' heads that read both sides of a token; a causal head shifts labels by itself, and takes the ids as such.
_MASKED_HEADS = ("ForMaskedLM", "ForPreTraining")
_CAUSAL = ("LMHeadModel", "ForCausalLM", "ForConditionalGeneration")
_CAUSAL_FAMILIES = ("gpt", "opt", "ctrl", "xglm", "transfo", "bart", "t5", "xlnet", "llama", "mistral")


@dataclass(frozen=True)
class _Labelled:
    """Where (batch, seq) labels are taken into the loss, and where the tokens are padding, special or masked."""

    ids: TensorFacts
    labels: TensorFacts
    where: np.ndarray
    same: np.ndarray
    padding: np.ndarray
    special: np.ndarray
    masked: np.ndarray
    mask_id: int | None


@rule("warning")
def mlm_labels_unmasked(call: CallFacts) -> Finding | None:
    """Masked-language-model labels stand on tokens that were not masked, or on padding or special tokens.

    What it finds: labels, in training, on most of the tokens that the model can read as they are, or on padding, or on
    [CLS] and [SEP] beside masked tokens, or on the places that fill up a row of KerasHub's `mask_positions`. The usual
    collator leaves a tenth of its labelled tokens unchanged: that is right. So are a causal model's labels, which are
    the ids, and corrections of wrong tokens.

    Why it is bad: most of the loss is for copying a token that stands in the input, which is soon 0 whatever the model
    learns of language.

    Wrong:

        labels = np.array(ids)
        ids[chosen] = tokenizer.mask_token_id
        mlm.fit(ids, labels)

    Right:

        labels = np.where(chosen, ids, -100)
        ids[chosen] = tokenizer.mask_token_id
        mlm.fit(ids, labels)
    """
    found = _labelled(call)
    if found is None:
        return _unfilled(call)
    tokens = ~found.padding & ~found.special & ~found.masked
    wrong = found.where & tokens
    # Labels everywhere that differ from some unmasked tokens correct them; with masks, or equal throughout, they copy.
    copies = bool(found.masked.any()) or not (found.where & ~found.same & tokens).any()
    if copies and int(wrong.sum()) >= _FEW and wrong.sum() > 0.5 * tokens.sum():
        unmasked = int((wrong & found.same).sum())
        kind = f"{int(wrong.sum())} of the {int(tokens.sum())} tokens of `{found.ids.called}` that are not masked"
        then = f"{unmasked} of these labels are the token's own id, and copying it is all that they ask for"
        return _finding(call, found, wrong, ("tokens that are not masked", kind, then))
    if (found.where & found.padding).any():
        places = found.where & found.padding
        kind = f"{int(places.sum())} of the {int(found.padding.sum())} padding tokens of `{found.ids.called}`"
        return _finding(call, found, places, ("padding", kind, "the loss counts them as it counts words"))
    special = found.where & found.special
    if found.masked.any() and special.any():
        kind = f"{int(special.sum())} of the {int(found.special.sum())} special tokens of `{found.ids.called}`"
        return _finding(
            call, found, special, ("special tokens", kind, "they stand in the same place whatever the text")
        )
    return None


def _unfilled(call: CallFacts) -> Finding | None:
    """Labels of places that no token was chosen for, of a model that takes the positions that it is to predict.

    keras_hub 0.32, `layers/preprocessing/masked_lm_mask_generator.py`: rows of fewer chosen tokens are filled up with
    position 0 and label 0, of which `mask_weights` are 0.
    """
    positions = next((each for each in call.inputs if each.name == _POSITIONS), None)
    if not _trains(call) or positions is None or positions.values is None or len(call.labels) != 1:
        return None
    ids, labels = call.encoder_calls[0].source.get("input_ids"), call.labels[0]
    output, encoder = compared_output(call), call.encoder_calls[0].encoder
    if ids is None or ids.values is None or labels.values is None or output is None or call.loss is None:
        return None
    wanted, places = labels.values, positions.values
    if not (wanted.shape == places.shape == output.shape[:2]) or output.shape[2:] != (encoder.vocab_rows,):
        return None
    if {wanted.dtype.kind, places.dtype.kind} - {"i", "u"} or call.loss.kind != "sparse" or call.loss.value is None:
        return None
    tokenizer, pad_id = call.tokenizer, call.pad_id(encoder)
    if tokenizer is None or pad_id is None or ids.values.ndim != 2 or len(ids.values) != len(places):
        return None
    if not places.size or places.min() < 0 or places.max() >= ids.values.shape[1] or call.loss.ignored == pad_id:
        return None
    read = np.take_along_axis(ids.values, places.astype("int64"), axis=1)
    # A label of padding where the model reads no mask: nothing was chosen there.
    wrong = (wanted == pad_id) & np.isin(read, [each for each in (tokenizer.cls_id, pad_id) if each is not None])
    for weight in call.weights:
        if weight.values is None or weight.shape not in (places.shape, (*places.shape, 1)):
            return None
        wrong &= weight.values.reshape(places.shape) != 0
    if int(wrong.sum()) < _FEW:
        return None
    rows = labels.rows_at(wrong)
    name = by_preprocessor(call) or tokenizer_name(call)
    return Finding(
        "mlm-labels-unmasked",
        "warning",
        labels.called,
        f"`{labels.called}` has labels for places that are not masked",
        f"{int(wrong.sum())} of the {wrong.size} labels of `{labels.called}` are {pad_id}, the padding token, and "
        f"`{positions.called}` points to a token that is not masked there, in {rows_of(rows)}: these places fill a row "
        f"up, and {'no sample weight is fed' if not call.weights else 'their sample weight is not 0'}, so that the "
        "loss counts them as it counts words.",
        {
            "labels": int(wrong.size),
            "of unused places": int(wrong.sum()),
            "rows": rows,
            "places": labels.places_at(wrong),
            "padding token": pad_id,
        },
        Fix(
            "Feed the weights that the preprocessor gives, which are 0 there",
            f"x, y, weights = {name}(texts)\n{call.model.said}.fit(x, y, sample_weight=weights)",
        ),
    )


def _trains(call: CallFacts) -> bool:
    """Whether the call trains, went through, and has one encoder: an evaluation may score tokens on purpose."""
    kinds = ("fit", "train_on_batch", "call", "check")
    looped = call.kind != "call" or _is_of_a_loop(call)
    return call.kind in kinds and looped and call.error is None and len(call.encoder_calls) == 1


def _finding(call: CallFacts, found: _Labelled, places: np.ndarray, words: tuple[str, str, str]) -> Finding:
    on, kind, then = words
    labels = found.labels
    rows = labels.rows_at(places)
    total, masked = int(found.where.sum()), int((found.where & found.masked).sum())
    mask_name = tokenizer_name(call)
    beside = f", {masked} of them on masked tokens" if found.mask_id is not None else ""
    code = f"{labels.called} = np.where({found.ids.called} == {mask_name}.mask_token_id, {labels.called}, {IGNORED})"
    if family(labels) in ("tensorflow", "torch"):
        code = code.replace("np.where", f"{'tf' if family(labels) == 'tensorflow' else 'torch'}.where")
    fix = Fix(f"Label the chosen tokens only, here the masked ones, and {IGNORED} elsewhere", code)
    if not found.masked.any():
        tensors = tensors_like(call.model, labels)
        code = (
            f'collator = DataCollatorForLanguageModeling({mask_name}, mlm_probability=0.15, return_tensors="{tensors}")'
        )
        fix = Fix("Mask some of the tokens, and label those", code)
    return Finding(
        "mlm-labels-unmasked",
        "warning",
        labels.called,
        f"`{labels.called}` has labels on {on}",
        f"`{labels.called}` has {total} labels{beside}; {kind} are labelled, in {rows_of(rows)}: {then}.",
        {
            "labels": total,
            "on masked tokens": masked,
            "rows": rows,
            "places": labels.places_at(places),
            "values": [int(each) for each in found.labels.values[places][:5]]
            if found.labels.values is not None
            else [],
            "masked token": found.mask_id,
            "ignored": IGNORED,
        },
        fix,
    )


def _labelled(call: CallFacts) -> _Labelled | None:
    """What is labelled, where the call trains a masked language model on (batch, seq) labels; None elsewhere."""
    if not _trains(call):
        return None
    encoder_call = call.encoder_calls[0]
    ids = encoder_call.source.get("input_ids")
    labels = _labels(call)
    if ids is None or labels is None or ids.values is None or labels.values is None or not ids.is_integer:
        return None
    ignored = _ignored(call, encoder_call, labels)
    if ignored is None or ids.shape != labels.shape or len(ids.shape) != 2 or labels.values.dtype.kind not in "iuf":
        return None
    pad_id, tokenizer = call.pad_id(encoder_call.encoder), call.tokenizer
    values, wanted = ids.values, labels.values
    where = (wanted != IGNORED) & (wanted >= 0) if ignored == IGNORED else wanted != ignored
    for weight in call.weights:
        if weight.values is None or weight.shape != ids.shape:
            return None  # Weights of another kind: what the loss counts is not known.
        where = where & (weight.values != 0)
    ends = tokenizer.ends if tokenizer is not None else ()
    padding = np.zeros(values.shape, bool) if pad_id is None else padding_positions(values, pad_id, ends)
    frame = {tokenizer.cls_id, tokenizer.sep_id} - {None} if tokenizer is not None else set()
    special = np.isin(values, sorted(each for each in frame if each is not None)) & ~padding
    same = values == wanted
    mask_id = tokenizer.mask_id if tokenizer is not None else _seems_masked(values[where & ~same])
    masked = values == mask_id if mask_id is not None else np.zeros(values.shape, bool)
    return _Labelled(ids, labels, where, same, padding, special, masked, mask_id)


def _is_of_a_loop(call: CallFacts) -> bool:
    """Whether a direct call is of a training loop.

    PyTorch takes gradients wherever it is not told to take none: a loop's module is in training mode, or an optimizer
    makes a step.
    """
    if call.model.framework != "torch":
        return call.watched
    return call.watched and (call.training is True or (call.state is not None and call.state.optimizer is not None))


def _labels(call: CallFacts) -> TensorFacts | None:
    """The labels of the tokens: the only ones, or those named so beside a sentence's."""
    if len(call.labels) == 1:
        return call.labels[0]
    return next((each for each in call.labels if each.name == "labels"), None)


def _ignored(call: CallFacts, encoder_call: EncoderCallFacts, labels: TensorFacts) -> int | None:
    """The label that this loss leaves out (-1 where it leaves out none); None where no masked model is known here."""
    model, rows = call.model, encoder_call.encoder.vocab_rows
    wide = [each for each in call.outputs if len(each.shape) == 3 and each.shape[:2] == labels.shape]
    if rows is None or not any(each.shape[2] == rows for each in wide) or model.type.endswith(_CAUSAL):
        return None
    if encoder_call.encoder.family.startswith(_CAUSAL_FAMILIES):
        return None
    if model.is_transformers and model.type.endswith(_MASKED_HEADS):
        own = call.loss is None or call.loss.kind == "internal"
        return IGNORED if own or call.loss is None else _told(call)
    if compared_output(call) is None or call.loss is None or call.loss.kind != "sparse" or call.loss.value is None:
        return None
    return _told(call)


def _told(call: CallFacts) -> int | None:
    """The class that a sparse loss was told to leave out, -1 for none."""
    if call.loss is None or call.loss.kind != "sparse":
        return None
    if call.model.framework == "torch" and call.loss.ignored is None:
        return IGNORED  # `ignore_index` of PyTorch's cross-entropy, where it is not told another
    return -1 if call.loss.ignored is None else call.loss.ignored


def _seems_masked(ids: np.ndarray) -> int | None:
    """The mask's id by the tokens that differ from their labels: most of them are one and the same."""
    found, counts = np.unique(ids, return_counts=True)
    if found.size == 0 or counts.max() < 2 or counts.max() < 0.6 * ids.size:
        return None
    return int(found[int(np.argmax(counts))])
