"""Correct programs of unusual kinds: no error, no warning, and nothing of bertmagic's own that fails."""

from __future__ import annotations

from typing import Any

import pytest

import bertmagic.session
from tests.torch_programs import HEAD, run

PROGRAMS = {
    "full rows, no mask": "out = bert(full).last_hidden_state",
    "a bool mask": "out = bert(ids, attention_mask=mask.bool()).last_hidden_state[:, 0]",
    "a float mask": "out = bert(ids, attention_mask=mask.float()).last_hidden_state[:, 0]",
    "int32 ids": "out = bert(ids.int(), attention_mask=mask.int()).pooler_output",
    "one row": "out = bert(ids[:1], mask[:1]).pooler_output",
    "by position": "out = bert(ids, mask, torch.zeros_like(ids)).pooler_output",
    "inference mode": "with torch.inference_mode():\n    out = bert(ids, mask)[0]",
    "bfloat16": "out = bert.to(torch.bfloat16)(ids, mask)[0].float()",
    "autocast": """
with torch.autocast("cpu", dtype=torch.bfloat16):
    loss = clf.train()(ids, mask, labels=y).loss
loss.backward()
assert all(p.grad is not None for n, p in clf.named_parameters())
""",
    "monte carlo dropout": """
bert.train()
with torch.no_grad():
    samples = torch.stack([bert(ids, mask).pooler_output for _ in range(6)])
spread = samples.std(0)
""",
    "embeddings in place of ids": "out = bert(inputs_embeds=bert.get_input_embeddings()(ids), attention_mask=mask)[0]",
    "a masked mean": """
hidden = bert(ids, mask).last_hidden_state
weight = mask.unsqueeze(-1)
vectors = (hidden * weight).sum(1) / weight.sum(1)
""",
    "a masked mean in a module": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = bert
        self.head = nn.Linear(32, 2)
    def forward(self, ids, mask):
        hidden = self.bert(ids, attention_mask=mask).last_hidden_state
        hidden = hidden.masked_fill(~mask.bool().unsqueeze(-1), 0)
        return self.head(hidden.sum(1) / mask.sum(1, keepdim=True))
net = Net().eval()
with torch.no_grad():
    out = net(ids, mask)
""",
    "a maximum over what is left": """
hidden = bert(ids, mask).last_hidden_state
vectors = hidden.masked_fill(mask[..., None] == 0, -torch.inf).max(dim=1).values
""",
    "a loop of its own, and validation in it": """
opt = torch.optim.AdamW(clf.parameters(), lr=2e-5)
for epoch in range(2):
    clf.train()
    for rows in (slice(0, 2), slice(2, 4)):
        opt.zero_grad()
        F.cross_entropy(clf(ids[rows], mask[rows]).logits, y[rows]).backward()
        opt.step()
    clf.eval()
    with torch.no_grad():
        right = (clf(ids, mask).logits.argmax(-1) == y).float().mean()
""",
    "one output, with binary cross-entropy": """
head = nn.Linear(32, 1)
logits = head(bert(ids, mask).pooler_output)
loss = nn.BCEWithLogitsLoss()(logits.squeeze(-1), y.float()) + nn.BCEWithLogitsLoss()(logits, y.float().unsqueeze(1))
loss.backward()
""",
    "a regression": """
model = BertForSequenceClassification(BertConfig(num_labels=1, **C)).train()
stars = torch.tensor([0.5, 3.0, 4.5, 1.0])
model(ids, mask, labels=stars).loss.backward()
F.mse_loss(model(ids, mask).logits.squeeze(-1), stars).backward()
""",
    "several labels a text": """
model = BertForSequenceClassification(BertConfig(num_labels=3, problem_type="multi_label_classification", **C)).train()
model(ids, mask, labels=torch.tensor([[1., 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]])).loss.backward()
""",
    "tags with some left out": """
model = BertForTokenClassification(BertConfig(num_labels=3, **C)).train()
tags = torch.where(mask.bool(), ids % 3, -100); tags[:, 0] = -100
model(ids, mask, labels=tags).loss.backward()
logits = model(ids, mask).logits
nn.CrossEntropyLoss()(logits.view(-1, 3), tags.view(-1)).backward()
nn.CrossEntropyLoss()(model(ids, mask).logits.transpose(1, 2), tags).backward()
""",
    "four choices": """
model = BertForMultipleChoice(BertConfig(**C))
many = full.unsqueeze(1).repeat(1, 4, 1)
model(many, labels=torch.tensor([0, 3, 2, 1])).loss.backward()
""",
    "questions and answers": """
model = BertForQuestionAnswering(BertConfig(**C)).train()
model(full, start_positions=torch.tensor([1, 2, 3, 4]), end_positions=torch.tensor([2, 3, 4, 5])).loss.backward()
""",
    "two towers, each against all": """
a, b = bert(ids, mask).pooler_output, bert(full).pooler_output
scores = F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T * 20
F.cross_entropy(scores, torch.arange(4)).backward()
distance = (a[:, None] - b[None]).square().sum(-1)
""",
    "a frozen encoder, and a head at 1e-3": """
for p in bert.parameters():
    p.requires_grad_(False)
head = nn.Linear(32, 2)
opt = torch.optim.Adam(head.parameters())
F.cross_entropy(head(bert(ids, mask).pooler_output), y).backward()
opt.step()
""",
    "two rates": """
net = nn.ModuleDict({"bert": bert, "head": nn.Linear(32, 2)})
opt = torch.optim.AdamW([{"params": bert.parameters(), "lr": 2e-5}, {"params": net["head"].parameters(), "lr": 1e-3}])
F.cross_entropy(net["head"](bert.train()(ids, mask).pooler_output), y).backward()
opt.step()
""",
    "a teacher": """
teacher = BertForSequenceClassification(BertConfig(**C)).eval()
opt = torch.optim.AdamW(clf.parameters(), lr=1e-5)
with torch.no_grad():
    soft = teacher(ids, mask).logits.softmax(-1)
logits = clf.train()(ids, mask).logits
loss = F.kl_div(logits.log_softmax(-1), soft, reduction="batchmean") + F.mse_loss(logits.softmax(-1), soft)
loss.backward()
""",
    "classes that weigh more, and smoothed": """
F.cross_entropy(clf(ids, mask).logits, y, weight=torch.tensor([1., 3.]), label_smoothing=0.1).backward()
F.cross_entropy(clf(ids, mask).logits, F.one_hot(y, 2).float()).backward()
F.nll_loss(clf(ids, mask).logits.log_softmax(-1), y).backward()
F.binary_cross_entropy(clf(ids, mask).logits.sigmoid(), F.one_hot(y, 2).float()).backward()
""",
    "an ignored class of its own": """
tags = torch.tensor([0, -1, 1, 0])
nn.CrossEntropyLoss(ignore_index=-1)(clf(ids, mask).logits, tags).backward()
""",
    "a decoder, padded on the left": """
gpt = GPT2LMHeadModel(GPT2Config(vocab_size=100, n_embd=32, n_layer=2, n_head=2)).eval()
left = ids.flip(1)
out = gpt.generate(left, attention_mask=(left != 0).long(), max_new_tokens=3, pad_token_id=0)
""",
    "an encoder and a decoder of BERT's": """
config = EncoderDecoderConfig.from_encoder_decoder_configs(BertConfig(**C), BertConfig(**C))
both = EncoderDecoderModel(config)
both.config.decoder_start_token_id, both.config.pad_token_id = 2, 0
both(input_ids=ids, attention_mask=mask, labels=full).loss.backward()
""",
    "T5's encoder": """
t5 = T5EncoderModel(T5Config(vocab_size=100, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2)).eval()
out = t5(ids, attention_mask=mask).last_hidden_state
""",
    "features beside the text": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert, self.head = bert, nn.Linear(34, 2)
    def forward(self, batch):
        pooled = self.bert(batch["ids"], batch["mask"]).pooler_output
        return self.head(torch.cat([pooled, batch["extra"]], dim=-1))
net = Net()
F.cross_entropy(net({"ids": ids, "mask": mask, "extra": torch.rand(4, 2)}), y).backward()
""",
    "encoders in a list": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoders = [bert, BertModel(BertConfig(**C)).eval()]
        self.head = nn.Linear(64, 2)
    def forward(self, ids, mask):
        return self.head(torch.cat([each(ids, mask).pooler_output for each in self.encoders], -1))
with torch.no_grad():
    out = Net()(ids, mask)
""",
    "a lazy head": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert, self.head = bert, nn.LazyLinear(2)
    def forward(self, ids, mask):
        return self.head(self.bert(ids, mask).pooler_output)
net = Net()
out = net(ids, mask)
""",
    "compiled": """
fast = torch.compile(clf, backend="eager")
with torch.no_grad():
    out = fast(input_ids=ids, attention_mask=mask).logits
""",
    "checkpointed layers": """
clf.gradient_checkpointing_enable()
clf.train()(ids, mask, labels=y).loss.backward()
""",
    "a functional call": """
from torch.func import functional_call
out = functional_call(bert, dict(bert.named_parameters()), (ids, mask)).pooler_output
""",
    "gradients of each row": """
from torch.func import functional_call, grad, vmap
weights = {name: each.detach() for name, each in clf.classifier.named_parameters()}
pooled = bert(ids, mask).pooler_output.detach()
def loss(weights, x, label):
    return F.cross_entropy(functional_call(clf.classifier, weights, (x[None],)), label[None])
each = vmap(grad(loss), in_dims=(None, 0, 0))(weights, pooled, y)
""",
    "a default device": """
with torch.device("cpu"):
    out = bert(ids, mask)
    made = torch.zeros(3)
after = torch.zeros(3)
""",
    "loading batches of many lengths": """
from torch.utils.data import DataLoader
rows = [row[row != 0] for row in ids]
def collate(some):
    padded = nn.utils.rnn.pad_sequence(some, batch_first=True)
    return padded, (padded != 0).long()
with torch.no_grad():
    vectors = torch.cat([bert(*batch).pooler_output for batch in DataLoader(rows, 2, collate_fn=collate)])
""",
    "masked words": """
mlm = BertForMaskedLM(BertConfig(**C)).train()
labels = torch.full_like(ids, -100); masked = ids.clone()
labels[:, 2] = ids[:, 2]; masked[:, 2] = 4
mlm(masked, mask, labels=labels).loss.backward()
loss = F.cross_entropy(mlm(masked, mask).logits.view(-1, 100), labels.view(-1))
""",
    "a ranking by margins": """
good, bad = clf(ids, mask).logits[:, 0], clf(full).logits[:, 0]
F.margin_ranking_loss(good, bad, torch.ones(4)).backward(retain_graph=True)
(1 - good + bad).clamp(min=0).mean().backward()
""",
    "a difference of column and row on purpose": """
score = clf(ids, mask).logits[:, :1]
wins = torch.sigmoid(score - score.T)
""",
    "weights of each sample": """
each = F.cross_entropy(clf(ids, mask).logits, y, reduction="none")
(each * torch.tensor([1., 2., 1., 1.])).mean().backward()
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_correct_program_gets_no_warning(name: str) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    run(HEAD, namespace)
    with bertmagic.session.Watch(namespace=namespace) as watch:
        run(PROGRAMS[name], namespace)
    report = watch.report
    assert report is not None
    assert [f"{each.rule}: {each.title}" for each in report.findings if each.severity != "advice"] == []
    assert report.internal_errors == ()
