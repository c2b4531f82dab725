"""From a finding, the cell's source and what was observed: the corrected cell, the user's own but for the least change.

A repairer lies in the module of its family and is registered there; each is a new function, and is named nowhere else.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.finding import NEEDS_RESTART, Finding, Fix
from bertmagic.repair.flow import Flow
from bertmagic.repair.registry import NEXT, REPAIRERS, Repairer
from bertmagic.repair.source import NotEditable, Source, merged
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.written import Written

# What is found of a batch that another finding is to blame for.
_FOLLOWS = frozenset({"outputs-not-finite"})

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")


def mended(
    findings: Sequence[Finding],
    call_of: Callable[[Finding], CallFacts | None],
    cell: CellFacts,
    written: Written,
    namespace: Mapping[str, Any],
    *,
    later: Sequence[tuple[Finding, CallFacts]] = (),
    failed: Callable[[str, Exception], None] = lambda what, failure: None,
) -> tuple[Finding, ...]:
    """The findings with their corrected cells: the first one's mends all that can be mended, the others' their own.

    `later`: what would be found next, with the facts of the corrected call; the first finding's cell mends it too.
    `failed(what, failure)`: is told of a repairer that fails in itself; the others are asked all the same.
    """
    try:
        source = Source(written)
    except SyntaxError:
        return tuple(findings)
    flow = Flow(source)
    troubles = [Trouble(each, call_of(each), cell, source, flow, namespace) for each in findings]
    found = [_first(REPAIRERS.get(each.finding.rule, ()), each, failed) for each in troubles]
    grave = [
        repair
        for repair, finding in zip(found, findings, strict=True)
        if repair is not None and (finding.severity != "advice" or finding is findings[0])
    ]
    if cell.raised is not None:
        further = (_first([each], troubles[0], failed) for each in NEXT)
        grave += [repair for repair in further if repair is not None]
    nexts = [
        _first(REPAIRERS.get(finding.rule, ()), Trouble(finding, call, cell, source, flow, namespace), failed)
        for finding, call in later
    ]
    grave += [repair for repair in nexts if repair is not None]
    whole = merged(each.edits for each in grave)
    # A cell that leaves another fault as it is mends too little; what merely follows may be gone with its cause.
    left = [
        finding.rule
        for finding, repair in zip(findings, found, strict=True)
        if repair is None and finding.severity != "advice" and finding.rule not in _FOLLOWS
    ]
    complete = not left and None not in nexts and all(edit in whole for each in grave for edit in each.edits)
    mended = []
    for place, (finding, repair) in enumerate(zip(findings, found, strict=True)):
        first = place == 0 and finding.severity != "advice"
        if repair is None or (first and not (complete and source.compiles(whole))):
            mended.append(finding)
            continue
        edits = whole if first else repair.edits
        mended.append(_with_cell(finding, repair, source.applied(edits)))
    return tuple(mended)


def _first(repairers: Sequence[Repairer], trouble: Trouble, failed: Callable[[str, Exception], None]) -> Repair | None:
    """The first repair that one of these has, and that leaves the cell Python."""
    for repairer in repairers:
        try:
            repair = repairer(trouble)
        except NotEditable:
            continue
        except Exception as failure:  # noqa: BLE001  # a failure of our own is a line in the report
            failed(f"the correction of `{trouble.finding.rule}`", failure)
            continue
        if repair is not None and repair.edits and trouble.source.compiles(repair.edits):
            return repair
    return None


def _with_cell(finding: Finding, repair: Repair, cell: str) -> Finding:
    known = finding.fix or Fix(repair.title or "", "")
    title = repair.title or known.title
    if repair.instead is not None:
        title = f"{title}; or {repair.instead}"
    proof = NEEDS_RESTART if repair.restart else repair.proof or known.proof
    if proof is not None and proof.failed:
        return dataclasses.replace(finding, fix=dataclasses.replace(known, proof=proof))  # not a fix
    fix = dataclasses.replace(known, title=title, cell=cell, proof=proof)
    return dataclasses.replace(finding, fix=fix)
