"""The layer recorder: what every layer was given and gave while one pass runs, also when an exception passes.

What a layer is called and which one is an encoder is the framework's: each backend has a `Recorder` of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bertmagic.backends.protocol import LayerRecord
from bertmagic.facts.site import Site
from bertmagic.observe.sites import sites

_local = threading.local()


def current() -> Recorder | None:
    """The recorder of the pass that this thread runs, or None."""
    return getattr(_local, "recorder", None)


class Recorder:
    """Records the calls below (and of) the outermost layer of one pass.

    `encoder_calls`: for each encoder's call, the layer, its arguments and its output (None where it raised), and where
    the user's own code makes it.
    `failed`: the path of the innermost layer that an exception passed through. `outputs`: the outermost call's value.
    `passed`: the paths of the layers that went through, in the order in which they ended. `nested`: whether an encoder
    was called inside another. `instead(layer, args, kwargs)`: gives the encoders' outputs, which then do not run.
    """

    def __init__(self, layers: bool = True, instead: Callable[..., Any] | None = None) -> None:
        self._keep_layers = layers
        self._instead = instead
        self._around: list[tuple[Any, str]] = []  # the calls under way: layer and path
        self.restart()

    def restart(self) -> None:
        """Forget what was recorded, as of a pass that went before the one that counts."""
        self._open = 0
        self.nested = False
        self._layers: list[tuple[int, Any, dict[str, Any]]] = []
        self.encoder_calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any, tuple[Site, ...]]] = []
        self.failed: str | None = None
        self.passed: tuple[str, ...] = ()
        self.outputs: Any = None

    def is_encoder(self, layer: Any) -> bool:
        """Whether `layer` is a BERT-family encoder."""
        raise NotImplementedError

    def name(self, layer: Any) -> str:
        """The layer's own name, by which paths are made."""
        return str(layer.name)

    def path(self, layer: Any, above: str | None) -> str:
        """The layer's path below the outermost one, "" for that itself; `above`: the path of the call around it."""
        return "/".join([*filter(None, [above]), self.name(layer)]) if above is not None else ""

    def dtype(self, layer: Any) -> str:
        """The dtype that the layer computes in, or an empty string."""
        return str(getattr(layer, "compute_dtype", "") or "")

    def own_weights(self, layer: Any) -> Sequence[Any]:
        """The weights that the layer itself holds (its sub-layers' are theirs)."""
        return [*getattr(layer, "_trainable_weights", ()), *getattr(layer, "_non_trainable_weights", ())]

    def weights(self, layer: Any) -> Sequence[Any]:
        """The weights of the layer and of all below it."""
        weights: Sequence[Any] = layer.weights
        return weights

    def sublayers(self, layer: Any) -> Sequence[Any]:
        """The layers that the layer itself holds and may call, in their order in the model."""
        raise NotImplementedError

    def timed(self) -> bool:
        """Whether a call's work is done when the call returns, so that its time is the layer's."""
        return True

    def __enter__(self) -> Recorder:
        self._before = current()
        _local.recorder = self
        return self

    def __exit__(self, *exc: object) -> None:
        _local.recorder = self._before

    def call(self, layer: Any, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the layer's own `__call__` and note what passed."""
        __tracebackhide__ = True
        level = len(self._around)
        if level and self._around[-1][0] is layer:
            return original(layer, *args, **kwargs)  # Keras 3 on PyTorch: its call goes on as that of a module
        # The outermost layer is the model itself: paths are below it.
        path = self.path(layer, self._around[-1][1] if level else None)
        self._around.append((layer, path))
        place = len(self._layers)
        note: dict[str, Any] = {"path": path, "inputs": (args, kwargs), "failed": False}
        encoder_at = len(self.encoder_calls)
        encodes = self.is_encoder(layer)
        if encodes:
            made_at = sites()
            self.encoder_calls.append((layer, args, kwargs, None, made_at))
        if self._keep_layers:
            note["inputs"] = _shapes((args, kwargs))
            self._layers.append((level, layer, note))
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
                self.failed = path or self.name(layer)
            raise
        finally:
            note["seconds"] = time.perf_counter() - start
            self._around.pop()
            self._open -= encodes
        if path:
            self.passed += (path,)
        if encodes:
            self.encoder_calls[encoder_at] = (layer, args, kwargs, value, made_at)
        if self._keep_layers:
            self._layers[place][2]["outputs"] = _shapes(value)
        if level == 0:
            self.outputs = value
        return value

    def records(self) -> tuple[LayerRecord, ...]:
        """The layers in the order of their calls; below one that failed, at its end, what it did not come to."""
        timed = self.timed()
        made: list[LayerRecord] = []
        missed: list[tuple[int, list[LayerRecord]]] = []  # by the levels of the failed calls that are still open
        for place, (level, layer, note) in enumerate(self._layers):
            while missed and missed[-1][0] >= level:
                made += missed.pop()[1]
            made.append(
                LayerRecord(
                    path=note["path"] or self.name(layer),
                    type=type(layer).__name__,
                    level=level,
                    inputs=note["inputs"],
                    outputs=note.get("outputs", ()),
                    dtype=self.dtype(layer),
                    params=_elements(self.own_weights(layer)),
                    seconds=note.get("seconds") if timed else None,
                    failed=note["failed"],
                    total=self._total(layer) if note["failed"] else None,
                )
            )
            if note["failed"]:
                missed.append((level, [self._not_run(each, level + 1, note["path"]) for each in self._missed(place)]))
        while missed:
            made += missed.pop()[1]
        return tuple(made)

    def _not_run(self, layer: Any, level: int, above: str) -> LayerRecord:
        return LayerRecord(
            path=self.path(layer, above),
            type=type(layer).__name__,
            level=level,
            inputs=(),
            outputs=(),
            dtype=self.dtype(layer),
            params=self._total(layer) or 0,
            seconds=None,
            failed=False,
            ran=False,
        )

    def _missed(self, place: int) -> Iterator[Any]:
        """The layers that the one in that place holds and that this call of it did not come to.

        Not one that something else calls, as a head does with the embeddings that it holds to share their weights.
        """
        levels, layers, _ = zip(*self._layers, strict=True)
        mine = [self._below(at) for at, layer in enumerate(layers) if layer is layers[place]]
        here = self._below(place)
        known = {id(each) for at, each in enumerate(layers) if at in here or not any(at in calls for calls in mine)}
        called = {id(layers[at]) for at in here if levels[at] == levels[place] + 1}

        def holds_called(layer: Any, seen: set[int]) -> bool:
            new = [each for each in self.sublayers(layer) if id(each) not in seen]
            seen.update(map(id, new))
            return any(id(each) in called or holds_called(each, seen) for each in new)

        def walk(layer: Any) -> Iterator[Any]:
            for each in self.sublayers(layer):
                if id(each) in known:
                    continue
                known.add(id(each))
                if holds_called(each, set()):
                    yield from walk(each)  # no call of its own: what it holds is called by the one above
                else:
                    yield each

        return walk(layers[place])

    def _below(self, place: int) -> range:
        """The places of a call and of all calls inside it."""
        levels = [level for level, _, _ in self._layers]
        end = next((at for at in range(place + 1, len(levels)) if levels[at] <= levels[place]), len(levels))
        return range(place, end)

    def _total(self, layer: Any) -> int | None:
        try:
            return _elements(self.weights(layer))
        except Exception:  # noqa: BLE001  # tf-keras: a model that was never built does not tell
            return None


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


def _elements(weights: Sequence[Any]) -> int:
    total = 0
    for weight in weights:
        size = 1
        for axis in getattr(weight, "shape", (0,)):
            size *= int(axis or 0)
        total += size
    return total
