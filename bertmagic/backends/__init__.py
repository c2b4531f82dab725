"""One module a framework, behind the protocol of `backends/protocol.py`; only imported frameworks are ever touched."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bertmagic.backends.protocol import Backend

# The module whose presence in `sys.modules` says that the user has the framework, and the backend for it.
BACKENDS: dict[str, str] = {
    "tf_keras.src.engine.training": "bertmagic.backends.tensorflow",
    "keras.src.models.model": "bertmagic.backends.keras3",
    # After Keras 3, whose layers are modules of PyTorch on that backend.
    "torch": "bertmagic.backends.torch",
}


def is_loaded(module: str) -> bool:
    """Whether the user has that module, and not a folder of its name: transformers 4.53 imports one called `torch`."""
    return getattr(sys.modules.get(module), "__file__", None) is not None


def loaded_backends() -> Iterator[Backend]:
    """The backends of the frameworks that the user has imported, none imported here."""
    import importlib

    for module, backend in BACKENDS.items():
        if is_loaded(module):
            yield importlib.import_module(backend).BACKEND


def backend_of(model: Any) -> Backend | None:
    """The backend that recognises `model`, or None."""
    return next((backend for backend in loaded_backends() if backend.is_model(model)), None)
