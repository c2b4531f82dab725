# id: constant-of-uneven-ids
# stack: tf
# source: made for this set
# expect: ragged-rows
# symptom: raises ValueError
# %% setup
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM, TEXTS

tok = BertTokenizer.from_pretrained(MINILM); bert = TFBertModel.from_pretrained(MINILM)
# %% cell
subset = TEXTS[:4]; L = 30
ids = [tok.encode(s, truncation=True, max_length=L) for s in subset]
att = [[1] * len(r) for r in ids]
X = tf.constant(ids); M = tf.constant(att)
cls = bert(X, attention_mask=M)[0][:, 0]; print(cls.shape, X.shape)
# %% fixed
subset = TEXTS[:4]; L = 30
enc = tok(subset, padding=True, truncation=True, max_length=L, return_tensors="tf")
X, M = enc["input_ids"], enc["attention_mask"]
cls = bert(X, attention_mask=M)[0][:, 0]; print(cls.shape, X.shape)
