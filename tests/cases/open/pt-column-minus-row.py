# id: pt-column-minus-row
# stack: torch
# source: made for this set
# expect: labels-shape
# symptom: silent
# %% setup
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM, TEXTS
tokenizer = AutoTokenizer.from_pretrained(MINILM)
readability = torch.tensor([0.8, 0.4, 0.9, 0.3, 0.5, 1.0, 0.2, 0.6])
torch.manual_seed(0)
# %% cell
class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(MINILM)
        self.score = nn.Linear(384, 1)

    def forward(self, enc):
        return self.score(self.encoder(**enc).pooler_output)

net = Regressor().train()
huber = nn.SmoothL1Loss()
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-5)
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
predicted = net(enc)
loss = huber(predicted, readability)
loss.backward()
optimizer.step()
# %% fixed
class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(MINILM)
        self.score = nn.Linear(384, 1)

    def forward(self, enc):
        return self.score(self.encoder(**enc).pooler_output)

net = Regressor().train()
huber = nn.SmoothL1Loss()
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-5)
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
predicted = net(enc)
loss = huber(predicted.squeeze(-1), readability)
loss.backward()
optimizer.step()
# %% proof
assert predicted.shape == (8, 1) and readability.shape == (8,)
pairs = torch.broadcast_tensors(predicted, readability)
assert pairs[0].shape == (8, 8)
assert (loss - huber(predicted.squeeze(-1), readability)).abs() > 1e-4
