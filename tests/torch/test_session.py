"""A check of PyTorch calls leaves no trace: random state, modes, buffers, gradients, hooks, patches, attributes."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bertmagic
from bertmagic import watching


def states() -> tuple[Any, ...]:
    import torch

    return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr,index]


def test_random_state_is_as_without_a_check(classifier: Any, padded: SimpleNamespace) -> None:
    import torch

    classifier.train()
    ends = []
    for checked in (False, True):
        torch.manual_seed(3)
        random.seed(3)
        np.random.seed(3)
        if checked:
            with watching():
                out = classifier(padded.ids, padded.mask).logits
        else:
            out = classifier(padded.ids, padded.mask).logits
        ends.append((out.detach(), states()))
    assert torch.equal(ends[0][0], ends[1][0])
    assert ends[0][1] == ends[1][1]


def test_gradients_are_as_without_a_check(classifier: Any, padded: SimpleNamespace) -> None:
    import torch

    found = []
    for checked in (False, True):
        classifier.zero_grad()
        torch.manual_seed(0)
        classifier.train()
        if checked:
            with watching():
                classifier(padded.ids, padded.mask, labels=padded.labels).loss.backward()
        else:
            classifier(padded.ids, padded.mask, labels=padded.labels).loss.backward()
        found.append([each.grad.clone() for each in classifier.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_modes_of_each_module_and_flags_stay(classifier: Any, padded: SimpleNamespace) -> None:
    classifier.train()
    classifier.bert.encoder.layer[0].eval()
    classifier.bert.embeddings.requires_grad_(False)
    modes = [each.training for each in classifier.modules()]
    flags = [each.requires_grad for each in classifier.parameters()]
    with watching():
        classifier(padded.ids, padded.mask, labels=padded.labels)
    assert modes == [each.training for each in classifier.modules()]
    assert flags == [each.requires_grad for each in classifier.parameters()]


def own_module() -> Any:
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, bert: Any) -> None:
            super().__init__()
            self.bert, self.norm, self.head = bert, nn.BatchNorm1d(32), nn.Linear(32, 2)
            self.register_buffer("seen", torch.zeros((), dtype=torch.long))
            self.calls, self.log = 0, []

        def forward(self, ids: Any, mask: Any) -> Any:
            self.calls += 1
            self.seen += 1
            self.log.append(ids.shape)
            return self.head(self.norm(self.bert(ids, mask).pooler_output))

    return Net


def test_what_a_module_counts_is_counted_once(bert: Any, padded: SimpleNamespace) -> None:
    import torch

    net = own_module()(bert).train()
    other = own_module()(bert).train()
    other.load_state_dict(net.state_dict())
    torch.manual_seed(0)
    with watching() as watch:
        checked = net(padded.ids, padded.mask)
    torch.manual_seed(0)
    plain = other(padded.ids, padded.mask)
    assert torch.equal(checked, plain)
    assert (net.calls, int(net.seen), len(net.log)) == (1, 1, 1)
    assert all(torch.equal(a, b) for a, b in zip(net.buffers(), other.buffers(), strict=True))
    assert watch.report is not None
    assert watch.report.internal_errors == ()


def test_hooks_of_the_users_fire_once_and_stay(bert: Any, padded: SimpleNamespace) -> None:
    fired = []
    bert.pooler.register_forward_hook(lambda module, args, output: fired.append("hook"))
    bert.register_forward_pre_hook(lambda module, args: fired.append("pre"))
    with watching() as watch:
        bert(padded.ids, padded.mask)
    assert fired == ["pre", "hook"]
    assert len(bert.pooler._forward_hooks) == 1
    assert watch.report is not None
    assert any("hooks" in each.what for each in watch.report.not_checked)


def test_hidden_states_that_transformers_captures_come_once(bert: Any, padded: SimpleNamespace) -> None:
    with watching():
        first = bert(padded.ids, padded.mask, output_hidden_states=True).hidden_states
    second = bert(padded.ids, padded.mask, output_hidden_states=True).hidden_states
    assert len(first) == len(second) == bert.config.num_hidden_layers + 1


def test_the_config_is_as_the_real_call_leaves_it(classifier: Any, padded: SimpleNamespace) -> None:
    before = dict(vars(classifier.config))
    with watching():
        classifier(padded.ids, padded.mask)
    assert vars(classifier.config) == before


def test_patches_and_modes_are_gone_after_the_block(bert: Any, padded: SimpleNamespace) -> None:
    import torch
    from torch.optim import optimizer

    call, save = vars(torch.nn.Module)["__call__"], torch.save
    hooks = len(optimizer._global_optimizer_pre_hooks)

    def ends() -> None:
        bert(padded.ids, padded.mask).last_hidden_state.sum()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), watching():
        ends()
    assert vars(torch.nn.Module)["__call__"] is call
    assert torch.save is save
    assert torch._C._len_torch_function_stack() == 0
    assert len(optimizer._global_optimizer_pre_hooks) == hooks


def test_a_block_of_the_users_own_on_the_stack_of_modes_ends_as_it_should(bert: Any, padded: SimpleNamespace) -> None:
    import torch

    with watching():
        with torch.device("meta"):
            bert(padded.ids, padded.mask).last_hidden_state.sum()
            inside = torch.zeros(1)
        outside = torch.zeros(1)
    assert inside.is_meta
    assert not outside.is_meta
    assert torch._C._len_torch_function_stack() == 0


def test_the_exception_comes_through_with_its_own_frames(bert: Any, padded: SimpleNamespace) -> None:
    padded.ids[0, 1] = 100
    with pytest.raises(IndexError, match="index out of range in self") as plain:
        bert(padded.ids, padded.mask)
    with pytest.raises(IndexError, match="index out of range in self") as checked, watching():
        bert(padded.ids, padded.mask)
    files = [[each.path.name for each in some.traceback][1:] for some in (plain, checked)]
    assert [name for name in files[1] if name != "observing.py"] == files[0]


def test_autocast_keeps_its_gradients(classifier: Any, padded: SimpleNamespace) -> None:
    import torch

    with watching(), torch.autocast("cpu", dtype=torch.bfloat16):
        loss = classifier(padded.ids, padded.mask, labels=padded.labels).loss
    loss.backward()
    assert all(each.grad is not None for each in classifier.parameters())


def test_a_check_of_objects_needs_no_call(classifier: Any, padded: SimpleNamespace) -> None:
    report = bertmagic.check(classifier, {"input_ids": padded.ids}, padded.labels)
    assert [each.rule for each in report.findings][:1] == ["attention-mask-missing"]
    assert bertmagic.check(classifier, {"input_ids": padded.ids, "attention_mask": padded.mask}).verdict == "pass"


def test_a_loop_is_checked_again_where_its_batches_change(classifier: Any, padded: SimpleNamespace) -> None:
    import torch

    batches = [(padded.ids, padded.mask)] * 3 + [(padded.ids, torch.ones_like(padded.mask))]
    with watching() as watch, torch.no_grad():
        for batch in batches:
            classifier(*batch)
    assert watch.report is not None
    assert [each.rule for each in watch.report.findings][:1] == ["attention-mask-over-padding"]


def test_the_device_is_named(bert: Any, padded: SimpleNamespace) -> None:
    with watching() as watch:
        bert(padded.ids, padded.mask)
    assert watch.report is not None
    assert watch.report.device.used == ("GPU:0" if next(bert.parameters()).is_cuda else "CPU:0")
