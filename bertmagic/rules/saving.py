"""Rules on stored models: what a file cannot hold or Keras cannot find, and how a reloaded model is called."""

from __future__ import annotations

from bertmagic.facts.cell import CellFacts, RaisedFacts
from bertmagic.facts.loading import ArgumentsFacts, ReloadedFacts, Shape, SpecFacts, StoredFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.words import count, listed, sizes

# The longest line of code that is proposed.
_LONGEST = 100
_FORMATS = {"h5": "an HDF5 file", "keras": "a `.keras` file", "tf": "a SavedModel", "json": "JSON"}


@cell_rule("error")
def custom_objects_missing(cell: CellFacts) -> Finding | None:
    """A Keras model with a layer of one's own, or of transformers, is loaded or saved in a way that cannot hold it.

    What it finds: a `load_model` that failed on a file which names classes or functions that Keras does not know and
    was not given; a subclassed model saved to HDF5; a layer that tells no config of itself where one is stored. A
    `save` that a dry `fit` holds back is told of too, where it is certain to fail.

    Why it is bad: the file holds names, not code. What was trained cannot be had back, or was never written.

    Wrong:

        model = tf_keras.models.load_model("model.h5")  # holds a TFBertModel

    Right:

        model = tf_keras.models.load_model("model.h5", custom_objects={"TFBertModel": TFBertModel})
    """
    raised = cell.raised
    facts = raised.loading if raised is not None and isinstance(raised.loading, StoredFacts) else None
    if facts is None:
        facts, raised = next(iter(cell.saves), None), None
    if facts is None:
        return None
    if facts.action == "load":
        return _cannot_load(facts, raised) if facts.unknown else None
    if not (facts.is_subclassed or facts.without_config):
        return None
    is_keras3 = _is_keras3(cell, facts, raised)
    if is_keras3 and raised is None and not facts.without_config:
        return None  # it writes subclassed models too: by name, and by the config that they tell
    return _cannot_save(facts, raised, is_keras3=is_keras3)


def _is_keras3(cell: CellFacts, facts: StoredFacts, raised: RaisedFacts | None) -> bool:
    """Whether the model is Keras 3's, which writes no SavedModel by `save` (3.15.1, `saving/saving_api.py`)."""
    if raised is not None and raised.owner is not None and raised.owner.framework in ("keras", "tf-keras"):
        return raised.owner.framework == "keras"
    return any(call.model.said == facts.model and call.model.framework == "keras" for call in cell.calls)


def _cannot_load(facts: StoredFacts, raised: RaisedFacts | None) -> Finding:
    names = facts.unknown
    where = "The JSON" if facts.path is None else f'"{facts.path}"'
    objects = ", ".join(f'"{name.rpartition(">")[2]}": {name.rpartition(">")[2]}' for name in names)
    return Finding(
        "custom-objects-missing",
        "error",
        names[0],
        f"Keras does not know {listed([f'`{name}`' for name in names])}",
        f"{where} names {listed([f'`{name}`' for name in names])}, and {_FORMATS[facts.format]} holds the name, not "
        f"the code: `{facts.verb}` finds {'it' if len(names) == 1 else 'them'} neither among Keras' own nor in "
        "`custom_objects`.",
        {"unknown": list(names), "format": facts.format, "path": facts.path},
        Fix(
            f"Give `{facts.verb}` what it does not know",
            _given(raised, f"custom_objects={{{objects}}}") or f"{facts.verb}(path, custom_objects={{{objects}}})",
        ),
    )


def _given(raised: RaisedFacts | None, keyword: str) -> str | None:
    """The failing call with this keyword."""
    source = "" if raised is None else raised.source
    if not raised or not source.endswith(")") or f"{raised.callee_said}(" not in source or "custom_objects" in source:
        return None
    return f"{source[:-1].rstrip().rstrip(',')}, {keyword})"


def _cannot_save(facts: StoredFacts, raised: RaisedFacts | None, *, is_keras3: bool) -> Finding:
    model = facts.model or "model"
    held = "" if raised is not None else " It was held back here, since the model's `fit` was dry."
    if facts.is_subclassed:
        why = (
            f"`{model}` is a subclassed model: its graph is Python code, and {_FORMATS[facts.format]} holds the config "
            f"of layers and their weights only. `save` raises and writes nothing.{held}"
        )
        title = f"`{model}` cannot be saved to {_FORMATS[facts.format]}"
        fix = Fix(
            "Save it as a SavedModel, or its weights alone",
            f'{model}.save("model_folder", save_format="tf")\n{model}.save_weights("model.weights.h5")',
        )
        if is_keras3:
            fix = Fix(
                "Save it in Keras 3's own format, or its weights alone",
                f'{model}.save("model.keras")  # its class registered by keras.saving.register_keras_serializable\n'
                f'{model}.save_weights("model.weights.h5")',
            )
    else:
        layers = facts.without_config
        several = len(layers) > 1
        why = (
            f"{listed([f'`{layer}`' for layer in layers])} in `{model}` {'have' if several else 'has'} no `get_config` "
            f"of {'their' if several else 'its'} own, and {'were' if several else 'was'} made with arguments that "
            f"cannot be written out; {_FORMATS[facts.format]} holds the config of every layer. `{facts.verb}` "
            f"raises.{held}"
        )
        title = f"`{layers[0]}` tells no config of itself"
        fix = Fix(
            f"Give `{layers[0]}` a `get_config`, or save the weights alone",
            f'{model}.save_weights("model.weights.h5")  # and build the model by the same code before loading them',
        )
    return Finding(
        "custom-objects-missing",
        "error",
        model,
        title,
        why,
        {
            "model": model,
            "format": facts.format,
            "path": facts.path,
            "subclassed": facts.is_subclassed,
            "layers without config": list(facts.without_config),
        },
        fix,
    )


@cell_rule("error")
def saved_model_call(cell: CellFacts) -> Finding | None:
    """A reloaded model is called with other names, order, shapes or dtypes than its signature.

    What it finds: a function or model from a SavedModel whose call ended the cell, where what was given differs from
    each signature that it has: how the tensors are passed, their names, dtypes, ranks or fixed axes. Arrays are
    converted to the signature's dtype; tensors are not.

    Why it is bad: a SavedModel holds graphs that were traced for certain tensors, and no Python code that could adapt.

    Wrong:

        infer = tf.saved_model.load(folder).signatures["serving_default"]
        infer(input_ids=tf.constant(ids, tf.int64), attention_mask=tf.constant(mask, tf.int64))

    Right:

        infer(input_ids=tf.constant(ids, tf.int32), attention_mask=tf.constant(mask, tf.int32))
    """
    raised = cell.raised
    if raised is None or not isinstance(raised.loading, ReloadedFacts):
        return None
    facts = raised.loading
    said = raised.callee_said or (raised.owner.called if raised.owner is not None else "the reloaded model")
    if facts.given is None:
        return _not_there(raised, facts)
    found = [(_difference(given, takes), takes) for takes in facts.takes for given in (facts.given,)]
    if not found or any(difference is None for difference, _ in found):
        return None
    # Of several ways to call it, the one that is nearest: a difference in dtype is less than one in names.
    (_, what), takes = min(((each, takes) for each, takes in found if each is not None), key=lambda pair: pair[0][0])
    return Finding(
        "saved-model-call",
        "error",
        said,
        f"`{said}` is not called as its signature says",
        f"`{said}` takes {_described(takes)}; {what}. A SavedModel holds graphs for these tensors alone.",
        {
            "takes": [_spec(each) for each in takes.tensors],
            "given": [_spec(each) for each in facts.given.tensors],
            "signatures": len(facts.takes),
        },
        Fix("Call it as its signature says", _call(said, takes)),
    )


def _not_there(raised: RaisedFacts, facts: ReloadedFacts) -> Finding | None:
    name = raised.missing
    root = (raised.callee_said or raised.source).partition(".")[0].partition("(")[0]
    said = (raised.owner.said if raised.owner is not None else None) or (root if root.isidentifier() else "reloaded")
    if name is not None and name not in ("predict", "fit", "evaluate", "summary", "layers", "compile", "call"):
        return None
    missing = "cannot be called" if name is None else f"has no `{name}`"
    signatures = listed([f"`{each}`" for each in facts.signatures] or ["no signature"])
    detail = f"`{said}` {missing}: what `tf.saved_model.load` gives is no Keras model; it has {signatures}."
    snippet = f"{said} = tf_keras.models.load_model(path)  # where Keras saved it"
    if facts.signatures:
        chosen = f'{said}.signatures["{facts.signatures[0]}"]'
        snippet = _call(chosen, facts.takes[0])
    return Finding(
        "saved-model-call",
        "error",
        said,
        f"`{said}` {missing}",
        detail,
        {"signatures": list(facts.signatures), "asked for": name},
        Fix("Call one of its signatures" if facts.signatures else "Load it with Keras", snippet),
    )


def _difference(given: ArgumentsFacts, takes: ArgumentsFacts) -> tuple[int, str] | None:
    """How a call differs from a signature, the gravest first (the higher the number, the further off)."""
    if given.form != takes.form:
        # One tensor is taken as such, or as a dict, a list or a keyword of one.
        return 4, f"it is given {_form(given)}"
    if takes.form in ("keywords", "dict"):
        names, wanted = {each.name for each in given.tensors}, {each.name for each in takes.tensors}
        missing, more = sorted(map(str, wanted - names)), sorted(map(str, names - wanted))
        parts = [f"{listed([f'`{each}`' for each in missing])} {_is(missing)} not given"] if missing else []
        parts += [f"{listed([f'`{each}`' for each in more])} {_is(more)} not taken"] if more else []
        if parts:
            return 3, " and ".join(parts)
        pairs = [(one, other) for one in given.tensors for other in takes.tensors if one.name == other.name]
    elif len(given.tensors) != len(takes.tensors):
        return 3, f"it is given {count(len(given.tensors), 'tensor')}"
    else:
        pairs = list(zip(given.tensors, takes.tensors, strict=True))
    for index, (one, other) in enumerate(pairs):
        name = f"`{other.name}`" if other.name else f"tensor {index}"
        if not _fits(one.shape, other.shape):
            return 2, f"{name} is given as {sizes(one.shape or ())}"
        if one.dtype is not None and other.dtype is not None and one.dtype != other.dtype:
            return 1, f"{name} is given as {one.dtype}"
    return None


def _fits(given: Shape | None, takes: Shape | None) -> bool:
    """Whether a tensor of one shape may be given for another; a list has no shape to compare."""
    if given is None or takes is None:
        return True
    return len(given) == len(takes) and all(
        one == other or one is None or other is None for one, other in zip(given, takes, strict=True)
    )


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _form(given: ArgumentsFacts) -> str:
    number = count(len(given.tensors), "tensor")
    forms = {"keywords": "by keyword", "dict": "in one dict", "list": "in one list", "positions": "by position"}
    return f"{number} {forms[given.form]}"


def _described(takes: ArgumentsFacts) -> str:
    forms = {"keywords": "by keyword", "dict": "in one dict", "list": "in one list", "positions": "by position"}
    return f"{', '.join(_spec(each) for each in takes.tensors)} {forms[takes.form]}"


def _spec(spec: SpecFacts) -> str:
    words = [
        f"`{spec.name}`" if spec.name else "a tensor",
        sizes(spec.shape) if spec.shape is not None else "",
        spec.dtype or "",
    ]
    return " ".join(word for word in words if word)


def _call(said: str, takes: ArgumentsFacts) -> str:
    """A call that the signature takes, with its names as the variables."""
    tensors = [
        (each.name or f"tensor_{index}", f"tf.cast({each.name or f'tensor_{index}'}, tf.{each.dtype})")
        for index, each in enumerate(takes.tensors)
    ]
    opened, closed, written = {
        "keywords": ("(", ")", [f"{name}={value}" for name, value in tensors]),
        "dict": ("({", "})", [f'"{name}": {value}' for name, value in tensors]),
        "list": ("([", "])", [value for _, value in tensors]),
        "positions": ("(", ")", [value for _, value in tensors]),
    }[takes.form]
    line = f"{said}{opened}{', '.join(written)}{closed}"
    if len(line) <= _LONGEST:
        return line
    lines = "".join(f"    {each},\n" for each in written)
    return f"{said}{opened}\n{lines}{closed}"
