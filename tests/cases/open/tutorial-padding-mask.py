# id: tutorial-padding-mask
# stack: tf
# source: made for this set
# expect: attention-mask-inverted
# also: attention-mask-all-zero, attention-mask-over-padding
# symptom: silent
# %% setup
import tensorflow as tf
from transformers import BertTokenizer, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizer.from_pretrained(MINILM)
encoder = TFBertModel.from_pretrained(MINILM)
# %% cell
# as in the transformer tutorial
def create_padding_mask(seq):
    return tf.cast(tf.math.equal(seq, 0), tf.int32)

def add_mask(seq):
    return {"input_ids": seq, "attention_mask": create_padding_mask(seq)}

ids = tokenizer(TEXTS[:5], padding="max_length", max_length=16, truncation=True, return_tensors="tf").input_ids
dataset = tf.data.Dataset.from_tensor_slices(ids).batch(5).map(add_mask)
cls = encoder.predict(dataset, verbose=0).last_hidden_state[:, 0, :]
# %% fixed
# as in the transformer tutorial
def create_padding_mask(seq):
    return tf.cast(tf.math.not_equal(seq, 0), tf.int32)

def add_mask(seq):
    return {"input_ids": seq, "attention_mask": create_padding_mask(seq)}

ids = tokenizer(TEXTS[:5], padding="max_length", max_length=16, truncation=True, return_tensors="tf").input_ids
dataset = tf.data.Dataset.from_tensor_slices(ids).batch(5).map(add_mask)
cls = encoder.predict(dataset, verbose=0).last_hidden_state[:, 0, :]
