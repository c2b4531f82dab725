"""tf-keras 2.x and transformers' TF classes (transformers 4.53, TensorFlow 2.21, tf-keras 2.21)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from bertmagic.backends import epochs, streams
from bertmagic.backends.protocol import Failing, LiveCall
from bertmagic.backends.tensorflow import describe, history, observing
from bertmagic.backends.tensorflow.arguments import direct_arguments, plain_encoding
from bertmagic.facts.call import CallKind
from bertmagic.facts.cell import Origin, SymbolicFacts
from bertmagic.facts.loading import LoadingFacts, StoredFacts
from bertmagic.facts.model import ModelFacts
from bertmagic.facts.training import HardwareFacts
from bertmagic.options import BadUse

_DATA_VERBS = ("fit", "evaluate", "predict")


class TensorFlowBackend:
    """See `backends/protocol.py`."""

    name = "tensorflow"

    def is_model(self, value: Any) -> bool:
        """Whether `value` is a tf-keras model or a transformers TF encoder."""
        training = sys.modules.get("tf_keras.src.engine.training")
        return training is not None and (isinstance(value, training.Model) or self._is_encoder(value))

    @staticmethod
    def _is_encoder(value: Any) -> bool:
        base_layer = sys.modules["tf_keras.src.engine.base_layer"]
        return isinstance(value, base_layer.Layer) and describe.is_encoder(value)

    def is_part_of(self, part: Any, whole: Any) -> bool:
        """Whether `part` is a layer inside the model `whole`, or `whole` itself."""
        return any(layer is part for layer in whole._flatten_layers())

    def share(self, one: Any, other: Any) -> bool:
        """Whether two models have a layer with weights in common."""
        mine = {id(layer) for layer in one._flatten_layers()}
        return any(id(layer) in mine and (layer.weights or layer is one) for layer in other._flatten_layers())

    def aside(self, values: Iterable[Any]) -> AbstractContextManager[None]:
        """Whatever runs inside, the models and optimizers among `values` come back as they were; random state too."""
        from bertmagic.backends.tensorflow import aside

        return aside.aside(values)

    def is_built(self, model: Any) -> bool:
        """Whether the model has its weights."""
        return bool(model.built)

    def origin(self, value: Any) -> Origin | None:
        """Where a symbolic tensor comes from: which layer and encoder gave it; None for other values."""
        from bertmagic.backends.tensorflow import symbolic

        return symbolic.origin(value)

    def symbolic(
        self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], named: Callable[[Any], str | None]
    ) -> tuple[SymbolicFacts, ...]:
        """The symbolic tensors that `layer` is called on."""
        from bertmagic.backends.tensorflow import symbolic

        return symbolic.inputs(layer, args, kwargs, named)

    def loading(self, failing: Failing) -> LoadingFacts | None:
        """What did not fit, where a loading, a saving or a reloaded model's call ended the cell; None for others."""
        from bertmagic.backends.tensorflow import loading

        return loading.loading(failing)

    def held(
        self,
        model: Any,
        action: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        named: Callable[[Any], str | None],
    ) -> Iterable[StoredFacts]:
        """The facts of a saving that is held back, where it is certain to fail."""
        from bertmagic.backends.tensorflow import loading

        return loading.held(model, action, args, kwargs, named)

    def observe(self, listener: Any) -> AbstractContextManager[None]:
        """Tell `listener` of calls until the context ends."""
        return observing.observe(self, listener)

    def describe(self, model: Any, said: str, named: Callable[[Any], str | None]) -> ModelFacts:
        """The facts of the model that the cell calls `said`; `named` tells what it calls the models inside."""
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
        """The call, alive; raises what Keras' own data handling raises for such data."""
        from bertmagic.backends import tree
        from bertmagic.backends.tensorflow import batches, live

        if kind in _DATA_VERBS:
            given = batches.bound_arguments(kind, model, args, kwargs)
            if kind != "predict":
                model._assert_compile_was_called()
            return self._data_call(kind, model, given, loss, replace)
        if kind == "check" and (kwargs.get("y") is not None or batches.is_stream(args[0])):
            whole = {"x": plain_encoding(args[0]), "y": kwargs.get("y"), "batch_size": sys.maxsize}
            return self._data_call(kind, model, whole, loss, replace)
        if kind == "train_on_batch":
            given = dict(zip(("x", "y", "sample_weight"), args, strict=False)) | kwargs
            arguments = {"x": given.get("x"), "y": given.get("y"), "weight": given.get("sample_weight")}
            return live.TensorFlowCall(
                kind, model, arguments, container="arrays", sources={}, loss=loss, data_verb=True
            )
        arguments = direct_arguments(model, args, kwargs if kind == "call" else {})
        container = type(args[0]).__name__ if args else "keywords"
        return live.TensorFlowCall(
            kind, model, arguments, container=container, sources=dict(tree.leaves(arguments)), data_verb=False
        )

    @staticmethod
    def _data_call(
        kind: CallKind,
        model: Any,
        given: dict[str, Any],
        loss: Any,
        replace: Callable[[Any, Callable[[], Any]], bool],
    ) -> LiveCall:
        from bertmagic.backends.tensorflow import batches, live

        batch = batches.first_batch(given, replace)
        arguments = {"x": batch.x, "y": batch.y, "weight": batch.weight}
        return live.TensorFlowCall(
            kind,
            model,
            arguments,
            container=batch.container,
            sources=batch.sources,
            loss=loss,
            data_verb=True,
            data=given.get("x"),
            given=given,
        )

    def given(self, kind: CallKind, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveCall:
        """A call whose data Keras would not take, as the user gave it: to be read, not run."""
        from bertmagic.backends.tensorflow import batches, live

        given = dict(zip(("x", "y"), args, strict=False)) | kwargs
        x = given.get("x")
        if batches.is_stream(x):
            element, parts = streams.element_of(x)
            arguments = {"x": element, "y": given.get("y")}
            return live.TensorFlowCall(
                kind, model, arguments, container="Dataset", sources={}, data_verb=True, data=x, parts=parts
            )
        arguments = {"x": plain_encoding(x), "y": given.get("y"), "weight": given.get("sample_weight")}
        return live.TensorFlowCall(kind, model, arguments, container="as given", sources={}, data_verb=True, data=x)

    def validation(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        """The keywords of the `evaluate` by which `fit` would validate, or None where it would not."""
        from bertmagic.backends.tensorflow import batches

        return batches.validation_of(batches.bound_arguments("fit", model, args, kwargs))

    def device(self, asked: str) -> tuple[str, str | None]:
        """The device to run on, `GPU:0` where TensorFlow sees one, and its product name."""
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if asked == "gpu" and not gpus:
            raise BadUse("device 'gpu' was asked for, and TensorFlow sees no GPU")
        if gpus and asked != "cpu":
            return "GPU:0", tf.config.experimental.get_device_details(gpus[0]).get("device_name")
        return "CPU:0", None

    def hardware(self, asked: str) -> HardwareFacts:
        """The machine as the system tells it, beside what TensorFlow sees."""
        from bertmagic.backends.tensorflow import devices

        return devices.hardware(asked)

    @contextlib.contextmanager
    def on_device(self, asked: str) -> Iterator[None]:
        """Run on the asked device; "auto" leaves the placement to TensorFlow."""
        import tensorflow as tf

        if asked == "auto":
            yield
            return
        with tf.device(f"/{asked.upper()}:0"):
            yield

    def peak_bytes(self, asked: str) -> int | None:
        """TensorFlow's peak of the GPU's memory since the process began; None on the CPU, where it tells none."""
        import tensorflow as tf

        used, _ = self.device(asked)
        return int(tf.config.experimental.get_memory_info(used)["peak"]) if used.startswith("GPU") else None

    def history(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], keys: Sequence[str]) -> Any:
        """tf-keras' `History` with the epochs and keys of the real run, all NaN."""
        from bertmagic.backends.tensorflow import batches

        return history.dry_history(model, batches.bound_arguments("fit", model, args, kwargs), keys)

    def callbacks(self, kwargs: dict[str, Any]) -> Iterable[str]:
        """The types of the callbacks that a dry `fit` does not call."""
        return [type(callback).__name__ for callback in epochs.callback_list(kwargs)]


BACKEND = TensorFlowBackend()
