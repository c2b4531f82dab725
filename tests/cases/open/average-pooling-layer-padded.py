# id: average-pooling-layer-padded
# stack: tf
# source: made for this set
# expect: pooling-over-padding
# also: padding-wasteful, learning-rate-high
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel
from fixtures import MINILM, TEXTS, LABELS

tf.keras.utils.set_random_seed(3)
tokenizer = AutoTokenizer.from_pretrained(MINILM)
encoder = TFAutoModel.from_pretrained(MINILM)
batch = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=40, return_tensors="np")
y = np.array(LABELS)
# %% cell
ids = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask = tf.keras.Input((None,), dtype="int32", name="attention_mask")
states = encoder(ids, attention_mask=mask)[0]
sentence = tf.keras.layers.GlobalAveragePooling1D(name="sentence")(states)
hidden = tf.keras.layers.Dense(16, activation="relu")(sentence)
out = tf.keras.layers.Dense(1, activation="sigmoid")(hidden)
reviews = tf.keras.Model([ids, mask], out)
reviews.compile(tf.keras.optimizers.Adam(2e-5), "binary_crossentropy", metrics=["accuracy"])
reviews.fit([batch["input_ids"], batch["attention_mask"]], y, batch_size=4, epochs=1, verbose=0)
# %% fixed
ids = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask = tf.keras.Input((None,), dtype="int32", name="attention_mask")
states = encoder(ids, attention_mask=mask)[0]
sentence = tf.keras.layers.GlobalAveragePooling1D(name="sentence")(states, mask=mask)
hidden = tf.keras.layers.Dense(16, activation="relu")(sentence)
out = tf.keras.layers.Dense(1, activation="sigmoid")(hidden)
reviews = tf.keras.Model([ids, mask], out)
reviews.compile(tf.keras.optimizers.Adam(2e-5), "binary_crossentropy", metrics=["accuracy"])
reviews.fit([batch["input_ids"], batch["attention_mask"]], y, batch_size=4, epochs=1, verbose=0)
# %% proof
short = tokenizer(TEXTS, padding=True, return_tensors="np")
wide = reviews.predict([batch["input_ids"], batch["attention_mask"]], verbose=0)
narrow = reviews.predict([short["input_ids"], short["attention_mask"]], verbose=0)
assert np.abs(wide - narrow).max() > 0.01
