"""The proof of a corrected cell as a whole: it runs dry in the kernel, is checked again, and all is put back."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bertmagic.backends import loaded_backends
from bertmagic.finding import FAILED, Finding, Fix, Proof
from bertmagic.observe import tokenizers
from bertmagic.options import BadUse, Options
from bertmagic.report import Report
from bertmagic.session import Watch
from bertmagic.written import Written

_RAN = "the corrected cell as a whole, dry, its names and objects put back"


@dataclass(frozen=True)
class Proved:
    """What came of a corrected cell: its own report, and the report that proposed it, whose fix now says what was run.

    `works`: it ran to its end, and nothing wrong was found. `raised`: what the cell raised instead.
    """

    report: Report
    proposal: Report
    works: bool
    raised: BaseException | None = None


def proposed(report: Report | None) -> tuple[Finding, Fix]:
    """The first finding of a report and its fix; raises `BadUse` where there is no corrected cell."""
    if report is None:
        raise BadUse("nothing was checked yet: run `%%bertcheck` first")
    if not report.findings:
        raise BadUse("the last report found nothing to fix")
    finding = report.findings[0]
    fix = finding.fix
    if fix is None or fix.cell is None:
        named = f"`{finding.rule}`"
        if fix is not None and fix.proof is not None and fix.proof.failed:
            raise BadUse(f"the correction of {named} failed its proof ({fix.proof.ran}: {fix.proof.result})")
        raise BadUse(f"the last report has no corrected cell for {named}; its fix says what to write")
    return finding, fix


def prove(
    report: Report, run: Callable[[], Any], written: Written, namespace: dict[str, Any], options: Options
) -> Proved:
    """Run the corrected cell of `report`: `run()` executes it in `namespace`. Swallows what the cell raises.

    Names are as before afterwards; models, optimizers and tokenizers too, with their weights, structure and compile
    state, and random state. What else the cell changes in place stays changed.
    """
    watch = Watch(namespace=namespace, source=written.body, written=written, options=options)
    raised: BaseException | None = None
    with _put_back(namespace):
        try:
            with watch:
                run()
        except Exception as error:  # noqa: BLE001  # that it raises is what is to be known
            raised = error
    found = watch.report
    assert found is not None
    wrong = [each for each in found.findings if each.severity != "advice"]
    works = raised is None and not wrong and not found.internal_errors and found.verdict == "pass"
    if works:
        result = f"it ran to its end; {found.summary[0].lower()}{found.summary[1:]}"
    elif raised is not None:
        result = f"{FAILED}: it raised {type(raised).__name__}"
    else:
        result = f"{FAILED}: {found.summary}"
    return Proved(found, _with_proof(report, Proof(_RAN, result), keeps_cell=works), works, raised)


def _with_proof(report: Report, proof: Proof, *, keeps_cell: bool) -> Report:
    """The report whose first finding's fix says what was run; a fix that failed is none, and has no cell."""
    first, *others = report.findings
    assert first.fix is not None
    fix = dataclasses.replace(first.fix, proof=proof, cell=first.fix.cell if keeps_cell else None)
    return dataclasses.replace(report, findings=(dataclasses.replace(first, fix=fix), *others))


@contextlib.contextmanager
def _put_back(namespace: dict[str, Any]) -> Iterator[None]:
    """Whatever runs inside, the names mean afterwards what they meant before, and the objects are as they were."""
    before = dict(namespace)
    values = list({id(value): value for value in before.values()}.values())
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(tokenizers.aside(values))
            for backend in loaded_backends():
                stack.enter_context(backend.aside(values))
            yield
    finally:
        for name in [name for name in namespace if name not in before]:
            del namespace[name]
        namespace.update(before)
