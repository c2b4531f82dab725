# id: pt-ok-ensemble-functional-call
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
from torch.func import functional_call, stack_module_state
from transformers import AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
members = []
for seed in range(3):
    torch.manual_seed(seed)
    members.append(BertForSequenceClassification(bert_config(num_labels=2)).eval())
# %% cell
params, buffers = stack_module_state(members)
skeleton = BertForSequenceClassification(members[0].config).eval()
batch = dict(tokenizer(TEXTS, padding=True, return_tensors="pt"))

def member_logits(i):
    state = {name: value[i] for name, value in (params | buffers).items()}
    return functional_call(skeleton, state, args=(), kwargs=batch).logits

with torch.no_grad():
    votes = torch.stack([member_logits(i) for i in range(len(members))])
    mean_of = torch.vmap(lambda row: row.softmax(-1), in_dims=1, out_dims=1)(votes).mean(0)
    direct = members[1](**batch).logits
assert torch.allclose(votes[1], direct, atol=1e-5)
