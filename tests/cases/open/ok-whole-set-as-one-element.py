# id: ok-whole-set-as-one-element
# stack: tf
# source: made for this set
# expect: none
# %% setup
import tensorflow as tf
from transformers import BertTokenizer, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizer.from_pretrained(MINILM)
clf = TFBertForSequenceClassification(bert_config(num_labels=2))
# %% cell
# from_tensors, not from_tensor_slices: the eight rows are one element, and so one batch; no .batch() is due.
x = tokenizer(TEXTS, padding=True, truncation=True, max_length=32, return_tensors="tf")
full_batch = tf.data.Dataset.from_tensors((dict(x), tf.constant(LABELS))).repeat(3)
clf.compile(tf.keras.optimizers.Adam(2e-5), tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
clf.fit(full_batch, epochs=1, verbose=0)
