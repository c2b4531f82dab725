# id: pt-ok-packed-in-one-row
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM, TEXTS
tok = AutoTokenizer.from_pretrained(MINILM)
encoder = AutoModel.from_pretrained(MINILM, attn_implementation="sdpa").eval()
# %% cell
pieces = [torch.tensor(tok(text)["input_ids"]) for text in TEXTS[:4]]
lengths = torch.tensor([len(piece) for piece in pieces])
packed = torch.cat(pieces)[None]                                  # several texts, one row, no padding
positions = torch.cat([torch.arange(n) for n in lengths])[None]
owner = torch.repeat_interleave(torch.arange(len(pieces)), lengths)
same = owner[:, None] == owner[None, :]
bias = torch.zeros(same.shape).masked_fill(~same, torch.finfo(torch.float32).min)[None, None]

with torch.inference_mode():
    states = encoder(packed, attention_mask=bias, position_ids=positions).last_hidden_state[0]
starts = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)[:-1]])
vectors = states[starts]
single = encoder(**tok(TEXTS[2], return_tensors="pt")).last_hidden_state[0, 0]
assert torch.allclose(vectors[2], single, atol=1e-4)
