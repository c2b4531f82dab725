"""Faults of PyTorch programs: the cell ends as it would without a check, and the report names the cause first."""

from __future__ import annotations

from typing import Any

import pytest

import bertmagic.session
from tests.torch_programs import HEAD, run

# By name: the rule, and the program.
FAULTS: dict[str, tuple[str, str]] = {
    "no mask": ("attention-mask-missing", "out = bert(ids).last_hidden_state[:, 0]"),
    "a mask of ones": ("attention-mask-over-padding", "out = bert(ids, torch.ones_like(ids)).pooler_output"),
    "a mask the other way round": ("attention-mask-inverted", "out = bert(ids, 1 - mask).pooler_output"),
    "a mask of zeros": ("attention-mask-all-zero", "out = bert(full, torch.zeros_like(full)).pooler_output"),
    "an id beyond the table": ("ids-out-of-vocabulary", "ids[1, 2] = 100\nout = bert(ids, mask).pooler_output"),
    "a negative id": ("ids-out-of-vocabulary", "ids[1, 2] = -1\nout = bert(ids, mask).pooler_output"),
    "too long": ("sequence-too-long", "out = bert(torch.randint(5, 100, (2, 65))).pooler_output"),
    "floats for ids": ("ids-not-integer", "out = bert(ids.float(), mask).pooler_output"),
    "one row without its axis": ("batch-axis-missing", "out = bert(full[0]).pooler_output"),
    "an axis too many": ("batch-axis-extra", "out = bert(full[:, None], mask[:, None]).pooler_output"),
    "a mask of another length": ("sequence-length-mismatch", "out = bert(ids, mask[:, :7]).pooler_output"),
    "another number of rows": ("row-count-mismatch", "out = bert(ids, mask[:3]).pooler_output"),
    "types before the mask": ("inputs-swapped", "out = bert(ids, torch.zeros_like(ids), mask).pooler_output"),
    "a third segment": ("token-type-ids-invalid", "out = bert(full, token_type_ids=full * 0 + 2).pooler_output"),
    "lists": ("container-unsupported", "out = bert(full.tolist()).pooler_output"),
    "the whole encoding": (
        "container-unsupported",
        "enc = BatchEncoding({'input_ids': ids, 'attention_mask': mask})\nout = bert(enc).pooler_output",
    ),
    "arrays": ("framework-mismatch", "out = bert(full.numpy()).pooler_output"),
    "labels in an array": ("framework-mismatch", "loss = clf(ids, mask, labels=y.numpy()).loss"),
    "nothing": ("input-missing", "out = bert(attention_mask=mask).pooler_output"),
    "KerasHub's names": ("input-misnamed", "out = bert(token_ids=ids, padding_mask=mask).pooler_output"),
    "labels in the singular": ("input-misnamed", "clf(ids, mask, label=y).loss.backward()"),
    "a class too many": ("labels-out-of-range", "clf(ids, mask, labels=y + 1).loss.backward()"),
    "a class too many, in a loss": ("labels-out-of-range", "F.cross_entropy(clf(ids, mask).logits, y + 1).backward()"),
    "one-hot rows": ("labels-shape", "clf(ids, mask, labels=F.one_hot(y, 2)).loss.backward()"),
    "a column for binary cross-entropy": (
        "labels-shape",
        (
            "head = nn.Linear(32, 1)\nlogits = head(bert(ids, mask).pooler_output)\n"
            "nn.BCEWithLogitsLoss()(logits, y.float()).backward()"
        ),
    ),
    "a broadcast": (
        "labels-shape",
        "head = nn.Linear(32, 1)\nloss = F.mse_loss(head(bert(ids, mask).pooler_output), y.float())\nloss.backward()",
    ),
    "a broadcast by hand": (
        "labels-shape",
        "head = nn.Linear(32, 1)\nloss = ((head(bert(ids, mask)[1]) - y.float()) ** 2).mean()\nloss.backward()",
    ),
    "a softmax before cross-entropy": (
        "logits-flag-mismatch",
        "F.cross_entropy(clf(ids, mask).logits.softmax(-1), y).backward()",
    ),
    "a softmax inside the model": (
        "logits-flag-mismatch",
        (
            "class Net(nn.Module):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.bert, self.head = bert, nn.Linear(32, 2)\n"
            "    def forward(self, ids, mask):\n"
            "        return torch.softmax(self.head(self.bert(ids, mask)[1]), dim=1)\n"
            "net = Net()\n"
            "nn.CrossEntropyLoss()(net(ids, mask), y).backward()"
        ),
    ),
    "a sigmoid before its own": (
        "logits-flag-mismatch",
        (
            "head = nn.Linear(32, 1)\nscores = torch.sigmoid(head(bert(ids, mask).pooler_output)).squeeze(-1)\n"
            "nn.BCEWithLogitsLoss()(scores, y.float()).backward()"
        ),
    ),
    "logits without their sigmoid": (
        "logits-flag-mismatch",
        "logits = clf(ids, mask).logits\nF.binary_cross_entropy(logits * 9, F.one_hot(y, 2).float()).backward()",
    ),
    "integers for binary cross-entropy": (
        "labels-dtype",
        (
            "head = nn.Linear(32, 1)\nlogits = head(bert(ids, mask).pooler_output).squeeze(-1)\n"
            "F.binary_cross_entropy_with_logits(logits, y).backward()"
        ),
    ),
    "floats for classes": ("labels-dtype", "F.cross_entropy(clf(ids, mask).logits, y.float()).backward()"),
    "a head on every token": (
        "sequence-output-unpooled",
        "head = nn.Linear(32, 2)\nF.cross_entropy(head(bert(ids, mask).last_hidden_state), y).backward()",
    ),
    "dropout in predictions": (
        "training-mode-at-inference",
        "clf.train()\nwith torch.no_grad():\n    label = clf(ids, mask).logits.argmax(-1)",
    ),
    "a mean over all": ("pooling-over-padding", "vectors = bert(ids, mask).last_hidden_state.mean(dim=1)"),
    "a mean over all in a module": (
        "pooling-over-padding",
        (
            "class Net(nn.Module):\n"
            "    def __init__(self):\n"
            "        super().__init__()\n"
            "        self.bert, self.head = bert, nn.Linear(32, 2)\n"
            "    def forward(self, ids, mask):\n"
            "        return self.head(self.bert(ids, mask).last_hidden_state.mean(1))\n"
            "net = Net().eval()\n"
            "with torch.no_grad():\n    out = net(ids, mask)"
        ),
    ),
    "a head of another size": (
        "checkpoint-shape-mismatch",
        (
            "import tempfile\nfolder = tempfile.mkdtemp()\nclf.save_pretrained(folder)\n"
            "model = BertForSequenceClassification.from_pretrained(folder, num_labels=5)"
        ),
    ),
    "weights of another size": (
        "checkpoint-shape-mismatch",
        "model = BertForSequenceClassification(BertConfig(num_labels=3, **C))\nmodel.load_state_dict(clf.state_dict())",
    ),
    "a class that is gone": ("transformers-version-conflict", "from transformers import TFBertModel"),
    "rows of many lengths": ("ragged-rows", "rows = [[2, 5, 3], [2, 3]]\nout = bert(torch.tensor(rows))"),
    "an output as a tensor": ("output-object-as-tensor", "out = clf(ids, mask)\nscores = torch.softmax(out, dim=-1)"),
    "an output given to a head": ("output-object-as-tensor", "out = nn.Linear(32, 2)(bert(ids, mask))"),
    "the default rate": (
        "learning-rate-high",
        (
            "for each in bert.encoder.layer:\n    nn.init.normal_(each.output.LayerNorm.weight, 1.0, 0.1)\n"
            "bert.config._name_or_path = 'bert-base-uncased'\n"
            "opt = torch.optim.Adam(bert.parameters())\n"
            "bert.train()(ids, mask).pooler_output.sum().backward()\n"
            "opt.step()"
        ),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_cause_is_named_first(name: str) -> None:
    rule, program = FAULTS[name]
    ends: list[BaseException | None] = []
    report: Any = None
    for checked in (False, True):
        namespace: dict[str, Any] = {"__name__": "__main__"}
        run(HEAD, namespace)
        watch = bertmagic.session.Watch(namespace=namespace)
        try:
            if checked:
                with watch:
                    run(program, namespace)
            else:
                run(program, namespace)
        except Exception as raised:  # noqa: BLE001  # whatever the program ends with
            ends.append(raised)
        else:
            ends.append(None)
        report = watch.report
    assert report.internal_errors == ()
    found = [each.rule for each in report.findings if each.severity != "advice"]
    assert found[:1] == [rule], [f"{each.rule}: {each.title}" for each in report.findings]
    assert type(ends[0]) is type(ends[1])
    assert str(ends[0]) == str(ends[1])
