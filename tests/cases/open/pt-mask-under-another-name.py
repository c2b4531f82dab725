# id: pt-mask-under-another-name
# stack: torch
# source: made for this set
# expect: input-misnamed
# also: attention-mask-missing, input-unexpected
# symptom: silent
# %% setup
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM
tokenizer = AutoTokenizer.from_pretrained(MINILM)
tickets = ["printer broken", "the new laptop does not find the wireless network in the meeting room on the third floor", "vpn"]
# %% cell
class TicketEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = AutoModel.from_pretrained(MINILM)

    def forward(self, ids, mask):
        return self.bert(input_ids=ids, mask=mask).last_hidden_state[:, 0, :]

net = TicketEncoder().eval()
enc = tokenizer(tickets, padding=True, return_tensors="pt")
with torch.no_grad():
    vectors = net(enc["input_ids"], enc["attention_mask"])
# %% fixed
class TicketEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = AutoModel.from_pretrained(MINILM)

    def forward(self, ids, mask):
        return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0, :]

net = TicketEncoder().eval()
enc = tokenizer(tickets, padding=True, return_tensors="pt")
with torch.no_grad():
    vectors = net(enc["input_ids"], enc["attention_mask"])
# %% proof
with torch.no_grad():
    alone = net.bert(**tokenizer(tickets[2], return_tensors="pt")).last_hidden_state[0, 0]
assert (vectors[2] - alone).abs().max() > 0.05
