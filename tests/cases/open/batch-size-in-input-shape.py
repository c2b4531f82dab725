# id: batch-size-in-input-shape
# stack: tf
# source: made for this set
# expect: input-layer-shape
# also: batch-axis-extra
# symptom: raises ValueError: too many values to unpack (expected 2)
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
encoder = TFBertModel.from_pretrained(MINILM)
BATCH, LENGTH = 4, 20
# %% cell
def build():
    word_ids = tf.keras.Input(shape=(BATCH, LENGTH), dtype="int32")
    word_mask = tf.keras.Input(shape=(BATCH, LENGTH), dtype="int32")
    pooled = encoder({"input_ids": word_ids, "attention_mask": word_mask}).pooler_output
    probability = tf.keras.layers.Dense(1, activation="sigmoid")(pooled)
    return tf.keras.Model([word_ids, word_mask], probability)

net = build()
net.compile("adam", "binary_crossentropy")
enc = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="tf")
net.fit([enc["input_ids"], enc["attention_mask"]], tf.constant(LABELS)[:, None], batch_size=BATCH, verbose=0)
# %% fixed
def build():
    word_ids = tf.keras.Input(shape=(LENGTH,), dtype="int32")
    word_mask = tf.keras.Input(shape=(LENGTH,), dtype="int32")
    pooled = encoder({"input_ids": word_ids, "attention_mask": word_mask}).pooler_output
    probability = tf.keras.layers.Dense(1, activation="sigmoid")(pooled)
    return tf.keras.Model([word_ids, word_mask], probability)

net = build()
net.compile(tf.keras.optimizers.Adam(2e-5), "binary_crossentropy")
enc = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="tf")
net.fit([enc["input_ids"], enc["attention_mask"]], tf.constant(LABELS)[:, None], batch_size=BATCH, verbose=0)
