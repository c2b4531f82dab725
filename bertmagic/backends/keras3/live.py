"""One observed call of a Keras 3 model, alive: its arrays by name, and the means to run it dry on any of its rows."""

from __future__ import annotations

import dataclasses
import inspect
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from bertmagic.backends import tree
from bertmagic.backends.keras3 import batches, compute, describe, dry, optimizers, weights
from bertmagic.backends.keras3.compute import as_numpy, is_symbolic
from bertmagic.backends.keras3.encoding import given_by_role, hidden_of, looked_up
from bertmagic.backends.keras3.layers import Recorder
from bertmagic.backends.keras3.losses import describe_loss
from bertmagic.backends.keras3.mode import is_built, mode_of, switch, updates_in_training
from bertmagic.backends.keras3.replay import Kept, altered, same_layers
from bertmagic.backends.keras3.state import loss_ids_kept, stateless, stir, untouched, with_losses
from bertmagic.backends.leaves import is_switch, kind_of, primary, rows
from bertmagic.backends.protocol import Answer, EncoderPass, Leaf, Pass
from bertmagic.facts.call import CallKind, ErrorFacts
from bertmagic.facts.loss import LossFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.tensors import Role
from bertmagic.facts.training import StateFacts

# The keys under which a data call's leaves stand.
_DATA = ("x", "y", "weight")
# The key under which stands what a task's preprocessor is given, which the model itself is not.
_RAW = "raw"
# The calls in which a loss compares outputs with labels.
_COMPARING = ("fit", "evaluate", "train_on_batch")


class Keras3Call:
    """A call of `model`. `arguments`: {"x", "y", "weight"} for data verbs (`fit` …), by parameter for direct calls."""

    def __init__(
        self,
        kind: CallKind,
        model: Any,
        arguments: dict[str, Any],
        *,
        container: str,
        sources: Mapping[tree.Path, Any],
        loss: Any = None,
        data_verb: bool,
        data: Any = None,
        parts: int | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind
        self.model = model
        self.container = container
        self.data = data
        self.data_type = "" if data is None else kind_of(data)
        self.parts = parts
        self._arguments = arguments
        self._given = dict(given or {})
        self._data_verb = data_verb
        self._loss = _loss_object(loss)
        self._layers = describe.encoders_in(model)
        self._encoders = {id(layer): describe.describe_encoder(path, layer) for path, layer in self._layers}
        self.unseen: tuple[tuple[str, str], ...] = _own_steps(model, kind)
        self.content_only = _content_only(model)
        self.training, self.training_by = (None, "call") if data_verb else mode_of(model, arguments)
        self.watched = compute.records_gradients(self.training)
        self.updates = self.training is True and updates_in_training(model)
        self.own_code = type(model).__module__.partition(".")[0] != "keras_hub"
        self._kept: tuple[Kept, ...] = ()
        self._inlined = describe.inlined(model)
        every = [(path, leaf, *self._name(path)) for path, leaf in tree.leaves(arguments)]
        named = [each for each in every if not is_switch(each[1]) or _is_text_for_ids(each[1], each[2])]
        self.size = rows([leaf for path, leaf, _, is_label in named if not is_label and path[0] != _RAW])
        made: list[tuple[tree.Path, Leaf, bool]] = []
        for path, leaf, name, is_label in named:
            value = as_numpy(leaf)
            role = None if is_label or path[0] == _RAW else describe.role_of_name(name)
            batched = self.size > 0 and value.ndim > 0 and value.shape[0] == self.size
            source = sources.get(("x", *path[1:]) if path[0] == _RAW else path, leaf)
            made.append((path, Leaf(name, value, role, kind_of(source), batched, source), is_label))
        self._paths = {path: (leaf.name, is_label or path[0] == "weight") for path, leaf, is_label in made}
        self.leaves = tuple(leaf for path, leaf, is_label in made if not is_label and path[0] != "weight")
        self.labels = tuple(leaf for _, leaf, is_label in made if is_label)
        self.weights = tuple(leaf for path, leaf, is_label in made if path[0] == "weight")

    def _name(self, path: tree.Path) -> tuple[str, bool]:
        """The model's name for the leaf at `path`, and whether it is a label."""
        head, rest = path[0], path[1:]
        if self._data_verb:
            if head == "y":
                return ("labels" + "".join(f"[{key!r}]" for key in rest)), True
            if head == "weight":
                return "sample_weight", False
            if head == _RAW:
                return "text" + "".join(f"[{key!r}]" for key in rest), False
        if rest and isinstance(rest[-1], str):
            return rest[-1], False
        names = self._positional_names()
        if self._data_verb or head == next(iter(self._arguments), None):
            index = rest[0] if rest and isinstance(rest[0], int) else 0
            return (names[index] if index < len(names) else f"input {index}"), False
        return str(head), False

    def _positional_names(self) -> tuple[str, ...]:
        if describe.is_functional(self.model):
            return tuple(describe.input_names(self.model))
        return describe.call_names(self.model)

    def run(self, arrays: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray] | None, layers: bool) -> Pass:
        """One pass in inference mode on the rows given: forward, then the loss where there are labels. Never raises."""
        return self._run(arrays, labels, Recorder(layers, inlined=self._inlined), keep=layers)

    def again(self, arrays: Mapping[str, np.ndarray], training: bool) -> Pass:
        """One more forward pass of these rows, with other random numbers."""
        return self._run(arrays, None, Recorder(layers=False), training=training)

    def replay(self, arrays: Mapping[str, np.ndarray], answer: Answer) -> Pass:
        """A forward pass in which `answer` gives the encoders' hidden states, and the encoders do not run."""
        calls = iter(range(len(self._kept) + 1))

        def instead(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            index = next(calls)
            kept = same_layers(self._kept, index, layer)
            given = self._given_inlined(arrays) if self._inlined else given_by_role(layer, args, kwargs)
            return altered(kept, lambda hidden: answer(index, given, hidden))

        return self._run(arrays, None, Recorder(layers=False, instead=instead, inlined=self._inlined))

    def _given_inlined(self, arrays: Mapping[str, np.ndarray]) -> dict[Role, np.ndarray]:
        """What a backbone that is no layer of the model is given: the model's own inputs."""
        return {role: arrays[name] for role, name in describe.HUB_NAMES.items() if name in arrays}

    def _run(
        self,
        arrays: Mapping[str, np.ndarray],
        labels: Mapping[str, np.ndarray] | None,
        recorder: Recorder,
        *,
        keep: bool = False,
        training: bool = False,
    ) -> Pass:
        if self.kind == "predict":
            labels = None  # a dataset may hold some, which `predict` passes over
        arguments = self._with(arrays, labels or {})
        built = is_built(self.model)
        error: ErrorFacts | None = None
        exception: BaseException | None = None
        loss = describe_loss(self.model, self._loss, direct=not self._data_verb) if labels is not None else None
        keys: tuple[str, ...] = ()
        start = time.perf_counter()
        # What `untouched` itself raises is bertmagic's own failure, and goes on as such.
        with untouched(self.model, random_state=built):
            try:
                keys, value = self._step(arguments, recorder, labels is not None, training, built)
                loss = _with_value(loss, value)
            except Exception as raised:  # noqa: BLE001  # whatever the model raises is a fact
                where: Literal["loss", "forward"] = "loss" if recorder.outputs is not None else "forward"
                error = ErrorFacts(type(raised).__name__, str(raised), recorder.failed, where, recorder.passed)
                exception = raised
        seconds = time.perf_counter() - start
        if keep and error is None:
            self._kept = self._keep(recorder)
        return Pass(
            outputs=_named_outputs(self.model, recorder.outputs),
            encoders=self._encoder_passes(recorder),
            layers=recorder.records(),
            loss=loss,
            history_keys=keys,
            error=error,
            exception=exception,
            seconds=seconds,
            reached=weights.reached(self.model) if self.kind == "fit" and keep and error is None else {},
        )

    def state(self, reached: Mapping[str, tuple[bool, bool]]) -> StateFacts:
        """The state of the model's weights, as far as this kind of call is judged by it; `reached`: by a dry pass."""
        training = self.kind == "fit"
        with compute.unrecorded():
            optimizer = optimizers.describe_optimizer(self.model)
            predicts = self.kind in ("predict", "evaluate", "call")
            return StateFacts(
                encoders=weights.encoder_states(self.model, reached),
                heads=weights.untrained_heads(self.model) if predicts else (),
                optimizer=optimizer,
                memory=weights.memory_of(self.model, optimizer.slots) if training and optimizer is not None else None,
                own_step=_trains_its_own_way(self.model),
                may_set_rate=optimizers.may_set_rate(self._given),
                for_training=self.kind == "call" and (self.watched or self.training is True),
                label_span=batches.label_span(self._given) if training else None,
            )

    def encode(self, encoder: EncoderFacts, given: Mapping[Role, np.ndarray]) -> np.ndarray:
        """The encoder's last hidden state (batch, seq, hidden), inference mode.

        An encoder takes all of its inputs: those that are not given are zeros, and a mask is ones.
        """
        layer = next(layer for path, layer in self._layers if path == encoder.path)
        ids = given["input_ids"]
        tensors = {}
        for role, name in encoder.names.items():
            missing = np.ones_like(ids) if role == "attention_mask" else np.zeros_like(ids)
            tensors[name] = compute.as_tensor(np.asarray(given.get(role, missing)))
        # Under a recorder the call is the check's own, and no listener is told of it.
        with untouched(self.model), stateless(), Recorder(layers=False):
            output = layer(tensors, training=False)
        hidden = hidden_of(output)
        if hidden is None:
            raise ValueError(f"{encoder.type} gives no last hidden state")
        return hidden

    def _with(self, arrays: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The call's arguments with its leaves replaced: tensors in a data verb, else each in the kind that it had."""

        def change(path: tree.Path, leaf: Any) -> Any:
            known = self._paths.get(path)
            new = None if known is None else (labels if known[1] else arrays).get(known[0])
            if new is None or isinstance(leaf, str):
                return leaf
            return compute.as_tensor(batches.as_float(new)) if self._data_verb else dry.as_fed(leaf, new)

        changed: dict[str, Any] = tree.rebuild(self._arguments, change)
        return changed

    def _step(
        self, arguments: dict[str, Any], recorder: Recorder, with_loss: bool, training: bool, built: bool
    ) -> tuple[tuple[str, ...], Any]:
        """Forward, then loss and metrics by the model's own code on fresh containers: the logs' keys, the loss."""
        model = self.model
        if not self._data_verb:
            if not built:
                self._call(arguments, training)
            with stateless(), recorder:
                if built:
                    stir(model)
                self._call(arguments, training)
            return (), None
        x, y, weight = (arguments.get(key) for key in _DATA)
        if not built:
            with recorder:
                dry.build(model, x)
            recorder.restart()
        with loss_ids_kept(model), stateless(collect_losses=True):
            with recorder:
                if built:
                    stir(model)
                takes = model._call_has_training_arg
                model(x, training=training) if takes else model(x)
            losses = list(model.losses)
        outputs = recorder.outputs
        if not with_loss:
            return (), None
        if self._loss is not None:
            return (), None if y is None else self._loss(y, primary(outputs))
        if not getattr(model, "compiled", False) or self.unseen:
            return (), None
        with with_losses(model, losses):
            return dry.compared(model, x, y, outputs, weight)

    def _call(self, arguments: dict[str, Any], training: bool = False) -> Any:
        arguments = dict(arguments)
        positional = arguments.pop("*", ())
        keywords = dict(arguments.pop("**", {}))
        parameters = inspect.signature(self.model.call).parameters
        if "training" in keywords:
            keywords["training"] = training
        elif training or "training" in parameters:
            arguments["training"] = training
        first = next(iter(arguments), None)
        # Where that one is not given, Keras raises.
        head = (arguments.pop(first),) if first is not None and first == next(iter(parameters), None) else ()
        return self.model(*head, *positional, **arguments, **keywords)

    def _encoder_passes(self, recorder: Recorder) -> tuple[EncoderPass, ...]:
        passes = []
        for layer, args, kwargs, value, made_at in recorder.encoder_calls:
            facts = self._encoders.get(id(layer))
            if facts is None or any(is_symbolic(leaf) for _, leaf in tree.leaves([list(args), kwargs])):
                continue  # a model that is built first makes a graph of its layers: nothing is computed
            if value is None and recorder.failed == layer.name and not recorder.passed:
                continue  # it did not take what it was given
            given = looked_up(layer, given_by_role(layer, args, kwargs))
            hidden = hidden_of(recorder.hidden if layer is self.model and self._inlined else value)
            passes.append(EncoderPass(facts, given, hidden, switch(kwargs.get("training")), sites=made_at))
        return tuple(passes)

    def _keep(self, recorder: Recorder) -> tuple[Kept, ...]:
        """What a replay needs of the encoders' calls; nothing where one lies inside another, or gives no such state."""
        kept = []
        for layer, args, kwargs, value, _ in recorder.encoder_calls:
            if layer is self.model and self._inlined:
                hidden = hidden_of(recorder.hidden)
                if hidden is None:
                    return ()
                kept.append(Kept(self._inlined[-1], given_by_role(layer, args, kwargs), recorder.hidden, hidden))
                continue
            hidden = hidden_of(value)
            if recorder.nested or id(layer) not in self._encoders or hidden is None or layer is self.model:
                return ()
            kept.append(Kept(layer, given_by_role(layer, args, kwargs), value, hidden))
        return tuple(kept)


def _loss_object(loss: Any) -> Any:
    """A loss given by name, as Keras resolves it."""
    if not isinstance(loss, str):
        return loss
    from keras.src import losses

    return losses.get(loss)


def _is_text_for_ids(leaf: Any, name: str) -> bool:
    """Whether a string stands where token ids belong, and is no switch."""
    return isinstance(leaf, str) and describe.role_of_name(name) == "input_ids"


def _library(model: Any, name: str) -> bool:
    """Whether the method of that name is Keras' or KerasHub's own."""
    method = getattr(type(model), name, None)
    return str(getattr(method, "__module__", "keras")).partition(".")[0] in ("keras", "keras_hub")


def _own_steps(model: Any, kind: CallKind) -> tuple[tuple[str, str], ...]:
    """The parts of a training run that the user's own class does, which a dry pass does not run."""
    if kind not in _COMPARING:
        return ()
    verb = "test" if kind == "evaluate" else "train"
    names = [f"{verb}_step", f"make_{verb}_function"]
    if compute.name() == "jax":
        names.append("compute_loss_and_updates")  # keras 3.15, `backend/jax/trainer.py`: what both steps differentiate
    own = [name for name in names if not _library(model, name)]
    why = "it is the model's own code; only its forward pass was run"
    return tuple((f"`{type(model).__name__}.{name}`", why) for name in own)


def _trains_its_own_way(model: Any) -> bool:
    """Whether a class of the user's own has a say in what a training step does with the outputs and the gradients."""
    names = ("train_step", "make_train_function", "compute_loss", "compute_loss_and_updates")
    return any(not _library(model, name) for name in names)


def _content_only(model: Any) -> str | None:
    """Why a model is not run dry: its variables lie on several devices, or elsewhere."""
    from keras.src.distribution import distribution_lib

    strategy = type(getattr(model, "_distribute_strategy", None)).__name__
    if "TPU" in strategy or "ParameterServer" in strategy:
        return f"the model lives under a {strategy}: its inputs and labels were read, and no forward pass was run"
    spread = distribution_lib.distribution()
    if spread is None or type(spread).__name__ == "DataParallel":
        return None
    return (
        f"a {type(spread).__name__} spreads the model over devices: its inputs and labels were read, and no forward "
        "pass was run"
    )


def _named_outputs(model: Any, outputs: Any) -> tuple[tuple[str, np.ndarray], ...]:
    if outputs is None:
        return ()
    names = describe.output_names(model)
    if isinstance(outputs, Mapping):
        items = [(str(name), value) for name, value in outputs.items()]
    elif isinstance(outputs, (list, tuple)):
        names += [f"output {index}" for index in range(len(names), len(outputs))]
        items = list(zip(names, outputs, strict=False))
    else:
        items = [((names or ["output"])[0], outputs)]
    return tuple((name, as_numpy(value)) for name, value in items if compute.is_tensor(value))


def _with_value(loss: LossFacts | None, value: Any) -> LossFacts | None:
    if loss is None or value is None:
        return loss
    return dataclasses.replace(loss, value=float(np.mean(as_numpy(value))))
