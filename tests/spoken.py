"""The facts of a call of a TF model as those of the same call in Keras 3 or PyTorch: names, kinds and whose class."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from bertmagic.facts.call import CallFacts, EncoderCallFacts
from bertmagic.facts.model import EncoderFacts, ModelFacts
from bertmagic.facts.tensors import TensorFacts
from bertmagic.rules.dialect import HUB

# By name: what a model is written in, and what computes it.
DIALECTS: dict[str, tuple[Any, Any]] = {
    "Keras 3 on TensorFlow": ("keras", "tensorflow"),
    "Keras 3 on JAX": ("keras", "jax"),
    "Keras 3 on PyTorch": ("keras", "torch"),
    "PyTorch": ("torch", "torch"),
}
_ARRAYS = ("tf.Tensor", "numpy.ndarray", "array")


def spoken(facts: CallFacts, dialect: str) -> CallFacts:
    """The call in that dialect: KerasHub's names in Keras 3, PyTorch's tensors in PyTorch."""
    framework, compute = DIALECTS[dialect]
    kind = "torch.Tensor" if framework == "torch" else None
    names: dict[Any, str] = {**HUB} if framework == "keras" else {}
    return dataclasses.replace(
        facts,
        model=_model(facts.model, framework, compute, names),
        inputs=_tensors(facts.inputs, names, kind),
        labels=_tensors(facts.labels, {}, kind),
        weights=_tensors(facts.weights, {}, kind),
        encoder_calls=tuple(_encoder_call(each, names, kind) for each in facts.encoder_calls),
    )


def _model(model: ModelFacts, framework: Any, compute: Any, names: dict[Any, str]) -> ModelFacts:
    own = model.type.startswith("TF") and framework == "torch"
    return dataclasses.replace(
        model,
        type=model.type.removeprefix("TF"),
        framework=framework,
        compute=compute,
        inputs=tuple(
            dataclasses.replace(each, name=names.get(each.role, each.name) if each.name == each.role else each.name)
            for each in model.inputs
        ),
        encoders=tuple(_encoder(each, names) for each in model.encoders),
        takes=None if model.takes is None else frozenset(names.get(each, each) for each in model.takes),
        library="transformers" if own else None,
    )


def _encoder(encoder: EncoderFacts, names: dict[Any, str]) -> EncoderFacts:
    return dataclasses.replace(encoder, type=encoder.type.removeprefix("TF"), names=names)


def _encoder_call(call: EncoderCallFacts, names: dict[Any, str], kind: str | None) -> EncoderCallFacts:
    given = {role: _tensor(each, names, kind) for role, each in call.given.items()}
    source = {role: _tensor(each, names, kind) for role, each in call.source.items()}
    return dataclasses.replace(call, encoder=_encoder(call.encoder, names), given=given, source=source)


def _tensors(tensors: Iterable[TensorFacts], names: dict[Any, str], kind: str | None) -> tuple[TensorFacts, ...]:
    return tuple(_tensor(each, names, kind) for each in tensors)


def _tensor(tensor: TensorFacts, names: dict[Any, str], kind: str | None) -> TensorFacts:
    name = names.get(tensor.role, tensor.name) if tensor.name == tensor.role else tensor.name
    known = kind if kind is not None and tensor.kind in _ARRAYS else tensor.kind
    return dataclasses.replace(tensor, name=name, kind=known)
