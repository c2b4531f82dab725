"""A check of a PyTorch program imports no framework that the program had not; each in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
OTHERS = ("tensorflow", "tf_keras", "keras", "keras_hub", "jax", "flax")

PLAIN = """
import torch
from bertmagic import watching
with watching() as watch:
    out = torch.nn.Linear(2, 2)(torch.ones(1, 2))
"""
OF_BERT = """
from transformers import BertConfig, BertModel
from bertmagic import watching
import torch
bert = BertModel(BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                            intermediate_size=16)).eval()
with watching() as watch, torch.no_grad():
    out = bert(torch.ones(2, 4, dtype=torch.long)).last_hidden_state.mean(1)
assert watch.report.internal_errors == (), watch.report.internal_errors
assert "the forward pass ran" in watch.report.summary, watch.report.summary
"""
LATE = """
from bertmagic import watching
with watching() as watch:
    import torch
    from transformers import BertConfig, BertModel, Trainer
    bert = BertModel(BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                intermediate_size=16)).eval()
    with torch.no_grad():
        out = bert(torch.ones(2, 4, dtype=torch.long)).pooler_output
assert "the forward pass ran" in watch.report.summary, watch.report.summary
assert torch.nn.Module.__call__.__qualname__ == "Module._wrapped_call_impl"
assert Trainer.train.__module__.startswith("transformers")
"""


def imported(program: str) -> set[str]:
    """The top-level modules that are there when the program has run."""
    told = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}\n{told}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_module_of_ones_own_brings_no_other_library() -> None:
    assert not imported(PLAIN) & {*OTHERS, "transformers", "accelerate"}


def test_a_model_of_transformers_brings_no_other_framework() -> None:
    assert not imported(OF_BERT) & set(OTHERS)


def test_what_is_imported_in_the_block_is_watched_too() -> None:
    assert not imported(LATE) & set(OTHERS)
