"""Rules on the names and containers that inputs come in."""

from __future__ import annotations

import difflib

from bertmagic.facts.call import CallFacts
from bertmagic.facts.model import InputFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import beside
from bertmagic.rules.dialect import HUB, array_of, by_name, called, tensors_for, tokenized
from bertmagic.rules.labels import compared_output, computes_no_loss, label_names
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed

# What transformers' tokenizers give beside a model's inputs, on demand (5.23, `tokenization_utils_base.py`).
_BESIDE = frozenset(
    {"special_tokens_mask", "offset_mapping", "overflow_to_sample_mapping", "num_truncated_tokens", "length"}
)
# What transformers' PyTorch models take through `**kwargs` (5.23, `utils/generic.py`, `TransformersKwargs`).
_PASSED_ON = frozenset(
    {
        *("num_items_in_batch", "output_hidden_states", "output_attentions", "output_router_logits"),
        *("cu_seq_lens_q", "cu_seq_lens_k", "max_length_q", "max_length_k", "position_ids", "is_causal", "seq_idx"),
    }
)


@rule("error")
def input_misnamed(call: CallFacts) -> Finding | None:
    """The dict's keys are not the model's input names: an input goes unfed while an unknown key holds it.

    What it finds: a key that the model does not take, beside an input of the same kind that it takes and does not get:
    `input_mask` where it takes `attention_mask`; labels under a name that is not the model's, where it is trained by
    its own loss. A batch of a transformers tokenizer given to a KerasHub model, or the reverse, goes by the other's
    names.

    Why it is bad: the model raises (`unexpected keyword argument`), or Keras leaves the unknown key out and raises for
    the input that is missing. transformers' PyTorch models swallow what they do not know. Labels that do not reach the
    model are not compared with anything, without an error.

    Wrong:

        bert({"input_ids": enc["input_ids"], "input_mask": enc["attention_mask"]})

    Right:

        bert({"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"]})
    """
    misnamed = _misnamed(call)
    if not misnamed:
        return _misnamed_labels(call) or _misnamed_inside(call)
    pairs = [(tensor.name, wanted.name) for tensor, wanted in misnamed]
    keys, names = listed([f'"{key}"' for key, _ in pairs]), listed([f"`{name}`" for _, name in pairs])
    plural = len(pairs) > 1
    then = "Nothing is raised" if call.error is None else f"{call.error.type} is raised"
    renamed = dict(pairs)
    takes = list(dict.fromkeys([*(each.name for each in call.model.inputs), *(name for _, name in pairs)]))
    fed = {renamed.get(tensor.name, tensor.name): tensor.called for tensor in call.inputs}
    return Finding(
        "input-misnamed",
        "error",
        misnamed[0][0].name,
        f"{keys} {'are no inputs' if plural else 'is no input'} of `{call.model.said}`, which takes {names}",
        f"`{call.model.said}` takes {listed([f'`{name}`' for name in takes])}; {keys} "
        f"{'are none of them and hold' if plural else 'is none of them and holds'} what belongs under {names}, which "
        f"{'go' if plural else 'goes'} unfed{_whose_names(pairs)}. {then}.",
        {"keys": renamed, "takes": takes},
        Fix("Feed each input by its name", _feeding(call, fed)),
    )


def _misnamed_inside(call: CallFacts) -> Finding | None:
    """A tensor that a model's own code gives its encoder by a name that the encoder does not know, and swallows."""
    for encoder_call in call.encoder_calls:
        for key, role in encoder_call.unknown:
            if not encoder_call.seen or role is None or role in encoder_call.given or role == key:
                continue
            name = encoder_call.encoder.said or encoder_call.encoder.path or call.model.said
            return Finding(
                "input-misnamed",
                "error",
                key,
                f'"{key}" is no input of `{name}`, which takes `{role}`',
                f'`{call.model.said}` gives `{name}` a tensor as "{key}"; `{name}` takes `{role}`, which goes unfed, '
                "and swallows the other. Nothing is raised.",
                {"keys": {key: role}, "takes": sorted(encoder_call.encoder.takes)},
                Fix("Give it by its name", f"{role}={key}  # in the call of `{name}` inside `{call.model.said}`"),
            )
    return None


def _whose_names(pairs: list[tuple[str, str]]) -> str:
    """Whose names the keys are, where they are another library's for these very inputs."""
    hub = {name: role for role, name in HUB.items()}
    keys, known = {key for key, _ in pairs}, len(pairs) > 1
    if known and all(hub.get(wanted) == key for key, wanted in pairs):
        return f": {'these are' if len(keys) > 1 else 'this is'} transformers' names, and the model goes by KerasHub's"
    if known and all(hub.get(key) == wanted for key, wanted in pairs):
        return ": these are KerasHub's names, and the model goes by transformers'"
    return ""


def _feeding(call: CallFacts, fed: dict[str, str]) -> str:
    """The inputs by name, in the way that the model takes them."""
    if call.model.framework == "torch" and call.kind in ("call", "check"):
        return called(call.model, fed)
    return by_name(fed)


@rule("error")
def input_unexpected(call: CallFacts) -> Finding | None:
    """An input that the model does not take.

    What it finds: a key or keyword that a transformers model has no parameter for, as `token_type_ids` for DistilBERT,
    where no input of the model goes unfed instead. Keys that Keras leaves out of a dict do no harm; what a PyTorch
    model of transformers swallows without a trace is advice.

    Why it is bad: the call raises (`not supported by this model`, `unexpected keyword argument`).

    Wrong:

        enc = tokenizer(texts, padding=True, return_tensors="tf")   # a BERT tokenizer
        distilbert(**enc)

    Right:

        enc = tokenizer(texts, padding=True, return_tensors="tf", return_token_type_ids=False)
        distilbert(**enc)
    """
    misnamed = {tensor.name for tensor, _ in _misnamed(call)}
    unknown = [tensor for tensor in _unknown(call) if tensor.name not in misnamed]
    # Keras leaves unknown keys out of what it gives a model made from Inputs, and warns.
    if not unknown or call.model.is_of_inputs:
        return None
    then = "and swallows it" if len(unknown) == 1 else "and swallows them"
    then = f"too, {then} without a trace: nothing comes of it, and nothing is raised"
    if call.error is not None:
        then = f"too. {call.error.type} is raised"
    names = listed([f"`{tensor.called}`" for tensor in unknown])
    fed = {tensor.name: tensor.called for tensor in call.inputs if tensor not in unknown}
    return Finding(
        "input-unexpected",
        "error" if call.error is not None else "advice",
        unknown[0].called,
        f"`{call.model.said}` does not take {listed([f'`{tensor.name}`' for tensor in unknown])}",
        f"`{call.model.said}` ({call.model.type}) takes {listed([f'`{each}`' for each in _taken(call)])}; it "
        f"is given {names} {then}.",
        {"unexpected": [tensor.name for tensor in unknown], "takes": _taken(call)},
        Fix(f"Leave {listed([tensor.name for tensor in unknown])} out", _feeding(call, fed)),
    )


def _taken(call: CallFacts) -> list[str]:
    """The names of what the model takes: its inputs, or all that its own forward has."""
    return [each.name for each in call.model.inputs] or sorted(call.model.takes or ())


def _misnamed_labels(call: CallFacts) -> Finding | None:
    """Labels in a dict, under a name that the model does not take, which so computes no loss of its own.

    Its steps copy to its inputs the keys that its call takes, and minimize the mean of an output where it gives no loss
    (transformers 4.53.3, `modeling_tf_utils.py`, `train_step` and `dummy_loss`).
    """
    if len(call.labels) != 1 or not computes_no_loss(call):
        return None
    labels, names = call.labels[0], label_names(call)
    key = labels.name.removeprefix("labels['").removesuffix("']")
    if f"labels['{key}']" != labels.name or len(names) != 1:
        return None
    said, wanted = call.model.said, names[0]
    return Finding(
        "input-misnamed",
        "error",
        key,
        f'"{key}" is no input of `{said}`, which takes its labels as `{wanted}`',
        f'`{said}` takes its labels as `{wanted}`, which goes unfed: "{key}" is no input of it, and holds them. It '
        "computes no loss then, and the loss in its place is the mean of an output, whatever the labels say. Nothing "
        "is raised.",
        {"keys": {key: wanted}, "outputs": [output.name for output in call.outputs]},
        Fix("Give the labels by the model's own name", f'labels = {{"{wanted}": {labels.said or "y"}}}'),
    )


def _unknown(call: CallFacts) -> list[TensorFacts]:
    """The inputs given by names that the model does not take, in a call that raised before its encoder was reached.

    PyTorch models of transformers swallow them, and raise where an input that they require goes unfed instead.
    """
    takes, error = call.model.takes, call.error
    if takes is None or (error is not None and error.where != "forward"):
        return []
    swallows = call.model.framework == "torch" and call.model.is_transformers
    if error is None and not swallows:
        return []
    seen = any(encoder_call.seen for encoder_call in call.encoder_calls)
    if error is not None and not _lacks(call) and (seen or (swallows and error.type != "TypeError")):
        return []  # The model took them all: what was raised is raised further in.
    known = takes | _PASSED_ON if swallows else takes
    # A tensor without a name of its own is known by its place.
    return [tensor for tensor in call.inputs if tensor.name not in known and tensor.name.isidentifier()]


def _lacks(call: CallFacts) -> bool:
    """Whether an input that the model requires goes unfed, without which no such model runs."""
    fed = {tensor.name for tensor in call.inputs}
    own = call.model.framework != "tf-keras" and (call.model.is_of_inputs or call.model.is_transformers)
    return own and any(each.required and each.name not in fed for each in call.model.inputs)


def _misnamed(call: CallFacts) -> list[tuple[TensorFacts, InputFacts]]:
    """The unknown inputs, each with the unfed input of the model that it is."""
    fed = {tensor.name for tensor in call.inputs}
    unfed = [each for each in call.model.inputs if each.name not in fed]
    unknown, found = _unknown(call), []
    for tensor in unknown:
        like = tensor.role if tensor.name not in _BESIDE else None
        same = [each for each in unfed if _is_item(tensor, each.name) or (each.role and each.role == like)]
        if not same and len(unknown) == 1 and len([each for each in unfed if each.required]) == 1:
            same = [each for each in unfed if each.required and each.role in (None, tensor.role)]
        if same:
            found.append((tensor, same[0]))
            unfed.remove(same[0])
        elif (near := _near_miss(call, tensor)) is not None:
            found.append((tensor, near))
    return found


def _near_miss(call: CallFacts, tensor: TensorFacts) -> InputFacts | None:
    """What else the model takes and is not fed by a name that differs in a letter or two: `labels` for `label`."""
    fed = {each.name for each in (*call.inputs, *call.labels)} | {each.name for each in call.model.inputs}
    # `encoder_…` and `decoder_…` are near and mean other things.
    others = sorted(name for name in (call.model.takes or frozenset()) - fed if name[:1] == tensor.name[:1])
    near = difflib.get_close_matches(tensor.name, others, n=1, cutoff=0.8)
    return InputFacts(near[0], None, None, required=False) if near else None


def _is_item(tensor: TensorFacts, name: str) -> bool:
    """Whether the cell took the tensor from an encoding under that very name."""
    return beside(tensor, name, name) is not None


@rule("error")
def container_unsupported(call: CallFacts) -> Finding | None:
    """Nested Python lists, feature objects or an encoding where this call takes arrays, or lists or dicts of arrays.

    What it finds: lists of numbers among what `fit` is given (a tokenizer without `return_tensors` gives lists), or in
    a direct call of a transformers model, and NumPy labels where its own loss takes tensors only; a list of objects
    such as `InputFeatures`; a BatchEncoding for a model that is not transformers' own.

    Why it is bad: Keras finds no data adapter for it, and says so with the types only. PyTorch's models ask a list for
    what a tensor has (`'list' object has no attribute 'size'`).

    Wrong:

        enc = tokenizer(texts, padding=True)
        model.fit(enc, labels)

    Right:

        enc = tokenizer(texts, padding=True, return_tensors="np")
        model.fit(dict(enc), labels)
    """
    if call.error is None:
        return None
    if call.error.where == "loss" and call.model.framework == "torch":
        return _labels_in_a_list(call)
    if call.kind == "call" and call.error.where == "loss":
        return _labels_without_a_rank(call)
    lists = [tensor for tensor in (*call.inputs, *call.labels) if _is_numbers_in_lists(tensor)]
    direct = call.kind == "call" and call.error.where == "forward" and call.model.is_transformers
    if direct and call.model.framework == "torch" and call.container in ("BatchEncoding", "dict"):
        return _whole_encoding(call)
    if direct and call.model.framework == "torch":
        return _lists(call, [each for each in lists if each in call.inputs]) if _asks_a_list(call) else None
    if direct and call.model.takes is not None and not any(each.seen for each in call.encoder_calls):
        return _lists(call, [tensor for tensor in lists if tensor in call.inputs])
    if call.error.where != "data":
        return None
    if call.data_type.endswith(".DataLoader"):
        return _loader(call) if _is_task(call) else None
    return _as_given(call, lists) if call.container == "as given" else None


def _as_given(call: CallFacts, lists: list[TensorFacts]) -> Finding | None:
    """What Keras finds no data adapter for, as the user gave it."""
    assert call.error is not None
    objects = [tensor for tensor in call.inputs if _is_object(tensor)]
    if objects and len(objects) == len(call.inputs):
        return _objects(call, objects)
    every = (*call.inputs, *call.labels)
    if call.data_type == "list" and len(call.inputs) == 1 and lists == [*every]:
        return None  # Keras does take lists of numbers, of numbers throughout: something else is at fault.
    if lists and all(tensor.dtype != "object" for tensor in every):
        return _lists(call, lists)
    same_rows = len({tensor.shape[:1] for tensor in every}) == 1 and all(tensor.shape for tensor in every)
    if call.data_type == "transformers.BatchEncoding" and not call.model.is_transformers and same_rows and every:
        said = call.data or "encodings"
        return Finding(
            "container-unsupported",
            "error",
            said,
            f"`{said}` is a BatchEncoding",
            f"`{said}` is a BatchEncoding, of which `{call.model.said}.{call.kind}` cannot make batches; it takes "
            f"arrays, and lists and dicts of them. {call.error.type} is raised.",
            {"type": call.data_type, "keys": [tensor.name for tensor in call.inputs]},
            Fix("Give it as a dict", f"dict({said})"),
        )
    return None


def _is_task(call: CallFacts) -> bool:
    """Whether the model is a KerasHub task: a class of KerasHub's that holds a backbone, and is none itself."""
    encoders = call.model.encoders
    return call.model.library == "keras-hub" and bool(encoders) and all(each.path for each in encoders)


def _loader(call: CallFacts) -> Finding:
    """A PyTorch DataLoader for a KerasHub task, which does not take any, though Keras' own models do.

    keras_hub 0.32, `utils/pipeline_model.py`: what is no dataset of TensorFlow's is made a tensor.
    """
    assert call.error is not None
    said, model = call.data or "loader", call.model.said
    return Finding(
        "container-unsupported",
        "error",
        said,
        f"`{said}` is a DataLoader, and `{model}` takes none",
        f"`{said}` is a DataLoader of PyTorch, of which `{model}.{call.kind}` ({call.model.type}) cannot make batches; "
        f"it takes arrays, and lists, dicts and datasets of them. {call.error.type} is raised.",
        {"type": call.data_type, "model": call.model.type},
        Fix("Train on its batches one by one", f"for x, y in {said}:\n    {model}.train_on_batch(x, y)"),
    )


def _whole_encoding(call: CallFacts) -> Finding | None:
    """An encoding given as one argument to a PyTorch model of transformers, which takes its tensors by name."""
    if not _asks_a_list(call) or not any(tensor.role == "input_ids" for tensor in call.inputs):
        return None
    assert call.error is not None
    said, model = call.data or "enc", call.model.said
    return Finding(
        "container-unsupported",
        "error",
        said,
        f"`{said}` is given to `{model}` as a whole, and `{model}` takes its tensors by name",
        f"`{said}` is a {call.container} of {listed([f'`{tensor.name}`' for tensor in call.inputs])}; given as it is, "
        f"it stands in the place of the token ids. {call.error.type} is raised.",
        {"type": call.container, "keys": [tensor.name for tensor in call.inputs]},
        Fix("Unpack it", f"{model}(**{said})"),
    )


def _asks_a_list(call: CallFacts) -> bool:
    """Whether a PyTorch model raised for what a list or a number has not."""
    return call.error is not None and call.error.type in ("AttributeError", "TypeError")


def _labels_in_a_list(call: CallFacts) -> Finding | None:
    """Labels in a Python list, of which a PyTorch model's own loss asks what a tensor has."""
    lists = [tensor for tensor in call.labels if _is_numbers_in_lists(tensor)]
    if not lists or not _asks_a_list(call) or not call.model.is_transformers:
        return None
    return _lists(call, lists)


def _labels_without_a_rank(call: CallFacts) -> Finding | None:
    """Labels of a direct call that are no tensor, where the model's own loss asks them what only a tensor tells.

    With one output it asks for `labels.shape.rank` (transformers 4.53.3, `TFSequenceClassificationLoss`).
    """
    assert call.error is not None
    labels = [each for each in call.labels if each.kind in ("list", "tuple", "numpy.ndarray")]
    numbers = [each for each in labels if each.values is not None and each.values.dtype.kind in "biuf"]
    output = compared_output(call)
    of_text = call.model.type.startswith("TF") and call.model.type.endswith("ForSequenceClassification")
    if not (of_text and len(numbers) == len(call.labels) == 1) or output is None or output.shape[-1:] != (1,):
        return None
    (given,) = numbers
    name = given.called
    held = "NumPy array" if given.kind == "numpy.ndarray" else f"Python {given.kind}"
    return Finding(
        "container-unsupported",
        "error",
        name,
        f"`{name}` is a {held}",
        f"`{name}` is a {held}, where the own loss of `{call.model.said}`, which has one output, takes a tensor. "
        f"{call.error.type} is raised in the loss.",
        {"type": given.kind, "outputs": 1},
        Fix("Give a tensor", f"{name} = tf.constant({name})"),
    )


def _is_numbers_in_lists(tensor: TensorFacts) -> bool:
    values = tensor.values
    return tensor.kind in ("list", "tuple") and values is not None and values.dtype.kind in "biuf" and values.ndim > 0


def _is_object(tensor: TensorFacts) -> bool:
    """Whether the tensor is no array at all, but an object of some class (of no framework's, which are streams)."""
    library = tensor.kind.partition(".")[0]
    return tensor.dtype == "object" and not tensor.shape and library not in ("tensorflow", "tf", "tf_keras", "keras")


def _lists(call: CallFacts, lists: list[TensorFacts]) -> Finding | None:
    if not lists:
        return None
    assert call.error is not None
    names, plural = listed([f"`{tensor.called}`" for tensor in lists]), len(lists) > 1
    torch = call.model.framework == "torch"
    tokens = [tensor for tensor in lists if tensor in call.inputs and tensor.role is not None]
    if tokens:
        code = tokenized(call, tensors_for(call), said=call.data or "enc")
    else:
        code = "\n".join(f"{tensor.called} = {array_of(call.model, tensor.called)}" for tensor in lists)
    return Finding(
        "container-unsupported",
        "error",
        lists[0].called,
        f"{names} {'are Python lists' if plural else 'is a Python list'}",
        f"{names} {'are lists' if plural else 'is a list'} of numbers, where `{call.model.said}` takes "
        f"{'tensors' if torch else 'arrays, or dicts of them'}. {call.error.type} is raised.",
        {"lists": {tensor.called: list(tensor.shape) for tensor in lists}},
        Fix("Give tensors" if torch else "Give arrays", code),
    )


def _objects(call: CallFacts, objects: list[TensorFacts]) -> Finding:
    assert call.error is not None
    kinds = listed(sorted({tensor.kind for tensor in objects}))
    said = call.data or "features"
    made = {
        call.model.name(role): array_of(call.model, f"[each.{role} for each in {said}]")
        for role in ("input_ids", "attention_mask")
    }
    code = f"inputs = {by_name(made)}"
    if len(code) > 120:
        code = f"inputs = {by_name(dict(list(made.items())[:1]))}"
    return Finding(
        "container-unsupported",
        "error",
        said,
        f"`{said}` holds {kinds} objects",
        f"`{said}` holds {len(objects)} objects of type {kinds}, where `{call.model.said}.{call.kind}` takes "
        f"arrays, or lists and dicts of them. {call.error.type} is raised.",
        {"type": kinds, "objects": len(objects)},
        Fix("Make one array of each input, and one of the labels", code),
    )
