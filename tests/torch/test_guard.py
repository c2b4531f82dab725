"""What would end a GPU's CUDA context is not started: its exception is the CPU's, and the report says so."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

import bertmagic.session
from bertmagic.backends.torch import guard
from tests.torch_programs import HEAD, run

HELD = "would have ended the CUDA context"


@pytest.fixture
def on_gpu(monkeypatch: Any) -> None:
    """Have the guard take every tensor for one on a GPU."""
    monkeypatch.setattr(guard, "is_at_stake", lambda: True)
    monkeypatch.setattr(guard, "device_of", lambda tensor: "cuda")


@pytest.fixture
def started(monkeypatch: Any) -> list[int]:
    """The numbers of indices that were looked up in PyTorch's own tables, which stand for the GPU's kernels."""
    import torch

    numbers: list[int] = []

    def count(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            indices = kwargs.get("index", args[-1] if name == "gather" else args[1])
            numbers.append(int(indices.numel()))
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    count(torch, "embedding")
    count(torch, "gather")
    count(torch._C._nn, "cross_entropy_loss")
    count(torch._C._nn, "nll_loss_nd")
    return numbers


def watched(program: str) -> tuple[Any, BaseException | None]:
    """The report of a program, and what it raised."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    run(HEAD, namespace)
    raised: BaseException | None = None
    with bertmagic.session.Watch(namespace=namespace) as watch:
        try:
            run(program, namespace)
        except Exception as caught:  # noqa: BLE001  # what a program raises is what is tested
            raised = caught
    assert watch.report is not None
    assert watch.report.internal_errors == ()
    return watch.report, raised


@pytest.mark.parametrize("device", ["cpu", "mps", "meta", "xla"])
def test_nothing_is_held_back_on_other_devices(device: str) -> None:
    import torch

    assert guard.beyond(device, torch.tensor([-1, 5]), 3) is None


def test_what_is_held_back_on_a_gpu() -> None:
    import torch

    assert guard.beyond("cuda", torch.tensor([0, 2]), 3) is None
    assert guard.beyond("cuda", torch.tensor([-100, 2]), 3, -100) is None
    assert guard.beyond("cuda", torch.tensor([-1, 2, 3]), 3).tolist() == [True, False, True]
    assert guard.beyond("cuda", torch.tensor([-100, -1]), 3, -100).tolist() == [False, True]
    assert guard.beyond("cuda", torch.zeros(0, dtype=torch.long), 3) is None


FAULTS = {
    "an id": ("bad = ids.clone(); bad[1, 1] = 100\nbert(bad, mask)", "ids-out-of-vocabulary"),
    "a negative id": ("bad = ids.clone(); bad[1, 2] = -1\nbert(bad, mask)", "ids-out-of-vocabulary"),
    "a token type": ("bert(ids, mask, token_type_ids=2 * torch.ones_like(ids))", "token-type-ids-invalid"),
    "a position": ("bert(ids, mask, position_ids=torch.arange(60, 68)[None])", None),
    "a label": ("clf(ids, mask, labels=torch.tensor([0, 1, 2, 0]))", "labels-out-of-range"),
    "a label of the cell's own loss": (
        "F.cross_entropy(clf(ids, mask).logits, torch.tensor([0, 1, 2, 0]))",
        "labels-out-of-range",
    ),
    "a label in a loop's loss": (
        "nn.NLLLoss()(clf(ids, mask).logits.log_softmax(-1), torch.tensor([0, -1, 1, 0]))",
        "labels-out-of-range",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.usefixtures("on_gpu")
def test_the_call_raises_what_the_cpu_raises(name: str, monkeypatch: Any, started: list[int]) -> None:
    program, rule = FAULTS[name]
    report, raised = watched(program)
    assert any(HELD in each.why for each in report.not_checked)
    if rule is not None:
        assert [each.rule for each in report.findings if each.severity == "error"] == [rule]
    # Only the few indices that are out of range were looked up, in a table on the CPU, before it was raised.
    assert started[-1] <= 4
    with monkeypatch.context() as patch:
        patch.setattr(guard, "is_at_stake", lambda: False)
        plain, expected = watched(program)
    assert not any(HELD in each.why for each in plain.not_checked)
    assert raised is not None
    assert expected is not None
    assert (type(raised), str(raised)) == (type(expected), str(expected))
    ends = [traceback.extract_tb(each.__traceback__)[-1] for each in (raised, expected)]
    # The program's line, or the library's own, as the plain run's: none of ours is below it.
    assert "bertmagic" not in ends[0].filename
    assert ends[0].filename == ends[1].filename


@pytest.mark.usefixtures("on_gpu")
def test_ids_that_a_module_makes_others_of_are_not_accused() -> None:
    report, raised = watched("""
class Hashing(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert, self.head = bert, nn.Linear(32, 2)
    def forward(self, ids, mask):
        return self.head(self.bert(ids % 99 + 1, mask).pooler_output)
net = Hashing().eval()
with torch.no_grad():
    net(ids * 1000, mask)
""")
    assert raised is None
    assert [each.rule for each in report.findings if each.severity != "advice"] == []
    assert not any(HELD in each.why for each in report.not_checked)


@pytest.mark.usefixtures("on_gpu")
def test_right_programs_run_as_they_are() -> None:
    report, raised = watched("""
before = torch.embedding
opt = torch.optim.SGD(clf.parameters(), lr=1e-3)
tags = torch.tensor([0, 1, -100, 0])
F.cross_entropy(clf.train()(ids, mask).logits, tags).backward()
opt.step()
F.cross_entropy(clf(ids, mask).logits, F.one_hot(y, 2).float()).backward()
model = BertForTokenClassification(BertConfig(num_labels=3, **C))
F.cross_entropy(model(ids, mask).logits.transpose(1, 2), torch.where(mask.bool(), ids % 3, -100)).backward()
assert torch.embedding is before
""")
    assert raised is None
    assert report.verdict == "pass"
    assert not any(HELD in each.why for each in report.not_checked)


@pytest.mark.usefixtures("on_gpu")
def test_a_compiled_module_is_not_called_where_its_dry_pass_was_held_back() -> None:
    report, raised = watched("""
fast = torch.compile(bert, backend="eager")
bad = ids.clone(); bad[1, 1] = 100
fast(bad, mask)
""")
    assert isinstance(raised, IndexError)
    assert traceback.extract_tb(raised.__traceback__)[-1].filename.endswith("observing.py")
    assert [each.rule for each in report.findings] == ["ids-out-of-vocabulary"]
    assert any(HELD in each.why for each in report.not_checked)


def test_pytorch_is_as_before_after_a_guard(on_gpu: None) -> None:
    import torch

    before = torch.embedding, torch.gather, torch._C._nn.cross_entropy_loss, torch._C._nn.nll_loss_nd
    with pytest.raises(IndexError), guard.Guard() as guarding:
        torch.nn.functional.embedding(torch.tensor([7]), torch.zeros(3, 2))
    assert guarding.held is not None
    assert (torch.embedding, torch.gather, torch._C._nn.cross_entropy_loss, torch._C._nn.nll_loss_nd) == before
