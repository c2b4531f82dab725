"""Rules on the structure of what is fed: which inputs, by which names."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.facts.model import InputFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.code import beside, input_of_role, mask_of
from bertmagic.rules.dialect import by_name, called, zeros_like
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed


@rule("error")
def input_missing(call: CallFacts) -> Finding | None:
    """An input that the model requires is not fed.

    What it finds: a model made from several `Input`s that is given fewer, by number or by name; a transformers model
    that gets neither `input_ids` nor `inputs_embeds`; a KerasHub backbone without its `padding_mask`, which is one of
    its `Input`s.

    Why it is bad: Keras raises with the number or a layer's name (`expects 2 input(s), but it received 1`), not with
    the name of what is missing.

    Wrong:

        model = tf.keras.Model([input_ids, attention_mask], output)
        model.fit(enc["input_ids"], labels)

    Right:

        model = tf.keras.Model([input_ids, attention_mask], output)
        model.fit([enc["input_ids"], enc["attention_mask"]], labels)
    """
    if call.ran:
        return None  # The forward pass went through: nothing that it requires was missing.
    if call.model.preprocesses is not None and call.kind in ("fit", "evaluate", "predict"):
        return None  # What it is given goes through its preprocessor, which makes all of them.
    required = [each for each in call.model.inputs if each.required]
    fed = {tensor.name: tensor for tensor in call.inputs}
    if any(tensor.role == "inputs_embeds" for tensor in call.inputs):
        required = [each for each in required if each.role != "input_ids"]
    missing = [each for each in required if each.name not in fed]
    # An input that is not fed beside a key that is not known is misnamed; without any input, the data are at fault.
    unknown = [tensor for tensor in call.inputs if call.model.input(tensor.name) is None]
    if not missing or len(unknown) >= len(missing) or (call.error is not None and call.error.where == "data"):
        return None
    names = listed([f"`{each.name}`" for each in missing])
    given = listed([f"`{tensor.called}`" for tensor in call.inputs]) if call.inputs else "nothing"
    verb = "is" if len(missing) == 1 else "are"
    takes = listed([f"`{each.name}`" for each in required])
    raised = f" {call.error.type} is raised." if call.error is not None else ""
    return Finding(
        "input-missing",
        "error",
        missing[0].name,
        f"{names} {verb} not fed",
        f"`{call.model.said}` takes {takes}; it is given {given}, and {names} {verb} missing.{raised}",
        {
            "missing": [each.name for each in missing],
            "fed": sorted(fed),
            "takes": [each.name for each in call.model.inputs],
        },
        Fix("Feed every input by name", _feeding(call, required)),
    )


def _feeding(call: CallFacts, required: list[InputFacts]) -> str:
    """Every input that is required, by name; in a call of PyTorch's the others too, as keywords."""
    fed = {tensor.name: tensor for tensor in call.inputs}
    given = {each.name: fed[each.name].called if each.name in fed else _where(call, each) for each in required}
    if call.model.framework != "torch" or call.kind not in ("call", "check"):
        return by_name(given)
    return called(call.model, {**given, **{name: each.called for name, each in fed.items()}})


def _where(call: CallFacts, missing: InputFacts) -> str:
    """Where the missing input is to be had: beside another item of the same encoding, else a variable of its name."""
    wanted = missing.role or missing.name
    for tensor in call.inputs:
        item = beside(tensor, tensor.role or tensor.name, wanted)
        if item is not None:
            return item
    ids = input_of_role(call, "input_ids")
    if call.model.framework == "tf-keras" or ids is None or not call.encoder_calls:
        return missing.name
    # A mask and the types of single texts can be made of the ids.
    if missing.role == "attention_mask" and call.pad_id(call.encoder_calls[0].encoder) is not None:
        return mask_of(call, call.encoder_calls[0], ids)
    return zeros_like(ids) if missing.role == "token_type_ids" else missing.name
