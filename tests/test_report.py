"""The report: its schema, its JSON, what it raises, its findings' order, its tables' rows, and the rules' pages."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import numpy as np
import pytest
from facts_builder import batch, call, check, model

from bertmagic import __version__, tables
from bertmagic.facts.call import CallFacts
from bertmagic.finding import Finding, Fix, Proof, Severity
from bertmagic.report import (
    CheckError,
    Described,
    Device,
    Layer,
    NotChecked,
    Report,
    Rows,
    Tensor,
    Tokens,
)
from bertmagic.rules import RULES
from bertmagic.rules.order import CAUSES, of_calls
from bertmagic.rules.registry import Rule
from bertmagic.token_grid import KINDS

FIX = Fix("Feed it", "mask = ids != 0", cell="mask = ids != 0\n", proof=Proof("two rows", "they do not move"))
FINDING = Finding("attention-mask-missing", "warning", "ids", "No mask", "There is none.", {"rows": [1]}, FIX)
SIDE = Described("(batch=2, seq=4)", "int32", "0 … 9", "ids")
FULL = Report(
    verdict="warn",
    summary="No mask.",
    device=Device("auto", "CPU:0", "a processor", 1024),
    rows=Rows(2, 1),
    seconds={"dry pass": 0.25},
    findings=(FINDING,),
    inputs=(Tensor("input_ids", SIDE, None, "missing"),),
    outputs=(Tensor("logits", None, SIDE, "ok"),),
    labels=(Tensor("labels", SIDE, SIDE, "wrong"),),
    layers=(Layer("bert", "TFBertMainLayer", 0, ("(batch=2)",), ("(batch=2)",), "float32", 12, None, "ok"),),
    tokens=Tokens((0,), 0, 1, np.array([[2, 3]]), np.array([[1, 2]], "uint8"), KINDS, np.array([[1.0, 0.0]])),
    not_checked=(NotChecked("the optimizer", "`fit` was dry"),),
    internal_errors=("ValueError: x",),
    captured={"ids": object()},
)
EMPTY = Report("pass", "Nothing.", Device("cpu", None), Rows(0, 0), {})

# The keys of schema 1, at every place; a list stands for any number of its item.
SIDE_KEYS = {"shape", "dtype", "values", "name"}
TENSOR_KEYS = {"name", "expected", "actual", "status"}


def with_evidence(**evidence: Any) -> Report:
    return dataclasses.replace(FULL, findings=(dataclasses.replace(FINDING, evidence=evidence),))


def test_the_keys_of_schema_1() -> None:
    plain = FULL.to_dict()
    assert list(plain) == [
        *("schema", "bertmagic", "verdict", "summary", "device", "rows", "seconds", "findings", "inputs", "outputs"),
        *("labels", "layers", "tokens", "not_checked", "internal_errors"),
    ]
    assert (plain["schema"], plain["bertmagic"]) == (1, __version__)
    assert set(plain["device"]) == {"asked", "used", "name", "peak_bytes"}
    assert set(plain["rows"]) == {"of", "run"}
    finding = plain["findings"][0]
    assert set(finding) == {"rule", "severity", "subject", "title", "detail", "evidence", "fix"}
    assert set(finding["fix"]) == {"title", "snippet", "cell", "proof"}
    assert set(finding["fix"]["proof"]) == {"ran", "result"}
    for name in ("inputs", "outputs", "labels"):
        row = plain[name][0]
        assert set(row) == TENSOR_KEYS
        assert all(row[side] is None or set(row[side]) == SIDE_KEYS for side in ("expected", "actual"))
    assert set(plain["layers"][0]) == {
        *("path", "type", "level", "inputs", "outputs", "dtype", "params", "seconds", "status"),
    }
    assert set(plain["tokens"]) == {
        *("rows", "named", "of", "ids", "kinds", "legend", "mask", "types", "pieces", "row_labels", "labels", "cut"),
        *("tokenizer", "paired"),
    }
    assert set(plain["not_checked"][0]) == {"what", "why"}


def test_an_empty_report_has_the_same_keys() -> None:
    assert list(EMPTY.to_dict()) == list(FULL.to_dict())
    assert EMPTY.to_dict()["tokens"] is None


@pytest.mark.parametrize("report", [FULL, EMPTY])
def test_json_and_back(report: Report) -> None:
    assert json.loads(report.to_json()) == report.to_dict()


def test_texts_stay_as_they_are_in_json() -> None:
    report = dataclasses.replace(EMPTY, summary="größer – \u2028 😀")
    assert json.loads(report.to_json())["summary"] == report.summary


def test_numbers_of_numpy_and_what_is_no_number() -> None:
    report = with_evidence(
        moved=np.float32(0.5), rows=np.array([1, 2]), right=np.bool_(True), none=float("nan"),
        far=np.inf, deep=[{"a": np.array([[np.nan, 1.0]])}], by_row={1: 0.5, np.int64(2): -np.inf}, sides=(1, 2),
    )  # fmt: skip
    evidence = json.loads(report.to_json())["findings"][0]["evidence"]
    assert evidence == {
        "moved": 0.5,
        "rows": [1, 2],
        "right": True,
        "none": None,
        "far": None,
        "deep": [{"a": [[None, 1.0]]}],
        "by_row": {"1": 0.5, "2": None},
        "sides": [1, 2],
    }
    assert type(report.to_dict()["findings"][0]["evidence"]["right"]) is bool


def test_what_was_captured_is_no_part_of_the_dict() -> None:
    assert "captured" not in FULL.to_dict()
    assert "captured" not in repr(FULL)
    assert dataclasses.replace(FULL, captured={}) == FULL


def test_a_report_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.verdict = "pass"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.findings[0].title = "x"  # type: ignore[misc]
    plain = FULL.to_dict()
    plain["findings"][0]["evidence"]["rows"].append(9)
    plain["seconds"]["dry pass"] = 99
    assert FULL.to_dict()["findings"][0]["evidence"]["rows"] == [1]
    assert FULL.seconds["dry pass"] == 0.25


@pytest.mark.parametrize("report", [FULL, EMPTY])
def test_the_views_are_of_the_same_report(report: Report) -> None:
    assert report.summary in report.to_text()
    assert report.to_html()
    assert report._repr_mimebundle_() == {"text/plain": report.to_text(), "text/html": report.to_html()}


# -- raise_for_findings ----------------------------------------------------------------------------------------------

LEVELS: tuple[Severity, ...] = ("advice", "warning", "error")


@pytest.mark.parametrize(("severity", "level"), list(itertools.product(LEVELS, LEVELS)))
def test_what_is_raised_at_each_level(severity: Severity, level: Severity) -> None:
    report = dataclasses.replace(FULL, findings=(dataclasses.replace(FINDING, severity=severity),))
    if LEVELS.index(severity) < LEVELS.index(level):
        report.raise_for_findings(level)
    else:
        with pytest.raises(CheckError, match=r"^attention-mask-missing: No mask$") as raised:
            report.raise_for_findings(level)
        assert raised.value.report is report


def test_all_that_is_grave_enough_is_named() -> None:
    findings = tuple(dataclasses.replace(FINDING, rule=rule, severity="error") for rule in ("one", "two"))
    with pytest.raises(CheckError) as raised:
        dataclasses.replace(FULL, findings=(*findings, FINDING)).raise_for_findings()
    assert str(raised.value) == "one: No mask; two: No mask"


def test_no_findings_raise_nothing() -> None:
    for level in LEVELS:
        EMPTY.raise_for_findings(level)


@pytest.mark.parametrize("level", ["fatal", "", "Error", None])
def test_an_unknown_level(level: Any) -> None:
    with pytest.raises(ValueError, match="level must be one of advice, warning, error; found"):
        FULL.raise_for_findings(level)


# -- order -----------------------------------------------------------------------------------------------------------


def finding(rule: str, subject: str = "ids", severity: Severity | None = None) -> Finding:
    return Finding(rule, severity or (RULES[rule].severity if rule in RULES else "error"), subject, "t", "d")


def test_a_cause_leaves_out_its_symptoms() -> None:
    found = of_calls([[finding("labels-shape", "y"), finding("attention-mask-missing"), finding("input-missing")]])
    assert [each.rule for each in found] == ["input-missing"]


def test_graver_first_then_more_causal() -> None:
    rules = ["attention-mask-over-padding", "labels-shape", "ids-out-of-vocabulary", "sequence-too-long"]
    found = of_calls([[finding(rule) for rule in rules]])
    assert [each.rule for each in found] == [
        "ids-out-of-vocabulary",
        "sequence-too-long",
        "labels-shape",
        "attention-mask-over-padding",
    ]


def test_one_finding_a_rule_and_subject() -> None:
    found = of_calls([[finding("labels-shape"), finding("labels-shape"), finding("labels-shape", "other")]])
    assert sorted(each.subject for each in found) == ["ids", "other"]


def test_a_rule_without_a_place_comes_last() -> None:
    assert [each.rule for each in of_calls([[finding("new-rule"), finding("labels-shape")]])] == [
        "labels-shape",
        "new-rule",
    ]
    assert of_calls([[]]) == ()


def test_the_order_of_the_findings_given_does_not_matter() -> None:
    findings = [finding(rule) for rule in ("labels-shape", "ids-out-of-vocabulary", "attention-mask-missing")]
    assert len({tuple(each.rule for each in of_calls([order])) for order in itertools.permutations(findings)}) == 1


def test_causes_are_rules_and_come_before_their_symptoms() -> None:
    places = list(CAUSES)
    assert set(places) == set(RULES)
    for cause, symptoms in CAUSES.items():
        assert symptoms <= set(RULES)
        assert all(places.index(cause) < places.index(symptom) for symptom in symptoms)


# -- the rules' pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_has_its_page(rule: Rule) -> None:
    page = rule.page()
    lines = page.splitlines()
    assert lines[0] == f"{rule.slug} ({rule.severity})"
    assert lines[2].endswith(".")
    parts = [page.index(f"\n{part}") for part in ("What it finds: ", "Why it is bad: ", "Wrong:\n", "Right:\n")]
    assert parts == sorted(parts)
    wrong, right = page[parts[2] :].split("Right:\n")
    for example in (wrong.partition("Wrong:\n")[2], right):
        assert example.strip()
        assert all(line.startswith("    ") for line in example.splitlines() if line)
    assert wrong.partition("Wrong:\n")[2].strip() != right.strip()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_registered_under_its_own_name(rule: Rule) -> None:
    assert RULES[rule.slug] is rule
    assert rule.check.__name__ == rule.slug.replace("-", "_")
    assert rule.check.__module__ == f"bertmagic.rules.{rule.family}"


# -- the tables' rows ------------------------------------------------------------------------------------------------

IDS = batch([6, 4])


def shapes(rows: tuple[Tensor, ...]) -> list[tuple[str, str | None, str | None, str]]:
    return [
        (row.name, row.expected and row.expected.shape, row.actual and row.actual.shape, row.status)  # type: ignore[misc]
        for row in rows
    ]


def test_the_rows_of_a_right_call() -> None:
    facts = call(IDS, IDS * 0 + 1, labels=[0, 1], outputs=(2, 3), loss="sparse")
    assert shapes(tables.input_rows(facts, [])) == [
        ("input_ids", "(batch, seq<=16)", "(batch=2, seq=6)", "ok"),
        ("attention_mask", "(batch, seq<=16)", "(batch=2, seq=6)", "ok"),
    ]
    assert shapes(tables.output_rows(facts)) == [("logits", "any", "(batch=2, outputs=3)", "ok")]
    assert shapes(tables.label_rows(facts, [])) == [("labels", "(batch=2)", "(batch=2)", "ok")]


def test_a_missing_mask_has_a_row() -> None:
    facts = call(IDS, probe=0.3)
    found = check("attention-mask-missing", facts)
    assert found is not None
    assert shapes(tables.input_rows(facts, [found])) == [
        ("input_ids", "(batch, seq<=16)", "(batch=2, seq=6)", "ok"),
        ("attention_mask", "(batch, seq)", None, "missing"),
    ]


def test_an_input_of_another_length_keeps_its_axis() -> None:
    """The model's 8 tokens are no hidden size of 8."""
    facts = call(IDS, of=model(inputs={"input_ids": (None, 8)}), error="forward")
    assert shapes(tables.input_rows(facts, [])) == [("input_ids", "(batch, seq=8)", "(batch=2, seq=6)", "wrong")]


@pytest.mark.parametrize(
    ("slug", "facts", "rows"),
    [
        ("batch-axis-missing", call(IDS[0], error="forward"), [("input_ids", "(batch, seq<=16)", "(seq=6)", "wrong")]),
        (
            "batch-axis-extra",
            call(IDS[:, None], error="forward"),
            [("input_ids", "(batch, seq<=16)", "(batch=2, dim1=1, seq=6)", "wrong")],
        ),
    ],
)
def test_a_tensor_at_fault(slug: str, facts: CallFacts, rows: list[Any]) -> None:
    found = check(slug, facts)
    assert found is not None
    assert shapes(tables.input_rows(facts, [found])) == rows


def test_labels_that_do_not_fit() -> None:
    facts = call(IDS, labels=np.zeros((2, 6), "int32"), outputs=(2, 3), loss="sparse", error="loss")
    found = check("labels-shape", facts)
    assert found is not None
    assert shapes(tables.label_rows(facts, [found])) == [("labels", "(batch=2)", "(batch=2, seq=6)", "wrong")]


def test_labels_of_an_unknown_loss_are_not_checked() -> None:
    facts = call(IDS, labels=np.zeros((2, 6)), outputs=(2, 3), loss="other")
    assert shapes(tables.label_rows(facts, [])) == [("labels", None, "(batch=2, seq=6)", "not checked")]


@pytest.mark.parametrize(
    ("labels", "outputs", "loss", "shape", "values"),
    [
        (np.zeros((2, 1)), (2, 1), "binary", "(batch=2, outputs=1)", "0 to 1"),
        (np.zeros(2), (2, 1), "regression", "(batch=2)", "finite"),
        (np.eye(2, 3), (2, 3), "categorical", "(batch=2, outputs=3)", "one-hot rows"),
        (np.zeros((2, 6)), (2, 6, 3), "internal", "(batch=2, seq=6)", "0 … 2, -100 ignored"),
    ],
)
def test_expected_labels(labels: Any, outputs: Any, loss: Any, shape: str, values: str) -> None:
    (row,) = tables.label_rows(call(IDS, labels=labels, outputs=outputs, loss=loss), [])
    assert row.expected is not None
    assert row.actual is not None
    assert (row.expected.shape, row.actual.shape, row.expected.values) == (shape, shape, values)


def test_outputs_that_are_not_finite_are_wrong() -> None:
    facts = call(IDS, outputs=np.array([[1.0, np.nan], [0.0, 1.0]], "float32"))
    assert [row.status for row in tables.output_rows(facts)] == ["wrong"]
