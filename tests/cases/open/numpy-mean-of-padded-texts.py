# id: numpy-mean-of-padded-texts
# stack: tf
# source: made for this set
# expect: pooling-over-padding
# symptom: silent
# %% setup
import numpy as np
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
titles = ["Refund policy", "How to change the delivery address of an order that was already sent", "Gift cards"]
# %% cell
def embed(texts):
    enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")
    out = bert(input_ids=enc["input_ids"], attention_mask=enc["attention_mask"])
    vectors = out.last_hidden_state.numpy().mean(axis=1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

index = embed(titles)
print(np.round(index @ index.T, 2))
# %% fixed
def embed(texts):
    enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")
    out = bert(input_ids=enc["input_ids"], attention_mask=enc["attention_mask"])
    weight = enc["attention_mask"].numpy()[:, :, None]
    vectors = (out.last_hidden_state.numpy() * weight).sum(axis=1) / weight.sum(axis=1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

index = embed(titles)
print(np.round(index @ index.T, 2))
# %% proof
alone = embed(titles[:1])[0]
assert np.abs(alone - index[0]).max() > 1e-3
