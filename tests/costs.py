"""What checks cost as a part of one bare forward pass of the same batch, on any stack: BERT-base, 32 x 128."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from bertmagic.report import Report
from bertmagic.session import Watch

ROWS, LENGTH = 32, 128
# Parts of the bare forward pass, and seconds: what a check may cost.
PASSED, WARNED, CONTENT = 0.25, 0.5, 0.005
# A machine that was busy for some rounds is measured for more, and judged by the median of all of them.
ROUNDS, MOST_ROUNDS = 5, 20


def batch() -> tuple[np.ndarray, np.ndarray]:
    """Token ids and mask (batch, seq), int32; rows of 40 to all positions, padded with 0."""
    random = np.random.default_rng(0)
    ids = random.integers(1000, 30000, (ROWS, LENGTH)).astype("int32")
    lengths = random.integers(40, LENGTH + 1, ROWS)
    lengths[5] = LENGTH
    mask = (np.arange(LENGTH)[None] < lengths[:, None]).astype("int32")
    return ids * mask, mask


def hold(
    forward: Callable[[], Any],
    checked: Mapping[str, Callable[[], Any]],
    capsys: pytest.CaptureFixture[str],
    namespace: dict[str, Any] | None = None,
) -> None:
    """Assert what a check may cost. `checked`: what runs under a watch, by the verdict that it gets: "pass", "warn".

    `namespace`: what the watched block has by name, its tokenizer.
    """
    reports: dict[str, Report] = {}
    contents: list[float] = []  # seconds, of checks that pass

    def check(verdict: str) -> None:
        with Watch(namespace=namespace or {}) as watch:
            checked[verdict]()
        assert watch.report is not None
        reports[verdict] = watch.report
        if verdict == "pass":
            contents.append(watch.report.seconds["facts"] + watch.report.seconds["rules"])

    works: dict[str, Callable[[], Any]] = {"forward": forward}
    works.update({verdict: (lambda verdict=verdict: check(verdict)) for verdict in checked})  # type: ignore[misc]
    for work in works.values():  # the first of each builds, compiles and warms up
        work()
    # Interleaved, so that a machine that is slower for a while is slower for all of them.
    times: dict[str, list[float]] = {name: [] for name in works}
    while True:
        for _ in range(ROUNDS):
            for name, work in works.items():
                start = time.perf_counter()
                work()
                times[name].append(time.perf_counter() - start)
        bare, passed, warned = (statistics.median(times[name]) for name in ("forward", "pass", "warn"))
        content = statistics.median(contents[1:])
        within = passed / bare <= PASSED and warned / bare <= WARNED and content < CONTENT
        if within or len(times["forward"]) >= MOST_ROUNDS:
            break
    with capsys.disabled():
        print(  # noqa: T201  # the figures are what the run is for
            f"\nforward of {ROWS} x {LENGTH}: {bare:.2f} s; a check that passes: {passed / bare:.2f} of it; "
            f"one with probes: {warned / bare:.2f}; reading the content: {content * 1000:.1f} ms; "
            f"medians of {len(times['forward'])} rounds"
        )
    assert {verdict: report.verdict for verdict, report in reports.items()} == {"pass": "pass", "warn": "warn"}
    assert passed / bare <= PASSED
    assert warned / bare <= WARNED
    assert content < CONTENT
