"""Rules on building a functional model: the shapes and dtypes of its `Input`s, and what layers make of outputs."""

from __future__ import annotations

from bertmagic.facts.axes import shape_text
from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import BuildFacts, CellFacts, RaisedFacts, SymbolicFacts, ValueFacts
from bertmagic.facts.model import EncoderFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import input_layer
from bertmagic.rules.registry import cell_rule

_TOKEN_ROLES = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
# The largest range of whole numbers without a gap that a float of so many bits holds (IEEE 754, bfloat16).
_EXACT = {"float64": 2**53, "float32": 2**24, "float16": 2**11, "bfloat16": 2**8}


@cell_rule("error")
def input_layer_shape(cell: CellFacts) -> Finding | None:
    """`Input(shape=…)` has the wrong number of axes for what the model takes.

    What it finds: an `Input` that goes into an encoder as token ids, mask or token types and has not the axes (batch,
    sequence): a hidden axis, the batch size inside `shape`, an axis of size 1 more, or no sequence axis. Keras adds the
    batch axis itself. Multiple-choice models take (batch, choices, sequence).

    Why it is bad: building raises from inside the embeddings (`too many values to unpack`), or the model is built and
    takes no data.

    Wrong:

        ids = tf.keras.Input(shape=(128, 768), dtype="int32")

    Right:

        ids = tf.keras.Input(shape=(128,), dtype="int32")
    """
    for built in cell.built:
        if built.error is None:
            continue
        wrong = [each for each in built.inputs if _wrong_axes(built, each)]
        if wrong:
            return _shape_finding(built, wrong)
    return next((found for call in cell.calls if (found := _not_fed(call)) is not None), None)


def _wrong_axes(built: BuildFacts, tensor: SymbolicFacts) -> bool:
    """Whether an `Input` cannot be what the model takes in that place."""
    if tensor.origin is None or tensor.origin.made_by != "Input" or tensor.role not in _TOKEN_ROLES:
        return False
    if tensor.dtype in ("string", "object"):
        return False  # texts: no shape would do
    taken = _rank_taken(built, tensor)
    if taken is None:
        return False
    # Encoders take a mask of (batch, from, to) too (transformers 4.53.3, `TFBertMainLayer.call`).
    known = (2, 3) if tensor.role == "attention_mask" and not built.model.choices else (taken,)
    if len(tensor.shape) in known and tensor.role == "attention_mask" and len(tensor.shape) == 3:
        return tensor.shape[1] != tensor.shape[2] and _has_other_wrong(built)
    return len(tensor.shape) not in known


def _has_other_wrong(built: BuildFacts) -> bool:
    """Whether the token ids beside it have the wrong number of axes as well."""
    return any(
        each.role == "input_ids" and len(each.shape) != (_rank_taken(built, each) or len(each.shape))
        for each in built.inputs
    )


def _rank_taken(built: BuildFacts, tensor: SymbolicFacts) -> int | None:
    """How many axes the model takes there, as it says itself."""
    if not built.model.encoders:
        return None
    taken = built.model.input(tensor.name)
    if taken is None and len(built.model.inputs) == 1 == len(built.inputs):
        taken = built.model.inputs[0]  # a functional model's only input, which goes by any name
    return None if taken is None or taken.shape is None else len(taken.shape)


def _shape_finding(built: BuildFacts, wrong: list[SymbolicFacts]) -> Finding:
    assert built.error is not None
    first = wrong[0]
    found = _shape_said(first.shape)
    axes = "(batch, choices, seq)" if built.model.choices else "(batch, seq)"
    fault, right = _fault(built, first)
    layer = f" in layer `{built.error.layer}`" if built.error.layer else ""
    also = "".join(f" `{each.called}` has {_axes(each.shape)} as well." for each in wrong[1:])
    return Finding(
        "input-layer-shape",
        "error",
        first.called,
        f"The Input `{first.called}` has {_axes(first.shape)}, and `{built.model.said}` takes {axes}",
        f"The Input `{first.called}` has shape {found}, batch axis included, where `{built.model.said}` takes {axes} "
        f"as {first.name}: {fault}.{also} {built.error.type} is raised{layer}.",
        {
            "shape": list(first.shape),
            "expected": axes,
            "source": f"what `{built.model.said}` takes as {first.name}",
            "layers that ran": list(built.ran[-3:]),
        },
        Fix(
            "Give the Input the axes of one row of token ids",
            "\n".join(
                f"{each.called} = {input_layer(built.model, f'shape={_fault(built, each)[1]}')}" for each in wrong
            )
            if len(wrong) > 1
            else f"{first.called} = {input_layer(built.model, f'shape={right}')}",
        ),
    )


def _fault(built: BuildFacts, tensor: SymbolicFacts) -> tuple[str, str]:
    """Which axis is at fault, in words, and the `shape` to write."""
    own = tensor.shape[1:]
    if built.model.choices:
        length = own[-1] if own else None
        return "the axis of the choices is missing" if len(own) < 2 else "it has too many", f"(None, {length})"
    if not own:
        return "the sequence axis is missing", "(None,)"
    hidden = built.model.sizes.get("hidden") or next((each.hidden for each in built.model.encoders), None)
    if len(own) == 2:
        if own[1] == hidden:
            return f"axis 2, of size {hidden}, is the hidden axis, which comes out of the encoder", f"({own[0]},)"
        for axis in (1, 0):
            if own[axis] == 1:
                return f"axis {axis + 1}, of size 1, is one too many", f"({own[1 - axis]},)"
        return (
            f"axis 1, of size {own[0]}, is one too many; Keras adds the batch axis, which is no part of `shape`",
            f"({own[1]},)",
        )
    return "it has too many axes", f"({own[-1]},)"


def _axes(shape: tuple[int | None, ...]) -> str:
    return {1: "one axis", 2: "two axes", 3: "three axes", 4: "four axes"}.get(len(shape), f"{len(shape)} axes")


def _shape_said(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('None' if axis is None else str(axis) for axis in shape)}{',' if len(shape) == 1 else ''})"


def _not_fed(call: CallFacts) -> Finding | None:
    """A functional model that was built, and whose `Input` has one axis more than the tokens that it is fed."""
    if call.error is None or call.ran or not call.model.encoders or call.model.choices or not call.model.outputs:
        return None
    for tensor in call.inputs:
        taken = call.model.input(tensor.name)
        if taken is None or taken.shape is None or tensor.role not in _TOKEN_ROLES or len(tensor.shape) != 2:
            continue
        hidden = call.model.sizes.get("hidden")
        if len(taken.shape) != 3 or taken.shape[2] != hidden:
            continue
        return Finding(
            "input-layer-shape",
            "error",
            taken.name,
            f"The Input `{taken.name}` of `{call.model.said}` has three axes, and it is fed (batch, seq)",
            f"The Input `{taken.name}` of `{call.model.said}` has shape {_shape_said(taken.shape)}, with a hidden axis "
            f"of size {hidden}; `{tensor.called}` has shape {shape_text(tensor.shape, call.sizes)}. {call.error.type} "
            "is raised.",
            {"shape": list(taken.shape), "fed": list(tensor.shape)},
            Fix(
                "Give the Input the axes of one row of tokens",
                f"{taken.name} = {input_layer(call.model, f'shape=({taken.shape[1]},)', name=taken.name)}",
            ),
        )
    return None


@cell_rule("error")
def input_layer_dtype(cell: CellFacts) -> Finding | None:
    """`Input()` was left at float32, or given another dtype than int32 or int64, where it holds token ids.

    What it finds: an `Input` for token ids, token types or positions whose dtype is not int32 or int64. The encoders of
    transformers 4.53.3 look ids up as they come, and that raises. Where a model made from int32 Inputs casts them
    back, as KerasHub's do, float32 holds every id below 16,777,216, which is advice; float16 and bfloat16 do not.

    Why it is bad: building raises from inside the embeddings, or ids come out as other ids.

    Wrong:

        ids = tf.keras.Input((128,))                    # float32 where no dtype is given

    Right:

        ids = tf.keras.Input((128,), dtype="int32")
    """
    found = [each for built in cell.built if (each := _dtype_finding(built)) is not None]
    return next((each for each in found if each.severity == "error"), found[0] if found else None)


def _dtype_finding(built: BuildFacts) -> Finding | None:
    wrong = [each for each in built.inputs if _wrong_dtype(built, each)]
    if not wrong or any(_wrong_axes(built, each) for each in built.inputs):
        return None
    first = wrong[0]
    if built.error is not None:
        if not _at_the_embeddings(built):
            return None
        layer = f" in layer `{built.error.layer}`" if built.error.layer else ""
        then = f"its embeddings look no other numbers up. {built.error.type} is raised{layer}."
        title = f"The Input `{first.called}` is {first.dtype}, and `{built.model.said}` takes int32 or int64"
        return _dtype_said(built, wrong, "error", title, then)
    rows = max((each.vocab_rows or 0 for each in built.model.encoders), default=0)
    exact = _EXACT.get(first.dtype)
    if exact is None or first.role != "input_ids":
        return None
    if rows - 1 > exact:
        title = f"The Input `{first.called}` is {first.dtype}, which does not hold every token id"
        then = (
            f"{first.dtype} holds whole numbers up to {exact:,}, and there are ids up to {rows - 1:,}: others come out."
        )
        return _dtype_said(built, wrong, "error", title, then)
    title = f"The Input `{first.called}` is {first.dtype}, and is cast back to whole numbers"
    then = f"{first.dtype} holds whole numbers up to {exact:,}, and ids go up to {rows - 1:,}: none is lost."
    return _dtype_said(built, wrong, "advice", title, then)


def _wrong_dtype(built: BuildFacts, tensor: SymbolicFacts) -> bool:
    if tensor.origin is None or tensor.origin.made_by != "Input" or not built.model.encoders:
        return False
    taken = built.model.input(tensor.name)
    if (taken is None and built.model.inputs) or (taken is not None and taken.dtype not in ("int32", "int64")):
        return False
    # A mask may be of any number type: the encoders cast it (transformers 4.53.3, `TFBertMainLayer.call`).
    return tensor.role in ("input_ids", "token_type_ids", "position_ids") and tensor.dtype not in (
        "int32",
        "int64",
        "string",
        "object",
    )


def _at_the_embeddings(built: BuildFacts) -> bool:
    """Whether no encoder layer went through before it raised: the ids were looked up first of all."""
    return not any("/encoder/" in path or "/transformer/" in path for path in built.ran)


def _dtype_said(built: BuildFacts, wrong: list[SymbolicFacts], severity: str, title: str, then: str) -> Finding:
    first = wrong[0]
    lines = [f"{each.called} = {input_layer(built.model, _own_shape(each))}  # {each.name}" for each in wrong]
    return Finding(
        "input-layer-dtype",
        "advice" if severity == "advice" else "error",
        first.called,
        title,
        f"The Input `{first.called}` is {first.dtype} and goes into `{built.model.said}` as {first.name}; {then}",
        {
            "dtype": {each.called: each.dtype for each in wrong},
            "expected": "int32 or int64",
            "layers that ran": list(built.ran[-3:]),
        },
        Fix("Say the dtype of token ids", "\n".join(lines)),
    )


def _own_shape(tensor: SymbolicFacts) -> str:
    return _shape_said(tensor.shape[1:])


@cell_rule("error")
def pooled_output_as_sequence(cell: CellFacts) -> Finding | None:
    """One vector a text, (batch, hidden), is fed to a layer that takes a sequence.

    What it finds: a failing layer that takes (batch, sequence, features), or an index of three axes, which was given an
    encoder's `pooler_output` (KerasHub's `pooled_output`), a [CLS] vector, or what was made of them.

    Why it is bad: it raises (`expected ndim=3, found ndim=2`, `Index out of range using input dim 2`). The tokens are
    gone from such a vector: no axis that is added brings them back.

    Wrong:

        x = tf.keras.layers.LSTM(64)(bert(ids).pooler_output)

    Right:

        x = tf.keras.layers.LSTM(64)(bert(ids).last_hidden_state)
    """
    raised = cell.raised
    if raised is None:
        return None
    encoders = [*(each for call in cell.calls for each in call.model.encoders)]
    encoders += [each for built in cell.built for each in built.model.encoders]
    pooled = [value for value in _given(raised) if _is_pooled(value, encoders)]
    if not pooled:
        return None
    owner = raised.owner
    # What comes after the first is an initial state or the like, which is (batch, units).
    first = next((value for value in _given(raised) if value.shape is not None), None)
    if owner is not None and (owner.takes_rank or 0) >= 3:
        if first is not pooled[0]:
            return None
        taken = f"`{owner.kind.rpartition('.')[2]}` takes (batch, seq, hidden)"
        title = f"`{pooled[0].called}` is one vector a text, and {taken}"
    elif raised.indexed is not None and raised.indexed >= 3:
        taken = f"`{raised.source}` indexes {raised.indexed} axes"
        title = f"`{pooled[0].called}` is one vector a text, and it is indexed as a sequence"
    elif (other := _of_tokens(raised)) is not None:
        taken = f"`{other.called}` has shape {_shape_said(other.shape or ())}"
        title = f"`{pooled[0].called}` is one vector a text, and `{other.called}` is of its tokens"
    else:
        return None
    hub = any(each.names for each in encoders)
    return _pooled_finding(raised, pooled[0], title, taken, '["sequence_output"]' if hub else ".last_hidden_state")


def _of_tokens(raised: RaisedFacts) -> ValueFacts | None:
    """The other side of an operator, (batch, seq, 1): a mask that was to weigh the tokens."""
    operands = raised.arguments
    if raised.callee_said or len(operands) != 2 or operands[0].framework != operands[1].framework:
        return None
    return next((each for each in operands if each.shape is not None and len(each.shape) == 3), None)


def _given(raised: RaisedFacts) -> tuple[ValueFacts, ...]:
    """What the failing call was given; where the traceback was cut below the user's line, what the line names."""
    return raised.arguments if raised.callee else raised.values


def _is_pooled(value: ValueFacts, encoders: list[EncoderFacts]) -> bool:
    """Whether a tensor is (batch, hidden) of an encoder: by where it comes from, else by its size."""
    if value.shape is None or len(value.shape) != 2 or not str(value.dtype).startswith(("float", "bfloat")):
        return False
    origin = value.origin
    if origin is not None and (origin.encoder is not None or origin.output in ("pooler_output", "pooled_output")):
        return True
    return origin is None and value.shape[-1] is not None and value.shape[-1] in {each.hidden for each in encoders}


def _pooled_finding(raised: RaisedFacts, value: ValueFacts, title: str, taken: str, of_tokens: str) -> Finding:
    shape = value.shape or ()
    size = f"(batch{'' if shape[0] is None else f'={shape[0]}'}, hidden={shape[1]})"
    origin = value.origin
    whence = ""
    if origin is not None and origin.output is not None:
        made = "is made of" if origin.sliced else "is"
        whence = f" It {made} `{origin.output}` of the encoder."
    return Finding(
        "pooled-output-as-sequence",
        "error",
        value.called,
        title,
        f"`{value.called}` has shape {size}: it has no sequence axis, and {taken}.{whence} {raised.type} is raised.",
        {"shape": list(shape), "expected": "(batch, seq, hidden)", "line": raised.line},
        Fix(
            "Take the hidden states of all tokens",
            f"{_name_of(value)} = output{of_tokens}  # output: what the encoder gives; (batch, seq, hidden)",
        ),
    )


def _name_of(value: ValueFacts) -> str:
    return value.said if value.said is not None and value.said.isidentifier() else "hidden"
