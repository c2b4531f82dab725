"""The rule on weights that have other shapes where they are loaded from than in the model."""

from __future__ import annotations

from bertmagic.facts.cell import CellFacts, RaisedFacts
from bertmagic.facts.loading import WeightFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.words import sizes


@cell_rule("error")
def checkpoint_shape_mismatch(cell: CellFacts) -> Finding | None:
    """The checkpoint's weights have other shapes than the model's.

    What it finds: a `from_pretrained`, `load_weights` or `set_weights` that ended the cell at a weight whose stored
    shape is not the model's. Where the sizes were allowed to differ (`ignore_mismatched_sizes=True`), nothing is said.

    Why it is bad: nothing is loaded. The exception tells of a reshape, and names no weight.

    Wrong:

        # the folder holds a classifier of 2 classes
        model = TFBertForSequenceClassification.from_pretrained(folder, num_labels=5)

    Right:

        model = TFBertForSequenceClassification.from_pretrained(folder, num_labels=5, ignore_mismatched_sizes=True)
    """
    raised = cell.raised
    if raised is None or not isinstance(raised.loading, WeightFacts):
        return None
    weight = raised.loading
    source = "what is given to `set_weights`" if weight.source is None else f'"{weight.source}"'
    model = "the model" if weight.model is None else f"`{weight.model}`"
    return Finding(
        "checkpoint-shape-mismatch",
        "error",
        weight.name,
        f"The stored `{weight.name}` does not fit the model",
        f"`{weight.name}` is {sizes(weight.stored)} in {source} and {sizes(weight.wanted)} in {model}"
        f"{_differing(weight)}: {_meaning(weight)}",
        {
            "weight": weight.name,
            "stored": list(weight.stored),
            "model": list(weight.wanted),
            "source": weight.source,
            "loaded by": weight.verb,
        },
        _fix(raised, weight),
    )


def _differing(weight: WeightFacts) -> str:
    """The one axis that differs, where it is one."""
    pairs = [(a, b) for a, b in zip(weight.stored, weight.wanted, strict=False) if a != b]
    if len(weight.stored) != len(weight.wanted) or len(pairs) != 1:
        return ""
    return f", {pairs[0][0]} against {pairs[0][1]}"


def _meaning(weight: WeightFacts) -> str:
    if weight.in_encoder is False:
        return "the head was stored for another number of outputs."
    if weight.in_encoder:
        return "the model was made with other sizes than the checkpoint's own config has."
    return "the model was built with other sizes than the one whose weights these are."


def _fix(raised: RaisedFacts, weight: WeightFacts) -> Fix:
    if weight.verb == "from_pretrained" and weight.in_encoder is False:
        return Fix(
            "Have a new head made, which is then to be trained, or load as many outputs as were stored",
            _with_keyword(raised.source) or f'from_pretrained("{weight.source}", ignore_mismatched_sizes=True)',
        )
    if weight.verb == "from_pretrained":
        said = raised.callee_said or "from_pretrained"
        return Fix(
            "Leave the sizes to the checkpoint's own config",
            f'{said}("{weight.source}")  # without a config, or sizes, of another model',
        )
    return Fix(
        "Build the model with the sizes that were stored",
        f"# `{weight.name}` is to have the shape {sizes(weight.stored)}",
    )


def _with_keyword(source: str) -> str | None:
    """The failing call with leave to differ in sizes."""
    if "from_pretrained(" not in source or not source.endswith(")"):
        return None
    return f"{source[:-1].rstrip().rstrip(',')}, ignore_mismatched_sizes=True)"
