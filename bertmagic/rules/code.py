"""Lines of code that several rules' fixes share, in the user's own names."""

from __future__ import annotations

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.tensors import Role, TensorFacts
from bertmagic.rules.dialect import HUB, not_equal, tokenizer_name

_TOKEN_ROLES = ("input_ids", "attention_mask", "token_type_ids")


def beside(tensor: TensorFacts, role: str, wanted: str) -> str | None:
    """`enc["attention_mask"]` beside `enc["input_ids"]`: the item of the same encoding; None where there is none.

    Both are roles, or names; what KerasHub's preprocessors give goes by KerasHub's names.
    """
    hub = {str(each): name for each, name in HUB.items()}
    pairs = [(role, wanted), *([(hub[role], hub[wanted])] if role in hub and wanted in hub else [])]
    return next((found for pair in pairs if (found := _beside(tensor, *pair)) is not None), None)


def _beside(tensor: TensorFacts, role: str, wanted: str) -> str | None:
    if tensor.siblings is not None and wanted not in tensor.siblings:
        return None
    said = tensor.item or tensor.said
    for form in ('["{}"]', "['{}']", ".{}"):
        if said is not None and said.endswith(form.format(role)):
            return said.removesuffix(form.format(role)) + form.format(wanted)
    return None


def mask_of(call: CallFacts, encoder_call: EncoderCallFacts, ids: TensorFacts, dtype: str = "int32") -> str:
    """An expression that is 1 on the tokens of `ids` and 0 on their padding."""
    pad_id = call.pad_id(encoder_call.encoder)
    own = beside(ids, "input_ids", "attention_mask")
    if own is not None:
        return own
    if call.tokenizer is not None and pad_id in call.tokenizer.ends:
        # The text's own last token has the padding's id: only the tokenizer can tell them apart.
        asked = ', return_tensors="pt"' if call.model.framework == "torch" else ""
        return f'{tokenizer_name(call)}(texts, padding=True{asked})["attention_mask"]'
    return not_equal(ids, pad_id, dtype)


def encoder_name(call: CallFacts, encoder_call: EncoderCallFacts) -> str:
    """The encoder by the name of the cell's model that holds it, else by its layer's path within the called model."""
    return encoder_call.encoder.said or encoder_call.encoder.path or call.model.said


def input_of_role(call: CallFacts, role: Role) -> TensorFacts | None:
    """The call's own input of that role, or None."""
    return next((tensor for tensor in call.inputs if tensor.role == role), None)


def token_tensors(call: CallFacts) -> list[TensorFacts]:
    """The call's own inputs that hold tokens (ids first), where the model or an encoder takes them of rank 2."""
    if not call.model.encoders:
        return []
    tensors = [tensor for tensor in call.inputs if tensor.role in _TOKEN_ROLES]
    return sorted(tensors, key=lambda tensor: _TOKEN_ROLES.index(str(tensor.role)))
