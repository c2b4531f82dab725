"""The examinations of a block as one report: cause first, one sentence on top, and what was not checked."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bertmagic import tables
from bertmagic.examine import Examination
from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import BuildFacts, CellFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding
from bertmagic.options import Options
from bertmagic.report import Device, NotChecked, Report, Rows, Verdict
from bertmagic.rules.dialect import data_handling, dry_verb
from bertmagic.rules.order import of_calls
from bertmagic.rules.words import count, listed
from bertmagic.token_grid import Decode, token_grid

# `mend(findings, the call that a finding is about, the cell, later)`: the findings with their corrected cells.
Mend: TypeAlias = Callable[
    [tuple[Finding, ...], Callable[[Finding], "CallFacts | None"], "CellFacts | None", "Later"], tuple[Finding, ...]
]
# What would be found next, once the batch is corrected, with the facts of that call.
Later: TypeAlias = Sequence[tuple[Finding, CallFacts]]
# What gives batches one after another, of which the first is read.
STREAMS = ("Dataset", "generator", "Sequence", "DataLoader")
# A longer line is no longer quoted in the summary.
_LONGEST_SOURCE = 70


@dataclass
class Ended:
    """One examined call. `raised`: what the real call raised, in a line, if it was made and did."""

    examination: Examination
    said: str
    peak_bytes: int | None
    model: weakref.ref[Any]
    raised: str | None = None
    # Whether a training run was replaced by the dry pass.
    dry: bool = False
    # The exception itself that the real call raised.
    real: BaseException | None = None
    # Whether the real call was made, and ended without an exception.
    went_through: bool = False
    # Where its dry pass ran, and that device's product name.
    device: tuple[str, str | None] | None = None

    @property
    def error(self) -> str | None:
        """What the call raised, or would have raised, in a line."""
        dry = self.examination.facts.error
        return self.raised or (f"{dry.type}: {dry.text}" if dry is not None else None)

    @property
    def is_wrong(self) -> bool:
        """Whether an error or a warning was found."""
        return any(finding.severity != "advice" for finding in self.examination.findings)

    @property
    def tensors(self) -> tuple[TensorFacts, ...]:
        """The inputs and labels of the call."""
        return (*self.examination.facts.inputs, *self.examination.facts.labels)


def assemble(
    ended: Sequence[Ended],
    options: Options,
    *,
    cell: Sequence[Finding] = (),
    facts: CellFacts | None = None,
    device: tuple[str, str | None] | None,
    unseen: Sequence[tuple[str, str]],
    held: Sequence[str],
    failures: Sequence[str],
    decode: Decode | None,
    raised: BaseException | None,
    seconds: float,
    captured: Mapping[str, Any],
    source: str | None = None,
    mend: Mend | None = None,
) -> Report:
    """The report on a block's calls. The tables show the call at fault, else the last one (the outermost work).

    `cell`: what was found of the block as a whole, beside the calls' own findings; `facts`: the facts of it; `mend`:
    gives the findings their corrected cells.
    """
    findings = of_calls((each.examination.findings for each in ended), cell)
    shown = _shown(ended, findings)
    verdict = _verdict(findings, ended, raised)
    not_checked = dict.fromkeys([*(pair for each in ended for pair in each.examination.not_checked), *unseen])
    for name in held:
        not_checked[
            name, "held back: the model's training was dry, and an untrained model must not replace a trained one"
        ] = None
    for each in ended:
        for pair in _not_checked_of(each):
            not_checked[pair] = None
    if options.ignore:
        not_checked[f"the rules {listed(sorted(options.ignore))}", "they were left out by `ignore`"] = None
    if options.only:
        not_checked[f"all rules but {listed(sorted(options.only))}", "`only` left them out"] = None
    call = shown.examination.facts if shown is not None else None
    mine = [finding for finding in findings if shown is not None and finding in shown.examination.findings]
    if mend is not None:
        known = {each.rule for each in findings}
        later = [pair for each in ended for pair in each.examination.later if pair[0].rule not in known]
        findings = mend(findings, lambda finding: _call_of(finding, ended), facts, later)
    phases: dict[str, float] = {}
    for each in ended:
        for phase, spent in each.examination.seconds.items():
            phases[phase] = phases.get(phase, 0.0) + spent
    ran = device if any(each.examination.dry for each in ended) else None
    used, product = ran or (None, None)
    peaks = [each.peak_bytes for each in ended if each.peak_bytes is not None]
    return Report(
        verdict=verdict,
        summary=_summary(verdict, ended, shown, findings, used=used, ending=_raised_sentence(ended, facts, raised)),
        device=Device(options.device, used, product, max(peaks) if peaks else None),
        rows=Rows(call.rows_of if call else 0, (len(call.rows_run) or call.rows_of) if call and call.ran else 0),
        seconds={**{phase: round(spent, 4) for phase, spent in phases.items()}, "whole block": round(seconds, 4)},
        findings=findings,
        inputs=tables.input_rows(call, mine) if call else (),
        outputs=tables.output_rows(call) if call else (),
        labels=tables.label_rows(call, mine) if call else (),
        layers=tables.layer_rows(shown.examination.dry.layers, call, used)
        if shown and call and shown.examination.dry
        else (),
        tokens=token_grid(call, mine, decode, facts.made(call) if facts else None) if call else None,
        not_checked=tuple(NotChecked(what, why) for what, why in not_checked),
        internal_errors=tuple(failures),
        captured=captured,
        source=source,
    )


def _call_of(finding: Finding, ended: Sequence[Ended]) -> CallFacts | None:
    """The call that a finding is about; None where it is about the cell."""
    return next((each.examination.facts for each in ended if finding in each.examination.findings), None)


def _shown(ended: Sequence[Ended], findings: Sequence[Finding]) -> Ended | None:
    """The call that the tables show: the first finding's, else one that raises, else training, else the last."""
    for finding in findings:
        for each in ended:
            if finding in each.examination.findings:
                return each
    failing = [each for each in ended if each.error is not None]
    trained = [each for each in ended if each.examination.facts.kind == "fit"]
    encoding = [each for each in ended if each.examination.facts.model.encoders]
    return (failing or trained or encoding or list(ended) or [None])[-1]  # type: ignore[list-item]


def _verdict(findings: Sequence[Finding], ended: Sequence[Ended], raised: BaseException | None) -> Verdict:
    if raised is not None or any(finding.severity == "error" for finding in findings):
        return "fail"
    if any(each.error is not None and each.examination.facts.kind in ("fit", "check") for each in ended):
        return "fail"
    return "warn" if any(finding.severity == "warning" for finding in findings) else "pass"


def _summary(
    verdict: Verdict,
    ended: Sequence[Ended],
    shown: Ended | None,
    findings: Sequence[Finding],
    *,
    used: str | None,
    ending: str,
) -> str:
    dry = _dry_sentence(ended)
    # Advice is no fault: a passing cell is said to pass, and an exception that none explains to be unexplained.
    if any(finding.severity != "advice" for finding in findings):
        more = f", and {count(len(findings) - 1, 'more finding')}" if len(findings) > 1 else ""
        sentence = f"{findings[0].title}{more}."
        return f"{sentence}{ending}{dry}"
    if verdict == "fail":
        return f"No rule names the cause.{ending}{dry}"
    if shown is None:
        return "No call of a model was seen, and nothing was checked."
    call = shown.examination.facts
    if call.error is not None:
        return f"No rule finds anything wrong.{ending}{dry}"
    ran = f"the forward pass{' and the loss' if call.loss is not None else ''}"
    rows = f"{len(call.rows_run) or call.rows_of} of {call.rows_of} rows"
    inputs = listed([f"`{tensor.called}`" for tensor in call.inputs]) if call.inputs else "what it was given"
    return f"Nothing wrong found: `{shown.said}` takes {inputs}, and {ran} ran on {rows} ({used or 'no device'}).{dry}"


def _dry_sentence(ended: Sequence[Ended]) -> str:
    trained = [each for each in ended if each.examination.facts.kind == "fit"]
    dry = [each for each in ended if each.dry]
    if dry:
        return f" `{dry_verb(dry[0].examination.facts.model)}` was dry: nothing was trained."
    return f" `{dry_verb(trained[0].examination.facts.model)}` was run, and trained." if trained else ""


def _raised_sentence(ended: Sequence[Ended], facts: CellFacts | None, raised: BaseException | None) -> str:
    """What was raised, in which layer, and whether by the cell's own call or by the dry pass in its place."""
    building = _build_that_raised(facts, raised)
    if building is not None and building.error is not None:
        layer = _layer(building.error, building.ran)
        given = listed([f"`{tensor.called}`" for tensor in building.inputs]) if building.inputs else "its inputs"
        return f" Building `{building.model.said}` on {given} raises {building.error.type}{layer}."
    for each in reversed(ended):
        error = each.examination.facts.error
        if error is not None:
            layer = _layer(error, error.ran)
            model = each.examination.facts.model
            by = {"data": data_handling(model), "loss": "The loss", "forward": "The forward pass"}[error.where]
            if each.went_through:
                # As `predict` of Keras 3 on JAX with inputs of other names, which gives NaN (3.15).
                real = (
                    each.said if each.examination.facts.kind == "call" else f"{each.said}.{each.examination.facts.kind}"
                )
                return f" {by} of the check raises {error.type}{layer}; `{real}` itself went through."
            verb = f"{each.said}.fit" if model.framework != "torch" else dry_verb(model)
            place = f"; it is raised in place of `{verb}`" if each.examination.facts.kind == "fit" else ""
            return f" {by} raises {error.type}{layer}{place}."
        if each.raised is not None:
            return f" The call of `{each.said}` raised {each.raised.partition(':')[0]}."
    if raised is None:
        return ""
    met = facts.raised if facts is not None else None
    short = met is not None and met.source and "\n" not in met.source and len(met.source) <= _LONGEST_SOURCE
    at = f" in `{met.source}`" if short and met is not None and "`" not in met.source else ""
    return f" The cell raised {type(raised).__name__}{at}."


def _build_that_raised(facts: CellFacts | None, raised: BaseException | None) -> BuildFacts | None:
    """The building of a graph that ended the cell."""
    if facts is None or raised is None:
        return None
    ends = (type(raised).__name__, str(raised))
    failed = [each for each in facts.built if each.error is not None and (each.error.type, each.error.text) == ends]
    return failed[-1] if failed else None


def _layer(error: ErrorFacts, ran: Sequence[str]) -> str:
    """The layer that raised by its whole path, and what went through before it."""
    layer = f" in layer `{error.layer}`" if error.layer else ""
    return f"{layer} ({count(len(ran), 'layer')} ran before, `{ran[-1]}` last)" if layer and ran else layer


def _config(call: CallFacts) -> str:
    return "the model" if call.model.speaks_hub else "the model's config"


def _not_checked_of(ended: Ended) -> list[tuple[str, str]]:
    """What a call leaves unchecked by its nature."""
    call: CallFacts = ended.examination.facts
    left = []
    if ended.dry:
        verb = dry_verb(call.model)
        left.append(("the optimizer and the gradients", f"`{verb}` was dry: forward pass and loss only, dropout off"))
    if call.kind in ("fit", "evaluate", "predict") and call.container in STREAMS:
        left.append((f"the batches of `{ended.said}.{call.kind}` after the first", "one batch is read"))
    if not call.model.encoders:
        library = "KerasHub" if call.model.framework == "keras" else "transformers"
        left.append((f"what `{ended.said}` does with tokens", f"no BERT-family encoder of {library} was found in it"))
    if any(call.pad_id(each.encoder) is None for each in call.encoder_calls):
        left.append(("padding, and a mask over it", f"neither a tokenizer nor {_config(call)} tells the padding token"))
    if call.kind == "evaluate" and call.loss is None:
        left.append((f"the loss of `{ended.said}`", "it has several, or none that is known"))
    run = len(call.rows_run)
    if call.ran and run and run < call.rows_of:
        left.append(
            (
                f"the forward pass of {count(call.rows_of - run, 'other row')}",
                "a few rows are run; ids, masks and labels are read for all",
            )
        )
    return left
