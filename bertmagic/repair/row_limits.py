"""Mends rows that are longer than the model has positions for, or not of the length that it was made for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.facts.cell import TokenizerCallFacts
from bertmagic.repair.feeding import VERBS, fed, inputs_of
from bertmagic.repair.masks import mask_beside, mask_made
from bertmagic.repair.places import top_level
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.tokenizing import literal, setting, siblings, with_settings, written_as
from bertmagic.repair.trouble import Repair, Trouble

_NO_LIMIT = 10**9
# More than this many positions that no token takes is no offset of the model's, but another length.
_MOST_OFFSET = 8


@repairs("sequence-too-long")
def truncate_in_the_tokenizer(trouble: Trouble) -> Repair | None:
    """The tokenizer's call truncates to what the model takes, less what the cell puts beside its tokens."""
    most, length = _told(trouble, "most"), _told(trouble, "length")
    if most is None or length is None:
        return None
    beside, name = 0, ""
    calls = list(_made(trouble, length))
    if not calls and _is_embedded(trouble):
        beside, name = _put_beside(trouble, length)
        calls = list(_made(trouble, length - beside)) if beside else []
    edits: list[Edit] = []
    for facts, node in calls:
        if facts.tokenizer.library == "keras-hub":
            return None
        if beside:
            new = with_settings(trouble, node, truncation="True", max_length=f"{most} - {name}")
        else:
            new = _truncated(trouble, facts, node, most)
        edits += [each for each in new if each not in edits]
        for other in siblings(trouble, node)[1:] if not beside else ():
            edits += [each for each in _truncated(trouble, facts, other, most) if each not in edits]
    return Repair(tuple(edits)) if edits else None


@repairs("sequence-too-long")
def write_the_limit(trouble: Trouble) -> Repair | None:
    """The length stands in the cell as a number, once or by one name: it becomes the model's."""
    most, length = _told(trouble, "most"), _told(trouble, "length")
    places = [] if length is None else _numbers(trouble, length)
    if most is None or not places:
        return None
    return Repair(tuple(trouble.source.replace(each, str(most)) for each in places))


@repairs("sequence-too-long")
def pack_shorter(trouble: Trouble) -> Repair | None:
    """A KerasHub preprocessor packs to the model's length: where it is made, else from here on."""
    most = _told(trouble, "most")
    if most is None:
        return None
    edits: list[Edit] = []
    for facts, node in trouble.tokenizer_calls():
        if facts.tokenizer.holds and last_name(node.func) not in VERBS:
            edits += [each for each in _packed(trouble, facts, node, str(most)) if each not in edits]
    return Repair(tuple(edits)) if edits else None


@repairs("sequence-too-long")
def cut_at_the_call(trouble: Trouble) -> Repair | None:
    """The rows come from an earlier cell, or are put together here: they are cut where the model gets them."""
    call, at, most = trouble.call, trouble.at, _told(trouble, "most")
    if call is None or most is None:
        return None
    for encoder_call in call.encoder_calls:
        at = trouble.encoder_at(encoder_call) or trouble.at
        if at is not None:
            names = [encoder_call.encoder.name(role) for role in ("input_ids", "attention_mask", "token_type_ids")]
            edits = _cut(trouble, at, names, most)
            if edits:
                return Repair(tuple(edits))
    return None


@repairs("sequence-length-mismatch")
def pad_to_the_length(trouble: Trouble) -> Repair | None:
    """The tokenizer pads and truncates to the length that the model was made for."""
    expected = trouble.finding.evidence.get("expected")
    lengths = trouble.finding.evidence.get("lengths")
    if not isinstance(expected, dict) or not isinstance(lengths, dict):
        return None
    length, given = next(iter(expected.values())), set(lengths.values())
    edits: list[Edit] = []
    for facts, node in trouble.tokenizer_calls():
        if not set(facts.lengths) & given:
            continue
        if facts.tokenizer.library == "keras-hub":
            if facts.tokenizer.holds:
                new = _packed(trouble, facts, node, _length_as(trouble, length, node))
                edits += [edit for edit in new if edit not in edits]
            continue
        for each in siblings(trouble, node):
            settings = {"padding": '"max_length"', "truncation": "True"}
            edits += [
                edit
                for edit in with_settings(trouble, each, **settings, max_length=_length_as(trouble, length, each))
                if edit not in edits
            ]
    return Repair(tuple(edits)) if edits else None


@repairs("sequence-length-mismatch")
def pad_the_encoding(trouble: Trouble) -> Repair | None:
    """The encoding is an earlier cell's: it is padded before the call, by the tokenizer."""
    call, at, expected = trouble.call, trouble.at, trouble.finding.evidence.get("expected")
    if call is None or at is None or not isinstance(expected, dict) or call.tokenizer is None:
        return None
    length, said = next(iter(expected.values())), call.tokenizer.said
    first = next((each for each in call.inputs if each.name in expected), None)
    if first is None or first.shape[-1] > length or said is None or call.tokenizer.library == "keras-hub":
        return None
    holder = next((each.partition("[")[0] for each in [first.item or first.said or ""] if "[" in each), None)
    held = trouble.value(holder)
    if holder is None or type(held).__name__ != "BatchEncoding" or trouble.flow.definition(holder) is not None:
        return None
    kind = "pt" if call.model.framework == "torch" else "np"
    line = f'{holder} = {said}.pad({holder}, padding="max_length", max_length={length}, return_tensors="{kind}")'
    return Repair((trouble.source.before(at, line),))


@repairs("sequence-length-mismatch")
def take_what_is_beside(trouble: Trouble) -> Repair | None:
    """A mask or token types of another length than the ids: those of the ids' own encoding, or made from the ids."""
    call = trouble.call
    if call is None or "expected" in trouble.finding.evidence:
        return None
    for at, names in _calls(trouble):
        ids, mask, types = (fed(trouble, at, name) for name in names)
        if ids is None or ids.expression is None:
            continue
        tensor = next((each for each in call.inputs if each.role == "input_ids"), None)
        width = None if tensor is None else tensor.shape[-1]
        edits = []
        for role, found in (("attention_mask", mask), ("token_type_ids", types)):
            given = next((each for each in call.inputs if each.role == role), None)
            if found is None or found.expression is None or given is None or given.shape[-1] == width:
                continue
            text = mask_beside(trouble, ids.expression, found.expression)
            if role == "token_type_ids":
                text = None if text is None else text.replace("attention_mask", role)
            elif text is None:
                text = mask_made(trouble, trouble.source.segment(ids.expression), tensor)
            if text is None:
                return None
            edits.append(trouble.source.replace(found.expression, text))
        if edits:
            return Repair(tuple(edits))
    return None


def _packed(trouble: Trouble, facts: TokenizerCallFacts, node: ast.Call, length: str) -> list[Edit]:
    """The preprocessor with another length: made so in this cell, else set before it is called."""
    made = trouble.flow.resolve(node.func).node
    if isinstance(made, ast.Call):
        return trouble.source.keyword(made, "sequence_length", length)
    said = facts.tokenizer.said
    return (
        [] if said is None else [trouble.source.before(top_level(trouble, node), f"{said}.sequence_length = {length}")]
    )


def _calls(trouble: Trouble) -> Iterator[tuple[ast.Call, list[str]]]:
    """The calls of the encoder and of the model, with their names of the ids, the mask and the types."""
    call = trouble.call
    roles = ("input_ids", "attention_mask", "token_type_ids")
    for each in () if call is None else call.encoder_calls:
        at = trouble.encoder_at(each)
        if at is not None:
            yield at, [each.encoder.name(role) for role in roles]  # type: ignore[arg-type]
    if call is not None and trouble.at is not None:
        yield trouble.at, [call.model.name(role) for role in roles]  # type: ignore[arg-type]


def _told(trouble: Trouble, name: str) -> int | None:
    value = trouble.finding.evidence.get(name)
    return value if isinstance(value, int) else None


def _made(trouble: Trouble, length: int) -> Iterator[tuple[TokenizerCallFacts, ast.Call]]:
    """The tokenizer's calls that gave rows of that length, each place once."""
    seen: list[ast.Call] = []
    for facts, node in trouble.tokenizer_calls():
        if node not in seen and max(facts.lengths, default=0) == length:
            seen.append(node)
            yield facts, node


def _truncated(trouble: Trouble, facts: TokenizerCallFacts, call: ast.Call, most: int) -> list[Edit]:
    given = setting(trouble, call, "max_length")
    settings = {}
    truncation = setting(trouble, call, "truncation")
    if truncation is None or constant(truncation) in (False, "do_not_truncate", "only_first", "only_second", None):
        settings["truncation"] = "True"
    if given is not None:
        place, value = literal(trouble, given)
        if isinstance(value, int) and value <= most:
            return with_settings(trouble, call, **settings)
        if isinstance(value, int) and constant(place) == value:
            return [trouble.source.replace(place, str(most)), *with_settings(trouble, call, **settings)]
        if not isinstance(value, int):
            value = max(facts.lengths)
        # An expression of the model's, such as RoBERTa's positions, two of which no token takes.
        ends = [each.node for each in trouble.flow.chain(given) if not each.path][-1]
        less, text = value - most, str(most)
        if isinstance(ends, ast.Attribute) and 0 < less < _MOST_OFFSET:
            text = f"{trouble.source.segment(ends)} - {less}"
        return [trouble.source.replace(ends, text), *with_settings(trouble, call, **settings)]
    limit = getattr(trouble.value(facts.tokenizer.said), "model_max_length", _NO_LIMIT)
    if settings and isinstance(limit, int) and limit <= most:
        return with_settings(trouble, call, **settings)
    return with_settings(trouble, call, **settings, max_length=written_as(trouble, most, call))


def _is_embedded(trouble: Trouble) -> bool:
    """Whether embeddings are fed, to which the cell may have joined its own."""
    calls = () if trouble.call is None else trouble.call.encoder_calls
    return any(each.whole("inputs_embeds") is not None for each in calls)


def _put_beside(trouble: Trouble, length: int) -> tuple[int, str]:
    """How many vectors the cell joins to a text's own, and as it would write the number; 0 where that is not known."""
    made = {max(each.lengths, default=0) for each, _ in trouble.tokenizer_calls()}
    if len(made) != 1:
        return 0, ""
    beside = length - made.pop()
    used = {node.id for node in trouble.source.nodes(ast.Name) if isinstance(node, ast.Name)}
    named = [name for name in used if type(trouble.value(name)) is int and trouble.value(name) == beside]
    return beside, named[0] if len(named) == 1 else str(beside)


def _numbers(trouble: Trouble, length: int) -> list[ast.expr]:
    """Where the cell writes the length as a number: none where it may be another number by chance."""
    found = [
        node
        for node in trouble.source.nodes(ast.Constant)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value == length
    ]
    return list(found) if length > 512 else []


def _cut(trouble: Trouble, at: ast.Call, names: list[str], most: int) -> list[Edit]:
    """The inputs of a direct call, each cut along its sequence axis; of an encoding that is spread, the encoding."""
    source = trouble.source
    if last_name(at.func) in VERBS:
        return []
    spread = [each.value for each in at.keywords if each.arg is None]
    whole = inputs_of(at)
    edits: list[Edit] = []
    for name in names:
        given = keyword_of(at, name)
        if given is not None:
            edits += _sliced(trouble, given.value, most)
    if len(spread) == 1 and not at.args and isinstance(spread[0], ast.Name):
        text = source.segment(spread[0])
        return [*edits, source.replace(spread[0], f"{{name: rows[:, :{most}] for name, rows in {text}.items()}}")]
    if whole is not None and at.args:
        holder = trouble.flow.resolve(whole).node
        if isinstance(holder, ast.Dict):
            for key, value in zip(holder.keys, holder.values, strict=True):
                if constant(key) in names:
                    edits += _sliced(trouble, value, most)
            return edits
        held = trouble.value(whole.id) if isinstance(whole, ast.Name) else None
        if type(held).__name__ in ("BatchEncoding", "dict"):
            text = source.segment(whole)
            return [source.replace(whole, f"{{name: rows[:, :{most}] for name, rows in {text}.items()}}")]
        for each in at.args:
            edits += _sliced(trouble, each, most)
    return edits


def _sliced(trouble: Trouble, node: ast.expr, most: int) -> list[Edit]:
    return trouble.source.wrap(node, "", f"[:, :{most}]")


def _length_as(trouble: Trouble, length: int, at: ast.AST) -> str:
    """The length as the cell writes it: as in the `Input` that has it, else by its name in capitals."""
    for made in trouble.definitions("Input"):
        shape = keyword_of(made, "shape")
        value = shape.value if shape is not None else made.args[0] if made.args else None
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == 1:
            name = value.elts[0]
            held = trouble.value(name.id) if isinstance(name, ast.Name) else None
            bound = trouble.flow.bound(name.id, at) if isinstance(name, ast.Name) else None
            if isinstance(name, ast.Name) and held == length and (bound is not None or _is_of_before(trouble, name.id)):
                return name.id
    return written_as(trouble, length, at)


def _is_of_before(trouble: Trouble, name: str) -> bool:
    return trouble.flow.definition(name) is None
