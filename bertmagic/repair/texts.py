"""Mends what a tokenizer is given as texts: values that are none, lists of words, arrays and columns."""

from __future__ import annotations

import ast

from bertmagic.facts.cell import TextFacts, TokenizerCallFacts
from bertmagic.repair.feeding import VERBS, inputs_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.tokenizing import failed, texts_of, with_settings
from bertmagic.repair.trouble import Repair, Trouble

_MISSING = frozenset({"NoneType", "float", "NAType", "NaTType"})
_COLUMNS = frozenset({"Series", "ndarray", "Index", "StringArray", "ArrowStringArray"})


@repairs("text-not-valid")
def leave_the_rows_out_of_the_table(trouble: Trouble) -> Repair | None:
    """The texts are a column of a table that the cell makes: it drops the rows without a text, their labels along."""
    for texts, given in _given(trouble):
        if not texts.odd or not {kind for _, kind, _ in texts.odd} <= _MISSING:
            continue
        for origin in trouble.flow.chain(given):
            edit = _dropped(trouble, origin.node)
            if edit is not None:
                return Repair((edit,), instead="give an empty text in their place")
    return None


@repairs("text-not-valid")
def leave_the_records_out(trouble: Trouble) -> Repair | None:
    """Texts and labels are taken out of the same records: those without a text are left out of them."""
    source, flow = trouble.source, trouble.flow
    for texts, given in _given(trouble):
        if not texts.odd or not {kind for _, kind, _ in texts.odd} <= {"NoneType"}:
            continue
        made = flow.resolve(given).node
        if not isinstance(made, ast.ListComp) or len(made.generators) != 1 or made.generators[0].ifs:
            continue
        loop = made.generators[0]
        if not isinstance(loop.iter, ast.Name) or not isinstance(loop.target, ast.Name):
            continue
        if not isinstance(made.elt, (ast.Subscript, ast.Attribute)) or not _readers(trouble, loop.iter.id, given):
            continue
        one, whole = loop.target.id, loop.iter.id
        if ast.unparse(made.elt.value) != one:
            continue
        line = f"{whole} = [{one} for {one} in {whole} if {source.segment(made.elt)} is not None]"
        first = min(
            (
                node
                for node in source.nodes(ast.Name)
                if isinstance(node, ast.Name) and node.id == whole and isinstance(node.ctx, ast.Load)
            ),
            key=lambda node: (node.lineno, node.col_offset),
        )
        if source.scope(first) is not source.scope(loop.iter):
            continue
        return Repair((source.before(first, line),), instead="give an empty text in their place")
    return None


@repairs("text-not-valid")
def give_strings(trouble: Trouble) -> Repair | None:
    """The texts as strings, row by row, so that they stay beside their labels."""
    for texts, given in _given(trouble):
        text = _as_strings(trouble, texts, given)
        if text is None:
            continue
        missing = bool(texts.odd) and {kind for _, kind, _ in texts.odd} <= _MISSING
        if missing:
            return Repair(
                (trouble.source.replace(given, text),),
                title="Give an empty text in place of what is missing",
                instead="leave these rows and their labels out",
            )
        return Repair((trouble.source.replace(given, text),))
    return None


def _given(trouble: Trouble) -> list[tuple[TextFacts, ast.expr]]:
    """The texts at fault, with the expressions that give them."""
    found = []
    for facts, node in failed(trouble):
        first = texts_of(node)
        second = keyword_of(node, "text_pair")
        pair = second.value if second is not None else node.args[1] if len(node.args) > 1 else None
        if last_name(node.func) in VERBS:
            first = inputs_of(node)
        for texts, given in ((facts.texts, first), (facts.pairs, pair)):
            if texts is not None and given is not None and _at_fault(texts):
                found.append((texts, given))
    # A task's own preprocessor may have met them: then the evidence tells which they are.
    told = trouble.finding.evidence.get("not strings", ())
    odd = tuple((int(index), str(kind), str(text)) for index, kind, text in told)
    for call in () if found or not odd else trouble.cell.calls:
        at = trouble.source.call_at(call.sites)
        given = None if at is None or not trouble.cell.ended_in(call.error) else inputs_of(at)
        if given is not None and call.model.preprocesses is not None:
            found.append((TextFacts(None, "batch", "list", odd=odd), given))
    return found


def _at_fault(texts: TextFacts) -> bool:
    return bool(texts.odd) or texts.shape == "other" or bool(texts.inner)


def _dropped(trouble: Trouble, node: ast.expr) -> Edit | None:
    """The making of a table without the rows that lack what a column of it is read for."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in (
        "tolist", "to_list", "to_numpy", "astype",
    ):  # fmt: skip
        node = node.func.value
    if isinstance(node, ast.Attribute) and node.attr == "values":
        node = node.value
    if isinstance(node, ast.Call) and last_name(node.func) == "list" and len(node.args) == 1:
        node = node.args[0]
    column, table = None, None
    if isinstance(node, ast.Subscript) and isinstance(constant(node.slice), str):
        column, table = constant(node.slice), node.value
    elif isinstance(node, ast.Attribute):
        column, table = node.attr, node.value
    if not isinstance(table, ast.Name) or type(trouble.value(table.id)).__name__ != "DataFrame":
        return None
    source = trouble.source
    bound = trouble.flow.bound(table.id, table)
    line = f'{table.id} = {table.id}.dropna(subset=["{column}"])'
    if bound is not None:
        return source.after(bound.by, line) if isinstance(bound.by, ast.stmt) and not bound.path else None
    reads = [each for each in source.nodes(ast.Name) if isinstance(each, ast.Name) and each.id == table.id]
    first = min(reads, key=lambda each: (each.lineno, each.col_offset))
    return source.before(first, line) if isinstance(source.scope(first), ast.Module) else None


def _readers(trouble: Trouble, name: str, given: ast.expr) -> bool:
    """Whether the labels come of the same records, so that they stay beside the texts."""
    reads = [
        node
        for node in ast.walk(trouble.source.tree)
        if isinstance(node, ast.comprehension) and isinstance(node.iter, ast.Name) and node.iter.id == name
    ]
    return len(reads) > 1 and given is not None


def _as_strings(trouble: Trouble, texts: TextFacts, given: ast.expr) -> str | None:
    text = trouble.source.segment(given)
    simple = isinstance(given, (ast.Name, ast.Call, ast.Subscript, ast.Attribute, ast.List))
    held = text if simple else f"({text})"
    kinds = {kind for _, kind, _ in texts.odd}
    if texts.inner:
        if set(texts.inner) == {1} and not texts.odd:
            return f"[row[0] for row in {held}]"
        return None
    if not texts.odd:
        if texts.framework in ("tensorflow", "tf-keras", "keras"):
            return f"[text.decode() for text in {held}.numpy()]" if texts.kind == "EagerTensor" else None
        if texts.kind == "bytes":
            return f"{held}.decode()"
        if texts.kind in _COLUMNS:
            return f"{held}.tolist()"
        return f"list({text})" if texts.kind in ("generator", "map", "filter", "dict_values", "Column", "set") else None
    if kinds == {"bytes"}:
        return f"[text.decode() for text in {held}]" if texts.shape == "batch" else f"{held}.decode()"
    if texts.shape == "text":
        return None
    if texts.shape == "other" and texts.kind not in _COLUMNS:
        return None
    if kinds <= {"NoneType"}:
        return f'[text or "" for text in {held}]'
    if kinds <= _MISSING and not _are_numbers(texts):
        return f'[text if isinstance(text, str) else "" for text in {held}]'
    if kinds <= {"int", "float", "bool", "int64", "float64", "int32"} and "nan" not in {each for *_, each in texts.odd}:
        return f"[str(text) for text in {held}]"
    return None


def _are_numbers(texts: TextFacts) -> bool:
    return any(kind == "float" and text != "nan" for _, kind, text in texts.odd)


# Words of one text that are taken for texts.


@repairs("word-list-as-batch")
def say_that_it_is_split(trouble: Trouble) -> Repair | None:
    """The words stay as they are: the tokenizer is told that they are one text's."""
    source = trouble.source
    for facts, node in _word_lists(trouble):
        given = texts_of(node)
        if given is None or facts.tokenizer.library == "keras-hub":
            continue
        edits = with_settings(trouble, node, is_split_into_words="True")
        if not facts.texts.inner:
            edits = [source.replace(given, f"[{source.segment(given)}]"), *edits]
        return Repair(tuple(edits))
    return None


@repairs("word-list-as-batch")
def give_the_text_as_a_whole(trouble: Trouble) -> Repair | None:
    """KerasHub takes texts: the one that was split, or its words joined."""
    source = trouble.source
    for facts, node in _word_lists(trouble):
        given = texts_of(node)
        if given is None or facts.tokenizer.library != "keras-hub":
            continue
        made = trouble.flow.resolve(given).node
        if facts.texts.inner:
            return Repair((source.replace(given, f'[" ".join(words) for words in {source.segment(given)}]'),))
        splits = made is given and isinstance(made, ast.Call) and not made.args and last_name(made.func) == "split"
        if splits and isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute):
            return Repair((source.replace(given, f"[{source.segment(made.func.value)}]"),))
        return Repair((source.replace(given, f'[" ".join({source.segment(given)})]'),))
    return None


def _word_lists(trouble: Trouble) -> list[tuple[TokenizerCallFacts, ast.Call]]:
    """The calls that were given words: those that failed, else the one that the finding's list is of."""
    ended = list(failed(trouble))
    if ended:
        return ended
    words = trouble.finding.evidence.get("words")
    return [
        (facts, node)
        for facts, node in trouble.tokenizer_calls()
        if facts.texts.shape == "batch" and facts.texts.count == words and not facts.texts.with_spaces
    ]
