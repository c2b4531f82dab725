"""A tiny random BERT on PyTorch, and batches for it, in this very process."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

VOCABULARY = 100
CONFIG = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}
WORDS = [*"abcdefghijklmnopqrstuvwxyz", "good", "bad", "film", "plot", "long", "short"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs PyTorch and transformers where they are not installed."""
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    for item in items:
        if missing and Path(__file__).parent in item.path.parents:
            reason = f"NOT RUN: the PyTorch stack is not installed ({', '.join(missing)})"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small models run faster on one thread."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def bert() -> Any:
    """A random BERT in evaluation mode, of few and small layers."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    return BertModel(BertConfig(**CONFIG)).eval()


@pytest.fixture
def classifier() -> Any:
    """A random classifier of two classes on a BERT, in evaluation mode."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig(**CONFIG)).eval()


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tokenizer of letters and a few words, whose vocabulary is the model's."""
    from transformers import BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *(f"##{letter}" for letter in WORDS[:26])]
    words += [f"[unused{index}]" for index in range(VOCABULARY - len(words))]
    file: Path = tmp_path_factory.mktemp("tokenizer") / "vocab.txt"
    file.write_text("\n".join(words) + "\n")
    return BertTokenizerFast(str(file))


@pytest.fixture
def padded() -> SimpleNamespace:
    """Token ids (4, 8) padded to the longest row, their mask and labels, one a row."""
    import torch

    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, VOCABULARY, (4, 8), generator=generator)
    ids[:, 0], lengths = 2, (8, 5, 6, 4)
    for row, length in enumerate(lengths):
        ids[row, length - 1] = 3
        ids[row, length:] = 0
    return SimpleNamespace(ids=ids, mask=(ids != 0).long(), labels=torch.tensor([0, 1, 1, 0]))


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Have the modes, the device and the threads of one test be none of the next one's."""
    import torch

    yield
    torch.set_grad_enabled(True)


def loud(report: Any) -> list[str]:
    """The rules that a report names as errors and warnings."""
    return [each.rule for each in report.findings if each.severity != "advice"]
