"""Rules on what an encoder gives: an object or a dict of named fields, of which each is a tensor."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.cell import CellFacts, RaisedFacts, ValueFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import cell_rule
from bertmagic.rules.words import listed

# Libraries whose functions compute with arrays and tensors. What walks a structure takes an output object as it is.
_COMPUTING = ("tensorflow", "tf_keras", "keras", "numpy", "scipy", "sklearn", "jax", "torch")
_WALKING = ("tensorflow.python.util.nest", "tensorflow.python.data", "keras.src.tree", "torch.utils._pytree")
# What runs a function of the user's own, which may well take an output object.
_OF_THE_USER = ("tensorflow.Function", "tf_keras.Lambda", "keras.Lambda")
# What a tf.Tensor has beside the attributes of an array (tensorflow/python/framework/tensor.py, 2.21.0).
_OF_TENSORS = frozenset({"numpy", "get_shape", "set_shape", "eval", "device", "cpu", "detach", "rank"})
# What KerasHub's backbones with a pooler give, as a plain dict (keras_hub 0.32, `models/bert/bert_backbone.py`).
_HUB_FIELDS = frozenset({"sequence_output", "pooled_output"})
# Fields whose name a user's own string may well be: `monitor="loss"`.
_COMMON_WORDS = frozenset({"loss"})


@cell_rule("error")
def output_object_as_tensor(cell: CellFacts) -> Finding | None:
    """A model's output object, or one of its keys, is used as a tensor.

    What it finds: a failing call, layer, operator, index or attribute that takes a tensor and got a transformers output
    object, or the dict that a KerasHub backbone gives, or a name that holds one of its keys: unpacked as a tuple, an
    output object gives its keys.

    Why it is bad: an output object holds several tensors by name and is none itself. It raises from inside a layer or a
    conversion (`expects 1 input(s), but it received 2`, `'str' object has no attribute 'shape'`).

    Wrong:

        sequence, pooled = bert(ids)                      # two strings: its keys
        probabilities = tf.nn.softmax(classifier(ids))

    Right:

        sequence, pooled = bert(ids).to_tuple()
        probabilities = tf.nn.softmax(classifier(ids).logits)
    """
    raised = cell.raised
    if raised is None:
        return None
    found = _of_attribute(raised) or _of_call(raised) or _of_operator(raised)
    if found is not None:
        return _key(raised, found) if _is_key(found) else _object(raised, found)
    return _in_sequential(cell, raised)


def _of_attribute(raised: RaisedFacts) -> ValueFacts | None:
    """What was asked for an attribute of tensors."""
    name = raised.missing
    if name is None or raised.type != "AttributeError" or not (hasattr(np.ndarray, name) or name in _OF_TENSORS):
        return None
    held = [each for each in (raised.owner, *raised.values) if each is not None]
    # A named string first: the owner of a string's missing attribute is that very string, without its name.
    held.sort(key=lambda each: each.said is None)
    return next((each for each in held if each.kind == raised.missing_in and _is_output(each)), None)


def _of_call(raised: RaisedFacts) -> ValueFacts | None:
    """What a computing function, or a layer, was given for a tensor."""
    owner = raised.owner
    computes = raised.callee.partition(".")[0] in _COMPUTING and not raised.callee.startswith(_WALKING)
    is_layer = owner is not None and owner.part in ("layer", "loss", "metric") and not owner.is_class
    if owner is not None and (owner.kind in _OF_THE_USER or (owner.part is not None and "." not in owner.kind)):
        return None
    if is_layer and not raised.callee:
        # The traceback was cut below the user's own line; what the line names is what it gave.
        given = tuple(value for value in raised.values if _stands_alone(raised, value))
    elif computes or is_layer:
        # A function of C's has no frame to read its arguments from.
        given = raised.arguments or tuple(value for value in raised.values if _stands_alone(raised, value))
    else:
        return None
    for place, value in enumerate(given):
        if (value.is_output_object or _is_hub_output(value)) and _takes_tensor(raised, value):
            return value
        if place == 0 and _is_key(value):
            return value
    return None


def _takes_tensor(raised: RaisedFacts, value: ValueFacts) -> bool:
    """Whether a tensor belongs there: a model's `fit` may have a loss for each of its outputs' fields, or for one."""
    owner = raised.owner
    if owner is None or owner.part != "model":
        return True
    # A functional model takes a dict of its inputs, and an output object is one.
    at_loss = raised.callee.endswith(".compute_loss") and value.place == "y_pred"
    return at_loss and owner.kind.endswith("Functional") and len(value.fields) > 1


def _of_operator(raised: RaisedFacts) -> ValueFacts | None:
    """What an operator or an index takes for a tensor: no call, and the object is named in the expression itself."""
    if raised.callee.endswith("ModelOutput.__getitem__"):
        # Fields go by one name or number; more axes are those of a tensor.
        more = raised.type == "TypeError" and any(value.kind == "tuple" for value in raised.arguments)
        return raised.owner if more else None
    if raised.callee or raised.callee_said or raised.type != "TypeError":
        return None
    outputs = [value for value in raised.values if value.is_output_object or _is_hub_output(value)]
    return next((value for value in outputs if _stands_alone(raised, value)), None)


def _is_hub_output(value: ValueFacts) -> bool:
    """Whether a value is the dict that a KerasHub backbone gives: with these two keys, and no others."""
    return value.kind == "dict" and set(value.fields) == _HUB_FIELDS


def _stands_alone(raised: RaisedFacts, value: ValueFacts) -> bool:
    """Whether the line uses the object itself, and not only an attribute or an item of it."""
    said = value.said
    return said is not None and not any(f"{said}{follows}" in raised.source for follows in (".", "["))


def _is_output(value: ValueFacts) -> bool:
    return value.is_output_object or _is_hub_output(value) or _is_key(value)


def _is_key(value: ValueFacts) -> bool:
    """Whether a variable holds the name of an output's field."""
    text = str(value.text).strip("'\"")
    of_hub = value.kind == "str" and text in _HUB_FIELDS
    return (value.field_of is not None or of_hub) and value.said is not None and text not in _COMMON_WORDS


def _object(raised: RaisedFacts, value: ValueFacts) -> Finding:
    fields = [f"`{field}`" for field in value.fields]
    used = f" in `{raised.source}`" if raised.source and "\n" not in raised.source else ""
    hub = _is_hub_output(value)
    what = "what a KerasHub backbone gives, and" if hub else "an object that"
    return Finding(
        "output-object-as-tensor",
        "error",
        value.called,
        f"{_subject(value)} is a model's {'dict of outputs' if hub else 'output object'}, and it is used as a tensor",
        f"{_subject(value)} is a {value.kind}, {what} holds {listed(fields) if fields else 'tensors'}; a "
        f"tensor is taken{used}. {raised.type} is raised.",
        {"type": value.kind, "fields": list(value.fields), "line": raised.line},
        Fix(
            "Take the tensor out of it by its name",
            _right(raised, value),
        ),
    )


def _key(raised: RaisedFacts, value: ValueFacts) -> Finding:
    text = str(value.text).strip("'\"")
    fix = Fix(
        "Take the tensor by its name, or unpack the tuple of tensors",
        f"{value.called} = output.{text}  # output: what the model gives; or unpack output.to_tuple()",
    )
    what, kind, gives = "output object", value.field_of, "an output object gives its keys"
    if text in _HUB_FIELDS:
        what, kind, gives = "dict of outputs", "dict", "a dict gives its keys"
        fix = Fix(
            "Take the tensor by its name", f'{value.called} = output["{text}"]  # output: what the backbone gives'
        )
    return Finding(
        "output-object-as-tensor",
        "error",
        value.called,
        f"`{value.called}` is a key of a model's {what}, and it is used as a tensor",
        f"`{value.called}` is the string {value.text}, a key of a {kind}: unpacked or looped over, {gives}. "
        f"{raised.type} is raised.",
        {"value": text, "type": kind, "line": raised.line},
        fix,
    )


def _in_sequential(cell: CellFacts, raised: RaisedFacts) -> Finding | None:
    """A transformers model as a layer of a Sequential model, which takes layers that give one tensor."""
    owner = raised.owner
    if owner is None or not owner.kind.endswith("Sequential") or raised.type != "ValueError":
        return None
    # It was called, and went through: what was wrong is what it gave.
    models = {value.kind: value.called for value in raised.arguments if value.part == "model" and "." not in value.kind}
    last = cell.built[-1] if cell.built else None
    if last is not None and last.error is None and last.model.encoders and last.model.type in models:
        return _sequential(raised, models[last.model.type])
    for call in cell.calls:
        error = call.error
        if error is None or call.model.type != "Sequential" or error.where != "forward" or error.layer in error.ran:
            continue
        whole = [each for each in call.model.encoders if "/" in each.path and each.path.partition("/")[0] in error.ran]
        # The last that went through is the model, and what failed is the Sequential that got its output.
        if whole and error.ran[-1] == whole[0].path.partition("/")[0] and "/" not in (error.layer or "/"):
            return _sequential(raised, whole[0].said or whole[0].path.partition("/")[0])
    return None


def _sequential(raised: RaisedFacts, model: str) -> Finding:
    return Finding(
        "output-object-as-tensor",
        "error",
        model,
        f"`{model}` gives an output object, and a Sequential model takes layers that give a tensor",
        f"`{model}` gives an object of several tensors, of which a Sequential model cannot choose one. "
        f"{raised.type} is raised.",
        {"model": model, "line": raised.line},
        Fix(
            "Make a functional model, and take the tensor by its name",
            'ids = tf.keras.Input((None,), dtype="int32", name="input_ids")\n'
            f"output = tf.keras.layers.Dense(2)({model}(ids).pooler_output)\n"
            "model = tf.keras.Model(ids, output)",
        ),
    )


def _subject(value: ValueFacts) -> str:
    return f"`{value.said}`" if value.said is not None else f"The `{value.kind}`"


def _right(raised: RaisedFacts, value: ValueFacts) -> str:
    """The expression to write in the object's place; of an index of several axes, the whole index."""
    if value.said is None:
        field = _chosen(value.fields)
        taken = f'output["{field}"]' if _is_hub_output(value) else f"output.{field}"
        return f"{taken}  # output: what the model gives"
    takes = raised.owner.takes_rank if raised.owner is not None else None
    states = "sequence_output" if _is_hub_output(value) else "last_hidden_state"
    of_tokens = states in value.fields and max(raised.indexed or 0, (takes or 0) - 1) >= 2
    field = states if of_tokens else _chosen(value.fields)
    taken = f'{value.said}["{field}"]' if _is_hub_output(value) else f"{value.said}.{field}"
    if raised.indexed is not None and raised.source.startswith(f"{value.said}["):
        return f"{taken}{raised.source.removeprefix(value.said)}"
    return taken


def _chosen(fields: tuple[str, ...]) -> str:
    """The field that is most often meant: the scores, else the vector of the text, else the first."""
    return next(
        (name for name in ("logits", "pooler_output", "pooled_output", "last_hidden_state") if name in fields),
        (*fields, "logits")[0],
    )
