"""The recorder of tf-keras layers."""

from __future__ import annotations

from typing import Any

from bertmagic.backends import recorder
from bertmagic.backends.tensorflow import describe


class Recorder(recorder.Recorder):
    """Records tf-keras layers' calls; the encoders among them are transformers' main layers."""

    def is_encoder(self, layer: Any) -> bool:
        """Whether `layer` is the main layer of a transformers TF model."""
        return describe.is_encoder(layer)
