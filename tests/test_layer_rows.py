"""The layers' rows of a report from records by hand: parameters, times, status; and how the views say the status."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from facts_builder import batch, call

from bertmagic.backends.protocol import LayerRecord
from bertmagic.backends.recorder import Recorder
from bertmagic.render.page import page_data
from bertmagic.render.tree import listed, parents, statuses
from bertmagic.report import Device, Layer, Report, Rows
from bertmagic.tables import layer_rows

FACTS = call(batch([4, 3]))


def record(path: str, level: int, seconds: float | None = 0.5, **rest: Any) -> LayerRecord:
    """A record of a Dense layer of six parameters."""
    known = {"params": 6, "failed": False, **rest}
    return LayerRecord(path, "Dense", level, ((2, 3),), (), "float32", seconds=seconds, **known)


@pytest.mark.parametrize(
    ("used", "seconds"), [("CPU:0", [0.5, 0.5]), ("GPU:0", [None, None]), ("GPU:1", [None, None]), (None, [None, None])]
)
def test_times_are_left_out_where_the_device_works_asynchronously(
    used: str | None, seconds: list[float | None]
) -> None:
    rows = layer_rows([record("m", 0), record("a", 1)], FACTS, used)
    assert [row.seconds for row in rows] == seconds


def test_a_record_without_a_time_gives_a_row_without_one() -> None:
    assert layer_rows([record("m", 0, None)], FACTS, "CPU:0")[0].seconds is None


def test_what_did_not_run_is_said_and_its_parameters_count_once() -> None:
    records = [
        record("m", 0, params=0, failed=True, total=18),
        record("a", 1),
        record("b", 1, params=6, failed=True, total=12),
        record("b/c", 2, None, ran=False),
        record("d", 1, None, ran=False),
    ]
    rows = layer_rows(records, FACTS, "CPU:0")
    assert [(row.status, row.params) for row in rows] == [
        *[("failed", 18), ("ok", 6), ("failed", 12), ("not run", 6), ("not run", 6)],
    ]


def report(*statuses_by_level: tuple[int, str]) -> Report:
    """A report of these layers."""
    layers = tuple(
        Layer(f"layer_{at}", "Dense", level, (), (), "float32", 0, None, status)  # type: ignore[arg-type]
        for at, (level, status) in enumerate(statuses_by_level)
    )
    return Report("fail", "", Device("auto", "CPU:0"), Rows(2, 2), {}, layers=layers)


FAILED = ((0, "failed"), (1, "ok"), (1, "failed"), (2, "failed"), (3, "not run"), (2, "not run"), (1, "not run"))


def test_only_the_innermost_layer_that_failed_is_said_to_have_failed_itself() -> None:
    made = report(*FAILED)
    layers = made.to_dict()["layers"]
    wanted = ["failed inside", "ok", "failed inside", "failed", "not run", "not run", "not run"]
    assert statuses(layers, parents(layers)) == wanted
    columns = page_data(made.to_dict())["layers"]
    assert [columns["strings"][index] for index in columns["status"]] == wanted
    lines = {line.split()[0]: line for line in made.to_text().splitlines() if line.strip().startswith("layer_")}
    for at, word in enumerate(wanted):
        assert (word.upper() in lines[f"layer_{at}"]) == (word != "ok")
    assert "INSIDE" not in lines["layer_3"]
    html = made.to_html()
    assert html.count("✕ failed</strong>") == 1
    assert html.count("failed inside</span>") == 2
    assert html.count("○ not run</span>") == 3


def test_what_did_not_run_beside_the_failing_path_is_always_listed() -> None:
    assert listed(report(*FAILED).to_dict()["layers"], 0) == [0, 2, 3, 4, 5, 6]


class Held:
    """A layer of no framework."""

    def __init__(self, name: str, *held: Held, fails: bool = False) -> None:
        self.name, self.held, self.fails, self.weights = name, held, fails, ()

    def __call__(self, recorder: Recorder, *only: Held) -> None:
        """Call what it holds, or those given, under the recorder."""
        if self.fails:
            raise RuntimeError("it fails")
        for each in only or self.held:
            recorder.call(each, type(each).__call__, (recorder,), {})


class Own(Recorder):
    """Records layers of no framework, and counts how often it asks what a layer holds."""

    asked = 0

    def is_encoder(self, layer: Any) -> bool:
        """None of them."""
        return False

    def sublayers(self, layer: Any) -> tuple[Held, ...]:
        """What it holds."""
        self.asked += 1
        held: tuple[Held, ...] = layer.held
        return held


def run(model: Held, *only: Held) -> Own:
    """The model's call, recorded."""
    recorder = Own()
    with contextlib.suppress(RuntimeError):
        recorder.call(model, Held.__call__, (recorder, *only), {})
    return recorder


def told(recorder: Recorder) -> list[tuple[str, int, bool, bool]]:
    """Path, level, whether it failed and whether it ran, of each record."""
    return [(each.path, each.level, each.failed, each.ran) for each in recorder.records()]


def test_what_a_failed_layer_did_not_come_to_stands_at_its_end_in_the_models_order() -> None:
    inner = Held("b", Held("first"), Held("second", Held("deep"), fails=True), Held("third"))
    model = Held("m", Held("a"), inner, Held("c", Held("below")), Held("d"))
    assert told(run(model)) == [
        ("m", 0, True, True),
        ("a", 1, False, True),
        ("b", 1, True, True),
        ("b/first", 2, False, True),
        ("b/second", 2, True, True),
        ("b/second/deep", 3, False, False),
        ("b/third", 2, False, False),
        ("c", 1, False, False),
        ("d", 1, False, False),
    ]


def test_a_run_that_passes_asks_for_nothing() -> None:
    recorder = run(Held("m", Held("a", Held("b"))))
    assert len(recorder.records()) == 3
    assert not recorder.asked


def test_a_layer_held_elsewhere_and_one_that_is_called_past_its_holder_are_no_layers_that_did_not_run() -> None:
    shared, called, rest = Held("shared"), Held("called"), Held("rest")
    holder = Held("holder", called, rest)  # never called itself
    model = Held("m", Held("a", shared), holder, Held("head", shared, fails=True))
    recorder = run(model, model.held[0], called, model.held[2])
    assert told(recorder)[-2:] == [("head", 1, True, True), ("rest", 1, False, False)]


def test_each_call_of_a_shared_layer_tells_what_that_call_did_not_come_to() -> None:
    end = Held("end")
    start = Held("start")
    block = Held("block", start, end)
    model = Held("m", block)

    recorder = Own()

    def twice(layer: Held, recorder: Own) -> None:
        recorder.call(block, Held.__call__, (recorder,), {})
        start.fails = True
        recorder.call(block, Held.__call__, (recorder,), {})

    with pytest.raises(RuntimeError, match="it fails"):
        recorder.call(model, twice, (recorder,), {})
    assert [each[0] for each in told(recorder) if not each[3]] == ["block/end"]
