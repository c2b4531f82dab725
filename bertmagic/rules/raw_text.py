"""The rule on strings that reach a model which takes token ids."""

from __future__ import annotations

import numpy as np

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules.dialect import HUB, by_name, by_preprocessor, called, tensors_for, tokenized
from bertmagic.rules.dtype import are_numbers_in_text, is_text
from bertmagic.rules.registry import rule
from bertmagic.rules.words import count


@rule("error")
def text_not_tokenized(call: CallFacts) -> Finding | None:
    """Strings reach a model that takes token ids.

    What it finds: a text, a list or array of texts, a dataset of them, or the tokens of a text as strings, given to a
    model whose inputs are token ids. A model with an `Input` of strings, or that tokenizes inside, takes them rightly,
    and so does a KerasHub task with a preprocessor in `fit`, `evaluate` and `predict`; a call of it does not.

    Why it is bad: the call raises from inside the encoder (`not enough values to unpack`, `Cast string to int32 is not
    supported`), or in Keras' data handling.

    Wrong:

        model.fit(np.array(texts), labels)

    Right:

        enc = tokenizer(texts, padding=True, truncation=True, return_tensors="np")
        model.fit(dict(enc), labels)
    """
    if call.error is None or call.error.where == "loss" or not call.model.encoders:
        return None
    if call.model.preprocesses is not None and call.kind in ("fit", "evaluate", "predict"):
        return None
    texts = [tensor for tensor in call.inputs if _holds_text(tensor)]
    if not texts or not _takes_ids_there(call, texts):
        return None
    first = texts[0]
    said = first.said or call.data or first.name
    size = 1 if first.values is None else max(first.values.size, 1)
    # What a task is given as a whole goes by no name.
    where = f" under `{first.name}`" if first.said and call.model.preprocesses is None else ""
    given = first.said or "texts"
    many = bool(first.shape)
    fix = Fix("Tokenize the texts first", _tokenizing(call, f"list({given})" if many else given, given))
    if call.model.preprocesses is not None:
        code = f"{call.model.said}.predict({given if many else f'[{given}]'})"
        fix = Fix("Call `predict`, which makes tokens of texts by the preprocessor", code)
    return Finding(
        "text-not-tokenized",
        "error",
        said,
        f"`{said}` holds text, and `{call.model.said}` takes token ids",
        f"`{said}` holds {count(size, 'string')}{where}, and `{call.model.said}` takes token ids (batch, seq): no "
        f"tokenizer has read them. {call.error.type} is raised.",
        {"strings": size, "shape": list(first.shape), "container": first.kind, "input": first.name},
        fix,
    )


def _tokenizing(call: CallFacts, texts: str, given: str) -> str:
    """The texts tokenized, and the call with what comes of them."""
    if by_preprocessor(call) is not None:
        code = tokenized(call, "np", given if texts != given else f"[{given}]")
        return f"{code}\n{call.model.said}(enc)" if call.kind == "call" else code
    code = tokenized(call, tensors_for(call), texts)
    if call.model.speaks_hub:
        names = {call.model.name(role): f'enc["{role}"]' for role in HUB if call.model.input(call.model.name(role))}
        return f"{code}\n{called(call.model, names)}" if call.kind == "call" else f"{code}\n{by_name(names)}"
    if call.kind != "call":
        return code
    return f"{code}\n{call.model.said}({'**' if call.model.framework == 'torch' else ''}enc)"


def _holds_text(tensor: TensorFacts) -> bool:
    """Whether the elements are texts, or lists of tokens as strings; missing values among them are left aside."""
    values = tensor.values
    if values is None or values.dtype.kind not in "OUS" or not values.size or are_numbers_in_text(values):
        return False
    known = [each for each in values.flat if each is not None and not (isinstance(each, float) and np.isnan(each))]
    return bool(known) and all(is_text(each) or _is_tokens(each) for each in known)


def _is_tokens(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(is_text(each) for each in value)


def _takes_ids_there(call: CallFacts, texts: list[TensorFacts]) -> bool:
    """Whether the model is known to take token ids where it is given these texts."""
    seen = [each for each in call.encoder_calls if each.seen]
    if seen:
        # What the encoder itself was given tells; where it was given ids, the model has made them of the texts.
        ids = [each.given.get("input_ids") for each in seen]
        return any(each is not None and _holds_text(each) for each in ids)
    if call.model.takes is None or any((each.dtype or "").startswith("str") for each in call.model.inputs):
        return False  # A model of one's own may well tokenize.
    fed = [tensor for tensor in call.inputs if tensor.role == "input_ids" and tensor not in texts]
    return not any(tensor.is_integer for tensor in fed)
