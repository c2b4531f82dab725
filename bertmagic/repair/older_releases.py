"""Mends what was written for an older release of transformers: calls, keywords and imports as they are now."""

from __future__ import annotations

import ast
import re

from bertmagic.repair.registry import repairs
from bertmagic.repair.source import Edit, NotEditable, constant, keyword_of
from bertmagic.repair.trouble import Repair, Trouble
from bertmagic.rules import releases

_TO_CALLS = ("encode_plus", "batch_encode_plus")
_LENGTHS = ("max_len", "max_model_input_sizes")
# What transformers' own AdamW took, and no other does.
_ADAMW_ONLY = ("correct_bias", "no_deprecation_warning")


@repairs("transformers-version-conflict")
def write_as_the_release_has_it(trouble: Trouble) -> Repair | None:
    """What the cell ended at, in all of the cell, and with it what it would end at next."""
    found = [*_lengths(trouble), *_modules(trouble), *_adamw(trouble), *_renamed(trouble)]
    edits = [*found, *_methods(trouble), *_keywords(trouble)]
    # Of a name that is not known here, nothing else in the cell is touched either.
    named = trouble.cell.raised is not None and trouble.cell.raised.type in ("ImportError", "ModuleNotFoundError")
    return Repair(tuple(edits)) if edits and (found or not named) else None


def _methods(trouble: Trouble) -> list[Edit]:
    evidence = trouble.finding.evidence
    # A cell that ended before them would end at them next.
    gone = releases.release(str(evidence["installed"])) >= (5,)
    if not gone and str(evidence["missing"]).rpartition(".")[2] not in _TO_CALLS:
        return []
    edits = []
    for call in trouble.source.calls(*_TO_CALLS):
        if not isinstance(call.func, ast.Attribute):
            continue
        end = trouble.source.span(call.func)[1]
        edits.append(Edit(trouble.source.span(call.func.value)[1], end, ""))
        given = keyword_of(call, "batch_text_or_text_pairs")
        if given is not None:
            place = trouble.source.span(given)[0]
            edits.append(Edit(place, (place[0], place[1] + len("batch_text_or_text_pairs")), "text"))
    return edits


def _keywords(trouble: Trouble) -> list[Edit]:
    edits = []
    for call in trouble.source.calls():
        given = keyword_of(call, "pad_to_max_length")
        if given is not None:
            edits += _padding(trouble, call, given)
        words = keyword_of(call, "is_pretokenized")
        if words is not None:
            place = trouble.source.span(words)[0]
            edits.append(Edit(place, (place[0], place[1] + len("is_pretokenized")), "is_split_into_words"))
    for node in trouble.source.nodes(ast.Dict):
        if not isinstance(node, ast.Dict):
            continue
        keys = {
            constant(key): (key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None
        }
        if "pad_to_max_length" in keys and "padding" not in keys:
            key, value = keys["pad_to_max_length"]
            if constant(value) is True:
                quote = trouble.source.segment(key)[:1]
                edits.append(trouble.source.replace(key, f"{quote}padding{quote}"))
                edits.append(trouble.source.replace(value, f"{quote}max_length{quote}"))
        if "is_pretokenized" in keys:
            quote = trouble.source.segment(keys["is_pretokenized"][0])[:1]
            edits.append(trouble.source.replace(keys["is_pretokenized"][0], f"{quote}is_split_into_words{quote}"))
    return edits


def _padding(trouble: Trouble, call: ast.Call, given: ast.keyword) -> list[Edit]:
    value = constant(given.value)
    if value is False or (value is True and keyword_of(call, "padding") is not None):
        return trouble.source.without_keyword(call, "pad_to_max_length")
    if value is not True:
        return []
    text = 'padding="max_length"'
    cuts = keyword_of(call, "truncation") or keyword_of(call, "truncation_strategy")
    spread = any(each.arg is None for each in call.keywords)
    # The old keyword cut longer texts to `max_length` too.
    if cuts is None and not spread and keyword_of(call, "max_length") is not None:
        text += ", truncation=True"
    return [trouble.source.replace(given, text)]


def _lengths(trouble: Trouble) -> list[Edit]:
    subject, _, missing = str(trouble.finding.evidence["missing"]).rpartition(".")
    if missing not in _LENGTHS:
        return []
    edits = []
    for node in trouble.source.nodes(ast.Attribute):
        if isinstance(node, ast.Attribute) and node.attr == missing and _is_tokenizer(trouble, node.value, subject):
            whole: ast.expr = node
            if missing == "max_model_input_sizes":
                above = trouble.source.parent(node)
                if not isinstance(above, ast.Subscript) or above.value is not node:
                    raise NotEditable
                whole = above
            start = trouble.source.span(node.value)[1]
            edits.append(Edit(start, trouble.source.span(whole)[1], ".model_max_length"))
    return edits


def _is_tokenizer(trouble: Trouble, node: ast.expr, subject: str) -> bool:
    said = ast.unparse(node)
    return said == subject or "Token" in type(trouble.value(said)).__name__


def _modules(trouble: Trouble) -> list[Edit]:
    """Imports of modules that have moved."""
    edits = []
    for node in trouble.source.nodes(ast.ImportFrom, ast.Import):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        text = own = trouble.source.segment(node)
        for name in names:
            new = _moved(name)
            if new is not None:
                if isinstance(node, ast.Import) and any(
                    each.name == name and each.asname is None for each in node.names
                ):
                    raise NotEditable  # it is written out wherever it is used
                text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", new, text, count=1)
        if text != own:
            edits.append(trouble.source.replace(node, text))
    return edits


def _moved(module: str) -> str | None:
    gone = releases.gone_module(module)
    if gone is None:
        return None
    new = gone.instead.removeprefix("import ")
    return new if new.startswith("transformers.") else None


def _adamw(trouble: Trouble) -> list[Edit]:
    """AdamW as PyTorch's or Keras' own."""
    if trouble.finding.evidence["missing"] != "AdamW":
        return []
    source = trouble.source
    calls = list(source.calls("AdamW"))
    of_torch = any("parameters" in ast.unparse(call) for call in calls) or "tf_keras" not in trouble.cell.versions
    if of_torch and "torch" not in trouble.cell.versions:
        return []
    module = "torch.optim" if of_torch else "tf_keras.optimizers"
    edits = _imported_elsewhere(trouble, "AdamW", f"from {module} import AdamW")
    for call in calls:
        if ast.unparse(call.func) == "transformers.AdamW":
            torch = trouble.module("torch")
            if not of_torch or torch is None:
                return []
            edits.append(source.replace(call.func, f"{torch}.optim.AdamW"))
        for name in _ADAMW_ONLY:
            edits += source.without_keyword(call, name)
    return edits


def _renamed(trouble: Trouble) -> list[Edit]:
    """A name that another one has taken the place of, with the same meaning."""
    missing = str(trouble.finding.evidence["missing"])
    new = {"is_torch_tpu_available": "is_torch_xla_available", "EvaluationStrategy": "IntervalStrategy"}.get(missing)
    snippet = trouble.finding.fix.snippet if trouble.finding.fix is not None else ""
    told = re.match(r"from (\S+) import (\w+)", snippet)
    if new is None or told is None or told[2] != new:
        return []
    edits = _imported_elsewhere(trouble, missing, f"from {told[1]} import {new}")
    for node in trouble.source.nodes(ast.Name):
        if isinstance(node, ast.Name) and node.id == missing:
            edits.append(trouble.source.replace(node, new))
    return edits


def _imported_elsewhere(trouble: Trouble, name: str, line: str) -> list[Edit]:
    """The import of a name from transformers by another line, the other names of its import left."""
    source = trouble.source
    for node in source.nodes(ast.ImportFrom):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("transformers"):
            continue
        names = [each for each in node.names if each.name == name]
        if not names:
            continue
        if names[0].asname is not None:
            line = f"{line} as {names[0].asname}"
        if len(node.names) == 1:
            return [source.replace(node, line)]
        text = source.segment(node)
        # Its name, with the comma beside it; in parentheses, on a line of its own perhaps.
        said = rf"{re.escape(name)}(?:\s+as\s+\w+)?"
        left = re.sub(rf"(?<!\w){said}(?!\w)\s*,[ \t]*(?:\n[ \t]*)?", "", text, count=1)
        if left == text:
            left = re.sub(rf",\s*{said}(?!\w)", "", text, count=1)
        if left == text:
            raise NotEditable
        return [source.replace(node, left), source.before(node, line)]
    return []
