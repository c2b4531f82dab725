"""The recorder of tf-keras layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertmagic.backends import recorder
from bertmagic.backends.tensorflow import describe


class Recorder(recorder.Recorder):
    """Records tf-keras layers' calls; the encoders among them are transformers' main layers."""

    def is_encoder(self, layer: Any) -> bool:
        """Whether `layer` is the main layer of a transformers TF model."""
        return describe.is_encoder(layer)

    def sublayers(self, layer: Any) -> Sequence[Any]:
        """The layers that the layer itself holds, in order; an `InputLayer` is never called, and metrics are none."""
        found = layer._flatten_layers(recursive=False, include_self=False)
        return [each for each in found if not {"InputLayer", "Metric"} & {kind.__name__ for kind in type(each).__mro__}]
