"""Cause before symptom: the one place that says which finding explains which."""

from __future__ import annotations

from collections.abc import Iterable

from bertmagic.finding import GRAVITY, Finding

_OF_THE_BATCH_AXIS = frozenset({"sequence-too-long", "labels-shape", "attention-mask-missing", "attention-mask-shape"})
_OF_THE_ORDER = frozenset(
    {
        *(
            "attention-mask-all-zero",
            "attention-mask-inverted",
            "attention-mask-missing",
            "attention-mask-over-padding",
        ),
        *("attention-mask-shape", "attention-mask-values", "ids-out-of-vocabulary", "token-type-ids-invalid"),
        *("padding-side", "padding-token-wrong", "special-tokens-doubled", "special-tokens-missing"),
        "tokenizer-model-mismatch",
    }
)
# Causes, first to last, each with the findings that follow from it and are left out beside it.
CAUSES: dict[str, frozenset[str]] = {
    "input-missing": frozenset({"attention-mask-missing", "labels-shape"}),
    "batch-axis-missing": _OF_THE_BATCH_AXIS,
    "batch-axis-extra": _OF_THE_BATCH_AXIS,
    "inputs-swapped": _OF_THE_ORDER,
    "tokenizer-model-mismatch": frozenset({"ids-out-of-vocabulary"}),
    "padding-token-wrong": frozenset(
        {"ids-out-of-vocabulary", "attention-mask-over-padding", "attention-mask-missing"}
    ),
    "ids-out-of-vocabulary": frozenset(),
    "sequence-too-long": frozenset(),
    "labels-shape": frozenset(),
    "token-type-ids-invalid": frozenset(),
    "attention-mask-shape": frozenset(),
    "attention-mask-inverted": frozenset({"attention-mask-all-zero", "attention-mask-over-padding"}),
    "attention-mask-all-zero": frozenset(),
    "attention-mask-values": frozenset(),
    "attention-mask-missing": frozenset(),
    "attention-mask-over-padding": frozenset(),
    "padding-side": frozenset(),
    "special-tokens-doubled": frozenset(),
    "special-tokens-missing": frozenset(),
}


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, graver and more causal first, without those that another one explains; one a rule and subject."""
    unique = {(finding.rule, finding.subject): finding for finding in findings}
    explained: set[str] = set()
    for finding in unique.values():
        explained |= CAUSES.get(finding.rule, frozenset())
    left = [finding for finding in unique.values() if finding.rule not in explained]
    place = {slug: index for index, slug in enumerate(CAUSES)}
    return tuple(sorted(left, key=lambda each: (-GRAVITY[each.severity], place.get(each.rule, len(place)))))
