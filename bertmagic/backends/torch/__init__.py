"""PyTorch modules that hold an encoder of transformers, and its `Trainer` (torch 2.13, transformers 5.23)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from bertmagic.backends.protocol import Failing, LiveCall
from bertmagic.backends.torch import describe, devices, observing
from bertmagic.facts.call import CallKind
from bertmagic.facts.cell import Origin, SymbolicFacts
from bertmagic.facts.loading import LoadingFacts, StoredFacts
from bertmagic.facts.model import ModelFacts
from bertmagic.facts.training import HardwareFacts


class TorchBackend:
    """See `backends/protocol.py`."""

    name = "torch"

    def is_model(self, value: Any) -> bool:
        """Whether `value` is a module that holds an encoder."""
        module = sys.modules.get("torch.nn.modules.module")
        return module is not None and isinstance(value, module.Module) and describe.holds_encoder(value)

    def is_part_of(self, part: Any, whole: Any) -> bool:
        """Whether `part` is a module inside `whole`, or `whole` itself."""
        return any(each is part for each in whole.modules())

    def share(self, one: Any, other: Any) -> bool:
        """Whether two modules have weights in common."""
        mine = {id(weight) for weight in one.parameters()}
        return any(id(weight) in mine for weight in other.parameters())

    def aside(self, values: Iterable[Any]) -> AbstractContextManager[None]:
        """Whatever runs inside, the models and optimizers among `values` come back as they were; random state too."""
        from bertmagic.backends.torch import aside

        return aside.aside(values)

    def is_built(self, model: Any) -> bool:
        """Whether the module has its weights: all but lazy ones have them from the start."""
        return True

    def origin(self, value: Any) -> Origin | None:
        """PyTorch has no symbolic tensors of the kind that graphs are built of."""
        return None

    def symbolic(
        self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], named: Callable[[Any], str | None]
    ) -> tuple[SymbolicFacts, ...]:
        """None: see `origin`."""
        return ()

    def loading(self, failing: Failing) -> LoadingFacts | None:
        """What did not fit, where a loading ended the cell; None for others."""
        from bertmagic.backends.torch import loading

        return loading.loading(failing)

    def held(
        self,
        model: Any,
        action: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        named: Callable[[Any], str | None],
    ) -> Iterable[StoredFacts]:
        """A module's saving does not fail for what the module is."""
        return ()

    def observe(self, listener: Any) -> AbstractContextManager[None]:
        """Tell `listener` of calls until the context ends."""
        return observing.observe(self, listener)

    def describe(self, model: Any, said: str, named: Callable[[Any], str | None]) -> ModelFacts:
        """The facts of the module that the cell calls `said`; `named` tells what it calls the modules inside."""
        return describe.describe(model, said, named)

    def live(
        self,
        kind: CallKind,
        model: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        loss: Any = None,
        replace: Callable[[Any, Callable[[], Any]], bool] = lambda old, make_new: False,
    ) -> LiveCall:
        """The call, alive; raises what a trainer's dataset or collator raises."""
        from bertmagic.backends.torch import live, trainer

        if kind in ("fit", "evaluate", "predict"):
            return trainer.live_call(kind, model, kwargs["trainer"], kwargs.get("dataset"))
        if kind == "check":
            return self._check(model, args[0], kwargs.get("y"), loss)
        arguments = live.direct_arguments(describe.inner(model), args, kwargs)
        container = type(args[0]).__name__ if args else "keywords"
        data = args[0] if args and isinstance(args[0], Mapping) else None
        return live.TorchCall(kind, model, arguments, container=container, data=data)

    @staticmethod
    def _check(model: Any, inputs: Any, labels: Any, loss: Any) -> LiveCall:
        from bertmagic.backends.torch import live, state

        if type(inputs).__name__ == "DataLoader":
            rng = state.random_state()
            try:
                inputs = next(iter(inputs))
            finally:
                state.restore_random(rng)
        inner = describe.inner(model)
        keywords = dict(inputs) if isinstance(inputs, Mapping) else {}
        args = () if isinstance(inputs, Mapping) else tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
        if isinstance(inputs, (list, tuple)) and not all(hasattr(each, "shape") for each in inputs):
            args = (inputs,)
        takes = "labels" in describe.label_names(inner) and loss is None
        if labels is not None and takes and "labels" not in keywords:
            keywords["labels"], labels = labels, None
        arguments = live.direct_arguments(inner, args, keywords)
        return live.TorchCall("check", model, arguments, container=type(inputs).__name__, loss=loss, labels=labels)

    def given(self, kind: CallKind, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveCall:
        """A trainer's data of which no batch can be made: read for labels that are names, and nothing else."""
        from bertmagic.backends.torch import live, trainer

        dataset = kwargs.get("dataset")
        if dataset is None and "trainer" in kwargs:
            dataset = kwargs["trainer"].train_dataset
        names = trainer.names_for_labels(dataset)
        arguments = {"labels": names} if names and "labels" in describe.label_names(describe.inner(model)) else {}
        return live.TorchCall(kind, model, arguments, container="as given", data=dataset)

    def validation(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        """The keywords of the evaluation that a training run would make, or None where it would not."""
        from bertmagic.backends.torch import trainer

        return trainer.validation(kwargs["trainer"])

    def device(self, asked: str) -> tuple[str, str | None]:
        """The device that the modules run on, `GPU:0` where PyTorch sees one, and its product name."""
        return devices.device(asked)

    def hardware(self, asked: str) -> HardwareFacts:
        """The machine as the system tells it, beside what PyTorch sees."""
        return devices.hardware(asked)

    def on_device(self, asked: str) -> AbstractContextManager[None]:
        """A module runs where its weights are: nothing to do."""
        return contextlib.nullcontext()

    def peak_bytes(self, asked: str) -> int | None:
        """PyTorch's peak of the GPU's memory since the process began; None where no pass ran on one."""
        return devices.peak_bytes()

    def history(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], keys: Sequence[str]) -> Any:
        """A trainer's result of a run that did not happen."""
        from bertmagic.backends.torch import trainer

        return trainer.result(kwargs["trainer"])

    def callbacks(self, kwargs: dict[str, Any]) -> Iterable[str]:
        """The types of the user's callbacks that a dry run does not call."""
        from bertmagic.backends.torch import trainer

        return trainer.callbacks(kwargs["trainer"])


BACKEND = TorchBackend()
