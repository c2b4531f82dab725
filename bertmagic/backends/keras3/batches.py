"""The first batch that `fit`, `evaluate` or `predict` would have taken, by Keras' own data handling, nothing lost."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertmagic.backends import streams, tree
from bertmagic.backends.keras3 import compute, describe
from bertmagic.backends.protocol import Unseen


@dataclass(frozen=True)
class Batch:
    """One batch: `x`, `y`, `weight` as the training step gets them; `container`: what they came in.

    `sources`: what the user gave, by the path of the leaf that came of it. `parts`: of an element of a stream of
    tuples. `raw`: what a task's preprocessor was given in the place of `x`.
    """

    x: Any
    y: Any
    weight: Any
    container: str
    sources: dict[tree.Path, Any]
    parts: int | None = None
    raw: Any = None


def bound_arguments(verb: str, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `model.<verb>` by name, defaults filled in; raises TypeError as the call itself would."""
    own = getattr(_keras_class(model, verb), verb)
    try:
        bound = inspect.signature(own).bind(model, *args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{own.__qualname__}() {error}") from None
    bound.apply_defaults()
    given = dict(bound.arguments)
    return {**given, **given.pop("kwargs", {})}


def _keras_class(model: Any, verb: str) -> Any:
    """The class of Keras' or KerasHub's own whose method `model.<verb>` is in the end."""
    for kind in type(model).__mro__:
        if verb in vars(kind) and str(kind.__module__).partition(".")[0] in ("keras", "keras_hub"):
            return kind
    return type(model)


def first_batch(model: Any, given: dict[str, Any], replace: Callable[[Any, Callable[[], Any]], bool]) -> Batch:
    """The first batch; raises what Keras' data handling raises, and `Unseen` where looking would lose something."""
    x, y, weight = given.get("x"), given.get("y"), given.get("sample_weight")
    sources = dict(tree.leaves({"x": x, "y": y}))
    if given.get("validation_split") and given.get("validation_data") is None:
        x, y, weight = _split(model, (x, y, weight), given["validation_split"])[0]
    data = (x, y, weight)
    if describe.is_task(model):
        return _of_task(model, data, given, sources, replace)
    return _of_data(data, given, sources, replace)


def _of_data(
    data: tuple[Any, Any, Any],
    given: Mapping[str, Any],
    sources: dict[tree.Path, Any],
    replace: Callable[[Any, Callable[[], Any]], bool],
) -> Batch:
    from keras.src.trainers import data_adapters

    x, y, weight = data
    if is_stream(x):
        _adapted(x, y, weight, None, given)
        batch, container = _peek(x, replace)
        return _unpacked(batch, container, {})
    size = given.get("batch_size") or 32
    x, y, weight = _head((x, y, weight), size)
    if not data_adapters.array_data_adapter.can_convert_arrays((x, y, weight)):
        x, y, weight = _head((given.get("x"), given.get("y"), given.get("sample_weight")), size)
    adapter = _adapted(x, y, weight, size, given)
    batch = next(iter(adapter.get_numpy_iterator()), None)
    if batch is None:
        raise Unseen("the batch is empty")
    return Batch(x, y, weight, "arrays", sources)


def _adapted(x: Any, y: Any, weight: Any, size: int | None, given: Mapping[str, Any]) -> Any:
    """Keras' own adapter of such data, for what it raises; a stream is not read for it."""
    from keras.src.trainers import data_adapters

    if isinstance(x, types.GeneratorType) or is_stream(x):
        kind = next((name for test, name in _KINDS if test(x)), None)
        for named, value in (("y", y), ("sample_weight", weight)):
            if value is not None and kind is not None:
                data_adapters.raise_unsupported_arg(named, _ARGUMENTS[named], kind)
        return None
    return data_adapters.get_data_adapter(
        x, y, sample_weight=weight, batch_size=size, shuffle=False, class_weight=given.get("class_weight")
    )


def _is_named(value: Any, name: str, module: str) -> bool:
    return any(kind.__name__ == name and module in str(kind.__module__) for kind in type(value).__mro__)


def _is_dataset(value: Any) -> bool:
    return any(_is_named(value, name, "tensorflow.python") for name in ("DatasetV2", "DistributedDataset"))


def _is_loader(value: Any) -> bool:
    return _is_named(value, "DataLoader", "torch.utils.data")


def _is_py_dataset(value: Any) -> bool:
    return _is_named(value, "PyDataset", "keras.")


def _is_grain(value: Any) -> bool:
    return any(_is_named(value, name, "grain") for name in ("MapDataset", "IterDataset", "DataLoader"))


def _is_generator(value: Any) -> bool:
    return isinstance(value, types.GeneratorType)


# What Keras calls each kind of stream in its messages (keras 3.15, `trainers/data_adapters/__init__.py`).
_KINDS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (_is_dataset, "tf.data.Dataset"),
    (_is_py_dataset, "PyDataset"),
    (_is_loader, "torch DataLoader"),
    (_is_grain, "grain.Dataset and grain.DataLoader"),
    (_is_generator, "generator"),
)
_ARGUMENTS = {"y": "the targets", "sample_weight": "the sample weights"}


def is_stream(x: Any) -> bool:
    """Whether `x` gives batches (a dataset, loader, generator or PyDataset) rather than being one."""
    return any(test(x) for test, _ in _KINDS)


def _peek(stream: Any, replace: Callable[[Any, Callable[[], Any]], bool]) -> tuple[Any, str]:
    """A stream's first batch, and what the stream is; raises `Unseen` where looking would lose something."""
    if _is_dataset(stream):
        return streams.peek_dataset(stream), "Dataset"
    if _is_py_dataset(stream):
        return stream[0], "Sequence"
    if _is_loader(stream):
        with compute.random_kept():
            return _first_of_loader(stream), "DataLoader"
    if _is_grain(stream):
        return next(iter(stream)), "Dataset"
    return streams.peek_iterator(stream, replace), "generator"


def _first_of_loader(loader: Any) -> Any:
    """The first rows of a PyTorch loader's data, in order, made a batch by its own `collate_fn`; no worker is started.

    torch 2.13, `utils/data/dataloader.py`: `batch_size` is None where a batch sampler was given, or none is made.
    """
    data = loader.dataset
    if not hasattr(data, "__getitem__"):
        if iter(data) is data:
            raise Unseen("a one-shot iterator is its dataset: a batch taken from it would be lost")
        return next(iter(loader))
    if loader.batch_sampler is None:
        return loader.collate_fn(data[0])
    size = loader.batch_size
    rows = range(min(size, len(data))) if size is not None else next(iter(loader.batch_sampler))
    return loader.collate_fn([data[index] for index in rows])


def _unpacked(batch: Any, container: str, sources: dict[tree.Path, Any]) -> Batch:
    from keras.src.trainers.data_adapters import data_adapter_utils

    x, y, weight = data_adapter_utils.unpack_x_y_sample_weight(batch)
    return Batch(x, y, weight, container, sources, len(batch) if type(batch) is tuple else None)


def _of_task(
    model: Any,
    data: tuple[Any, Any, Any],
    given: Mapping[str, Any],
    sources: dict[tree.Path, Any],
    replace: Callable[[Any, Callable[[], Any]], bool],
) -> Batch:
    """A KerasHub task's batch: cut from what it was given, then preprocessed (keras_hub 0.32, `pipeline_model.py`)."""
    pipeline = sys.modules["keras_hub.src.utils.pipeline_model"]
    x, y, weight = data
    if pipeline._is_tf_dataset(x) or pipeline._is_grain_dataset(x) or pipeline._is_grain_data_loader(x):
        pipeline._convert_inputs_to_dataset(x, y, weight, given.get("batch_size"))
        element, container = _peek(x, replace)
        cut = _unpacked(element, container, {})
    else:
        head = _head((x, y, weight), given.get("batch_size") or 32, hub=True)
        dataset = pipeline._convert_inputs_to_dataset(*head, given.get("batch_size"))
        if next(iter(dataset), None) is None:
            raise Unseen("the batch is empty")
        cut = Batch(head[0], head[1], head[2], "arrays", sources)
    if describe.preprocessor_of(model) is None and type(model).preprocess_samples is _task_class().preprocess_samples:
        return cut
    parts = [_python_strings(pipeline, part) for part in (cut.x, cut.y, cut.weight)]
    made = _unpacked(model.preprocess_samples(*parts), cut.container, cut.sources)
    return Batch(made.x, made.y, made.weight, cut.container, cut.sources, cut.parts, cut.x)


def _task_class() -> Any:
    return describe.hub_class("models.task", "Task")


def _python_strings(pipeline: Any, part: Any) -> Any:
    """What a preprocessor is given: arrays, and lists of strings."""
    if part is None:
        return None
    plain = tree.rebuild(part, lambda _, leaf: compute.as_numpy(leaf) if hasattr(leaf, "numpy") else leaf)
    return pipeline._convert_strings_to_python(pipeline._convert_to_numpy(plain))


def _split(model: Any, arrays: tuple[Any, ...], share: float) -> tuple[Any, Any]:
    if describe.is_task(model):
        return sys.modules["keras_hub.src.utils.pipeline_model"]._train_validation_split(arrays, share)  # type: ignore[no-any-return]
    from keras.src.trainers.data_adapters import array_slicing

    return array_slicing.train_validation_split(arrays, validation_split=share)  # type: ignore[no-any-return]


def validation_of(model: Any, given: dict[str, Any]) -> dict[str, Any] | None:
    """The data that `fit(**given)` would validate on, as keywords of `evaluate`, or None."""
    from keras.src.trainers.data_adapters import data_adapter_utils

    size = {"batch_size": given.get("validation_batch_size") or given.get("batch_size")}
    data = given.get("validation_data")
    if data is not None:
        if is_stream(data):
            return {"x": data}
        x, y, weight = data_adapter_utils.unpack_x_y_sample_weight(data)
        return {"x": x, "y": y, "sample_weight": weight, **size}
    if not given.get("validation_split"):
        return None
    arrays = (given.get("x"), given.get("y"), given.get("sample_weight"))
    x, y, weight = data_adapter_utils.unpack_x_y_sample_weight(_split(model, arrays, given["validation_split"])[1])
    return {"x": x, "y": y, "sample_weight": weight, **size}


def label_span(given: dict[str, Any], names: Container[str] = ()) -> tuple[float, float] | None:
    """The lowest and highest label of all the data of `fit(**given)`; None where only iterating would tell."""
    if hasattr(given.get("x"), "element_spec"):
        return streams.label_span(given, names) if "tensorflow" in sys.modules else None
    y = given.get("y")
    if y is None or isinstance(y, (list, tuple, Mapping)) or not hasattr(y, "shape"):
        return None
    values = compute.as_numpy(y)
    if values.dtype.kind not in "biuf" or not values.size:
        return None
    return float(values.min()), float(values.max())


def element_of(stream: Any) -> tuple[Any, int | None]:
    """The first element of a dataset and its number of parts where it is a tuple; (None, None) for other streams."""
    if not _is_dataset(stream):
        return None, None
    return streams.element_of(stream)


def _head(arrays: tuple[Any, ...], size: int, *, hub: bool = False) -> tuple[Any, ...]:
    """The first `size` rows of arrays that agree in their number of rows; others as they are, for Keras to judge.

    `hub`: lists are arrays too, as KerasHub takes them: a list of strings is a batch.
    """
    flat = [leaf for _, leaf in tree.leaves(arrays)]

    def rows(leaf: Any) -> int | None:
        if hasattr(leaf, "shape") and hasattr(leaf, "dtype"):
            return int(leaf.shape[0]) if len(leaf.shape) > 0 else None
        return len(leaf) if hub and isinstance(leaf, (list, tuple)) else None

    counts = {rows(leaf) for leaf in flat}
    first = next(iter(counts), None)
    if len(counts) != 1 or first is None or first <= size:
        return arrays
    sliced: tuple[Any, ...] = tree.rebuild(arrays, lambda _, leaf: leaf[:size])
    return sliced


def as_float(value: np.ndarray) -> np.ndarray:
    """An array as Keras' adapters hand it on: floats take Keras' float type (keras 3.15, `array_slicing.py`)."""
    from keras.src import backend

    return value.astype(backend.floatx()) if value.dtype.kind == "f" else value
