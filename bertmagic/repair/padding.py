"""Pads with the right token, and on the right side: where the rows are filled up, else by the tokenizer's setting."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bertmagic.repair.feeding import fed
from bertmagic.repair.mask import set_the_mask_right
from bertmagic.repair.mask_missing import feed_the_mask, pass_the_mask
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

# What fills rows up: by function, the filling's keyword, its place by position, and what it is where none is given.
_FILLERS: dict[str, tuple[str, int | None, int | None]] = {
    "pad_sequences": ("value", None, 0),
    "pad_sequence": ("padding_value", 2, 0),
    "pad": ("constant_values", None, 0),
    "full": ("fill_value", 1, None),
    "full_like": ("fill_value", 1, None),
    "to_tensor": ("default_value", 0, 0),
    "padded_batch": ("padding_values", 2, 0),
    "zip_longest": ("fillvalue", None, None),
    "MultiSegmentPacker": ("pad_value", None, 0),
    "StartEndPacker": ("pad_value", None, 0),
}
# Names of what is not token ids, and rightly filled up with 0.
_OTHERS = ("mask", "type", "segment", "label", "target", "tags", "position")


@repairs("padding-token-wrong")
def pad_with_the_token(trouble: Trouble) -> Repair | None:
    """The filling where rows are filled up becomes the padding token, and so does what is compared with the old one."""
    wrong, pad = trouble.finding.evidence.get("padded with"), trouble.pad
    if not isinstance(wrong, int) or pad is None:
        return None
    edits = _filling(trouble, wrong, pad)
    if not edits:
        return None
    edits += [each for each in _compared(trouble, wrong, pad) if each not in edits]
    edits += [each for each in _mask_too(trouble) if each not in edits]
    return Repair(tuple(edits))


def _filling(trouble: Trouble, wrong: int, pad: str) -> list[Edit]:
    source = trouble.source
    found: list[tuple[ast.expr, list[Edit]]] = []
    for call in source.calls(*_FILLERS, "zeros", "constant"):
        edits = _filled_by(trouble, call, wrong, pad)
        if edits and is_known(trouble, pad, call):
            found.append((call, edits))
    for node in source.nodes(ast.BinOp):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            one = next((each for each in (node.left, node.right) if _is_run(each)), None)
            if isinstance(one, ast.List) and _number(trouble, one.elts[0]) == wrong:
                found.append((node, [source.replace(one.elts[0], pad)]))
    found += [
        (call, [source.replace(call.args[0], pad)])
        for call in source.calls("append")
        if call.args
        and _number(trouble, call.args[0]) == wrong
        and any(isinstance(each, (ast.While, ast.For)) for each in source.around(call))
    ]
    ids = _ids(trouble)
    own = [edits for node, edits in found if node in ids]
    others = [edits for node, edits in found if not _is_of_another(trouble, node)]
    chosen = own or others
    return chosen[0] if len(chosen) == 1 else []


def _filled_by(trouble: Trouble, call: ast.Call, wrong: int, pad: str) -> list[Edit]:
    """The call that fills rows up, with the padding token."""
    source, name = trouble.source, last_name(call.func) or ""
    if name == "zeros" and wrong == 0 and call in _ids(trouble) and call.args and isinstance(call.func, ast.Attribute):
        func, (_, end) = source.segment(call.func), source.span(call.args[0])
        return [source.replace(call.func, func.removesuffix("zeros") + "full"), Edit(end, end, f", {pad}")]
    if name not in _FILLERS:
        return []
    keyword, place, default = _FILLERS[name]
    if name == "pad":
        keyword = "value" if keyword_of(call, "value") is not None else keyword
        if keyword_of(call, "input_ids") is not None or keyword_of(call, keyword) is None:
            return []
    if name == "to_tensor" and not isinstance(call.func, ast.Attribute):
        return []
    if name == "padded_batch" and not _is_of_ids_alone(trouble, call):
        return []
    given = keyword_of(call, keyword)
    if given is not None:
        return [_instead(trouble, given.value, pad)] if _number(trouble, given.value) == wrong else []
    if place is not None and len(call.args) > place:
        return [_instead(trouble, call.args[place], pad)] if _number(trouble, call.args[place]) == wrong else []
    return source.keyword(call, keyword, pad) if default is not None and default == wrong else []


def _is_of_ids_alone(trouble: Trouble, call: ast.Call) -> bool:
    """Whether a dataset's element is one tensor of rank 1, and has no parts with fillings of their own."""
    made = trouble.flow.resolve(call.func.value).node if isinstance(call.func, ast.Attribute) else None
    given = keyword_of(made, "output_signature") if isinstance(made, ast.Call) else None
    return (
        given is not None
        and isinstance(given.value, ast.Call)
        and last_name(given.value.func) == "TensorSpec"
        and "int" in ast.unparse(given.value)
    )


def _instead(trouble: Trouble, node: ast.expr, pad: str) -> Edit:
    """The padding token in the place of a number; where a name of the cell stands for it, in the name's own line."""
    if isinstance(node, ast.Name):
        bound = trouble.flow.bound(node.id, node)
        uses = [each for each in trouble.source.nodes(ast.Name) if isinstance(each, ast.Name) and each.id == node.id]
        filled = [each for each in uses if not isinstance(trouble.source.parent(each), ast.Compare)]
        for_ids = not any(_is_of_another(trouble, each) for each in filled if isinstance(each.ctx, ast.Load))
        plain = bound is not None and not bound.path and isinstance(bound.by, ast.Assign)
        if bound is not None and plain and for_ids and is_known(trouble, pad, bound.value):
            return trouble.source.replace(bound.value, pad)
    return trouble.source.replace(node, pad)


def _number(trouble: Trouble, node: ast.expr) -> object:
    """The number that an expression is, through the cell's names, or that of a name from before."""
    end = trouble.flow.resolve(node)
    known = trouble.value(end.node.id) if isinstance(end.node, ast.Name) and not end.path else constant(end.node)
    return known if isinstance(known, (int, float)) and not isinstance(known, bool) else None


def _is_run(node: ast.AST) -> bool:
    return isinstance(node, ast.List) and len(node.elts) == 1


def _ids(trouble: Trouble) -> list[ast.expr]:
    """The expressions that the token ids come through."""
    call = trouble.call
    found: list[ast.expr] = []
    if call is None:
        return found
    places = [(trouble.encoder_at(each), each.encoder.name("input_ids")) for each in call.encoder_calls]
    places.append((trouble.at, call.model.name("input_ids")))
    for at, name in places:
        given = None if at is None else fed(trouble, at, name)
        if given is not None and given.expression is not None:
            found += trouble.flow.parts(given.expression)
    return found


def _is_of_another(trouble: Trouble, node: ast.expr) -> bool:
    """Whether rows of something else are filled up there: a mask, token types, labels."""
    source, statement = trouble.source, trouble.source.statement(node)
    said = ""
    if isinstance(statement, ast.Assign):
        said = " ".join(ast.unparse(each) for each in statement.targets)
    elif isinstance(statement, ast.AugAssign):
        said = ast.unparse(statement.target)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        said = ast.unparse(statement.value.func)
    for each in source.around(node):
        if isinstance(each, ast.Dict):
            said = " ".join(
                str(constant(key)) for key, value in zip(each.keys, each.values, strict=True) if _holds(value, node)
            )
            break
    beside = [each for each in source.around(node) if isinstance(each, ast.BinOp) and isinstance(each.op, ast.Add)]
    ones = any(
        _is_run(part) and constant(part.elts[0]) == 1
        for each in beside
        for part in ast.walk(each)
        if isinstance(part, ast.List)
    )
    given = ast.unparse(node.args[0]) if isinstance(node, ast.Call) and node.args else ""
    return ones or any(each in f"{said} {given}".lower() for each in _OTHERS)


def _holds(whole: ast.AST, part: ast.AST) -> bool:
    return any(each is part for each in ast.walk(whole))


def _compared(trouble: Trouble, wrong: int, pad: str) -> Iterator[Edit]:
    """What is compared with the old filling, compared with the padding token; a padding token of 0 is one already."""
    source = trouble.source
    ids = {ast.unparse(each) for each in _ids(trouble)}
    for node in source.nodes(ast.Compare):
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or ast.unparse(node.left) not in ids:
            continue
        other = node.comparators[0]
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)) and _number(trouble, other) == wrong:
            yield source.replace(other, pad)
        elif wrong < 0 and isinstance(node.ops[0], (ast.Gt, ast.GtE)):
            bound = constant(other)
            if (isinstance(node.ops[0], ast.GtE) and bound == 0) or (isinstance(node.ops[0], ast.Gt) and bound == -1):
                yield Edit(source.span(node.left)[1], source.span(other)[1], f" != {pad}")
    for call in source.calls("not_equal", "equal", "ne", "eq"):
        for each in call.args:
            if constant(each) == wrong and any(ast.unparse(other) in ids for other in call.args if other is not each):
                yield source.replace(each, pad)


def _mask_too(trouble: Trouble) -> list[Edit]:
    """Where no mask covers the filling, and none is made by the padding token, the mask as well."""
    call = trouble.call
    for encoder_call in () if call is None else call.encoder_calls:
        mask = encoder_call.whole("attention_mask")
        if mask is None:
            repair = pass_the_mask(trouble) or feed_the_mask(trouble)
        elif mask.values is not None and bool((mask.values == 1).all()) and not _by_comparison(trouble):
            repair = set_the_mask_right(trouble)
        else:
            return []
        if repair is None:
            raise NotEditable
        return list(repair.edits)
    return []


def _by_comparison(trouble: Trouble) -> bool:
    """Whether the mask is made by a comparison, which gives the right one with the right padding."""
    return any(
        isinstance(each, ast.Compare) or (isinstance(each, ast.Call) and last_name(each.func) in ("not_equal", "ne"))
        for mask in _masks(trouble)
        for each in trouble.flow.parts(mask)
    )


def _masks(trouble: Trouble) -> Iterator[ast.expr]:
    """What is fed as the mask; in functions of a dataset, where the way to it is lost, what dicts call by its name."""
    call = trouble.call
    places = [
        (trouble.encoder_at(each), each.encoder.name("attention_mask")) for each in (call.encoder_calls if call else ())
    ]
    if call is not None:
        places.append((trouble.at, call.model.name("attention_mask")))
    for at, name in places:
        given = None if at is None else fed(trouble, at, name)
        if given is not None and given.expression is not None:
            yield given.expression
    names = {name for _, name in places}
    for node in trouble.source.nodes(ast.Dict):
        if isinstance(node, ast.Dict) and any(
            isinstance(each, (ast.Lambda, ast.FunctionDef)) for each in trouble.source.around(node)
        ):
            yield from (value for key, value in zip(node.keys, node.values, strict=True) if constant(key) in names)


@repairs("padding-side")
def pad_on_the_right(trouble: Trouble) -> Repair | None:
    """All that pads on the left in the cell pads on the right: settings, `pad_sequences`, lists put together."""
    edits = [*_settings(trouble), *_pad_calls(trouble), *_lists(trouble), *_slices(trouble)]
    if edits:
        return Repair(tuple(edits))
    return _setting_before(trouble)


def _settings(trouble: Trouble) -> Iterator[Edit]:
    """`padding_side="left"`, as an argument or as an attribute."""
    source = trouble.source
    for call in source.calls():
        given = keyword_of(call, "padding_side")
        if given is not None and _text(trouble, given.value) == "left":
            yield source.replace(given.value, _quoted(trouble, given.value, "right"))
    for node in source.nodes(ast.Assign):
        if not isinstance(node, ast.Assign) or _text(trouble, node.value) != "left":
            continue
        if any(isinstance(each, ast.Attribute) and each.attr == "padding_side" for each in node.targets):
            yield source.replace(node.value, _quoted(trouble, node.value, "right"))


def _text(trouble: Trouble, node: ast.expr) -> object:
    end = trouble.flow.resolve(node)
    return trouble.value(end.node.id) if isinstance(end.node, ast.Name) else constant(end.node)


def _quoted(trouble: Trouble, node: ast.expr, text: str) -> str:
    quote = trouble.source.segment(node)[:1]
    return f"{quote}{text}{quote}" if quote in ("'", '"') else f'"{text}"'


def _pad_calls(trouble: Trouble) -> Iterator[Edit]:
    """Keras' `pad_sequences` pads in front where nothing is said; `np.pad(row, (n, 0))` does as it is told."""
    source = trouble.source
    for call in source.calls("pad_sequences"):
        given = keyword_of(call, "padding")
        if given is None:
            yield from source.keyword(call, "padding", '"post"')
        elif _text(trouble, given.value) == "pre":
            yield source.replace(given.value, _quoted(trouble, given.value, "post"))
    for call in source.calls("pad"):
        widths = call.args[1] if len(call.args) > 1 else None
        if isinstance(widths, (ast.Tuple, ast.List)) and len(widths.elts) == 2 and constant(widths.elts[1]) == 0:
            first, second = widths.elts
            yield source.replace(first, source.segment(second))
            yield source.replace(second, source.segment(first))


def _lists(trouble: Trouble) -> Iterator[Edit]:
    """`[pad] * n + row` becomes `row + [pad] * n`."""
    source = trouble.source
    for node in source.nodes(ast.BinOp):
        above = source.parent(node)
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
            continue
        if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Add) and above.left is node:
            continue
        first: ast.expr = node
        while isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add):
            parent, first = first, first.left
        if not isinstance(first, ast.BinOp) or not isinstance(first.op, ast.Mult):
            continue
        run = next(
            (each for each in (first.left, first.right) if isinstance(each, ast.List) and len(each.elts) == 1), None
        )
        if run is None or not _is_padding(trouble, run.elts[0]):
            continue
        start = source.span(first)[0]
        rest = source.text(source.span(parent.right)[0], source.span(node)[1])
        own = source.segment(node)
        if own.startswith("(") and own != source.text(start, source.span(node)[1]):
            raise NotEditable
        yield source.replace(node, f"{rest} + {source.segment(first)}")


def _is_padding(trouble: Trouble, node: ast.expr) -> bool:
    call = trouble.call
    pad = call.pad_id(call.encoder_calls[0].encoder) if call is not None and call.encoder_calls else None
    return (isinstance(node, ast.Attribute) and node.attr == "pad_token_id") or _number(trouble, node) in (0, pad)


def _slices(trouble: Trouble) -> Iterator[Edit]:
    """`ids[i, -len(row):] = row` becomes `ids[i, :len(row)] = row`."""
    source = trouble.source
    for node in source.nodes(ast.Subscript):
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
            continue
        last = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
        if not isinstance(last, ast.Slice) or last.lower is None or last.upper is not None or last.step is not None:
            continue
        lower = last.lower
        if isinstance(lower, ast.UnaryOp) and isinstance(lower.op, ast.USub):
            yield source.replace(last, f":{source.segment(lower.operand)}")
        elif isinstance(lower, ast.BinOp) and isinstance(lower.op, ast.Sub):
            yield source.replace(last, f":{source.segment(lower.right)}")


def _setting_before(trouble: Trouble) -> Repair | None:
    """The tokenizer was made before this cell, and is told here, before it is called."""
    known = None if trouble.call is None else trouble.call.tokenizer
    if known is None or known.said is None or known.padding_side != "left" or not known.said.isidentifier():
        return None
    for _, node in trouble.tokenizer_calls():
        if ast.unparse(node.func).partition(".")[0] != known.said:
            continue
        top = [each for each in (node, *trouble.source.around(node)) if isinstance(each, ast.stmt)][-1]
        return Repair((trouble.source.before(top, f'{known.said}.padding_side = "right"'),))
    return None
