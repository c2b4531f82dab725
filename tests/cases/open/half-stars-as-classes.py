# id: half-stars-as-classes
# stack: tf
# source: made for this set
# expect: labels-dtype
# also: head-untrained
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
stars = np.array([4.5, 1.0, 4.0, 0.5, 2.5, 3.5, 1.5, 2.0])
x = dict(tokenizer(TEXTS, padding=True, return_tensors="np"))
adam = tf.keras.optimizers.Adam(3e-5)
# %% cell
model = TFBertForSequenceClassification(bert_config(num_labels=5))
model.compile(optimizer=adam, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, stars, epochs=1, batch_size=8, verbose=0)
# %% fixed
model = TFBertForSequenceClassification(bert_config(num_labels=10))
model.compile(optimizer=adam, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, (stars * 2).astype("int32"), epochs=1, batch_size=8, verbose=0)
# %% proof
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
logits = model(x).logits
assert abs(float(loss(stars, logits)) - float(loss(np.floor(stars), logits))) < 1e-6
