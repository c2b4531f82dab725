"""What the programs of the PyTorch tests begin with, and how they are run."""

from __future__ import annotations

import linecache
from typing import Any

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F
import transformers
from transformers import *
C = dict(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
         max_position_embeddings=64)
torch.manual_seed(0)
ids = torch.randint(5, 100, (4, 8)); ids[:, 0] = 2
for row, length in enumerate((8, 5, 6, 4)):
    ids[row, length - 1] = 3; ids[row, length:] = 0
mask = (ids != 0).long()
y = torch.tensor([0, 1, 1, 0])
full = torch.randint(5, 100, (4, 8)); full[:, 0] = 2; full[:, -1] = 3
bert = BertModel(BertConfig(**C)).eval()
clf = BertForSequenceClassification(BertConfig(**C)).eval()
"""


def run(program: str, namespace: dict[str, Any]) -> None:
    """Run a program whose lines a traceback can show."""
    name = f"<program {hash(program)}>"
    linecache.cache[name] = (len(program), None, program.splitlines(keepends=True), name)
    exec(compile(program, name, "exec"), namespace)  # the programs are the tests' own
