# id: ok-pooled-vector-repeated
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
bert.trainable = False
# %% cell
# A decoder of five steps that reads the text's vector at each of them.
ids = tf.keras.Input((None,), dtype="int32")
mask = tf.keras.Input((None,), dtype="int32")
pooled = bert(ids, attention_mask=mask).pooler_output
steps = tf.keras.layers.LSTM(12, return_sequences=True)(tf.keras.layers.RepeatVector(5)(pooled))
model = tf.keras.Model([ids, mask], tf.keras.layers.TimeDistributed(tf.keras.layers.Dense(3))(steps))
model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))

enc = tokenizer(TEXTS, padding=True, return_tensors="np")
targets = np.arange(len(TEXTS) * 5).reshape(-1, 5) % 3
model.fit([enc["input_ids"], enc["attention_mask"]], targets, batch_size=4, verbose=0)
