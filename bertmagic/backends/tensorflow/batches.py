"""The first batch that `fit`, `evaluate` or `predict` would have taken, by Keras' own data handling, nothing lost."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import numpy as np

from bertmagic.backends import tree
from bertmagic.backends.protocol import Unseen

# A shuffle buffer above this many elements is not filled for one batch.
_LARGEST_SHUFFLE = 10_000


class Batch:
    """One batch: `x`, `y`, `weight` as the training step gets them; `container`: what they came in."""

    def __init__(self, x: Any, y: Any, weight: Any, container: str, sources: dict[tree.Path, Any]) -> None:
        self.x, self.y, self.weight, self.container, self.sources = x, y, weight, container, sources


def bound_arguments(verb: str, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `model.<verb>` by name, defaults filled in; raises TypeError as the call itself would."""
    from tf_keras.src.engine import training

    try:
        bound = inspect.signature(getattr(training.Model, verb)).bind(model, *args, **kwargs)
    except TypeError as error:
        raise TypeError(f"Model.{verb}() {error}") from None
    bound.apply_defaults()
    return dict(bound.arguments)


def first_batch(given: dict[str, Any], replace: Callable[[Any, Callable[[], Any]], bool]) -> Batch:
    """The first batch; raises what Keras' data adapter raises, and `Unseen` where looking would lose something."""
    from tf_keras.src.engine import data_adapter

    x, y, weight = given.get("x"), given.get("y"), given.get("sample_weight")
    sources = dict(tree.leaves({"x": x, "y": y}))
    if given.get("validation_split") and given.get("validation_data") is None:
        (x, y, weight), _ = data_adapter.train_validation_split((x, y, weight), given["validation_split"])
    if given.get("class_weight"):
        data_adapter._make_class_weight_map_fn(given["class_weight"])  # raises for keys that are no class indices
    adapter = data_adapter.select_data_adapter(x, y)
    name = adapter.__name__
    if name == "DatasetAdapter":
        adapter(x, y, sample_weights=weight, steps=given.get("steps_per_epoch"))
        return _unpacked(_peek_dataset(x), "Dataset", {})
    if name == "KerasSequenceAdapter":
        return _unpacked(_as_generator_batch(given["x"][0]), "Sequence", {})
    if name == "GeneratorDataAdapter":
        if y is not None or weight is not None:
            adapter(x, y, sample_weights=weight)  # raises, as in `fit`
        return _unpacked(_as_generator_batch(_peek_iterator(x, replace)), "generator", {})
    if name == "DatasetCreatorAdapter":
        raise Unseen("a DatasetCreator makes its data on the workers")
    size = given.get("batch_size") or 32
    arrays = _head((x, y, weight), size)
    made = adapter(*arrays[:2], sample_weights=arrays[2], batch_size=size, shuffle=False)
    batch = next(iter(made.get_dataset()), None)
    if batch is None:
        raise Unseen("the batch is empty")
    return _unpacked(batch, "list" if name == "ListsOfScalarsDataAdapter" else "arrays", sources)


def validation_of(given: dict[str, Any]) -> dict[str, Any] | None:
    """The data that `fit(**given)` would validate on, as keywords of `evaluate`, or None."""
    from tf_keras.src.engine import data_adapter

    size = {"batch_size": given.get("validation_batch_size") or given.get("batch_size")}
    data = given.get("validation_data")
    if data is not None:
        if is_stream(data):
            return {"x": data}
        x, y, weight = data_adapter.unpack_x_y_sample_weight(data)
        return {"x": x, "y": y, "sample_weight": weight, **size}
    if not given.get("validation_split"):
        return None
    arrays = (given["x"], given["y"], given["sample_weight"])
    _, (x, y, weight) = data_adapter.train_validation_split(arrays, given["validation_split"])
    return {"x": x, "y": y, "sample_weight": weight, **size}


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
    import tensorflow as tf

    for stage in _stages(dataset):
        kind = type(stage).__name__.lstrip("_").removesuffix("Dataset")
        if kind not in _KEEP_VALUES:
            return None
        tensors = getattr(stage, "_tensors", None)
        if kind == "TensorSlice" and tensors is not None:
            return tf.nest.pack_sequence_as(stage.element_spec, tensors)
    return None


def is_stream(x: Any) -> bool:
    """Whether `x` gives batches (a dataset, generator or Sequence) rather than being one."""
    return hasattr(x, "element_spec") or hasattr(x, "__next__") or type(x).__name__.endswith("Sequence")


def element_of(stream: Any) -> tuple[Any, int | None]:
    """The first element of a dataset and its number of parts where it is a tuple; (None, None) for other streams."""
    if not hasattr(stream, "element_spec"):
        return None, None
    parts = len(stream.element_spec) if isinstance(stream.element_spec, tuple) else None
    try:
        return _peek_dataset(stream), parts
    except Exception:  # noqa: BLE001  # not to be read, or the dataset's own stages raise: rows that make no batch
        return None, parts


def _unpacked(batch: Any, container: str, sources: dict[tree.Path, Any]) -> Batch:
    from tf_keras.src.engine import data_adapter

    x, y, weight = data_adapter.unpack_x_y_sample_weight(batch)
    return Batch(x, y, weight, container, sources)


def _head(arrays: tuple[Any, ...], size: int) -> tuple[Any, ...]:
    """The first `size` rows of arrays that agree in their number of rows; others as they are, for Keras to judge."""
    flat = [leaf for _, leaf in tree.leaves(arrays)]
    rows = {leaf.shape[0] for leaf in flat if getattr(leaf, "shape", None) is not None and len(leaf.shape) > 0}
    sliceable = all(hasattr(leaf, "shape") and hasattr(leaf, "dtype") and len(leaf.shape) > 0 for leaf in flat)
    if not sliceable or len(rows) != 1 or next(iter(rows)) <= size:
        return arrays
    sliced: tuple[Any, ...] = tree.rebuild(arrays, lambda _, leaf: leaf[:size])
    return sliced


def _peek_dataset(dataset: Any) -> Any:
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


def _peek_iterator(iterator: Any, replace: Callable[[Any, Callable[[], Any]], bool]) -> Any:
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


def _as_generator_batch(batch: Any) -> Any:
    """A batch of a generator or Sequence as Keras hands it on: lists become tuples, floats take Keras' float type.

    tf_keras 2.21, `data_adapter.py`, `GeneratorDataAdapter._standardize_batch`.
    """
    import tensorflow as tf
    from tf_keras.src import backend
    from tf_keras.src.engine import data_adapter

    x, y, weight = data_adapter.unpack_x_y_sample_weight(batch)
    packed = data_adapter.pack_x_y_sample_weight(x, y, weight)
    as_tuples = tf.__internal__.nest.list_to_tuple(packed)

    def converted(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
            return tf.convert_to_tensor(leaf.astype(backend.floatx()))
        return tf.convert_to_tensor(leaf)

    return tf.nest.map_structure(converted, as_tuples)
