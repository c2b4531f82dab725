# id: pt-ok-tagger-crf-like
# stack: torch
# source: made for this set
# expect: none
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
        self.out = nn.Linear(384, tags)
        self.step = nn.Parameter(torch.zeros(tags, tags))

    def forward(self, input_ids, attention_mask, labels):
        scores = self.out(self.bert(input_ids, attention_mask).last_hidden_state)
        rows = []
        for score, label in zip(scores, labels):
            kept = label >= 0
            score, label = score[kept], label[kept]
            path = score.gather(1, label[:, None]).sum() + self.step[label[:-1], label[1:]].sum()
            alpha = score[0]
            for now in score[1:]:
                alpha = torch.logsumexp(alpha[:, None] + self.step, 0) + now
            rows.append(torch.logsumexp(alpha, 0) - path)
        return torch.stack(rows).mean()

tagger = Tagger().train()
optimizer = torch.optim.AdamW(tagger.parameters(), lr=3e-5)
batch = encode(SENTS, TAGS, -1)
loss = tagger(batch["input_ids"], batch["attention_mask"], batch["labels"])
loss.backward()
optimizer.step()
