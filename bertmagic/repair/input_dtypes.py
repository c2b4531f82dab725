"""Mends the dtype of what is looked up: whole numbers where they are made, else a cast where they are fed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.asked import given_for
from bertmagic.repair.feeding import VERBS, fed
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.dialect import family
from bertmagic.rules.dtype import lost_value

_FLOATS = re.compile(
    r"^(?:[\w.]+\.)?(?:float|float16|float32|float64|half|double|bfloat16|single|int16|uint16|int8|uint8|bool|bool_|str|"
    r"complex64|complex128|object)$"
)
# What makes an array of floats unless it is told otherwise, with the place of its dtype among the arguments.
_MAKES_FLOATS = {"zeros": 1, "ones": 1, "empty": 1, "full": 2}
_TYPED = frozenset(
    {"array", "asarray", "constant", "convert_to_tensor", "tensor", "as_tensor", "pad_sequences", "astype", "cast"}
    | {"to", "zeros", "ones", "full", "zeros_like", "ones_like", "empty", "fromiter", "type"}
)
_INTEGERS = {"float": "long", "half": "long", "double": "long", "bfloat16": "long", "short": "long", "bool": "long"}
_LEGACY = {"FloatTensor": "LongTensor", "HalfTensor": "LongTensor", "DoubleTensor": "LongTensor"}


@repairs("ids-not-integer", "dtype-mismatch")
def make_whole_numbers(trouble: Trouble) -> Repair | None:
    """The place that makes them of another dtype makes them integers."""
    edits: list[Edit] = []
    for node, _ in _wrong(trouble):
        edits += _where_made(trouble, node)
    return Repair(tuple(dict.fromkeys(edits)), title="Keep them integers where they are made") if edits else None


@repairs("ids-not-integer")
def keep_them_on_the_way(trouble: Trouble) -> Repair | None:
    """They lose value on a way that is not followed: the one dtype of half precision in the cell is the fault."""
    found = [
        node
        for node in trouble.source.nodes(ast.Attribute, ast.Constant)
        if (isinstance(node, ast.Attribute) and node.attr in ("float16", "half", "bfloat16"))
        or (isinstance(node, ast.Constant) and node.value in ("float16", "bfloat16", "half"))
    ]
    found = [node for node in found if _is_of_array(trouble, node)]
    edits = []
    for node in found:
        text = trouble.source.segment(node)
        whole = f"{text.rpartition('.')[0]}.int32" if isinstance(node, ast.Attribute) else f"{text[:1]}int32{text[:1]}"
        edits.append(trouble.source.replace(node, whole))
    return Repair(tuple(edits), title="Keep token ids integers") if edits else None


def _is_of_array(trouble: Trouble, node: ast.AST) -> bool:
    """Whether a dtype is that of an array which is made or cast, and not a layer's or a policy's."""
    above = trouble.source.parent(node)
    call = trouble.source.parent(above) if isinstance(above, ast.keyword) else above
    return isinstance(call, ast.Call) and last_name(call.func) in _TYPED


@repairs("ids-not-integer", "dtype-mismatch")
def cast_where_fed(trouble: Trouble) -> Repair | None:
    """They are whole numbers of another dtype: cast where the model is given them."""
    given = () if trouble.call is None else trouble.call.token_ids()
    if trouble.call is not None and any(lost_value(trouble.call, each, ids) is not None for each, ids in given):
        return None  # a cast brings nothing back
    edits: list[Edit] = []
    for node, tensor in _wrong(trouble):
        edits += _cast(trouble, node, tensor)
    return Repair(tuple(dict.fromkeys(edits))) if edits else None


def _wrong(trouble: Trouble) -> Iterator[tuple[ast.expr, TensorFacts]]:
    """The expressions that give the tensors of a wrong dtype, to the model, else to its encoder."""
    call = trouble.call
    if call is None:
        return
    looked_up = ("input_ids", "token_type_ids", "position_ids")
    seen: set[str] = set()
    subject = trouble.finding.subject
    for tensor, given in given_for(trouble):
        wrong = tensor.called == subject or (
            tensor.role in looked_up and not tensor.dtype.startswith(("int32", "int64"))
        )
        if not wrong:
            continue
        node = given.expression
        if node is not None:
            seen.add(tensor.name)
            yield node, tensor
    for encoder_call in call.encoder_calls if not seen else ():
        at = trouble.encoder_at(encoder_call)
        for role, tensor in encoder_call.given.items() if at is not None else ():
            if role in looked_up and not tensor.dtype.startswith(("int32", "int64")):
                found = fed(trouble, at, encoder_call.encoder.name(role))  # type: ignore[arg-type]
                if found is not None and found.expression is not None:
                    yield found.expression, tensor


def _where_made(trouble: Trouble, node: ast.expr) -> list[Edit]:
    """The last place on the way back that says a dtype of the wrong kind, or makes floats by default."""
    for one in trouble.flow.made_of(node, _wrapped):
        edits = _retyped(trouble, one)
        if edits:
            return edits
    return []


def _wrapped(node: ast.expr) -> list[ast.expr]:
    """What an expression wraps: `tf.constant(ids)` leads on to `ids`."""
    if isinstance(node, ast.Subscript):
        return [node.value]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        return [node.elt]
    if isinstance(node, ast.DictComp):
        return [node.value]
    if isinstance(node, ast.Call):
        owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [*owner, *node.args[:1]]
    return []


def _retyped(trouble: Trouble, node: ast.expr) -> list[Edit]:
    source = trouble.source
    if not isinstance(node, ast.Call):
        return []
    name = last_name(node.func) or ""
    if name in _LEGACY:
        text = source.segment(node.func)
        return [source.replace(node.func, text.removesuffix(name) + _LEGACY[name])]
    if isinstance(node.func, ast.Attribute) and name in _INTEGERS and not node.args and not node.keywords:
        text = source.segment(node.func)
        return [source.replace(node.func, text.removesuffix(name) + _INTEGERS[name])]
    if name == "bool" or name not in _TYPED:
        return []
    given = keyword_of(node, "dtype")
    typed = given.value if given is not None else None
    if typed is None:
        second = dict.fromkeys(
            ("cast", "zeros", "ones", "array", "asarray", "constant", "convert_to_tensor", "fromiter", "empty"), 1
        )
        places = {"astype": 0, "to": 0, "type": 0, **second, "full": 2}
        place = places.get(name)
        if place is not None and place < len(node.args):
            typed = node.args[place]
    if typed is None:
        return source.keyword(node, "dtype", _integer(trouble, node)) if name in _MAKES_FLOATS else []
    said = constant(typed) if isinstance(typed, ast.Constant) else ast.unparse(typed)
    if not isinstance(said, str) or not _FLOATS.match(said):
        return []
    return [source.replace(typed, _integer_like(trouble, typed, said))]


def _integer(trouble: Trouble, node: ast.Call) -> str:
    root = ast.unparse(node.func).rpartition(".")[0]
    if root and trouble.module_named(root):
        module = getattr(trouble.value(root), "__name__", "")
        return f"{root}.long" if module == "torch" else f"{root}.int32" if module == "tensorflow" else '"int32"'
    return '"int32"'


def _integer_like(trouble: Trouble, typed: ast.expr, said: str) -> str:
    if isinstance(typed, ast.Constant):
        quote = trouble.source.segment(typed)[:1]
        return f"{quote}int32{quote}"
    root = said.rpartition(".")[0]
    if not root:
        return "int"
    module = getattr(trouble.value(root), "__name__", "")
    return f"{root}.long" if module == "torch" else f"{root}.int32"


def _cast(trouble: Trouble, node: ast.expr, tensor: TensorFacts) -> list[Edit]:
    call = trouble.call
    assert call is not None
    kind = family(tensor)
    texts = tensor.values is not None and tensor.values.dtype.kind in "OUS"
    if call.model.framework == "torch" and kind == "torch":
        return trouble.source.wrap(node, "", ".long()")
    tf, np = trouble.module("tensorflow"), trouble.module("numpy")
    if kind == "tensorflow" and tf is not None:
        how = f"{tf}.strings.to_number(" if texts else f"{tf}.cast("
        return trouble.source.wrap(node, how, f", {tf}.int32)")
    if kind == "list" and np is not None and last_name(node.func if isinstance(node, ast.Call) else node) not in VERBS:
        return trouble.source.wrap(node, f"{np}.array(", ', dtype="int32")')
    if kind == "numpy":
        return trouble.source.wrap(node, "", '.astype("int32")')
    return []
