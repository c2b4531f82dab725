# id: pt-soft-prompt-in-front
# stack: torch
# source: made for this set
# expect: sequence-too-long
# symptom: raises RuntimeError: must match the existing size (512)
# %% setup
import torch
from torch import nn
from transformers import AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
model = BertForSequenceClassification(bert_config(num_labels=2)).requires_grad_(False)
article = " ".join(TEXTS * 12)
# %% cell
N_PROMPT = 20
prompt = nn.Parameter(torch.randn(N_PROMPT, model.config.hidden_size) * 0.02)
optimizer = torch.optim.AdamW([prompt], lr=1e-3)

enc = tokenizer([article, TEXTS[0]], padding=True, truncation=True, return_tensors="pt")
embedded = model.get_input_embeddings()(enc["input_ids"])
embedded = torch.cat([prompt.expand(2, -1, -1), embedded], dim=1)
mask = torch.cat([torch.ones(2, N_PROMPT, dtype=torch.long), enc["attention_mask"]], dim=1)
loss = model(inputs_embeds=embedded, attention_mask=mask, labels=torch.tensor([0, 1])).loss
loss.backward()
optimizer.step()
# %% fixed
N_PROMPT = 20
prompt = nn.Parameter(torch.randn(N_PROMPT, model.config.hidden_size) * 0.02)
optimizer = torch.optim.AdamW([prompt], lr=1e-3)

enc = tokenizer([article, TEXTS[0]], padding=True, truncation=True, max_length=512 - N_PROMPT, return_tensors="pt")
embedded = model.get_input_embeddings()(enc["input_ids"])
embedded = torch.cat([prompt.expand(2, -1, -1), embedded], dim=1)
mask = torch.cat([torch.ones(2, N_PROMPT, dtype=torch.long), enc["attention_mask"]], dim=1)
loss = model(inputs_embeds=embedded, attention_mask=mask, labels=torch.tensor([0, 1])).loss
loss.backward()
optimizer.step()
