# id: ok-last-piece-carries-the-tag
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForTokenClassification
from fixtures import MINILM

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
ner = TFBertForTokenClassification.from_pretrained(MINILM, num_labels=3)
ner.compile(optimizer=tf.keras.optimizers.Adam(3e-5))
tokens = [["oddny", "lives", "in", "stykkisholmur", "with", "bjartur"], ["the", "bus", "to", "kirkjubaer", "was", "late"]]
ner_tags = [[1, 0, 0, 2, 0, 1], [0, 0, 0, 2, 0, 0]]
short = [["bergen", "is", "wet"], ["oslo", "was", "dry"]]
short_tags = [[2, 0, 0], [2, 0, 0]]
# %% cell
def align(words, tags):
    enc = tokenizer(words, is_split_into_words=True, padding="max_length", max_length=20, truncation=True, return_tensors="np")
    labels = np.full(enc["input_ids"].shape, -100)
    for row in range(len(words)):
        ids = enc.word_ids(row)
        for position, (word, after) in enumerate(zip(ids, [*ids[1:], None])):
            if word is not None and word != after:
                labels[row, position] = tags[row][word]
    return enc, labels

enc, labels = align(tokens, ner_tags)
ner.fit(dict(enc), labels, batch_size=2, verbose=0)
enc, labels = align(short, short_tags)
ner.fit(dict(enc), labels, batch_size=2, verbose=0)
