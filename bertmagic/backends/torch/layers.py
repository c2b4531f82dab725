"""The recorder of modules' calls in a dry pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bertmagic.backends import recorder
from bertmagic.backends.torch import describe


class Recorder(recorder.Recorder):
    """Records modules' calls below `module`; paths are those of `named_modules`."""

    def __init__(self, module: Any, layers: bool = True, instead: Callable[..., Any] | None = None) -> None:
        super().__init__(layers, instead)
        weight = next(iter(module.parameters()), None)
        self._on_cpu = weight is None or weight.device.type in ("cpu", "meta")
        self._paths = {id(each): path for path, each in module.named_modules()}
        self._encoders = {id(each) for _, each in describe.encoders_in(module)}

    def is_encoder(self, layer: Any) -> bool:
        """Whether `layer` is one of the module's encoders."""
        return id(layer) in self._encoders

    def name(self, layer: Any) -> str:
        """The module's last name within the one that holds it, else its type."""
        return self._paths.get(id(layer), "").rpartition(".")[2] or type(layer).__name__

    def path(self, layer: Any, above: str | None) -> str:
        """The module's path below the outermost one."""
        found = self._paths.get(id(layer))
        return super().path(layer, above) if found is None else str(found)

    def dtype(self, layer: Any) -> str:
        """The dtype of the module's first weight."""
        first = next(iter(self.own_weights(layer)), None)
        return "" if first is None else str(first.dtype).removeprefix("torch.")

    def own_weights(self, layer: Any) -> Sequence[Any]:
        """The parameters that the module itself holds."""
        return [each for each in layer._parameters.values() if each is not None]

    def weights(self, layer: Any) -> Sequence[Any]:
        """The parameters of the module and of all below it."""
        return list(layer.parameters())

    def sublayers(self, layer: Any) -> Sequence[Any]:
        """The modules inside the module; for a list of modules, which is never called, those in it."""
        import torch

        found: list[Any] = []
        for each in layer.children():
            found += self.sublayers(each) if type(each).forward is torch.nn.Module.forward else [each]
        return found

    def timed(self) -> bool:
        """Not on a GPU: there a call only puts its work in a queue."""
        return self._on_cpu
