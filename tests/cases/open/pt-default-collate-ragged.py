# id: pt-default-collate-ragged
# stack: torch
# source: made for this set
# expect: ragged-rows
# symptom: raises RuntimeError: stack expects each tensor to be equal size
# %% setup
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import AutoTokenizer, BertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
model = BertForSequenceClassification(bert_config(num_labels=2))
# %% cell
class Reviews(Dataset):
    def __init__(self, texts, labels):
        self.texts, self.labels = texts, labels

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, index):
        enc = tokenizer(self.texts[index], truncation=True, padding=True, max_length=32, return_tensors="pt")
        item = {key: value.squeeze(0) for key, value in enc.items()}
        item["labels"] = torch.tensor(self.labels[index])
        return item

optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
model.train()
for batch in DataLoader(Reviews(TEXTS, LABELS), batch_size=4):
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
# %% fixed
class Reviews(Dataset):
    def __init__(self, texts, labels):
        self.texts, self.labels = texts, labels

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, index):
        enc = tokenizer(self.texts[index], truncation=True, padding="max_length", max_length=32, return_tensors="pt")
        item = {key: value.squeeze(0) for key, value in enc.items()}
        item["labels"] = torch.tensor(self.labels[index])
        return item

optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
model.train()
for batch in DataLoader(Reviews(TEXTS, LABELS), batch_size=4):
    optimizer.zero_grad()
    model(**batch).loss.backward()
    optimizer.step()
