# id: pt-adam-from-first-line
# stack: torch
# source: made for this set
# expect: learning-rate-high
# symptom: silent
# %% setup
import torch
from transformers import AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
# %% cell
model = BertForSequenceClassification.from_pretrained(MINILM, num_labels=2)
decay = [p for name, p in model.named_parameters() if "bias" not in name and "LayerNorm" not in name]
plain = [p for name, p in model.named_parameters() if "bias" in name or "LayerNorm" in name]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}])

model.train()
gold = torch.tensor(LABELS[:4])
batch = tokenizer(TEXTS[:4], padding=True, return_tensors="pt")
for epoch in range(2):
    optimizer.zero_grad()
    loss = model(**batch, labels=gold).loss
    loss.backward()
    optimizer.step()
# %% fixed
model = BertForSequenceClassification.from_pretrained(MINILM, num_labels=2)
decay = [p for name, p in model.named_parameters() if "bias" not in name and "LayerNorm" not in name]
plain = [p for name, p in model.named_parameters() if "bias" in name or "LayerNorm" in name]
optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=2e-5)

model.train()
gold = torch.tensor(LABELS[:4])
batch = tokenizer(TEXTS[:4], padding=True, return_tensors="pt")
for epoch in range(2):
    optimizer.zero_grad()
    loss = model(**batch, labels=gold).loss
    loss.backward()
    optimizer.step()
# %% proof
assert all(group["lr"] == 1e-3 for group in optimizer.param_groups)
from transformers import BertModel
before = BertModel.from_pretrained(MINILM).eval()
model.eval()
with torch.no_grad():
    a, b = before(**batch).last_hidden_state[:, 0], model.bert(**batch).last_hidden_state[:, 0]
assert torch.cosine_similarity(a, b).mean() < 0.9          # two steps and what was pretrained is gone
