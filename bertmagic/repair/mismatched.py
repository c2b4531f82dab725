"""Mends a loss that is not for the kind of label that it gets: the one that fits the very same labels and outputs."""

from __future__ import annotations

import ast

from bertmagic.repair.compiling import argument, entry
from bertmagic.repair.heads import activation_of, heads
from bertmagic.repair.losses import (
    TORCH_CLASSES,
    camel,
    compared,
    compiled_again,
    computed_at,
    loss_of,
    metrics_with,
    renamed,
    with_flag,
    with_kind,
)
from bertmagic.repair.losses import loss_class as class_of
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, last_name
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules.labels import compared_output

_TORCH = {
    "sparse_categorical_crossentropy": "cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "binary_crossentropy": "binary_cross_entropy_with_logits",
}


@repairs("loss-mismatch")
def take_the_loss_that_fits(trouble: Trouble) -> Repair | None:
    """Keras' loss becomes the one that fits, and with it the metrics and the activation that go with the other one."""
    call = trouble.call
    if call is None or call.loss is None or call.model.framework == "torch":
        return None
    fits, node = str(trouble.finding.evidence["the loss that fits"]), loss_of(trouble)
    output = compared_output(call)
    if node is None or output is None:
        return None
    edits = with_kind(trouble, node, fits)
    if not edits:
        return None
    logits = fits == "binary_crossentropy" and not call.loss.from_logits and _is_logits(trouble)
    more = _activation(trouble, fits, output.shape[-1])
    if logits and not more:
        head = activation_of(trouble, 1)
        if isinstance(head, ast.Call) and last_name(head.func) == "Dense":
            more = trouble.source.keyword(head, "activation", '"sigmoid"')
        elif isinstance(node, ast.Call):
            more = with_flag(trouble, node, flag=True)
        else:
            made = class_of(trouble, camel(fits))
            if made is None:
                return None
            edits = [trouble.source.replace(node, f"{made}(from_logits=True)")]
    edits += [*more, *metrics_with(trouble, fits)]
    return Repair(tuple(edits))


@repairs("loss-mismatch")
def compile_with_the_loss_that_fits(trouble: Trouble) -> Repair | None:
    """The model was compiled in an earlier cell: it is again, with the loss that fits."""
    call = trouble.call
    if call is None or call.loss is None or call.model.framework == "torch" or trouble.at is None:
        return None
    if call.kind == "call" or loss_of(trouble) is not None:
        return None
    fits, at = str(trouble.finding.evidence["the loss that fits"]), entry(trouble, trouble.at)
    logits = bool(call.loss.from_logits) or (fits == "binary_crossentropy" and _is_logits(trouble))
    made = class_of(trouble, camel(fits))
    loss = f'"{fits}"' if not logits else None if made is None else f"{made}(from_logits=True)"
    line = None if loss is None else compiled_again(trouble, loss)
    return None if line is None or at is None else Repair((trouble.source.before(at, line),))


@repairs("loss-mismatch")
def take_pytorchs_loss_that_fits(trouble: Trouble) -> Repair | None:
    """PyTorch's loss becomes the one that fits, and its labels of the shape and dtype that this takes."""
    call = trouble.call
    if call is None or call.loss is None or call.model.framework != "torch":
        return None
    fits, labels, output = str(trouble.finding.evidence["the loss that fits"]), call.labels[0], compared_output(call)
    if output is None:
        return None
    new, old = _TORCH[fits], call.loss.name
    edits: list[Edit] = []
    node = loss_of(trouble)
    if new != old:
        if not isinstance(node, ast.Call):
            return None
        edits += renamed(trouble, node.func, new if last_name(node.func) == old else TORCH_CLASSES[new])
    for each in computed_at(trouble):
        given = compared(trouble, each)
        if given is None:
            return None
        outputs, wanted = given
        if fits == "binary_crossentropy":
            shaped = "" if labels.shape == output.shape else ".view_as(" + trouble.source.segment(outputs) + ")"
            cast = "" if labels.dtype.startswith("float") else ".float()"
            edits += trouble.source.wrap(wanted, "", f"{shaped}{cast}") if shaped or cast else []
        elif fits == "sparse_categorical_crossentropy":
            edits += _class_indices(trouble, wanted, labels.shape == (*output.shape[:-1], 1))
        elif not labels.dtype.startswith("float"):
            edits += trouble.source.wrap(wanted, "", ".float()")
        return Repair(tuple(edits)) if edits else None
    return None


def _class_indices(trouble: Trouble, wanted: ast.expr, column: bool) -> list[Edit]:
    """Labels as PyTorch's cross-entropy takes them: integers, one a row; without the cast to floats that they had."""
    call, source = trouble.call, trouble.source
    assert call is not None
    node = wanted
    edits: list[Edit] = []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "float":
        inner = node.func.value
        value = trouble.value(inner.id) if isinstance(inner, ast.Name) else None
        after = ".long()" if str(getattr(value, "dtype", "")).startswith("torch.float") else ""
        return [source.replace(node, f"{source.segment(inner)}{'.squeeze(-1)' if column else ''}{after}")]
    after = ".squeeze(-1)" if column else ""
    after += ".long()" if call.labels[0].dtype.startswith("float") else ""
    if after:
        edits += source.wrap(node, "", after)
    return edits


def _activation(trouble: Trouble, fits: str, classes: int) -> list[Edit]:
    """The head's activation as it goes with the other loss."""
    for head in reversed(heads(trouble, classes)):
        given = argument(trouble, head, "activation", 1) if last_name(head.func) == "Dense" else None
        wanted = {"binary_crossentropy": ("softmax", "sigmoid")}.get(fits, ("sigmoid", "softmax"))
        if given is not None and constant(given) == wanted[0] and fits != "categorical_crossentropy":
            quote = trouble.source.segment(given)[:1]
            return [trouble.source.replace(given, f"{quote}{wanted[1]}{quote}")]
    return []


def _is_logits(trouble: Trouble) -> bool:
    """Whether the one output is no probability: the head that makes it has no activation, or it goes beyond 0 to 1."""
    call = trouble.call
    output = None if call is None else compared_output(call)
    if call is None or output is None:
        return False
    if call.loss is not None and call.loss.made_by in ("softmax", "sigmoid"):
        return False
    found = activation_of(trouble, 1)
    if found is not None:
        return isinstance(found, ast.Call) and last_name(found.func) == "Dense"
    if output.values is not None and output.values.size:
        return bool((output.values < 0).any() or (output.values > 1).any()) or call.model.is_transformers
    return call.model.is_transformers
