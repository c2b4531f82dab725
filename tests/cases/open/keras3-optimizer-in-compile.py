# id: keras3-optimizer-in-compile
# stack: tf
# source: made for this set
# expect: keras-version-conflict
# symptom: raises ValueError: Could not interpret optimizer identifier
# %% setup
import numpy as np
import tensorflow as tf
from keras.optimizers import Adam
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification.from_pretrained(MINILM, num_labels=2)
# %% cell
enc = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="np")
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer=Adam(learning_rate=3e-5), loss=loss, metrics=["accuracy"])
model.fit(dict(enc), np.array(LABELS), epochs=1, batch_size=4, verbose=0)
# %% fixed
from tf_keras.optimizers import Adam

enc = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="np")
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer=Adam(learning_rate=3e-5), loss=loss, metrics=["accuracy"])
model.fit(dict(enc), np.array(LABELS), epochs=1, batch_size=4, verbose=0)
