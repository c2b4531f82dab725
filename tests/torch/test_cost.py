"""What a check costs with PyTorch, as a part of one bare forward pass of the same batch: BERT-base, 32 x 128."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import costs
import pytest

pytestmark = pytest.mark.slow


def test_a_check_of_bert_base_costs_a_part_of_its_forward_pass(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch", reason="NOT RUN: the PyTorch stack is not installed (extra `torch`)")
    transformers = pytest.importorskip("transformers")

    class Scorer(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.bert = transformers.BertModel(transformers.BertConfig())
            self.out = torch.nn.Linear(768, 1)

        def forward(self, input_ids: Any, attention_mask: Any = None, labels: Any = None) -> Any:
            scores = self.out(self.bert(input_ids, attention_mask=attention_mask).pooler_output)
            return {"loss": torch.nn.functional.mse_loss(scores, labels), "logits": scores}

    model = Scorer().eval()
    ids, mask = (torch.tensor(each).long() for each in costs.batch())
    args = transformers.TrainingArguments(
        str(tmp_path), per_device_train_batch_size=costs.ROWS, report_to=[], use_cpu=True
    )

    labels = torch.zeros(costs.ROWS, 1)

    def trainer(**columns: Any) -> Any:
        rows = [{name: column[row] for name, column in columns.items()} for row in range(costs.ROWS)]
        return transformers.Trainer(model, args, train_dataset=rows)

    def forward() -> None:
        with torch.no_grad():
            model(ids, mask, labels)

    masked = trainer(input_ids=ids, attention_mask=mask, labels=labels)
    unmasked = trainer(input_ids=ids, labels=labels)
    # The other tests run small models on one thread; what is measured here is what a user waits for.
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        # Looked up while they are watched: a method that was bound before is the trainer's own.
        checked = {"pass": lambda: masked.train(), "warn": lambda: unmasked.train()}  # noqa: PLW0108
        costs.hold(forward, checked, capsys)
    finally:
        torch.set_num_threads(threads)
