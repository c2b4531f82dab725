# id: pt-word-tags-padded-to-width
# stack: torch
# source: made for this set
# expect: labels-not-aligned
# symptom: silent
# %% setup
import torch
from transformers import BertForTokenClassification, BertTokenizerFast
from fixtures import MINILM
tokenizer = BertTokenizerFast.from_pretrained(MINILM)
torch.manual_seed(0)
tagger = BertForTokenClassification.from_pretrained(MINILM, num_labels=3)
words = [["Guillermo", "lives", "in", "Reykjavik"], ["the", "Thingvellir", "museum", "reopened", "on", "Sunday"]]
ner = [[1, 0, 0, 2], [0, 2, 2, 0, 0, 0]]
optimizer = torch.optim.AdamW(tagger.parameters(), lr=3e-5)
# %% cell
enc = tokenizer(words, is_split_into_words=True, padding=True, truncation=True, return_tensors="pt")
width = enc.input_ids.size(1)
labels = torch.tensor([tags + [-100] * (width - len(tags)) for tags in ner])

tagger.train()
out = tagger(**enc, labels=labels)
out.loss.backward()
optimizer.step()
# %% fixed
enc = tokenizer(words, is_split_into_words=True, padding=True, truncation=True, return_tensors="pt")
width = enc.input_ids.size(1)
labels = torch.tensor([
    [-100 if word is None else ner[row][word] for word in enc.word_ids(row)] for row in range(len(ner))
])

tagger.train()
out = tagger(**enc, labels=labels)
out.loss.backward()
optimizer.step()
# %% proof
wrong = 0
for row, tags in enumerate(ner):
    for place, word in enumerate(enc.word_ids(row)):
        if labels[row, place] != -100 and (word is None or tags[word] != labels[row, place]):
            wrong += 1
assert labels[0, 0] == 1 and enc.input_ids[0, 0] == tokenizer.cls_token_id and wrong >= 3
