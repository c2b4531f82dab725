"""Cells of every style through `Source`: untouched they come back as they were, edited they differ where asked only."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from bertmagic.repair.source import Edit, NotEditable, Source, keyword_of
from bertmagic.written import Written

# A call of `made` in each of the ways that cells are laid out in; what stands around it is to stay.
_CALLS = (
    "out = made(ids)",
    "out = made(ids, 'ä ) # no comment', padding=False)  # keep (this",
    'out = made(ids, "日本語", key={"a": [1, 2]}); other = 1',
    "out = made(\n    ids,  # the ids\n    padding=False,\n)",
    "out = made(\n    ids,\n    padding=False  # last\n)",
    "out = made(ids,\n           mask)",
    "if True:\n\tout = made(ids)\t# tab",
    "if (n := made(ids)) is not None: pass",
    "@made(ids)\ndef f(x):\n\n    return x  # kept",
    "def g(a, *, b=made(ids)):\n    # above\n    def h():\n        return a\n    return h",
    "out = [made(i) for i in ids]",
    "out = made()",
    "out = made( )  # spaced",
    'out = f"{x!r} #" + made(ids, """two\nlines # of )""")',
)
_OTHERS = (
    "",
    "# a comment: made(ids)",
    "%timeit pass",
    "!echo made(ids)",
    "files = !ls",
    "x = 1; y = 2",
    's = "# ) ] }"',
    "naïve = 'é'  # ü",
    "for i in range(2):\n\tpass",
    "class A:\n    '''made(ids)'''\n\n    b: int = 1",
    "z = {\n    'a': 1,\n\n    # between\n    'b': [2, 3],\n}",
    "with_backslash = 1 + \\\n    2",
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    before = draw(st.lists(st.sampled_from(_OTHERS), max_size=3))
    after = draw(st.lists(st.sampled_from(_OTHERS), max_size=3))
    text = "\n".join([*before, draw(st.sampled_from(_CALLS)), *after])
    return text + draw(st.sampled_from(("", "\n", "\n\n")))


def sourced(cell: str, before: int = 0) -> Source:
    """The cell as `%%bertcheck` has it: `before` lines of the frame, and the text that IPython makes of it."""
    # IPython drops blank lines at a cell's start; `compile_cell` sets as many before it, so that line numbers stay.
    leading = 0 if cell.isspace() else cell[: len(cell) - len(cell.lstrip())].count("\n")
    compiled = "\n" * (before + leading) + TransformerManager().transform_cell(cell)
    return Source(Written(cell, compiled, "<cell>", before))


def call_of(source: Source) -> ast.Call:
    return next(source.calls("made"))


def parsed(cell: str) -> ast.Module:
    return ast.parse(TransformerManager().transform_cell(cell))


def is_kept(cell: str, edited: str, edits: list[Edit]) -> None:
    """All before the first edit and after the last one is there, character for character."""
    lines, new = cell.splitlines(keepends=True), edited.splitlines(keepends=True)
    first, last = min(each.start[0] for each in edits), max(each.end[0] for each in edits)
    assert new[:first] == lines[:first]
    tail = lines[last + 1 :]
    assert not tail or new[-len(tail) :] == tail


@settings(deadline=None, max_examples=150)
@given(cells(), st.integers(0, 3), st.sampled_from(("\n", "\r\n")))
def test_an_untouched_cell_comes_back_byte_for_byte(cell: str, before: int, end: str) -> None:
    """Whatever the style, the line ends and the frame around the cell."""
    cell = cell.replace("\n", end)
    assert sourced(cell, before).applied([]) == cell


@settings(deadline=None, max_examples=250)
@given(cells(), st.integers(0, 3))
def test_a_keyword_is_given_and_nothing_else_changes(cell: str, before: int) -> None:
    """In place of the one that is there, else after the last argument."""
    source = sourced(cell, before)
    call = call_of(source)
    edits = source.keyword(call, "padding", '"max_length"')
    edited = source.applied(edits)
    is_kept(cell, edited, edits)
    assert source.compiles(edits)
    again = call_of(sourced(edited))
    assert [ast.literal_eval(each.value) for each in again.keywords if each.arg == "padding"] == ["max_length"]
    assert len(again.args) == len(call.args)
    assert edited.count("#") == cell.count("#")
    # And away again.
    second = sourced(edited)
    without = second.applied(second.without_keyword(call_of(second), "padding"))
    assert keyword_of(call_of(sourced(without)), "padding") is None
    # An item takes the comment on its own line with it, and no other.
    assert without.count("#") == cell.count("#") - cell.count("# last")


@settings(deadline=None, max_examples=150)
@given(cells(), st.sampled_from(("replace", "wrap", "field")))
def test_a_node_is_replaced_or_wrapped_in_place(cell: str, how: str) -> None:
    """Only the characters of the node change; what is put around it binds as it should."""
    source = sourced(cell)
    call = call_of(source)
    said = source.segment(call)
    assert ast.dump(ast.parse(said, mode="eval").body) == ast.dump(call)
    if how == "replace":
        edits, wanted = [source.replace(call, "other")], "other"
    elif how == "wrap":
        edits, wanted = source.wrap(call, "list(", ")"), f"list({said})"
    else:
        edits, wanted = source.wrap(call, "", ".logits"), f"{said}.logits"
    edited = source.applied(edits)
    assert edited.replace(wanted, said, 1) == cell
    parsed(edited)


@settings(deadline=None, max_examples=150)
@given(cells(), st.sampled_from(("before", "after", "remove")))
def test_lines_come_and_go_by_whole_statements(cell: str, how: str) -> None:
    """Lines are indented as the statement is; where it shares its line, the cell is not editable so."""
    source = sourced(cell)
    call = call_of(source)
    try:
        edit = source.remove(call) if how == "remove" else getattr(source, how)(call, "added = 1")
    except NotEditable:
        return
    edited = source.applied([edit])
    is_kept(cell, edited, [edit])
    parsed(edited)
    if how != "remove":
        assert [line for line in edited.splitlines() if line.strip() != "added = 1"] == cell.splitlines()
    else:
        assert not list(sourced(edited).calls("made")) or cell.count("made(") > 1


@settings(deadline=None, max_examples=150)
@given(cells(), st.integers(0, 5))
def test_items_are_those_of_the_syntax_tree(cell: str, index: int) -> None:
    """Brackets, commas and hashes in strings are none; an item goes with one comma."""
    source = sourced(cell)
    call = call_of(source)
    items = source.items(call)
    given_ = [*call.args, *call.keywords]
    assert [source.text(*each) for each in items] == [source.segment(each) for each in given_]
    if index < len(items):
        edited = source.applied([source.without_item(call, index)])
        again = call_of(sourced(edited))
        left = [ast.dump(each) for place, each in enumerate(given_) if place != index]
        assert [ast.dump(each) for each in (*again.args, *again.keywords)] == left


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_added_lines_end_as_the_cells_do(end: str) -> None:
    """A cell with CRLF line ends keeps them, in the lines that are added too."""
    cell = f"a = 1{end}out = made(ids){end}b = 2{end}"
    source = sourced(cell)
    call = call_of(source)
    edited = source.applied([source.before(call, "x = 1"), source.after(call, "y = 1")])
    assert edited == end.join(["a = 1", "x = 1", "out = made(ids)", "y = 1", "b = 2", ""])


def test_edits_that_overlap_are_refused() -> None:
    """Two edits of the same characters have no order."""
    source = sourced("out = made(ids)")
    call = call_of(source)
    with pytest.raises(NotEditable):
        source.applied([source.replace(call, "a"), source.replace(call.args[0], "b")])


@pytest.mark.parametrize(
    ("line", "keeps"),
    [
        ("rows = [len(row) for row in enc]", False),
        ("rows = [each for each in texts]", True),
        ("rows = lambda: enc", True),
        ("def rows(): return enc", True),
        ("enc = rows = 1", True),
    ],
)
def test_a_name_is_not_read_before_the_cell_gives_it(line: str, keeps: bool) -> None:
    source = sourced("rows = 0\nenc = tok(texts)\n")
    first = source.tree.body[0]
    assert source.compiles([source.replace(first, line)]) is keeps


def test_a_name_that_was_read_early_before_may_be_still() -> None:
    source = sourced("rows = enc\nenc = tok(rows)\n")
    assert source.compiles([source.replace(source.tree.body[0], "rows = list(enc)")])
