"""Facts about the loss that a call trains or evaluates with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

# What a loss compares: class indices, one-hot rows, independent 0/1 targets, numbers, or the model's own way.
LossKind: TypeAlias = Literal["sparse", "categorical", "binary", "regression", "internal", "other"]


@dataclass(frozen=True)
class LossFacts:
    """`name` as the user would write it; `from_logits`: None where there is no such flag; `value` of the rows run.

    `ignored`: the class index that the loss leaves out, where it was told one. `aligns`: whether it takes labels whose
    rank differs by a last axis of 1 for the same, as Keras' losses do. `made_by`: the activation that gave the compared
    outputs (`softmax`), where a graph tells it. `classes_at`: the axis that it takes the classes along, where the
    labels fit outputs with their classes on the last one (PyTorch's cross-entropy takes axis 1); else None.
    """

    name: str
    kind: LossKind
    from_logits: bool | None = None
    value: float | None = None
    ignored: int | None = None
    aligns: bool = True
    made_by: str | None = None
    classes_at: int | None = None
