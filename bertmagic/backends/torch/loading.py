"""What did not fit where loading weights ended the cell, read from the frames of the failing call.

transformers 5.23, `utils/loading_report.py`, and 4.x, `modeling_utils.py`: pairs of shapes, or messages of PyTorch's;
torch 2.13, `nn/modules/module.py`, `load_state_dict`. Nothing is loaded here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from types import FrameType
from typing import Any

from bertmagic.backends.protocol import Failing
from bertmagic.facts.loading import LoadingFacts, Shape, WeightFacts
from bertmagic.observe.values import shape_of

_VERBS = ("from_pretrained", "load_state_dict", "load_model")


def loading(failing: Failing) -> LoadingFacts | None:
    """The facts of a loading that failed for its weights' shapes; None for others."""
    at = next((frame for frame in failing.frames if frame.f_code.co_name in _VERBS and _is_ours(frame)), None)
    if at is None:
        return None
    for frame in reversed(failing.frames):
        pairs = sorted(_pairs(frame))
        if not pairs:
            continue
        model = frame.f_locals.get("model", frame.f_locals.get("self"))
        outside = [pair for pair in pairs if _in_encoder(model, pair[0]) is False]
        # Where the encoder's own sizes differ, its head's do for that reason.
        name, kept, wanted = outside[0] if len(outside) == len(pairs) else _first(pairs, outside)
        source = at.f_locals.get("pretrained_model_name_or_path", at.f_locals.get("filename"))
        path = fspath(source) if isinstance(source, (str, PathLike)) else None
        said = None if model is None else failing.named(model) or type(model).__name__
        return WeightFacts(name, kept, wanted, at.f_code.co_name, path, said, _in_encoder(model, name))
    return None


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in ("transformers", "torch", "safetensors")


def _first(pairs: list[tuple[str, Shape, Shape]], outside: list[tuple[str, Shape, Shape]]) -> tuple[str, Shape, Shape]:
    """A pair that tells most: the word embeddings', else that of a matrix."""
    inside = [pair for pair in pairs if pair not in outside]
    return max(inside, key=lambda pair: ("word_embeddings" in pair[0], len(pair[1])))


def _pairs(frame: FrameType) -> Iterator[tuple[str, Shape, Shape]]:
    """The weights whose stored shape is not the model's, with both."""
    info = frame.f_locals.get("loading_info")
    for each in getattr(info, "mismatched_keys", None) or ():
        if isinstance(each, tuple) and len(each) == 3:
            yield str(each[0]), tuple(each[1]), tuple(each[2])
    stored: Any = frame.f_locals.get("state_dict")
    module: Any = frame.f_locals.get("self", frame.f_locals.get("model"))
    if not isinstance(stored, Mapping) or not hasattr(module, "state_dict"):
        return
    wanted = module.state_dict()
    for name, value in stored.items():
        kept, own = shape_of(value), shape_of(wanted.get(name))
        if kept is not None and own is not None and kept != own:
            yield str(name), kept, own


def _in_encoder(model: Any, name: str) -> bool | None:
    """Whether a weight lies in the model's encoder; None where the model does not tell."""
    prefix = getattr(model, "base_model_prefix", None)
    if not prefix:
        return None
    return name.startswith(f"{prefix}.") or not hasattr(model, prefix)
