"""Keeps lookups from a GPU that would end its CUDA context: there an index beyond its table is no exception.

On a CPU PyTorch raises IndexError or RuntimeError for it. On a GPU the kernel meets an assertion of the device (torch
2.13, `aten/src/ATen/native/cuda/Indexing.cu`, `Loss.cu`), and whatever the process asks of the GPU after it fails. So
what is looked up is read where that is done, by the lookup itself: a module may make other ids of those that it is
given. A compiled module looks up by code of its own, which nothing here sees.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from bertmagic.backends.torch.encoding import is_plain
from bertmagic.observe.frames import entries, is_own

# So many of the indices that are out of range go to the CPU, to be looked up there.
_FEW = 4
# What the dry passes since the last `forget` held back.
_dry: list[Held] = []


@dataclass(frozen=True)
class Held:
    """A lookup that did not start: what the CPU raises for it, and why in words."""

    raised: BaseException
    why: str


@dataclass(frozen=True)
class _Lookup:
    """Indices into a table of `rows`; `ignored`: an index that is not looked up. `table`: in words.

    `on_cpu`: the same lookup of a few indices on the CPU, in a table whose values do not matter.
    """

    indices: Any
    rows: int
    table: str
    on_cpu: Callable[[Any], Any]
    ignored: int | None = None


def beyond(device: str, indices: Any, rows: int, ignored: int | None = None) -> Any:
    """Where `indices` lie outside a table of `rows` on a device that an assertion ends: a mask, or None for nowhere.

    `device`: the type of the device that holds them. `ignored`: an index that is not looked up.
    """
    if device != "cuda":
        return None
    outside = (indices < 0) | (indices >= rows)
    if ignored is not None:
        outside &= indices != ignored
    return outside if bool(outside.any()) else None


def device_of(tensor: Any) -> str:
    """The type of the device that a tensor is on."""
    return str(tensor.device.type)


def is_at_stake() -> bool:
    """Whether there is a CUDA context that could end; what is captured for a graph of CUDA's cannot be read."""
    import torch

    return bool(torch.cuda.is_initialized()) and not torch.cuda.is_current_stream_capturing()


class Guard:
    """While it is open, a lookup that would end the CUDA context raises what it raises on the CPU, and does not start.

    `held`: what was held back last. `failed`: is told of a failure of the guard's own; then the lookup goes on.
    """

    def __init__(self, failed: Callable[[str, BaseException], None] | None = None, *, dry: bool = False) -> None:
        self.held: Held | None = None
        self._failed, self._is_dry = failed, dry
        self._before: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Guard:
        if is_at_stake():
            import torch

            # What functional.embedding, cross_entropy and nll_loss call, whoever holds a name for those.
            for owner, name, read in (
                (torch, "embedding", _embedding),
                (torch, "gather", _gather),
                (torch._C._nn, "cross_entropy_loss", _classes),
                (torch._C._nn, "nll_loss_nd", _classes),
            ):
                original = getattr(owner, name)
                self._before.append((owner, name, original))
                setattr(owner, name, self._wrapper(original, read))
        return self

    def __exit__(self, kind: object, raised: BaseException | None, traceback: TracebackType | None) -> None:
        while self._before:
            owner, name, original = self._before.pop()
            setattr(owner, name, original)
        if self.held is not None and raised is self.held.raised:
            _end_before_ours(raised)

    def _wrapper(self, original: Any, read: Callable[..., _Lookup | None]) -> Any:
        def lookup(*args: Any, **kwargs: Any) -> Any:
            few, asked = None, None
            with self._noted():
                asked = read(original, *args, **kwargs)
                few = None if asked is None else _outside(asked)
            if asked is not None and few is not None:
                self._hold(asked, few)
            return original(*args, **kwargs)

        return lookup

    def _hold(self, asked: _Lookup, few: Any) -> None:
        """Raise what the lookup of these few indices raises on the CPU."""
        try:
            asked.on_cpu(few)
        except Exception as raised:
            self.held = Held(
                raised,
                f"it was held back before it looked up {int(few[0])} in {asked.table}, which would have ended the CUDA "
                "context; what the CPU raises for it was raised in its place",
            )
            if self._is_dry:
                _dry.append(self.held)
            raise

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            if self._failed is not None:
                self._failed("the reading of what is looked up", failure)


def forget() -> None:
    """Nothing was held back in a dry pass so far."""
    _dry.clear()


def held_in_dry_pass() -> Held | None:
    """What a dry pass since then held back last."""
    return _dry[-1] if _dry else None


def _outside(asked: _Lookup) -> Any:
    """A few of the indices that would end the CUDA context, on the CPU, or None."""
    if not is_plain(asked.indices):
        return None
    indices = asked.indices.detach()
    outside = beyond(device_of(indices), indices, asked.rows, asked.ignored)
    return None if outside is None else indices[outside][:_FEW].cpu()


def _embedding(original: Any, weight: Any, indices: Any, *_: Any, **__: Any) -> _Lookup | None:
    import torch

    rows = int(weight.shape[0])
    return _Lookup(
        indices, rows, f"a table of {rows} rows", lambda few: original(torch.zeros(1, 1).expand(rows, 1), few)
    )


def _gather(original: Any, input: Any, dim: Any, index: Any, **_: Any) -> _Lookup | None:  # noqa: A002  # its own name
    import torch

    if not isinstance(dim, int) or not input.ndim:
        return None
    size, ones = int(input.shape[dim]), [1] * (dim % input.ndim)
    return _Lookup(
        index,
        size,
        f"an axis of {size}",
        lambda few: original(torch.zeros(*ones, size), len(ones), few.reshape(*ones, -1)),
    )


def _classes(original: Any, input: Any, target: Any, *more: Any, **named: Any) -> _Lookup | None:  # noqa: A002  # as above
    """Classes (rows, …) that a loss looks up in what it is given (rows, classes, …); None for shares of each class."""
    import torch

    if target.is_floating_point() or not input.ndim:
        return None
    if tuple(target.shape) != (tuple(input.shape[:1]) + tuple(input.shape[2:]) if input.ndim > 1 else ()):
        return None  # it raises before any kernel starts
    classes = int(input.shape[min(1, input.ndim - 1)])
    # After the classes' weights and the reduction (torch 2.13, `native_functions.yaml`).
    ignored = more[2] if len(more) > 2 else named.get("ignore_index", -100)
    return _Lookup(
        target, classes, f"{classes} classes", lambda few: original(torch.zeros(len(few), classes), few), ignored
    )


def _end_before_ours(raised: BaseException) -> None:
    """End an exception's traceback where the library's own code ends."""
    found = entries(raised.__traceback__)
    theirs = [each for each in found if not is_own(each.tb_frame)]
    if theirs:
        theirs[-1].tb_next = None
