"""The cheap proof of a fix: the dry pass once more, on the observed batch as the mended cell would feed it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bertmagic import probes
from bertmagic.backends.protocol import Leaf, LiveCall
from bertmagic.examine import Examination
from bertmagic.facts.axes import shape_text
from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.finding import FAILED, Finding, Proof
from bertmagic.repair.plays import PLAYS, Play
from bertmagic.rules.words import amount, listed, rows_of

# What a proof is run for, of one call's findings.
_MOST = 3
_MOST_ROWS = 2
# A row against itself unpadded is the same below this: batches of other shapes differ by about 1e-6.
_SAME = 1e-4

# Examines a call whose batch was corrected, with no probes.
Examine = Callable[[LiveCall], Examination]


def proved(examination: Examination, live: LiveCall, examine: Examine) -> Examination:
    """The examination with what was run for its findings' fixes: where the batch itself tells the correction."""
    findings, later = list(examination.findings), dict[str, tuple[Finding, CallFacts]]()
    for place, finding in enumerate(findings[:_MOST]):
        if finding.fix is None or finding.fix.proof is not None:
            continue
        player = PLAYS.get(finding.rule)
        try:
            play = None if player is None else player(examination.facts, finding)
            proof, again = _proof(finding, play, examination.facts, live, examine)
        except Exception:  # noqa: BLE001  # an encoder or a batch of an unusual kind: then nothing was run, and it says so
            continue
        if proof is None:
            continue
        fix = dataclasses.replace(finding.fix, proof=proof)
        if examination.facts.kind == "check" and play is not None and play.code and not proof.failed:
            # There is no cell: what was run is what to write for the objects themselves.
            fix = dataclasses.replace(fix, snippet="\n".join(play.code))
        findings[place] = dataclasses.replace(finding, fix=fix)
        for each in () if again is None or proof.failed else again.findings:
            if each.severity != "advice" and all(each.rule != one.rule for one in findings):
                later.setdefault(each.rule, (each, again.facts))  # type: ignore[union-attr]
    return dataclasses.replace(examination, findings=tuple(findings), later=tuple(later.values()))


def _proof(
    finding: Finding, play: Play | None, facts: CallFacts, live: LiveCall, examine: Examine
) -> tuple[Proof | None, Examination | None]:
    """The proof of a finding's fix, and the examination of the corrected batch where there was one."""
    if finding.rule in _SPECIAL:
        return _SPECIAL[finding.rule](facts, live), None
    if play is None:
        return None, None
    corrected = _Corrected(live, play)
    again = examine(corrected)
    after = again.facts
    what = "the forward pass and the loss" if after.loss is not None else "the forward pass"
    ran = f"{what} on {rows_of(after.rows_run or tuple(range(after.rows_of)))}, with {play.said}"
    if after.error is not None:
        return Proof(ran, f"{FAILED}: it raises {after.error.type}"), again
    if any(each.rule == finding.rule and each.subject == finding.subject for each in again.findings):
        return Proof(ran, f"{FAILED}: the same is found again"), again
    gave = [f"{each.name} {shape_text(each.shape, after.sizes)}" for each in after.outputs[:3]]
    result = f"it runs, and gives {listed(gave)}" if gave else "it runs"
    if after.loss is not None and after.loss.value is not None and np.isfinite(after.loss.value):
        result += f"; the loss is {amount(after.loss.value)}"
    if finding.rule.startswith("attention-mask-") or finding.rule in ("inputs-swapped", "padding-token-wrong"):
        number = _against_unpadded(facts, live, after, corrected)
        result = result if number is None else f"{result}; {number}"
    return Proof(ran, result), again


def _against_unpadded(facts: CallFacts, live: LiveCall, after: CallFacts, corrected: LiveCall) -> str | None:
    """How far [CLS] of a padded row is from itself unpadded: as it was fed, and as corrected."""
    moved = [_moves(facts, live), _moves(after, corrected)]
    if moved[0] is None or moved[1] is None or moved[1] > _SAME:
        return None
    return f"against the same text unpadded, [CLS] moves by {amount(moved[1])}, and by {amount(moved[0])} as it was fed"


def _moves(facts: CallFacts, live: LiveCall) -> float | None:
    for encoder_call in facts.encoder_calls:
        found = facts.padding(encoder_call)
        if found is None or not encoder_call.seen:
            continue
        try:
            unpadded = probes.unpadded(live, encoder_call, *found, None)
        except Exception:  # noqa: BLE001  # a mask of another shape, an encoder of an unusual kind: then without the number
            return None
        return max(unpadded.moved.values()) if unpadded is not None and unpadded.moved else None
    return None


def _without_dropout(facts: CallFacts, live: LiveCall) -> Proof | None:
    """The same rows twice in inference mode: nothing moves."""
    before = facts.probes.get("repetition")
    if before is None or not before.matters:
        return None
    rows = list(before.rows)
    arrays = {leaf.name: leaf.value[rows] if leaf.batched else leaf.value for leaf in live.leaves}
    passes = [live.run(arrays, None, layers=False) for _ in range(2)]
    if any(each.error is not None for each in passes):
        return None
    later = dict(passes[1].outputs)
    pairs = [(value, later[name]) for name, value in passes[0].outputs if name in later and value.dtype.kind in "fV"]
    moved = max(
        (float(np.abs(a.astype("float64") - b.astype("float64")).max(initial=0.0)) for a, b in pairs), default=0.0
    )
    ran = f"the forward pass on {rows_of(rows)}, twice, in inference mode"
    if moved > before.floor:
        return Proof(ran, f"{FAILED}: it still moves by {amount(moved)}")
    return Proof(ran, f"it gives the same both times, where it moved by {amount(before.moved)}")


def _without_padding(facts: CallFacts, live: LiveCall) -> Proof | None:
    """The mean over a padded row's tokens alone, in its batch and by itself: the same."""
    pooled = next((each for each in facts.pooling if each.how == "mean"), None)
    for encoder_call in facts.encoder_calls if pooled is not None else ():
        found = facts.padding(encoder_call)
        if found is None or pooled is None:
            continue
        places = {found[0].row_index(place): place for place in range(len(found[1]))}
        rows = [row for row in pooled.padding if row in places][:_MOST_ROWS]
        means = [_means(live, encoder_call, found[1][places[row]], row) for row in rows]
        if not means or any(each is None for each in means):
            continue
        before, after = (max(pair[side] for pair in means if pair is not None) for side in (0, 1))
        ran = f"the mean of the hidden states of `{pooled.encoder}` on {rows_of(rows)}, over tokens alone"
        if after > _SAME:
            return Proof(ran, f"{FAILED}: against the same text unpadded, it moves by {amount(after)}")
        said = (
            f"against the same text unpadded, it moves by {amount(after)}, and by {amount(before)} over all positions"
        )
        return Proof(ran, said)
    return None


def _means(live: LiveCall, call: EncoderCallFacts, padding: np.ndarray, row: int) -> tuple[float, float] | None:
    """How far a row's mean moves against itself unpadded: taken over all positions, and over its tokens alone."""
    given = {role: probes.values_of(call, role, [row]) for role in call.given}
    kept = ~padding
    alone = {role: value[:, kept] for role, value in given.items() if value.ndim == 2}
    padded, bare = (live.encode(call.encoder, each)[0].astype("float64") for each in (given, alone))
    right = bare.mean(axis=0)
    return float(np.abs(padded.mean(axis=0) - right).max()), float(np.abs(padded[kept].mean(axis=0) - right).max())


# Rules whose fix is not another batch.
_SPECIAL: dict[str, Callable[[CallFacts, LiveCall], Proof | None]] = {
    "training-mode-at-inference": _without_dropout,
    "pooling-over-padding": _without_padding,
}


class _Corrected:
    """A live call whose inputs and labels are others; all else is the call's own."""

    def __init__(self, live: LiveCall, play: Play) -> None:
        self._live = live
        self.leaves = _with(live.leaves, play.inputs)
        self.labels = _with(live.labels, play.labels)
        sizes = [leaf.value.shape[0] for leaf in self.leaves if leaf.batched and leaf.value.ndim]
        self.size = sizes[0] if play.inputs and sizes else live.size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._live, name)


def _with(leaves: tuple[Leaf, ...], values: Mapping[str, np.ndarray]) -> tuple[Leaf, ...]:
    return tuple(
        dataclasses.replace(leaf, value=values[leaf.name], batched=True) if leaf.name in values else leaf
        for leaf in leaves
    )
