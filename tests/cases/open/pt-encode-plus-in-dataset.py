# id: pt-encode-plus-in-dataset
# stack: torch
# source: made for this set
# expect: transformers-version-conflict
# symptom: raises AttributeError: BertTokenizer has no attribute encode_plus
# %% setup
import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertForSequenceClassification, BertTokenizer
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = BertTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
model = BertForSequenceClassification(bert_config(num_labels=2))
# %% cell
class ReviewDataset(Dataset):
    def __init__(self, reviews, targets, max_len=24):
        self.reviews, self.targets, self.max_len = reviews, targets, max_len

    def __len__(self):
        return len(self.reviews)

    def __getitem__(self, item):
        encoding = tokenizer.encode_plus(
            self.reviews[item], add_special_tokens=True, max_length=self.max_len, truncation=True,
            padding="max_length", return_attention_mask=True, return_tensors="pt",
        )
        return encoding["input_ids"].flatten(), encoding["attention_mask"].flatten(), torch.tensor(self.targets[item])

optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
model.train()
for ids, mask, target in DataLoader(ReviewDataset(TEXTS, LABELS), batch_size=4):
    loss = model(input_ids=ids, attention_mask=mask, labels=target).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
# %% fixed
class ReviewDataset(Dataset):
    def __init__(self, reviews, targets, max_len=24):
        self.reviews, self.targets, self.max_len = reviews, targets, max_len

    def __len__(self):
        return len(self.reviews)

    def __getitem__(self, item):
        encoding = tokenizer(
            self.reviews[item], add_special_tokens=True, max_length=self.max_len, truncation=True,
            padding="max_length", return_attention_mask=True, return_tensors="pt",
        )
        return encoding["input_ids"].flatten(), encoding["attention_mask"].flatten(), torch.tensor(self.targets[item])

optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
model.train()
for ids, mask, target in DataLoader(ReviewDataset(TEXTS, LABELS), batch_size=4):
    loss = model(input_ids=ids, attention_mask=mask, labels=target).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
