"""Whether a loss compares the labels that a module was given, or others that it made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertmagic.backends.torch import losses

GIVEN = np.array([0, 2, 1, 1])
SAME = {
    "themselves": [0, 2, 1, 1],
    "floats": [0.0, 2.0, 1.0, 1.0],
    "another shape": [[0], [2], [1], [1]],
    "some left out": [0, -100, 1, -100],
    "some picked out": [2, 1],
}
OTHERS = {
    "counted from another": [-1, 1, 0, 0],
    "one against the rest": [0.0, 1.0, 0.0, 0.0],
    "one-hot rows": np.eye(3)[GIVEN],
    "another order": [1, 0],
    "none": np.zeros(0),
}


def holds(target: Any) -> bool:
    import torch

    function, output = torch.nn.functional.cross_entropy, torch.zeros(4, 3)
    found = losses.compared(function, (output, torch.as_tensor(np.asarray(target))), {})
    assert found is not None
    return losses.holds(found, GIVEN)


@pytest.mark.parametrize("target", SAME.values(), ids=SAME)
def test_the_labels_that_were_given(target: Any) -> None:
    assert holds(target)


@pytest.mark.parametrize("target", OTHERS.values(), ids=OTHERS)
def test_labels_that_were_made_of_them(target: Any) -> None:
    assert not holds(target)


def test_where_the_classes_lie() -> None:
    import torch

    function, labels = torch.nn.functional.cross_entropy, torch.zeros(2, 5, dtype=torch.long)
    untransposed = losses.compared(function, (torch.zeros(2, 5, 3), labels), {})
    transposed = losses.compared(function, (torch.zeros(2, 3, 5), labels), {})
    either = losses.compared(function, (torch.zeros(2, 5, 5), labels), {})
    assert untransposed is not None
    assert transposed is not None
    assert either is not None
    assert [each.facts.classes_at for each in (untransposed, transposed, either)] == [1, None, None]
    assert transposed.values.shape == (2, 5, 3)
