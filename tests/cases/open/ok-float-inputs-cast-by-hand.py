# id: ok-float-inputs-cast-by-hand
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
# One float table for everything: ids, then mask, side by side; float32 holds ids of this size exactly.
enc = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=18, return_tensors="np")
table = np.concatenate([enc["input_ids"], enc["attention_mask"]], axis=1).astype("float32")

row = tf.keras.Input((36,))
ids, mask = tf.split(row, 2, axis=1)
hidden = bert(tf.cast(ids, tf.int32), attention_mask=mask).last_hidden_state
model = tf.keras.Model(row, tf.keras.layers.Dense(1)(hidden[:, 0]))
model.compile(tf.keras.optimizers.Adam(2e-5), tf.keras.losses.BinaryCrossentropy(from_logits=True))
model.fit(table, np.array(LABELS)[:, None], batch_size=4, verbose=0)
