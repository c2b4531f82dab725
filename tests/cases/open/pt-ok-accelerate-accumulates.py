# id: pt-ok-accelerate-accumulates
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
from accelerate import Accelerator
# %% cell
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
model = AutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=2)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5)
rows = [{**tokenizer(text), "labels": label} for text, label in zip(TEXTS, LABELS)]
loader = DataLoader(rows, batch_size=2, shuffle=True, collate_fn=lambda some: tokenizer.pad(some, return_tensors="pt"))
schedule = get_linear_schedule_with_warmup(optimizer, 1, len(loader))
model, optimizer, loader, schedule = accelerator.prepare(model, optimizer, loader, schedule)
model.train()
for batch in loader:
    with accelerator.accumulate(model):
        outputs = model(**batch)
        accelerator.backward(outputs.loss)
        if accelerator.sync_gradients:
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
model.eval()
with torch.no_grad():
    for batch in loader:
        predicted, truth = accelerator.gather_for_metrics((model(**batch).logits.argmax(-1), batch["labels"]))
