"""The user's cell as text and as a syntax tree, and edits of it that leave every other character as it was."""

from __future__ import annotations

import ast
import difflib
import io
import itertools
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bertmagic.facts.site import Site
from bertmagic.written import Written

# A place in the text as the user wrote it: line and column in characters, both from 0.
Place: TypeAlias = tuple[int, int]
Span: TypeAlias = tuple[Place, Place]

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_LAYOUT = frozenset({tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT})


class NotEditable(Exception):
    """The lines in question are not Python as the user wrote them (magics, `!shell`), or are laid out too unusually."""


@dataclass(frozen=True, order=True)
class Edit:
    """One replacement: what stands from `start` to `end` becomes `text`. An insertion starts where it ends."""

    start: Place
    end: Place
    text: str


class Source:
    """A cell, its syntax tree, and the way from its nodes to the user's own characters. Raises `SyntaxError`."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.tree = ast.parse(written.compiled)
        self._lines = _lines_of(written.body)
        self._python = written.compiled.split("\n")
        self._own = dict(_aligned(self._python, self._lines, written.before))
        self._parents = {child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)}

    # The tree.

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node around `node`."""
        return self._parents.get(node)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around `node`, innermost first, the module last."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that `node` is or lies in."""
        if isinstance(node, ast.stmt):
            return node
        return next(each for each in self.around(node) if isinstance(each, ast.stmt))

    def scope(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module:
        """The function around `node`, else the module."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)
        return next(each for each in self.around(node) if isinstance(each, kinds))

    def node_at(self, site: Site | None) -> ast.expr | None:
        """The call at a site, else the innermost expression of just that span; None where that is in another cell."""
        if site is None or site.filename != self.written.filename:
            return None
        expressions = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.expr) and (node.lineno, node.end_lineno) == (site.line, site.end_line)
        ]
        if site.columns is None:
            calls = [node for node in expressions if isinstance(node, ast.Call)]
            return calls[0] if len(calls) == 1 else None
        there = [node for node in expressions if (node.col_offset, node.end_col_offset) == site.columns]
        return next((node for node in there if isinstance(node, ast.Call)), there[-1] if there else None)

    def call_at(self, sites: Iterable[Site]) -> ast.Call | None:
        """The innermost of these calls that stands in this cell."""
        found = (self.node_at(site) for site in sites)
        return next((node for node in found if isinstance(node, ast.Call)), None)

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """The nodes of these kinds in the order of the text."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, kinds)]
        return iter(sorted(found, key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))))

    def calls(self, *names: str) -> Iterator[ast.Call]:
        """The calls of functions or methods of these names (their last part), all calls where there is none."""
        for node in self.nodes(ast.Call):
            if isinstance(node, ast.Call) and (not names or last_name(node.func) in names):
                yield node

    # From the tree to the text.

    def span(self, node: ast.AST) -> Span:
        """Where a node stands in the text."""
        first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
        if first is None or last is None:
            raise NotEditable
        return self._place(first, node.col_offset), self._place(last, node.end_col_offset)  # type: ignore[attr-defined]

    def segment(self, node: ast.AST) -> str:
        """The node as the user wrote it."""
        return self.text(*self.span(node))

    def text(self, start: Place, end: Place) -> str:
        """What stands between two places."""
        return self.written.body[self._offset(start) : self._offset(end)]

    def indent(self, node: ast.AST) -> str:
        """The white space that the node's statement begins with."""
        (line, column), _ = self.span(self.statement(node))
        before = self._lines[line][:column]
        if before.strip():
            raise NotEditable  # more than one statement on the line
        return before

    def items(self, node: ast.AST) -> list[Span]:
        """The spans of what stands between commas in a call's parentheses, a list, a tuple or a dict."""
        start, end = self.span(node)
        opened = None
        if isinstance(node, ast.Call):
            opened = self.span(node.func)[1]
        spans: list[Span] = []
        depth, first, last = 0, None, None
        for token in self._tokens(start, end):
            if opened is not None and token.start < opened:
                continue
            if token.string in _OPENING and token.type == tokenize.OP:
                depth += 1
                if depth == 1:
                    continue
            closing = token.string in _CLOSING and token.type == tokenize.OP
            depth -= closing
            if (depth == 1 and token.string == ",") or (closing and depth == 0):
                if first is not None and last is not None:
                    spans.append((first, last))
                first = last = None
            elif depth >= 1 and token.type not in _LAYOUT:
                first, last = first or token.start, token.end
        return spans

    def _tokens(self, start: Place, end: Place) -> Iterator[tokenize.TokenInfo]:
        """The tokens between two places, by their places in the text."""
        # In parentheses, line ends are not taken for ends of statements.
        text = f"({self.text(start, end)}\n)"
        try:
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                row, column = token.start
                end_row, end_column = token.end
                if token.type == tokenize.ENDMARKER or (row, column) == (1, 0):
                    continue
                moved = (start[0] + row - 1, column - 1 + start[1] if row == 1 else column)
                until = (start[0] + end_row - 1, end_column - 1 + start[1] if end_row == 1 else end_column)
                if moved < end:
                    yield token._replace(start=moved, end=until)
        except (tokenize.TokenError, SyntaxError) as error:
            raise NotEditable from error

    def _place(self, line: int, column: int) -> Place:
        own = self._own.get(line)
        if own is None:
            raise NotEditable
        return own, len(self._python[line - 1].encode()[:column].decode())

    def _offset(self, place: Place) -> int:
        return sum(map(len, self._lines[: place[0]])) + place[1]

    # Edits.

    def replace(self, node: ast.AST, text: str) -> Edit:
        """`text` in place of the node."""
        return Edit(*self.span(node), text)

    def wrap(self, node: ast.expr, before: str, after: str = "") -> list[Edit]:
        """The node between two texts, in parentheses where what comes after binds more closely than its operators."""
        start, end = self.span(node)
        if after[:1] in (".", "[") and not before and not _is_atom(node):
            before, after = "(", f"){after}"
        return [Edit(start, start, before)] * bool(before) + [Edit(end, end, after)] * bool(after)

    def before(self, node: ast.AST, *lines: str) -> Edit:
        """Lines before the node's statement, indented as it is."""
        statement = self.statement(node)
        indent = self.indent(statement)
        line = self._first_line(statement)
        return Edit((line, 0), (line, 0), "".join(f"{indent}{each}\n" if each else "\n" for each in lines))

    def after(self, node: ast.AST, *lines: str) -> Edit:
        """Lines after the node's statement, indented as it is."""
        statement = self.statement(node)
        indent = self.indent(statement)
        _, (line, column) = self.span(statement)
        rest = self._lines[line][column:].strip()
        if rest and not rest.startswith("#"):
            raise NotEditable
        place = (line, len(self._lines[line].rstrip("\r\n")))
        return Edit(place, place, "".join(f"\n{indent}{each}" for each in lines))

    def remove(self, node: ast.AST) -> Edit:
        """Without the node's statement, its lines and all; a block that it alone made keeps a `pass`."""
        statement = self.statement(node)
        indent = self.indent(statement)
        start, end = (self._first_line(statement), len(indent)), self.span(statement)[1]
        above = self._parents.get(statement)
        if any(block == [statement] for block in _blocks(above)) and not isinstance(above, ast.Module):
            return Edit(start, end, "pass")
        rest = self._lines[end[0]][end[1] :].strip()
        if rest and not rest.startswith("#"):
            raise NotEditable
        if end[0] + 1 < len(self._lines):
            return Edit((start[0], 0), (end[0] + 1, 0), "")
        return Edit((start[0], 0), (end[0], len(self._lines[end[0]])), "")

    def _first_line(self, statement: ast.stmt) -> int:
        """The line that a statement begins on, its decorators with it."""
        decorators = getattr(statement, "decorator_list", ())
        return min([self.span(statement)[0][0], *(self.span(each)[0][0] for each in decorators)])

    def keyword(self, call: ast.Call, name: str, value: str) -> list[Edit]:
        """The call with that keyword, in place of the one of that name or after the last argument."""
        given = keyword_of(call, name)
        if given is not None:
            return [] if self.segment(given.value) == value else [self.replace(given.value, value)]
        return [self.append(call, f"{name}={value}")]

    def append(self, node: ast.AST, text: str) -> Edit:
        """One more item in a call's parentheses, a list, a tuple or a dict, laid out as the last one is."""
        items = self.items(node)
        if not items:
            line, column = self.span(node)[1]
            return Edit((line, column - 1), (line, column - 1), text)
        start, end = items[-1]
        own_line = not self._lines[start[0]][: start[1]].strip()
        same_line = len(items) > 1 and items[-2][0][0] == start[0]
        comma = f",\n{self._lines[start[0]][: start[1]]}" if own_line and not same_line else ", "
        return Edit(end, end, f"{comma}{text}")

    def without_item(self, node: ast.AST, index: int) -> Edit:
        """Without one of the items, and the comma beside it."""
        items = self.items(node)
        start, end = items[index]
        own_lines = not self._lines[start[0]][: start[1]].strip() and self.span(node)[0][0] < start[0]
        if own_lines and re.fullmatch(r"\s*,?\s*(#.*)?\s*", self._lines[end[0]][end[1] :]):
            return Edit((start[0], 0), (end[0] + 1, 0), "")
        if index + 1 < len(items):
            return Edit(start, items[index + 1][0], "")
        before = items[index - 1][1] if index else start
        # A comment there is of the item before, which then keeps its comma.
        return Edit(start if "#" in self.text(before, start) else before, end, "")

    def without_keyword(self, call: ast.Call, name: str) -> list[Edit]:
        """Without that keyword."""
        given = keyword_of(call, name)
        if given is None:
            return []
        start = self.span(given)[0]
        found = [index for index, (first, _) in enumerate(self.items(call)) if first == start]
        if not found:
            raise NotEditable
        return [self.without_item(call, found[0])]

    def applied(self, edits: Iterable[Edit]) -> str:
        """The user's text with these edits. Raises `NotEditable` where two of them overlap."""
        text = self.written.body
        end = "\r\n" if "\r\n" in text else "\n"
        ordered = _in_order(edits)
        for edit in reversed(ordered):
            new = edit.text.replace("\r\n", "\n").replace("\n", end)
            text = text[: self._offset(edit.start)] + new + text[self._offset(edit.end) :]
        return text

    def compiles(self, edits: Iterable[Edit]) -> bool:
        """Whether the cell with these edits is Python still."""
        back = {own: line for line, own in self._own.items()}
        moved = []
        for edit in edits:
            start, end = edit.start, edit.end
            if start[0] not in back:
                return False
            last = back.get(end[0], back[start[0]] + end[0] - start[0])
            moved.append(Edit((back[start[0]] - 1, start[1]), (last - 1, end[1]), edit.text))
        plain = Source.__new__(Source)
        plain.written = Written(self.written.compiled, self.written.compiled, "")
        plain._lines = _lines_of(self.written.compiled)
        try:
            text = plain.applied(moved)
            compile(text, "<corrected>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError, NotEditable):
            return False
        return _read_early(ast.parse(text)) <= _read_early(self.tree)


def _read_early(tree: ast.Module) -> set[str]:
    """The names that the cell's own statements read before the statement that first gives them a value."""
    read: dict[str, int] = {}
    given: dict[str, int] = {}
    for place, statement in enumerate(tree.body):
        todo: list[ast.AST] = [statement]
        while todo:
            node = todo.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                given.setdefault(node.name, place)
                continue  # runs later
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else given).setdefault(node.id, place)
            elif isinstance(node, ast.alias):
                given.setdefault((node.asname or node.name).partition(".")[0], place)
            if not isinstance(node, ast.Lambda):
                todo += ast.iter_child_nodes(node)
    return {name for name, place in read.items() if place < given.get(name, -1)}


def keyword_of(call: ast.Call, name: str) -> ast.keyword | None:
    """The call's keyword of that name."""
    return next((each for each in call.keywords if each.arg == name), None)


def last_name(func: ast.expr) -> str | None:
    """`fit` of `model.fit`, `Dense` of `Dense`; None of what has no name."""
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else None


def constant(node: ast.AST | None) -> object:
    """The value of a literal, else None."""
    try:
        return ast.literal_eval(node) if isinstance(node, ast.expr) else None
    except (ValueError, TypeError):
        return None


def merged(parts: Iterable[Sequence[Edit]]) -> tuple[Edit, ...]:
    """The edits of several repairs together; of two that are in each other's way, the first repair's stay."""
    kept: list[Edit] = []
    for edits in parts:
        new = [edit for edit in edits if edit not in kept]
        try:
            _in_order([*kept, *new])
        except NotEditable:
            continue
        kept += new
    return tuple(kept)


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    """The edits by place; insertions at one place in the order in which they were made."""
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    for one, other in itertools.pairwise(ordered):
        if other.start < one.end:
            raise NotEditable
    return ordered


def _lines_of(text: str) -> list[str]:
    """The lines with their ends, as Python counts them: a form feed, or a line separator in a string, ends none."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _aligned(python: Sequence[str], lines: Sequence[str], before: int) -> Iterator[tuple[int, int]]:
    """The lines of the compiled text, from 1, that are the user's own lines, from 0, unchanged."""
    own = [line.rstrip("\r\n") for line in lines]
    compiled = [line.rstrip("\r") for line in python[before:]]
    if len(compiled) >= len(own) and all(
        a == b or a.lstrip().startswith("get_ipython(") or "get_ipython()." in a
        for a, b in zip(compiled, own, strict=False)
    ):
        yield from ((before + at + 1, at) for at, line in enumerate(own) if compiled[at] == line)
        return
    for block in difflib.SequenceMatcher(None, compiled, own, autojunk=False).get_matching_blocks():
        yield from ((before + block.a + step + 1, block.b + step) for step in range(block.size))


def _blocks(node: ast.AST | None) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _is_atom(node: ast.expr) -> bool:
    return isinstance(
        node,
        (
            ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp,
            ast.SetComp, ast.Constant,
        ),
    )  # fmt: skip
