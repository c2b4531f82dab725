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

# Causes, first to last, each with the findings that follow from it and are left out beside it.
CAUSES: dict[str, frozenset[str]] = {
    "dataset-unbatched": _OF_THE_AXES | {"input-missing", "batch-axis-missing"},
    "dataset-structure": frozenset({"input-missing", "labels-missing", "labels-shape", "loss-mismatch"}),
    "container-unsupported": frozenset({"input-missing", "attention-mask-missing", "batch-axis-missing"}),
    "input-misnamed": frozenset({"input-missing", "input-unexpected", "attention-mask-missing"}),
    "input-unexpected": frozenset(),
    "input-missing": frozenset({"attention-mask-missing", "labels-shape"}),
    "batch-axis-missing": _OF_THE_AXES | {"row-count-mismatch"},
    "batch-axis-extra": _OF_THE_AXES,
    "row-count-mismatch": frozenset({"labels-shape", "attention-mask-missing", "attention-mask-shape"}),
    "inputs-swapped": _OF_THE_MASK
    | _OF_THE_TOKENS
    | {"ids-out-of-vocabulary", "token-type-ids-invalid", "tokenizer-model-mismatch"},
    "sequence-length-mismatch": frozenset({"attention-mask-missing", "attention-mask-shape"}),
    "tokenizer-model-mismatch": frozenset({"ids-out-of-vocabulary"}),
    "padding-token-wrong": frozenset(
        {"ids-out-of-vocabulary", "attention-mask-over-padding", "attention-mask-missing"}
    ),
    "ids-out-of-vocabulary": frozenset(),
    "sequence-too-long": frozenset(),
    "outputs-not-finite": frozenset(),
    "sequence-output-unpooled": frozenset({"labels-shape", "loss-mismatch", "logits-flag-mismatch"}),
    "labels-missing": frozenset(),
    "loss-mismatch": frozenset({"labels-out-of-range", "labels-shape", "logits-flag-mismatch"}),
    "labels-out-of-range": frozenset(),
    "labels-shape": frozenset(),
    "token-type-ids-invalid": frozenset(),
    "attention-mask-shape": frozenset(),
    "attention-mask-inverted": frozenset({"attention-mask-all-zero", "attention-mask-over-padding"}),
    "attention-mask-all-zero": frozenset(),
    "attention-mask-values": frozenset(),
    "logits-flag-mismatch": frozenset(),
    "regression-head-for-classes": frozenset(),
    "attention-mask-missing": frozenset(),
    "attention-mask-over-padding": frozenset(),
    "pooling-over-padding": frozenset(),
    "training-mode-at-inference": frozenset(),
    "padding-side": frozenset(),
    "special-tokens-doubled": frozenset(),
    "special-tokens-missing": frozenset(),
}


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of one call, graver and more causal first, without those that another one of them explains."""
    return of_calls([findings])


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
