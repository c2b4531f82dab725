"""Where the cell says what loss it trains with, and the same with another loss or another flag."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bertmagic.repair.compiling import argument, compile_of, keras_of
from bertmagic.repair.source import Edit, constant, last_name
from bertmagic.repair.trouble import Trouble

# PyTorch's functions and the classes that compute the same (torch 2.13, `nn/modules/loss.py`).
TORCH_CLASSES = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
}
# Keras' classes of metrics, by the kind of labels that they take.
_METRICS = {
    "sparse_categorical_crossentropy": {
        "CategoricalAccuracy": "SparseCategoricalAccuracy",
        "BinaryAccuracy": "SparseCategoricalAccuracy",
        "CategoricalCrossentropy": "SparseCategoricalCrossentropy",
        "TopKCategoricalAccuracy": "SparseTopKCategoricalAccuracy",
        "categorical_accuracy": "sparse_categorical_accuracy",
        "binary_accuracy": "sparse_categorical_accuracy",
    },
    "categorical_crossentropy": {
        "SparseCategoricalAccuracy": "CategoricalAccuracy",
        "SparseCategoricalCrossentropy": "CategoricalCrossentropy",
        "SparseTopKCategoricalAccuracy": "TopKCategoricalAccuracy",
        "sparse_categorical_accuracy": "categorical_accuracy",
    },
    "binary_crossentropy": {
        "CategoricalAccuracy": "BinaryAccuracy",
        "SparseCategoricalAccuracy": "BinaryAccuracy",
        "categorical_accuracy": "binary_accuracy",
        "sparse_categorical_accuracy": "binary_accuracy",
    },
}
_PLACES = {"input": 0, "target": 1, "y_true": 0, "y_pred": 1}


def snake(name: str) -> str:
    """`sparse_categorical_crossentropy` of `SparseCategoricalCrossentropy`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`SparseCategoricalCrossentropy` of `sparse_categorical_crossentropy`."""
    return "".join(part.capitalize() for part in name.split("_"))


def loss_of(trouble: Trouble) -> ast.expr | None:
    """What says which loss is at fault: a string, a class's call, a function's name or call; None in earlier cells."""
    call = trouble.call
    if call is None or call.loss is None:
        return None
    name = call.loss.name
    compiled = compile_of(trouble) if call.model.framework != "torch" and call.kind != "call" else None
    if compiled is not None:
        given = argument(trouble, compiled, "loss", 1)
        return None if given is None else _single(trouble, given)
    names = {name, snake(name), camel(snake(name)), TORCH_CLASSES.get(name, name)}
    found = [each for each in trouble.source.calls() if last_name(each.func) in names]
    return found[0] if len(found) == 1 else _used(trouble, found)


def _single(trouble: Trouble, given: ast.expr) -> ast.expr:
    """The one loss of those that `compile` is given: of a name, a dict or a list of one."""
    node = trouble.flow.resolve(given).node
    if isinstance(node, ast.Dict) and len(node.values) == 1:
        return trouble.flow.resolve(node.values[0]).node
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 1:
        return trouble.flow.resolve(node.elts[0]).node
    if isinstance(node, ast.Call) and last_name(node.func) == "get" and len(node.args) == 1:
        return node.args[0]
    return node


def _used(trouble: Trouble, found: list[ast.Call]) -> ast.expr | None:
    """Of several losses of one name, that whose value is what raised, or whose gradient is taken."""
    raised = trouble.raised_at
    if raised is not None:
        for each in found:
            if each is raised or each in [
                origin.node for origin in trouble.flow.chain(getattr(raised, "func", raised))
            ]:
                return each
    return None


def computed_at(trouble: Trouble) -> Iterator[ast.Call]:
    """The calls that compute the loss in the cell's own code, the outputs and the labels among their arguments."""
    call = trouble.call
    if call is None or call.loss is None:
        return
    name = call.loss.name
    functions = {name, snake(name)}
    classes = {TORCH_CLASSES.get(name, name), camel(snake(name)), name}
    for each in trouble.source.calls():
        said = last_name(each.func)
        if len(each.args) + len([k for k in each.keywords if k.arg in _PLACES]) < 2:
            continue
        if said in functions and str(said).islower():
            yield each
            continue
        made = _maker(trouble, each.func)
        if isinstance(made, ast.Call) and last_name(made.func) in classes:
            yield each
        elif isinstance(each.func, ast.Name) and made is each.func:
            value = trouble.value(each.func.id)
            if type(value).__name__ in classes or getattr(value, "__name__", None) in functions:
                yield each


def _maker(trouble: Trouble, func: ast.expr) -> ast.expr:
    """What a callee was made by: `nn.BCELoss()` of `criterion` or `self.criterion`."""
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
        said = ast.unparse(func)
        for node in ast.walk(trouble.source.tree):
            if isinstance(node, ast.Assign) and any(ast.unparse(target) == said for target in node.targets):
                return node.value
        return func
    return trouble.flow.resolve(func).node


def compared(trouble: Trouble, call: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """The outputs and the labels of a call that computes a loss: PyTorch takes the outputs first, Keras the labels."""
    torch = trouble.call is not None and trouble.call.model.framework == "torch"
    first = argument(trouble, call, "input" if torch else "y_true", 0)
    second = argument(trouble, call, "target" if torch else "y_pred", 1)
    if first is None or second is None:
        return None
    return (first, second) if torch else (second, first)


def with_flag(trouble: Trouble, node: ast.expr, flag: bool) -> list[Edit]:
    """A Keras loss told whether it gets logits."""
    source = trouble.source
    if isinstance(node, ast.Call):
        if node.args and isinstance(constant(node.args[0]), bool):
            return [source.replace(node.args[0], str(flag))]
        return source.keyword(node, "from_logits", str(flag))
    named = constant(node)
    if not isinstance(named, str):
        name = last_name(node)
        if name is None or "_" not in name:
            return []
        if isinstance(node, ast.Attribute):
            text = source.segment(node).removesuffix(name)
            return [source.replace(node, f"{text}{camel(name)}(from_logits={flag})")]
        named = name
    if not flag:
        return []
    made = loss_class(trouble, camel({"bce": "binary_crossentropy"}.get(named, snake(named))))
    return [] if made is None else [source.replace(node, f"{made}(from_logits={flag})")]


def with_kind(trouble: Trouble, node: ast.expr, kind: str) -> list[Edit]:
    """A Keras loss become that of another kind (`binary_crossentropy`), its flags and how it is written kept."""
    source = trouble.source
    named = constant(node)
    if isinstance(named, str):
        quote = source.segment(node)[:1]
        text = camel(kind) if named[:1].isupper() else kind
        return [source.replace(node, f"{quote}{text}{quote}")]
    func = node.func if isinstance(node, ast.Call) else node
    name = last_name(func)
    if name is None:
        return []
    return renamed(trouble, func, kind if "_" in name else camel(kind))


def renamed(trouble: Trouble, func: ast.expr, name: str) -> list[Edit]:
    """A class or function of a library by another name of the same module, imported too where it stands alone."""
    source, old = trouble.source, last_name(func)
    if old is None or old == name:
        return []
    if isinstance(func, ast.Attribute):
        start = source.span(func)[1]
        return [Edit((start[0], start[1] - len(old)), start, name)]
    if name in trouble.namespace:
        return [source.replace(func, name)]
    for node in source.nodes(ast.ImportFrom):
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            if (alias.asname or alias.name) == old and alias.asname is None:
                return [source.replace(func, name), source.replace(alias, name)]
    made = loss_class(trouble, name)
    return [] if made is None else [source.replace(func, made)]


def loss_class(trouble: Trouble, name: str) -> str | None:
    """A class of Keras' losses as the cell may write it."""
    if name in trouble.namespace:
        return name
    keras = keras_of(trouble)
    return None if keras is None else f"{keras}.losses.{name}"


def metrics_with(trouble: Trouble, kind: str) -> list[Edit]:
    """The metrics that `compile` is given, as they must be for labels of that kind."""
    compiled = compile_of(trouble)
    given = None if compiled is None else argument(trouble, compiled, "metrics", 2)
    if given is None:
        return []
    edits: list[Edit] = []
    for node in ast.walk(trouble.flow.resolve(given).node):
        known = _METRICS[kind]
        if isinstance(node, ast.Constant) and node.value in known:
            quote = trouble.source.segment(node)[:1]
            edits.append(trouble.source.replace(node, f"{quote}{known[str(node.value)]}{quote}"))
        elif isinstance(node, ast.Call) and (name := last_name(node.func)) in known:
            edits += renamed(trouble, node.func, known[name or ""])
            threshold = [k.arg for k in node.keywords]
            if "threshold" in threshold:
                edits += trouble.source.without_keyword(node, "threshold")
    return edits


def compiled_again(trouble: Trouble, loss: str) -> str | None:
    """The line that compiles a model of an earlier cell with another loss, the same optimizer and metrics."""
    if trouble.call is None or not trouble.call.model.said.isidentifier():
        return None
    said, model = trouble.call.model.said, trouble.model
    metrics = _metrics_of(trouble, model)
    if model is None or metrics is None:
        return None
    return f"{said}.compile(optimizer={said}.optimizer, loss={loss}{metrics})"


def _metrics_of(trouble: Trouble, model: object) -> str | None:
    """The metrics that the model was compiled with, as one would write them; None where they cannot be told."""
    holder = getattr(model, "_compile_metrics", None) or getattr(model, "compiled_metrics", None)
    given = getattr(holder, "_user_metrics", None) or []
    if not isinstance(given, (list, tuple)):
        given = [given]
    keras, said = keras_of(trouble), []
    for each in given:
        if isinstance(each, str):
            said.append(f'"{each}"')
        elif keras is not None and hasattr(each, "get_config") and "keras" in type(each).__module__:
            said.append(f"{keras}.metrics.{type(each).__name__}()")
        else:
            return None
    return f", metrics=[{', '.join(said)}]" if said else ""
