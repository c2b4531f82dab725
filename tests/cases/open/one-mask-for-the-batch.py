# id: one-mask-for-the-batch
# stack: tf
# source: made for this set
# expect: attention-mask-shape
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
ids = tokenizer(sorted(TEXTS, key=len), padding=True, return_tensors="tf").input_ids
lengths = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1)
mask = tf.sequence_mask([lengths[0]], maxlen=ids.shape[1], dtype=tf.int32)
first = bert(ids, attention_mask=mask).last_hidden_state[:, 0]
print(first.shape)
# %% fixed
ids = tokenizer(sorted(TEXTS, key=len), padding=True, return_tensors="tf").input_ids
lengths = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=1)
mask = tf.sequence_mask(lengths, maxlen=ids.shape[1], dtype=tf.int32)
first = bert(ids, attention_mask=mask).last_hidden_state[:, 0]
print(first.shape)
# %% proof
longest = bert(tokenizer(max(TEXTS, key=len), return_tensors="tf")).last_hidden_state[0, 0].numpy()
assert mask.shape[0] == 1 and len(set(lengths.numpy().tolist())) > 1
assert np.abs(first[-1].numpy() - longest).max() > 0.05
