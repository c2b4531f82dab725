# id: compiled-with-adam-by-name
# stack: tf
# source: made for this set
# expect: learning-rate-high
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = AutoTokenizer.from_pretrained(MINILM)
encoder = TFAutoModel.from_pretrained(MINILM)
tf.keras.utils.set_random_seed(3)
before = encoder.bert.encoder.layer[0].attention.self_attention.query.kernel.numpy()
# %% cell
enc = tokenizer(TEXTS, padding=True, truncation=True, max_length=48, return_tensors="np")
ids = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask = tf.keras.Input((None,), dtype="int32", name="attention_mask")
pooled = encoder(ids, attention_mask=mask).pooler_output
out = tf.keras.layers.Dense(1, activation="sigmoid")(tf.keras.layers.Dropout(0.1)(pooled))
reviews = tf.keras.Model([ids, mask], out)

reviews.compile("adam", "binary_crossentropy", metrics=["accuracy"])
reviews.fit([enc["input_ids"], enc["attention_mask"]], np.array(LABELS), epochs=20, batch_size=4, verbose=0)
# %% fixed
enc = tokenizer(TEXTS, padding=True, truncation=True, max_length=48, return_tensors="np")
ids = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask = tf.keras.Input((None,), dtype="int32", name="attention_mask")
pooled = encoder(ids, attention_mask=mask).pooler_output
out = tf.keras.layers.Dense(1, activation="sigmoid")(tf.keras.layers.Dropout(0.1)(pooled))
reviews = tf.keras.Model([ids, mask], out)

reviews.compile(tf.keras.optimizers.Adam(3e-5), "binary_crossentropy", metrics=["accuracy"])
reviews.fit([enc["input_ids"], enc["attention_mask"]], np.array(LABELS), epochs=20, batch_size=4, verbose=0)
# %% proof
# Forty steps moved a pretrained matrix by more than a tenth of its own size; at 3e-5 they move no weight by more than 1.2e-3.
after = encoder.bert.encoder.layer[0].attention.self_attention.query.kernel.numpy()
moved = float(np.sqrt(((after - before) ** 2).mean() / (before**2).mean()))
assert moved > 0.1, moved
assert float(np.abs(after - before).max()) > 40 * 3e-5
