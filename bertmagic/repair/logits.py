"""Mends a loss that takes logits for probabilities, or the other way round."""

from __future__ import annotations

import ast

from bertmagic.repair.compiling import entry
from bertmagic.repair.heads import activation_of, activations, without_activation
from bertmagic.repair.losses import (
    TORCH_CLASSES,
    camel,
    compared,
    compiled_again,
    computed_at,
    loss_of,
    renamed,
    snake,
    with_flag,
)
from bertmagic.repair.losses import loss_class as class_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import constant, last_name
from bertmagic.repair.trouble import Repair, Trouble

_TAKES_LOGITS = {
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "nll_loss": "cross_entropy",
}


@repairs("logits-flag-mismatch")
def tell_the_loss(trouble: Trouble) -> Repair | None:
    """Keras' loss is told whether it gets logits, where the cell says what loss it is."""
    call = trouble.call
    if call is None or call.loss is None or call.model.framework == "torch":
        return None
    wanted = trouble.finding.evidence.get("from_logits") is False
    node = loss_of(trouble)
    if wanted and call.loss.kind == "binary" and _is_thresholded(trouble):
        head = activation_of(trouble, 1)
        if head is not None and constant(head) is None and isinstance(head, ast.Call):
            edits = trouble.source.keyword(head, "activation", '"sigmoid"')
            return Repair(tuple(edits), "Make probabilities of the outputs", "from_logits=True in the loss")
    if node is None:
        return None
    if not wanted and not _has_flag(node):
        return None
    return Repair(tuple(with_flag(trouble, node, wanted)))


@repairs("logits-flag-mismatch")
def compile_again(trouble: Trouble) -> Repair | None:
    """The model was compiled in an earlier cell: it is again, with the loss told what it gets."""
    call = trouble.call
    if call is None or call.loss is None or call.model.framework == "torch" or trouble.at is None:
        return None
    if call.kind == "call" or loss_of(trouble) is not None:
        return None
    wanted = trouble.finding.evidence.get("from_logits") is False
    made = class_of(trouble, camel(snake(call.loss.name)))
    at = entry(trouble, trouble.at)
    line = None if made is None else compiled_again(trouble, f"{made}(from_logits={wanted})" if wanted else f"{made}()")
    return None if line is None or at is None else Repair((trouble.source.before(at, line),))


@repairs("logits-flag-mismatch")
def take_the_loss_of_logits(trouble: Trouble) -> Repair | None:
    """PyTorch's losses have no flag: the one that takes logits, or, for a sigmoid's outputs, that of probabilities."""
    call = trouble.call
    if call is None or call.loss is None or call.model.framework != "torch":
        return None
    wants_logits = trouble.finding.evidence.get("from_logits") is False
    node = loss_of(trouble)
    name = call.loss.name
    if wants_logits:
        new = _TAKES_LOGITS.get(name)
    elif name == "binary_cross_entropy_with_logits" and (
        not isinstance(node, ast.Call) or not any(each.arg == "pos_weight" for each in node.keywords)
    ):
        new = "binary_cross_entropy"
    else:
        new = None
    if new is None:
        return None
    if isinstance(node, ast.Call):
        old = last_name(node.func) or ""
        edits = renamed(trouble, node.func, new if old == name else TORCH_CLASSES[new])
        return Repair(tuple(edits))
    for each in computed_at(trouble):
        torch = trouble.module("torch")
        given = compared(trouble, each)
        if torch is not None and given is not None and isinstance(each.func, ast.Name):
            text = f"{torch}.nn.functional.{new}"
            return Repair((trouble.source.replace(each.func, text),))
    return None


@repairs("logits-flag-mismatch")
def leave_the_activation_out(trouble: Trouble) -> Repair | None:
    """The loss takes logits and applies its own softmax: the model's is left out."""
    call = trouble.call
    if call is None or trouble.finding.evidence.get("from_logits") is False:
        return None
    for each in activations(trouble):
        edits = without_activation(trouble, each)
        if edits:
            return Repair(tuple(edits), "Give the loss the logits")
    return None


def _has_flag(node: ast.expr) -> bool:
    """Whether a loss is written so that `from_logits` may be False."""
    name = last_name(node.func if isinstance(node, ast.Call) else node) or ""
    return "rossentropy" in name or isinstance(constant(node), str)


def _is_thresholded(trouble: Trouble) -> bool:
    """Whether the cell, or Keras' accuracy, reads the outputs as probabilities."""
    for node in ast.walk(trouble.source.tree):
        if isinstance(node, ast.Compare) and any(constant(each) == 0.5 for each in node.comparators):
            return True
        if isinstance(node, ast.Constant) and node.value in ("accuracy", "acc", "binary_accuracy"):
            return True
        if isinstance(node, ast.Call) and last_name(node.func) in ("round", "rint", "BinaryAccuracy"):
            return True
    return any(trouble.source.calls("compile")) and isinstance(loss_of(trouble), ast.Constant)
