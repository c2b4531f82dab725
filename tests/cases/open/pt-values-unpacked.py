# id: pt-values-unpacked
# stack: torch
# source: made for this set
# expect: inputs-swapped
# also: attention-mask-all-zero
# symptom: silent
# %% setup
import torch
from transformers import AutoTokenizer, BertModel
from fixtures import MINILM, TEXTS
tok = AutoTokenizer.from_pretrained(MINILM)
bert = BertModel.from_pretrained(MINILM).eval()
# %% cell
input_ids, attention_mask, token_type_ids = tok(TEXTS, padding=True, return_tensors="pt").values()
with torch.no_grad():
    pooled = bert(
        input_ids=input_ids,
        attention_mask=attention_mask,
        token_type_ids=token_type_ids,
    ).pooler_output
nearest = torch.nn.functional.normalize(pooled, dim=-1) @ torch.nn.functional.normalize(pooled, dim=-1).T
# %% fixed
input_ids, token_type_ids, attention_mask = tok(TEXTS, padding=True, return_tensors="pt").values()
with torch.no_grad():
    pooled = bert(
        input_ids=input_ids,
        attention_mask=attention_mask,
        token_type_ids=token_type_ids,
    ).pooler_output
nearest = torch.nn.functional.normalize(pooled, dim=-1) @ torch.nn.functional.normalize(pooled, dim=-1).T
# %% proof
assert attention_mask.sum() == 0
with torch.no_grad():
    right = bert(**tok(TEXTS, padding=True, return_tensors="pt")).pooler_output
assert (pooled - right).abs().max() > 0.01
