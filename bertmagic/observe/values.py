"""What an object is, in facts: whose type, which shape, from which encoder; nothing imported, nothing called of it."""

from __future__ import annotations

import contextlib
import itertools
import types
from collections.abc import Callable, Mapping
from typing import Any

from bertmagic.facts.cell import Framework, Origin, Part, ValueFacts
from bertmagic.observe.tokenizers import is_tokenizer

# By the root of the module that defines a type or one of its bases; the first that is found tells. transformers' TF
# models are tf-keras', and Keras 3's layers on TensorFlow are Keras'.
_ROOTS: dict[str, Framework] = {
    "tf_keras": "tf-keras",
    "keras": "keras",
    "torch": "torch",
    "jax": "jax",
    "jaxlib": "jax",
    "tensorflow": "tensorflow",
    "numpy": "numpy",
    "transformers": "transformers",
}
# Keras' base classes, of both generations, by name (3.15, 2.21); the first among a type's bases tells.
_PARTS: dict[str, Part] = {
    "Model": "model",
    "Metric": "metric",
    "Layer": "layer",
    "Optimizer": "optimizer",
    "BaseOptimizer": "optimizer",
    "OptimizerV2": "optimizer",
    "LearningRateSchedule": "schedule",
    "Loss": "loss",
    "Callback": "callback",
    "PyDataset": "data",
    "Sequence": "data",
}
_MOST_FIELDS, _MOST_ROWS, _MOST_TEXT = 32, 64, 60


def framework_of(value: Any) -> Framework:
    """Whose object `value` is, by the modules of its type and its bases; of a class or function, by its own."""
    kinds = value.__mro__ if isinstance(value, type) else type(value).__mro__
    modules = [kind.__module__ for kind in kinds]
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        modules = [value.__module__ or _module_of_holder(value)]
    roots = {str(module).partition(".")[0] for module in modules}
    return next((framework for root, framework in _ROOTS.items() if root in roots), "python")


def _module_of_holder(function: Any) -> str:
    """The module of the class that holds a function of C's without a module of its own, as `torch.softmax`."""
    holder = getattr(function, "__self__", None)
    return str(getattr(holder if isinstance(holder, type) else type(holder), "__module__", ""))


def is_output_object(value: Any) -> bool:
    """Whether `value` is one of transformers' output objects: a mapping of fields (`utils/generic.py`, 4.53.3)."""
    return any(
        kind.__name__ == "ModelOutput" and kind.__module__.startswith("transformers") for kind in type(value).__mro__
    )


def part_of(value: Any) -> Part | None:
    """What an object, or what instances of a class, are to Keras; None for what is not Keras'."""
    kinds = value.__mro__ if isinstance(value, type) else type(value).__mro__
    for kind in kinds:
        if str(kind.__module__).partition(".")[0] in ("keras", "tf_keras") and kind.__name__ in _PARTS:
            return _PARTS[kind.__name__]
    return None


def takes_rank(value: Any) -> int | None:
    """The least number of axes that a layer's input must have, as its own `InputSpec` says; None where it says none."""
    if part_of(value) != "layer" or isinstance(value, type):
        return None
    own = vars(value) if hasattr(value, "__dict__") else {}
    # tf_keras keeps it under the first name (engine/base_layer.py, 2.21.0), Keras 3 under the second (3.15).
    spec = own.get("_input_spec", own.get("input_spec"))
    if isinstance(spec, (list, tuple)):
        spec = spec[0] if spec else None
    ranks = [rank for name in ("ndim", "min_ndim") if isinstance(rank := getattr(spec, name, None), int)]
    if ranks:
        return max(ranks)
    # These have no spec, and take three axes all the same: `TimeDistributed.build` says so
    # (tf_keras/src/layers/rnn/time_distributed.py, 2.21.0), and attention fails for want of one.
    return 3 if type(value).__name__ in ("TimeDistributed", "MultiHeadAttention") else None


def is_keras_symbolic(value: Any) -> bool:
    """Whether a value is a symbolic tensor of Keras, of either generation, which a functional model is built of."""
    return type(value).__name__.endswith("KerasTensor")


def is_symbolic(value: Any) -> bool:
    """Whether a tensor has no values: Keras' symbolic tensors, and TensorFlow's while a graph is traced."""
    name = type(value).__name__
    return is_keras_symbolic(value) or name == "SymbolicTensor" or (name == "Tensor" and hasattr(value, "graph"))


def shape_of(value: Any) -> tuple[int | None, ...] | None:
    """The shape of an array or tensor, free axes None; None for what has none, or an unknown rank."""
    try:
        shape = value.shape
        return tuple(None if axis is None else int(axis) for axis in shape)
    except Exception:  # noqa: BLE001  # no shape, an unknown rank, or somebody's own property
        return None


def describe(
    value: Any,
    place: str,
    said: str | None,
    *,
    origin: Callable[[Any], Origin | None],
    field_of: Callable[[str], str | None],
) -> ValueFacts:
    """The facts of an object that took part in a call. Raises nothing that the object's own code raises."""
    is_string = isinstance(value, str)
    dtype = getattr(value, "dtype", None) if shape_of(value) is not None else None
    return ValueFacts(
        place=place,
        said=said,
        kind=_kind(value),
        framework=framework_of(value),
        shape=None if isinstance(value, type) else shape_of(value),
        dtype=None if dtype is None else str(getattr(dtype, "name", dtype)),
        is_symbolic=is_symbolic(value),
        is_output_object=is_output_object(value),
        fields=_fields(value),
        field_of=field_of(value) if is_string else None,
        lengths=row_lengths(value),
        origin=None if isinstance(value, type) else origin(value),
        text=_text(value),
        needs=_needs(value),
        tokenizer=_tokenizer_called(value),
        part=part_of(value),
        takes_rank=takes_rank(value),
        is_class=isinstance(value, type),
    )


def _needs(value: Any) -> tuple[str, ...]:
    """The frameworks that a class of transformers needs: a stand-in, where they are not installed, tells (4.53.3,
    `utils/import_utils.py`, `DummyObject`).
    """
    kind = value if isinstance(value, type) else type(value)
    if type(kind).__name__ != "DummyObject":
        return ()
    return tuple(str(each) for each in type.__getattribute__(kind, "__dict__").get("_backends", ()))


def _tokenizer_called(value: Any) -> str | None:
    """The name of a tokenizer that a function's own code uses; functions within it are not looked at."""
    if not isinstance(value, types.FunctionType):
        return None
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=False)
    known = dict(value.__globals__)
    for name, cell in cells:
        with contextlib.suppress(ValueError):  # a name that has no value yet
            known[name] = cell.cell_contents
    names = (*value.__code__.co_names, *value.__code__.co_freevars)
    return next((name for name in names if is_tokenizer(known.get(name))), None)


def row_lengths(value: Any) -> tuple[int, ...]:
    """The lengths of the rows of a list of lists of numbers or of arrays, or of an encoding's token ids; else ()."""
    if isinstance(value, Mapping):
        try:
            return row_lengths(value["input_ids"]) if "input_ids" in value else ()
        except Exception:  # noqa: BLE001  # somebody's own mapping
            return ()
    if type(value) not in (list, tuple) or not value:
        return ()
    rows = value[:_MOST_ROWS]
    shapes = [shape_of(row) for row in rows]
    if all(shapes) and len({len(shape) for shape in shapes if shape}) == 1:
        # Arrays of one text each: (sequence,) or (1, sequence).
        lengths = [shape[-1] for shape in shapes if shape]
        return tuple(each for each in lengths if each is not None) if None not in lengths else ()
    if not all(type(row) in (list, tuple) and all(type(item) in (int, float) for item in row[:4]) for row in rows):
        return ()
    return tuple(len(row) for row in rows)


def _kind(value: Any) -> str:
    kind = value if isinstance(value, type) else type(value)
    if kind.__name__ == "EagerTensor":
        return "tf.Tensor"
    root = kind.__module__.partition(".")[0]
    return kind.__name__ if root in ("builtins", "transformers", "__main__") else f"{root}.{kind.__name__}"


def _fields(value: Any) -> tuple[str, ...]:
    if not isinstance(value, Mapping):
        return ()
    try:
        return tuple(str(key) for key in itertools.islice(value, _MOST_FIELDS))
    except Exception:  # noqa: BLE001  # somebody's own mapping
        return ()


def _text(value: Any) -> str | None:
    if not isinstance(value, (str, bytes, int, float, bool, type(None))):
        return None
    text = repr(value[: _MOST_TEXT + 1] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= _MOST_TEXT + 2 else f"{text[:_MOST_TEXT]}…"
