"""Mends what is not fed, or is fed in another's place: missing inputs, vectors for token ids, a signature's tensors."""

from __future__ import annotations

import ast
import re

from bertmagic.facts.loading import ArgumentsFacts, ReloadedFacts, SpecFacts
from bertmagic.repair.asked import quoted
from bertmagic.repair.feeding import VERBS, argument_names, fed, inputs_of
from bertmagic.repair.masks import is_known, mask_at
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.dialect import HUB


@repairs("input-missing")
def feed_what_is_missing(trouble: Trouble) -> Repair | None:
    """Each missing input comes from the encoding that the ids come from; a mask else from the ids."""
    at, call = trouble.at, trouble.call
    missing = trouble.finding.evidence.get("missing")
    if at is None or call is None or not isinstance(missing, list):
        return None
    ids = next((each for each in call.inputs if each.role == "input_ids"), None)
    whole = inputs_of(at)
    if ids is None or whole is None:
        return None
    given = fed(trouble, at, ids.name)
    node = given.expression if given is not None else None
    if node is None and len(call.inputs) == 1:
        node = whole
    if node is None:
        return None
    source = trouble.source
    texts = {ids.name: source.segment(node)}
    for name in missing:
        wanted = call.model.input(name)
        role = (wanted.role if wanted is not None else None) or name
        text = _beside(trouble, node, role)
        if text is None and role == "attention_mask":
            mask = mask_at(trouble, node, at, ids)
            text = mask.text if mask is not None and not mask.edits else None
        if text is None:
            return None
        texts[name] = text
    holder = trouble.flow.resolve(whole).node
    if isinstance(holder, ast.Dict):
        return Repair(tuple(source.append(holder, f"{quoted(trouble, name)}: {texts[name]}") for name in missing))
    if len(call.inputs) != 1 or last_name(at.func) not in VERBS or isinstance(holder, (ast.Tuple, ast.List)):
        return None
    if node is not whole and ast.unparse(node) != ast.unparse(whole):
        return None
    order = [each.name for each in call.model.inputs if each.name in texts]
    struct = getattr(trouble.model, "_inputs_struct", None)
    if call.model.framework == "keras" and not isinstance(struct, (list, tuple)):
        text = "{" + ", ".join(f"{quoted(trouble, name)}: {texts[name]}" for name in order) + "}"
    else:
        text = "[" + ", ".join(texts[name] for name in order) + "]"
    return Repair((source.replace(whole, text),))


def _beside(trouble: Trouble, node: ast.expr, role: str) -> str | None:
    """The expression with the ids' key become another of the same encoding, where the encoding has it."""
    text = trouble.source.segment(node)
    hub = {name: own for own, name in HUB.items()}
    key = HUB.get(hub.get(role, role), role) if "token_ids" in text else role  # type: ignore[call-overload]
    own = "token_ids" if "token_ids" in text else "input_ids"
    root = re.match(r"\w+", text)
    held = trouble.value(root[0]) if root is not None else None
    known = getattr(held, "keys", None)
    if text.count(own) != 1 or known is None or key not in set(known()):
        return None
    beside = text.replace(own, str(key))
    return beside if is_known(trouble, beside, node) else None


@repairs("embeddings-as-ids")
def give_embeddings_or_ids(trouble: Trouble) -> Repair | None:
    """Embeddings of each token go by their own name; vectors of texts give way to the texts' token ids."""
    at, call = trouble.at, trouble.call
    if at is None or call is None or not call.encoder_calls:
        return None
    source, whole = trouble.source, inputs_of(at)
    ids = call.encoder_calls[0].encoder.name("input_ids")
    shape, encoder = trouble.finding.evidence.get("shape"), call.encoder_calls[0].encoder
    of_tokens = isinstance(shape, list) and len(shape) == 3 and shape[2] == call.model.sizes.get("hidden")
    if of_tokens and "inputs_embeds" in encoder.takes:
        given = keyword_of(at, ids)
        if given is not None:
            start = source.span(given)[0]
            return Repair((Edit(start, (start[0], start[1] + len(ids)), "inputs_embeds"),))
        if whole is None or last_name(at.func) in VERBS or any(isinstance(each, ast.Starred) for each in at.args):
            return None
        if isinstance(trouble.flow.resolve(whole).node, ast.Dict):
            return None
        # What follows by position goes by name then, too.
        # Keras 2 takes the first argument by position (tf_keras 2.21, `base_layer.py`).
        first = "None, inputs_embeds" if call.model.framework == "tf-keras" else "inputs_embeds"
        names = [first, *argument_names(trouble, at)[1 : len(at.args)]]
        if len(names) != len(at.args):
            return None
        return Repair(
            tuple(edit for name, node in zip(names, at.args, strict=True) for edit in source.wrap(node, f"{name}="))
        )
    found = fed(trouble, at, ids)
    start_at = found.expression if found is not None and found.expression is not None else whole
    tokenizer = _tokenizer(trouble)
    if start_at is None or tokenizer is None or start_at is not whole:
        return None
    for step in trouble.flow.chain(start_at):
        node = step.node
        texts = node.args[0] if isinstance(node, ast.Call) and node.args else None
        held = trouble.value(texts.id) if isinstance(texts, ast.Name) else None
        strings = isinstance(held, (list, tuple)) and held and all(isinstance(each, str) for each in held)
        if not strings or texts is None or step.path:
            continue
        tensors = "pt" if call.model.framework == "torch" else "np" if last_name(at.func) in VERBS else "tf"
        asked = f"padding=True, truncation=True, return_tensors={quoted(trouble, tensors)}"
        made = f"{tokenizer}({source.segment(texts)}, {asked})"
        made = f"dict({made})" if last_name(at.func) in VERBS else made
        edits = [source.replace(node, made)]
        if call.model.framework == "torch":
            edits += source.wrap(whole, "**") if whole in at.args else []
        return Repair(tuple(edits))
    return None


def _tokenizer(trouble: Trouble) -> str | None:
    """The cell's only tokenizer of transformers."""
    found = [
        name
        for name, value in trouble.namespace.items()
        if not name.startswith("_") and hasattr(type(value), "convert_ids_to_tokens") and not isinstance(value, type)
    ]
    return found[0] if len(found) == 1 else None


@repairs("saved-model-call")
def call_the_signature(trouble: Trouble) -> Repair | None:
    """The tensors are given as the signature takes them: cast, by its names, in its way of passing them."""
    raised, at = trouble.cell.raised, trouble.raised_at
    facts = None if raised is None else raised.loading
    tf = trouble.module("tensorflow")
    if not isinstance(at, ast.Call) or not isinstance(facts, ReloadedFacts) or tf is None or not facts.takes:
        return None
    if facts.given is None or len(facts.takes) != 1 or facts.takes[0].form != "keywords":
        return None
    return _as_keywords(trouble, at, facts.takes[0], facts.given, tf)


def _as_keywords(
    trouble: Trouble, at: ast.Call, takes: ArgumentsFacts, given: ArgumentsFacts, tf: str
) -> Repair | None:
    source = trouble.source
    wanted = {each.name: each for each in takes.tensors if each.name is not None}
    spec = {each.name: each for each in given.tensors}
    if given.form == "keywords" and set(spec) == set(wanted):
        edits: list[Edit] = []
        for each in at.keywords:
            if each.arg is None:
                return _cast_items(trouble, at, each, wanted, tf)
            dtype = _other(wanted.get(each.arg), spec.get(each.arg))
            if dtype is not None:
                edits += source.wrap(each.value, f"{tf}.cast(", f", {tf}.{dtype})")
        return Repair(tuple(edits)) if edits else None
    if given.form == "dict" and set(spec) == set(wanted) and len(at.args) == 1 and not at.keywords:
        if any(_other(wanted[name], spec[name]) for name in wanted):
            return None
        return Repair(tuple(source.wrap(at.args[0], "**")))
    return None


def _cast_items(
    trouble: Trouble, at: ast.Call, spread: ast.keyword, wanted: dict[str, SpecFacts], tf: str
) -> Repair | None:
    dtypes = {each.dtype for each in wanted.values()}
    if len(dtypes) != 1 or len(at.keywords) != 1:
        return None
    text = trouble.source.segment(spread.value)
    made = f"{{key: {tf}.cast(value, {tf}.{dtypes.pop()}) for key, value in {text}.items()}}"
    return Repair((trouble.source.replace(spread.value, made),))


def _other(takes: SpecFacts | None, given: SpecFacts | None) -> str | None:
    """The dtype that is taken, where another is given."""
    if takes is None or given is None or takes.dtype is None or given.dtype in (None, takes.dtype):
        return None
    return takes.dtype
