"""The look at one call: it is examined, or only read where one like it was, and what came of it is kept."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Container
from typing import Any

from bertmagic.assemble import Ended
from bertmagic.backends import backend_of
from bertmagic.backends.protocol import Backend, LiveCall, Unseen
from bertmagic.examine import Examination, Examiner, Pairing
from bertmagic.facts.call import CallFacts, CallKind, ErrorFacts
from bertmagic.facts.loss import LossFacts
from bertmagic.facts.model import ModelFacts
from bertmagic.modes import Modes
from bertmagic.observe.iterators import replace_in
from bertmagic.observe.labelled import Labelled
from bertmagic.observe.names import Names
from bertmagic.options import Options

# What is asked of a loss that is None.
_OF_A_LOSS = ("backward", "item", "detach", "mean")
# Calls of one model with one signature that are read (not run) before the rest go unread: a training loop's batches.
MOST_READ = 200


class Looks:
    """The calls of a block that were looked at.

    `namespace`, `names`: what the block calls its values; `pair`: finds the tokenizer of a call's ids; `unseen`: is
    told what could not be looked into, and why.
    """

    def __init__(
        self,
        options: Options,
        namespace: dict[str, Any],
        names: Names,
        pair: Pairing,
        unseen: Callable[[str, str], None],
    ) -> None:
        self._options, self._namespace, self._names = options, namespace, names
        self._pair, self._unseen = pair, unseen
        self.ended: list[Ended] = []
        # By model and signature: how many were looked at, and the facts of the one that was examined.
        self.read: dict[tuple[Any, ...], tuple[int, weakref.ref[Any] | None, CallFacts | None]] = {}
        # Calls that passed in an earlier block, as `(model, signature)`: they are not looked at again.
        self.passed: Container[tuple[Any, tuple[Any, ...]]] = ()
        # The names of models whose predictions the block's code reads as classes.
        self.argmaxed: Container[str] = ()
        # Models whose training was dry.
        self.dry: list[Any] = []
        self._described: weakref.WeakKeyDictionary[Any, ModelFacts] = weakref.WeakKeyDictionary()
        self._modes = Modes()
        self.labelled = Labelled()

    def forget(self) -> None:
        """Let go of all that was seen: tensors, models and exceptions."""
        self.ended, self.read, self.dry, self._modes = [], {}, [], Modes()
        self.labelled = Labelled()

    def said(self, model: Any) -> str:
        """What the block calls a model, else its type."""
        return self._names.of(model) or type(model).__name__

    def described(self, model: Any) -> ModelFacts | None:
        """The facts of a model whose call was looked at."""
        return self._described.get(model)

    def is_dry(self, backend: Backend, model: Any) -> bool:
        """Whether the training of a model was dry, or of one that shares its layers."""
        return any(backend.is_model(trained) and backend.share(model, trained) for trained in self.dry)

    def examiner(self, backend: Backend) -> Examiner:
        """What examines the calls of a backend."""
        return Examiner(backend, self._options, self._names, self._pair)

    def look(
        self,
        kind: CallKind,
        backend: Backend,
        model: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        loss: Any = None,
        watched: bool | None = None,
    ) -> tuple[Ended | None, BaseException | None]:
        """Examine a call, or only read it where one like it was examined; and what it would raise.

        `loss`: where the model has none of its own. `watched`: whether a tape records the call, where it is known.
        """
        __tracebackhide__ = True
        said = self.said(model)
        examiner = self.examiner(backend)
        try:
            live = backend.live(kind, model, args, kwargs, loss=loss, replace=self._replace)
        except Unseen as why:
            self._unseen(f"the data of `{said}.{kind}`", str(why))
            return None, None
        except Exception as raised:  # noqa: BLE001  # what Keras' own data handling says of such data
            return self._data_error(examiner, backend.given(kind, model, args, kwargs), said, raised), raised
        if watched is not None:
            live.watched = watched
        if kind == "call":
            for leaf in live.labels:
                self.labelled.add(model, leaf.value)
        for ended in self._modes.meant(live, model, self.ended):
            ended.examination = examiner.as_meant(ended.examination)
        examiner.on_purpose = self._modes.on_purpose(model)
        facts = backend.describe(model, said, self._names.of)
        facts = dataclasses.replace(facts, dry=self.is_dry(backend, model), argmaxed=said in self.argmaxed)
        self._described[model] = facts
        signature = (id(model), kind, *((leaf.name, leaf.value.ndim, str(leaf.value.dtype)) for leaf in live.leaves))
        if (model, signature[1:]) in self.passed:
            return None, None
        seen, same, like = self.read.get(signature, (0, None, None))
        if same is None or same() is not model:  # an id may come again after its object is gone
            seen, like = 0, None
        self.read[signature] = (seen + 1, weakref.ref(model), like)
        if like is not None:
            if seen >= MOST_READ:
                for ended in self._modes.unknown(model, self.ended):
                    ended.examination = examiner.as_meant(ended.examination)
                self._unseen(
                    f"calls of `{said}` after the first {MOST_READ}", "one like them was checked, and the rest not read"
                )
                return None, None
            known = {finding.rule for ended in self.ended for finding in ended.examination.findings}
            read = examiner.findings(examiner.reread(live, facts, like))
            if not {finding.rule for finding in read} - known:
                return None, None
        examination = examiner.examine(live, facts)
        self.read[signature] = (seen + 1, weakref.ref(model), examination.facts)
        done = Ended(examination, said, backend.peak_bytes(self._options.device), weakref.ref(model))
        done.device = None if examination.dry is None else backend.device(self._options.device)
        self.ended.append(done)
        return done, examination.error

    def missed(self, raised: BaseException | None) -> None:
        """Say of the call whose loss is None that the cell ended for want of it: nothing had labels to compare."""
        wanted = isinstance(raised, AttributeError) and raised.obj is None
        if not wanted or raised is None or getattr(raised, "name", None) not in _OF_A_LOSS:
            return
        for ended in reversed(self.ended):
            facts, model = ended.examination.facts, ended.model()
            takes = facts.model.takes or frozenset()
            alone = facts.kind == "call" and facts.error is None and not facts.labels and facts.loss is None
            if not alone or model is None or not any("label" in name for name in takes):
                continue
            if any(each.rule == "input-misnamed" for each in ended.examination.findings):
                return  # They are there, under another name.
            error = ErrorFacts(type(raised).__name__, str(raised), None, "loss")
            loss = LossFacts("the model's own loss", "internal")
            facts = dataclasses.replace(facts, error=error, loss=loss)
            backend = backend_of(model)
            if backend is not None and facts.model.framework == "torch":
                found = self.examiner(backend).findings(facts)
                ended.examination = ended.examination.told(facts, found)
            return

    def span(self, backend: Callable[[Any], Backend | None]) -> None:
        """Say of the calls of a cell's own loop which labels there are in all, now that it has ended."""
        for ended in self.ended:
            facts, model = ended.examination.facts, ended.model()
            of = None if model is None or facts.kind != "call" or not facts.labels else backend(model)
            span = None if of is None else self.labelled.span(model, self._namespace)
            if of is None or span is None or facts.state is None:
                continue
            facts = dataclasses.replace(facts, state=dataclasses.replace(facts.state, label_span=span))
            found = self.examiner(of).findings(facts)
            known = {each.rule for each in ended.examination.findings}
            more = tuple(each for each in found if each.rule not in known)
            findings = (*ended.examination.findings, *more)
            ended.examination = ended.examination.told(facts, findings)

    def look_at_validation(self, backend: Backend, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Read the data that a training run would validate on; it goes where the training data went."""
        keywords = backend.validation(model, args, kwargs)
        trained = [ended for ended in self.ended if ended.model() is model]
        if keywords is None or not trained:
            return
        examiner = self.examiner(backend)
        said = self.said(model)
        try:
            live = backend.live("evaluate", model, (), keywords, replace=self._replace)
        except Unseen as why:
            self._unseen(f"the validation data of `{said}.fit`", str(why))
            return
        like = trained[-1].examination.facts
        facts = examiner.reread(live, like.model, like)
        known = {(finding.rule, finding.subject) for finding in trained[-1].examination.findings}
        found = [finding for finding in examiner.findings(facts) if (finding.rule, finding.subject) not in known]
        self._unseen(f"the forward pass of the validation data of `{said}.fit`", "it was read, and not run")
        if found:
            self.ended.append(Ended(Examination(facts, tuple(found), None, (), {}), said, None, weakref.ref(model)))

    def _data_error(self, examiner: Examiner, live: LiveCall, said: str, raised: Exception) -> Ended:
        """Read what was given, which Keras' own data handling would not take."""
        facts = dataclasses.replace(
            examiner.content(live, examiner.backend.describe(live.model, said, self._names.of)),
            error=ErrorFacts(type(raised).__name__, str(raised), None, "data"),
        )
        examination = Examination(facts, examiner.findings(facts), None, (), {}, raised)
        done = Ended(examination, said, None, weakref.ref(live.model))
        self.ended.append(done)
        return done

    def _replace(self, old: Any, make_new: Callable[[], Any]) -> bool:
        return replace_in(self._namespace, old, make_new)
