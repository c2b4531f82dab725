# id: labels-dict-in-the-singular
# stack: tf
# source: made for this set
# expect: input-misnamed | labels-missing
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import TEXTS, LABELS, MINILM, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
tf.keras.utils.set_random_seed(0)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
x = dict(tokenizer(TEXTS, padding=True, return_tensors="np"))
gold = np.array(LABELS)
# %% cell
model.compile(optimizer=tf.keras.optimizers.Adam(3e-4))
history = model.fit(x, {"label": gold}, epochs=4, batch_size=4, verbose=0)
print(history.history["loss"])
# %% fixed
model.compile(optimizer=tf.keras.optimizers.Adam(3e-4))
history = model.fit(x, {"labels": gold}, epochs=4, batch_size=4, verbose=0)
print(history.history["loss"])
# %% proof
# A cross-entropy is never below 0, and it depends on the labels.
assert history.history["loss"][-1] < 0
tf.keras.utils.set_random_seed(0)
twin = TFBertForSequenceClassification(bert_config(num_labels=2))
twin.compile(optimizer=tf.keras.optimizers.Adam(3e-4))
assert twin.evaluate(x, {"label": gold}, verbose=0) == twin.evaluate(x, {"label": 1 - gold}, verbose=0)
