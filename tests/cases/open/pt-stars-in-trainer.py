# id: pt-stars-in-trainer
# stack: torch
# source: made for this set
# expect: labels-out-of-range
# symptom: raises IndexError: Target 5 is out of bounds
# %% setup
import tempfile
import torch
from transformers import AutoTokenizer, BertForSequenceClassification, DataCollatorWithPadding, Trainer, TrainingArguments
from fixtures import MINILM, TEXTS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
stars = [5, 1, 4, 2, 3, 5, 1, 3]
args = TrainingArguments(output_dir=tempfile.mkdtemp(), per_device_train_batch_size=8, num_train_epochs=1, report_to=[],
                         save_strategy="no", disable_tqdm=True, use_cpu=True, logging_strategy="no")
# %% cell
names = ["very bad", "bad", "so so", "good", "very good"]
model = BertForSequenceClassification(bert_config(id2label=dict(enumerate(names))))
train = []
for text, star in zip(TEXTS, stars):
    row = tokenizer(text, truncation=True)
    row["label"] = star
    train.append(row)
trainer = Trainer(model=model, args=args, train_dataset=train, data_collator=DataCollatorWithPadding(tokenizer))
trainer.train()
# %% fixed
names = ["very bad", "bad", "so so", "good", "very good"]
model = BertForSequenceClassification(bert_config(id2label=dict(enumerate(names))))
train = []
for text, star in zip(TEXTS, stars):
    row = tokenizer(text, truncation=True)
    row["label"] = star - 1
    train.append(row)
trainer = Trainer(model=model, args=args, train_dataset=train, data_collator=DataCollatorWithPadding(tokenizer))
trainer.train()
