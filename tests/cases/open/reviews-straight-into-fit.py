# id: reviews-straight-into-fit
# stack: tf
# source: made for this set
# expect: text-not-tokenized
# also: head-untrained
# symptom: raises ValueError
# %% setup
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
model.compile(optimizer=tf.keras.optimizers.Adam(3e-5))
# %% cell
train_x, train_y = np.array(TEXTS[:6]), np.array(LABELS[:6])
train = tf.data.Dataset.from_tensor_slices((train_x, train_y)).batch(3)
model.fit(train, epochs=1, verbose=0)
# %% fixed
train_x, train_y = np.array(TEXTS[:6]), np.array(LABELS[:6])
enc = tokenizer(list(train_x), padding=True, truncation=True, return_tensors="np")
train = tf.data.Dataset.from_tensor_slices((dict(enc), train_y)).batch(3)
model.fit(train, epochs=1, verbose=0)
