# id: root-of-negative-scores
# stack: tf
# source: made for this set
# expect: outputs-not-finite
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
reviews = ["sturdy and well made", "it broke on the second day", "does what it says"]
tf.keras.utils.set_random_seed(3)
# %% cell
ids = tf.keras.Input((None,), dtype=tf.int32, name="input_ids")
mask = tf.keras.Input((None,), dtype=tf.int32, name="attention_mask")
cls = bert(ids, attention_mask=mask).last_hidden_state[:, 0]
scores = tf.keras.layers.Dense(4, use_bias=False)(cls)
shares = tf.math.sqrt(scores) / tf.reduce_sum(tf.math.sqrt(scores), axis=-1, keepdims=True)
topics = tf.keras.Model({"input_ids": ids, "attention_mask": mask}, shares)
inputs = dict(tokenizer(reviews, padding=True, return_tensors="np", return_token_type_ids=False))
table = topics.predict(inputs, verbose=0)
print(table)
# %% fixed
ids = tf.keras.Input((None,), dtype=tf.int32, name="input_ids")
mask = tf.keras.Input((None,), dtype=tf.int32, name="attention_mask")
cls = bert(ids, attention_mask=mask).last_hidden_state[:, 0]
shares = tf.keras.layers.Dense(4, activation="softmax")(cls)
topics = tf.keras.Model({"input_ids": ids, "attention_mask": mask}, shares)
inputs = dict(tokenizer(reviews, padding=True, return_tensors="np", return_token_type_ids=False))
table = topics.predict(inputs, verbose=0)
print(table)
# %% proof
assert np.isnan(table).any()
