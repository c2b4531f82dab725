"""What a check costs, as a part of one bare eager forward pass of the same batch: BERT-base, 32 x 128."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bertmagic.session import Watch

pytestmark = pytest.mark.slow

ROWS, LENGTH, RUNS = 32, 128, 5


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_a_check_of_bert_base_costs_a_part_of_its_forward_pass(
    tf: Any, keras: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import BertConfig, TFBertModel

    bert = TFBertModel(BertConfig())
    random = np.random.default_rng(0)
    ids = random.integers(1000, 30000, (ROWS, LENGTH)).astype("int32")
    lengths = random.integers(40, LENGTH + 1, ROWS)
    lengths[5] = LENGTH
    mask = (np.arange(LENGTH)[None] < lengths[:, None]).astype("int32")
    ids *= mask
    labels = np.zeros((ROWS, 1), "float32")

    def compiled(names: tuple[str, ...]) -> Any:
        inputs = [keras.Input((None,), dtype="int32", name=name) for name in names]
        pooled = bert(inputs[0], attention_mask=inputs[1] if len(inputs) > 1 else None).pooler_output
        model = keras.Model(inputs, keras.layers.Dense(1)(pooled))
        model.compile("adam", "mse")
        return model

    right, wrong = compiled(("input_ids", "attention_mask")), compiled(("input_ids",))
    token_ids, attention_mask = tf.constant(ids), tf.constant(mask)
    reports = {}

    def check(name: str, model: Any, x: Any) -> None:
        with Watch(namespace={}) as watch:
            model.fit(x, labels, batch_size=ROWS, verbose=0)
        reports[name] = watch.report

    works: dict[str, Callable[[], Any]] = {
        "forward": lambda: bert(token_ids, attention_mask=attention_mask),
        "pass": lambda: check("pass", right, [ids, mask]),
        "warn": lambda: check("warn", wrong, ids),
    }
    for work in works.values():  # the first of each builds and warms up
        work()
    # Interleaved, so that a machine that is slower for a while is slower for all of them.
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(RUNS):
        for name, work in works.items():
            times[name].append(seconds(work))
    forward, passed, warned = (statistics.median(times[name]) for name in works)
    content = reports["pass"].seconds["facts"] + reports["pass"].seconds["rules"]
    with capsys.disabled():
        print(  # noqa: T201  # the figures are what the run is for
            f"\nforward of {ROWS} x {LENGTH}: {forward:.2f} s; a check that passes: {passed / forward:.2f} of it; "
            f"one with probes: {warned / forward:.2f}; reading the content: {content * 1000:.1f} ms"
        )
    assert [reports["pass"].verdict, reports["warn"].verdict] == ["pass", "warn"]
    assert passed / forward <= 0.25
    assert warned / forward <= 0.5
    assert content < 0.005
