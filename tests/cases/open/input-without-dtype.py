# id: input-without-dtype
# stack: tf
# source: made for this set
# expect: input-layer-dtype
# symptom: raises TypeError: Exception encountered when calling layer
# %% setup
import numpy as np
import tensorflow as tf
from transformers import DistilBertTokenizerFast, TFDistilBertModel
from fixtures import MINILM, TEXTS, LABELS, distilbert_config

Dense, Dropout, Input = tf.keras.layers.Dense, tf.keras.layers.Dropout, tf.keras.layers.Input
tokenizer = DistilBertTokenizerFast.from_pretrained(MINILM)
transformer = TFDistilBertModel(distilbert_config())
transformer(tf.constant([[101, 102]]))
MAX_LEN = 24
# %% cell
input_word_ids = Input(shape=(MAX_LEN,), name="input_word_ids")
sequence_output = transformer(input_word_ids)[0]
cls_token = Dropout(0.3)(sequence_output[:, 0, :])
out = Dense(1, activation="sigmoid")(cls_token)
model = tf.keras.Model(inputs=input_word_ids, outputs=out)
model.compile(tf.keras.optimizers.Adam(1e-5), loss="binary_crossentropy", metrics=["accuracy"])
x_train = np.array([row[:MAX_LEN] for row in tokenizer([t + " ." * 30 for t in TEXTS])["input_ids"]])
model.fit(x_train, np.array(LABELS), epochs=1, verbose=0)
# %% fixed
input_word_ids = Input(shape=(MAX_LEN,), dtype=tf.int32, name="input_word_ids")
sequence_output = transformer(input_word_ids)[0]
cls_token = Dropout(0.3)(sequence_output[:, 0, :])
out = Dense(1, activation="sigmoid")(cls_token)
model = tf.keras.Model(inputs=input_word_ids, outputs=out)
model.compile(tf.keras.optimizers.Adam(1e-5), loss="binary_crossentropy", metrics=["accuracy"])
x_train = np.array(tokenizer([t + " ." * 30 for t in TEXTS], truncation=True, max_length=MAX_LEN)["input_ids"])
model.fit(x_train, np.array(LABELS), epochs=1, verbose=0)
