# id: pt-genres-as-integers
# stack: torch
# source: made for this set
# expect: labels-dtype
# symptom: raises RuntimeError: result type Float can't be cast to the desired output type Long
# %% setup
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup
from fixtures import MINILM, TEXTS, LABELS, bert_config
tokenizer = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
# %% cell
GENRES = [[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]]

class GenreSet(Dataset):
    def __len__(self):
        return len(TEXTS)

    def __getitem__(self, i):
        return TEXTS[i], torch.tensor(GENRES[i])

def collate(rows):
    texts, genres = zip(*rows)
    return tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt"), torch.stack(genres)

class GenreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(MINILM)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(384, 3))

    def forward(self, **enc):
        return self.head(self.encoder(**enc).last_hidden_state[:, 0])

net = GenreNet()
criterion = nn.BCEWithLogitsLoss()
opt = torch.optim.AdamW(net.parameters(), lr=2e-5)
net.train()
for enc, genres in DataLoader(GenreSet(), batch_size=4, shuffle=True, collate_fn=collate):
    opt.zero_grad()
    loss = criterion(net(**enc), genres)
    loss.backward()
    opt.step()
# %% fixed
GENRES = [[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0], [0, 0, 0], [1, 1, 1]]

class GenreSet(Dataset):
    def __len__(self):
        return len(TEXTS)

    def __getitem__(self, i):
        return TEXTS[i], torch.tensor(GENRES[i])

def collate(rows):
    texts, genres = zip(*rows)
    return tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt"), torch.stack(genres)

class GenreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(MINILM)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(384, 3))

    def forward(self, **enc):
        return self.head(self.encoder(**enc).last_hidden_state[:, 0])

net = GenreNet()
criterion = nn.BCEWithLogitsLoss()
opt = torch.optim.AdamW(net.parameters(), lr=2e-5)
net.train()
for enc, genres in DataLoader(GenreSet(), batch_size=4, shuffle=True, collate_fn=collate):
    opt.zero_grad()
    loss = criterion(net(**enc), genres.float())
    loss.backward()
    opt.step()
