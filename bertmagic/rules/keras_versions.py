"""The rule on Keras' two generations: objects of one handed to the other."""

from __future__ import annotations

from bertmagic.facts.cell import CellFacts, Framework, RaisedFacts, ValueFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import cell_rule

_NAMES: dict[str, str] = {"keras": "Keras 3", "tf-keras": "Keras 2"}
_PACKAGES: dict[str, str] = {"keras": "keras", "tf-keras": "tf_keras"}
# What neither generation takes from the other (keras 3.15.1, tf_keras 2.21.0): a loss, a callback, an initializer or a
# regularizer is only called, and goes through.
_NOT_TAKEN = ("model", "layer", "optimizer", "schedule", "metric", "data")


@cell_rule("error")
def keras_version_conflict(cell: CellFacts) -> Finding | None:
    """Objects of Keras 3 are given to a model or layer of Keras 2, or the reverse.

    What it finds: a failing call of one generation's model, layer or function that was given the other's symbolic
    tensor, layer, model, optimizer, schedule, metric or data set. transformers' TF models are Keras 2's (`tf_keras`),
    KerasHub's are Keras 3's; `import keras` is Keras 3, and so is `tf.keras` unless TF_USE_LEGACY_KERAS is 1 when it is
    first used. transformers sets that with its first TF class: `tf.keras` used before is Keras 3.

    Why it is bad: the two share no classes. It raises, in words that do not name the mixture (`KerasTensor … is not
    allowed`, `Could not interpret optimizer identifier`, `Only instances of keras.Layer`).

    Wrong:

        import keras
        ids = keras.Input((128,), dtype="int32")
        hidden = TFBertModel.from_pretrained(checkpoint)(ids)

    Right:

        import tf_keras as keras
        ids = keras.Input((128,), dtype="int32")
        hidden = TFBertModel.from_pretrained(checkpoint)(ids)
    """
    raised = cell.raised
    if raised is None:
        return None
    taker = _taker(raised)
    if taker is None:
        return None
    family, taken = taker
    other: Framework = "keras" if family == "tf-keras" else "tf-keras"
    foreign = next((value for value in raised.arguments if value.framework == other and _is_fixed(value)), None)
    if foreign is None:
        return None
    version = {name: cell.versions.get(package, "") for name, package in _PACKAGES.items()}
    both = {name: f"{_NAMES[name]} ({_PACKAGES[name]} {version[name]})".replace(" )", ")") for name in _NAMES}
    subject = _said(foreign)
    return Finding(
        "keras-version-conflict",
        "error",
        foreign.said or foreign.kind,
        f"{subject} is of {_NAMES[other]}, and {taken} is of {_NAMES[family]}",
        f"{subject} is {_what(foreign)} of {both[other]}; {taken} is of {both[family]}, which takes none of the "
        f"other's objects{_and_tf_keras(cell)}. {raised.type} is raised.",
        {
            "given": {(foreign.said or foreign.place): foreign.kind},
            "to": taken.strip("`"),
            "line": raised.line,
            "versions": {_PACKAGES[name]: version[name] for name in _NAMES},
            "tf.keras is": _NAMES.get(cell.tf_keras_is or "", "not used yet"),
        },
        _fix(cell, raised, family),
    )


def _fix(cell: CellFacts, raised: RaisedFacts, family: Framework) -> Fix:
    """All of Keras from the generation that the cell's model is of."""
    if at_home(cell, raised, family) == "tf-keras":
        return Fix("Take all of Keras from Keras 2, as transformers' TF models do", _snippet(cell))
    hub = ", as KerasHub's models do" if "keras_hub" in cell.versions else ""
    lines = ["import keras  # in place of tf_keras; its layers, optimizers and Model too"]
    if cell.tf_keras_is == "tf-keras":
        lines.append("# and keras in place of tf.keras, which is Keras 2 here: TF_USE_LEGACY_KERAS is set")
    return Fix(f"Take all of Keras from Keras 3{hub}", "\n".join(lines))


def at_home(cell: CellFacts, raised: RaisedFacts, family: Framework) -> Framework:
    """The generation of the models that the cell cannot do without: a library's first, then those that it calls."""
    models = [*(call.model for call in cell.calls), *(built.model for built in cell.built)]
    named = [value for value in (raised.owner, *raised.values) if value is not None]
    # transformers' own TF classes: no other library's objects go by a name alone, without a package before it.
    bound = any(each.framework == "tf-keras" and each.kind.startswith("TF") for each in named)
    if bound or any(model.framework == "tf-keras" and model.is_transformers for model in models):
        return "tf-keras"
    if "keras_hub" in cell.versions or any(model.framework == "keras" for model in models):
        return "keras"
    # What transformers is imported for beside tf_keras, in a release that has TF classes.
    known = "transformers" in cell.versions or family != "keras"
    return "tf-keras" if known or any(model.framework == "tf-keras" for model in models) else "keras"


def _taker(raised: RaisedFacts) -> tuple[Framework, str] | None:
    """The generation of what was called, and how to call it; None where no Keras was."""
    owner = raised.owner
    if owner is not None and owner.framework in _NAMES:
        return owner.framework, f"`{owner.said or raised.callee_said or owner.kind}`"
    root = raised.callee.partition(".")[0]
    family: Framework | None = {"keras": "keras", "tf_keras": "tf-keras"}.get(root)  # type: ignore[assignment]
    return (family, f"`{raised.callee_said or raised.callee}`") if family is not None else None


def _is_fixed(value: ValueFacts) -> bool:
    """Whether the object belongs to its own generation alone."""
    return value.is_symbolic or value.part in _NOT_TAKEN


def _said(value: ValueFacts) -> str:
    return f"`{value.said}`" if value.said is not None else f"The `{value.kind}`"


def _what(value: ValueFacts) -> str:
    if value.is_symbolic:
        return "a symbolic tensor"
    names = {"data": "a data set", "optimizer": "an optimizer", "schedule": "a learning rate schedule"}
    return names.get(value.part or "", f"a {value.part}")


def _and_tf_keras(cell: CellFacts) -> str:
    """Whether the name `tf.keras` itself is the trap."""
    if cell.tf_keras_is != "keras":
        return ""
    return ". Here `tf.keras` is Keras 3 too: it was first used before transformers set TF_USE_LEGACY_KERAS"


def _snippet(cell: CellFacts) -> str:
    """What to write: where `tf.keras` is Keras 3, the setting has to come first, in a fresh kernel."""
    lines = ["import tf_keras as keras  # in place of `import keras`; its layers, optimizers and Model too"]
    if cell.tf_keras_is == "keras":
        lines = [
            "import os",
            'os.environ["TF_USE_LEGACY_KERAS"] = "1"  # after a restart, before tensorflow is imported',
            "import tensorflow as tf  # tf.keras is Keras 2 then",
            *lines,
        ]
    elif cell.tf_keras_is == "tf-keras":
        lines.append("# or write tf.keras, which is Keras 2 here")
    return "\n".join(lines)
