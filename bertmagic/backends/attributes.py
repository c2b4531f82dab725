"""An object's attributes as they are, and what the dicts, lists and sets among them hold: kept, and put back."""

from __future__ import annotations

from typing import Any


class Attributes:
    """One object's attributes at one moment; `restore` puts them back, and writes nothing that was not changed."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._attributes = dict(vars(owner))
        self._held: list[tuple[Any, Any]] = [
            (value, value.copy()) for value in self._attributes.values() if isinstance(value, (dict, list, set))
        ]

    def restore(self) -> None:
        """Put all back."""
        for held, before in self._held:
            if isinstance(held, list):
                if len(held) != len(before) or any(a is not b for a, b in zip(held, before, strict=True)):
                    held[:] = before
            elif isinstance(held, set):
                if held != before:
                    _own(held, set).clear(held)
                    _own(held, set).update(held, before)
            elif list(held) != list(before) or any(held[key] is not before[key] for key in held):
                _own(held, dict).clear(held)
                _own(held, dict).update(held, before)
        own = vars(self._owner)
        for name in [name for name in own if name not in self._attributes]:
            del own[name]
        own.update(self._attributes)


def _own(held: Any, kind: type) -> Any:
    """The methods that change no more than the container: Keras 3's own track what is added (3.15, `tracking.py`)."""
    return kind if type(held).__module__.startswith("keras.") else type(held)
