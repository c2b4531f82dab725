"""Gives a model one output for each class: where its head is made in the cell, else by making the model again."""

from __future__ import annotations

import ast
import re

from bertmagic.repair.compiling import argument, compile_of, entry
from bertmagic.repair.heads import activation_of, heads, units_of
from bertmagic.repair.losses import loss_class, loss_of, metrics_with
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.labels import compared_output

# What names of lists of classes are like.
_NAMES = re.compile(
    r"name|class|label|categor|topic|tag|mood|genre|intent|target|emotion|sentiment|kind|level|grade|star|lang|section",
    re.IGNORECASE,
)
# Metrics of numbers, which tell nothing of classes.
_OF_NUMBERS = ("mae", "mse", "mean_absolute_error", "mean_squared_error", "MeanAbsoluteError", "MeanSquaredError")
_KEYWORDS = ("num_labels", "num_classes")


@repairs("labels-out-of-range")
def give_each_class_an_output(trouble: Trouble) -> Repair | None:
    """More classes than outputs, counted from 0: the head gets as many."""
    call = trouble.call
    output = None if call is None else compared_output(call)
    found = trouble.finding.evidence.get("labels")
    if call is None or output is None or not call.labels or not isinstance(found, list) or min(found) < 0:
        return None
    values = call.labels[0].values
    if values is None:
        return None
    most, classes = int(max(values.max(), *found)), output.shape[-1]
    span = call.state.label_span if call.state is not None else None
    lowest = values[values >= 0].min() if span is None else span[0]
    if span is not None:
        most = max(most, int(span[1]))
    if int(lowest) == 1 and most == classes:
        return None  # counted from 1
    edits = with_classes(trouble, classes, most + 1)
    if not edits:
        return None
    if classes == 1:
        edits += _for_classes(trouble)
    return Repair(tuple(edits))


@repairs("regression-head-for-classes")
def give_each_class_its_output(trouble: Trouble) -> Repair | None:
    """One output for labels that are classes: the head gets one for each, and a Keras model the loss for such."""
    call = trouble.call
    labels = trouble.finding.evidence.get("labels")
    if call is None or call.loss is None or not isinstance(labels, list):
        return None
    edits = with_classes(trouble, 1, int(max(labels)) + 1)
    if not edits:
        return None
    if call.loss.kind == "regression":
        more = _loss_for_classes(trouble)
        if not more:
            return None
        edits += more
    return Repair(tuple(edits))


def _loss_for_classes(trouble: Trouble) -> list[Edit]:
    """A loss of numbers become the one for class indices, which gets what the head gives."""
    call, node = trouble.call, loss_of(trouble)
    if call is None or node is None or call.model.framework == "torch":
        return []
    made = loss_class(trouble, "SparseCategoricalCrossentropy")
    if made is None:
        return []
    edits = [trouble.source.replace(node, f"{made}(from_logits=True)")]
    compiled = compile_of(trouble)
    metrics = None if compiled is None else argument(trouble, compiled, "metrics", 2)
    edits += [
        trouble.source.replace(each, '"accuracy"')
        for each in (ast.walk(metrics) if metrics is not None else ())
        if (isinstance(each, ast.Constant) and each.value in _OF_NUMBERS)
        or (isinstance(each, ast.Call) and last_name(each.func) in _OF_NUMBERS)
    ]
    head = activation_of(trouble, 1)
    if head is not None and not isinstance(head, ast.Call):
        edits.append(trouble.source.replace(head, "None"))
    return [*edits, *metrics_with(trouble, "sparse_categorical_crossentropy")]


def _for_classes(trouble: Trouble) -> list[Edit]:
    head = activation_of(trouble, 1)
    if head is not None and constant(head) == "sigmoid":
        return [trouble.source.replace(head, '"softmax"')]
    return []


def with_classes(trouble: Trouble, classes: int, wanted: int) -> list[Edit]:
    """The cell's model with so many outputs in place of so many; none where it is not told where they are set."""
    source = trouble.source
    made = _made(trouble)
    for keyword in _KEYWORDS:
        setting = _setting(trouble, keyword, made)
        if setting is not None:
            return _number(trouble, setting, classes, wanted)
    for node in source.nodes(ast.Assign):
        assert isinstance(node, ast.Assign)
        target = node.targets[0]
        if isinstance(target, ast.Attribute) and target.attr in _KEYWORDS:
            return _number(trouble, node.value, classes, wanted)
    if made is not None and not _takes_names(made):
        name = last_name(made.func) or ""
        inner = argument(trouble, made, "config", None if name == "from_pretrained" else 0)
        config = None if inner is None else trouble.flow.resolve(inner).node
        if isinstance(config, ast.Call) and last_name(config.func) in ("from_pretrained", *_configs(config)):
            return source.keyword(config, "num_labels", _said(trouble, wanted, config))
        if name == "from_pretrained" and inner is None:
            return source.keyword(made, "num_labels", _said(trouble, wanted, made))
        if name == "from_preset" and trouble.call is not None and trouble.call.model.library == "keras-hub":
            return source.keyword(made, "num_classes", _said(trouble, wanted, made))
    found = heads(trouble, classes)
    if found:
        units = units_of(trouble, found[-1])
        return [] if units is None else _number(trouble, units, classes, wanted)
    return []


def _configs(config: ast.Call) -> tuple[str, ...]:
    name = last_name(config.func) or ""
    return (name,) if name.endswith("Config") else ()


def _takes_names(made: ast.Call) -> bool:
    """Whether the classes' names are given to the model, which tell their number."""
    return any(each.arg in ("id2label", "label2id") for each in made.keywords)


def _made(trouble: Trouble) -> ast.Call | None:
    """What makes the model in the cell."""
    call = trouble.call
    if call is None:
        return None
    value = trouble.flow.definition(call.model.said) if call.model.said.isidentifier() else None
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in (
        "train", "to", "cuda", "eval", "float", "double",
    ):  # fmt: skip
        value = value.func.value
    if isinstance(value, ast.Call):
        return value
    kind = call.model.type
    for each in trouble.source.calls():
        text = ast.unparse(each.func)
        if kind and (kind in text or (kind.partition("For")[2] and f"For{kind.partition('For')[2]}" in text)):
            return each
    return None


def _setting(trouble: Trouble, name: str, made: ast.Call | None) -> ast.expr | None:
    """The value of a keyword of that name: of the model's own call, else the only one of the cell."""
    if made is not None:
        own = argument(trouble, made, name)
        if own is not None:
            return own
    calls = [each for each in trouble.source.calls() if "metrics" not in ast.unparse(each.func)]
    given = [found.value for each in calls if (found := keyword_of(each, name)) is not None]
    given = [each for each in given if "one_hot" not in ast.unparse(trouble.source.statement(each))]
    return given[0] if len({ast.unparse(each) for each in given}) == 1 else None


def _number(trouble: Trouble, node: ast.expr, classes: int, wanted: int) -> list[Edit]:
    """The number of classes where it is written down: in place, by the name that it goes by, or as a default."""
    source, flow = trouble.source, trouble.flow
    for origin in flow.chain(node):
        if constant(origin.node) == classes and not origin.path:
            return [source.replace(origin.node, _said(trouble, wanted, origin.node))]
    last = flow.resolve(node).node
    if isinstance(last, ast.Name):
        default = _default(trouble, last)
        if default is not None and constant(default) == classes:
            return [source.replace(default, str(wanted))]
    if isinstance(last, ast.Attribute) and isinstance(last.value, ast.Name) and last.value.id == "self":
        for each in source.nodes(ast.Assign):
            assert isinstance(each, ast.Assign)
            if ast.unparse(each.targets[0]) == ast.unparse(last):
                return _number(trouble, each.value, classes, wanted)
    if isinstance(node, (ast.Name, ast.Attribute, ast.Call)):
        return [source.replace(node, _said(trouble, wanted, node))]
    return []


def _default(trouble: Trouble, name: ast.Name) -> ast.expr | None:
    """The default of the parameter that a name is."""
    function = trouble.source.scope(name)
    given = getattr(function, "args", None)
    if given is None:
        return None
    names = [*given.posonlyargs, *given.args]
    for parameter, default in zip(reversed(names), reversed(given.defaults), strict=False):
        if parameter.arg == name.id:
            return default  # type: ignore[no-any-return]
    return next(
        (d for p, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if p.arg == name.id and d is not None),
        None,
    )


def _said(trouble: Trouble, wanted: int, at: ast.AST) -> str:
    """The number as the cell would say it: `len(names)` where it has a list of just so many classes' names."""
    for name, value in trouble.namespace.items():
        if (
            name.startswith("_")
            or not _NAMES.search(name)
            or not isinstance(value, (list, tuple, set, frozenset, dict))
        ):
            continue
        if len(value) != wanted or not all(isinstance(each, (str, int)) for each in value):
            continue
        if isinstance(value, (list, tuple)) and (
            len(set(value)) != wanted or not all(isinstance(each, str) for each in value)
        ):
            continue
        if is_known(trouble, name, at):
            return f"len({name})"
    return str(wanted)


@repairs("labels-out-of-range", "regression-head-for-classes")
def make_the_model_again(trouble: Trouble) -> Repair | None:
    """The model was made in an earlier cell: it is made again with as many outputs, and compiled here as it is."""
    call = trouble.call
    if call is None or trouble.at is None or call.model.framework == "torch":
        return None
    found = trouble.finding.evidence.get("labels")
    output, compiled = compared_output(call), compile_of(trouble)
    pretrained = next((each.pretrained for each in call.model.encoders if each.pretrained), None)
    if compiled is None or output is None or not isinstance(found, list) or not pretrained or min(found) < 0:
        return None
    said, kind = call.model.said, call.model.type
    if not call.model.is_transformers or not said.isidentifier() or trouble.flow.definition(said) is not None:
        return None
    values = call.labels[0].values
    if values is None or (values.min() == 1 and values.max() == output.shape[-1]):
        return None
    maker = next((n for n in (kind, f"TFAutoModelFor{kind.partition('For')[2]}") if n in trouble.namespace), None)
    at = entry(trouble, compiled)
    if maker is None or at is None:
        return None
    checkpoint = _checkpoint(trouble, pretrained)
    wanted = _said(trouble, int(values.max()) + 1, at)
    line = f"{said} = {maker}.from_pretrained({checkpoint}, num_labels={wanted})"
    return Repair((trouble.source.before(at, line),))


def _checkpoint(trouble: Trouble, pretrained: str) -> str:
    """The checkpoint by the cell's own name for it, else as it is."""
    for name, value in trouble.namespace.items():
        if isinstance(value, str) and value == pretrained and not name.startswith("_"):
            return name
    return f'"{pretrained}"'
