# id: pt-bce-of-raw-scores
# stack: torch
# source: made for this set
# expect: logits-flag-mismatch
# symptom: raises RuntimeError: all elements of input should be between 0 and 1
# %% setup
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
# %% cell
class Spam(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = AutoModel.from_pretrained(MINILM)
        for weight in self.backbone.parameters():
            weight.requires_grad = False
        self.classifier = nn.Sequential(nn.Linear(384, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, enc):
        with torch.no_grad():
            features = self.backbone(**enc).pooler_output
        return self.classifier(features).squeeze(-1)

net = Spam()
opt = torch.optim.Adam(net.classifier.parameters(), lr=1e-3)
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
y = torch.tensor(LABELS, dtype=torch.float)
loss_fn = nn.BCELoss()
for epoch in range(2):
    opt.zero_grad()
    loss = loss_fn(net(enc), y)
    loss.backward()
    opt.step()
# %% fixed
class Spam(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = AutoModel.from_pretrained(MINILM)
        for weight in self.backbone.parameters():
            weight.requires_grad = False
        self.classifier = nn.Sequential(nn.Linear(384, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, enc):
        with torch.no_grad():
            features = self.backbone(**enc).pooler_output
        return self.classifier(features).squeeze(-1)

net = Spam()
opt = torch.optim.Adam(net.classifier.parameters(), lr=1e-3)
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
y = torch.tensor(LABELS, dtype=torch.float)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(2):
    opt.zero_grad()
    loss = loss_fn(net(enc), y)
    loss.backward()
    opt.step()
