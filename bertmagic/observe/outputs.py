"""What models gave in a cell: remembered by identity, kept alive by nothing here."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from bertmagic.facts.cell import Origin
from bertmagic.facts.model import ModelFacts
from bertmagic.observe.values import is_output_object, shape_of

_MOST = 256


class Outputs:
    """Tells which model's output an object is, and which output objects have a field of some name."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], Origin]] = {}
        self._fields: dict[str, str] = {}

    def note(self, value: Any, model: ModelFacts) -> None:
        """Remember what a call of `model` gave: an output object, a tuple, a tensor."""
        self.note_fields(value)
        encoder = model.encoders[0] if model.encoders else None
        for output, tensor in _named(value):
            # Logits and the like are made of an encoder's output, and are not that output.
            own = encoder if output in ("last_hidden_state", "pooler_output") else None
            self._remember(tensor, Origin(model.said, own, output))

    def note_fields(self, value: Any) -> None:
        """Remember the names of an output object's fields."""
        if is_output_object(value):
            self._fields.update(dict.fromkeys(map(str, value), type(value).__name__))

    def note_names(self, kind: str, fields: Iterable[str]) -> None:
        """Remember the names of the fields of an output object of type `kind`."""
        self._fields.update(dict.fromkeys(fields, kind))

    def origin(self, value: Any) -> Origin | None:
        """Where a tensor comes from, or None."""
        known = self._known.get(id(value))
        return known[1] if known is not None and known[0]() is value else None

    def field_of(self, name: str) -> str | None:
        """The type of an output object that has a field of that name, or None."""
        return self._fields.get(name)

    def _remember(self, tensor: Any, origin: Origin) -> None:
        if len(self._known) >= _MOST:
            self._known = {key: (ref, each) for key, (ref, each) in self._known.items() if ref() is not None}
        if len(self._known) < _MOST:
            try:
                self._known[id(tensor)] = (weakref.ref(tensor), origin)
            except TypeError:  # an object that no weak reference can be made to
                return


def _named(value: Any) -> list[tuple[str, Any]]:
    """The tensors of an output with the names that they have, or that their place in a tuple stands for."""
    if isinstance(value, Mapping):
        return [(str(key), value[key]) for key in value if shape_of(value[key]) is not None]
    if isinstance(value, (list, tuple)):
        ranks = [len(shape_of(each) or ()) for each in value]
        if ranks[:2] == [3, 2]:
            return list(zip(("last_hidden_state", "pooler_output"), value, strict=False))
        return [(f"output {index}", each) for index, each in enumerate(value)]
    return [("output", value)] if shape_of(value) is not None else []
