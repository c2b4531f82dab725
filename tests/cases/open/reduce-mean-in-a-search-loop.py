# id: reduce-mean-in-a-search-loop
# stack: tf
# source: made for this set
# expect: pooling-over-padding
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel
from fixtures import MINILM

tok = AutoTokenizer.from_pretrained(MINILM)
model = TFAutoModel.from_pretrained(MINILM)
docs = ["opening hours", "parking near the museum is free on Sundays", "tickets", "guided tours start at ten every day"]
# %% cell
chunks = []
for start in range(0, len(docs), 2):
    x = tok(docs[start:start + 2], padding="longest", return_tensors="tf")
    h = model(**x).last_hidden_state
    chunks.append(tf.reduce_mean(h, axis=1))
store = tf.math.l2_normalize(tf.concat(chunks, axis=0), axis=-1).numpy()
# %% fixed
chunks = []
for start in range(0, len(docs), 2):
    x = tok(docs[start:start + 2], padding="longest", return_tensors="tf")
    h = model(**x).last_hidden_state
    m = tf.cast(x["attention_mask"], h.dtype)[..., None]
    chunks.append(tf.reduce_sum(h * m, axis=1) / tf.reduce_sum(m, axis=1))
store = tf.math.l2_normalize(tf.concat(chunks, axis=0), axis=-1).numpy()
# %% proof
h = model(**tok(docs[:1], return_tensors="tf")).last_hidden_state
one = tf.math.l2_normalize(tf.reduce_mean(h, axis=1), axis=-1).numpy()[0]
assert np.abs(one - store[0]).max() > 1e-3
