# id: pt-softmax-then-cross-entropy
# stack: torch
# source: made for this set
# expect: logits-flag-mismatch
# symptom: silent
# %% setup
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM, TEXTS, LABELS
tokenizer = AutoTokenizer.from_pretrained(MINILM)
encoder = AutoModel.from_pretrained(MINILM)
torch.manual_seed(0)
# %% cell
head = nn.Sequential(nn.Dropout(0.1), nn.Linear(384, 3), nn.Softmax(dim=-1))
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=2e-5)
labels = torch.tensor([2, 0, 2, 0, 1, 2, 0, 1])

encoder.train(); head.train()
for i in range(0, 8, 4):
    batch = tokenizer(TEXTS[i:i + 4], padding=True, return_tensors="pt")
    scores = head(encoder(**batch).last_hidden_state[:, 0])
    loss = criterion(scores, labels[i:i + 4])
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
# %% fixed
head = nn.Sequential(nn.Dropout(0.1), nn.Linear(384, 3))
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=2e-5)
labels = torch.tensor([2, 0, 2, 0, 1, 2, 0, 1])

encoder.train(); head.train()
for i in range(0, 8, 4):
    batch = tokenizer(TEXTS[i:i + 4], padding=True, return_tensors="pt")
    scores = head(encoder(**batch).last_hidden_state[:, 0])
    loss = criterion(scores, labels[i:i + 4])
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
# %% proof
assert torch.allclose(scores.sum(-1), torch.ones(4), atol=1e-5)
assert nn.CrossEntropyLoss()(torch.eye(3)[labels], labels) > 0.5          # a perfect answer cannot reach 0
