"""Cause before symptom: the one place that says which finding explains which."""

from __future__ import annotations

from collections.abc import Iterable

from bertmagic.finding import GRAVITY, Finding

# What a mask or the padding seems to be where the tensors themselves are not what they should be.
_OF_THE_MASK = frozenset(
    {
        "attention-mask-all-zero",
        "attention-mask-inverted",
        "attention-mask-missing",
        "attention-mask-over-padding",
        "attention-mask-shape",
        "attention-mask-values",
    }
)
_OF_THE_AXES = frozenset({"attention-mask-missing", "attention-mask-shape", "labels-shape", "sequence-too-long"})
_OF_THE_TOKENS = frozenset({"padding-side", "padding-token-wrong", "special-tokens-doubled", "special-tokens-missing"})

# What is said of token ids that are no ids at all.
_OF_THE_IDS = (
    _OF_THE_MASK
    | _OF_THE_TOKENS
    | _OF_THE_AXES
    | {
        "batch-axis-extra",
        "batch-axis-missing",
        "container-unsupported",
        "dtype-mismatch",
        "ids-out-of-vocabulary",
        "input-missing",
        "input-unexpected",
        "sequence-length-mismatch",
        "tokenizer-model-mismatch",
    }
)
# What makes NaN of finite inputs.
_NOT_FINITE = frozenset({"outputs-not-finite"})

# Causes, first to last, each with the findings that follow from it and are left out beside it.
CAUSES: dict[str, frozenset[str]] = {
    "transformers-version-conflict": frozenset({"container-unsupported", "ragged-rows"}),
    "keras-version-conflict": frozenset(
        {"input-layer-shape", "input-layer-dtype", "output-object-as-tensor", "pooled-output-as-sequence"}
    ),
    "checkpoint-shape-mismatch": frozenset(),
    "custom-objects-missing": frozenset(),
    "saved-model-call": frozenset({"dtype-mismatch", "input-missing", "input-unexpected", "input-misnamed"}),
    "framework-mismatch": frozenset({"container-unsupported", "ragged-rows", "text-not-valid"}),
    "tokenizer-in-graph": frozenset({"text-not-valid"}),
    "text-not-valid": frozenset(),
    "input-layer-shape": frozenset({"input-layer-dtype"}),
    "input-layer-dtype": frozenset(),
    "output-object-as-tensor": frozenset({"pooled-output-as-sequence"}),
    "pooled-output-as-sequence": frozenset(),
    "word-list-as-batch": _OF_THE_TOKENS
    | {"row-count-mismatch", "labels-shape", "labels-not-aligned", "padding-wasteful", "ragged-rows"},
    "text-not-tokenized": _OF_THE_IDS | {"dataset-unbatched", "input-misnamed", "row-count-mismatch"},
    "embeddings-as-ids": _OF_THE_IDS | {"ids-not-integer"},
    "ragged-rows": _OF_THE_AXES | {"container-unsupported", "batch-axis-missing", "ids-not-integer", "input-missing"},
    "dataset-unbatched": _OF_THE_AXES | {"input-missing", "batch-axis-missing"},
    "dataset-structure": frozenset({"input-missing", "labels-missing", "labels-shape", "loss-mismatch"}),
    "container-unsupported": frozenset({"input-missing", "attention-mask-missing", "batch-axis-missing"}),
    "input-misnamed": frozenset({"input-missing", "input-unexpected", "attention-mask-missing"}),
    "input-unexpected": frozenset(),
    "input-missing": frozenset({"attention-mask-missing", "labels-shape"}),
    "batch-axis-missing": _OF_THE_AXES | {"row-count-mismatch"},
    "batch-axis-extra": _OF_THE_AXES,
    "labels-not-aligned": frozenset({"labels-shape", "row-count-mismatch", "loss-mismatch"}),
    "row-count-mismatch": frozenset({"labels-shape", "attention-mask-missing", "attention-mask-shape"}),
    "inputs-swapped": _OF_THE_MASK
    | _OF_THE_TOKENS
    | {
        "dtype-mismatch",
        "ids-not-integer",
        "ids-out-of-vocabulary",
        "token-type-ids-invalid",
        "tokenizer-model-mismatch",
    },
    "ids-not-integer": _OF_THE_TOKENS | {"dtype-mismatch", "ids-out-of-vocabulary", "tokenizer-model-mismatch"},
    "dtype-mismatch": frozenset({"attention-mask-shape", "attention-mask-values", "token-type-ids-invalid"}),
    "sequence-length-mismatch": frozenset({"attention-mask-missing", "attention-mask-shape"}),
    "tokenizer-model-mismatch": _NOT_FINITE | {"ids-out-of-vocabulary", "tokenizer-casing"},
    "padding-token-wrong": frozenset(
        {"ids-out-of-vocabulary", "attention-mask-over-padding", "attention-mask-missing"}
    ),
    "ids-out-of-vocabulary": _NOT_FINITE,
    "sequence-too-long": _NOT_FINITE,
    "sequence-output-unpooled": frozenset({"labels-shape", "loss-mismatch", "logits-flag-mismatch"}),
    "labels-missing": frozenset(),
    "labels-dtype": frozenset({"labels-out-of-range", "labels-shape", "loss-mismatch"}),
    "loss-mismatch": frozenset({"labels-out-of-range", "labels-shape", "logits-flag-mismatch"}),
    "labels-out-of-range": frozenset(),
    "labels-shape": frozenset(),
    "token-type-ids-invalid": frozenset(),
    "attention-mask-shape": frozenset(),
    "attention-mask-inverted": frozenset({"attention-mask-all-zero", "attention-mask-over-padding"}),
    "attention-mask-all-zero": _NOT_FINITE,
    "attention-mask-values": _NOT_FINITE,
    "outputs-not-finite": frozenset(),
    "logits-flag-mismatch": frozenset(),
    "regression-head-for-classes": frozenset(),
    "attention-mask-missing": frozenset(),
    "attention-mask-over-padding": frozenset(),
    "pooling-over-padding": frozenset(),
    "training-mode-at-inference": frozenset(),
    "tokenizer-casing": frozenset(),
    "padding-side": frozenset(),
    "special-tokens-doubled": frozenset(),
    "special-tokens-missing": frozenset(),
    "mlm-labels-unmasked": frozenset(),
    "padding-wasteful": frozenset(),
    "learning-rate-high": frozenset(),
    "memory-exceeds-device": frozenset(),
    "head-untrained": frozenset(),
    "pooler-unused": frozenset(),
    "device-not-used": frozenset(),
}


def of_calls(calls: Iterable[Iterable[Finding]], cell: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """The findings of several calls in one order; what is found in one call explains nothing in another.

    `cell`: what was found of the whole cell, which explains findings of each of its calls and may be explained by any.
    """
    whole = tuple(cell)
    groups = [tuple(findings) for findings in calls]
    unique: dict[tuple[str, str], Finding] = {}
    for found in groups:
        explained = _explained((*found, *whole))
        unique.update({(each.rule, each.subject): each for each in found if each.rule not in explained})
    explained = _explained((*whole, *(each for found in groups for each in found)))
    unique.update({(each.rule, each.subject): each for each in whole if each.rule not in explained})
    place = {slug: index for index, slug in enumerate(CAUSES)}
    return tuple(sorted(unique.values(), key=lambda each: (-GRAVITY[each.severity], place.get(each.rule, len(place)))))


def _explained(findings: Iterable[Finding]) -> frozenset[str]:
    """The rules whose findings follow from these."""
    return frozenset().union(*(CAUSES.get(each.rule, frozenset()) for each in findings))
