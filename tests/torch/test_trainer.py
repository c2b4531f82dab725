"""transformers' Trainer: training is dry, evaluation and prediction run and are checked, saving is held back."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bertmagic import watching

pytest.importorskip("accelerate")


def rows(padded: SimpleNamespace, labels: Any, mask: Any = None) -> Any:
    import torch

    class Rows(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __init__(self) -> None:
            self.labels = labels

        def __len__(self) -> int:
            return 8

        def __getitem__(self, index: int) -> dict[str, Any]:
            row = index % 4
            given = {"input_ids": padded.ids[row], "labels": self.labels[index]}
            if mask is not False:
                given["attention_mask"] = padded.mask[row]
            return given

    return Rows()


def trainer(model: Any, data: Any, folder: Path, **settings: Any) -> Any:
    from transformers import Trainer, TrainingArguments

    args = TrainingArguments(
        output_dir=str(folder),
        report_to=[],
        per_device_train_batch_size=4,
        num_train_epochs=1,
        disable_tqdm=True,
        use_cpu=True,
        save_strategy="no",
        **settings,
    )
    return Trainer(model=model, args=args, train_dataset=data, eval_dataset=data)


LABELS = [0, 1, 1, 0, 1, 0, 0, 1]


def test_training_is_dry_and_nothing_is_saved(classifier: Any, padded: SimpleNamespace, tmp_path: Path) -> None:
    import torch

    made = trainer(classifier.train(), rows(padded, LABELS), tmp_path)
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    modes = [each.training for each in classifier.modules()]
    torch.manual_seed(5)
    state = torch.get_rng_state()
    with watching() as watch:
        result = made.train()
        after = torch.get_rng_state()
        made.save_model(str(tmp_path / "a"))
        classifier.save_pretrained(str(tmp_path / "b"))
        torch.save(classifier.state_dict(), tmp_path / "c.pt")
        torch.save({"epoch": 1, "model": classifier.state_dict()}, tmp_path / "d.pt")
        torch.save({"other": torch.zeros(2)}, tmp_path / "e.pt")
    assert result.global_step == 2
    assert math.isnan(result.training_loss)
    assert torch.equal(state, after)
    assert modes == [each.training for each in classifier.modules()]
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["e.pt"]
    assert watch.report is not None
    assert (watch.report.verdict, watch.report.internal_errors) == ("pass", ())
    assert sum("held back" in each.why for each in watch.report.not_checked) >= 3


def test_training_runs_where_it_is_asked_for(classifier: Any, padded: SimpleNamespace, tmp_path: Path) -> None:
    import torch

    made = trainer(classifier, rows(padded, LABELS), tmp_path)
    before = classifier.classifier.weight.detach().clone()
    with watching(run=True) as watch:
        result = made.train()
    assert not math.isnan(result.training_loss)
    assert not torch.equal(before, classifier.classifier.weight)
    assert watch.report is not None
    assert watch.report.internal_errors == ()


def test_labels_beyond_the_classes_are_named(classifier: Any, padded: SimpleNamespace, tmp_path: Path) -> None:
    made = trainer(classifier, rows(padded, [1, 2, 1, 2, 1, 2, 1, 2]), tmp_path)
    with pytest.raises(IndexError, match="Target 2 is out of bounds"), watching() as watch:
        made.train()
    assert watch.report is not None
    assert [each.rule for each in watch.report.findings] == ["labels-out-of-range"]


def test_a_missing_mask_is_named_in_training_and_in_prediction(
    classifier: Any, padded: SimpleNamespace, tmp_path: Path
) -> None:
    data = rows(padded, LABELS, mask=False)
    made = trainer(classifier, data, tmp_path)
    with watching() as trained:
        made.train()
    with watching() as predicted:
        output = made.predict(data)
    assert output.predictions.shape == (8, 2)
    for watch in (trained, predicted):
        assert watch.report is not None
        assert [each.rule for each in watch.report.findings][:1] == ["attention-mask-missing"]


def test_one_output_for_two_classes_is_named(padded: SimpleNamespace, tmp_path: Path) -> None:
    from transformers import BertConfig, BertForSequenceClassification

    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=100,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            num_labels=1,
        )
    )
    with watching() as watch:
        trainer(model, rows(padded, LABELS), tmp_path).train()
    assert watch.report is not None
    assert [each.rule for each in watch.report.findings] == ["regression-head-for-classes"]
    assert model.config.problem_type is None


def test_an_error_of_the_dataset_comes_through(classifier: Any, padded: SimpleNamespace, tmp_path: Path) -> None:
    data = rows(padded, [0])
    with pytest.raises(IndexError), watching() as watch:
        trainer(classifier, data, tmp_path).train()
    assert watch.report is not None
    assert watch.report.verdict == "fail"
