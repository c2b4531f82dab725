# id: dense-over-every-token
# stack: tf
# source: made for this set
# expect: sequence-output-unpooled
# symptom: raises ValueError
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
train = dict(tokenizer(TEXTS, padding="max_length", max_length=20, truncation=True, return_tensors="np"))
y_train = np.array(LABELS)
# %% cell
def build(units=2):
    word_ids = tf.keras.layers.Input((20,), dtype="int32", name="input_ids")
    mask = tf.keras.layers.Input((20,), dtype="int32", name="attention_mask")
    x = TFBertModel.from_pretrained(MINILM)(word_ids, attention_mask=mask)[0]
    x = tf.keras.layers.Dropout(0.1)(x)
    return tf.keras.Model([word_ids, mask], tf.keras.layers.Dense(units, activation="softmax")(x))

net = build()
net.compile(tf.keras.optimizers.Adam(2e-5), "sparse_categorical_crossentropy")
net.fit([train["input_ids"], train["attention_mask"]], y_train, batch_size=4, verbose=0)
# %% fixed
def build(units=2):
    word_ids = tf.keras.layers.Input((20,), dtype="int32", name="input_ids")
    mask = tf.keras.layers.Input((20,), dtype="int32", name="attention_mask")
    x = TFBertModel.from_pretrained(MINILM)(word_ids, attention_mask=mask)[0][:, 0, :]
    x = tf.keras.layers.Dropout(0.1)(x)
    return tf.keras.Model([word_ids, mask], tf.keras.layers.Dense(units, activation="softmax")(x))

net = build()
net.compile(tf.keras.optimizers.Adam(2e-5), "sparse_categorical_crossentropy")
net.fit([train["input_ids"], train["attention_mask"]], y_train, batch_size=4, verbose=0)
