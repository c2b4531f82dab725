"""Mends a learning rate that is too high for a pretrained encoder: where the optimizer is made, or before its use."""

from __future__ import annotations

import ast

from bertmagic.repair.compiling import argument, compile_of, entry, keras_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

RATE = "2e-5"
HIGH = 1e-3 * (1 - 1e-6)
# Classes of Adam's kind by the string that names them to Keras.
_BY_STRING = {"adam": "Adam", "adamw": "AdamW", "nadam": "Nadam"}
ADAMS = (
    "Adam", "AdamW", "Nadam", "NAdam", "RAdam", "AdamWeightDecay", "AdamW8bit", "Adam8bit", "FusedAdam",
    "PagedAdamW8bit", "AdamW32bit",
)  # fmt: skip
# By what a schedule's highest rate is called, and where it stands.
_SCHEDULES = {
    "PolynomialDecay": ("initial_learning_rate", 0),
    "ExponentialDecay": ("initial_learning_rate", 0),
    "InverseTimeDecay": ("initial_learning_rate", 0),
    "CosineDecay": ("initial_learning_rate", 0),
    "CosineDecayRestarts": ("initial_learning_rate", 0),
    "WarmUp": ("initial_learning_rate", 0),
    "OneCycleLR": ("max_lr", 1),
    "create_optimizer": ("init_lr", 0),
}


@repairs("learning-rate-high")
def lower_the_rate(trouble: Trouble) -> Repair | None:
    """The optimizer is made in the cell: it gets a rate for fine-tuning there."""
    for made in _made(trouble):
        edits = lowered(trouble, made)
        if edits:
            return Repair(tuple(edits))
    return None


@repairs("learning-rate-high")
def lower_the_rate_of_the_arguments(trouble: Trouble) -> Repair | None:
    """transformers' `Trainer` makes the optimizer of its arguments, in this cell or an earlier one."""
    for arguments in trouble.definitions("TrainingArguments", "Seq2SeqTrainingArguments"):
        given = keyword_of(arguments, "learning_rate")
        if given is not None:
            return Repair(tuple(_number(trouble, given.value)))
    for trainer in trouble.definitions("Trainer"):
        given = keyword_of(trainer, "args")
        if given is not None and isinstance(given.value, (ast.Name, ast.Attribute)):
            said = trouble.source.segment(given.value)
            return Repair((trouble.source.before(trainer, f"{said}.learning_rate = {RATE}"),))
    for train in trouble.source.calls("train"):
        owner = train.func.value if isinstance(train.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and type(trouble.value(owner.id)).__name__.endswith("Trainer"):
            return Repair((trouble.source.before(train, f"{owner.id}.args.learning_rate = {RATE}"),))
    return None


@repairs("learning-rate-high")
def lower_the_rate_beforehand(trouble: Trouble) -> Repair | None:
    """The optimizer was made in an earlier cell: its rate is set before it makes a step."""
    call = trouble.call
    if call is None or call.state is None or call.state.optimizer is None or trouble.at is None:
        return None
    optimizer, at = call.state.optimizer, entry(trouble, trouble.at)
    if at is None:
        return None
    said = optimizer.said if optimizer.said is not None else f"{call.model.said}.optimizer"
    if optimizer.said is not None and not said.isidentifier():
        return None
    if optimizer.said == optimizer.name:
        return None
    if call.model.framework == "torch":
        if optimizer.said is None or trouble.value(said) is None:
            return None
        lines = (f"for group in {said}.param_groups:", f'    group["lr"] = {RATE}')
        return Repair((trouble.source.before(at, *lines),))
    if optimizer.schedule is None:
        return Repair((trouble.source.before(at, f"{said}.learning_rate = {RATE}"),))
    return None


def _made(trouble: Trouble) -> list[ast.expr]:
    """What makes the optimizer: as the model is compiled with it, or as the cell's own loop names it."""
    found: list[ast.expr] = []
    optimizer = trouble.call.state.optimizer if trouble.call is not None and trouble.call.state is not None else None
    if optimizer is None or optimizer.said is None:
        compiled = compile_of(trouble)
        given = None if compiled is None else argument(trouble, compiled, "optimizer", 0)
        if given is not None:
            found.append(given)
        if trouble.call is not None and trouble.call.model.framework != "torch":
            return found
    kinds = list(trouble.definitions(*ADAMS, "create_optimizer"))
    if len(kinds) > 1 and optimizer is not None and optimizer.said is not None:
        value = trouble.flow.definition(optimizer.said)
        kinds = [each for each in kinds if each is value] or kinds
    return [*found, *kinds] if len(kinds) == 1 else found


def lowered(trouble: Trouble, made: ast.expr) -> list[Edit]:
    """An optimizer's expression with a rate for fine-tuning; none where its rate is not told, or not high."""
    origin = trouble.flow.resolve(made)
    node = origin.node
    named = constant(node)
    if isinstance(named, str):
        kind, keras = _BY_STRING.get(named.lower()), keras_of(trouble)
        if kind is None or keras is None:
            return []
        # Among settings it stays a string: which Keras `tf.keras` is may be settled by an import further down.
        place = node if made is node or isinstance(made, ast.Name) else made
        return [trouble.source.replace(place, f"{keras}.optimizers.{kind}({RATE})")]
    if not isinstance(node, ast.Call):
        return []
    name = last_name(node.func)
    if name == "LossScaleOptimizer" and node.args:
        return lowered(trouble, node.args[0])
    if name == "create_optimizer":
        given = argument(trouble, node, "init_lr", 0)
        return [] if given is None else _number(trouble, given)
    if name == "get" and node.args and isinstance(node.func, ast.Attribute):
        kind = _BY_STRING.get(str(constant(trouble.flow.resolve(node.args[0]).node)).lower())
        if kind is not None:
            return [trouble.source.replace(node, f"{trouble.source.segment(node.func.value)}.{kind}({RATE})")]
        return lowered(trouble, node.args[0])
    if name not in ADAMS:
        return []
    return _of_class(trouble, node)


def _of_class(trouble: Trouble, made: ast.Call) -> list[Edit]:
    torch = trouble.call is not None and trouble.call.model.framework == "torch"
    torch = torch or "torch" in ast.unparse(made.func) or _takes_parameters(made)
    name = "lr" if torch else "learning_rate"
    given = argument(trouble, made, name, 1 if torch else 0)
    if given is None and not torch:
        given = argument(trouble, made, "lr")
    if torch:
        edits = _of_groups(trouble, made)
        if edits:
            return edits
    if given is not None:
        return _number(trouble, given)
    if any(each.arg is None for each in made.keywords):
        return []
    return trouble.source.keyword(made, name, RATE)


def _takes_parameters(made: ast.Call) -> bool:
    return bool(made.args) and "parameters" in ast.unparse(made.args[0])


def _of_groups(trouble: Trouble, made: ast.Call) -> list[Edit]:
    """The rates that are given to groups of parameters, where these are high."""
    first = made.args[0] if made.args else argument(trouble, made, "params")
    groups = None if first is None else trouble.flow.resolve(first).node
    edits: list[Edit] = []
    for group in groups.elts if isinstance(groups, (ast.List, ast.Tuple)) else ():
        rate = (
            next(
                (
                    value
                    for key, value in zip(group.keys, group.values, strict=True)
                    if key is not None and constant(key) == "lr"
                ),
                None,
            )
            if isinstance(group, ast.Dict)
            else None
        )
        if rate is not None:
            edits += _number(trouble, rate)
    return edits


def _number(trouble: Trouble, given: ast.expr) -> list[Edit]:
    """The rate itself, where it is written down: a number, a name's number, or what a schedule begins from."""
    node = trouble.flow.resolve(given).node
    value = constant(node)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [trouble.source.replace(node, RATE)] if value >= HIGH else []
    if isinstance(node, ast.Call) and last_name(node.func) in _SCHEDULES:
        name, place = _SCHEDULES[last_name(node.func) or ""]
        warm = argument(trouble, node, "warmup_target")
        first = warm if warm is not None and constant(warm) is not None else argument(trouble, node, name, place)
        return [] if first is None else _number(trouble, first)
    if isinstance(node, ast.Call) and last_name(node.func) == "PiecewiseConstantDecay":
        values = argument(trouble, node, "values", 1)
        rates = None if values is None else trouble.flow.resolve(values).node
        return _all_lowered(trouble, rates)
    if isinstance(given, (ast.Name, ast.Attribute, ast.Subscript, ast.BinOp)) and not isinstance(node, ast.Call):
        # A number of an earlier cell's, or reckoned: the optimizer gets its own.
        return [trouble.source.replace(given, RATE)]
    return []


def _all_lowered(trouble: Trouble, rates: ast.expr | None) -> list[Edit]:
    """Each of the rates divided alike, so that the highest of them is one for fine-tuning."""
    numbers = constant(rates)
    if not isinstance(rates, (ast.List, ast.Tuple)) or not isinstance(numbers, (list, tuple)) or not numbers:
        return []
    if not all(isinstance(each, (int, float)) and each >= 0 for each in numbers) or max(numbers) < HIGH:
        return []
    share = 2e-5 / max(numbers)
    return [
        trouble.source.replace(node, f"{each * share:.3g}".replace("e-0", "e-"))
        for node, each in zip(rates.elts, numbers, strict=True)
    ]
