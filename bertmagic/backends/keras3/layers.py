"""The recorder of Keras 3 layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bertmagic.backends import recorder
from bertmagic.backends.keras3 import compute, describe


class Recorder(recorder.Recorder):
    """Records Keras 3 layers' calls; the encoders among them are KerasHub's backbones.

    `inlined`: the transformer layers of a backbone that is no layer of the model; `hidden`: what the last of them gave.
    Where `instead` answers, it does so for that one, and those before it hand on what they are given.
    """

    def __init__(
        self, layers: bool = True, instead: Callable[..., Any] | None = None, inlined: Sequence[Any] = ()
    ) -> None:
        super().__init__(layers, instead)
        self._inlined = inlined
        self._answers = instead is not None and bool(inlined)
        self.hidden: Any = None

    def is_encoder(self, layer: Any) -> bool:
        """Whether `layer` is a BERT-family encoder of KerasHub's, or stands for the one that is inlined."""
        return layer is self._inlined[-1] if self._answers else describe.is_encoder(layer)

    def call(self, layer: Any, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the layer's own `__call__` and note what passed."""
        __tracebackhide__ = True
        if self._answers and any(layer is each for each in self._inlined[:-1]):
            return args[0]
        value = super().call(layer, original, args, kwargs)
        if self._inlined and layer is self._inlined[-1]:
            self.hidden = value
        return value

    def own_weights(self, layer: Any) -> Sequence[Any]:
        """The weights that the layer itself holds (keras 3.15, `layers/layer.py`)."""
        return [*getattr(layer, "_trainable_variables", ()), *getattr(layer, "_non_trainable_variables", ())]

    def sublayers(self, layer: Any) -> Sequence[Any]:
        """The layers that the layer itself holds, in order; a model's `InputLayer` is never called."""
        from keras.src.layers import InputLayer

        return [
            each for each in layer._flatten_layers(include_self=False, recursive=False) if type(each) is not InputLayer
        ]

    def timed(self) -> bool:
        """Not with JAX, which dispatches asynchronously on every device, and compiles what it meets first."""
        return compute.name() != "jax"
