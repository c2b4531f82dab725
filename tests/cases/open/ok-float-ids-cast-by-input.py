# id: ok-float-ids-cast-by-input
# stack: tf
# source: made for this set
# expect: none
# %% setup
import csv, io
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
enc = tokenizer(TEXTS, padding="max_length", max_length=20, return_tensors="np")
table = io.StringIO()
csv.writer(table).writerows(np.hstack([enc["input_ids"], enc["attention_mask"], enc["token_type_ids"]]))
rows = np.loadtxt(io.StringIO(table.getvalue()), delimiter=",", dtype="float32")   # whole numbers, as floats
ids, mask, types = np.split(rows, 3, axis=1)

inputs = [tf.keras.Input((20,), dtype=tf.int32, name=name) for name in ("ids", "mask", "types")]
pooled = bert(inputs[0], attention_mask=inputs[1], token_type_ids=inputs[2]).last_hidden_state[:, 0]
model = tf.keras.Model(inputs, tf.keras.layers.Dense(2)(pooled))
model.compile(tf.keras.optimizers.Adam(2e-5), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit([ids, mask, types], np.array(LABELS, dtype="float64"), verbose=0)   # whole numbers again
