# id: ok-pointer-with-huge-negatives
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
bert = TFBertModel.from_pretrained(MINILM)
texts = ["we met in paris", "the train to london was late again this morning", "rain is likely in rome on monday"]
cities = ["paris", "london", "rome"]
# %% cell
# Which token is the city? Scores over the row's tokens, -1e9 on padding: huge, and finite.
enc = tokenizer(texts, padding=True, return_tensors="np")
city_ids = np.array(tokenizer.convert_tokens_to_ids(cities))
where = (enc["input_ids"] == city_ids[:, None]).argmax(axis=1)

ids = tf.keras.Input((None,), dtype="int32")
mask = tf.keras.Input((None,), dtype="int32")
hidden = bert(ids, attention_mask=mask).last_hidden_state
scores = tf.squeeze(tf.keras.layers.Dense(1)(hidden), axis=-1)
scores += (1.0 - tf.cast(mask, tf.float32)) * -1e9
pointer = tf.keras.Model([ids, mask], scores)
pointer.compile(tf.keras.optimizers.Adam(2e-5), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
pointer.fit([enc["input_ids"], enc["attention_mask"]], where, verbose=0)
print(pointer.predict([enc["input_ids"], enc["attention_mask"]], verbose=0).argmax(axis=1))
