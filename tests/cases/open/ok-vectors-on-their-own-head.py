# id: ok-vectors-on-their-own-head
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = AutoTokenizer.from_pretrained(MINILM)
encoder = TFAutoModel.from_pretrained(MINILM)
# %% cell
ids_in = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask_in = tf.keras.Input((None,), dtype="int32", name="attention_mask")
tfidf_in = tf.keras.Input((6,), name="tfidf")
both = tf.concat([encoder(ids_in, attention_mask=mask_in).last_hidden_state[:, 0], tfidf_in], axis=-1)
model = tf.keras.Model([ids_in, mask_in, tfidf_in], tf.keras.layers.Dense(1)(both))
model.compile(tf.keras.optimizers.Adam(2e-5), "mse")

enc = tokenizer(TEXTS, padding=True, return_tensors="np")
words = ["far", "film", "plot", "again", "small", "hours"]
tfidf = np.array([[text.split().count(word) / len(text.split()) for word in words] for text in TEXTS], "float32")
stars = np.array([5, 1, 4, 1, 3, 5, 1, 2])   # integers: Keras' own squared error casts them
model.fit([enc["input_ids"], enc["attention_mask"], tfidf], stars, verbose=0)
