# id: ok-triples-weigh-each-token
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
words = [["maria", "moved", "to", "bratislava"], ["it", "snowed"], ["call", "ingeborg", "in", "oslo", "tomorrow"]]
tags = [[1, 0, 0, 2], [0, 0], [0, 1, 0, 2, 0]]
# %% cell
enc = tokenizer(words, is_split_into_words=True, padding=True, truncation=True, max_length=24, return_tensors="np")
y = np.zeros(enc["input_ids"].shape, dtype="int32")
weight = np.zeros(y.shape, dtype="float32")   # 0 on [CLS], [SEP] and padding
for row, line in enumerate(tags):
    for position, word in enumerate(enc.word_ids(row)):
        if word is not None:
            y[row, position], weight[row, position] = line[word], 1.0

slices = tf.data.Dataset.from_tensor_slices
x = slices({"ids": enc["input_ids"], "mask": enc["attention_mask"]})
triples = tf.data.Dataset.zip((x, slices(y), slices(weight))).batch(2)

ids = tf.keras.Input((None,), dtype="int64", name="ids")
mask = tf.keras.Input((None,), dtype="int64", name="mask")
hidden = bert(ids, attention_mask=mask).last_hidden_state
tagger = tf.keras.Model([ids, mask], tf.keras.layers.Dense(3)(hidden))
tagger.compile(tf.keras.optimizers.Adam(2e-5), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
tagger.fit(triples, verbose=0)
