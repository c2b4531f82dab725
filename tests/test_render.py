"""What the views show of a report, that no string of it is markup or moves a cursor, and how large they are."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser
from typing import Any

import pytest
import sample_report

from bertmagic.render import axes, words
from bertmagic.render.changes import UNCHANGED, changes
from bertmagic.render.page import grid_data, page_data
from bertmagic.render.strings import clean, duration, number, value_text
from bertmagic.render.tree import depths, listed, parents, runs, short_name
from bertmagic.report import Report

SAMPLES = ("passing", "silent_fault", "raising", "hostile", "deep")
ALLOWED = {
    *("style", "div", "p", "strong", "code", "span", "mark", "br", "pre", "details", "summary", "h4", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
HIDDEN = "\x00\x07\x1b\x9b\u202e\u2066\u2028\u200b"


def sample(name: str) -> Report:
    """The sample report of that name."""
    made: Report = getattr(sample_report, name)()
    return made


class Tags(HTMLParser):
    """All tags and attributes of a fragment, and that they are balanced."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(fragment)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if self.open[-1:] != ["style"]:
            self.text.append(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_static_html_is_balanced_inert_and_small(name: str) -> None:
    html = sample(name).to_html()
    tags = Tags(html)
    assert tags.names <= ALLOWED
    assert tags.attributes <= {"class", "scope", "rowspan", "colspan", "open"}
    assert len(html.encode()) < 25_000


@pytest.mark.parametrize("name", SAMPLES)
def test_no_view_has_hidden_characters(name: str) -> None:
    report = sample(name)
    for view in (report.to_html(), report.to_text(), json.dumps(page_data(report.to_dict()), ensure_ascii=False)):
        assert not set(view) & set(HIDDEN)
        assert len(view) < 40_000


def test_words_say_what_colours_say() -> None:
    text = "".join(Tags(sample("silent_fault").to_html()).text)
    for word in ("✕ fail", "✕ error", "▲ warning", "● advice", "✓ ok", "✕ missing", "not fed", "Proof: not run"):
        assert word in text


def test_text_and_html_say_the_same() -> None:
    report = sample("silent_fault")
    html = " ".join("".join(Tags(report.to_html()).text).split())
    text = " ".join(report.to_text().replace("`", "").split())
    for shown in (
        report.summary,
        *(finding.title for finding in report.findings),
        "0, 0.312, 0.287",
        "(batch=3, seq=8)",
    ):
        assert shown.replace("`", "") in html
        assert shown.replace("`", "") in text


def test_text_keeps_to_its_width() -> None:
    prose = [line for line in sample("silent_fault").to_text().splitlines() if "moves by" in line]
    assert prose
    assert max(map(len, prose)) <= 100


def test_a_short_table_says_how_many_layers_it_leaves_out() -> None:
    report = sample("deep")
    shown = len(listed(report.to_dict()["layers"], 3))
    assert f"{len(report.layers) - shown} deeper layers not listed" in report.to_html()
    assert "deeper layers not listed" in report.to_text()


def test_the_path_to_a_failed_layer_is_always_listed() -> None:
    levels = [0, 1, 2, 3, 4, 5, 1]
    layers: list[dict[str, Any]] = [{"level": level, "status": "ok"} for level in levels]
    layers[5]["status"] = "failed"
    assert parents(layers) == [-1, 0, 1, 2, 3, 4, 0]
    assert depths(parents(layers)) == levels
    assert listed(layers, 1) == list(range(7))
    layers[5]["status"] = "ok"
    assert listed(layers, 1) == [0, 1, 6]


def test_page_data_loses_no_layer_path() -> None:
    report = sample("deep")
    columns = page_data(report.to_dict())["layers"]
    paths: list[str] = []
    for above, shared, rest in zip(columns["parent"], columns["shared"], columns["rest"], strict=True):
        paths.append((paths[above][:shared] if above >= 0 else "") + rest)
    assert paths == [layer.path for layer in report.layers]
    kinds = [columns["strings"][index] for index in columns["type"]]
    assert kinds == [layer.type for layer in report.layers]


@pytest.mark.parametrize(
    ("expected", "actual", "left", "right"),
    [
        ("(batch=3, seq=8)", "(batch=3, seq=8)", [], []),
        ("(batch, seq)", "(batch=3, seq=8)", [], []),
        ("(batch=?, seq<=512)", "(batch=3, seq=512)", [], []),
        ("(batch, seq≤512)", "(batch=3, seq=600)", ["seq≤512"], ["seq=600"]),
        ("(batch, seq)", "(seq=8)", ["batch"], []),
        ("(batch, seq)", "(batch=3, 1, seq=8)", [], ["1"]),
        ("(batch=3, labels=2)", "(batch=3)", ["labels=2"], []),
        ("(3, 8)", "(3, 9, 1)", ["8"], ["9", "1"]),
        ("(None, 128)", "(3, 53)", ["128"], ["53"]),
        ("()", "(batch=3)", [], ["batch=3"]),
        ("any", "(batch=3, seq=8)", [], []),
        ("(batch, heads=2, seq=8, seq=8)", "(batch=3, heads=2, seq=8, seq=9)", ["seq=8"], ["seq=9"]),
    ],
)
def test_the_axes_that_differ_are_marked(expected: str, actual: str, left: list[str], right: list[str]) -> None:
    sides = axes.marked(expected, actual)
    assert [[piece for piece, differs in side if differs] for side in sides] == [left, right]
    assert ["".join(piece for piece, _ in side) for side in sides] == [expected, actual]


def test_strings() -> None:
    assert clean("a\nb\x1b[0m\u202e") == r"a\nb\x1b[0m\u202e"
    assert clean("x" * 1000, 10) == "x" * 10 + "… (1,000 characters)"
    assert [number(n) for n in (0, 0.0, 3, True, 0.31234, 2.6e-8, 1e20, -0.5)] == [
        *("0", "0", "3", "True", "0.312", "2.6e-08", "1e+20", "-0.5"),
    ]
    assert [duration(s) for s in (0.0004, 0.032, 1.4)] == ["0.4 ms", "32 ms", "1.40 s"]
    assert value_text(None) == "none"
    assert value_text(list(range(30))).endswith("23, … (30 in all)")
    assert short_name("m/bert/encoder", "m/bert") == "encoder"
    assert short_name("bert/encoder", "m/bert") == "bert/encoder"
    assert short_name("m/bertish", "m/bert") == "m/bertish"


def test_evidence_is_rounded_and_named_by_row() -> None:
    assert value_text({"1": 0.3108081519603729, "2": 4.76837158203125e-07}) == "row 1: 0.311, row 2: 4.77e-07"
    assert value_text({"mask": 3}) == "mask: 3"
    assert value_text({}) == value_text(()) == "none"
    assert value_text([[0.123456789, 1], [2]]) == "[[0.123, 1], [2]]"
    assert value_text({str(row): row for row in range(30)}).endswith("row 23: 23, … (30 in all)")


def test_the_time_said_is_the_checks_own() -> None:
    seconds = {"facts": 0.02, "dry pass": 0.1, "probes": 0.2, "rules": 0.001, "whole block": 9.0}
    report = {**sample("passing").to_dict(), "seconds": seconds}
    assert words.meta(report)[-1] == "checked in 321 ms (reading the batch 20 ms, dry pass 100 ms, probes 200 ms)"
    assert (
        words.meta({**report, "seconds": {"facts": 0.0, "dry pass": 0.1, "whole block": 9.0}})[-1]
        == "checked in 100 ms"
    )


@pytest.mark.parametrize("name", ["silent_fault", "raising"])
def test_the_sentence_comes_first_then_the_tensors_then_the_findings(name: str) -> None:
    report = sample(name)
    for view in (report.to_text().replace("`", ""), "".join(Tags(report.to_html()).text)):
        places = [
            view.index(part.replace("`", "")) for part in (report.summary, "expected", report.findings[0].detail[:20])
        ]
        assert places == sorted(places)


def test_tokens_stand_in_words_with_the_rows_that_a_finding_names_first() -> None:
    report = sample("silent_fault")
    text, html = report.to_text(), "".join(Tags(report.to_html()).text)
    for shown in ("row 1, label 1: [CLS]", "✕ attended padding ×"):
        assert shown in text
        assert shown.replace(": ", "") in html.replace(": ", "")
    assert text.index("row 1, label 1") < text.index("row 0, label 0, truncated")


def test_without_text_no_view_has_a_token() -> None:
    report = sample("silent_fault")
    assert report.tokens is not None
    bare = dataclasses.replace(report, tokens=dataclasses.replace(report.tokens, pieces=None))
    facts = bare.to_dict()
    assert facts["tokens"] is not None
    for view in (bare.to_html(), bare.to_text(), json.dumps(page_data(facts)), json.dumps(grid_data(facts["tokens"]))):
        assert "[SEP]" not in view
        assert "word1" not in view
    assert "row 1, label 1: 101 | 1014 1027" in bare.to_text()


def test_the_grid_of_a_hostile_batch_is_safe_and_bounded() -> None:
    facts = sample("hostile").to_dict()
    packed = json.dumps(grid_data(facts["tokens"]), ensure_ascii=False)
    assert not set(packed) & set(HIDDEN)
    assert len(packed) < 400_000


def test_changes_are_few_and_safe() -> None:
    before, now = sample("hostile").to_dict(), sample("silent_fault").to_dict()
    told = changes(before, now)
    assert not set("".join(told)) & set(HIDDEN)
    assert len(told) <= 13
    assert len("".join(told)) < 4_000
    assert changes(now, now) == [UNCHANGED]


def test_blocks_that_are_alike_are_one_line() -> None:
    html = "".join(Tags(sample("deep").to_html()).text)
    assert "layer_._0 … layer_._11" in html
    assert "12 × TFBertLayer" in html
    assert "85,054,464" in html  # the parameters of all twelve
    layers = sample("deep").to_dict()["layers"]
    above, shown = parents(layers), listed(layers, 3)
    assert [index for run in runs(layers, above, shown) for index in run] == shown
    layers[next(index for index in shown if layers[index]["path"].endswith("layer_._4"))]["status"] = "failed"
    assert max(map(len, runs(layers, above, shown))) == 7
