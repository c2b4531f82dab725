# id: spam-or-not-with-one-label
# stack: tf
# source: made for this set
# expect: regression-head-for-classes
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModelForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS

tok = AutoTokenizer.from_pretrained(MINILM)
good = np.array(LABELS)
# %% cell
model = TFAutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=1)
x = dict(tok(TEXTS, padding=True, truncation=True, max_length=40, return_tensors="np"))
train = tf.data.Dataset.from_tensor_slices((x, good)).shuffle(8, seed=0).batch(4)
model.compile(optimizer=tf.keras.optimizers.Adam(2e-5))
model.fit(train, epochs=1, verbose=0)
# %% fixed
model = TFAutoModelForSequenceClassification.from_pretrained(MINILM, num_labels=2)
x = dict(tok(TEXTS, padding=True, truncation=True, max_length=40, return_tensors="np"))
train = tf.data.Dataset.from_tensor_slices((x, good)).shuffle(8, seed=0).batch(4)
model.compile(optimizer=tf.keras.optimizers.Adam(2e-5))
model.fit(train, epochs=1, verbose=0)
# %% proof
# The loss that was trained is the squared error of the output as a number.
out = model({**x, "labels": good}, training=False)
assert out.logits.shape == (8, 1)
assert np.allclose(np.mean(out.loss), np.mean((out.logits[:, 0].numpy() - good) ** 2), atol=1e-5)
