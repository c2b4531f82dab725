# id: ok-long-form-one-head
# stack: tf
# source: made for this set
# expect: none
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
tf.keras.utils.set_random_seed(1)
grader = TFBertForSequenceClassification.from_pretrained(MINILM, num_labels=1)
# %% cell
# One width for every batch of a service, and the head as it is before any training: the baseline of a report.
enc = tokenizer(TEXTS, padding="max_length", max_length=96, truncation=True, return_tensors="tf")
grades = tf.constant([4.5, 1.0, 3.5, 0.5, 2.5, 5.0, 1.5, 3.0])
out = grader(enc, labels=grades)
print("before training:", float(tf.reduce_mean(out.loss)), np.corrcoef(out.logits[:, 0], grades)[0, 1])
