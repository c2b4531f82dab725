"""Mends one framework's tensors, classes and parts among another's: asks for the right ones, or converts them."""

from __future__ import annotations

import ast
import re

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.asked import ask, asked, calls_of_tokenizers, given_for, made_by, quoted, says
from bertmagic.repair.feeding import labels_of
from bertmagic.repair.masks import is_known
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.dialect import family

_TENSORS = re.compile(r'return_tensors="(\w+)"')
# PyTorch's losses and layers in the words of Keras.
_LOSSES = {
    "CrossEntropyLoss": "SparseCategoricalCrossentropy(from_logits=True)",
    "BCEWithLogitsLoss": "BinaryCrossentropy(from_logits=True)",
    "BCELoss": "BinaryCrossentropy()",
    "MSELoss": "MeanSquaredError()",
    "L1Loss": "MeanAbsoluteError()",
}
_OPTIMIZERS = {"Adam": "Adam", "AdamW": "AdamW", "SGD": "SGD", "RMSprop": "RMSprop", "Adagrad": "Adagrad"}


@repairs("framework-mismatch")
def ask_for_other_tensors(trouble: Trouble) -> Repair | None:
    """The tokenizers are asked for a framework's tensors that is not installed: for those of the one that is."""
    wrong = trouble.finding.evidence.get("return_tensors")
    found = _TENSORS.search(trouble.finding.fix.snippet if trouble.finding.fix is not None else "")
    if wrong is None or found is None:
        return None
    edits: list[Edit] = []
    for node in trouble.source.calls():
        if says(asked(trouble, node, "return_tensors"), wrong):
            edits += ask(trouble, node, "return_tensors", f'"{found[1]}"')
    if edits:
        return Repair(tuple(dict.fromkeys(edits)))
    # Nobody says so in this cell: it is a collator's default.
    made = [each for each in trouble.source.calls() if (last_name(each.func) or "").startswith("DataCollator")]
    for node in made:
        edits += ask(trouble, node, "return_tensors", f'"{found[1]}"')
    if edits:
        return Repair(tuple(edits))
    said = trouble.finding.subject
    at = trouble.raised_at
    if at is None or getattr(trouble.value(said), "return_tensors", None) != wrong:
        return None
    return Repair((trouble.source.before(at, f"{said}.return_tensors = {quoted(trouble, found[1])}"),))


@repairs("framework-mismatch")
def take_the_class_that_is_there(trouble: Trouble) -> Repair | None:
    """A class of a framework that is not installed: its twin of the one that is, wherever it is named."""
    kind = trouble.finding.evidence.get("class")
    fix = trouble.finding.fix
    found = re.match(r"from transformers import (TF\w+)", fix.snippet) if fix is not None else None
    if not isinstance(kind, str) or found is None:
        return None
    source, twin = trouble.source, found[1]
    named = {kind}
    edits: list[Edit] = []
    imported = False
    for node in source.nodes(ast.ImportFrom):
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            if alias.name == kind:
                start, end = source.span(alias)
                edits.append(Edit(start, end, twin if alias.asname is None else f"{twin} as {alias.asname}"))
                imported = True
                if alias.asname is not None:
                    named = set()
    uses = [
        node
        for node in source.nodes(ast.Name, ast.Attribute)
        if (isinstance(node, ast.Name) and node.id in named) or (isinstance(node, ast.Attribute) and node.attr == kind)
    ]
    for node in uses:
        owner = "" if isinstance(node, ast.Name) else f"{source.segment(node.value)}."
        edits += [source.replace(node, f"{owner}{twin}")]
    by_module = all(isinstance(node, ast.Attribute) for node in uses)
    if not uses or (named == set() and not imported):
        return None
    if not imported and not by_module and twin not in trouble.namespace:
        edits.insert(0, source.before(uses[0], f"from transformers import {twin}"))
    return Repair(tuple(edits))


@repairs("framework-mismatch")
def ask_for_tensors(trouble: Trouble) -> Repair | None:
    """A model is given another framework's tensors out of a tokenizer's call: that is asked for the model's own."""
    wrong = trouble.finding.evidence.get("framework")
    call = trouble.call or next((each for each in trouble.cell.calls if each.error is not None), None)
    if wrong is None or call is None or call.model.framework == "keras":
        return None
    names = {"numpy": ("np",), "tensorflow": ("tf",), "torch": ("pt",), "jax": ("jax",)}.get(str(wrong), ())
    wanted = "pt" if call.model.framework == "torch" else "tf"
    edits: list[Edit] = []
    about = _subject_of(trouble)
    for node in calls_of_tokenizers(trouble):
        if says(asked(trouble, node, "return_tensors"), *names) and not _is_array_work(trouble, node):
            edits += ask(trouble, node, "return_tensors", f'"{wanted}"')
    if not edits or (about is not None and made_by(trouble, about) is None):
        return _converted(trouble)
    more = _labels_converted(trouble)
    return Repair((*dict.fromkeys(edits), *more))


def _is_array_work(trouble: Trouble, node: ast.Call) -> bool:
    """Whether the cell works on the encoding with NumPy's functions, or converts it itself."""
    statement = trouble.source.statement(node)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    numpy = trouble.module("numpy")
    name = statement.targets[0].id
    for each in trouble.source.calls():
        used = any(isinstance(n, ast.Name) and n.id == name for arg in each.args for n in ast.walk(arg))
        root = ast.unparse(each.func).partition(".")[0]
        if used and (root == numpy or last_name(each.func) in ("from_numpy", "astype")):
            return True
    return False


def _subject_of(trouble: Trouble) -> ast.expr | None:
    """The expression in the failing call that the finding is about."""
    at = trouble.at or trouble.raised_at
    if at is None:
        return None
    said = trouble.finding.subject
    return next(
        (node for node in ast.walk(at) if isinstance(node, ast.expr) and ast.unparse(node) == _plain(said)), None
    )


def _plain(said: str) -> str:
    try:
        return ast.unparse(ast.parse(said, mode="eval"))
    except SyntaxError:
        return said


def _conversion(trouble: Trouble, tensor: TensorFacts) -> tuple[str, str] | None:
    """What stands before and after a tensor of another framework to make it the model's."""
    call = trouble.call
    if call is None:
        return None
    kind = family(tensor)
    if call.model.framework == "torch" and (torch := trouble.module("torch")) is not None:
        if kind == "numpy":
            return f"{torch}.from_numpy(", ")"
        if kind == "tensorflow":
            return f"{torch}.from_numpy(", ".numpy())"
        if kind == "jax" and (np := trouble.module("numpy")) is not None:
            return f"{torch}.from_numpy({np}.array(", "))"
    if call.model.framework == "tf-keras" and kind == "torch":
        return "", ".numpy()"
    if call.model.framework == "tf-keras" and kind == "jax" and (np := trouble.module("numpy")) is not None:
        return f"{np}.asarray(", ")"
    return None


@repairs("framework-mismatch")
def _converted(trouble: Trouble) -> Repair | None:
    """What the call is given is converted there."""
    edits: list[Edit] = []
    for tensor, fed in given_for(trouble):
        how = _conversion(trouble, tensor)
        if how is None:
            continue
        if fed.expression is None or not is_known(trouble, trouble.source.segment(fed.expression), fed.expression):
            return None
        edits += _wrapped(trouble, fed.expression, *how)
    return Repair((*dict.fromkeys(edits), *_labels_converted(trouble))) if edits else _labels_alone(trouble)


def _labels_alone(trouble: Trouble) -> Repair | None:
    edits = _labels_converted(trouble)
    return Repair(tuple(edits)) if edits else None


def _labels_converted(trouble: Trouble) -> list[Edit]:
    at, call = trouble.at, trouble.call
    if at is None or call is None or len(call.labels) != 1:
        return []
    how, labels = _conversion(trouble, call.labels[0]), labels_of(trouble, at)
    if how is None or labels is None or labels.expression is None:
        return []
    return _wrapped(trouble, labels.expression, *how)


def _wrapped(trouble: Trouble, node: ast.expr, before: str, after: str) -> list[Edit]:
    if after.startswith(".") and before:
        text = trouble.source.segment(node)
        atom = isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript))
        return [trouble.source.replace(node, f"{before}{text if atom else f'({text})'}{after}")]
    return trouble.source.wrap(node, before, after)


@repairs("framework-mismatch")
def give_keras_own_parts(trouble: Trouble) -> Repair | None:
    """An optimizer, loss or layer of PyTorch's that Keras was given: its own of that kind, set as the other is."""
    if trouble.finding.evidence.get("framework") != "torch" or trouble.raised_at is None:
        return None
    keras = trouble.module("keras") or trouble.module("tf_keras")
    if keras is None:
        return None
    edits: list[Edit] = []
    at = trouble.raised_at
    given = [*at.args, *(each.value for each in at.keywords)] if isinstance(at, ast.Call) else []
    for each in given:
        node = trouble.flow.resolve(each).node
        text = _of_keras(trouble, node, keras) if isinstance(node, ast.Call) else None
        if text is not None:
            edits.append(trouble.source.replace(node, text))
    return Repair(tuple(edits)) if edits else None


def _of_keras(trouble: Trouble, node: ast.Call, keras: str) -> str | None:
    name, source = last_name(node.func) or "", trouble.source
    said = ast.unparse(node.func)
    if "torch" not in said and "optim" not in said and "nn" not in said and name not in trouble.namespace:
        return None
    if said.startswith(f"{keras}."):
        return None
    if name in _LOSSES:
        return f"{keras}.losses.{_LOSSES[name]}"
    if name in _OPTIMIZERS:
        rate = keyword_of(node, "lr")
        given = rate.value if rate is not None else node.args[1] if len(node.args) > 1 else None
        settings = [] if given is None else [source.segment(given)]
        decay = keyword_of(node, "weight_decay")
        settings += [] if decay is None else [f"weight_decay={source.segment(decay.value)}"]
        return f"{keras}.optimizers.{_OPTIMIZERS[name]}({', '.join(settings)})"
    if name == "Linear" and len(node.args) > 1:
        return f"{keras}.layers.Dense({source.segment(node.args[1])})"
    if name == "Dropout" and node.args:
        return f"{keras}.layers.Dropout({source.segment(node.args[0])})"
    return None
