"""A check on KERAS_BACKEND imports no framework that the same program has not without it; each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FRAMEWORKS = {"tensorflow", "tf_keras", "keras_hub", "jax", "torch", "flax", "transformers", "accelerate"}

OF_KERAS = """
import keras, numpy as np
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
model.compile("sgd", "mse")
def use():
    return model.predict(np.ones((2, 3)), verbose=0)
"""
OF_HUB = """
import keras_hub, numpy as np
model = keras_hub.models.BertBackbone(
    vocabulary_size=50, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=8, max_sequence_length=8
)
ids = np.array([[2, 5, 3, 0], [2, 5, 6, 3]])
batch = {"token_ids": ids, "padding_mask": (ids != 0).astype(int), "segment_ids": ids * 0}
def use():
    return model.predict(batch, verbose=0)
"""
WATCHED = """
from bertmagic import watching
with watching() as watch:
    use()
assert watch.report.internal_errors == (), watch.report.internal_errors
assert "the forward pass ran" in watch.report.summary, watch.report.summary
"""
PLAIN = "use()"


def imported(program: str) -> set[str]:
    """The frameworks that are there when the program has run."""
    told = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}\n{told}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1])) & FRAMEWORKS


@pytest.mark.parametrize("program", [OF_KERAS, OF_HUB], ids=["keras", "keras_hub"])
def test_a_check_brings_no_framework(program: str) -> None:
    # Keras and KerasHub bring several themselves, whatever computes: what counts is what a check adds.
    assert imported(program + WATCHED) == imported(program + PLAIN)
