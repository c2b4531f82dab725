"""A loss, a rate and a head as the cell writes them, with the least of their text changed."""

from __future__ import annotations

import ast
import types
from typing import Any

import pytest

from bertmagic.facts.cell import CellFacts
from bertmagic.finding import Finding
from bertmagic.repair.flow import Flow
from bertmagic.repair.heads import activations, without_activation
from bertmagic.repair.losses import with_flag, with_kind
from bertmagic.repair.rate import lowered
from bertmagic.repair.source import Source
from bertmagic.repair.trouble import Trouble
from bertmagic.written import Written


def trouble(cell: str, **names: Any) -> Trouble:
    source = Source(Written(cell, cell, "<cell>"))
    finding = Finding("loss-mismatch", "error", "loss", "title", "text", {}, None)
    names.setdefault("keras", types.ModuleType("keras"))
    return Trouble(finding, None, CellFacts(), source, Flow(source), names)


def value_of(at: Trouble) -> ast.expr:
    last = at.source.tree.body[-1]
    assert isinstance(last, (ast.Expr, ast.Assign))
    return last.value


@pytest.mark.parametrize(
    ("cell", "corrected"),
    [
        ('loss = "binary_crossentropy"', "loss = keras.losses.BinaryCrossentropy(from_logits=True)"),
        ("loss = k.losses.BinaryFocal(name='b')", "loss = k.losses.BinaryFocal(name='b', from_logits=True)"),
        ("loss = k.losses.CategoricalCrossentropy(False)", "loss = k.losses.CategoricalCrossentropy(True)"),
        ("loss = k.losses.binary_crossentropy", "loss = k.losses.BinaryCrossentropy(from_logits=True)"),
    ],
)
def test_a_loss_is_told_that_it_gets_logits(cell: str, corrected: str) -> None:
    at = trouble(cell)
    assert at.source.applied(with_flag(at, value_of(at), flag=True)) == corrected


@pytest.mark.parametrize(
    ("cell", "corrected"),
    [
        ("loss = 'categorical_crossentropy'", "loss = 'sparse_categorical_crossentropy'"),
        (
            "loss = k.losses.CategoricalCrossentropy(from_logits=True)  # of logits",
            "loss = k.losses.SparseCategoricalCrossentropy(from_logits=True)  # of logits",
        ),
        (
            "from keras.losses import CategoricalCrossentropy\nloss = CategoricalCrossentropy()",
            "from keras.losses import SparseCategoricalCrossentropy\nloss = SparseCategoricalCrossentropy()",
        ),
    ],
)
def test_a_loss_becomes_another_as_it_was_written(cell: str, corrected: str) -> None:
    at = trouble(cell)
    assert at.source.applied(with_kind(at, value_of(at), "sparse_categorical_crossentropy")) == corrected


@pytest.mark.parametrize(
    ("cell", "corrected"),
    [
        ('optimizer = "adam"', "optimizer = keras.optimizers.Adam(2e-5)"),
        ("optimizer = k.Adam()", "optimizer = k.Adam(learning_rate=2e-5)"),
        ("rate = 1e-3  # as always\noptimizer = k.Adam(rate)", "rate = 2e-5  # as always\noptimizer = k.Adam(rate)"),
        ("optimizer = AdamW(net.parameters())", "optimizer = AdamW(net.parameters(), lr=2e-5)"),
        ("optimizer = k.Adam(PolynomialDecay(0.01, 10))", "optimizer = k.Adam(PolynomialDecay(2e-5, 10))"),
    ],
)
def test_a_rate_is_lowered_where_it_is_written(cell: str, corrected: str) -> None:
    at = trouble(cell)
    assert at.source.applied(lowered(at, value_of(at))) == corrected


@pytest.mark.parametrize("cell", ["optimizer = k.SGD()", "optimizer = k.Adam(3e-5)", 'optimizer = "rmsprop"'])
def test_other_rates_are_left_alone(cell: str) -> None:
    at = trouble(cell)
    assert lowered(at, value_of(at)) == []


@pytest.mark.parametrize(
    ("cell", "corrected"),
    [
        ("head = nn.Sequential(nn.Linear(8, 3), nn.Softmax(-1))", "head = nn.Sequential(nn.Linear(8, 3))"),
        ("scores = F.softmax(head(x), dim=-1)", "scores = head(x)"),
        ("scores = head(x).softmax(dim=-1)", "scores = head(x)"),
        ('head = Dense(3, activation="softmax", name="out")', 'head = Dense(3, name="out")'),
    ],
)
def test_an_activation_is_left_out(cell: str, corrected: str) -> None:
    at = trouble(cell, F=types.ModuleType("F"))
    assert at.source.applied(without_activation(at, next(iter(activations(at))))) == corrected
