# id: pt-brackets-in-the-text
# stack: torch
# source: made for this set
# expect: special-tokens-doubled
# symptom: silent
# %% setup
import torch
from transformers import AutoModel, AutoTokenizer
from fixtures import MINILM, TEXTS
tokenizer = AutoTokenizer.from_pretrained(MINILM)
bert = AutoModel.from_pretrained(MINILM).eval()
# %% cell
marked = ["[CLS] " + text.strip() + " [SEP]" for text in TEXTS]
cache = {}
with torch.inference_mode():
    for text, line in zip(TEXTS, marked):
        one = tokenizer(line, return_tensors="pt")
        cache[text] = bert(**one).pooler_output[0]
matrix = torch.stack(list(cache.values()))
# %% fixed
marked = ["[CLS] " + text.strip() + " [SEP]" for text in TEXTS]
cache = {}
with torch.inference_mode():
    for text, line in zip(TEXTS, marked):
        one = tokenizer(line, add_special_tokens=False, return_tensors="pt")
        cache[text] = bert(**one).pooler_output[0]
matrix = torch.stack(list(cache.values()))
# %% proof
assert one["input_ids"][0, :2].tolist() == [101, 101]
right = bert(**tokenizer(TEXTS[-1], return_tensors="pt")).pooler_output[0]
assert (right - matrix[-1]).abs().max() > 1e-2
