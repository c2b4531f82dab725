# id: pooled-vector-indexed-for-cls
# stack: tf
# source: made for this set
# expect: pooled-output-as-sequence
# symptom: raises InvalidArgumentError: Index out of range using input dim 2
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
def embed(texts):
    enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")
    features = bert(**enc)[1]
    return features[:, 0, :]

vectors = embed(TEXTS)
print(tf.matmul(vectors, vectors, transpose_b=True).shape)
# %% fixed
def embed(texts):
    enc = tokenizer(texts, padding=True, truncation=True, return_tensors="tf")
    features = bert(**enc)[0]
    return features[:, 0, :]

vectors = embed(TEXTS)
print(tf.matmul(vectors, vectors, transpose_b=True).shape)
