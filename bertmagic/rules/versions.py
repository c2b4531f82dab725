"""The rule on what the installed release of transformers cannot do."""

from __future__ import annotations

from dataclasses import dataclass

from bertmagic.facts.cell import CellFacts, RaisedFacts
from bertmagic.finding import Finding, Fix
from bertmagic.rules import releases
from bertmagic.rules.registry import cell_rule

_FIX, _INSTALL = "Write it as the installed release has it", "Install a release that can"
# The releases that iterate over `safe_open` in TF's loading of PyTorch's safetensors (issue 40028 of
# huggingface/transformers), which does not iterate; 4.53.3 asks for its keys.
_NO_ITERATION = ((4, 54), (5,))
# The last release that loads them in TensorFlow, and the last that has TensorFlow's classes.
_LOADS, _HAS_TF = "4.53.3", "4.57"


@dataclass(frozen=True)
class _Conflict:
    """What is missing, why, and what to write."""

    subject: str
    title: str
    why: str
    instead: str
    had: str
    fix: str = _FIX


@cell_rule("error")
def transformers_version_conflict(cell: CellFacts) -> Finding | None:
    """The installed transformers release has no more, or breaks, what the code asks of it.

    What it finds: a cell that ended because a name, a module, a tokenizer's method or keyword is not in the installed
    release, and was in an earlier one; and loading that a range of releases cannot do. A name that no release had is a
    slip of the pen, and nothing is said of it.

    Why it is bad: code, notebooks and answers on the web were written for another release.

    Wrong:

        from transformers import AdamW  # gone since 4.50

    Right:

        from tf_keras.optimizers import AdamW
    """
    raised, version = cell.raised, cell.versions.get("transformers")
    if raised is None or version is None:
        return None
    conflict = (
        _name(raised, version, frozenset(cell.versions))
        or _attribute(raised)
        or _keyword(raised)
        or _loading(raised, version)
    )
    if conflict is None:
        return None
    return Finding(
        "transformers-version-conflict",
        "error",
        conflict.subject,
        conflict.title,
        f"transformers {version} is installed. {conflict.why}",
        {"installed": version, "missing": conflict.subject, "was in": conflict.had, "line": raised.line},
        Fix(conflict.fix, conflict.instead),
    )


def _name(raised: RaisedFacts, version: str, known: frozenset[str]) -> _Conflict | None:
    """A name or module of the package that is not there; `known`: the packages that are imported."""
    name, where = raised.missing, raised.missing_in or ""
    if raised.type == "ImportError" and name is None and raised.owner is not None:
        name, where = raised.owner.kind, "transformers"  # a stand-in for what needs a framework
    if name is None or where.partition(".")[0] != "transformers":
        return None
    if releases.release(version) >= (5,) and releases.is_tf_class(name):
        return _Conflict(
            name,
            f"transformers {version} has no `{name}`",
            f"Releases from 5.0 on have no TensorFlow classes; {_HAS_TF} is the last that has `{name}`.",
            f'# %pip install "transformers=={_LOADS}" and restart the kernel',
            _HAS_TF,
            _INSTALL,
        )
    if name == where:
        gone = releases.gone_module(name)
        instead = "" if gone is None else gone.instead
        moved = instead.startswith("transformers.models.")
        if moved and name in raised.source:
            instead = raised.source.replace(name, instead)
        elif moved:
            instead = f"import {instead}"
    else:
        gone = releases.gone_name(name) if raised.type in ("ImportError", "AttributeError") else None
        instead, moved = "" if gone is None else gone.instead, False
        if name == "AdamW" and "tf_keras" not in known and "torch" in known:
            instead = "from torch.optim import AdamW"
    if gone is None:
        return None
    now = " Release 4.0 moved it into a folder of its model." if moved else ""
    return _Conflict(
        name,
        f"transformers {version} has no `{name}`",
        f"`{name}` was in release {gone.had}, and is in this one no more.{now}",
        instead,
        gone.had,
    )


def _attribute(raised: RaisedFacts) -> _Conflict | None:
    """An attribute of a tokenizer that is not there."""
    gone = releases.TOKENIZER.get(raised.missing or "")
    if gone is None or raised.type != "AttributeError":
        return None
    named = (*raised.values, *(() if raised.owner is None else (raised.owner,)))
    tokenizer = next((each for each in named if each.kind == raised.missing_in), None)
    if tokenizer is None or tokenizer.framework != "transformers" or "Token" not in tokenizer.kind:
        return None
    said = tokenizer.said or "tokenizer"
    return _Conflict(
        f"{said}.{raised.missing}",
        f"`{said}` has no `{raised.missing}` in this transformers release",
        f"Tokenizers had `{raised.missing}` in release {gone.had}, and have it in this one no more.",
        gone.instead.replace("tokenizer", said),
        gone.had,
    )


def _keyword(raised: RaisedFacts) -> _Conflict | None:
    """A keyword of a tokenizer's call that the release does not take: fast tokenizers raise, others pass it over."""
    owner = raised.owner
    if owner is None or owner.framework != "transformers" or "Token" not in owner.kind:
        return None
    given = {each.place: each.text for each in raised.arguments}
    for keyword, instead in releases.KEYWORDS.items():
        refused = raised.type == "TypeError" and f"'{keyword}'" in raised.text
        # Passed over, it leaves the rows unpadded, and no tensor can be made of them.
        unpadded = raised.type == "ValueError" and keyword == "pad_to_max_length" and "return_tensors" in given
        if given.get(keyword) == "True" and (refused or unpadded):
            said = owner.said or "tokenizer"
            effect = "raises" if refused else "passes it over, and the rows stay of different lengths"
            return _Conflict(
                f"{said}({keyword}=…)",
                f"`{said}` takes no `{keyword}` in this transformers release",
                f"`{keyword}=True` was taken by earlier ones; this one {effect}. `{instead}` says the same.",
                _with(raised.source, keyword, instead) or f"enc = {said}(texts, {instead}, truncation=True)",
                "4.0",
            )
    return None


def _with(source: str, keyword: str, instead: str) -> str | None:
    """The failing call with the other keyword in the place of this one."""
    written = f"{keyword}=True"
    return source.replace(written, instead) if written in source else None


def _loading(raised: RaisedFacts, version: str) -> _Conflict | None:
    """PyTorch's safetensors, loaded into a TensorFlow model by a release that cannot."""
    first, last = _NO_ITERATION
    if not first <= releases.release(version) < last or "from_pretrained" not in raised.callee + raised.callee_said:
        return None
    if raised.type != "TypeError" or "safe_open" not in raised.text:
        return None
    return _Conflict(
        raised.callee_said or "from_pretrained",
        f"transformers {version} cannot load PyTorch's safetensors into a TensorFlow model",
        "Releases 4.54 to 4.57 iterate over the open file, which the safetensors package does not allow.",
        f'# %pip install "transformers=={_LOADS}" and restart the kernel',
        _LOADS,
        _INSTALL,
    )
