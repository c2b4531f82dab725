"""Mends loading and saving: sizes that the stored weights have, and classes that a file names."""

from __future__ import annotations

import ast
import sys

from bertmagic.facts.loading import StoredFacts, WeightFacts
from bertmagic.repair.places import name_given
from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

# Arguments that are no sizes of weights.
_NO_SIZES = frozenset(
    {"batch_size", "epochs", "sequence_length", "max_length", "maxlen", "num_layers", "num_heads", "verbose", "seed"}
    | {"num_hidden_layers", "num_attention_heads", "steps_per_epoch", "buffer_size", "shape"}
)
_MAKERS = frozenset({"from_pretrained"})


@repairs("checkpoint-shape-mismatch")
def have_a_new_head(trouble: Trouble) -> Repair | None:
    """Another number of outputs than was stored: the head is left out in loading, and is to be trained."""
    weight, at = _weight(trouble), _loading_call(trouble)
    if weight is None or at is None or weight.verb not in _MAKERS or weight.in_encoder is not False:
        return None
    edits = trouble.source.keyword(at, "ignore_mismatched_sizes", "True")
    sizes = [each for each in weight.stored if each is not None]
    # Of a kernel (hidden, labels) or (labels, hidden), as of a bias (labels,), the number of labels is the least.
    instead = f"num_labels={min(sizes)}, as was stored, with the head that was trained" if sizes else None
    return Repair(tuple(edits), instead=instead)


@repairs("checkpoint-shape-mismatch")
def leave_the_sizes_to_the_checkpoint(trouble: Trouble) -> Repair | None:
    """Sizes or a config of another model, given in loading, are left out; a longer vocabulary comes after it."""
    weight, at = _weight(trouble), _loading_call(trouble)
    if weight is None or at is None or weight.verb not in _MAKERS or not weight.in_encoder:
        return None
    source = trouble.source
    for given in at.keywords:
        if given.arg is None or given.arg == "config":
            continue
        size = constant(given.value)
        vocabulary = given.arg == "vocab_size"
        if not vocabulary and (type(size) is not int or size not in weight.wanted or given.arg == "num_labels"):
            continue
        edits = source.without_keyword(at, given.arg)
        if vocabulary and type(size) is not int:
            name = name_given(source.statement(at))
            if name is None:
                return None
            edits.append(source.after(at, f"{name}.resize_token_embeddings({source.segment(given.value)})"))
        return Repair(tuple(edits))
    config = keyword_of(at, "config")
    if config is None:
        return None
    labels = _labels_told(trouble, config.value)
    edits = source.without_keyword(at, "config")
    if labels is not None and keyword_of(at, "num_labels") is None:
        edits = [source.replace(config, f"num_labels={labels}")]
    return Repair(tuple(edits))


@repairs("checkpoint-shape-mismatch")
def build_with_the_stored_size(trouble: Trouble) -> Repair | None:
    """The one number in the cell that makes the size which differs becomes the stored one."""
    weight = _weight(trouble)
    if weight is None or weight.verb in _MAKERS or len(weight.stored) != len(weight.wanted):
        return None
    differing = {(a, b) for a, b in zip(weight.stored, weight.wanted, strict=True) if a != b}
    if len(differing) != 1:
        return None
    stored, wanted = differing.pop()
    found = [node for node in _sizes(trouble) if node.value == wanted]
    if len(found) != 1 or stored is None:
        return None
    return Repair((trouble.source.replace(found[0], str(stored)),))


@repairs("custom-objects-missing")
def name_the_classes(trouble: Trouble) -> Repair | None:
    """The loading is given the classes and functions that the file names, under the names that it has for them."""
    facts = _stored(trouble)
    if facts is None or facts.action != "load" or not facts.unknown:
        return None
    at = _raised_in(trouble, "load_model", "model_from_json", "model_from_config", "from_config", facts.verb)
    if at is None:
        return None
    source, edits, objects = trouble.source, list[Edit](), []
    for unknown in facts.unknown:
        name = unknown.rpartition(">")[2]
        value = trouble.value(name)
        if value is None:
            library = sys.modules.get("transformers")
            if not name.startswith("TF") or not hasattr(library, name):
                return None
            edits.append(source.before(at, f"from transformers import {name}"))
        objects.append(f'"{name}": {name}')
    given = keyword_of(at, "custom_objects")
    held = None if given is None else trouble.flow.resolve(given.value).node
    if isinstance(held, ast.Dict):
        edits.append(source.append(held, ", ".join(objects)))
    elif given is None or (isinstance(given.value, ast.Constant) and given.value.value is None):
        edits += source.keyword(at, "custom_objects", f"{{{', '.join(objects)}}}")
    else:
        return None
    return Repair(tuple(edits))


@repairs("custom-objects-missing")
def save_the_weights(trouble: Trouble) -> Repair | None:
    """A model that cannot be stored whole keeps its weights, where nothing in the cell loads it whole."""
    facts = _stored(trouble)
    if facts is None or facts.action != "save" or any(trouble.source.calls("load_model")):
        return None
    said = facts.model
    saves = [
        each
        for each in trouble.source.calls("save", "save_model")
        if isinstance(each.func, ast.Attribute) and (said is None or ast.unparse(each.func.value) == said)
    ]
    if len(saves) != 1 or last_name(saves[0].func) != "save" or len(saves[0].args) != 1 or saves[0].keywords:
        return None
    func, path = saves[0].func, saves[0].args[0]
    name = constant(path)
    if not isinstance(func, ast.Attribute) or not isinstance(name, str):
        return None
    stem, dot, ending = name.rpartition(".")
    if not dot or ending not in ("h5", "hdf5", "keras"):
        return None
    text = trouble.source.segment(path)
    start = trouble.source.span(func.value)[1]
    renamed = text.replace(name, f"{stem if stem.endswith('.weights') else f'{stem}.weights'}.h5")
    return Repair(
        (Edit(start, trouble.source.span(func)[1], ".save_weights"), trouble.source.replace(path, renamed)),
        title="Save the weights alone, and build the model by the same code before loading them",
    )


def _weight(trouble: Trouble) -> WeightFacts | None:
    raised = trouble.cell.raised
    return raised.loading if raised is not None and isinstance(raised.loading, WeightFacts) else None


def _stored(trouble: Trouble) -> StoredFacts | None:
    raised = trouble.cell.raised
    if raised is not None and isinstance(raised.loading, StoredFacts):
        return raised.loading
    return next(iter(trouble.cell.saves), None)


def _loading_call(trouble: Trouble) -> ast.Call | None:
    return _raised_in(trouble, "from_pretrained")


def _raised_in(trouble: Trouble, *names: str) -> ast.Call | None:
    """The call of such a function that raised, else the only one of the cell."""
    at = trouble.raised_at
    if isinstance(at, ast.Call) and last_name(at.func) in names:
        return at
    found = list(trouble.source.calls(*names))
    return found[0] if len(found) == 1 else None


def _labels_told(trouble: Trouble, config: ast.expr) -> str | None:
    """The number of labels of a config, as the cell gives it, where that is not the usual two."""
    node = trouble.flow.resolve(config).node
    given = keyword_of(node, "num_labels") if isinstance(node, ast.Call) else None
    if given is not None:
        return trouble.source.segment(given.value)
    value = trouble.value(config.id) if isinstance(config, ast.Name) else None
    number = getattr(value, "num_labels", None)
    return str(number) if isinstance(number, int) and number != 2 else None


def _sizes(trouble: Trouble) -> list[ast.Constant]:
    """The whole numbers that are given to calls of the cell, or to a name, and may be sizes."""
    found = []
    for node in trouble.source.nodes(ast.Constant):
        if not isinstance(node, ast.Constant) or type(node.value) is not int:
            continue
        above = trouble.source.parent(node)
        if (
            (isinstance(above, ast.Call) and node in above.args)
            or (isinstance(above, ast.keyword) and above.arg not in _NO_SIZES)
            or (isinstance(above, ast.Assign) and above.value is node)
            or (isinstance(above, ast.arguments) and node in above.defaults)
        ):
            found.append(node)
    return found
