# id: mean-of-keyword-batch
# stack: torch
# source: made for this set
# expect: pooling-over-padding
# also: pooler-unused
# symptom: silent
# %% setup
import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader
from functools import partial
from transformers import BertTokenizerFast, BertForSequenceClassification, BertModel, BertForTokenClassification, BertForMaskedLM
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = BertTokenizerFast.from_pretrained(MINILM)
torch.manual_seed(0)
# %% cell
class Encoder(nn.Module):
    def __init__(self, name: str, dim: int = 64) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(name)
        self.proj = nn.Linear(self.bert.config.hidden_size, dim)

    def forward(self, **batch):
        out = self.bert(**batch)
        pooled = torch.mean(out.last_hidden_state, dim=1)
        return nn.functional.normalize(self.proj(pooled), dim=-1)

enc = Encoder(MINILM).eval()
with torch.inference_mode():
    v = enc(**tokenizer(["short", "a much longer sentence which says a great deal more"], padding=True, return_tensors="pt"))
print((v @ v.T).round(decimals=2))
# %% fixed
class Encoder(nn.Module):
    def __init__(self, name: str, dim: int = 64) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(name)
        self.proj = nn.Linear(self.bert.config.hidden_size, dim)

    def forward(self, **batch):
        out = self.bert(**batch)
        mask = batch["attention_mask"].unsqueeze(-1)
        pooled = (out.last_hidden_state * mask).sum(1) / mask.sum(1)
        return nn.functional.normalize(self.proj(pooled), dim=-1)

enc = Encoder(MINILM).eval()
with torch.inference_mode():
    v = enc(**tokenizer(["short", "a much longer sentence which says a great deal more"], padding=True, return_tensors="pt"))
print((v @ v.T).round(decimals=2))
# %% proof
with torch.inference_mode():
    alone = enc(**tokenizer(["short"], return_tensors="pt"))
assert (alone - v[:1]).abs().max() > 0.01
