# id: pt-ok-simcse-two-passes
# stack: torch
# source: made for this set
# expect: none
# %% setup
import torch
import torch.nn.functional as F
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM, TEXTS
tokenizer = AutoTokenizer.from_pretrained(MINILM)
encoder = AutoModel.from_pretrained(MINILM)
# %% cell
def sentence_vectors(batch):
    out = encoder(**batch)
    mask = batch["attention_mask"][..., None].to(out.last_hidden_state.dtype)
    return F.normalize((out.last_hidden_state * mask).sum(1) / mask.sum(1).clamp_min(1e-9), dim=-1)

optimizer = torch.optim.AdamW(encoder.parameters(), lr=3e-5)
encoder.train()                                   # two dropout masks make the positive pair
for batch_texts in (TEXTS[:4], TEXTS[4:]):
    batch = tokenizer(batch_texts, padding=True, truncation=True, max_length=32, return_tensors="pt")
    a, b = sentence_vectors(batch), sentence_vectors(batch)
    similarity = a @ b.T / 0.05
    loss = F.cross_entropy(similarity, torch.arange(len(batch_texts)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
