"""Cause before symptom: the one place that says which finding explains which."""

from __future__ import annotations

from collections.abc import Iterable

from bertmagic.finding import GRAVITY, Finding

# Causes, first to last, each with the findings that follow from it and are left out beside it.
CAUSES: dict[str, frozenset[str]] = {
    "dataset-unbatched": frozenset(
        {"input-missing", "batch-axis-missing", "labels-shape", "sequence-too-long", "attention-mask-missing"}
    ),
    "dataset-structure": frozenset({"input-missing", "labels-missing", "labels-shape", "loss-mismatch"}),
    "row-count-mismatch": frozenset({"labels-shape", "attention-mask-missing"}),
    "container-unsupported": frozenset({"input-missing", "attention-mask-missing", "batch-axis-missing"}),
    "input-misnamed": frozenset({"input-missing", "input-unexpected", "attention-mask-missing"}),
    "input-unexpected": frozenset(),
    "input-missing": frozenset({"attention-mask-missing", "labels-shape"}),
    "batch-axis-missing": frozenset({"sequence-too-long", "labels-shape", "attention-mask-missing"}),
    "batch-axis-extra": frozenset({"sequence-too-long", "labels-shape", "attention-mask-missing"}),
    "sequence-length-mismatch": frozenset({"attention-mask-missing"}),
    "ids-out-of-vocabulary": frozenset(),
    "sequence-too-long": frozenset(),
    "outputs-not-finite": frozenset(),
    "sequence-output-unpooled": frozenset({"labels-shape", "loss-mismatch", "logits-flag-mismatch"}),
    "labels-missing": frozenset(),
    "loss-mismatch": frozenset({"labels-out-of-range", "labels-shape", "logits-flag-mismatch"}),
    "labels-out-of-range": frozenset(),
    "labels-shape": frozenset(),
    "logits-flag-mismatch": frozenset(),
    "regression-head-for-classes": frozenset(),
    "attention-mask-missing": frozenset(),
    "attention-mask-over-padding": frozenset(),
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
