# id: scores-of-numpy-in-the-loss
# stack: tf
# source: made for this set
# expect: container-unsupported
# symptom: raises AttributeError: 'tuple' object has no attribute 'rank'
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
regressor = TFBertForSequenceClassification(bert_config(num_labels=1))
grades_of = dict(zip(TEXTS, [4.5, 1.0, 3.5, 0.5, 2.5, 5.0, 1.5, 3.0]))
# %% cell
enc = tokenizer(list(grades_of), padding=True, truncation=True, return_tensors="tf")
grades = np.fromiter(grades_of.values(), "float32")
out = regressor(enc, labels=grades)
print("mean squared error before training:", float(tf.reduce_mean(out.loss)))
# %% fixed
enc = tokenizer(list(grades_of), padding=True, truncation=True, return_tensors="tf")
grades = tf.constant(np.fromiter(grades_of.values(), "float32"))
out = regressor(enc, labels=grades)
print("mean squared error before training:", float(tf.reduce_mean(out.loss)))
