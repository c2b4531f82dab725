"""Calls of models while a tf.function is traced: noted as they begin, given their values afterwards (TensorFlow 2.21).

While a graph is traced a model is given tensors without values. The function's own arguments have them, and lie on the
stack; no wrapper of ours needs to be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from bertmagic.backends import tree
from bertmagic.backends.tensorflow.mode import records_gradients
from bertmagic.observe.frames import outwards
from bertmagic.observe.lookup import is_autograph_call

# How many operations between a function's arguments and a model's are computed again: a cast, a mask made of the ids.
_MOST_OPS = 64
# Names of TensorFlow's own functions and the modules that they are in (2.21).
_TRACES = ("func_graph_from_py_func", "tensorflow.python.framework.func_graph")
_CALLS = ("_call", "tensorflow.python.eager.polymorphic_function.polymorphic_function")


class NoValue(Exception):
    """A tensor's value is not to be had outside of the graph."""


@dataclass
class Traced:
    """A model's call inside a tf.function: its arguments as they are in the graph, and the values of the function's.

    `function`: the outermost function's name, None where it is no tf.function (a `Dataset.map`). `taped`: whether a
    gradient tape recorded the call. `graph`: the innermost function's. `values`: by the id of a placeholder, that and
    what it stands for.
    """

    layer: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    graph: Any
    function: str | None
    taped: bool
    values: dict[int, tuple[Any, Any]] = field(default_factory=dict)

    def resolved(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with their values; raises `NoValue` where one has none."""
        resolve = Values({key: value for key, (_, value) in self.values.items()})
        args, kwargs = tree.rebuild([list(self.args), dict(self.kwargs)], lambda path, leaf: resolve(leaf))
        return tuple(args), kwargs

    def gave(self, tensor: Any) -> bool:
        """Whether a tensor of the graph was made within the layer, by the name of its operation's scope."""
        scope, _, inside = str(getattr(getattr(tensor, "op", None), "name", "")).partition("/")
        return bool(inside) and re.fullmatch(re.escape(self.layer.name) + r"(_\d+)?", scope) is not None


@dataclass
class TracedLoss:
    """A loss inside a tf.function: its arguments as they are in the graph. `graph`, `values`: as those of `Traced`."""

    loss: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    graph: Any
    values: dict[int, tuple[Any, Any]] = field(default_factory=dict)


class Values:
    """Gives the values of symbolic tensors that follow from a function's arguments, which `known` has by id."""

    def __init__(self, known: Mapping[int, Any]) -> None:
        self._known = dict(known)
        self._left = _MOST_OPS

    def __call__(self, leaf: Any) -> Any:
        """`leaf` itself where it is no symbolic tensor, else its value."""
        import tensorflow as tf

        for _ in range(_MOST_OPS):
            if not tf.is_tensor(leaf) or not tf.is_symbolic_tensor(leaf):
                return leaf
            if id(leaf) not in self._known:
                self._known[id(leaf)] = self._computed(leaf)
            # The argument of a function inside another is a tensor of that other's graph.
            leaf = self._known[id(leaf)]
        raise NoValue(str(leaf))

    def _computed(self, tensor: Any) -> Any:
        from tensorflow.python.eager import execute
        from tensorflow.python.framework import tensor_util

        operation = getattr(tensor, "op", None)
        captured = _captured(tensor)
        if captured is not None:
            return captured
        if operation is None or operation.op_def.is_stateful or operation.type == "Placeholder" or not self._left:
            raise NoValue(str(tensor))
        self._left -= 1
        if operation.type == "Const":
            return _tensor(tensor_util.MakeNdarray(operation.get_attr("value")), tensor.dtype)
        attributes: list[Any] = []
        for attribute in operation.op_def.attr:
            value = operation.get_attr(attribute.name)
            attributes += [attribute.name, _plain_attribute(value)]
        inputs = [_as_tensor(self(each)) for each in operation.inputs]
        outputs = execute.quick_execute(operation.type, len(operation.outputs), inputs, tuple(attributes), _context())
        return outputs[tensor.value_index]


def _plain_attribute(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_attribute(each) for each in value]
    return getattr(value, "as_datatype_enum", value)


def _captured(tensor: Any) -> Any:
    """The value that a graph's tensor stands for where a function captured it, or None."""
    graph = getattr(tensor, "graph", None)
    for outer, inner in getattr(graph, "captures", ()):
        if inner is tensor:
            return outer
    return None


def _tensor(value: np.ndarray, dtype: Any) -> Any:
    import tensorflow as tf

    return tf.constant(value, dtype=dtype)


def _as_tensor(value: Any) -> Any:
    import tensorflow as tf

    return tf.convert_to_tensor(value)


def _context() -> Any:
    from tensorflow.python.eager import context

    return context.context()


def is_tracing() -> bool:
    """Whether what is called now goes into a graph."""
    from tensorflow.python.eager import context

    return not context.context().executing_eagerly()


def note(layer: Any, frame: FrameType, inner: CodeType, of_interest: Callable[[Any], bool]) -> Traced | None:
    """The call of `layer` that looks its `__call__` up in `frame`, or None where it is a part of another model's.

    `inner`: the code of `Layer.__call__`, by which calls under way are known.
    """
    from tensorflow.python.framework import ops

    graph = ops.get_default_graph()
    if getattr(graph, "name", "") == "keras_graph":
        return None  # Keras infers a functional model's shapes in it; the model's own call is told of.
    given: tuple[tuple[Any, ...], dict[str, Any]] | None = None
    functions = _Functions()
    for each in outwards(frame):
        if each.f_code is inner:
            outer = each.f_locals.get("self")
            if outer is not layer and of_interest(outer):
                return None
        elif given is None and (found := _given(layer, each)) is not None:
            given = found
        else:
            functions.read(each)
    if given is None:
        return None
    return Traced(layer, *given, graph, functions.name, records_gradients(), functions.values)


def note_loss(loss: Any, frame: FrameType) -> TracedLoss | None:
    """The call of `loss` by AutoGraph that looks its `__call__` up in `frame`."""
    from tensorflow.python.framework import ops

    given: tuple[tuple[Any, ...], dict[str, Any]] | None = None
    functions = _Functions()
    for each in outwards(frame):
        if given is None and (found := _given(loss, each)) is not None:
            given = found
        else:
            functions.read(each)
    return None if given is None else TracedLoss(loss, *given, ops.get_default_graph(), functions.values)


class _Functions:
    """The functions that are being traced, innermost first: the outermost one's `name`, and their arguments' values."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.values: dict[int, tuple[Any, Any]] = {}
        self._placeholders: Any = None

    def read(self, frame: FrameType) -> None:
        """Read a frame, from the inside outwards."""
        where = frame.f_code.co_name, frame.f_globals.get("__name__")
        if where == _TRACES:
            local = frame.f_locals
            self._placeholders = local.get("func_args"), local.get("func_kwargs")
        elif where == _CALLS and self._placeholders is not None:
            local = frame.f_locals
            self.values.update(_paired(self._placeholders, (local.get("args"), local.get("kwds"))))
            self._placeholders = None
            self.name = getattr(getattr(local.get("self"), "_python_function", None), "__name__", "a tf.function")


def _given(layer: Any, frame: FrameType) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """What `layer` is called with in `frame`: Keras' `Model.__call__`, or AutoGraph's call of it; None for others."""
    if frame.f_code.co_name == "__call__" and frame.f_globals.get("__name__") == "tf_keras.src.engine.training":
        local = frame.f_locals
        return (tuple(local["args"]), dict(local["kwargs"])) if local.get("self") is layer else None
    if is_autograph_call(frame):
        local = frame.f_locals
        return (tuple(local["args"]), dict(local["kwargs"] or {})) if local.get("f") is layer else None
    return None


def _paired(placeholders: Any, arguments: Any) -> dict[int, tuple[Any, Any]]:
    """The arguments' leaves by the id of the placeholder that stands for each, with that placeholder."""
    known = dict(tree.leaves(_plain(arguments)))
    return {id(leaf): (leaf, known[path]) for path, leaf in tree.leaves(_plain(placeholders)) if path in known}


def _plain(structure: Any) -> Any:
    """The structure of lists and dicts alone, as `tree` walks them."""
    if isinstance(structure, Mapping):
        return {key: _plain(structure[key]) for key in structure}
    if isinstance(structure, (list, tuple)):
        return [_plain(each) for each in structure]
    return structure
