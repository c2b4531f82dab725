"""An attention mask written for the cell: from the encoding that the token ids come from, else from the ids."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.flow import Origin
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of
from bertmagic.repair.trouble import Trouble
from bertmagic.rules.dialect import family

# How the ids' key is called, and the mask's beside it.
BESIDE = {"input_ids": "attention_mask", "token_ids": "padding_mask"}
# What gives the values of its first argument on, one for one.
ONE_FOR_ONE = frozenset(
    {"constant", "convert_to_tensor", "cast", "array", "asarray", "tensor", "as_tensor", "to", "astype", "numpy",
     "long", "int", "cuda", "cpu", "ensure_shape", "convert_to_numpy", "detach"}
)  # fmt: skip
_MOST_STEPS = 16


@dataclass(frozen=True)
class Mask:
    """A mask as the cell may write it, and the edits that it needs elsewhere for that."""

    text: str
    edits: tuple[Edit, ...] = ()


def mask_beside(trouble: Trouble, ids: ast.expr, at: ast.AST) -> str | None:
    """The mask out of the encoding or dict that holds the ids, as the cell may write it at `at`; None where none is.

    What a loop or a parameter gives is followed no further: the encoding behind it holds other rows, or is another
    caller's.
    """
    for node in _within(trouble, ids):
        text = _mirrored(trouble, node)
        if text is not None and is_known(trouble, text, at):
            return text
    return None


def mask_at(trouble: Trouble, ids: ast.expr, at: ast.AST, tensor: TensorFacts | None) -> Mask | None:
    """A right mask for these ids, to be written at `at`: the encoding's own, else one made from the ids."""
    beside = mask_beside(trouble, ids, at)
    if beside is not None:
        return Mask(beside)
    split = _split(trouble, ids, at)
    if split is not None:
        return split
    text = trouble.source.segment(ids)
    if not isinstance(ids, (ast.Name, ast.Subscript, ast.Attribute)) or not is_known(trouble, text, at):
        return None
    made = mask_made(trouble, text, tensor)
    return None if made is None else Mask(made)


def mask_made(trouble: Trouble, ids: str, tensor: TensorFacts | None) -> str | None:
    """A mask from the ids: 1 on tokens, 0 on padding. `ids`: an expression of them; `tensor`: of which library."""
    pad = trouble.pad
    if pad is None or trouble.call is None:
        return None
    model = trouble.call.model
    kind = family(tensor) if tensor is not None else "numpy"
    if model.framework == "torch" and kind != "numpy":
        return f"({ids} != {pad}).long()"
    if kind == "tensorflow":
        tf = trouble.module("tensorflow")
        return None if tf is None else f"{tf}.cast({ids} != {pad}, {tf}.int32)"
    if kind == "list":
        np = trouble.module("numpy")
        return None if np is None else f'({np}.array({ids}) != {pad}).astype("int32")'
    if model.framework == "torch":
        return f'({ids} != {pad}).astype("int64")'
    return f'({ids} != {pad}).astype("int32")'


def mask_inside(trouble: Trouble, ids: str, pad: str | None = None) -> str | None:
    """A mask from the ids within a model's own code, where they are tensors (or a graph's) whatever was fed."""
    call, pad = trouble.call, pad or trouble.pad
    if call is None or pad is None:
        return None
    if call.model.framework == "torch":
        return f"({ids} != {pad}).long()"
    if call.model.framework == "tf-keras":
        tf = trouble.module("tensorflow")
        return None if tf is None else f"{tf}.cast({tf}.not_equal({ids}, {pad}), {tf}.int32)"
    keras = trouble.module("keras")
    return None if keras is None else f'{keras}.ops.cast({keras}.ops.not_equal({ids}, {pad}), "int32")'


def free_name(trouble: Trouble, *names: str) -> str | None:
    """The first of these names that stands for nothing in the cell or before it."""
    taken = {node.id for node in ast.walk(trouble.source.tree) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(trouble.source.tree) if isinstance(node, ast.arg)}
    return next((each for each in names if each not in taken and each not in trouble.namespace), None)


def is_known(trouble: Trouble, text: str, at: ast.AST) -> bool:
    """Whether all names of an expression stand for something where it is to be written."""
    tree = ast.parse(text, mode="eval")
    return all(_stands(trouble, node.id, at) for node in ast.walk(tree) if isinstance(node, ast.Name))


def _stands(trouble: Trouble, name: str, at: ast.AST) -> bool:
    source = trouble.source
    for scope in (source.scope(at), *source.around(source.scope(at))):
        given = getattr(scope, "args", None)
        spread = [] if given is None else [given.vararg, given.kwarg]
        named = [] if given is None else [*given.posonlyargs, *given.args, *given.kwonlyargs]
        if any(each is not None and each.arg == name for each in (*named, *spread)):
            return True
    if trouble.flow.bound(name, at) is not None:
        return True
    made_here = any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        for node in ast.walk(source.tree)
    )
    return name in trouble.namespace and not made_here


def _within(trouble: Trouble, node: ast.expr) -> list[ast.expr]:
    """The expressions that a value comes through as a whole, back to a loop, a parameter or what made it."""
    found = [node]
    for _ in range(_MOST_STEPS):
        if isinstance(node, ast.Name):
            bound = trouble.flow.bound(node.id, node)
            if bound is None or bound.each or not isinstance(bound.by, (ast.Assign, ast.AnnAssign)):
                break
            node = bound.value
            for step in bound.path:
                if not isinstance(node, (ast.Tuple, ast.List)) or not isinstance(step, int) or step >= len(node.elts):
                    return found
                node = node.elts[step]
        elif isinstance(node, ast.NamedExpr):
            node = node.value
        else:
            break
        found.append(node)
    return found


def unconverted(trouble: Trouble, node: ast.expr) -> ast.expr | None:
    """What `tf.cast(…)`, `np.array(…)`, `.to(device)` and the like are given, at the bottom of them."""
    while isinstance(node, ast.Call):
        func = node.func
        name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
        if name not in ONE_FOR_ONE:
            return None
        # `tf.cast(x)` is of a module, `x.to(device)` of the tensor itself.
        if isinstance(func, ast.Attribute) and not trouble.is_module(func.value):
            node = func.value
        elif node.args:
            node = node.args[0]
        else:
            return None
    return node


def _mirrored(trouble: Trouble, node: ast.expr) -> str | None:
    """The expression with the ids' key become the mask's: `tf.cast(x["input_ids"], …)` as of `x["attention_mask"]`."""
    inner = unconverted(trouble, node)
    while isinstance(inner, ast.Subscript) and not isinstance(constant(inner.slice), str):
        inner = inner.value
    if isinstance(inner, ast.Subscript):
        key: object = constant(inner.slice)
        holder = inner.value
    elif isinstance(inner, ast.Attribute):
        key, holder = inner.attr, inner.value
    else:
        return None
    if not isinstance(key, str) or key not in BESIDE or isinstance(holder, ast.Call):
        return None
    if not has_mask(trouble, holder, BESIDE[key]):
        return None
    text, own = trouble.source.segment(node), trouble.source.segment(inner)
    return text.replace(own, re.sub(rf"\b{key}\b(?=\W*$)", BESIDE[key], own), 1)


def has_mask(trouble: Trouble, holder: ast.expr, key: str) -> bool:
    """Whether the encoding or dict has a mask that is right: a tokenizer's own, or one that is fed and was dropped."""
    origin: Origin = trouble.flow.resolve(holder)
    node = origin.node
    if isinstance(holder, ast.Name) and _is_written(trouble, holder.id, key):
        return False
    if isinstance(node, ast.Call) and not origin.path:
        given = keyword_of(node, "return_attention_mask")
        if given is not None and constant(given.value) is False:
            return False
        if any(found is node for _, found in trouble.tokenizer_calls()):
            return True
    if isinstance(holder, ast.Name) and _is_parameter(trouble, holder) and trouble.call is not None:
        return any(each.name == key for each in trouble.call.inputs)
    if isinstance(node, ast.Dict):
        return any(constant(each) == key for each in node.keys)
    value = trouble.value(holder.id) if isinstance(holder, ast.Name) else None
    keys = getattr(value, "keys", None)
    if keys is None:
        return False
    try:
        return key in set(keys()) and type(value).__name__ in ("BatchEncoding", "dict")
    except Exception:  # noqa: BLE001  # somebody's own mapping
        return False


def _is_parameter(trouble: Trouble, name: ast.Name) -> bool:
    given = getattr(trouble.source.scope(name), "args", None)
    return given is not None and any(each.arg == name.id for each in given.args)


def _is_written(trouble: Trouble, name: str, key: str) -> bool:
    """Whether the cell sets or deletes that item itself: `enc["attention_mask"] = …`, `enc.pop("attention_mask")`."""
    for node in ast.walk(trouble.source.tree):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load) and constant(node.slice) == key:
            if ast.unparse(node.value) == name:
                return True
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == f"{name}.pop":
            return bool(node.args) and constant(node.args[0]) == key
    return False


def _split(trouble: Trouble, ids: ast.expr, at: ast.AST) -> Mask | None:
    """The encoding of `ids = tokenizer(…)["input_ids"]` kept under a name of its own, and the mask out of it."""
    source = trouble.source
    for node in _within(trouble, ids):
        inner = unconverted(trouble, node)
        if not isinstance(inner, (ast.Subscript, ast.Attribute)) or not isinstance(inner.value, ast.Call):
            continue
        key = constant(inner.slice) if isinstance(inner, ast.Subscript) else inner.attr
        made = inner.value
        if key not in BESIDE or not any(found is made for _, found in trouble.tokenizer_calls()):
            continue
        given = keyword_of(made, "return_attention_mask")
        statement = source.statement(node)
        if (given is not None and constant(given.value) is False) or source.scope(node) is not source.scope(at):
            return None
        name = free_name(trouble, "enc", "encoded", "encoding", "batch_enc")
        if name is None or not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return)):
            return None
        if any(isinstance(each, (ast.ListComp, ast.Lambda, ast.GeneratorExp)) for each in source.around(inner)):
            return None
        try:
            edits = (
                source.before(statement, f"{name} = {source.segment(made)}"),
                source.replace(made, name),
            )
        except NotEditable:
            return None
        own = source.segment(node).replace(source.segment(made), name, 1)
        return Mask(re.sub(rf"\b{key}\b", BESIDE[str(key)], own, count=1), edits)
    return None
