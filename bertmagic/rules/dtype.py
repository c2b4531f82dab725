"""Rules on the dtype of inputs: token ids that are no integers, vectors in their place, and what else is looked up."""

from __future__ import annotations

import dataclasses

import numpy as np

from bertmagic.facts.axes import shape_text, token_axes
from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.tensors import Role, TensorFacts, values_text
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import encoder_name
from bertmagic.rules.dialect import cast, family, tokenized
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed, rows_of

# What `tf.gather` looks up with, by which transformers' TF models embed (transformers 4.53.3, `TFBertEmbeddings.call`;
# TensorFlow 2.21, `ResourceGather`: Tindices is int32 or int64), and what PyTorch's embeddings do (2.13, `Long, Int`).
_LOOKED_UP = ("int32", "int64")
# Below this chance it is no accident that a batch holds only ids which a rounded float can hold.
_NO_ACCIDENT, _LITTLE_DOUBT = 1e-6, 1e-2
# Numbers that are nowhere negative and beyond this are no features, but ids that something was done to.
_LARGE = 100


@rule("error")
def ids_not_integer(call: CallFacts) -> Finding | None:
    """Token ids of a floating-point or other non-integer dtype, where they fail or lose value.

    What it finds: ids of a dtype that the embeddings cannot look up (floats, bool, strings or objects that hold
    numbers, integers of 16 bits) where that raises; fractions, bool and ids rounded to half precision where an integer
    `Input`, or an embedding of Keras 3, cuts them off without an error. Whole numbers that are cast so are harmless.

    Why it is bad: the lookup raises in TensorFlow's words (`Value for attr 'Tindices' of float`) or PyTorch's
    (`Expected tensor for argument #1 'indices'`). Cast ids are other words: half precision holds whole numbers one by
    one up to 2048 only.

    Wrong:

        ids = pad_sequences(sequences, dtype="float32", padding="post")
        bert(ids)

    Right:

        ids = pad_sequences(sequences, dtype="int32", padding="post")
        bert(ids)
    """
    for encoder_call in call.encoder_calls:
        ids = _fed(call, encoder_call, "input_ids")
        if ids is None or ids.values is None or not ids.values.size or _are_vectors(call, encoder_call, ids):
            continue
        given = encoder_call.given.get("input_ids")
        if encoder_call.seen and given is not None and ids.dtype in _LOOKED_UP and given.dtype not in _LOOKED_UP:
            if _raises(call, encoder_call, given, "input_ids"):
                return _cast_on_the_way(call, encoder_call, ids, given)
            continue
        lost = lost_value(call, encoder_call, ids)
        raises = _raises(call, encoder_call, ids, "input_ids")
        if lost is None and not raises:
            continue
        then = f"{call.error.type} is raised." if call.error is not None else "Nothing is raised."
        found = lost or f"It holds {_held(ids)}"
        return Finding(
            "ids-not-integer",
            "error",
            ids.called,
            f"`{ids.called}` holds token ids as {_kind(ids)}",
            f"`{ids.called}`, {_shape(call, ids)}, has dtype {_dtype(ids)}, where "
            f"`{encoder_name(call, encoder_call)}` {_lookup(call)}. {found}. {then}",
            {"dtype": ids.dtype, "expected": "int32 or int64", "values": _held(ids), "shape": list(ids.shape)},
            _ids_fix(call, ids, lost is not None),
        )
    return None


def _lookup(call: CallFacts) -> str:
    """What the model does with token ids of any dtype."""
    if call.model.framework == "keras":
        return "takes int32, and Keras casts what it is given to that"
    return "looks token ids up by int32 or int64"


def _cast_on_the_way(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts, given: TensorFacts) -> Finding:
    """Integers were fed, and the model itself makes another dtype of them."""
    assert call.error is not None
    said = encoder_name(call, encoder_call)
    return Finding(
        "ids-not-integer",
        "error",
        ids.called,
        f"`{ids.called}` reaches `{said}` as {given.dtype}",
        f"`{ids.called}`, {_shape(call, ids)}, has dtype {ids.dtype}, and `{call.model.said}` makes {given.dtype} of "
        f"it before `{said}` looks token ids up by int32 or int64. {call.error.type} is raised.",
        {"dtype": ids.dtype, "received": given.dtype, "expected": "int32 or int64", "shape": list(ids.shape)},
        Fix("Cast them back before the encoder", f"{_inside(call)}  # in the call of `{said}`"),
    )


def _inside(call: CallFacts) -> str:
    """A cast in the model's own code."""
    by = {"tf-keras": "tf.cast(ids, tf.int32)", "keras": 'keras.ops.cast(ids, "int32")', "torch": "ids.long()"}
    return by[call.model.framework]


@rule("error")
def embeddings_as_ids(call: CallFacts) -> Finding | None:
    """Floating-point embeddings are fed where token ids are taken.

    What it finds: (batch, sequence, hidden) embeddings or (batch, features) vectors, as of a sentence encoder, in the
    place of token ids. `inputs_embeds` takes the former, and is right for them.

    Why it is bad: it raises from inside the encoder (`too many values to unpack`, `Tindices of float`); an `Input` of
    integers cuts vectors off to 0, 1 and -1 without an error.

    Wrong:

        vectors = embedder.encode(texts)          # (batch, hidden), float32
        model.fit(vectors, labels)                # the model takes token ids

    Right:

        enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")
        model.fit(dict(enc), labels)
    """
    for encoder_call in call.encoder_calls:
        ids = _fed(call, encoder_call, "input_ids")
        if ids is None or ids.values is None or not _are_vectors(call, encoder_call, ids):
            continue
        given = encoder_call.given.get("input_ids")
        reached = encoder_call.seen and given is not None and given.shape[1:] == ids.shape[1:]
        taken = call.model.input(ids.name)
        stopped = not encoder_call.seen and call.error is not None and call.error.where == "forward"
        at_input = stopped and taken is not None and (taken.dtype or "").startswith("int")
        if not at_input and not (reached and (call.error is not None or _is_cut(call, encoder_call, ids))):
            continue
        hidden, three = call.model.sizes.get("hidden"), len(ids.shape) == 3
        said = encoder_name(call, encoder_call)
        then = f"{call.error.type} is raised." if call.error is not None else "Nothing is raised: they are cut off."
        # The last axis is named where it is the model's own hidden size.
        axes = ("batch", "seq", "hidden") if three else ("batch", "hidden")
        shape = shape_text(ids.shape, call.sizes, known=axes) if ids.shape[-1] == hidden else str(ids.shape)
        tensors = "pt" if call.model.framework == "torch" else "np"
        fix = Fix("Give token ids", _anew(call, tensors))
        if three and ids.shape[2] == hidden and "inputs_embeds" in encoder_call.encoder.takes:
            name, instead = encoder_call.encoder.name("inputs_embeds"), encoder_call.encoder.name("input_ids")
            code = f'{{"{name}": {ids.called}}}  # in place of "{instead}", in the call of `{said}`'
            fix = Fix("Give embeddings by their own name", code)
        return Finding(
            "embeddings-as-ids",
            "error",
            ids.called,
            f"`{ids.called}` holds embeddings, and `{said}` takes token ids",
            f"`{ids.called}` has dtype {ids.dtype} and shape {shape}, and holds {values_text(ids)}, where `{said}` "
            f"takes token ids (batch, seq), which are whole numbers. {then}",
            {"dtype": ids.dtype, "shape": list(ids.shape), "values": values_text(ids), "expected": "(batch, seq)"},
            fix,
        )
    return None


@rule("error")
def dtype_mismatch(call: CallFacts) -> Finding | None:
    """Another input's dtype is one that the model cannot take.

    What it finds: token types or positions that are no int32 or int64 where their lookup raises; a mask of strings or
    of Python objects. A mask of floats or bool is cast, and is right. Token ids have rules of their own.

    Why it is bad: the call raises from inside a layer (`Value for attr 'Tindices' of float`, `Cast string to float is
    not supported`). Keras 3 casts such inputs to the dtype of its `Input`.

    Wrong:

        bert(ids, token_type_ids=np.zeros(ids.shape))   # float64

    Right:

        bert(ids, token_type_ids=np.zeros(ids.shape, "int32"))
    """
    roles: tuple[Role, ...] = ("token_type_ids", "position_ids", "attention_mask")
    for encoder_call in call.encoder_calls:
        for role in roles:
            tensor = _fed(call, encoder_call, role)
            if tensor is None or tensor.values is None or not _raises(call, encoder_call, tensor, role):
                continue
            assert call.error is not None
            wanted = "numbers" if role == "attention_mask" else "int32 or int64"
            return Finding(
                "dtype-mismatch",
                "error",
                tensor.called,
                f"`{tensor.called}` is of a dtype that `{encoder_name(call, encoder_call)}` cannot take",
                f"`{tensor.called}`, {_shape(call, tensor)}, has dtype {_dtype(tensor)} and holds {_held(tensor)}, "
                f"where `{encoder_call.encoder.name(role)}` is to be {wanted}. {call.error.type} is raised.",
                {"dtype": tensor.dtype, "expected": wanted, "values": _held(tensor), "shape": list(tensor.shape)},
                Fix("Give it as integers", _cast(call, tensor)),
            )
    return None


def is_text(value: object) -> bool:
    """Whether an element of an array of objects or strings is a string."""
    return isinstance(value, (str, bytes))


def are_numbers_in_text(values: np.ndarray) -> bool:
    """Whether an array of strings holds whole numbers written out, throughout."""
    if values.dtype.kind not in "OUS" or not values.size or not all(is_text(each) for each in values.flat):
        return False
    texts = (each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in values.flat)
    return all(each.strip().lstrip("+-").replace(".", "", 1).isdecimal() for each in texts)


def are_number_objects(values: np.ndarray) -> bool:
    """Whether an array of Python objects holds numbers throughout, which TensorFlow makes no tensor of."""
    numbers = (bool, int, float, np.number, np.bool_)
    return values.dtype.kind == "O" and bool(values.size) and all(isinstance(each, numbers) for each in values.flat)


def _fed(call: CallFacts, encoder_call: EncoderCallFacts, role: Role) -> TensorFacts | None:
    """The call's own input that goes to the encoder in that role: by its values, else by its role, else by its name."""
    own = encoder_call.source.get(role) or next((each for each in call.inputs if each.role == role), None)
    if own is None and role == "input_ids":
        # Floating-point tensors of three axes are taken for embeddings, under whatever name they are fed.
        own = next((each for each in call.inputs if each.role == "inputs_embeds" and "embed" not in each.name), None)
    return own


def _raises(call: CallFacts, encoder_call: EncoderCallFacts, tensor: TensorFacts, role: Role) -> bool:
    """Whether the tensor's dtype is what the call raised for."""
    values, error = tensor.values, call.error
    if values is None or error is None or error.where == "loss" or not values.size:
        return False
    if tensor.kind == "list" and values.dtype.kind not in "US":
        return False  # Lists of numbers: the container is at fault.
    if are_number_objects(values):
        return True  # No tensor can be made of it.
    given = encoder_call.given.get(role)
    if are_numbers_in_text(values):
        taken = call.model.input(tensor.name)
        known = taken is not None and (taken.dtype or "").startswith(("int", "float", "bool"))
        return known if not encoder_call.seen else given is not None and not _is_number(given)
    if role == "attention_mask" or not encoder_call.seen or given is None or error.where != "forward":
        return False
    if call.model.framework == "keras":
        return False  # It casts all numbers to the dtype that it takes.
    return given.dtype not in _LOOKED_UP and _is_number(given) and _in_lookup(encoder_call, error.layer)


def _in_lookup(encoder_call: EncoderCallFacts, layer: str | None) -> bool:
    """Whether the layer that failed is the encoder's embeddings."""
    if layer is None or not layer.startswith(encoder_call.encoder.path):
        return False
    return any(name in layer.rpartition("/")[2] for name in ("embed", "wte", "shared"))


def _is_number(tensor: TensorFacts) -> bool:
    return tensor.dtype.startswith(("int", "uint", "float", "bfloat", "bool", "complex"))


def lost_value(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts) -> str | None:
    """What the ids lose by their dtype on the way to the encoder, in words; None where they lose nothing."""
    values, given = ids.values, encoder_call.given.get("input_ids")
    if values is None or values.ndim < 2 or not encoder_call.seen or given is None:
        return None
    if values.dtype.kind == "b":
        return "Of token ids it tells only whether they are 0" if _is_cut(call, encoder_call, ids) else None
    if not _is_float(ids):
        return None
    numbers = values.astype("float64")
    broken = ~np.isfinite(numbers)
    if broken.any():
        return f"It is not finite in {_rows(ids, broken)}" if _is_cut(call, encoder_call, ids) else None
    cut = numbers != np.trunc(numbers)
    if cut.any():
        is_cut = _is_cut(call, encoder_call, ids)
        return f"It holds fractions in {_rows(ids, cut)}, which are cut off" if is_cut else None
    if not _is_cut(call, encoder_call, ids) and ids is not encoder_call.source.get("input_ids"):
        return None
    for kind, bits in (("bfloat16", 8), ("float16", 11)):
        limit = _LITTLE_DOUBT if ids.dtype == kind else _NO_ACCIDENT
        beyond = _rounded(numbers, bits, limit)
        if beyond:
            most = 2**bits
            return f"All of its {beyond} different ids above {most} are such as {kind} rounds to, and none is odd"
    return None


def _rounded(numbers: np.ndarray, bits: int, limit: float) -> int:
    """How many different ids above 2**bits there are, if only a float of that precision explains what they are."""
    large = np.unique(numbers[numbers > 2**bits])
    step = np.exp2(np.floor(np.log2(large)) + 1 - bits) if large.size else large
    if not large.size or (large % step).any() or float(np.prod(1 / step)) > limit:
        return 0
    return int(large.size)


def _is_cut(call: CallFacts, encoder_call: EncoderCallFacts, tensor: TensorFacts) -> bool:
    """Whether the encoder received integers that are this tensor's values cut off, or cuts them off itself.

    Keras 3 casts what its `Input` or its `Embedding` is given to integers (3.15.1, `layers/core/embedding.py`, `call`).
    """
    given, values = encoder_call.given.get("input_ids"), tensor.values
    if given is None or given.values is None or values is None or not encoder_call.seen:
        return False
    itself = call.model.framework == "keras" and call.ran
    if not given.is_integer and not itself:
        return False
    rows = values if given.rows is None or tensor.rows is not None else values[list(given.rows)]
    if rows.shape != given.values.shape:
        return False
    numbers = rows.astype("float64")
    finite = np.isfinite(numbers)
    received = np.trunc(given.values[finite].astype("float64")) if itself else given.values[finite]
    return bool((np.trunc(numbers)[finite] == received).all())


def _are_vectors(call: CallFacts, encoder_call: EncoderCallFacts, tensor: TensorFacts) -> bool:
    """Whether a floating-point tensor holds features: its finite values are mostly no whole numbers, nor scaled ids."""
    values = tensor.values
    if values is None or not _is_float(tensor) or values.ndim not in (2, 3) or not values.size:
        return False
    numbers = values.astype("float64")
    if not np.isfinite(numbers).all():
        # Ids padded with NaN are ids, however much of them is padding.
        numbers = numbers[np.isfinite(numbers)]
    if not numbers.size or (numbers == np.trunc(numbers)).mean() > 0.5:
        return False
    sizes = [encoder_call.encoder.vocab_rows, call.tokenizer.vocab_rows if call.tokenizer is not None else None]
    scales = [size - less for size in sizes if size is not None for less in (0, 1)]
    if values.ndim == 3 or numbers.min() < 0:
        return True
    if numbers.max() > 1:
        return bool(numbers.max() < _LARGE)
    return not any(bool((abs(numbers * scale - np.rint(numbers * scale)) < 0.01).all()) for scale in scales)


def _is_float(tensor: TensorFacts) -> bool:
    return tensor.dtype.startswith(("float", "bfloat"))


def _rows(tensor: TensorFacts, places: np.ndarray) -> str:
    return rows_of(tensor.rows_at(places))


def _shape(call: CallFacts, tensor: TensorFacts) -> str:
    return shape_text(tensor.shape, call.sizes, known=token_axes(len(tensor.shape), call.model.choices))


def _dtype(tensor: TensorFacts) -> str:
    """The dtype as the user knows it: NumPy's `<U11` and TensorFlow's strings (objects to NumPy) are strings."""
    if tensor.values is not None and tensor.values.dtype.kind in "OUS":
        return "string" if all(is_text(each) for each in tensor.values.flat) else "object"
    return tensor.dtype


def _kind(tensor: TensorFacts) -> str:
    dtype = _dtype(tensor)
    return {"string": "strings", "object": "Python objects"}.get(dtype, dtype)


def _held(tensor: TensorFacts) -> str:
    values = tensor.values
    if values is not None and values.dtype.kind in "OUS":
        numbers = np.array([float(each) for each in values.flat])
        low, high = (f"{each:g}" for each in (numbers.min(), numbers.max()))
        return f"the numbers {listed([low, high])}" if low == high else f"numbers from {low} to {high}"
    return "complex numbers" if tensor.dtype.startswith("complex") else values_text(tensor)


def _cast(call: CallFacts, tensor: TensorFacts) -> str:
    name = tensor.called
    text = tensor.values is not None and tensor.values.dtype.kind in "OUS"
    if family(tensor) == "tensorflow" and text:
        return f"{name} = tf.strings.to_number({name}, tf.int32)"
    if call.model.framework == "torch" and family(tensor) != "torch":
        return f'{name} = torch.from_numpy(np.asarray({name}).astype("int64"))'
    return f"{name} = {cast(tensor)}"


def _ids_fix(call: CallFacts, ids: TensorFacts, lost: bool) -> Fix:
    if lost:
        tensors = "pt" if call.model.framework == "torch" else "np"
        code = _anew(call, tensors)
        return Fix("Keep token ids integers from the tokenizer on", code if "\n" in code else f"{code}  # int64")
    return Fix("Give token ids as integers", _cast(call, ids))


def _anew(call: CallFacts, tensors: str) -> str:
    """The texts tokenized once more, by the usual name: what these numbers were made by is not known."""
    return tokenized(dataclasses.replace(call, tokenizer=None), tensors)
