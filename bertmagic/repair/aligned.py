"""Puts each word's label at the word's own tokens: by a fast tokenizer's `word_ids`, or by the pieces of each word."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from bertmagic.facts.call import CallFacts
from bertmagic.facts.cell import TokenizerCallFacts
from bertmagic.repair.feeding import labels_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.targets import IGNORED


@dataclass(frozen=True)
class _Words:
    """What made the tokens, and the cell's names: of the word lists, and of the labels, one list a text each."""

    made: TokenizerCallFacts
    at: ast.Call
    tags: str


@repairs("labels-not-aligned")
def align_by_word_ids(trouble: Trouble) -> Repair | None:
    """A fast tokenizer tells the word of each token: the label is looked up by it."""
    known = _known(trouble)
    if known is None or known.made.tokenizer.library == "keras-hub":
        return None
    encoding = _assigned(trouble, known.at)
    if encoding is None:
        return None
    outside = _ignored(trouble)
    written = _written(trouble, known.tags)
    if written is not None:
        statement, row, tags = written
        indices, before = _fresh(trouble, "word_ids"), "before"
        target = statement.targets[0]
        assert isinstance(target, ast.Subscript)
        labels = trouble.source.segment(target.value)
        mapping = _mapping(statement.value, tags) or f"{tags}[word]"
        indent = trouble.source.indent(statement)
        line = (
            f"{indices} = {encoding}.word_ids({row})\n"
            f"{indent}{labels}[{row}] = {_array(trouble, labels)}[\n"
            f"{indent}    {outside} if word in (None, {before}) else {mapping} "
            f"for {before}, word in zip([None, *{indices}], {indices})\n"
            f"{indent}]{')' if _array(trouble, labels) else ''}"
        )
        return Repair((trouble.source.replace(statement, line),))
    made = _comprehended(trouble, known.tags)
    if made is not None:
        comp, row, tags, over = made
        mapping = _mapping(comp.elt, tags) or f"{tags}[word]"
        indent = trouble.source.indent(comp)
        inner = f"[{outside} if word is None else {mapping} for word in {encoding}.word_ids({row})]"
        text = f"[\n{indent}    {inner}\n{indent}    for {row}, {tags} in enumerate({over})\n{indent}]"
        return Repair((trouble.source.replace(comp, text),))
    padded = _padded(trouble, known.tags)
    if padded is not None:
        indent = trouble.source.indent(padded)
        inner = f"[{outside} if word is None else tags[word] for word in {encoding}.word_ids(row)]"
        text = f"[\n{indent}    {inner}\n{indent}    for row, tags in enumerate({known.tags})\n{indent}]"
        library = trouble.module("torch") if _is_torch(trouble) else trouble.module("numpy")
        maker = "tensor" if _is_torch(trouble) else "array"
        if library is None:
            return None
        return Repair((trouble.source.replace(padded, f"{library}.{maker}({text})"),))
    appended = _appended(trouble, known.tags)
    if appended is not None:
        node, loop, tags = appended
        mapping = _mapping(node, tags) or f"{tags}[word]"
        counter, edits = _counted(trouble, loop)
        text = f"[{outside} if word is None else {mapping} for word in {encoding}.word_ids({counter})]"
        return Repair((*edits, trouble.source.replace(node, text)))
    return None


@repairs("labels-not-aligned")
def align_by_pieces(trouble: Trouble) -> Repair | None:
    """KerasHub's tokenizers tell the pieces of each word: the next word begins after them."""
    known = _known(trouble)
    if known is None or known.made.tokenizer.library != "keras-hub":
        return None
    said = known.made.tokenizer.said
    words = _word_lists(trouble, known.made)
    if said is None or words is None:
        return None
    tokenizer = f"{said}.tokenizer" if known.made.tokenizer.holds else said
    written = _written(trouble, known.tags)
    at, word, mark = _fresh(trouble, "at", "position"), _fresh(trouble, "word"), _fresh(trouble, "tag", "mark")
    if written is not None:
        statement, row, tags = written
        target = statement.targets[0]
        assert isinstance(target, ast.Subscript)
        labels = trouble.source.segment(target.value)
        indent = trouble.source.indent(statement)
        mapping = _each(statement.value, tags, mark)
        lines = [
            f"{at} = 1",
            f"{indent}for {word}, {mark} in zip({words}[{row}], {tags}):",
            f"{indent}    {labels}[{row}, {at}] = {mapping}",
            f"{indent}    {at} += len({tokenizer}({word}))",
        ]
        return Repair((trouble.source.replace(statement, "\n".join(lines)),))
    statement_of = _labels_statement(trouble, known.tags)
    numpy, shape = trouble.module("numpy"), _ids(trouble)
    if statement_of is None or numpy is None or shape is None:
        return None
    labels = ast.unparse(statement_of.targets[0])
    indent = trouble.source.indent(statement_of)
    sentence, marks = _fresh(trouble, "sentence"), _fresh(trouble, "marks")
    row, pieces = _fresh(trouble, "row", "index", "place"), _fresh(trouble, "pieces")
    outside = _outside(trouble)
    lines = [
        f"{labels} = {numpy}.full({shape}.shape, {outside})"
        if outside
        else f"{labels} = {numpy}.zeros({shape}.shape, int)",
        f"for {row}, ({sentence}, {marks}) in enumerate(zip({words}, {known.tags})):",
        f"    {at} = 1",
        f"    for {word}, {mark} in zip({sentence}, {marks}):",
        f"        {pieces} = len({tokenizer}({word}))",
        f"        {labels}[{row}, {at}:{at} + {pieces}] = {mark}",
        f"        {at} += {pieces}",
    ]
    return Repair((trouble.source.replace(statement_of, f"\n{indent}".join(lines)),))


def _known(trouble: Trouble) -> _Words | None:
    call = _call(trouble)
    made = None if call is None else trouble.cell.made(call)
    for facts, at in trouble.tokenizer_calls():
        if facts.words is None or (made is not None and facts is not made):
            continue
        names = [name for name in facts.words.labels if name.isidentifier() and name in trouble.namespace]
        names = [each for each in names if _used(trouble, each)] or _lists(trouble, facts)
        names = [each for each in names if each in _made_of(trouble)] or names
        if names:
            return _Words(facts, at, names[0])
    return None


def _made_of(trouble: Trouble) -> set[str]:
    """The names in what makes the labels that the model is given."""
    call = _call(trouble)
    at = None if call is None else trouble.source.call_at(call.sites)
    given = None if at is None else labels_of(trouble, at)
    if given is None or given.expression is None:
        return set()
    return {each.id for each in ast.walk(given.origin.node) if isinstance(each, ast.Name)}


def _call(trouble: Trouble) -> CallFacts | None:
    """The model's call: the finding is about the cell, and has none of its own."""
    return trouble.call or next((each for each in trouble.cell.calls if each.labels), None)


def _used(trouble: Trouble, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(trouble.source.tree))


def _lists(trouble: Trouble, made: TokenizerCallFacts) -> list[str]:
    """The names of lists with one item a word of each text, which are no words."""
    assert made.words is not None
    found = []
    for name, value in trouble.namespace.items():
        if name.startswith("_") or name == made.texts.said or not _used(trouble, name):
            continue
        try:
            lengths = tuple(len(each) for each in value if not isinstance(each, str))
        except TypeError:
            continue
        if lengths == made.words.counts and not all(isinstance(each, str) for row in value for each in row):
            found.append(name)
    return found


def _assigned(trouble: Trouble, at: ast.Call) -> str | None:
    """The name of the encoding that a tokenizer's call gives."""
    above = trouble.source.parent(at)
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name):
        return above.targets[0].id
    return None


def _written(trouble: Trouble, tags: str) -> tuple[ast.Assign, str, str] | None:
    """`labels[row, 1:1 + n] = tags` in a loop over the texts' labels: the statement, and its names."""
    for loop in trouble.source.nodes(ast.For):
        assert isinstance(loop, ast.For)
        own = _loop(loop.target, loop.iter, tags)
        if own is None:
            continue
        for node in ast.walk(loop):
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if not isinstance(node, ast.Assign) or not isinstance(target, ast.Subscript):
                continue
            row, name = own
            names = {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
            indices = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
            if (
                name in names
                and row is not None
                and ast.unparse(indices[0]) == row
                and trouble.source.parent(node) is loop
            ):
                return node, row, name
            if row is not None and f"{tags}[{row}]" in ast.unparse(node.value) and ast.unparse(indices[0]) == row:
                return node, row, f"{tags}[{row}]"
    return None


def _loop(target: ast.expr, over: ast.expr, tags: str) -> tuple[str | None, str] | None:
    """The names of the row's index and of its labels in a loop over them."""
    if isinstance(over, ast.Name) and over.id == tags and isinstance(target, ast.Name):
        return None, target.id
    if not isinstance(over, ast.Call):
        return None
    name = last_name(over.func)
    if name == "enumerate" and over.args and isinstance(target, ast.Tuple) and len(target.elts) == 2:
        inner = _loop(target.elts[1], over.args[0], tags)
        return None if inner is None else (ast.unparse(target.elts[0]), inner[1])
    if name == "zip" and isinstance(target, ast.Tuple) and len(target.elts) == len(over.args):
        for each, given in zip(target.elts, over.args, strict=True):
            if isinstance(given, ast.Name) and given.id == tags and isinstance(each, ast.Name):
                return None, each.id
    if name == "range" and isinstance(target, ast.Name) and tags in ast.unparse(over):
        return target.id, f"{tags}[{target.id}]"
    return None


def _comprehended(trouble: Trouble, tags: str) -> tuple[ast.ListComp, str, str, str] | None:
    """A comprehension over the texts' labels that gives a row for each."""
    for comp in trouble.source.nodes(ast.ListComp):
        assert isinstance(comp, ast.ListComp)
        if len(comp.generators) != 1 or comp.generators[0].ifs:
            continue
        own = _loop(comp.generators[0].target, comp.generators[0].iter, tags)
        if own is None or isinstance(comp.elt, ast.Name):
            continue
        row, name = own
        if "[" in name:
            return comp, row or "row", "tags", tags
        return comp, row or ("row" if name != "row" else "index"), name, tags
    return None


def _padded(trouble: Trouble, tags: str) -> ast.expr | None:
    """A call that makes the labels of the lists as they are: `pad_sequences(tags, …)`, `np.pad(tags, …)`."""
    for node in trouble.source.calls():
        if last_name(node.func) in ("pad_sequences", "pad", "pad_sequence", "constant") and node.args:
            origin = trouble.flow.resolve(node.args[0]).node
            names = {each.id for each in ast.walk(origin) if isinstance(each, ast.Name)}
            direct = {each.id for each in ast.walk(node.args[0]) if isinstance(each, ast.Name)}
            if tags in names | direct:
                return node
    return None


def _appended(trouble: Trouble, tags: str) -> tuple[ast.expr, ast.For, str] | None:
    """`rows.append([-100] + tags + …)` in a loop over the texts' labels."""
    for loop in trouble.source.nodes(ast.For):
        assert isinstance(loop, ast.For)
        own = _loop(loop.target, loop.iter, tags)
        if own is None:
            continue
        for each in ast.walk(loop):
            if isinstance(each, ast.Call) and last_name(each.func) == "append" and len(each.args) == 1:
                value = trouble.flow.resolve(each.args[0]).node
                if own[1] in {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}:
                    return value, loop, own[1]
    return None


def _counted(trouble: Trouble, loop: ast.For) -> tuple[str, list[Edit]]:
    """The row's index in a loop, which gets one where it has none."""
    if (
        isinstance(loop.iter, ast.Call)
        and last_name(loop.iter.func) == "enumerate"
        and isinstance(loop.target, ast.Tuple)
    ):
        return ast.unparse(loop.target.elts[0]), []
    row = _fresh(trouble, "row", "index")
    target = trouble.source.segment(loop.target)
    target = f"({target})" if isinstance(loop.target, ast.Tuple) and not target.startswith("(") else target
    return row, [
        trouble.source.replace(loop.target, f"{row}, {target}"),
        *trouble.source.wrap(loop.iter, "enumerate(", ")"),
    ]


def _mapping(node: ast.AST, tags: str) -> str | None:
    """What is made of one label, where they are looked up: `ids[tags[word]]` for `[ids[tag] for tag in tags]`."""
    for each in ast.walk(node):
        first = each.generators[0] if isinstance(each, (ast.ListComp, ast.GeneratorExp)) else None
        if first is None or not isinstance(each, (ast.ListComp, ast.GeneratorExp)):
            continue
        if isinstance(first.target, ast.Name) and ast.unparse(first.iter) == tags:
            return re.sub(rf"\b{first.target.id}\b", f"{tags}[word]", ast.unparse(each.elt))
    return None


def _each(node: ast.AST, tags: str, mark: str) -> str:
    mapping = _mapping(node, tags)
    return mark if mapping is None else mapping.replace(f"{tags}[word]", mark)


def _array(trouble: Trouble, labels: str) -> str:
    """What makes a row fit for a tensor of PyTorch's, which takes no list."""
    value = trouble.value(labels)
    torch = trouble.module("torch")
    return f"{torch}.tensor(" if type(value).__module__.partition(".")[0] == "torch" and torch else ""


def _is_torch(trouble: Trouble) -> bool:
    call = _call(trouble)
    return call is not None and call.model.framework == "torch"


def _ignored(trouble: Trouble) -> int:
    call = _call(trouble)
    loss = None if call is None else call.loss
    return IGNORED if loss is None or loss.ignored is None else loss.ignored


def _outside(trouble: Trouble) -> int:
    """The label of positions without a word: what the loss leaves out, else 0, whose weight is 0."""
    call = _call(trouble)
    loss = None if call is None else call.loss
    return 0 if loss is None or loss.ignored is None else loss.ignored


def _fresh(trouble: Trouble, *names: str) -> str:
    """The first of these names that the cell does not use."""
    taken = {node.id for node in ast.walk(trouble.source.tree) if isinstance(node, ast.Name)} | set(trouble.namespace)
    return next((each for each in names if each not in taken), f"{names[-1]}_")


def _word_lists(trouble: Trouble, made: TokenizerCallFacts) -> str | None:
    """The name of the lists of words that the texts were joined of."""
    counts = made.words.counts if made.words is not None else ()
    for name, value in trouble.namespace.items():
        if name.startswith("_") or not isinstance(value, (list, tuple)) or len(value) != len(counts):
            continue
        rows = [each for each in value if isinstance(each, (list, tuple))]
        whole = len(rows) == len(counts) and all(isinstance(word, str) for row in rows for word in row)
        if whole and tuple(map(len, rows)) == counts and _used(trouble, name):
            return name
    return None


def _labels_statement(trouble: Trouble, tags: str) -> ast.Assign | None:
    """The one statement that makes the labels of the texts' labels."""
    found = [
        node
        for node in trouble.source.nodes(ast.Assign)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and tags in {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
    ]
    own = trouble.finding.subject
    named = [each for each in found if ast.unparse(each.targets[0]) == own]
    return named[0] if len(named) == 1 else None


def _ids(trouble: Trouble) -> str | None:
    """The name of the token ids."""
    call = _call(trouble)
    ids = None if call is None else next((each for each in call.inputs if each.role == "input_ids"), None)
    said = None if ids is None else ids.called
    return (
        said
        if said and re.fullmatch(r"[A-Za-z_]\w*(\[[\"']\w+[\"']\])?", said) and said.split("[")[0] in trouble.namespace
        else None
    )
