# id: pt-left-side-first-token
# stack: torch
# source: made for this set
# expect: padding-side
# symptom: silent
# %% setup
import torch
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM
model = AutoModel.from_pretrained(MINILM).eval()
names = ["oslo", "the old harbour town on the western coast of the island", "a small village"]
# %% cell
tokenizer = AutoTokenizer.from_pretrained(MINILM, padding_side="left", truncation_side="left")
batch = tokenizer(names, padding="max_length", max_length=24, truncation=True, return_tensors="pt")
with torch.no_grad():
    first = model(**batch)[0][:, 0]
close = torch.cdist(first, first)
# %% fixed
tokenizer = AutoTokenizer.from_pretrained(MINILM, truncation_side="left")
batch = tokenizer(names, padding="max_length", max_length=24, truncation=True, return_tensors="pt")
with torch.no_grad():
    first = model(**batch)[0][:, 0]
close = torch.cdist(first, first)
# %% proof
assert (batch["input_ids"][:, 0] == tokenizer.pad_token_id).all()
with torch.no_grad():
    alone = model(**tokenizer(names[0], return_tensors="pt"))[0][0, 0]
assert (first[0] - alone).abs().max() > 0.1
