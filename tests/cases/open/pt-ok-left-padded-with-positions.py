# id: pt-ok-left-padded-with-positions
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM, TEXTS
tokenizer = AutoTokenizer.from_pretrained(MINILM, padding_side="left")
bert = AutoModel.from_pretrained(MINILM).eval()
# %% cell
enc = tokenizer(TEXTS, padding=True, return_tensors="pt")
mask = enc["attention_mask"]
position_ids = (mask.cumsum(-1) - 1).clamp(min=0)
with torch.no_grad():
    hidden = bert(**enc, position_ids=position_ids).last_hidden_state

start = mask.argmax(dim=-1)                       # the first real token of each row is [CLS]
cls = hidden[torch.arange(len(TEXTS)), start]
alone = bert(**tokenizer(TEXTS[7], return_tensors="pt")).last_hidden_state[0, 0]
assert torch.allclose(cls[7], alone, atol=1e-4)
