"""`%bertfix` with PyTorch: the corrected training loop is proved, and weights, gradients, steps are as before."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.fixing import bertfix, checked

# The mask is left out; a loop is no `fit`, and really trains.
LOOP = """\
classifier.train()
for step in range(2):
    optimizer.zero_grad()
    loss = classifier(enc["input_ids"], labels=labels).loss  # of two classes
    loss.backward()
    optimizer.step()
classifier.classifier = torch.nn.Linear(32, 2)
"""


def state(classifier: Any, optimizer: Any) -> dict[str, Any]:
    def copied(tensor: Any) -> bytes | None:
        return None if tensor is None else tensor.detach().numpy().tobytes()

    return {
        "weights": {name: copied(each) for name, each in classifier.state_dict().items()},
        "gradients": {name: copied(each.grad) for name, each in classifier.named_parameters()},
        "parameters": [id(each) for each in classifier.parameters()],
        "modules": [(id(each), each.training) for each in classifier.modules()],
        "config": str(classifier.config),
        "steps": [{key: copied(each) for key, each in one.items()} for one in optimizer.state.values()],
        "groups": [
            {key: str(value) for key, value in each.items() if key != "params"} for each in optimizer.param_groups
        ],
    }


def test_the_corrected_loop_is_proved_and_leaves_no_trace(classifier: Any) -> None:
    import torch

    ids = torch.tensor(np.random.default_rng(0).integers(5, 100, (4, 8)))
    ids[1, -3:] = 0
    ids[3, -2:] = 0
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=2e-5)
    names = {
        "torch": torch,
        "classifier": classifier,
        "optimizer": optimizer,
        "enc": {"input_ids": ids, "attention_mask": (ids != 0).long()},
        "labels": torch.tensor([0, 1, 0, 1]),
    }
    shell = checked(names, LOOP)
    before, drawn = state(classifier, optimizer), torch.get_rng_state()
    fixed = bertfix(shell)
    assert fixed.next_input is not None, fixed.out
    assert 'attention_mask=enc["attention_mask"]' in fixed.next_input
    after = state(classifier, optimizer)
    assert {key for key in before if before[key] != after[key]} == set()
    assert torch.equal(drawn, torch.get_rng_state())
