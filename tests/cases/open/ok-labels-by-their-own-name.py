# id: ok-labels-by-their-own-name
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
first = TFBertForSequenceClassification(bert_config(num_labels=2))
second = TFBertForSequenceClassification(bert_config(num_labels=2))
x = dict(tokenizer(TEXTS, padding=True, return_tensors="np"))
# %% cell
# The labels among the inputs, for the model's own loss; in a dict of any key, for a loss that is compiled.
first.compile(tf.keras.optimizers.Adam(5e-5))
first.fit({**x, "labels": np.array(LABELS)}, batch_size=4, verbose=0)

second.compile(tf.keras.optimizers.Adam(5e-5), loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
second.fit(x, {"sentiment": np.array(LABELS)}, batch_size=4, verbose=0)
print(second(x, labels=LABELS).loss[:2])
