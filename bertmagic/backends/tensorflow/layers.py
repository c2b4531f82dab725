"""The layer recorder: what every layer was given and gave while one pass runs, also when an exception passes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from bertmagic.backends.protocol import LayerRecord
from bertmagic.backends.tensorflow.describe import is_encoder

_local = threading.local()


def current() -> Recorder | None:
    """The recorder of the pass that this thread runs, or None."""
    return getattr(_local, "recorder", None)


class Recorder:
    """Records the calls below (and of) the outermost layer of one pass.

    `encoder_calls`: for each encoder's call, the layer, its path, its arguments and its output (None where it raised).
    `failed`: the path of the innermost layer that an exception passed through. `outputs`: the outermost call's value.
    `passed`: the paths of the layers that went through, in the order in which they ended.
    `nested`: whether an encoder was called inside another. `instead(layer, args, kwargs)`: gives the encoders' outputs,
    which then do not run.
    """

    def __init__(self, layers: bool = True, instead: Callable[..., Any] | None = None) -> None:
        self._keep_layers = layers
        self._instead = instead
        self._open = 0
        self.nested = False
        self._names: list[str] = []
        self._layers: list[tuple[int, Any, dict[str, Any]]] = []
        self.encoder_calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []
        self.failed: str | None = None
        self.passed: tuple[str, ...] = ()
        self.outputs: Any = None

    def __enter__(self) -> Recorder:
        self._before = current()
        _local.recorder = self
        return self

    def __exit__(self, *exc: object) -> None:
        _local.recorder = self._before

    def call(self, layer: Any, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the layer's own `__call__` and note what passed."""
        __tracebackhide__ = True
        level = len(self._names)
        # The outermost layer is the model itself: paths are below it.
        self._names.append(layer.name if level else "")
        path = "/".join(self._names[1:])
        place = len(self._layers)
        note: dict[str, Any] = {"path": path, "inputs": (args, kwargs), "failed": False}
        encoder_at = len(self.encoder_calls)
        if is_encoder(layer):
            self.encoder_calls.append((layer, args, kwargs, None))
        if self._keep_layers:
            note["inputs"] = _shapes((args, kwargs))
            self._layers.append((level, layer, note))
        encodes = is_encoder(layer)
        self.nested |= encodes and self._open > 0
        self._open += encodes
        start = time.perf_counter()
        try:
            if encodes and self._instead is not None:
                value = self._instead(layer, args, kwargs)
            else:
                value = original(layer, *args, **kwargs)
        except BaseException:
            note["failed"] = True
            if self.failed is None:
                self.failed = path or layer.name
            raise
        finally:
            note["seconds"] = time.perf_counter() - start
            self._names.pop()
            self._open -= encodes
        self.passed += (path,)
        if is_encoder(layer):
            self.encoder_calls[encoder_at] = (layer, args, kwargs, value)
        if self._keep_layers:
            self._layers[place][2]["outputs"] = _shapes(value)
        if level == 0:
            self.outputs = value
        return value

    def records(self) -> tuple[LayerRecord, ...]:
        """The layers in the order of their calls."""
        return tuple(
            LayerRecord(
                path=note["path"] or layer.name,
                type=type(layer).__name__,
                level=level,
                inputs=note["inputs"],
                outputs=note.get("outputs", ()),
                dtype=str(getattr(layer, "compute_dtype", "") or ""),
                params=_own_params(layer),
                seconds=note.get("seconds", 0.0),
                failed=note["failed"],
                total=_elements(layer.weights) if note["failed"] else None,
            )
            for level, layer, note in self._layers
        )


def _shapes(value: Any) -> tuple[tuple[int | None, ...], ...]:
    """The shapes of the tensors in a nested value, at most eight of them."""
    found: list[tuple[int | None, ...]] = []

    def walk(item: Any) -> None:
        if len(found) >= 8 or item is None:
            return
        if hasattr(item, "shape") and hasattr(item, "dtype"):
            found.append(tuple(item.shape))
        elif isinstance(item, dict) or hasattr(item, "keys"):
            for key in list(item.keys()):
                walk(item[key])
        elif isinstance(item, (list, tuple)):
            for inner in item:
                walk(inner)

    walk(value)
    return tuple(found)


def _own_params(layer: Any) -> int:
    """The number of parameters that the layer itself holds (its sub-layers' are theirs)."""
    return _elements([*getattr(layer, "_trainable_weights", ()), *getattr(layer, "_non_trainable_weights", ())])


def _elements(weights: Sequence[Any]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for axis in weight.shape:
            size *= int(axis or 0)
        total += size
    return total
