# id: pt-tags-classes-last
# stack: torch
# source: made for this set
# expect: labels-shape
# symptom: raises RuntimeError: Expected target size
# %% setup
import torch
from torch import nn
import torch.nn.functional as F
from transformers import AutoModel, AutoModelForTokenClassification, AutoTokenizer
from fixtures import MINILM, TEXTS, bert_config
tok = AutoTokenizer.from_pretrained(MINILM)
torch.manual_seed(0)
SENTS = [text.replace(",", " ,").split() for text in TEXTS]
TAGS = [[len(word) % 3 for word in words] for words in SENTS]

def encode(words, tags, skip):
    enc = tok(words, is_split_into_words=True, padding=True, return_tensors="pt")
    rows = []
    for i, row in enumerate(tags):
        before, labels = None, []
        for at in enc.word_ids(i):
            labels.append(skip if at is None or at == before else row[at])
            before = at
        rows.append(labels)
    enc["labels"] = torch.tensor(rows)
    return enc
# %% cell
class Tagger(nn.Module):
    def __init__(self, tags=3):
        super().__init__()
        self.bert = AutoModel.from_pretrained(MINILM)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(self.bert.config.hidden_size, tags)

    def forward(self, input_ids, attention_mask):
        states = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        return self.out(self.drop(states))

tagger = Tagger().train()
optimizer = torch.optim.AdamW(tagger.parameters(), lr=3e-5)
batch = encode(SENTS, TAGS, -100)
logits = tagger(batch["input_ids"], batch["attention_mask"])
loss = F.cross_entropy(logits, batch["labels"], ignore_index=-100)
loss.backward()
optimizer.step()
# %% fixed
class Tagger(nn.Module):
    def __init__(self, tags=3):
        super().__init__()
        self.bert = AutoModel.from_pretrained(MINILM)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(self.bert.config.hidden_size, tags)

    def forward(self, input_ids, attention_mask):
        states = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        return self.out(self.drop(states))

tagger = Tagger().train()
optimizer = torch.optim.AdamW(tagger.parameters(), lr=3e-5)
batch = encode(SENTS, TAGS, -100)
logits = tagger(batch["input_ids"], batch["attention_mask"])
loss = F.cross_entropy(logits.transpose(1, 2), batch["labels"], ignore_index=-100)
loss.backward()
optimizer.step()
