"""One observed call of a PyTorch module, alive: its arrays by name, and the means to run it dry on any of its rows."""

from __future__ import annotations

import dataclasses
import inspect
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from bertmagic.backends import tree
from bertmagic.backends.comparison import Comparison
from bertmagic.backends.leaves import is_switch, kind_of, rows
from bertmagic.backends.protocol import Answer, EncoderPass, Leaf, Pass, Unseen
from bertmagic.backends.torch import describe, devices, losses, modes, optimizers, weights
from bertmagic.backends.torch.encoding import as_numpy, given_by_role, hidden_of, is_plain, is_tensor
from bertmagic.backends.torch.guard import Guard
from bertmagic.backends.torch.layers import Recorder
from bertmagic.backends.torch.replay import Kept, altered, same_layers
from bertmagic.backends.torch.state import own_hooks, untouched
from bertmagic.facts.call import CallKind, ErrorFacts
from bertmagic.facts.loss import LossFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.tensors import Role
from bertmagic.facts.training import OptimizerFacts, StateFacts

_OWN_LOSS = LossFacts("the model's own loss", "internal")


class TorchCall:
    """A call of `model`. `arguments`: by parameter of its forward, further ones under `*` and `**`.

    `optimizer`, `label_span`: what trains it, and the labels of all its data, where a trainer makes the call;
    `wants_loss`: the trainer raises where the module gives no loss; `own_loss`: its loss is the user's own code, and
    the module gets no labels.
    """

    def __init__(
        self,
        kind: CallKind,
        model: Any,
        arguments: dict[str, Any],
        *,
        container: str,
        loss: Any = None,
        labels: Any = None,
        data: Any = None,
        optimizer: OptimizerFacts | None = None,
        label_span: tuple[float, float] | None = None,
        unseen: tuple[tuple[str, str], ...] = (),
        wants_loss: bool = False,
        own_loss: bool = False,
    ) -> None:
        self.kind = kind
        self.model = model
        self.container = container
        self.data = data
        self.data_type = "" if data is None else kind_of(data)
        self.parts: int | None = None
        self._module = describe.inner(model)
        self._arguments = {**arguments, **({} if labels is None else {"y": labels})}
        self._given_labels = labels is not None
        self._wants_loss, self._own_loss = wants_loss and not own_loss, own_loss
        self._loss, self._optimizer, self._label_span = loss, optimizer, label_span
        self._layers = describe.encoders_in(self._module)
        self._encoders = {id(layer): describe.describe_encoder(path, layer) for path, layer in self._layers}
        self._label_names = describe.label_names(self._module)
        self._kept: tuple[Kept, ...] = ()
        self._read(arguments)
        direct = kind in ("call", "check")
        self.training, self.training_by = modes.mode_of(self._module) if kind == "call" else (None, "call")
        self.watched = direct and modes.records_gradients(self._module, (leaf.source for leaf in self.leaves))
        self.updates = self.training is True and modes.updates_in_training(self._module)
        self.own_code = not type(self._module).__module__.startswith("transformers.")
        self._hooked = own_hooks(self._module)
        hooks = ("the forward hooks of `model`", "the dry pass runs without hooks of the user's own")
        self.unseen: tuple[tuple[str, str], ...] = (*unseen, *((hooks,) if self._hooked else ()))
        self.content_only = self._content_only()

    def _read(self, arguments: dict[str, Any]) -> None:
        every = [(path, leaf, *self._name(path)) for path, leaf in tree.leaves(self._arguments)]
        data = [each for each in every if is_data(each[1]) or _is_text_for_ids(each[1], each[2])]
        self._others = [leaf for _, leaf in tree.leaves(arguments) if not is_data(leaf) and not is_switch(leaf)]
        for _, leaf, name, _ in data:
            if is_tensor(leaf) and not is_plain(leaf):
                raise Unseen(f"`{name}` is a {type(leaf).__name__}, whose values cannot be read here")
        self.size = rows([leaf for _, leaf, _, is_label in data if not is_label])
        made: list[tuple[tree.Path, Leaf, bool]] = []
        for path, leaf, name, is_label in data:
            value = as_numpy(leaf)
            role = None if is_label else describe.role_of_name(name)
            batched = self.size > 0 and value.ndim > 0 and value.shape[0] == self.size
            made.append((path, Leaf(name, value, role, kind_of(leaf), batched, leaf), is_label))
        if self._is_uneven([leaf for _, leaf, is_label in made if not is_label]):
            # Of the first few rows all may have some: only the whole batch shows where they do not.
            made = [(path, dataclasses.replace(leaf, batched=False), is_label) for path, leaf, is_label in made]
        self._paths = {path: (leaf.name, is_label) for path, leaf, is_label in made}
        self.leaves = tuple(leaf for _, leaf, is_label in made if not is_label)
        self.labels = tuple(leaf for _, leaf, is_label in made if is_label)
        self.weights: tuple[Leaf, ...] = ()

    def _is_uneven(self, leaves: list[Leaf]) -> bool:
        """Whether tensors of tokens have other numbers of rows than each other; one row goes with any number."""
        counts = {leaf.value.shape[0] for leaf in leaves if leaf.role is not None and leaf.value.ndim > 1}
        return len(counts - {1}) > 1

    def _name(self, path: tree.Path) -> tuple[str, bool]:
        """The module's name for the leaf at `path`, and whether it is a label."""
        head, rest = path[0], path[1:]
        if head == "y" and self._given_labels:
            return "labels", True
        if rest and isinstance(rest[-1], str):
            return rest[-1], rest[-1] in self._label_names
        if head == "*":
            return f"input {rest[0]}" if rest else "input", False
        index = "".join(f"[{each}]" for each in rest)
        return f"{head}{index}", head in self._label_names

    def _content_only(self) -> str | None:
        """Why the call can only be read: what running it would change, or harm, and nothing could put back."""
        import torch

        if self._others:
            kind = type(self._others[0]).__name__
            return f"it is given a {kind}, which a forward pass may change"
        weight = next(iter(self._module.parameters()), None)
        if weight is None:
            return None
        if any(isinstance(each, torch.nn.parameter.UninitializedTensorMixin) for each in self._module.parameters()):
            return "its weights are made by its first call"
        if not is_plain(weight) or weight.is_meta:
            return f"its weights are of type {type(weight).__name__}, on device `{weight.device}`"
        if "FullyShardedDataParallel" in {type(each).__name__ for each in self._module.modules()}:
            return "its weights are spread over several processes"
        return None

    # -- passes --------------------------------------------------------------------------------------------------

    def run(self, arrays: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray] | None, layers: bool) -> Pass:
        """One pass in evaluation mode on the rows given: forward, and the loss where the module computes one."""
        return self._run(arrays, labels, Recorder(self._module, layers), keep=layers)

    def again(self, arrays: Mapping[str, np.ndarray], training: bool) -> Pass:
        """One more forward pass of these rows, with other random numbers."""
        return self._run(arrays, None, Recorder(self._module, layers=False), training=training)

    def replay(self, arrays: Mapping[str, np.ndarray], answer: Answer) -> Pass:
        """A forward pass in which `answer` gives the encoders' hidden states, and the encoders do not run."""
        calls = iter(range(len(self._kept) + 1))

        def instead(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            index = next(calls)
            kept = same_layers(self._kept, index, layer)
            given = given_by_role(layer, args, kwargs)
            return altered(kept, lambda hidden: answer(index, given, hidden))

        return self._run(arrays, None, Recorder(self._module, layers=False, instead=instead))

    def _run(
        self,
        arrays: Mapping[str, np.ndarray],
        labels: Mapping[str, np.ndarray] | None,
        recorder: Recorder,
        *,
        keep: bool = False,
        training: bool = False,
    ) -> Pass:
        # Without labels there is no loss: a module's own may not take a part of the rows' labels.
        labels = None if self._own_loss else labels
        arguments = self._with(arrays, labels, without_labels=labels is None)
        error: ErrorFacts | None = None
        exception: BaseException | None = None
        watch = losses.watching()
        loss: LossFacts | None = None
        asked = weights.watched(self._layers) if self.kind == "fit" and keep else {}
        reached: dict[str, tuple[bool, bool]] = {}
        start = time.perf_counter()
        devices.ran_on(self._module)
        with untouched(self._module, training=training), Guard(dry=True):
            try:
                with weights.grads_of(asked), recorder, watch:
                    value = self._call(arguments)
                loss = self._loss_of(value, labels, watch.seen)
                if keep and self._wants_loss and isinstance(value, Mapping) and "loss" not in value:
                    exception, loss = _no_loss(value, arguments), _OWN_LOSS
                    error = ErrorFacts(type(exception).__name__, str(exception), None, "loss", recorder.passed)
                if asked:
                    reached = weights.reached(asked, value)
            except Exception as raised:  # noqa: BLE001  # whatever the module raises is a fact
                in_loss = bool(self.labels) and self._runs_without_labels(arrays, recorder)
                where: Literal["loss", "forward"] = "loss" if in_loss else "forward"
                error = ErrorFacts(type(raised).__name__, str(raised), recorder.failed, where, recorder.passed)
                exception = raised
                loss = self._loss_that_raised(watch.seen, labels) if in_loss else None
        seconds = time.perf_counter() - start
        if error is not None and self._hooked and error.where == "forward":
            error = exception = None  # it may well need the hooks that were left out
        if keep and error is None:
            self._kept = self._keep(recorder)
        outputs = _named_outputs(recorder.outputs)
        if loss is not None and loss.kind != "internal" and watch.seen:
            outputs = (("output", watch.seen[-1].values),)
        return Pass(
            outputs=outputs,
            encoders=self._encoder_passes(recorder),
            layers=recorder.records(),
            loss=loss,
            history_keys=(),
            error=error,
            exception=exception,
            seconds=seconds,
            reached=reached,
        )

    def _call(self, arguments: dict[str, Any]) -> Any:
        arguments = {name: value for name, value in arguments.items() if name != "y" or not self._given_labels}
        positional = arguments.pop("*", ())
        keywords = dict(arguments.pop("**", {}))
        return self._module(*positional, **arguments, **keywords)

    def _loss_of(self, value: Any, labels: Any, seen: list[Comparison]) -> LossFacts | None:
        """The facts of the loss that was computed for `labels`, in the module or by the loss that was given."""
        if labels is None or not self.labels:
            return None
        if self._loss is not None and self._given_labels:
            return self._loss_given(value, labels)
        own = losses.own_loss(value)
        if describe.is_pretrained(describe.core_of(self._module)):
            return None if own is None else dataclasses.replace(_OWN_LOSS, value=_number(own))
        found = self._comparison(seen, labels)
        return None if found is None else dataclasses.replace(found.facts, value=0.0 if own is None else _number(own))

    def _loss_that_raised(self, seen: list[Comparison], labels: Mapping[str, np.ndarray] | None) -> LossFacts | None:
        if describe.is_pretrained(describe.core_of(self._module)):
            return _OWN_LOSS
        found = self._comparison(seen, labels)
        return None if found is None else found.facts

    def _loss_given(self, value: Any, labels: Mapping[str, np.ndarray]) -> LossFacts | None:
        import torch

        name = getattr(self._loss, "__name__", None) or type(self._loss).__name__
        output = value.get("logits") if isinstance(value, Mapping) else value
        target = torch.as_tensor(next(iter(labels.values())))
        with losses.watching() as watch:
            computed = self._loss(output, target)
        facts = watch.seen[-1].facts if watch.seen else LossFacts(name, "other")
        return dataclasses.replace(facts, value=_number(computed))

    def _comparison(self, seen: list[Comparison], labels: Mapping[str, np.ndarray] | None) -> Comparison | None:
        """The loss that compared the labels that the module was given, and none that it made of them."""
        found = seen[-1] if len(seen) == 1 else None
        given = (labels or {}).values()
        return found if found is not None and any(losses.holds(found, each) for each in given) else None

    def _runs_without_labels(self, arrays: Mapping[str, np.ndarray], failed: Recorder) -> bool:
        """Whether it runs where it gets no labels: then what was raised is the loss's. Outputs are kept in `failed`."""
        again = Recorder(self._module, layers=False)
        try:
            with again:
                self._call(self._with(arrays, None, without_labels=True))
        except Exception:  # noqa: BLE001  # then the labels are not to blame
            return False
        failed.outputs = again.outputs
        failed.encoder_calls = failed.encoder_calls or again.encoder_calls
        return True

    def _with(
        self, arrays: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray] | None, *, without_labels: bool = False
    ) -> dict[str, Any]:
        """The call's arguments with its leaves replaced, each in the kind, dtype and place that it had.

        Whole numbers in place of floating-point ones stay such, and the other way round: a proof is of them.
        """
        import torch

        def change(path: tree.Path, leaf: Any) -> Any:
            known = self._paths.get(path)
            if known is None:
                return leaf
            if known[1] and without_labels:
                return None
            new = (labels or {}).get(known[0]) if known[1] else arrays.get(known[0])
            if new is None or isinstance(leaf, str):
                return leaf
            if is_tensor(leaf):
                if new.shape == tuple(leaf.shape) and new is self._value(known[0]):
                    return leaf.detach()
                tensor = torch.from_numpy(np.ascontiguousarray(new)).to(leaf.device)
                other = new.dtype.kind in "iuf" and tensor.is_floating_point() != leaf.is_floating_point()
                return tensor if other else tensor.to(leaf.dtype)
            if isinstance(leaf, (list, tuple)):
                return type(leaf)(new.tolist()) if new.ndim else leaf
            return new if isinstance(leaf, np.ndarray) else leaf

        changed: dict[str, Any] = tree.rebuild(self._arguments, change)
        # A head's own loss is left out where its labels are None; `**` may go on to what takes none.
        if without_labels and isinstance(changed.get("**"), dict):
            changed["**"] = {name: item for name, item in changed["**"].items() if item is not None}
        return changed

    def _value(self, name: str) -> np.ndarray | None:
        return next((leaf.value for leaf in (*self.leaves, *self.labels) if leaf.name == name), None)

    # -- state ---------------------------------------------------------------------------------------------------

    def state(self, reached: Mapping[str, tuple[bool, bool]]) -> StateFacts:
        """The state of the module's weights, as far as this kind of call is judged by it; `reached`: by a dry pass."""
        predicts = self.kind in ("predict", "evaluate", "call")
        for_training = self.kind == "call" and (self.watched or bool(self.labels) or self.training is True)
        training = self.kind == "fit"
        return StateFacts(
            encoders=weights.encoder_states(self._layers, reached),
            heads=weights.untrained_heads(self._module, self._layers) if predicts and not for_training else (),
            optimizer=self._optimizer,
            memory=weights.memory_of(self._module, optimizers.slots_of(self._optimizer)) if training else None,
            for_training=for_training,
            label_span=self._label_span,
        )

    def encode(self, encoder: EncoderFacts, given: Mapping[Role, np.ndarray]) -> np.ndarray:
        """The encoder's last hidden state (batch, seq, hidden), evaluation mode."""
        import torch

        layer = next(layer for path, layer in self._layers if path == encoder.path)
        place = next(iter(layer.parameters())).device
        kinds = {leaf.role: leaf.source.dtype for leaf in self.leaves if is_tensor(leaf.source)}
        with untouched(self._module), Guard(dry=True), Recorder(self._module, layers=False):
            tensors = {
                name: torch.from_numpy(np.ascontiguousarray(value)).to(place, kinds.get(name))
                for name, value in given.items()
            }
            output = layer(**tensors)
        hidden = hidden_of(output)
        if hidden is None:
            raise ValueError(f"{encoder.type} gives no last hidden state")
        return hidden

    def _encoder_passes(self, recorder: Recorder) -> tuple[EncoderPass, ...]:
        return tuple(
            EncoderPass(
                self._encoders[id(layer)],
                given_by_role(layer, args, kwargs),
                hidden_of(value),
                gave=_fields(value),
                unknown=describe.unknown_names(layer, kwargs),
                sites=made_at,
            )
            for layer, args, kwargs, value, made_at in recorder.encoder_calls
            if id(layer) in self._encoders
        )

    def _keep(self, recorder: Recorder) -> tuple[Kept, ...]:
        """What a replay needs of the encoders' calls; nothing where one lies inside another, or gives no such state."""
        kept = []
        for layer, args, kwargs, value, _ in recorder.encoder_calls:
            hidden = hidden_of(value)
            if recorder.nested or id(layer) not in self._encoders or hidden is None:
                return ()
            kept.append(Kept(layer, given_by_role(layer, args, kwargs), value, hidden))
        return tuple(kept)


def direct_arguments(module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A direct call's arguments by parameter name; those that do not bind under `*` and `**`."""
    parameters = describe.parameters_of(module)
    try:
        bound = inspect.Signature(list(parameters.values())).bind(*args, **kwargs)
    except (TypeError, ValueError):
        names = [name for name, each in parameters.items() if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
        head = dict(zip(names, args, strict=False))
        return {**head, "*": args[len(names) :], "**": {key: item for key, item in kwargs.items() if key not in head}}
    arguments: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = parameters[name].kind
        # Anything after `*args` is given by keyword.
        key = (
            "*" if kind is inspect.Parameter.VAR_POSITIONAL else "**" if kind is inspect.Parameter.VAR_KEYWORD else name
        )
        arguments[key] = value
    if "*" in arguments and any(name not in ("*", "**") for name in arguments):
        names = [name for name in arguments if name not in ("*", "**")]
        by_place = names[: max(0, len(args) - len(arguments["*"]))]
        arguments["*"] = (*(arguments.pop(name) for name in by_place), *arguments["*"])
    return arguments


def is_data(leaf: Any) -> bool:
    """Whether an argument holds numbers (or what stands in their place): a tensor, an array, a list of such."""
    if is_tensor(leaf) or isinstance(leaf, np.ndarray):
        return True
    if isinstance(leaf, (list, tuple)):
        return bool(leaf)
    return hasattr(leaf, "shape") and hasattr(leaf, "dtype")


def _is_text_for_ids(leaf: Any, name: str) -> bool:
    """Whether a string stands where token ids belong, and is no switch."""
    return isinstance(leaf, str) and describe.role_of_name(name) == "input_ids"


def _named_outputs(outputs: Any) -> tuple[tuple[str, np.ndarray], ...]:
    if outputs is None:
        return ()
    if isinstance(outputs, Mapping):
        items = [(str(name), value) for name, value in outputs.items()]
    elif isinstance(outputs, (list, tuple)):
        items = [(f"output {index}", value) for index, value in enumerate(outputs)]
    else:
        items = [("output", outputs)]
    return tuple((name, as_numpy(value)) for name, value in items if is_tensor(value))


def _fields(output: Any) -> tuple[str, tuple[str, ...]] | None:
    """The type of an output object, and the names of its fields."""
    return (type(output).__name__, tuple(map(str, output))) if isinstance(output, Mapping) else None


def _no_loss(value: Mapping[str, Any], arguments: dict[str, Any]) -> ValueError:
    """What a trainer raises where its model gives no loss (transformers 5.23, `Trainer.compute_loss`)."""
    given = [name for name in arguments if name not in ("*", "**")] + list(arguments.get("**", {}))
    return ValueError(
        "The model did not return a loss from the inputs, only the following keys: "
        f"{','.join(map(str, value))}. For reference, the inputs it received are {','.join(given)}."
    )


def _number(value: Any) -> float | None:
    return float(value.detach().float().mean()) if is_tensor(value) else None
