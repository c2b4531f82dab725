"""Mends the `Input`s of a graph: the axes and the dtype that token ids have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, keyword_of
from bertmagic.repair.trouble import Repair, Trouble

_SHAPE = re.compile(r"shape=\(([^)]*)\)|Input\(\(([^)]*)\)")


@repairs("input-layer-shape")
def right_axes(trouble: Trouble) -> Repair | None:
    """Each `Input` of the wrong shape keeps the axis of the sequence, and no other."""
    shape = trouble.finding.evidence.get("shape")
    fix = trouble.finding.fix
    found = _SHAPE.search(fix.snippet) if fix is not None else None
    if not isinstance(shape, (list, tuple)) or found is None:
        return None
    wanted = [each.strip() for each in (found[1] or found[2] or "").split(",") if each.strip()]
    own = list(shape[1:])
    edits: list[Edit] = []
    wrong = {name for name, _ in _named(trouble.finding.fix.snippet if trouble.finding.fix else "")}
    definitions = list(_inputs(trouble, wrong))
    for made in definitions:
        edits += _set_right(trouble, made, own, wanted)
    return Repair(tuple(dict.fromkeys(edits))) if edits else None


def _named(snippet: str) -> Iterator[tuple[str, str]]:
    for line in snippet.splitlines():
        name, _, rest = line.partition(" = ")
        if rest:
            yield name.strip(), rest


def _inputs(trouble: Trouble, names: set[str]) -> Iterator[ast.Call]:
    """The `Input`s that the cell makes under these names; all of them where it gives none of these names."""
    made = list(trouble.definitions("Input"))
    called = [each for each in made if _assigned(trouble, each) & names]
    unnamed = [each for each in made if not _assigned(trouble, each)]
    yield from called + unnamed if called else unnamed or made


def _assigned(trouble: Trouble, made: ast.Call) -> set[str]:
    above = trouble.source.parent(made)
    if isinstance(above, ast.Assign):
        return {ast.unparse(each) for each in above.targets}
    if isinstance(above, ast.Tuple) and isinstance(whole := trouble.source.parent(above), ast.Assign):
        place = above.elts.index(made)
        return {
            ast.unparse(target.elts[place])
            for target in whole.targets
            if isinstance(target, ast.Tuple) and place < len(target.elts)
        }
    return set()


def _set_right(trouble: Trouble, made: ast.Call, own: list[object], wanted: list[str]) -> list[Edit]:
    source = trouble.source
    given = keyword_of(made, "shape")
    batch = keyword_of(made, "batch_shape")
    node = given.value if given is not None else batch.value if batch is not None else None
    node = made.args[0] if node is None and made.args else node
    if node is None:
        return []
    written = trouble.flow.resolve(node).node
    first = 1 if batch is not None and given is None else 0
    if not isinstance(written, (ast.Tuple, ast.List)):
        return (
            []
            if wanted and first == 0 and own and not isinstance(written, ast.Constant)
            else ([source.replace(node, f"({wanted[0]},)")] if wanted else [])
        )
    elements = written.elts[first:]
    if len(elements) != len(own):
        return []  # an `Input` of another shape, which is right
    if not elements:
        return [source.replace(written, f"({', '.join([*(source.segment(e) for e in written.elts), *wanted])},)")]
    if len(elements) < 2:
        return []
    kept = next((index for index, size in enumerate(own) if str(size) == wanted[0]), None) if wanted else None
    if kept is None:
        return []
    texts = [source.segment(each) for each in (*written.elts[:first], elements[kept])]
    inner = ", ".join(texts)
    opening, closing = ("(", ",)" if len(texts) == 1 else ")") if isinstance(written, ast.Tuple) else ("[", "]")
    return [source.replace(written, f"{opening}{inner}{closing}")]


@repairs("input-layer-dtype")
def say_the_dtype(trouble: Trouble) -> Repair | None:
    """Each `Input` of token ids is of int32."""
    dtypes = trouble.finding.evidence.get("dtype")
    if not isinstance(dtypes, Mapping):
        return None
    edits: list[Edit] = []
    beside = _beside(trouble, set(map(str, dtypes)))
    for made in _inputs(trouble, set(map(str, dtypes)) | beside):
        given = keyword_of(made, "dtype")
        value = trouble.flow.resolve(given.value).node if given is not None else None
        text = "tf.int32" if value is not None and ast.unparse(value).startswith("tf.") else '"int32"'
        if value is not None and ast.unparse(value) == "float":
            text = "int"
        if value is not None and isinstance(given, ast.keyword) and isinstance(given.value, ast.Name):
            edits.append(
                trouble.source.replace(value, text) if _is_literal(value) else trouble.source.replace(given.value, text)
            )
        else:
            edits += trouble.source.keyword(made, "dtype", text)
    return Repair(tuple(dict.fromkeys(edits))) if edits else None


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, (ast.Constant, ast.Attribute))


def _beside(trouble: Trouble, names: set[str]) -> set[str]:
    """Other `Input`s of the very same making, bar the name, that go to the same call: the mask beside the ids."""
    called: dict[str, ast.Call] = {}
    for made in trouble.definitions("Input"):
        for name in _assigned(trouble, made):
            called[name] = made
    alike = {_bare(called[name]) for name in names if name in called}
    together: set[str] = set()
    for built in trouble.cell.built:
        at = trouble.source.call_at(built.sites)
        used = {n.id for n in ast.walk(at) if isinstance(n, ast.Name)} if at is not None else set()
        if used & names:
            together |= used
    return {name for name, made in called.items() if name in together and _bare(made) in alike}


def _bare(made: ast.Call) -> str:
    kept = sorted(f"{each.arg}={ast.unparse(each.value)}" for each in made.keywords if each.arg != "name")
    return ",".join([*(ast.unparse(each) for each in made.args), *kept])
