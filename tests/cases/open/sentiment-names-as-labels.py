# id: sentiment-names-as-labels
# stack: tf
# source: made for this set
# expect: labels-dtype
# also: head-untrained
# symptom: raises UnimplementedError
# %% setup
import numpy as np
import tensorflow as tf
from transformers import DistilBertTokenizerFast, TFDistilBertModel
from fixtures import MINILM, TEXTS, LABELS, distilbert_config

tokenizer = DistilBertTokenizerFast.from_pretrained(MINILM)
distil = TFDistilBertModel(distilbert_config())
ids = tf.keras.Input((None,), dtype=tf.int32, name="input_ids")
mask = tf.keras.Input((None,), dtype=tf.int32, name="attention_mask")
cls = distil(ids, attention_mask=mask).last_hidden_state[:, 0]
net = tf.keras.Model([ids, mask], tf.keras.layers.Dense(2, activation="softmax")(cls))
net.compile("adam", "sparse_categorical_crossentropy")
sentiment = np.array(["positive" if each else "negative" for each in LABELS])
# %% cell
enc = tokenizer(TEXTS, padding=True, return_tensors="np")
net.optimizer.learning_rate = 3e-5
net.fit([enc["input_ids"], enc["attention_mask"]], sentiment, verbose=0)
# %% fixed
enc = tokenizer(TEXTS, padding=True, return_tensors="np")
net.optimizer.learning_rate = 3e-5
net.fit([enc["input_ids"], enc["attention_mask"]], (sentiment == "positive").astype("int32"), verbose=0)
