# id: pt-ok-hashed-token-ids
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
from transformers import BertConfig, BertModel
# %% cell
class Hashing(nn.Module):
    def __init__(self, buckets=512):
        super().__init__()
        self.buckets = buckets
        self.encoder = BertModel(BertConfig(vocab_size=buckets, hidden_size=32, num_hidden_layers=2,
                                            num_attention_heads=2, intermediate_size=64))
        self.head = nn.Linear(32, 2)

    def forward(self, input_ids, attention_mask):
        bucket = torch.where(attention_mask.bool(), input_ids % (self.buckets - 1) + 1, 0)
        return self.head(self.encoder(bucket, attention_mask=attention_mask).last_hidden_state[:, 0])

net = Hashing().train()
opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
for _ in range(2):
    opt.zero_grad()
    F.cross_entropy(net(enc["input_ids"], enc["attention_mask"]), torch.tensor(LABELS)).backward()
    opt.step()
