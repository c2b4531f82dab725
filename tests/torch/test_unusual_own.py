"""Correct programs whose own code changes ids, labels or outputs on the way: no error, no warning."""

from __future__ import annotations

from typing import Any

import pytest

import bertmagic.session
from tests.torch_programs import HEAD, run

PROGRAMS = {
    "mc inside, 20 samples": """
class MC(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
    def forward(self, ids, mask):
        self.bert.train()
        return torch.stack([self.bert(ids, mask).pooler_output for _ in range(8)]).mean(0)
net = MC().eval()
with torch.no_grad():
    out = net(ids, mask)
""",
    "mc repeats rows inside": """
class MC(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
    def forward(self, ids, mask):
        self.bert.train()
        out = self.bert(ids.repeat_interleave(8, 0), mask.repeat_interleave(8, 0)).pooler_output
        return out.view(len(ids), 8, -1).mean(1)
net = MC().eval()
with torch.no_grad():
    out = net(ids, mask)
""",
    "own head labels from 1": """
class Own(BertForSequenceClassification):
    def forward(self, input_ids=None, attention_mask=None, labels=None, **kw):
        out = super().forward(input_ids, attention_mask=attention_mask, **kw)
        if labels is not None:
            out["loss"] = F.cross_entropy(out.logits, labels - 1)
        return out
m = Own(BertConfig(num_labels=3, **C)).train()
m(ids, mask, labels=torch.tensor([1, 2, 3, 1])).loss.backward()
""",
    "own head one sigmoid output": """
class Own(BertForSequenceClassification):
    def forward(self, input_ids=None, attention_mask=None, labels=None, **kw):
        out = super().forward(input_ids, attention_mask=attention_mask, **kw)
        if labels is not None:
            out["loss"] = F.binary_cross_entropy_with_logits(out.logits[:, 0], labels.float())
        return out
m = Own(BertConfig(num_labels=1, **C)).train()
m(ids, mask, labels=y).loss.backward()
""",
    "own head soft labels": """
class Own(BertForSequenceClassification):
    def forward(self, input_ids=None, attention_mask=None, labels=None, **kw):
        out = super().forward(input_ids, attention_mask=attention_mask, **kw)
        if labels is not None:
            out["loss"] = F.binary_cross_entropy(out.logits.softmax(-1)[:, 1], labels)
        return out
m = Own(BertConfig(num_labels=2, **C)).train()
m(ids, mask, labels=torch.tensor([.1, .9, .4, .2])).loss.backward()
""",
    "own module bins floats": """
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 3)
    def forward(self, ids, mask, labels):
        logits = self.head(self.bert(ids, mask).pooler_output)
        return F.cross_entropy(logits, torch.bucketize(labels, torch.tensor([.3, .6])))
Own().train()(ids, mask, torch.tensor([.1, .9, .4, .2])).backward()
""",
    "own module one-hot before bce": """
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 3)
    def forward(self, ids, mask, labels):
        logits = self.head(self.bert(ids, mask).pooler_output)
        return F.binary_cross_entropy_with_logits(logits, F.one_hot(labels, 3).float()), logits
Own().train()(ids, mask, torch.tensor([0, 2, 1, 1]))[0].backward()
""",
    "own module multi-sample dropout": """
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 1)
    def forward(self, ids, mask, labels):
        pooled = self.bert(ids, mask).pooler_output
        logits = torch.cat([self.head(F.dropout(pooled, 0.3)) for _ in range(5)], -1)
        return F.mse_loss(logits, labels[:, None].expand(-1, 5)), logits
Own().train()(ids, mask, torch.tensor([1., 0, .5, .2]))[0].backward()
""",
    "pseudo-perplexity without no_grad": """
mlm = BertForMaskedLM(BertConfig(**C)).eval()
score = mlm(ids, mask, labels=ids).loss.item()
""",
    "one token id a row": """
class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
    def forward(self, words):
        return self.bert(words[:, None]).pooler_output
with torch.no_grad():
    vectors = Words().eval()(torch.tensor([5, 6, 7, 8, 9]))
""",
    "each token alone on purpose": """
with torch.no_grad():
    vectors = bert(torch.tensor([[2, 5, 6, 3]]).T).last_hidden_state[:, 0]
""",
    "nan at padding on purpose": """
class Scores(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 1)
    def forward(self, ids, mask):
        s = self.head(self.bert(ids, mask).last_hidden_state)[..., 0]
        return s.masked_fill(mask == 0, float("nan"))
with torch.no_grad():
    scores = Scores().eval()(ids, mask)
""",
    "chunks, lazy head": """
class Chunks(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.LazyLinear(2)
    def forward(self, ids):
        return self.head(self.bert(ids.reshape(-1, 32)).pooler_output.view(len(ids), -1))
with torch.no_grad():
    out = Chunks().eval()(full.repeat(1, 20)[:, :128])
""",
    "hashed, lazy head": """
class Hashed(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.LazyLinear(2)
    def forward(self, input_ids, attention_mask):
        return self.head(self.bert(input_ids % 99 + 1, attention_mask).pooler_output)
with torch.no_grad():
    out = Hashed().eval()(ids * 1000, mask)
""",
    "hashed, cache object given": """
class Hashed(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 2)
    def forward(self, input_ids, attention_mask, seen):
        seen.append(len(input_ids))
        return self.head(self.bert(input_ids % 99 + 1, attention_mask).pooler_output)
class Seen:
    def __init__(self):
        self.n = []
    def append(self, x):
        self.n.append(x)
with torch.no_grad():
    out = Hashed().eval()(ids * 1000, mask, Seen())
""",
    "minus one for padding, remapped inside": """
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 2)
    def forward(self, input_ids):
        m = (input_ids >= 0).long()
        return self.head(self.bert(input_ids.clamp(min=0), m).pooler_output)
with torch.no_grad():
    out = Own().eval()(ids.masked_fill(mask == 0, -1))
""",
    "mlm pretraining from own tiny checkpoint at 1e-3": """
import tempfile
folder = tempfile.mkdtemp(); BertForMaskedLM(BertConfig(**C)).save_pretrained(folder)
mlm = BertForMaskedLM.from_pretrained(folder).train()
opt = torch.optim.AdamW(mlm.parameters(), lr=1e-3)
labels = torch.full_like(ids, -100); labels[:, 2] = ids[:, 2]; m = ids.clone(); m[:, 2] = 4
mlm(m, mask, labels=labels).loss.backward(); opt.step()
""",
    "log of softmax then nll": """
logits = clf.train()(ids, mask).logits
F.nll_loss(torch.log(logits.softmax(-1)), y).backward()
""",
    "multi-label with integers cast inside": """
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 3)
    def forward(self, ids, mask, labels):
        return F.binary_cross_entropy_with_logits(self.head(self.bert(ids, mask).pooler_output), labels.float())
Own().train()(ids, mask, torch.tensor([[1,0,1],[0,1,0],[1,1,0],[0,0,0]])).backward()
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_program_changes_itself_is_not_accused(name: str) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    run(HEAD, namespace)
    with bertmagic.session.Watch(namespace=namespace) as watch:
        run(PROGRAMS[name], namespace)
    report = watch.report
    assert report is not None
    assert [f"{each.rule}: {each.title}" for each in report.findings if each.severity != "advice"] == []
    assert report.internal_errors == ()
