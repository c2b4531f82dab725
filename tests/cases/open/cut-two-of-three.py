# id: cut-two-of-three
# stack: torch
# source: made for this set
# expect: sequence-length-mismatch
# symptom: raises RuntimeError
# %% setup
import torch
from torch.utils.data import DataLoader
from transformers import BertModel, BertTokenizerFast
from fixtures import MINILM, TEXTS, bert_config
bert_tok = BertTokenizerFast.from_pretrained(MINILM)
torch.manual_seed(0)
bert = BertModel(bert_config()).eval()
# %% cell
CUT = 6

def shorten(batch, n=CUT):
    for key in ("input_ids", "attention_mask"):
        batch[key] = batch[key][:, :n].contiguous()
    return batch

def collate(texts):
    return shorten(bert_tok(texts, padding=True, return_tensors="pt"))

vectors = []
with torch.no_grad():
    for b in DataLoader(TEXTS, batch_size=3, collate_fn=collate):
        vectors.append(bert(**b).pooler_output)

matrix = torch.cat(vectors)
# %% fixed
CUT = 6

def shorten(batch, n=CUT):
    for key in ("input_ids", "token_type_ids", "attention_mask"):
        batch[key] = batch[key][:, :n].contiguous()
    return batch

def collate(texts):
    return shorten(bert_tok(texts, padding=True, return_tensors="pt"))

vectors = []
with torch.no_grad():
    for b in DataLoader(TEXTS, batch_size=3, collate_fn=collate):
        vectors.append(bert(**b).pooler_output)

matrix = torch.cat(vectors)
