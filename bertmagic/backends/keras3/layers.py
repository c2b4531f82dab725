"""The recorder of Keras 3 layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertmagic.backends import recorder
from bertmagic.backends.keras3 import describe


class Recorder(recorder.Recorder):
    """Records Keras 3 layers' calls; the encoders among them are KerasHub's backbones."""

    def is_encoder(self, layer: Any) -> bool:
        """Whether `layer` is a BERT-family encoder of KerasHub's."""
        return describe.is_encoder(layer)

    def own_weights(self, layer: Any) -> Sequence[Any]:
        """The weights that the layer itself holds (keras 3.15, `layers/layer.py`)."""
        return [*getattr(layer, "_trainable_variables", ()), *getattr(layer, "_non_trainable_variables", ())]
