# id: pt-ok-two-heads-two-losses
# stack: torch
# source: made for this set
# expect: none
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
class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = AutoModel.from_pretrained(MINILM)
        self.sentiment = nn.Linear(384, 2)
        self.length = nn.Linear(384, 1)

    def forward(self, input_ids, attention_mask, token_type_ids, sentiment=None, length=None):
        pooled = self.bert(input_ids, attention_mask, token_type_ids).pooler_output
        a, b = self.sentiment(pooled), self.length(pooled).squeeze(-1)
        if sentiment is None:
            return a, b
        return F.cross_entropy(a, sentiment) + 0.1 * F.smooth_l1_loss(b, length), a, b

net = TwoHeads().train()
opt = torch.optim.AdamW([{"params": net.bert.parameters(), "lr": 2e-5},
                         {"params": [*net.sentiment.parameters(), *net.length.parameters()], "lr": 1e-3}])
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
length = torch.tensor([len(text.split()) / 10 for text in TEXTS])
loss, *_ = net(**enc, sentiment=torch.tensor(LABELS), length=length)
loss.backward()
opt.step()
