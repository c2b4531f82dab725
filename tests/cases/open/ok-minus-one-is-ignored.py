# id: ok-minus-one-is-ignored
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForTokenClassification
from fixtures import MINILM, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
tagger = TFBertForTokenClassification(bert_config(num_labels=3))
sentences = [["ewa", "sells", "amber", "in", "gdansk"], ["who", "asked"], ["thorvald", "has", "left"]]
tags = [[1, 0, 0, 0, 2], [0, 0], [1, 0, 0]]
# %% cell
enc = tokenizer(sentences, is_split_into_words=True, padding=True, truncation=True, max_length=20, return_tensors="np")
gold = np.full_like(enc["input_ids"], -1)
for i, line in enumerate(tags):
    previous = None
    for position, word in enumerate(enc.word_ids(i)):
        if word is not None and word != previous:
            gold[i, position] = line[word]
        previous = word

ids = tf.keras.Input((None,), dtype="int32", name="input_ids")
mask = tf.keras.Input((None,), dtype="int32", name="attention_mask")
model = tf.keras.Model([ids, mask], tagger(ids, attention_mask=mask).logits)
model.compile(
    optimizer=tf.keras.optimizers.Adam(2e-5),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1),
)
model.fit([enc["input_ids"], enc["attention_mask"]], gold, verbose=0)
