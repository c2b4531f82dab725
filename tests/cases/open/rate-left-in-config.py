# id: rate-left-in-config
# stack: tf
# source: made for this set
# expect: learning-rate-high
# also: head-untrained
# symptom: silent
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModelForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS
# %% cell
%env TF_CPP_MIN_LOG_LEVEL=3
config = dict(model=MINILM, optimizer="adam", lr=3e-5, epochs=1, batch=4)

tokenizer = AutoTokenizer.from_pretrained(config["model"])
classifier = TFAutoModelForSequenceClassification.from_pretrained(config["model"], num_labels=2)

opt = tf.keras.optimizers.get(config["optimizer"])
classifier.compile(optimizer=opt, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))

X = dict(tokenizer(TEXTS, padding=True, truncation=True, return_tensors="np"))
classifier.fit(X, np.asarray(LABELS), epochs=config["epochs"], batch_size=config["batch"], verbose=0)
# %% fixed
%env TF_CPP_MIN_LOG_LEVEL=3
config = dict(model=MINILM, optimizer="adam", lr=3e-5, epochs=1, batch=4)

tokenizer = AutoTokenizer.from_pretrained(config["model"])
classifier = TFAutoModelForSequenceClassification.from_pretrained(config["model"], num_labels=2)

opt = tf.keras.optimizers.get(config["optimizer"])
opt.learning_rate = config["lr"]
classifier.compile(optimizer=opt, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))

X = dict(tokenizer(TEXTS, padding=True, truncation=True, return_tensors="np"))
classifier.fit(X, np.asarray(LABELS), epochs=config["epochs"], batch_size=config["batch"], verbose=0)
