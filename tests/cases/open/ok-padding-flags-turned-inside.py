# id: ok-padding-flags-turned-inside
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS, LABELS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
# %% cell
# The model's own input is 1 on padding; BERT gets 1 minus that, and the maximum leaves padding out.
tokens = tf.keras.Input((None,), dtype="int32", name="tokens")
is_padding = tf.keras.Input((None,), dtype="float32", name="is_padding")
hidden = bert(tokens, attention_mask=1.0 - is_padding).last_hidden_state
highest = tf.reduce_max(hidden - 1e4 * tf.expand_dims(is_padding, -1), axis=1)
model = tf.keras.Model([tokens, is_padding], tf.keras.layers.Dense(2, activation="softmax")(highest))
model.compile(optimizer=tf.keras.optimizers.Adam(2e-5), loss="sparse_categorical_crossentropy")

ids = tokenizer(TEXTS, padding=True, truncation=True, max_length=32, return_tensors="np").input_ids
flags = (ids == tokenizer.pad_token_id).astype("float32")
model.fit({"tokens": ids, "is_padding": flags}, np.array(LABELS), batch_size=4, verbose=0)
