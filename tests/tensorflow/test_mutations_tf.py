"""Hundreds of runs of a tiny model: a correct one gets no error and no warning, one fault put into it is named first.

The models are built once; sizes and texts are drawn anew for each run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from bertmagic.report import Report
from bertmagic.session import Watch

pytestmark = pytest.mark.slow
KINDS = ("functional", "subclassed", "transformers")
VOCABULARY, POSITIONS, CLASSES, CORRECT, FAULTY = 100, 64, 3, 120, 7


@dataclass
class Run:
    """One call of a model: what it is given (by name), its labels, and how it is called."""

    model: Any
    how: str
    inputs: dict[str, Any]
    labels: Any
    padding: np.ndarray
    more: dict[str, Any] = field(default_factory=dict)

    def watched(self) -> Report:
        """What is said of it; what it raises itself is not looked at."""
        namespace = {"model": self.model, "labels": self.labels, **self.inputs}
        # Whatever the fault raises: the report is what is tested.
        with contextlib.suppress(Exception), Watch(namespace=namespace) as watch:
            self._call()
        assert watch.report is not None
        assert not watch.report.internal_errors
        return watch.report

    def _call(self) -> None:
        if self.how == "fit":
            self.model.fit(self.inputs, self.labels, batch_size=64, verbose=0, **self.more)
        elif self.how == "predict":
            self.model.predict(self.inputs, batch_size=64, verbose=0)
        else:
            self.model(self.inputs)


@pytest.fixture(scope="module")
def models(keras: Any, config: Any, bert: Any) -> dict[str, Any]:
    """A functional model, a subclassed one and transformers' own head on tiny encoders."""
    from transformers import TFBertForSequenceClassification

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in names}
    functional = keras.Model(inputs, keras.layers.Dense(CLASSES)(bert(inputs).pooler_output))

    class Classifier(keras.Model):  # type: ignore[misc, name-defined]
        """The same as a class of one's own."""

        def __init__(self) -> None:
            super().__init__()
            self.bert, self.head = bert, keras.layers.Dense(CLASSES)

        def call(self, x: Any, training: bool = False) -> Any:
            """Logits (batch, CLASSES) of the pooled output."""
            return self.head(self.bert(x, training=training).pooler_output)

    sized = type(config).from_dict(config.to_dict(), num_labels=CLASSES)
    made = {
        "functional": functional,
        "subclassed": Classifier(),
        "transformers": TFBertForSequenceClassification(sized),
    }
    for model in made.values():
        model.compile("sgd", loss=loss)
    return made


def drawn(models: dict[str, Any], random: np.random.Generator, how: str | None = None) -> Run:
    """A correct call: some rows of any lengths, at least one of them with padding."""
    model = models[str(random.choice(list(models)))]
    rows, width = int(random.integers(2, 9)), int(random.integers(7, POSITIONS + 1))
    lengths = random.integers(4, width - 1, rows)
    if random.integers(2):
        lengths[0] = width
    ids = random.integers(5, VOCABULARY, (rows, width)).astype("int32")
    padding = np.arange(width) >= lengths[:, None]
    ids[:, 0], ids[np.arange(rows), lengths - 1], ids[padding] = 2, 3, 0
    types = ((np.arange(width) >= (lengths // 2)[:, None]) & ~padding).astype("int32")
    inputs = {"input_ids": ids, "attention_mask": (~padding).astype("int32"), "token_type_ids": types}
    labels = random.integers(0, CLASSES, rows)
    return Run(model, how or str(random.choice(["fit", "predict", "call"])), inputs, labels, padding)


Fault = Callable[[Run, np.random.Generator], None]
FAULTS: dict[str, tuple[str, str | None, tuple[str, ...], Fault]] = {}


def fault(slug: str, how: str | None = None, of: tuple[str, ...] = KINDS) -> Callable[[Fault], Fault]:
    """Register a fault; `how`: the way of calling in which it is one, `of`: the models in which it is one."""

    def add(put: Fault) -> Fault:
        FAULTS[put.__name__] = slug, how, of, put
        return put

    return add


# A functional model requires its Input of the mask.
@fault("attention-mask-missing", of=("subclassed", "transformers"))
def no_mask(run: Run, random: np.random.Generator) -> None:
    del run.inputs["attention_mask"]


@fault("attention-mask-over-padding")
def a_mask_of_ones(run: Run, random: np.random.Generator) -> None:
    run.inputs["attention_mask"] = np.ones_like(run.inputs["attention_mask"])


@fault("attention-mask-inverted")
def the_reverse(run: Run, random: np.random.Generator) -> None:
    run.inputs["attention_mask"] = 1 - run.inputs["attention_mask"]


@fault("attention-mask-all-zero")
def zeros(run: Run, random: np.random.Generator) -> None:
    run.inputs["attention_mask"][random.integers(len(run.padding))] = 0


@fault("attention-mask-values")
def ids_as_the_mask(run: Run, random: np.random.Generator) -> None:
    run.inputs["attention_mask"] = run.inputs["input_ids"].copy()


@fault("ids-out-of-vocabulary")
def an_id_out_of_range(run: Run, random: np.random.Generator) -> None:
    ids = run.inputs["input_ids"]
    ids[random.integers(len(ids)), 1] = random.choice([VOCABULARY, VOCABULARY + 7, 30000, -3])


@fault("padding-token-wrong")
def negative_padding(run: Run, random: np.random.Generator) -> None:
    run.inputs["input_ids"][run.padding] = -1


@fault("token-type-ids-invalid")
def a_third_segment(run: Run, random: np.random.Generator) -> None:
    types = run.inputs["token_type_ids"]
    types[random.integers(len(types)), 1:3] = 2


@fault("inputs-swapped")
def mask_and_types_swapped(run: Run, random: np.random.Generator) -> None:
    mask, types = run.inputs["attention_mask"], run.inputs["token_type_ids"]
    run.inputs.update(attention_mask=types, token_type_ids=mask)


@fault("inputs-swapped")
def ids_and_mask_swapped(run: Run, random: np.random.Generator) -> None:
    mask, ids = run.inputs["attention_mask"], run.inputs["input_ids"]
    run.inputs.update(attention_mask=ids, input_ids=mask)


@fault("sequence-too-long")
def too_long(run: Run, random: np.random.Generator) -> None:
    width = int(random.integers(POSITIONS + 1, 90))
    rows = len(run.padding)
    run.inputs["input_ids"] = random.integers(5, VOCABULARY, (rows, width)).astype("int32")
    run.inputs["attention_mask"] = np.ones((rows, width), "int32")
    run.inputs["token_type_ids"] = np.zeros((rows, width), "int32")


@fault("batch-axis-missing", "call")
def one_text_without_its_axis(run: Run, random: np.random.Generator) -> None:
    run.inputs = {name: values[0] for name, values in run.inputs.items()}


@fault("batch-axis-extra", "call")
def an_axis_too_many(run: Run, random: np.random.Generator) -> None:
    run.inputs = {name: values[:, None] for name, values in run.inputs.items()}


@fault("row-count-mismatch", "fit")
def labels_of_fewer_rows(run: Run, random: np.random.Generator) -> None:
    run.labels = run.labels[:-1]


@fault("sequence-length-mismatch", "call")
def a_mask_of_another_length(run: Run, random: np.random.Generator) -> None:
    run.inputs["attention_mask"] = np.pad(run.inputs["attention_mask"], ((0, 0), (0, 3)))


@fault("labels-out-of-range", "fit")
def a_class_too_many(run: Run, random: np.random.Generator) -> None:
    run.labels[random.integers(len(run.labels))] = CLASSES + random.integers(3)


# The step of transformers' own models raises for it before the model is called: such a call is not seen.
@fault("labels-missing", "fit", ("functional", "subclassed"))
def no_labels(run: Run, random: np.random.Generator) -> None:
    run.labels = None


@fault("loss-mismatch", "fit")
def one_hot_for_class_indices(run: Run, random: np.random.Generator) -> None:
    run.labels = np.eye(CLASSES, dtype="float32")[run.labels]


@fault("labels-shape", "fit")
def a_label_a_token(run: Run, random: np.random.Generator) -> None:
    run.labels = random.integers(0, CLASSES, run.padding.shape)


@fault("labels-dtype", "fit")
def names_for_labels(run: Run, random: np.random.Generator) -> None:
    run.labels = np.array(["negative", "neither", "positive"])[run.labels]


@fault("ids-not-integer")
def shares_for_ids(run: Run, random: np.random.Generator) -> None:
    run.inputs["input_ids"] = (run.inputs["input_ids"] / VOCABULARY).astype("float32")


@pytest.mark.parametrize("seed", range(CORRECT // 20))
def test_a_correct_call_gets_no_error_and_no_warning(models: dict[str, Any], seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(20):
        run = drawn(models, random)
        assert _loud(run.watched()) == [], (run.how, run.model.name, run.padding.shape)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_first(models: dict[str, Any], name: str) -> None:
    slug, how, of, put = FAULTS[name]
    random = np.random.default_rng(len(name))
    for _ in range(FAULTY):
        run = drawn({kind: models[kind] for kind in of}, random, how)
        put(run, random)
        assert _loud(run.watched())[:1] == [slug], (run.how, run.model.name, run.padding.shape)


def _loud(report: Report) -> list[str]:
    return [finding.rule for finding in report.findings if finding.severity != "advice"]
