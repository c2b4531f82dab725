"""Checks objects that are there already: a model and its batch, given or found in a namespace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bertmagic.backends import backend_of
from bertmagic.backends.protocol import Backend
from bertmagic.observe import tokenizers
from bertmagic.options import BadUse, Options
from bertmagic.report import Report
from bertmagic.session import Watch


def check(
    model: Any,
    inputs: Any,
    labels: Any = None,
    *,
    tokenizer: Any = None,
    loss: Any = None,
    device: str = "auto",
    rows: int | str | None = None,
    ignore: Sequence[str] = (),
) -> Report:
    """Check a model against a batch, as `%bertcheck MODEL INPUTS [LABELS]` does, without IPython.

    `model`: a tf-keras model or transformers TF model. `inputs`: what it is called with: token ids (batch, sequence), a
    list or dict of such, a tokenizer's encoding, or a `tf.data.Dataset` of batches. `labels`: as for `fit`.
    `tokenizer`: the one that made the ids, where it cannot be found. `loss`: a loss function or object, where the model
    is not compiled. `device`: "auto", "cpu" or "gpu". `rows`: how many rows the forward pass runs, or "all".
    `ignore`: slugs of rules to leave out. Raises `BadUse` (a ValueError) where that cannot be done; what the model
    raises is in the report, not raised.
    """
    frame = sys._getframe(1)
    namespace = {**frame.f_globals, **frame.f_locals}
    options = Options(device=device, rows=rows, ignore=frozenset(ignore))  # type: ignore[arg-type]
    return check_objects(model, inputs, labels, namespace=namespace, options=options, tokenizer=tokenizer, loss=loss)


def check_objects(
    model: Any,
    inputs: Any,
    labels: Any = None,
    *,
    names: tuple[str, str, str | None] | None = None,
    namespace: dict[str, Any] | None = None,
    options: Options | None = None,
    tokenizer: Any = None,
    loss: Any = None,
) -> Report:
    """The report on objects that are there already; `names`: the expressions by which the user gave them."""
    backend = backend_of(model)
    if backend is None:
        raise BadUse(
            f"{names[0] if names else 'model'!s} is no model that bertmagic knows: it is {type(model).__name__}"
        )
    if inputs is None:
        built = "" if backend.is_built(model) else "; the model is not built, and there is nothing to build it from"
        raise BadUse(f"there are no inputs to check{built}")
    if _is_empty(inputs):
        raise BadUse(f"{names[1] if names else 'the batch'} is empty")
    scope = dict(namespace or {})
    if names is not None:
        scope = {**{name: value for name, value in zip(names, (model, inputs, labels), strict=True) if name}, **scope}
    if tokenizer is not None:
        scope = {name: value for name, value in scope.items() if not tokenizers.is_tokenizer(value)}
        scope["tokenizer"] = tokenizer
    watch = _Objects(namespace=scope, options=options)
    with watch:
        watch.look(backend, model, inputs, labels, loss)
    assert watch.report is not None
    return watch.report


class _Objects(Watch):
    """A watch over one call that is never made for real."""

    def look(self, backend: Backend, model: Any, inputs: Any, labels: Any, loss: Any) -> None:
        """Examine `model` on `inputs`; what the model raises stays in the report."""
        try:
            self._looks.look("check", backend, model, (inputs,), {"y": labels}, loss=loss)
        except Exception as failure:  # noqa: BLE001  # our own failure is a line in the report
            self.failed("the check", failure)


def _is_empty(inputs: Any) -> bool:
    if isinstance(inputs, Mapping):
        return not inputs or any(_is_empty(value) for value in inputs.values())
    if isinstance(inputs, (list, tuple)):
        return not inputs or any(_is_empty(value) for value in inputs if hasattr(value, "shape"))
    shape = getattr(inputs, "shape", None)
    return shape is not None and len(shape) > 0 and shape[0] == 0


@dataclass(frozen=True)
class Pair:
    """The names of a model and its batch in a namespace, and how they were paired, in a sentence."""

    model: str
    inputs: str
    labels: str | None
    said: str


def find_pair(namespace: Mapping[str, Any]) -> Pair:
    """The one model and the one batch of a namespace; raises `BadUse` where there is none, or more than one."""
    models = _by_object(namespace, lambda value: backend_of(value) is not None)
    if not models:
        raise BadUse("there is no model in the kernel; name one: %bertcheck MODEL INPUTS [LABELS]")
    outer = _outermost(models, namespace)
    if len(outer) > 1:
        raise BadUse(f"there are several models ({', '.join(outer)}); name one: %bertcheck MODEL INPUTS [LABELS]")
    model = outer[0]
    encodings = _by_object(namespace, tokenizers.is_encoding)
    if not encodings:
        backend = backend_of(namespace[model])
        built = "" if backend is not None and backend.is_built(namespace[model]) else " (which is not built)"
        raise BadUse(
            f"there is no tokenizer's output to check `{model}`{built} with; name it: %bertcheck {model} INPUTS"
        )
    if len(encodings) > 1:
        raise BadUse(f"there are several encodings ({', '.join(encodings)}); name one: %bertcheck {model} INPUTS")
    inputs = encodings[0]
    return Pair(
        model, inputs, None, f"`{model}` is the only model, `{inputs}` the only tokenizer's output; no labels taken"
    )


def _by_object(namespace: Mapping[str, Any], wanted: Callable[[Any], bool]) -> list[str]:
    """One name for each object that is wanted, in the namespace's order."""
    found: dict[int, str] = {}
    for name, value in list(namespace.items()):
        if not name.startswith("_") and wanted(value):
            found.setdefault(id(value), name)
    return list(found.values())


def _outermost(models: list[str], namespace: Mapping[str, Any]) -> list[str]:
    """The models that are not a part of another one."""

    def inside(part: Any, whole: Any) -> bool:
        backend = backend_of(whole)
        return part is not whole and backend is not None and backend.is_part_of(part, whole)

    return [name for name in models if not any(inside(namespace[name], namespace[other]) for other in models)]
