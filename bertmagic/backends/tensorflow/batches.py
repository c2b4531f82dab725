"""The first batch that `fit`, `evaluate` or `predict` would have taken, by Keras' own data handling, nothing lost."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from bertmagic.backends import streams, tree
from bertmagic.backends.protocol import Unseen


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
        return _unpacked(streams.peek_dataset(x), "Dataset", {})
    if name == "KerasSequenceAdapter":
        return _unpacked(_as_generator_batch(given["x"][0]), "Sequence", {})
    if name == "GeneratorDataAdapter":
        if y is not None or weight is not None:
            adapter(x, y, sample_weights=weight)  # raises, as in `fit`
        return _unpacked(_as_generator_batch(streams.peek_iterator(x, replace)), "generator", {})
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


def is_stream(x: Any) -> bool:
    """Whether `x` gives batches (a dataset, generator or Sequence) rather than being one."""
    return hasattr(x, "element_spec") or hasattr(x, "__next__") or type(x).__name__.endswith("Sequence")


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
