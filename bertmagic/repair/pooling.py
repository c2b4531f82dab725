"""Leaves the padding out of a mean or maximum over the sequence, in the way of the library that computes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bertmagic.repair.feeding import fed, inputs_of
from bertmagic.repair.masks import free_name, is_known, unconverted
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

_MEANS = frozenset({"mean", "reduce_mean", "average", "nanmean"})
_MAXIMA = frozenset({"max", "amax", "reduce_max"})
_LAYERS = {
    "GlobalAveragePooling1D": "mean",
    "GlobalAvgPool1D": "mean",
    "GlobalMaxPooling1D": "max",
    "GlobalMaxPool1D": "max",
}
_KEPT = ("keepdims", "keepdim")
_MOST_STEPS = 40


@dataclass(frozen=True)
class _Pool:
    """A pooling in the cell: the call, what it pools, and the encoder's call (or `encoder.output`) behind that."""

    call: ast.Call
    how: str
    operand: ast.expr
    of: ast.expr
    by_layer: bool


@repairs("pooling-over-padding")
def leave_the_padding_out(trouble: Trouble) -> Repair | None:
    """Each pooling of the encoder's hidden states over all positions gets the mask that the encoder was given."""
    edits: list[Edit] = []
    for pool in _pools(trouble):
        mask, more = _mask_of(trouble, pool)
        if mask is None:
            return None
        own = _through_layer(trouble, pool, mask) if pool.by_layer else None
        own = own if own is not None else _by_hand(trouble, pool, mask)
        edits += [each for each in _put_together(trouble, more, own) if each not in edits]
    return Repair(tuple(edits)) if edits else None


def _put_together(trouble: Trouble, first: list[Edit], then: list[Edit]) -> list[Edit]:
    """The edits, with those of the first that lie within one of the others made in that one's text."""
    kept = []
    for edit in first:
        outer = next((each for each in then if each.start <= edit.start and edit.end <= each.end), None)
        if outer is None or edit.start == edit.end:
            kept.append(edit)
            continue
        text = outer.text.replace(trouble.source.text(edit.start, edit.end), edit.text)
        then = [Edit(each.start, each.end, text) if each is outer else each for each in then]
    return kept + then


# Where the cell pools.


def _pools(trouble: Trouble) -> Iterator[_Pool]:
    found = _encoders(trouble)
    for call in trouble.source.calls():
        pooled = _pooling(trouble, call)
        if pooled is None:
            continue
        how, operand, by_layer = pooled
        of = _behind(trouble, operand, found, _MOST_STEPS)
        if of is not None:
            yield _Pool(call, how, operand, of, by_layer)


def _encoders(trouble: Trouble) -> list[ast.expr]:
    """The calls of the encoders, and others of the same objects."""
    call = trouble.call
    if call is None:
        return []
    found = [trouble.encoder_at(each) for each in call.encoder_calls] + [trouble.at]
    known = {ast.unparse(each.func) for each in found if each is not None}
    return [each for each in trouble.source.calls() if ast.unparse(each.func) in known]


def _pooling(trouble: Trouble, call: ast.Call) -> tuple[str, ast.expr, bool] | None:
    """How a call pools over axis 1, what it pools, and whether it is a layer's call."""
    made = trouble.flow.resolve(call.func).node
    if isinstance(made, ast.Call) and last_name(made.func) in _LAYERS and call.args:
        return _LAYERS[last_name(made.func) or ""], call.args[0], True
    name = last_name(call.func)
    if name not in _MEANS | _MAXIMA or not isinstance(call.func, ast.Attribute):
        return None
    method = not trouble.is_module(call.func.value)
    operand = call.func.value if method else call.args[0] if call.args else None
    axis = keyword_of(call, "axis") or keyword_of(call, "dim")
    place = 0 if method else 1
    given = axis.value if axis is not None else call.args[place] if len(call.args) > place else None
    most = place + (axis is None)
    others = [each for each in call.keywords if each is not axis and each.arg not in _KEPT]
    if operand is None or constant(given) not in (1, -2, [1], (1,)) or len(call.args) > most or others:
        return None
    return "mean" if name in _MEANS else "max", operand, False


def _behind(trouble: Trouble, node: ast.expr, found: list[ast.expr], steps: int) -> ast.expr | None:
    """The encoder's call whose hidden states an expression is, all positions of them."""
    if node in found or (isinstance(node, ast.Attribute) and node.attr == "output"):
        return node
    if steps == 0 or (isinstance(node, ast.Call) and _pooling(trouble, node) is not None):
        return None
    if isinstance(node, ast.Subscript) and _picks_positions(node):
        return None
    nexts: list[ast.expr] = []
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        nexts = [node.value]
    elif isinstance(node, ast.Call):
        nexts = ([node.func.value] if isinstance(node.func, ast.Attribute) else []) + node.args[:1]
    elif isinstance(node, ast.Name):
        bound = trouble.flow.bound(node.id, node)
        nexts = [] if bound is None or bound.each else [bound.value]
    return next((of for each in nexts if (of := _behind(trouble, each, found, steps - 1)) is not None), None)


def _picks_positions(node: ast.Subscript) -> bool:
    """`states[:, 0]`, `states[0, :]`: positions or rows are picked."""
    if not isinstance(node.slice, ast.Tuple):
        return False
    return any(
        not isinstance(each, (ast.Slice, ast.Constant)) or isinstance(constant(each), int) for each in node.slice.elts
    )


# The mask that the encoder was given.


def _mask_of(trouble: Trouble, pool: _Pool) -> tuple[str | None, list[Edit]]:
    """The mask as the cell may write it at the pooling, and the edits that it needs for that."""
    call = trouble.call
    if call is None:
        return None, []
    if not isinstance(pool.of, ast.Call):
        assert isinstance(pool.of, ast.Attribute)
        return f'{trouble.source.segment(pool.of.value)}.input["{call.model.name("attention_mask")}"]', []
    name = next((each.encoder.name("attention_mask") for each in call.encoder_calls), "attention_mask")
    if trouble.at is pool.of:
        name = call.model.name("attention_mask")
    for text in _masks(trouble, pool.of, name):
        if is_known(trouble, text, pool.call) and _same_scope(trouble, text, pool):
            return text, []
    return _split(trouble, pool, name)


def _masks(trouble: Trouble, at: ast.Call, name: str) -> Iterator[str]:
    """The mask as it stands in the encoder's call, or in what that is given."""
    source = trouble.source
    holders = [each.value for each in at.keywords if each.arg is None]
    whole = inputs_of(at)
    holders += [whole] if whole is not None and keyword_of(at, name) is None else []
    given = fed(trouble, at, name)
    direct = keyword_of(at, name)
    for holder in holders:
        inner = holder
        if isinstance(inner, ast.Call) and last_name(inner.func) == "dict" and len(inner.args) == 1:
            inner = inner.args[0]
        if isinstance(inner, (ast.Name, ast.Attribute)) and _holds(trouble, inner, name):
            yield f'{source.segment(inner)}["{name}"]'
    if direct is None and (given is None or given.expression is None):
        return
    expression = direct.value if direct is not None else given.expression if given is not None else None
    if expression is None:
        return
    bottom = unconverted(trouble, expression)
    yield source.segment(bottom if isinstance(bottom, (ast.Name, ast.Subscript, ast.Attribute)) else expression)


def _holds(trouble: Trouble, holder: ast.expr, name: str) -> bool:
    """Whether what is given as a whole is a dict or encoding with the mask in it."""
    end = trouble.flow.resolve(holder)
    if end.path:
        return False
    if isinstance(end.node, ast.Dict):
        return any(constant(key) == name for key in end.node.keys)
    if any(found is end.node for _, found in trouble.tokenizer_calls()):
        return True
    if isinstance(end.node, ast.Call) and last_name(end.node.func) == "dict":
        return True
    call = trouble.call
    known = any(each.name == name for each in (() if call is None else call.inputs))
    if call is not None and not isinstance(holder, ast.Attribute) and isinstance(end.node, ast.Name):
        value = trouble.value(end.node.id)
        if value is not None:
            return hasattr(value, "keys") and name in set(value.keys())
    return known and call is not None and call.container not in ("list", "tuple", "arrays")


def _same_scope(trouble: Trouble, text: str, pool: _Pool) -> bool:
    """Whether the mask's names stand for the same at the encoder's call and at the pooling."""
    source = trouble.source
    if source.scope(pool.of) is source.scope(pool.call):
        return True
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    return all(trouble.flow.bound(each, pool.of) == trouble.flow.bound(each, pool.call) for each in names)


def _split(trouble: Trouble, pool: _Pool, name: str) -> tuple[str | None, list[Edit]]:
    """`model(**tokenizer(…))`: the encoding gets a name, so that its mask can be used again."""
    source, at = trouble.source, pool.of
    assert isinstance(at, ast.Call)
    given = [each.value for each in at.keywords if each.arg is None] or at.args[:1]
    made = next((each for each in given if any(found is each for _, found in trouble.tokenizer_calls())), None)
    new = free_name(trouble, "enc", "encoded", "encoding", "batch_enc")
    if made is None or new is None or source.scope(at) is not source.scope(pool.call):
        return None, []
    if any(isinstance(each, (ast.ListComp, ast.Lambda, ast.GeneratorExp)) for each in source.around(at)):
        return None, []
    edits = [source.before(at, f"{new} = {source.segment(made)}"), source.replace(made, new)]
    return f'{new}["{name}"]', edits


# The pooling with the mask.


def _through_layer(trouble: Trouble, pool: _Pool, mask: str) -> list[Edit] | None:
    """Keras' layer for a mean takes the mask; that for a maximum does not."""
    if pool.how != "mean":
        return None
    return trouble.source.keyword(pool.call, "mask", mask)


def _by_hand(trouble: Trouble, pool: _Pool, mask: str) -> list[Edit]:
    source, call = trouble.source, pool.call
    way = _way(trouble, pool)
    hidden = source.segment(pool.operand)
    weight, before = _weight(trouble, pool, way, mask, hidden)
    if pool.how == "max":
        return [*before, source.replace(pool.operand, _hidden_but(way, hidden, weight))]
    if pool.by_layer:
        raise NotEditable
    arguments = [source.segment(each) for each in call.keywords]
    method = not trouble.is_module(call.func.value) if isinstance(call.func, ast.Attribute) else False
    arguments = [source.segment(each) for each in call.args[0 if method else 1 :]] + arguments
    rest = ", ".join(arguments)
    product = f"{_bound(pool.operand, hidden)} * {weight}"
    if method:
        text = f"({product}).sum({rest}) / {weight}.sum({rest})"
    else:
        summed = source.segment(call.func).replace("reduce_mean", "reduce_sum").replace("mean", "sum")
        text = f"{summed}({product}, {rest}) / {summed}({weight}, {rest})"
    above = source.parent(call)
    tight = isinstance(above, (ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp))
    return [*before, source.replace(call, f"({text})" if tight else text)]


def _bound(node: ast.expr, text: str) -> str:
    """The text, in parentheses where a product would part it."""
    return f"({text})" if isinstance(node, (ast.BinOp, ast.IfExp, ast.Lambda, ast.BoolOp)) else text


@dataclass(frozen=True)
class _Way:
    """The library that pools, and what the cell calls it: `tf`, `np`, `keras.ops`; "" where it is a method."""

    library: str
    called: str


def _way(trouble: Trouble, pool: _Pool) -> _Way:
    """Which library computes the pooling, by its spelling and by what computes the model."""
    call = trouble.call
    func = pool.call.func
    said = ast.unparse(func.value) if isinstance(func, ast.Attribute) else ""
    framework = call.model.framework if call is not None else ""
    tf, keras = trouble.module("tensorflow"), trouble.module("keras")
    if pool.by_layer:
        if framework == "keras":
            if keras is None:
                raise NotEditable
            return _Way("keras", f"{keras}.ops")
        if tf is None:
            raise NotEditable
        return _Way("tensorflow", tf)
    if isinstance(func, ast.Attribute) and trouble.is_module(func.value):
        if last_name(func) in ("reduce_mean", "reduce_max"):
            return _Way("tensorflow", said.removesuffix(".math"))
        library = getattr(trouble.namespace.get(said), "__name__", said)
        if library == "torch" or said == "torch":
            return _Way("torch", said)
        if "ops" in said.split(".") or library.endswith(".ops"):
            return _Way("keras", said)
        return _Way("numpy", said)
    text = trouble.source.segment(pool.operand)
    steps = [text, *(ast.unparse(each.node) for each in trouble.flow.chain(pool.operand))]
    if framework == "torch" and not any("numpy()" in each for each in steps):
        return _Way("torch", trouble.module("torch") or "torch")
    return _Way("numpy", trouble.module("numpy") or "")


def _weight(trouble: Trouble, pool: _Pool, way: _Way, mask: str, hidden: str) -> tuple[str, list[Edit]]:
    """The mask with an axis for the hidden states' last one, under a name of its own where a line can stand before."""
    text = _as_weight(trouble, pool, way, mask, hidden)
    name = free_name(trouble, "weight", "weights", "mask_weight", "token_weight")
    statement = trouble.source.statement(pool.call)
    inside = any(
        isinstance(each, (ast.ListComp, ast.GeneratorExp, ast.Lambda, ast.DictComp))
        for each in trouble.source.around(pool.call)
    )
    simple = isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr))
    if inside or name is None or not simple:
        return text, []
    return name, [trouble.source.before(statement, f"{name} = {text}")]


def _as_weight(trouble: Trouble, pool: _Pool, way: _Way, mask: str, hidden: str) -> str:
    atom = (
        mask
        if ast.parse(mask, mode="eval").body.__class__ in (ast.Name, ast.Subscript, ast.Attribute, ast.Call)
        else f"({mask})"
    )
    kind = _kind_of_mask(trouble)
    if way.library == "torch":
        return f"{atom}.unsqueeze(-1)"
    boolean = pool.how == "max"
    if way.library == "tensorflow":
        dtype = (
            f"{way.called}.bool"
            if boolean
            else f"{hidden}.dtype"
            if pool.operand.__class__ is ast.Name
            else f"{way.called}.float32"
        )
        return f"{way.called}.cast({mask}, {dtype})[:, :, {way.called}.newaxis]"
    if way.library == "keras":
        dtype = '"bool"' if boolean else f"{hidden}.dtype" if isinstance(pool.operand, ast.Name) else '"float32"'
        return f"{way.called}.cast({mask}, {dtype})[:, :, None]"
    if kind == "torch":
        return f"{atom}.cpu().numpy()[:, :, None]" if "cpu" in hidden else f"{atom}.numpy()[:, :, None]"
    if kind == "tensorflow":
        return f"{atom}.numpy()[:, :, None]"
    return f"{atom}[:, :, None]"


def _kind_of_mask(trouble: Trouble) -> str:
    """The library that the mask is of, where the cell has it in its hands."""
    for each in () if trouble.call is None else trouble.call.inputs:
        if each.role == "attention_mask":
            return {"tf": "tensorflow", "tensorflow": "tensorflow", "torch": "torch"}.get(
                each.kind.partition(".")[0], "numpy"
            )
    return "numpy"


def _hidden_but(way: _Way, hidden: str, weight: str) -> str:
    """The hidden states, out of the way of a maximum at padding."""
    if way.library == "torch":
        return f'{hidden}.masked_fill({weight} == 0, float("-inf"))'
    if way.library == "tensorflow":
        return f"{way.called}.where({weight}, {hidden}, {way.called}.float32.min)"
    if way.library == "keras":
        return f"{way.called}.where({weight}, {hidden}, -1e9)"
    if not way.called:
        raise NotEditable
    return f"{way.called}.where({weight} == 1, {hidden}, -{way.called}.inf)"
