"""Mends what inputs and labels come in: lists become arrays, encodings dicts, whole encodings named arguments."""

from __future__ import annotations

import ast

from bertmagic.facts.tensors import TensorFacts
from bertmagic.repair.asked import ask, asked, given_for, is_encoding, made_by
from bertmagic.repair.feeding import VERBS, inputs_of, labels_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble


@repairs("container-unsupported")
def make_arrays_of_lists(trouble: Trouble) -> Repair | None:
    """Lists of numbers: the tokenizer is asked for tensors, or the lists are made arrays where they are given."""
    at, call = trouble.at, trouble.call
    lists = trouble.finding.evidence.get("lists")
    if at is None or call is None or not isinstance(lists, dict):
        return None
    edits: list[Edit] = []
    wanted = _wanted(trouble, at)
    for tensor, fed in given_for(trouble):
        if tensor.kind not in ("list", "tuple"):
            continue
        start = fed.expression if fed.expression is not None else fed.origin.node
        made = made_by(trouble, start)
        if made is not None and _is_one_batch(trouble, made) and asked(trouble, made, "return_tensors") is None:
            edits += ask(trouble, made, "return_tensors", f'"{wanted}"')
        elif fed.expression is not None:
            edits += _as_array(trouble, fed.expression)
    edits += _labels(trouble, at)
    edits += _validation(trouble, at, wanted)
    whole = inputs_of(at)
    hub = call.model.library != "transformers" and not call.model.is_transformers
    if whole is not None and hub and last_name(at.func) in VERBS and is_encoding(trouble, whole):
        edits += _as_dict(trouble, whole)
    return Repair(tuple(dict.fromkeys(edits))) if edits else None


def _wanted(trouble: Trouble, at: ast.Call) -> str:
    assert trouble.call is not None
    if trouble.call.model.framework == "torch":
        return "pt"
    if trouble.call.model.framework == "tf-keras" and last_name(at.func) not in VERBS:
        return "tf"
    return "np"


def _is_one_batch(trouble: Trouble, node: ast.Call) -> bool:
    """Whether a tokenizer's call gives a whole batch, once: not one text after the other in a loop."""
    facts = [each for each, found in trouble.tokenizer_calls() if found is node]
    return bool(facts) and all(each.texts.shape in ("batch", "words") or each.method == "pad" for each in facts)


def _as_array(trouble: Trouble, node: ast.expr) -> list[Edit]:
    assert trouble.call is not None
    if trouble.call.model.framework == "torch":
        torch = trouble.module("torch")
        return trouble.source.wrap(node, f"{torch}.tensor(", ")") if torch is not None else []
    np, tf, keras = trouble.module("numpy"), trouble.module("tensorflow"), trouble.module("keras")
    if np is not None:
        return trouble.source.wrap(node, f"{np}.array(", ")")
    if tf is not None:
        return trouble.source.wrap(node, f"{tf}.constant(", ")")
    return trouble.source.wrap(node, f"{keras}.ops.array(", ")") if keras is not None else []


def _is_list(tensor: TensorFacts) -> bool:
    return tensor.kind in ("list", "tuple")


def _labels(trouble: Trouble, at: ast.Call) -> list[Edit]:
    """The labels of the call as an array, where they are a list."""
    call = trouble.call
    if call is None or len(call.labels) != 1 or not _is_list(call.labels[0]):
        return []
    labels = labels_of(trouble, at)
    return [] if labels is None or labels.expression is None else _as_array(trouble, labels.expression)


def _validation(trouble: Trouble, at: ast.Call, wanted: str) -> list[Edit]:
    """What is held out for validation is mended along, where it comes the same way."""
    given = keyword_of(at, "validation_data")
    if given is None:
        return []
    pair = trouble.flow.resolve(given.value).node
    if not isinstance(pair, ast.Tuple) or len(pair.elts) < 2:
        return []
    edits: list[Edit] = []
    made = made_by(trouble, pair.elts[0])
    if made is not None and asked(trouble, made, "return_tensors") is None:
        edits += ask(trouble, made, "return_tensors", f'"{wanted}"')
    held = trouble.value(pair.elts[1].id) if isinstance(pair.elts[1], ast.Name) else None
    if isinstance(held, list):
        edits += _as_array(trouble, pair.elts[1])
    whole = inputs_of(at)
    if whole is not None and trouble.call is not None and not trouble.call.model.is_transformers:
        edits += _as_dict(trouble, pair.elts[0]) if is_encoding(trouble, pair.elts[0]) else []
    return edits


def _as_dict(trouble: Trouble, node: ast.expr) -> list[Edit]:
    origin = trouble.flow.resolve(node).node
    if any(
        isinstance(each.node, ast.Call) and last_name(each.node.func) == "dict" for each in trouble.flow.chain(node)
    ):
        return []
    return [] if isinstance(origin, ast.Dict) else trouble.source.wrap(node, "dict(", ")")


@repairs("container-unsupported")
def give_a_dict(trouble: Trouble) -> Repair | None:
    """A BatchEncoding where Keras makes batches of dicts."""
    at = trouble.at
    if at is None or trouble.finding.evidence.get("keys") is None or last_name(at.func) not in VERBS:
        return None
    whole = inputs_of(at)
    if whole is None:
        return None
    edits = _as_dict(trouble, whole)
    given = keyword_of(at, "validation_data")
    pair = None if given is None else trouble.flow.resolve(given.value).node
    if isinstance(pair, ast.Tuple) and pair.elts and is_encoding(trouble, pair.elts[0]):
        edits += _as_dict(trouble, pair.elts[0])
    return Repair(tuple(edits)) if edits else None


@repairs("container-unsupported")
def unpack_the_encoding(trouble: Trouble) -> Repair | None:
    """A PyTorch model that is given a whole encoding takes its tensors by name."""
    at, call = trouble.at, trouble.call
    if at is None or call is None or trouble.finding.evidence.get("keys") is None or last_name(at.func) in VERBS:
        return None
    whole = inputs_of(at)
    if call.model.framework != "torch" or whole is None:
        return None
    before = "**" if at.args else ""
    if not before:
        return None
    edits = trouble.source.wrap(whole, "**")
    start = whole
    made = made_by(trouble, start)
    if made is not None and asked(trouble, made, "return_tensors") is None:
        edits += ask(trouble, made, "return_tensors", '"pt"')
    return Repair(tuple(edits))


@repairs("container-unsupported")
def give_a_tensor_for_labels(trouble: Trouble) -> Repair | None:
    """Labels of a direct call that are no tensor."""
    at, call = trouble.at, trouble.call
    if at is None or call is None or len(call.labels) != 1 or trouble.finding.evidence.get("outputs") is None:
        return None
    labels, tf = labels_of(trouble, at), trouble.module("tensorflow")
    if labels is None or labels.expression is None or tf is None:
        return None
    return Repair(tuple(trouble.source.wrap(labels.expression, f"{tf}.constant(", ")")))


@repairs("container-unsupported")
def train_batch_by_batch(trouble: Trouble) -> Repair | None:
    """A DataLoader that a KerasHub task does not take: its batches are given one by one, in each epoch."""
    at = trouble.at
    if at is None or not str(trouble.finding.evidence.get("type", "")).endswith("DataLoader"):
        return None
    source, statement = trouble.source, trouble.source.statement(at)
    whole = inputs_of(at)
    verb = {"fit": "train_on_batch", "evaluate": "test_on_batch"}.get(last_name(at.func) or "")
    if verb is None or whole is None or not isinstance(statement, ast.Expr) or not isinstance(at.func, ast.Attribute):
        return None
    if any(each.arg not in ("epochs", "verbose", "x") for each in at.keywords):
        return None
    taken = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    x, y = ("inputs", "labels") if "inputs" not in taken and "labels" not in taken else ("x_batch", "y_batch")
    epochs = keyword_of(at, "epochs")
    indent = source.indent(statement)
    lines = [f"for {x}, {y} in {source.segment(whole)}:", f"    {source.segment(at.func.value)}.{verb}({x}, {y})"]
    if epochs is not None and source.segment(epochs.value) != "1":
        lines = [f"for epoch in range({source.segment(epochs.value)}):", *(f"    {line}" for line in lines)]
    return Repair((source.replace(statement, f"\n{indent}".join(lines)),))


@repairs("container-unsupported")
def make_arrays_of_objects(trouble: Trouble) -> Repair | None:
    """A list of feature objects: one array of each of their fields, by name, and one of their labels."""
    at, call = trouble.at, trouble.call
    whole = None if at is None else inputs_of(at)
    np = trouble.module("numpy")
    if at is None or call is None or whole is None or "objects" not in trouble.finding.evidence or np is None:
        return None
    held = trouble.value(whole.id) if isinstance(whole, ast.Name) else None
    if not isinstance(held, (list, tuple)) or not held or not isinstance(whole, ast.Name):
        return None
    first = held[0]
    roles = [
        each.role or each.name
        for each in call.model.inputs
        if isinstance(getattr(first, each.role or each.name, None), (list, tuple))
    ]
    label = next((name for name in ("label", "labels") if isinstance(getattr(first, name, None), (int, float))), None)
    if "input_ids" not in roles or (label is None and last_name(at.func) != "predict"):
        return None
    source = trouble.source
    items = [f'    "{call.model.name(role)}": {np}.array([f.{role} for f in {whole.id}]),' for role in roles]  # type: ignore[arg-type]
    edits = [source.before(at, "inputs = {", *items, "}")]
    labels = f"{np}.array([f.{label} for f in {whole.id}])"
    text = "inputs"
    if last_name(at.func) != "predict" and labels_given(at) is None:
        text = f"inputs, {labels}"
    edits.append(source.replace(whole, text))
    return Repair(tuple(edits))


def labels_given(at: ast.Call) -> ast.expr | None:
    """What a training call is given for labels."""
    given = keyword_of(at, "y")
    if given is not None:
        return given.value
    return at.args[1] if len(at.args) > 1 else None
