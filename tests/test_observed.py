"""What is seen of a failing line and of any object, without a framework: names, owners, arguments, and no code run."""

from __future__ import annotations

import collections
import functools
import gc
import linecache
import sys
import types
import weakref
from typing import Any

import numpy as np
import pytest
from cell_builder import HIDDEN
from facts_builder import model

from bertmagic.facts.cell import RaisedFacts, ValueFacts
from bertmagic.observe import outputs, values
from bertmagic.observe.failure import raised_facts

# The very expression of a line that raised is known from Python 3.11 on (`code.co_positions`).
SINCE_311 = pytest.mark.skipif(sys.version_info < (3, 11), reason="NOT RUN: the expression is known from 3.11 on")


def describe(value: Any, place: str, said: str | None) -> ValueFacts:
    return values.describe(value, place, said, origin=lambda _: None, field_of=lambda _: None)


_cells = iter(range(1000))


def fails(source: str, **names: Any) -> RaisedFacts:
    """The facts of what `source` raises, run as a cell with these names in its namespace."""
    namespace: dict[str, Any] = {"__name__": "__main__", **names}
    file = f"<cell {next(_cells)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        exec(compile(source, file, "exec"), namespace)
    except Exception as error:  # noqa: BLE001  # the point of it
        return raised_facts(error, namespace, describe)
    raise AssertionError(source)


def said(facts: RaisedFacts) -> dict[str | None, str]:
    """The places of the objects that took part, by their names."""
    return {value.said: value.place for value in facts.values}


# A library: its functions' frames are not of the user's namespace.
LIBRARY = types.ModuleType("library")
exec(
    """
class Layer:
    def __init__(self, units=1):
        self.units = units
    def __call__(self, inputs, mask=None):
        raise ValueError("layer")
    def compile(self, optimizer=None, *, metrics=None):
        raise ValueError("compile")

def wrapped(*args, **kwargs):
    raise ValueError("wrapped")

def apply(function, value):
    return function(value)
""",
    LIBRARY.__dict__,
)


def test_the_users_line_in_a_nested_function() -> None:
    source = "def inner(h):\n    return layer(h)\ndef outer(x):\n    return inner(x)\nresult = outer(data)\n"
    facts = fails(source, layer=LIBRARY.Layer(), data=[[1, 2], [3]])
    assert (facts.type, facts.text, facts.line) == ("ValueError", "layer", 2)
    assert facts.callee == ("library.Layer.__call__" if sys.version_info >= (3, 11) else "library.__call__")
    assert facts.callee_said == "layer"
    assert facts.owner is not None
    assert facts.owner.said == "layer"
    assert [value.said for value in facts.arguments][:1] == ["h"]
    assert facts.arguments[0].lengths == (2, 1)


def test_a_function_of_the_users_that_a_library_calls() -> None:
    facts = fails("def mine(x):\n    return x.shape\napply(mine, data)\n", apply=LIBRARY.apply, data="text")
    assert facts.line == 2
    assert (facts.missing, facts.missing_in) == ("shape", "str")
    assert facts.owner is not None
    assert (facts.owner.said, facts.owner.text) == ("x", "'text'")


def test_the_owner_of_a_method_and_its_arguments_by_keyword() -> None:
    facts = fails("model.compile(optimizer=adam, metrics=[f1])\n", model=LIBRARY.Layer(), adam=object(), f1=object())
    assert facts.owner is not None
    assert facts.owner.said == "model"
    assert said(facts)["adam"] == "optimizer"
    assert said(facts)["f1"] == "metrics[0]"


def test_arguments_of_a_wrapper() -> None:
    facts = fails("f(a, b, mask=c)\n", f=LIBRARY.wrapped, a=object(), b=object(), c=object())
    assert said(facts) == {"a": "args[0]", "b": "args[1]", "c": "mask"}


def test_what_is_called_without_a_name() -> None:
    facts = fails("Layer(3)(h)\n", Layer=LIBRARY.Layer, h=object())
    assert facts.owner is not None
    assert facts.owner.kind == "library.Layer"
    assert said(facts)["h"] == "inputs"
    assert facts.callee_said == "Layer(3)"


@SINCE_311
def test_what_is_called_without_a_name_through_a_wrapper() -> None:
    class Wrapped(LIBRARY.Layer):  # type: ignore[name-defined, misc]
        __call__ = LIBRARY.wrapped

    facts = fails("Wrapped(3)(h)\n", Wrapped=Wrapped, h=object())
    assert facts.owner is not None
    assert facts.owner.kind.endswith("Wrapped")
    assert [value.said for value in facts.arguments] == ["h"]


def test_arguments_without_a_name_are_called_as_they_were_written() -> None:
    facts = fails("layer(make(2), mask=rows[1])\n", layer=LIBRARY.Layer(), make=lambda n: object(), rows=[0, object()])
    assert said(facts)["make(2)"] == "inputs"
    assert said(facts)["rows[1]"] == "mask"


def test_what_a_line_hands_on_from_deeper_inside_is_not_called_after_it() -> None:
    library = {"__name__": "bertmagic.other", "wrapped": LIBRARY.wrapped}
    from bertmagic.observe import failure

    exec(compile("def between(x):\n    return wrapped(object(), x)\n", failure.__file__, "exec"), library)
    facts = fails("between(make())\n", between=library["between"], make=object)
    assert None in said(facts)
    assert "make()" not in said(facts)


def test_items_of_mappings_and_plain_attributes_are_named() -> None:
    holder = types.SimpleNamespace(hidden=object())
    facts = fails("f(enc['ids'], holder.hidden)\n", f=LIBRARY.wrapped, enc={"ids": object()}, holder=holder)
    assert said(facts)["enc['ids']"] == "args[0]"
    assert said(facts)["holder.hidden"] == "args[1]"


@SINCE_311
@pytest.mark.parametrize(
    ("source", "axes"),
    [
        ("x[:, 0]", 2),
        ("x[:, 0, :]", 3),
        ("x[5]", 1),
        ("x[..., 0]", None),
        ("x[None, 0]", None),
        ("x[:, wanted]", None),
        ("x + 'text'", None),
    ],
)
def test_how_many_axes_an_index_takes(source: str, axes: int | None) -> None:
    facts = fails(f"y = {source}\n", x=(), wanted=0)
    assert facts.indexed == axes
    assert facts.source == source


def test_the_axes_of_an_index_in_a_statement() -> None:
    assert fails("def f(x):\n    return x[:, 0, :]\ny = f(3)\n").indexed == 3
    assert fails("y = x[:, 0]\n", x=3).indexed == 2


@SINCE_311
def test_the_expression_is_cut_out_of_its_line() -> None:
    facts = fails("é = 1; y = f(é, other(layer(h)))\n", f=print, other=print, layer=LIBRARY.Layer(), h=object())
    assert facts.source == "layer(h)"
    assert facts.callee_said == "layer"


class Loud:
    """Every way of asking it runs code that a check must not run."""

    ran = 0

    @property
    def shape(self) -> Any:
        Loud.ran += 1
        raise RuntimeError("shape")

    @property
    def hidden(self) -> Any:
        Loud.ran += 100
        return object()

    def __repr__(self) -> str:
        Loud.ran += 100
        return "loud"

    def __eq__(self, other: object) -> bool:
        Loud.ran += 100
        return False

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        Loud.ran += 100
        return 3

    def __bool__(self) -> bool:
        Loud.ran += 100
        return True

    def __call__(self) -> Any:
        Loud.ran += 100


def test_no_property_or_operator_of_an_object_is_run() -> None:
    Loud.ran = 0
    facts = fails("f(loud, loud.hidden if False else 1, [loud])\n", f=LIBRARY.wrapped, loud=Loud())
    assert said(facts)["loud"] == "args[0]"
    # Only what any array is asked for, its shape, was asked.
    assert Loud.ran < 100


class Mapping(collections.abc.Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(key)

    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    def __len__(self) -> int:
        raise RuntimeError("len")


class Meta(type):
    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(name)


class Slots(metaclass=Meta):
    __slots__ = ()


@pytest.mark.parametrize(
    "odd",
    [
        Mapping(),
        Slots(),
        Slots,
        types.SimpleNamespace(shape="text", dtype=3),
        types.SimpleNamespace(shape=(1, object())),
        functools.partial(print),
        np.ma.masked,
        np.float32(1),
        b"bytes" * 100,
        float("nan"),
        collections.defaultdict(list),
        [[1, [2]], 3],
        ...,
        NotImplemented,
        lambda: None,
        object,
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_odd_objects_are_described(odd: Any) -> None:
    facts = describe(odd, "args[0]", "odd")
    assert facts.said == "odd"
    assert isinstance(facts.kind, str)
    assert fails("f(odd)\n", f=LIBRARY.wrapped, odd=odd).type == "ValueError"


def test_an_error_without_a_line_of_the_users() -> None:
    facts = raised_facts(ValueError("none"), {}, describe)
    assert (facts.type, facts.line, facts.source, facts.values) == ("ValueError", None, "", ())


def test_a_name_that_an_import_does_not_find() -> None:
    facts = fails("from collections import nothing\n")
    assert (facts.missing, facts.missing_in) == ("nothing", "collections")


def test_the_items_of_containers_are_bounded() -> None:
    facts = fails("f(many)\n", f=LIBRARY.wrapped, many=[object() for _ in range(1000)])
    assert len(facts.values) <= 24


# -- objects -------------------------------------------------------------------------------------------------------


def of_module(module: str, name: str, *bases: type, **members: Any) -> type:
    return type(name, bases, {"__module__": module, **members})


LAYER = of_module("keras.src.layers.layer", "Layer")
MODEL = of_module("tf_keras.src.engine.training", "Model", of_module("tf_keras.src.engine.base_layer", "Layer"))


@pytest.mark.parametrize(
    ("value", "framework", "part", "is_class"),
    [
        (LAYER(), "keras", "layer", False),
        (LAYER, "keras", "layer", True),
        (of_module("transformers.models.bert", "TFBertModel", MODEL)(), "tf-keras", "model", False),
        (of_module("__main__", "Mine", MODEL)(), "tf-keras", "model", False),
        (of_module("keras.src.optimizers", "Adam", of_module("keras.src.optimizers", "Optimizer"))(), "keras",
         "optimizer", False),
        (of_module("__main__", "Layer")(), "python", None, False),
        (of_module("torch.nn", "Module")(), "torch", None, False),
        (np.zeros(2), "numpy", None, False),
        ("text", "python", None, False),
    ],
)  # fmt: skip
def test_whose_an_object_is_and_what(value: Any, framework: str, part: str | None, is_class: bool) -> None:
    facts = describe(value, "args[0]", None)
    assert (facts.framework, facts.part, facts.is_class) == (framework, part, is_class)


@pytest.mark.parametrize(
    ("attribute", "spec", "rank"),
    [
        ("_input_spec", types.SimpleNamespace(ndim=3, min_ndim=None), 3),
        ("_input_spec", [types.SimpleNamespace(ndim=3, min_ndim=None)], 3),
        ("input_spec", types.SimpleNamespace(ndim=None, min_ndim=2), 2),
        ("_input_spec", None, None),
        ("_input_spec", [], None),
        ("_input_spec", "text", None),
    ],
)
def test_the_axes_that_a_layer_takes(attribute: str, spec: Any, rank: int | None) -> None:
    layer = LAYER()
    setattr(layer, attribute, spec)
    assert values.takes_rank(layer) == rank


def test_layers_that_take_a_sequence_and_have_no_spec() -> None:
    assert values.takes_rank(of_module("tf_keras.src.layers", "TimeDistributed", MODEL.__bases__[0])()) == 3
    assert values.takes_rank(LAYER) is None


# -- outputs -------------------------------------------------------------------------------------------------------


class ModelOutput(collections.OrderedDict[str, Any]):
    """Stands for transformers' own, by its name and module."""


ModelOutput.__module__ = "transformers.utils.generic"


class Tensor:
    def __init__(self, *shape: int) -> None:
        self.shape = shape


def test_an_outputs_fields_and_tensors_are_known_again() -> None:
    seen = outputs.Outputs()
    hidden, pooled = Tensor(2, 5, 8), Tensor(2, 8)
    seen.note(ModelOutput(last_hidden_state=hidden, pooler_output=pooled), model(said="bert"))
    origin = seen.origin(hidden)
    assert origin is not None
    assert (origin.made_by, origin.output, origin.encoder) == ("bert", "last_hidden_state", HIDDEN.encoder)
    assert seen.field_of("pooler_output") == "ModelOutput"
    assert seen.field_of("logits") is None
    assert seen.origin(Tensor(2, 8)) is None


def test_a_tuple_is_known_by_the_ranks_of_its_tensors() -> None:
    seen = outputs.Outputs()
    hidden, pooled = Tensor(2, 5, 8), Tensor(2, 8)
    seen.note((hidden, pooled), model(said="bert"))
    origin = seen.origin(pooled)
    assert origin is not None
    assert origin.output == "pooler_output"
    assert seen.field_of("pooler_output") is None


def test_no_output_is_kept_alive() -> None:
    seen = outputs.Outputs()
    tensor = Tensor(2, 5, 8)
    alive = weakref.ref(tensor)
    seen.note(ModelOutput(last_hidden_state=tensor), model(said="bert"))
    del tensor
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("odd", [None, 3, "text", object(), [], (None,), {"a": None}, Mapping], ids=repr)
def test_odd_outputs_are_noted_without_an_error(odd: Any) -> None:
    outputs.Outputs().note(odd, model(said="bert"))
