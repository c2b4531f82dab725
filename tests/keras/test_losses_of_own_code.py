"""Losses that code of the user's own computes: what they compare is not what the compiled loss would."""

from __future__ import annotations

from typing import Any

import pytest

keras = pytest.importorskip("keras", minversion="3", reason="NOT RUN: Keras 3 is not installed (extra `keras`)")


@pytest.mark.parametrize(("own", "kind"), [(True, "other"), (False, "sparse")])
def test_what_a_compiled_loss_compares(own: bool, kind: str) -> None:
    from bertmagic.backends.keras3.losses import describe_loss

    class Counting(keras.Model):  # type: ignore[misc]
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, **more: Any) -> Any:
            return super().compute_loss(x, y - 1, y_pred, **more)

    model = (Counting if own else keras.Model)()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    loss = describe_loss(model)
    assert loss is not None
    assert (loss.kind, loss.from_logits) == (kind, None if own else True)
