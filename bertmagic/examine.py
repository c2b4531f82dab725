"""One observed call, from the live thing to facts: rows chosen, the dry pass run, probes where there is suspicion."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from bertmagic import probes, replays
from bertmagic.backends.compilation import compilation
from bertmagic.backends.protocol import Backend, Leaf, LiveCall, Pass
from bertmagic.facts.call import CallFacts, EncoderCallFacts, ErrorFacts
from bertmagic.facts.model import EncoderFacts, ModelFacts
from bertmagic.facts.padding import padding_positions, told_by
from bertmagic.facts.tensors import Role, TensorFacts
from bertmagic.facts.tokenizer import TokenizerFacts
from bertmagic.finding import Finding, Fix
from bertmagic.observe.names import Names
from bertmagic.observe.sites import sites
from bertmagic.options import Options
from bertmagic.rules import wanted

# How many rows the dry pass runs where the user asks for no number.
FEW = 2

# The rules that the padding probe confirms or refutes.
_PROBED = frozenset({"attention-mask-missing", "attention-mask-over-padding", "attention-mask-inverted"})

# Finds the tokenizer of token ids that an encoder is to take.
Pairing = Callable[["np.ndarray | None", "EncoderFacts | None"], "TokenizerFacts | None"]


@dataclass(frozen=True)
class Examination:
    """What came of one call: its facts, the findings, the dry pass, and its cost by phase in seconds.

    `later`: what is found of the batch as the fixes correct it, and was not found before, with the facts of that call.
    """

    facts: CallFacts
    findings: tuple[Finding, ...]
    dry: Pass | None
    not_checked: tuple[tuple[str, str], ...]
    seconds: Mapping[str, float]
    error: BaseException | None = None
    later: tuple[tuple[Finding, CallFacts], ...] = ()

    def told(self, facts: CallFacts, findings: tuple[Finding, ...]) -> Examination:
        """The same with more facts, and what the rules say of them; what was proved stays proved."""
        known = {(each.rule, each.subject): each.fix for each in self.findings}
        return dataclasses.replace(self, facts=facts, findings=tuple(_with_proof(each, known) for each in findings))


def _with_proof(finding: Finding, known: Mapping[tuple[str, str], Fix | None]) -> Finding:
    proved = known.get((finding.rule, finding.subject))
    if finding.fix is None or finding.fix.proof is not None or proved is None or proved.proof is None:
        return finding
    return dataclasses.replace(finding, fix=dataclasses.replace(finding.fix, proof=proved.proof))


@dataclass
class Examiner:
    """Examines calls of one backend. `names`: what the cell calls its values; `pair`: finds the ids' tokenizer."""

    backend: Backend
    options: Options
    names: Names
    pair: Pairing
    # Whether training mode is meant in what is examined, as the calls before it show.
    on_purpose: bool = False
    _seconds: dict[str, float] = field(default_factory=dict)
    _compiled: Callable[[], float] = float  # the seconds of compiling so far; none before the first examination

    def content(self, live: LiveCall, model: ModelFacts) -> CallFacts:
        """The call's facts by reading alone, no forward pass: the encoders' arguments are guessed from the inputs."""
        inputs = tuple(self._facts(leaf) for leaf in live.leaves)
        labels = tuple(self._facts(leaf) for leaf in live.labels)
        ids = next((tensor for tensor in inputs if tensor.role == "input_ids"), None)
        encoder = model.encoders[0] if model.encoders else None
        tokenizer = self.pair(ids.values if ids is not None else None, encoder)
        model = _with_padding(model, tokenizer, ids, inputs)
        guessed = tuple(_guess(encoder, inputs) for encoder in model.encoders)
        return CallFacts(
            kind=live.kind,
            model=model,
            inputs=inputs,
            labels=labels,
            weights=tuple(self._facts(leaf) for leaf in live.weights),
            encoder_calls=guessed,
            tokenizer=tokenizer,
            container=live.container,
            data=self.names.of(live.data),
            data_type=live.data_type,
            parts=live.parts,
            rows_of=live.size or 1,
            training=live.training,
            training_by=live.training_by,
            watched=live.watched,
            on_purpose=self.on_purpose or live.updates,
            sites=sites(),
        )

    def examine(self, live: LiveCall, model: ModelFacts) -> Examination:
        """The whole examination; never raises what the model raises, which is in `error`."""
        self._seconds = {}
        with compilation() as self._compiled:
            examined = self._proved(self._examine(live, model), live, model)
        if compiled := self._compiled():
            examined = dataclasses.replace(examined, seconds={**examined.seconds, "compilation": compiled})
        return examined

    def _examine(self, live: LiveCall, model: ModelFacts) -> Examination:
        with self._timed("facts"):
            facts = self.content(live, model)
            rows = choose_rows(facts, live.size, self.options.rows)
        if live.content_only is not None:
            not_run = (("the forward pass", live.content_only), *live.unseen)
            return Examination(facts, self._findings(facts), None, not_run, dict(self._seconds))
        with self._timed("dry pass"), self.backend.on_device(self.options.device):
            dry = _dry_pass(live, rows)
            if dry.error is not None and len(rows) < live.size:
                # A few rows may be what it raises for (a batch size fixed in the model): only the whole batch tells.
                rows = tuple(range(live.size))
                dry = _dry_pass(live, rows)
        facts = _with_pass(facts, live, dry, rows)
        with self._timed("weights"):
            hardware = self.backend.hardware(self.options.device)
            facts = dataclasses.replace(facts, state=live.state(dry.reached), hardware=hardware)
        not_checked = list(live.unseen)
        if not self.options.probes:
            not_checked.append(("the probes", "`--no-probes` was given"))
        elif facts.ran:
            with self._timed("probes"), self.backend.on_device(self.options.device):
                facts = self._asked(facts, live, dry, rows, not_checked)
        with self._timed("rules"):
            findings = self._findings(facts)
        return Examination(facts, findings, dry, tuple(not_checked), dict(self._seconds), dry.exception)

    def _proved(self, examination: Examination, live: LiveCall, model: ModelFacts) -> Examination:
        """The examination with what was run for the fixes of what it found."""
        if live.content_only is not None or all(each.severity == "advice" for each in examination.findings):
            return examination
        from bertmagic.proofs import proved

        plain = dataclasses.replace(self, options=dataclasses.replace(self.options, probes=False), _seconds={})
        with self._timed("proof"), self.backend.on_device(self.options.device):
            found = proved(examination, live, lambda corrected: plain._examine(corrected, model))
        return dataclasses.replace(found, seconds=dict(self._seconds))

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        """Add the seconds of a block to its phase, without those that were spent on compiling."""
        start, compiled = time.perf_counter(), self._compiled()
        try:
            yield
        finally:
            spent = time.perf_counter() - start - (self._compiled() - compiled)
            self._seconds[phase] = self._seconds.get(phase, 0.0) + max(spent, 0.0)

    def reread(self, live: LiveCall, model: ModelFacts, like: CallFacts) -> CallFacts:
        """The facts of a call like one that was examined: its own inputs, in the places where that one's went."""
        facts = self.content(live, model)
        now = {tensor.name: tensor for tensor in facts.inputs}
        calls = []
        for call in like.encoder_calls:
            source = {role: now[tensor.name] for role, tensor in call.source.items() if tensor.name in now}
            unread = {role: dataclasses.replace(tensor, values=None) for role, tensor in call.given.items()}
            calls.append(dataclasses.replace(call, given={**unread, **source}, source=source))
        state = like.state
        if live.kind == "fit" and state is not None:  # what is trained, and by what, may be another from stage to stage
            told = {each.path: (bool(each.reached), bool(each.pooler_reached)) for each in state.encoders}
            state = live.state({} if any(each.reached is None for each in state.encoders) else told)
        return dataclasses.replace(
            facts, encoder_calls=tuple(calls), outputs=like.outputs, loss=like.loss, state=state, hardware=like.hardware
        )

    def as_meant(self, examination: Examination) -> Examination:
        """The examination of a call whose training mode later calls show to be meant."""
        facts = dataclasses.replace(examination.facts, on_purpose=True)
        still = {finding.rule for finding in self._findings(facts)}
        findings = tuple(finding for finding in examination.findings if finding.rule in still)
        return dataclasses.replace(examination, facts=facts, findings=findings)

    def findings(self, facts: CallFacts) -> tuple[Finding, ...]:
        """What the rules say of these facts."""
        return self._findings(facts)

    def _findings(self, facts: CallFacts) -> tuple[Finding, ...]:
        found = (rule.check(facts) for rule in wanted("call", self.options.ignore, self.options.only))
        return tuple(finding for finding in found if finding is not None)

    def _facts(self, leaf: Leaf) -> TensorFacts:
        item, siblings = self.names.item(leaf.source)
        return TensorFacts(
            name=leaf.name,
            shape=tuple(leaf.value.shape),
            dtype=str(leaf.value.dtype),
            values=leaf.value,
            role=_role(leaf),
            said=self.names.of(leaf.source),
            item=item,
            siblings=siblings,
            kind=leaf.kind,
        )

    def _asked(
        self,
        facts: CallFacts,
        live: LiveCall,
        dry: Pass,
        rows: tuple[int, ...],
        not_checked: list[tuple[str, str]],
    ) -> CallFacts:
        """The facts with the probes that can say something: what content suggests is confirmed or refuted."""
        suspected = {finding.rule for finding in self._findings(facts)}
        base = probes.Base(rows, _take(live.leaves, rows), dry.outputs)
        if suspected & _PROBED:
            return self._probed(facts, live, dry, base, not_checked)
        if "training-mode-at-inference" in suspected:
            found = probes.repetition(live, base, training=facts.training is True)
            return facts if found is None else dataclasses.replace(facts, probes={**facts.probes, found.name: found})
        asked = replays.ask(live, facts, dry, base)
        pooling = () if asked.pooling is None else (asked.pooling,)
        return dataclasses.replace(facts, probes={**facts.probes, **asked.probes}, pooling=pooling)

    def _probed(
        self,
        facts: CallFacts,
        live: LiveCall,
        dry: Pass,
        base: probes.Base,
        not_checked: list[tuple[str, str]],
    ) -> CallFacts:
        """The facts with the padding probe and the rows set against themselves unpadded.

        In a large batch the latter come first. Where they move far, and the outputs are seen to be made of those
        tokens, the former would say the same once more, for a third of the cost.
        """
        large = live.size > probes.FEW
        for encoder_call, passed in zip(facts.encoder_calls, dry.encoders, strict=False):
            found = facts.padding(encoder_call)
            if found is None:
                continue
            compared = self._compared(facts, live, encoder_call, passed.hidden, not_checked) if large else None
            if (
                compared is not None
                and probes.moves_far(compared.unpadded, passed.hidden)
                and replays.read_tokens(live, facts, dry, base)
            ):
                return compared
            own = encoder_call.source.get("input_ids")
            if own is not None:
                probe = probes.padding_content(live, own, found[1], base)
                if probe is not None:
                    facts = dataclasses.replace(facts, probes={**facts.probes, probe.name: probe})
                    if not probe.matters:
                        return facts
            if not large:
                compared = self._compared(facts, live, encoder_call, passed.hidden, not_checked)
            if compared is not None:
                return dataclasses.replace(facts, unpadded=compared.unpadded)
        return facts

    def _compared(
        self,
        facts: CallFacts,
        live: LiveCall,
        encoder_call: EncoderCallFacts,
        hidden: np.ndarray | None,
        not_checked: list[tuple[str, str]],
    ) -> CallFacts | None:
        """The facts with rows set against themselves unpadded; None where the encoder does not run so."""
        found = facts.padding(encoder_call)
        assert found is not None
        try:
            unpadded = probes.unpadded(live, encoder_call, *found, hidden)
        except Exception as raised:  # noqa: BLE001  # an encoder of an unusual kind: say so, and go on without the number
            not_checked.append(("rows against themselves unpadded", f"{type(raised).__name__}: {raised}"))
            return None
        return dataclasses.replace(facts, unpadded=unpadded)


def choose_rows(facts: CallFacts, size: int, asked: int | str | None) -> tuple[int, ...]:
    """The rows for the dry pass: ids out of range first, then the most padded, the highest label, the least padded."""
    if not size:
        return ()
    if asked == "all":
        return tuple(range(size))
    wanted = min(size, asked if isinstance(asked, int) else FEW)
    beyond: list[int] = []
    most: list[int] = []
    least: list[int] = []
    for call, ids in facts.token_ids():
        values = ids.values
        if values is None or values.ndim < 2 or values.shape[0] != size or values.dtype.kind not in "iu":
            continue
        flat = values.reshape(size, -1)
        if call.encoder.vocab_rows is not None:
            bad = ((flat < 0) | (flat >= call.encoder.vocab_rows)).any(axis=1)
            beyond += [int(row) for row in np.flatnonzero(bad)[:1]]
        pad_id = facts.pad_id(call.encoder)
        if pad_id is not None and values.ndim == 2:
            padding = padding_positions(values, pad_id).sum(axis=1)
            # Rows of padding only say nothing: they come last.
            padding = np.where(padding == values.shape[1], -1, padding)
            most.append(int(np.argmax(padding)))
            least.append(int(np.argmin(np.where(padding < 0, values.shape[1], padding))))
    labelled = [
        int(np.argmax(label.values.reshape(size, -1).max(axis=1)))
        for label in facts.labels
        if label.values is not None and label.is_integer and label.values.shape[:1] == (size,) and label.values.size
    ]
    chosen = list(dict.fromkeys([*beyond, *most, *labelled, *least, *range(size)]))[:wanted]
    return tuple(sorted(chosen))


def _role(leaf: Leaf) -> Role | None:
    """The leaf's role: by its name, except that floating-point vectors of rank 3 are never token ids."""
    if leaf.role == "input_ids" and leaf.value.ndim == 3 and leaf.value.dtype.kind == "f":
        return "inputs_embeds"
    if leaf.role is None and leaf.value.dtype.kind in "iu" and leaf.value.ndim in (1, 2) and leaf.value.size:
        # An input without a telling name that holds many different integers holds token ids.
        return "input_ids" if int(leaf.value.max()) > 99 else None
    return leaf.role


def _with_padding(
    model: ModelFacts, tokenizer: TokenizerFacts | None, ids: TensorFacts | None, inputs: tuple[TensorFacts, ...]
) -> ModelFacts:
    """The model with the padding token that the batch itself tells, where neither a tokenizer nor the model does."""
    if (
        ids is None
        or ids.values is None
        or tokenizer is not None
        or all(each.pad_id is not None for each in model.encoders)
    ):
        return model
    told = told_by(ids.values, (each.values for each in inputs if each is not ids and each.values is not None))
    if told is None:
        return model
    known = (each if each.pad_id is not None else dataclasses.replace(each, pad_id=told) for each in model.encoders)
    return dataclasses.replace(model, encoders=tuple(known))


def _guess(encoder: EncoderFacts, inputs: tuple[TensorFacts, ...]) -> EncoderCallFacts:
    """The encoder's arguments as the inputs' roles suggest them, before any forward pass has shown them."""
    given: dict[Role, TensorFacts] = {}
    for tensor in inputs:
        if tensor.role is not None:
            given.setdefault(tensor.role, tensor)
    return EncoderCallFacts(encoder, given, dict(given), seen=False)


def _take(leaves: tuple[Leaf, ...], rows: tuple[int, ...]) -> dict[str, np.ndarray]:
    """The leaves' values on `rows`; whole where a leaf has no batch axis."""
    return {leaf.name: leaf.value[list(rows)] if leaf.batched and rows else leaf.value for leaf in leaves}


def _with_pass(facts: CallFacts, live: LiveCall, dry: Pass, rows: tuple[int, ...]) -> CallFacts:
    """The facts with what the dry pass showed: the encoders' arguments, outputs of the batch's size, the error."""
    arrays = _take(live.leaves, rows)
    known = {encoder.path: encoder for encoder in facts.model.encoders}
    calls = []
    for passed in dry.encoders:
        given: dict[Role, TensorFacts] = {}
        source: dict[Role, TensorFacts] = {}
        for role, value in passed.given.items():
            name = passed.encoder.name(role)
            given[role] = TensorFacts(name, value.shape, str(value.dtype), value, role, rows=_index(value, rows))
            own = _same(role, value, arrays, facts.inputs)
            if own is not None:
                source[role] = own
        encoder = known.get(passed.encoder.path, passed.encoder)
        calls.append(
            EncoderCallFacts(
                encoder, given, source, training=passed.training, unknown=passed.unknown, sites=passed.sites
            )
        )
    reached = {call.encoder.path for call in calls}
    calls += [guess for guess in facts.encoder_calls if guess.encoder.path not in reached]
    roles = {tensor.name: role for call in calls if call.seen for role, tensor in call.source.items()}
    inputs = tuple(dataclasses.replace(tensor, role=roles.get(tensor.name, tensor.role)) for tensor in facts.inputs)
    outputs = tuple(
        TensorFacts(name, _whole(value.shape, rows, facts.rows_of), str(value.dtype), value, rows=_index(value, rows))
        for name, value in dry.outputs
    )
    error: ErrorFacts | None = dry.error
    return dataclasses.replace(
        facts, inputs=inputs, outputs=outputs, encoder_calls=tuple(calls), loss=dry.loss, error=error, rows_run=rows
    )


def _dry_pass(live: LiveCall, rows: tuple[int, ...]) -> Pass:
    """Forward on `rows`, and the loss where the call has one."""
    # A prediction leaves the labels of its data aside.
    wants_loss = live.kind in ("fit", "evaluate", "train_on_batch") or (bool(live.labels) and live.kind != "predict")
    labels = _take(live.labels + live.weights, rows) if wants_loss else None
    return live.run(_take(live.leaves, rows), labels, layers=True)


def _index(value: np.ndarray, rows: tuple[int, ...]) -> tuple[int, ...] | None:
    return rows if rows and value.ndim and value.shape[0] == len(rows) else None


def _whole(shape: tuple[int, ...], rows: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The shape that the whole batch's output has."""
    return (size, *shape[1:]) if rows and shape and shape[0] == len(rows) else shape


def _same(
    role: Role, value: np.ndarray, arrays: Mapping[str, np.ndarray], inputs: tuple[TensorFacts, ...]
) -> TensorFacts | None:
    """The call's own input that holds these very values (its dtype may differ); one of that role before others."""
    for tensor in sorted(inputs, key=lambda tensor: tensor.role != role):
        own = arrays.get(tensor.name)
        if own is not None and own.shape == value.shape and own.dtype.kind in "biuf" and np.array_equal(own, value):
            return tensor
    return None
