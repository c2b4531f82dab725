# id: pt-trainer-labels-by-name
# stack: torch
# source: made for this set
# expect: labels-dtype
# symptom: raises ValueError
# %% setup
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)

import tempfile
import numpy as np
from transformers import BertForSequenceClassification, DataCollatorWithPadding, Trainer, TrainingArguments
args = TrainingArguments(output_dir=tempfile.mkdtemp(), per_device_train_batch_size=4, per_device_eval_batch_size=4,
                         num_train_epochs=1, learning_rate=5e-5, report_to=[], save_strategy="no", eval_strategy="epoch",
                         disable_tqdm=True, use_cpu=True, logging_strategy="no")
# %% cell
NAMES = ["bad", "good"]
rows = []
for text, label in zip(TEXTS, LABELS):
    rows.append({**tokenizer(text, truncation=True), "label": NAMES[label]})

def compute_metrics(pred):
    predicted = np.argmax(pred.predictions, axis=-1)
    return {"accuracy": float((predicted == pred.label_ids).mean())}

model = AutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=2)
trainer = Trainer(model=model, args=args, train_dataset=rows[:6], eval_dataset=rows[6:],
                  data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=compute_metrics)
trainer.train()
print(trainer.evaluate())
# %% fixed
NAMES = ["bad", "good"]
rows = []
for text, label in zip(TEXTS, LABELS):
    rows.append({**tokenizer(text, truncation=True), "label": label})

def compute_metrics(pred):
    predicted = np.argmax(pred.predictions, axis=-1)
    return {"accuracy": float((predicted == pred.label_ids).mean())}

model = AutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=2)
trainer = Trainer(model=model, args=args, train_dataset=rows[:6], eval_dataset=rows[6:],
                  data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=compute_metrics)
trainer.train()
print(trainer.evaluate())
