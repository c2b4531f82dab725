"""Mends the learning rate of a cell that raised before its optimizer was looked at, and would be warned of next."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bertmagic.facts.call import CallFacts
from bertmagic.repair.compiling import argument, entry
from bertmagic.repair.feeding import VERBS
from bertmagic.repair.rate import ADAMS, HIGH, RATE, lowered
from bertmagic.repair.registry import next_in_line
from bertmagic.repair.source import Edit, constant, keyword_of, last_name
from bertmagic.repair.trouble import Repair, Trouble

_NO_MODELS = ("Tokenizer", "TokenizerFast", "Config", "Processor", "Preprocessor", "Extractor", "Packer", "Collator")
_PRETRAINING = ("ForMaskedLM", "ForPreTraining", "LMHeadModel", "MaskedLM")
_LAYERS = ("Linear", "Sequential", "Dense", "Dropout", "LayerNorm")


@next_in_line
def lower_the_rate_too(trouble: Trouble) -> Repair | None:
    """An optimizer of Adam's kind at its default rate, for an encoder that was pretrained: a rate for fine-tuning."""
    if trouble.finding.rule == "learning-rate-high" or not _fine_tunes(trouble):
        return None
    edits: list[Edit] = []
    for made in _optimizers(trouble):
        edits += [each for each in lowered(trouble, made) if each not in edits]
    if edits:
        return Repair(tuple(edits))
    return _of_earlier_cells(trouble)


def _optimizers(trouble: Trouble) -> Iterator[ast.expr]:
    """What makes the optimizers that train a model in the cell."""
    found: list[ast.AST] = []
    for compiled in trouble.source.calls("compile"):
        given = argument(trouble, compiled, "optimizer", 0) if isinstance(compiled.func, ast.Attribute) else None
        if given is not None and not (isinstance(given, ast.Constant) and not isinstance(given.value, str)):
            found.append(trouble.flow.resolve(given).node)
            yield given
    for made in trouble.definitions(*ADAMS):
        if made not in found and (_is_of_head(trouble, made) is False or any(trouble.source.calls("apply_gradients"))):
            yield made


def _is_of_head(trouble: Trouble, made: ast.Call) -> bool | None:
    """Whether an optimizer of PyTorch's is given the weights of a head alone; None where it is given none."""
    first = made.args[0] if made.args else argument(trouble, made, "params")
    if first is None:
        return None
    text = ast.unparse(trouble.flow.resolve(first).node)
    owners = re.findall(r"([\w.]+)\.(?:named_)?parameters\(", text)
    if not owners:
        return None
    for owner in owners:
        value = trouble.flow.definition(owner)
        layer = isinstance(value, ast.Call) and last_name(value.func) in _LAYERS
        if not layer and owner.count(".") <= owner.startswith("self."):
            return False
    return True


def _fine_tunes(trouble: Trouble) -> bool:
    """Whether the cell trains an encoder that was loaded, and not frozen, as far as its facts or its source tell."""
    text = trouble.source.written.body
    for call in trouble.cell.calls:
        if call.state is not None and call.model.encoders:
            if call.model.type.endswith(_PRETRAINING) or call.state.own_step or call.state.may_set_rate:
                return False
            return _is_loaded(call)
    if re.search(r"\.trainable\s*=\s*False|requires_grad|set_trainable|LearningRateScheduler", text):
        return False
    for call in (*([trouble.call] if trouble.call is not None else []), *trouble.cell.calls):
        if call.model.type.endswith(_PRETRAINING):
            return False
        if any(each.pretrained for each in call.model.encoders):
            return True
    return any(_loads(each) for each in trouble.source.calls("from_pretrained", "from_preset")) or any(
        _is_model(value) for name, value in trouble.namespace.items() if _is_used(trouble, name)
    )


def _is_loaded(call: CallFacts) -> bool:
    state = call.state
    assert state is not None
    for encoder in call.model.encoders:
        own = state.encoder(encoder.path)
        if own is not None and encoder.pretrained and own.trained and own.trainable * 2 >= own.parameters > 0:
            return True
    return False


def _loads(call: ast.Call) -> bool:
    """Whether a call loads a model with its weights."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = last_name(owner) if owner is not None else None
    if name is None or name.endswith((*_NO_MODELS, *_PRETRAINING)) or "Tokenizer" in name:
        return False
    given = keyword_of(call, "load_weights")
    return given is None or constant(given.value) is not False


def _is_model(value: object) -> bool:
    """Whether an object of an earlier cell is a model that was loaded with its weights."""
    kind = type(value).__name__
    if kind.endswith((*_NO_MODELS, *_PRETRAINING)) or isinstance(value, type):
        return False
    try:
        # To ask an unbuilt model of Keras 2 for its weights raises.
        if not (hasattr(type(value), "trainable_variables") or hasattr(type(value), "named_parameters")):
            return False
        if type(value).__module__.startswith("keras_hub"):
            scales = [each for each in value.weights if each.path.endswith("gamma")]  # type: ignore[attr-defined]
            return bool(scales) and any(float(abs(each.numpy() - 1).max()) > 1e-6 for each in scales[:4])
        return bool(getattr(getattr(value, "config", None), "_name_or_path", None))
    except Exception:  # noqa: BLE001  # somebody's own type
        return False


def _is_used(trouble: Trouble, name: str) -> bool:
    return not name.startswith("_") and any(
        isinstance(node, ast.Name) and node.id == name for node in ast.walk(trouble.source.tree)
    )


def _of_earlier_cells(trouble: Trouble) -> Repair | None:
    """The model was compiled in an earlier cell, with a rate that is high: it is set before training."""
    for at in trouble.source.calls("fit", "train_on_batch"):
        said = ast.unparse(at.func.value) if isinstance(at.func, ast.Attribute) else None
        if said is None or not said.isidentifier() or last_name(at.func) not in VERBS:
            continue
        if any(ast.unparse(each.func) == f"{said}.compile" for each in trouble.source.calls("compile")):
            continue
        optimizer = getattr(trouble.value(said), "optimizer", None)
        rate = getattr(optimizer, "learning_rate", None)
        try:
            high = rate is not None and float(rate) >= HIGH
        except (TypeError, ValueError):
            high = False
        statement = entry(trouble, at)
        written = f"{said}.optimizer.learning_rate" in trouble.source.written.body
        if high and type(optimizer).__name__ in ADAMS and statement is not None and not written:
            return Repair((trouble.source.before(statement, f"{said}.optimizer.learning_rate = {RATE}"),))
    return None
