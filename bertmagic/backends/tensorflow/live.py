"""One observed call of a tf-keras model, alive: its arrays by name, and the means to run it dry on any of its rows."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from bertmagic.backends import streams, tree
from bertmagic.backends.leaves import is_switch, kind_of, primary, rows
from bertmagic.backends.protocol import Answer, EncoderPass, Leaf, Pass
from bertmagic.backends.tensorflow import describe, optimizers, weights
from bertmagic.backends.tensorflow.encoding import as_numpy, given_by_role, hidden_of, switch
from bertmagic.backends.tensorflow.layers import Recorder
from bertmagic.backends.tensorflow.losses import describe_loss
from bertmagic.backends.tensorflow.mode import mode_of, records_gradients, updates_in_training
from bertmagic.backends.tensorflow.replay import Kept, altered, same_layers
from bertmagic.backends.tensorflow.state import fresh_compile_state, stir, unrecorded, untouched
from bertmagic.facts.call import CallKind, ErrorFacts
from bertmagic.facts.loss import LossFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.facts.tensors import Role
from bertmagic.facts.training import StateFacts
from bertmagic.observe.values import is_symbolic

# The two keys under which a data call's leaves stand.
_DATA = ("x", "y", "weight")
# The calls in which a loss compares outputs with labels.
_COMPARING = ("fit", "evaluate", "train_on_batch")


class TensorFlowCall:
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
        self._label_names = _label_names(model)
        self.unseen: tuple[tuple[str, str], ...] = (*_own_steps(model, kind), *_replicas(model))
        self.content_only = _content_only(model)
        self.training, self.training_by = (None, "call") if data_verb else mode_of(model, arguments)
        self.watched = records_gradients()
        self.updates = self.training is True and updates_in_training(model)
        self.own_code = not type(model).__module__.startswith("transformers.")
        self._kept: tuple[Kept, ...] = ()
        every = [(path, leaf, *self._name(path)) for path, leaf in tree.leaves(arguments)]
        named = [each for each in every if not is_switch(each[1]) or _is_text_for_ids(each[1], each[2])]
        self.size = rows([leaf for _, leaf, _, is_label in named if not is_label])
        made: list[tuple[tree.Path, Leaf, bool]] = []
        for path, leaf, name, is_label in named:
            value = as_numpy(leaf)
            role = None if is_label else describe.role_of_name(name)
            batched = self.size > 0 and value.ndim > 0 and value.shape[0] == self.size
            source = sources.get(path, leaf)
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
        if rest and isinstance(rest[-1], str):
            return rest[-1], rest[-1] in self._label_names
        names = self._positional_names()
        first = self._data_verb or head == next(iter(self._arguments), None)
        if not self._data_verb and head in describe.ROLES and head != names[0]:
            first = False  # Given by keyword, and nothing before it.
        if first:
            index = rest[0] if rest and isinstance(rest[0], int) else 0
            name = names[index] if index < len(names) else f"input {index}"
            return name, False
        return str(head), head in self._label_names

    def _positional_names(self) -> tuple[str, ...]:
        if describe.is_functional(self.model):
            return tuple(self.model.input_names)
        return describe.call_names(self.model)

    def run(self, arrays: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray] | None, layers: bool) -> Pass:
        """One pass in inference mode on the rows given: forward, then the loss where there are labels. Never raises."""
        return self._run(arrays, labels, Recorder(layers), keep=layers)

    def again(self, arrays: Mapping[str, np.ndarray], training: bool) -> Pass:
        """One more forward pass of these rows, with other random numbers."""
        return self._run(arrays, None, Recorder(layers=False), training=training)

    def replay(self, arrays: Mapping[str, np.ndarray], answer: Answer) -> Pass:
        """A forward pass in which `answer` gives the encoders' hidden states, and the encoders do not run."""
        calls = iter(range(len(self._kept) + 1))

        def instead(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            index = next(calls)
            kept = same_layers(self._kept, index, layer)
            given = given_by_role(layer, args, kwargs)
            return altered(kept, lambda hidden: answer(index, given, hidden))

        return self._run(arrays, None, Recorder(layers=False, instead=instead))

    def _run(
        self,
        arrays: Mapping[str, np.ndarray],
        labels: Mapping[str, np.ndarray] | None,
        recorder: Recorder,
        *,
        keep: bool = False,
        training: bool = False,
    ) -> Pass:
        arguments = self._with(arrays, labels or {})
        built = bool(self.model.built)
        error: ErrorFacts | None = None
        exception: BaseException | None = None
        direct = not self._data_verb
        loss = describe_loss(self.model, self._loss, direct=direct) if labels is not None else None
        keys: tuple[str, ...] = ()
        # What the loss depends on is asked once, of the pass that stands for training.
        asked = weights.watched(self.model) if self.kind == "fit" and keep and not self.watched else {}
        reach = weights.Reach(asked)
        start = time.perf_counter()
        # What `untouched` itself raises is bertmagic's own failure, and goes on as such.
        with untouched(self.model, random_state=built):
            if built:
                stir(self.model)
            try:
                with reach:
                    keys, value = self._step(arguments, recorder, labels is not None, training)
                    own_losses = list(self.model.losses) if asked else []
                loss = _with_value(loss, value)
            except Exception as raised:  # noqa: BLE001  # whatever the model raises is a fact
                in_loss = recorder.outputs is not None or self._runs_without_labels(arguments, recorder)
                where: Literal["loss", "forward"] = "loss" if in_loss else "forward"
                error = ErrorFacts(type(raised).__name__, str(raised), recorder.failed, where, recorder.passed)
                exception = raised
        if asked and error is None:
            reach.tell(recorder.outputs, own_losses)
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
            reached=reach.paths,
        )

    def state(self, reached: Mapping[str, tuple[bool, bool]]) -> StateFacts:
        """The state of the model's weights, as far as this kind of call is judged by it; `reached`: by a dry pass."""
        for_training = self.kind == "call" and (self.watched or self.training is True)
        # A tape of the user's own would take note of each weight that is read here.
        with unrecorded():
            return self._state(reached, for_training)

    def _state(self, reached: Mapping[str, tuple[bool, bool]], for_training: bool) -> StateFacts:
        training = self.kind == "fit"
        optimizer = optimizers.describe_optimizer(self.model)
        predicts = self.kind in ("predict", "evaluate", "call")
        return StateFacts(
            encoders=weights.encoder_states(self.model, reached),
            heads=weights.untrained_heads(self.model) if predicts else (),
            optimizer=optimizer,
            memory=weights.memory_of(self.model, optimizer.slots) if training and optimizer is not None else None,
            own_step=_trains_its_own_way(self.model),
            may_set_rate=optimizers.may_set_rate(self._given),
            for_training=for_training,
            label_span=streams.label_span(self._given, self._label_names) if training else None,
        )

    def encode(self, encoder: EncoderFacts, given: Mapping[Role, np.ndarray]) -> np.ndarray:
        """The encoder's last hidden state (batch, seq, hidden), inference mode."""
        import tensorflow as tf

        layer = next(layer for path, layer in self._layers if path == encoder.path)
        # Under a recorder the call is the check's own, and no listener is told of it.
        with untouched(self.model), Recorder(layers=False):
            tensors = {name: tf.convert_to_tensor(value) for name, value in given.items()}
            output = layer(**tensors, training=False)
        hidden = hidden_of(output)
        if hidden is None:
            raise ValueError(f"{encoder.type} gives no last hidden state")
        return hidden

    def _with(self, arrays: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The call's arguments with its leaves replaced, each in the kind and dtype that it had.

        Whole numbers in place of floating-point ones stay such, and the other way round: a proof is of them.
        """
        import tensorflow as tf

        def change(path: tree.Path, leaf: Any) -> Any:
            known = self._paths.get(path)
            new = None if known is None else (labels if known[1] else arrays).get(known[0])
            if new is None or isinstance(leaf, str):
                return leaf
            if isinstance(leaf, tf.RaggedTensor):
                return tf.ragged.constant([np.asarray(row).tolist() for row in new], leaf.dtype, ragged_rank=1)
            if not tf.is_tensor(leaf):
                return new
            other = new.dtype.kind in "iuf" and (new.dtype.kind == "f") != leaf.dtype.is_floating
            return tf.constant(new, dtype=None if other else leaf.dtype)

        changed: dict[str, Any] = tree.rebuild(self._arguments, change)
        return changed

    def _step(
        self, arguments: dict[str, Any], recorder: Recorder, with_loss: bool, training: bool = False
    ) -> tuple[tuple[str, ...], Any]:
        """Forward, then loss and metrics by the model's own code on fresh containers: the logs' keys, the loss."""
        model = self.model
        if not self._data_verb:
            with recorder:
                self._call(arguments, training)
            return (), None
        x, y, weight = (arguments.get(key) for key in _DATA)
        compiled = bool(getattr(model, "_is_compiled", False)) and self._loss is None
        if not with_loss or not compiled or self.unseen:
            with recorder:
                model(x, training=training)
            if with_loss and self._loss is not None and y is not None:
                return (), self._loss(y, primary(recorder.outputs))
            return (), None
        from tf_keras.src.engine import data_adapter

        with fresh_compile_state(model), recorder:
            if describe.is_pretrained(model):
                # transformers matches labels to outputs in its own steps (4.53.3, `modeling_tf_utils.test_step`).
                logs = model.test_step(data_adapter.pack_x_y_sample_weight(x, y, weight))
                value = logs.get("loss")
            else:
                predicted = model(x, training=False)
                value = model.compute_loss(x, y, predicted, weight)
                model._validate_target_and_loss(y, value)
                logs = model.compute_metrics(x, y, predicted, weight)
            return tuple(logs), value

    def _runs_without_labels(self, arguments: dict[str, Any], failed: Recorder) -> bool:
        """Whether a transformers model, which computes its loss inside its call, runs where it gets no labels.

        Then what was raised is the loss's, and the outputs are kept in `failed`. Where there are no labels, its steps
        raise before it is called (transformers 4.53.3, `modeling_tf_utils.train_step`).
        """
        if not self._label_names or not (self.labels or self.kind in _COMPARING):
            return False
        again = Recorder(layers=False)
        try:
            with again:
                if self._data_verb:
                    x = arguments["x"]
                    kept = {key: x[key] for key in x if key not in self._label_names} if isinstance(x, Mapping) else x
                    self.model(kept, training=False)
                else:
                    self._call({name: value for name, value in arguments.items() if name not in self._label_names})
        except Exception:  # noqa: BLE001  # then the labels are not to blame
            return False
        failed.outputs = again.outputs
        failed.encoder_calls = failed.encoder_calls or again.encoder_calls
        return True

    def _call(self, arguments: dict[str, Any], training: bool = False) -> Any:
        arguments = dict(arguments)
        positional = arguments.pop("*", ())
        keywords = dict(arguments.pop("**", {}))
        parameters = inspect.signature(self.model.call).parameters
        if "training" in keywords:
            # Keras takes it for layers without such a parameter too, as the mode of the layers inside.
            keywords["training"] = training
        elif training or "training" in parameters:
            arguments["training"] = training
        # Keras takes the first argument by position (tf_keras 2.21, `base_layer.CallFunctionSpec.split_out_first_arg`).
        first = next(iter(arguments), None)
        # Where that one is not given, Keras raises.
        head = (arguments.pop(first),) if first is not None and first == next(iter(parameters), None) else ()
        return self.model(*head, *positional, **arguments, **keywords)

    def _encoder_passes(self, recorder: Recorder) -> tuple[EncoderPass, ...]:
        passes = []
        for layer, args, kwargs, value, made_at in recorder.encoder_calls:
            facts = self._encoders.get(id(layer))
            if facts is None:
                continue
            if any(is_symbolic(leaf) for _, leaf in tree.leaves([list(args), kwargs])):
                continue  # a Sequential that is not built yet first makes a graph of its layers: nothing is computed
            given = given_by_role(layer, args, kwargs)
            passes.append(EncoderPass(facts, given, hidden_of(value), switch(kwargs.get("training")), sites=made_at))
        return tuple(passes)

    def _keep(self, recorder: Recorder) -> tuple[Kept, ...]:
        """What a replay needs of the encoders' calls; nothing where one lies inside another, or gives no such state."""
        kept = []
        for layer, args, kwargs, value, _ in recorder.encoder_calls:
            hidden = hidden_of(value)
            if recorder.nested or id(layer) not in self._encoders or hidden is None:
                return ()
            kept.append(Kept(layer, given_by_role(layer, args, kwargs), value, hidden))
        return tuple(kept)


def _loss_object(loss: Any) -> Any:
    """A loss given by name, as Keras resolves it."""
    if not isinstance(loss, str):
        return loss
    from tf_keras.src import losses

    return losses.get(loss)


def _is_text_for_ids(leaf: Any, name: str) -> bool:
    """Whether a string stands where token ids belong, and is no switch."""
    return isinstance(leaf, str) and describe.role_of_name(name) == "input_ids"


def _label_names(model: Any) -> frozenset[str]:
    """The parameters of a transformers model's call that are labels (as transformers' `find_labels` tells them)."""
    if not describe.is_pretrained(model):
        return frozenset()
    from transformers.utils import find_labels

    return frozenset(find_labels(type(model)))


def _own_steps(model: Any, kind: CallKind) -> tuple[tuple[str, str], ...]:
    """The parts of a training run that the user's own class does, which a dry pass does not run."""
    if kind not in _COMPARING:
        return ()
    from tf_keras.src.engine import training

    step = "test_step" if kind == "evaluate" else "train_step"
    known = {getattr(training.Model, step)}
    whole = describe.pretrained_class()
    if whole is not None:
        known.add(getattr(whole, step))
    if getattr(type(model), step) in known:
        return ()
    return ((f"`{type(model).__name__}.{step}`", "it is the model's own code; only its forward pass was run"),)


def _trains_its_own_way(model: Any) -> bool:
    """Whether a class of the user's own has a say in what a training step does with the outputs and the gradients."""
    from tf_keras.src.engine import training

    bases = [base for base in (training.Model, describe.pretrained_class()) if base is not None]
    names = ("train_step", "make_train_function", "compute_loss")
    own = [name for name in names if hasattr(model, name)]  # an encoder's main layer is a layer, and has none of them
    return any(getattr(type(model), name) not in [getattr(base, name) for base in bases] for name in own)


def _replicas(model: Any) -> tuple[tuple[str, str], ...]:
    strategy = model.distribute_strategy if hasattr(model, "distribute_strategy") else None
    count = getattr(strategy, "num_replicas_in_sync", 1)
    if count < 2 or _content_only(model):
        return ()
    return (("replicas after the first", f"the model is mirrored on {count} devices; the dry pass ran on one"),)


def _content_only(model: Any) -> str | None:
    """Why a model under this strategy is not run dry: its variables live elsewhere."""
    name = type(getattr(model, "distribute_strategy", None)).__name__
    if "TPU" not in name and "ParameterServer" not in name:
        return None
    return f"the model lives under a {name}: its inputs and labels were read, and no forward pass was run"


def _named_outputs(model: Any, outputs: Any) -> tuple[tuple[str, np.ndarray], ...]:
    if outputs is None:
        return ()
    if isinstance(outputs, Mapping):
        items = [(str(name), value) for name, value in outputs.items()]
    elif isinstance(outputs, (list, tuple)):
        names = list(getattr(model, "output_names", None) or [])
        names += [f"output {index}" for index in range(len(names), len(outputs))]
        items = list(zip(names, outputs, strict=False))
    else:
        names = list(getattr(model, "output_names", None) or ["output"])
        items = [(names[0], outputs)]
    return tuple((name, as_numpy(value)) for name, value in items if hasattr(value, "numpy"))


def _with_value(loss: LossFacts | None, value: Any) -> LossFacts | None:
    import dataclasses

    if loss is None or value is None:
        return loss
    mean = float(np.mean(as_numpy(value)))
    return dataclasses.replace(loss, value=mean)
