"""Rules on the structure of what is fed: which inputs, by which names."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.registry import rule
from bertmagic.rules.words import listed


@rule("error")
def input_missing(call: CallFacts) -> Finding | None:
    """An input that the model requires is not fed.

    What it finds: a model made from several `Input`s that is given fewer, by number or by name; a transformers model that
    gets neither `input_ids` nor `inputs_embeds`.

    Why it is bad: Keras raises with the number or a layer's name (`expects 2 input(s), but it received 1`), not with the
    name of what is missing.

    Wrong:

        model = tf.keras.Model([input_ids, attention_mask], output)
        model.fit(enc["input_ids"], labels)

    Right:

        model = tf.keras.Model([input_ids, attention_mask], output)
        model.fit([enc["input_ids"], enc["attention_mask"]], labels)
    """
    required = [each for each in call.model.inputs if each.required]
    fed = {tensor.name for tensor in call.inputs}
    if any(tensor.role == "inputs_embeds" for tensor in call.inputs):
        required = [each for each in required if each.role != "input_ids"]
    missing = [each.name for each in required if each.name not in fed]
    if not missing:
        return None
    unknown = [tensor for tensor in call.inputs if call.model.input(tensor.name) is None]
    if unknown and len(unknown) >= len(missing):
        return None  # An unfed input beside an unknown key is a misnamed one.
    names = listed([f"`{name}`" for name in missing])
    given = listed([f"`{tensor.called}`" for tensor in call.inputs]) if call.inputs else "nothing"
    verb = "is" if len(missing) == 1 else "are"
    takes = listed([f"`{each.name}`" for each in call.model.inputs if each.required])
    return Finding(
        "input-missing",
        "error",
        missing[0],
        f"{names} {verb} not fed",
        f"`{call.model.said}` takes {takes}; it was given {given}, so that {names} {verb} missing.",
        {"missing": missing, "fed": sorted(fed), "takes": [each.name for each in call.model.inputs]},
        Fix("Feed every input by name", "{" + ", ".join(f'"{each.name}": …' for each in required) + "}"),
    )
