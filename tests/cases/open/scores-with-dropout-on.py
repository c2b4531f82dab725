# id: scores-with-dropout-on
# stack: tf
# source: made for this set
# expect: training-mode-at-inference
# also: head-untrained
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tok = BertTokenizerFast.from_pretrained(MINILM)
minilm = TFBertModel.from_pretrained(MINILM)
wanted = "a quiet flat near the park"
offers = ["two rooms beside the city park, silent street", "loft above a night club", "house with a garden in a calm area"]


def vectors(output, mask):
    weight = tf.cast(mask, tf.float32)[:, :, None]
    return tf.math.l2_normalize(tf.reduce_sum(output * weight, 1) / tf.reduce_sum(weight, 1), axis=1)
# %% cell
def rank(query, texts):
    enc = tok([query] + texts, padding=True, return_tensors="tf")
    states = minilm(dict(enc), training=True).last_hidden_state
    v = vectors(states, enc["attention_mask"])
    return tf.linalg.matvec(v[1:], v[0]).numpy()

scores = rank(wanted, offers)
for place in np.argsort(-scores):
    print(f"{scores[place]:.3f}", offers[place])
# %% fixed
def rank(query, texts):
    enc = tok([query] + texts, padding=True, return_tensors="tf")
    states = minilm(dict(enc), training=False).last_hidden_state
    v = vectors(states, enc["attention_mask"])
    return tf.linalg.matvec(v[1:], v[0]).numpy()

scores = rank(wanted, offers)
for place in np.argsort(-scores):
    print(f"{scores[place]:.3f}", offers[place])
# %% proof
assert np.abs(rank(wanted, offers) - scores).max() > 0.005
