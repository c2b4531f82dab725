"""Streams of batches that Keras of either generation takes: a first element without a loss, the labels of all of them.

A `tf.data.Dataset` is read by TensorFlow's own code, which has been imported where there is one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import numpy as np

from bertmagic.backends.protocol import Unseen

# A shuffle buffer above this many elements is not filled for one batch.
_LARGEST_SHUFFLE = 10_000
# Stages of a dataset that leave each element's values as they are, whatever their order.
_KEEP_VALUES = ("Batch", "Cache", "Options", "ParallelBatch", "Prefetch", "Repeat", "Shuffle", "TensorSlice")


def label_span(given: dict[str, Any], names: Container[str]) -> tuple[float, float] | None:
    """The lowest and highest label of all the data of `fit(**given)`; None where only iterating would tell.

    `names`: the model's parameters that are labels, by which a dict of inputs may hold them.
    """
    x, y = given.get("x"), given.get("y")
    if hasattr(x, "element_spec"):
        element = _sliced(x)
        x, y = (*element[:2], None)[:2] if isinstance(element, tuple) else (element, None)
    if y is None and isinstance(x, Mapping):
        y = next((value for name, value in x.items() if name in names), None)
    if isinstance(y, (list, tuple, Mapping)) or not hasattr(y, "shape"):
        return None
    values = _constant(y)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf" or not values.size:
        return None
    return float(values.min()), float(values.max())


def _sliced(dataset: Any) -> Any:
    """The arrays whose slices a dataset gives, in its elements' structure; None where a stage may change values.

    TensorFlow 2.21, `data/ops/from_tensor_slices_op.py`: the arrays are kept flat under `_tensors`.
    """
    tf = sys.modules["tensorflow"]
    for stage in _stages(dataset):
        kind = type(stage).__name__.lstrip("_").removesuffix("Dataset")
        if kind not in _KEEP_VALUES:
            return None
        tensors = getattr(stage, "_tensors", None)
        if kind == "TensorSlice" and tensors is not None:
            return tf.nest.pack_sequence_as(stage.element_spec, tensors)
    return None


def element_of(stream: Any) -> tuple[Any, int | None]:
    """The first element of a dataset and its number of parts where it is a tuple; (None, None) for other streams."""
    if not hasattr(stream, "element_spec"):
        return None, None
    parts = len(stream.element_spec) if isinstance(stream.element_spec, tuple) else None
    try:
        return peek_dataset(stream), parts
    except Exception:  # noqa: BLE001  # not to be read, or the dataset's own stages raise: rows that make no batch
        return None, parts


def peek_dataset(dataset: Any) -> Any:
    """A dataset's first element; iterating it anew leaves the user's own iterators alone."""
    for stage in _stages(dataset):
        kind = type(stage).__name__.lstrip("_")
        if kind.startswith("CacheDataset") and _constant(getattr(stage, "_filename", None)) not in (b"", "", None):
            raise Unseen("it is cached in a file, and a partly read cache file breaks the next iteration")
        if kind.startswith("ShuffleDataset"):
            buffer = _constant(getattr(stage, "_buffer_size", None))
            if buffer is not None and int(buffer) > _LARGEST_SHUFFLE:
                raise Unseen(f"its shuffle buffer holds {int(buffer)} elements, read by their element spec only")
    element = next(iter(dataset), None)
    if element is None:
        raise Unseen("the dataset is empty")
    return element


def _stages(dataset: Any) -> Iterator[Any]:
    """The dataset and the datasets that it is made from."""
    pending = [dataset]
    while pending:
        stage = pending.pop()
        yield stage
        pending.extend(stage._inputs() if hasattr(stage, "_inputs") else [])


def _constant(value: Any) -> Any:
    return value.numpy() if hasattr(value, "numpy") else value


def peek_iterator(iterator: Any, replace: Callable[[Any, Callable[[], Any]], bool]) -> Any:
    """The next batch of a one-shot iterator, which is put back in front of what is left of it."""
    holder: list[Any] = []

    def restored() -> Iterator[Any]:
        yield from holder
        yield from iterator

    if not hasattr(iterator, "__next__"):
        return next(iter(iterator))
    if not replace(iterator, restored):
        raise Unseen("a one-shot iterator that something else holds: a batch taken from it would be lost")
    try:
        holder.append(next(iterator))
    except StopIteration:
        raise Unseen("the iterator is exhausted") from None
    return holder[0]
