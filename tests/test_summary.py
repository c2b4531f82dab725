"""The report's first sentence where a cell fails: the layer by its path, what ran before it, the user's own line."""

from __future__ import annotations

import dataclasses
import weakref
from typing import Any

import pytest
from cell_builder import built, cell, raised, symbolic
from facts_builder import call, model

from bertmagic.assemble import Ended, assemble
from bertmagic.examine import Examination
from bertmagic.facts.call import CallFacts, ErrorFacts
from bertmagic.facts.cell import CellFacts
from bertmagic.finding import Finding
from bertmagic.options import Options

RAN = ("bert/embeddings/dropout", "bert/embeddings", "bert/encoder/layer_._0")
UNPACK = "too many values to unpack (expected 2)"


class Owner:
    """Stands for a model that is alive."""


OWNER = Owner()


def ended(facts: CallFacts) -> Ended:
    return Ended(Examination(facts, (), None, (), {}), "m", None, weakref.ref(OWNER), dry=facts.kind == "fit")


def summary(*calls: CallFacts, facts: CellFacts | None = None, error: BaseException | None = None) -> str:
    return said(*(ended(each) for each in calls), facts=facts, error=error)


def said(*done: Ended, facts: CellFacts | None = None, error: BaseException | None = None) -> str:
    settings: dict[str, Any] = {"device": None, "unseen": (), "held": (), "failures": (), "decode": None}
    report = assemble(
        done,
        Options(),
        facts=facts,
        raised=error,
        seconds=0.0,
        captured={},
        **settings,
    )
    return report.summary


def failed(layer: str | None, ran: tuple[str, ...] = (), where: Any = "forward", kind: Any = "fit") -> CallFacts:
    facts = call([[2, 7, 3]], of=model(said="m"), error="forward", kind=kind)
    return dataclasses.replace(facts, error=ErrorFacts("ValueError", UNPACK, layer, where, ran))


@pytest.mark.parametrize(
    ("ran", "before"),
    [
        ((), ""),
        (RAN[:1], " (1 layer ran before, `bert/embeddings/dropout` last)"),
        (RAN, " (3 layers ran before, `bert/encoder/layer_._0` last)"),
    ],
)
def test_a_graph_that_fails_to_build(ran: tuple[str, ...], before: str) -> None:
    error = ErrorFacts("ValueError", UNPACK, "bert/encoder/layer_._3/attention", "forward")
    inputs = (symbolic("input_ids", said="ids"), symbolic("attention_mask", said=None))
    facts = cell(builds=[built(*inputs, error=error, ran=ran)], raised=raised("ValueError", text=UNPACK))
    assert summary(facts=facts, error=ValueError(UNPACK)) == (
        "No rule names the cause. Building `bert` on `ids` and `attention_mask` raises ValueError in layer "
        f"`bert/encoder/layer_._3/attention`{before}."
    )


def test_a_graph_that_failed_and_was_caught_is_not_what_ended_the_cell() -> None:
    error = ErrorFacts("ValueError", UNPACK, "bert", "forward")
    facts = cell(builds=[built(symbolic("input_ids"), error=error)], raised=raised("KeyError", source='enc["ids"]'))
    assert summary(facts=facts, error=KeyError("ids")).endswith('The cell raised KeyError in `enc["ids"]`.')


def test_the_dry_pass() -> None:
    assert summary(failed("lstm", RAN), error=ValueError(UNPACK)) == (
        "No rule names the cause. The forward pass raises ValueError in layer `lstm` (3 layers ran before, "
        "`bert/encoder/layer_._0` last); it is raised in place of `m.fit`. `fit` was dry: nothing was trained."
    )


def test_a_dry_pass_that_raises_where_the_real_call_went_through() -> None:
    # As `predict` of Keras 3 on JAX does with inputs of other names.
    done = ended(failed("lstm", kind="predict"))
    done.went_through = True
    assert "The forward pass of the check raises ValueError in layer `lstm`; `m.predict` itself went through." in said(
        done
    )


def test_the_loss() -> None:
    assert summary(failed(None, RAN, "loss"), error=ValueError(UNPACK)).startswith(
        "No rule names the cause. The loss raises ValueError; it is raised in place of `m.fit`."
    )


def test_a_line_of_the_users() -> None:
    facts = cell(raised=raised("ValueError", source="tf.argmax(output)"))
    assert summary(facts=facts, error=ValueError()) == (
        "No rule names the cause. The cell raised ValueError in `tf.argmax(output)`."
    )


@pytest.mark.parametrize("source", ["", "f(\n    x\n)", "f(" + "x" * 80 + ")", "f('`')"])
def test_a_line_that_is_not_quoted(source: str) -> None:
    facts = cell(raised=raised("ValueError", source=source))
    assert summary(facts=facts, error=ValueError()) == "No rule names the cause. The cell raised ValueError."


def test_what_has_no_facts() -> None:
    assert summary(error=KeyboardInterrupt()) == "No rule names the cause. The cell raised KeyboardInterrupt."


def test_advice_does_not_take_the_place_of_what_passed() -> None:
    advice = Finding("pooler-unused", "advice", "pooler", "The pooler takes no part", "It does not.")
    done = ended(call([[2, 5, 3]]))
    done.examination = dataclasses.replace(done.examination, findings=(advice,))
    assert said(done).startswith("Nothing wrong found: `m` takes `input_ids`, and the forward pass ran")
