"""Mends strings that reach a model which takes token ids: a tokenizer of the cell's reads them first."""

from __future__ import annotations

import ast
import json
from typing import Any

from bertmagic.facts.call import CallFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.feeding import VERBS, inputs_of
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, NotEditable, keyword_of, last_name
from bertmagic.repair.tokenizing import is_hub, tokenizers, written_as
from bertmagic.repair.trouble import Repair, Trouble

_ROLES = {"input_ids": "token_ids", "attention_mask": "padding_mask", "token_type_ids": "segment_ids"}
_SLICES = ("from_tensor_slices", "from_tensors")


@repairs("text-not-tokenized")
def predict_in_place_of_a_call(trouble: Trouble) -> Repair | None:
    """A KerasHub task makes tokens of texts in `predict`, and not where it is called."""
    call, at = trouble.call, trouble.at
    if call is None or at is None or call.model.preprocesses is None or last_name(at.func) in VERBS:
        return None
    given = inputs_of(at)
    if given is None or not isinstance(at.func, ast.Name):
        return None
    source = trouble.source
    edits = [source.replace(at.func, f"{source.segment(at.func)}.predict")]
    texts = _texts(call)
    if texts is not None and not texts.shape:
        edits.append(source.replace(given, f"[{source.segment(given)}]"))
    edits += source.without_keyword(at, "training")
    return Repair(tuple(edits))


@repairs("text-not-tokenized")
def tokenize_at_the_call(trouble: Trouble) -> Repair | None:
    """The model gets an encoding of the texts in their place."""
    call, at = trouble.call, trouble.at
    if call is None or at is None or call.model.preprocesses is not None:
        return None
    texts = _texts(call)
    given = _given(trouble, at, call)
    if texts is None or given is None:
        return None
    source = trouble.source
    tokenizer = _Tokenizer.of(trouble, call, at)
    if tokenizer is None:
        return None
    verb = last_name(at.func) in VERBS
    dataset = _dataset(trouble, given) if verb else None
    if dataset is not None:
        return _before_the_dataset(trouble, call, dataset, tokenizer)
    if verb and any(_is_dataset(origin.node) for origin in trouble.flow.chain(given)):
        return None
    encoded = tokenizer.encoding(trouble, source.segment(given), given, many=bool(texts.shape), direct=not verb)
    if not verb:
        return _into_a_call(trouble, call, at, given, encoded)
    name = _free(trouble, "enc")
    return Repair(
        (
            *tokenizer.before(trouble, at),
            source.before(at, f"{name} = {encoded}"),
            source.replace(given, _as_inputs(call, name, tokenizer)),
        )
    )


class _Tokenizer:
    """A tokenizer that the cell can call, or the line that loads it."""

    def __init__(self, said: str, value: Any, line: str | None = None) -> None:
        self.said, self.value, self.line = said, value, line

    @classmethod
    def of(cls, trouble: Trouble, call: CallFacts, at: ast.AST) -> _Tokenizer | None:
        """The only one at hand, or the one of the model's checkpoint."""
        if call.model.speaks_hub:
            hub = {name: each for name, each in trouble.namespace.items() if name[:1] != "_" and is_hub(each)}
            found = {name: each for name, each in hub.items() if "Preprocessor" in type(each).__name__}
            known = [(name, each) for name, each in found.items() if is_known(trouble, name, at)]
            return cls(*known[0]) if len(known) == 1 else None
        known = [(name, each) for name, each in tokenizers(trouble).items() if is_known(trouble, name, at)]
        own = call.tokenizer.said if call.tokenizer is not None else None
        if len(known) != 1:
            known = [each for each in known if each[0] == own]
        if len(known) == 1:
            return cls(*known[0])
        pretrained = next((each.encoder.pretrained for each in call.encoder_calls if each.encoder.pretrained), None)
        if pretrained is None or tokenizers(trouble):
            return None
        imports = "" if "AutoTokenizer" in trouble.namespace else "from transformers import AutoTokenizer\n"
        return cls("tokenizer", None, f"{imports}tokenizer = AutoTokenizer.from_pretrained({json.dumps(pretrained)})")

    def encoding(self, trouble: Trouble, text: str, given: ast.expr, *, many: bool, direct: bool) -> str:
        """The call that makes the model's inputs of the texts."""
        call = trouble.call
        assert call is not None
        if is_hub(self.value):
            return f"{self.said}({text if many else f'[{text}]'})"
        kind = "pt" if call.model.framework == "torch" else "np"
        if direct and call.model.framework == "tf-keras":
            kind = "tf"
        texts = _as_list(trouble, given, text) if many else text
        length = _fixed_length(call)
        padding = "padding=True, truncation=True"
        if length is not None:
            longest = written_as(trouble, length, given)
            padding = f'padding="max_length", truncation=True, max_length={longest}'
        elif not many:
            padding = "truncation=True"
        return f'{self.said}({texts}, {padding}, return_tensors="{kind}")'

    def before(self, trouble: Trouble, node: ast.AST) -> list[Edit]:
        """The line that loads it, where one is needed."""
        return [] if self.line is None else [trouble.source.before(node, *self.line.split("\n"))]


def _texts(call: CallFacts) -> TensorFacts | None:
    found = [each for each in call.inputs if each.values is not None and each.values.dtype.kind in "OUS"]
    return found[0] if found else None


def _given(trouble: Trouble, at: ast.Call, call: CallFacts) -> ast.expr | None:
    """The expression of the texts: the first argument, or the keyword of the ids."""
    named = keyword_of(at, call.model.name("input_ids"))
    if named is not None:
        return named.value
    spread = [each.value for each in at.keywords if each.arg is None]
    given = inputs_of(at)
    whole = given if given is not None else spread[0] if len(spread) == 1 else None
    if whole is None:
        return None
    held = trouble.flow.resolve(whole).node
    if isinstance(held, ast.Dict):
        return None
    return whole


def _as_list(trouble: Trouble, given: ast.expr, text: str) -> str:
    """The texts as a list of strings, which a tokenizer takes."""
    held = trouble.value(given.id) if isinstance(given, ast.Name) else None
    made = trouble.flow.resolve(given).node
    if isinstance(made, ast.Call) and last_name(made.func) in ("array", "asarray") and made.args and made is given:
        inner = made.args[0]
        return _as_list(trouble, inner, trouble.source.segment(inner))
    if isinstance(made, ast.Call) and last_name(made.func) in ("constant", "convert_to_tensor") and made.args:
        inner = made.args[0]
        if isinstance(inner, (ast.Name, ast.List)) and is_known(trouble, trouble.source.segment(inner), given):
            return _as_list(trouble, inner, trouble.source.segment(inner))
        raise NotEditable
    if type(held).__name__ == "EagerTensor":
        raise NotEditable
    if isinstance(held, list) or isinstance(made, (ast.List, ast.ListComp)):
        return text
    if isinstance(given, ast.Subscript) and isinstance(given.slice, ast.Slice):
        owner = trouble.value(given.value.id) if isinstance(given.value, ast.Name) else None
        if isinstance(owner, list):
            return text
    return f"list({text})"


def _fixed_length(call: CallFacts) -> int | None:
    """The length that a functional model's `Input`s have."""
    lengths = {each.shape[-1] for each in call.model.inputs if each.shape is not None and len(each.shape) == 2}
    length = lengths.pop() if len(lengths) == 1 else None
    return length if call.model.is_of_inputs else None


def _is_dataset(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) in (*_SLICES, "DataLoader", "from_generator", "map")


def _dataset(trouble: Trouble, given: ast.expr) -> ast.Call | None:
    """The `from_tensor_slices` that the data come from."""
    node: ast.expr = given
    for _ in range(16):
        node = trouble.flow.resolve(node).node if isinstance(node, ast.Name) else node
        if isinstance(node, ast.Call) and last_name(node.func) in _SLICES:
            return node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and last_name(node.func) != "map":
            node = node.func.value
            continue
        break
    for origin in trouble.flow.chain(given):
        if isinstance(origin.node, ast.Call) and last_name(origin.node.func) in _SLICES:
            return origin.node
    return None


def _before_the_dataset(trouble: Trouble, call: CallFacts, made: ast.Call, tokenizer: _Tokenizer) -> Repair | None:
    if not made.args:
        return None
    source, whole = trouble.source, made.args[0]
    texts = whole.elts[0] if isinstance(whole, ast.Tuple) else whole
    if isinstance(texts, (ast.Dict, ast.Tuple)):
        return None
    encoded = tokenizer.encoding(trouble, source.segment(texts), texts, many=True, direct=False)
    text = _as_inputs(call, "enc", tokenizer)
    if isinstance(whole, (ast.Name, ast.Call)) and trouble.flow.resolve(whole).node is not whole:
        return None
    name = _free(trouble, "enc")
    edits = [
        *tokenizer.before(trouble, made),
        source.before(made, f"{name} = {encoded}"),
        source.replace(texts, text.replace("enc", name) if name != "enc" else text),
    ]
    return Repair(tuple(edits))


def _as_inputs(call: CallFacts, name: str, tokenizer: _Tokenizer) -> str:
    """An encoding in the form that the model takes: as a dict, or as a list in the order of its inputs."""
    if is_hub(tokenizer.value):
        return name
    inputs = call.model.inputs
    known = {each: own for own in _ROLES for each in (own, _ROLES[own])}
    if call.model.is_of_inputs and inputs:
        roles = [each.role or known.get(each.name) for each in inputs]
        if any(role is None for role in roles):
            guessed = _by_order(inputs)
            if guessed is None:
                raise NotEditable
            roles = list(guessed)
        if len(inputs) == 1:
            return f'{name}["{roles[0]}"]'
        own = [each.name for each in inputs]
        if all(each == role for each, role in zip(own, roles, strict=True)) and set(own) == {*_given_by(tokenizer)}:
            return f"dict({name})"
        if all(each in known for each in own) or call.model.speaks_hub:
            pairs = ", ".join(f'"{each}": {name}["{role}"]' for each, role in zip(own, roles, strict=True))
            return f"{{{pairs}}}"
        return "[" + ", ".join(f'{name}["{role}"]' for role in roles) + "]"
    return f"dict({name})"


def _by_order(inputs: Any) -> tuple[str, ...] | None:
    """Roles by words in the inputs' names, one each."""
    found = []
    for each in inputs:
        name = each.name.lower()
        role = "attention_mask" if "mask" in name else "token_type_ids" if "type" in name or "seg" in name else None
        role = role or ("input_ids" if "id" in name or "token" in name or "word" in name else None)
        found.append(role)
    return tuple(each for each in found if each) if None not in found and len(set(found)) == len(found) else None


def _given_by(tokenizer: _Tokenizer) -> tuple[str, ...]:
    return tuple(getattr(tokenizer.value, "model_input_names", ()))


def _into_a_call(trouble: Trouble, call: CallFacts, at: ast.Call, given: ast.expr, encoded: str) -> Repair | None:
    """The direct call with the encoding: spread for PyTorch, as it is for Keras."""
    source = trouble.source
    if call.tokenizer is None and not tokenizers(trouble) and not call.model.speaks_hub:
        raise NotEditable
    named = keyword_of(at, call.model.name("input_ids"))
    spread = "**" if call.model.framework == "torch" or named is not None else ""
    if call.model.is_of_inputs and not call.model.speaks_hub:
        return None
    if call.model.speaks_hub:
        spread = ""
    if named is not None:
        edits = source.without_keyword(at, "attention_mask") if len(at.keywords) > 1 else []
        return Repair((source.replace(named, f"**{encoded}"), *edits))
    if len(at.args) > 1:
        return None
    return Repair((source.replace(given, f"{spread}{encoded}"),))


def _free(trouble: Trouble, name: str) -> str:
    """A name that the cell does not use."""
    taken = {node.id for node in ast.walk(trouble.source.tree) if isinstance(node, ast.Name)} | {*trouble.namespace}
    return next(each for each in (name, "encoded", "encoding", "tokenized", "enc_") if each not in taken)
