"""Models of the namespace that no backend knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bertmagic.backends import backend_of

# The base classes of models that no backend knows yet, by the module that defines them.
_FOREIGN = {
    ("transformers.modeling_utils", "PreTrainedModel"): "PyTorch",
}


def foreign_models(namespace: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The names of models that no backend knows, and their kind."""
    for name, value in list(namespace.items()):
        kinds = [kind for base in type(value).__mro__ if (kind := _FOREIGN.get((base.__module__, base.__name__)))]
        if kinds and backend_of(value) is None and not name.startswith("_"):
            yield name, kinds[0]
