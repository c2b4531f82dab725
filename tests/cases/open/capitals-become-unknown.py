# id: capitals-become-unknown
# stack: tf
# source: made for this set
# expect: tokenizer-casing
# also: head-untrained
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM

bert = TFBertModel.from_pretrained(MINILM)
headlines = ["Storm closes Bergen airport", "Oslo opens a new library", "Rain again in Bergen"]
# %% cell
tokenizer = BertTokenizer.from_pretrained(MINILM, do_lower_case=False)
enc = tokenizer(headlines, padding=True, return_tensors="tf")
hidden = bert(**enc).last_hidden_state
mask = tf.cast(enc["attention_mask"], tf.float32)[:, :, None]
vectors = (tf.reduce_sum(hidden * mask, axis=1) / tf.reduce_sum(mask, axis=1)).numpy()
alike = vectors @ vectors.T
# %% fixed
tokenizer = BertTokenizer.from_pretrained(MINILM)
enc = tokenizer(headlines, padding=True, return_tensors="tf")
hidden = bert(**enc).last_hidden_state
mask = tf.cast(enc["attention_mask"], tf.float32)[:, :, None]
vectors = (tf.reduce_sum(hidden * mask, axis=1) / tf.reduce_sum(mask, axis=1)).numpy()
alike = vectors @ vectors.T
# %% proof
ids = enc["input_ids"].numpy()
assert (ids == tokenizer.unk_token_id).sum() == 5
assert ids[0, 1] == ids[0, 3] == tokenizer.unk_token_id
