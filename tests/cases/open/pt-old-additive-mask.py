# id: pt-old-additive-mask
# stack: torch
# source: made for this set
# expect: attention-mask-values
# also: attention-mask-inverted
# symptom: silent
# %% setup
import torch
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM, TEXTS
tokenizer = AutoTokenizer.from_pretrained(MINILM)
model = AutoModel.from_pretrained(MINILM).eval()
# %% cell
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
extended = (1.0 - enc["attention_mask"].to(torch.float32)) * -10000.0
with torch.no_grad():
    last = model(enc["input_ids"], attention_mask=extended, token_type_ids=enc["token_type_ids"]).last_hidden_state
weight = enc["attention_mask"].unsqueeze(-1)
vectors = (last * weight).sum(1) / weight.sum(1)
# %% fixed
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
extended = (1.0 - enc["attention_mask"].to(torch.float32)) * -10000.0
extended = extended[:, None, None, :]
with torch.no_grad():
    last = model(enc["input_ids"], attention_mask=extended, token_type_ids=enc["token_type_ids"]).last_hidden_state
weight = enc["attention_mask"].unsqueeze(-1)
vectors = (last * weight).sum(1) / weight.sum(1)
# %% proof
with torch.no_grad():
    right = model(**enc).last_hidden_state
assert (last - right)[enc["attention_mask"].bool()].abs().max() > 0.1
