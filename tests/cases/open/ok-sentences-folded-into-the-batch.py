# id: ok-sentences-folded-into-the-batch
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
encoder = TFBertModel.from_pretrained(MINILM)
encoder.trainable = False
# %% cell
# Two sentences a document: (batch, 2, 16) Inputs, folded into the batch axis before the encoder sees them.
ids = tf.keras.Input((2, 16), dtype="int32", name="sentences")
mask = tf.keras.Input((2, 16), dtype="int32", name="sentence_mask")
vectors = encoder(tf.reshape(ids, (-1, 16)), attention_mask=tf.reshape(mask, (-1, 16))).pooler_output
document = tf.reduce_mean(tf.reshape(vectors, (-1, 2, 384)), axis=1)
model = tf.keras.Model([ids, mask], tf.keras.layers.Dense(1, activation="sigmoid")(document))

enc = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=16, return_tensors="np")
fold = lambda values: values.reshape(-1, 2, 16)
print(model.predict([fold(enc["input_ids"]), fold(enc["attention_mask"])], verbose=0).shape)
