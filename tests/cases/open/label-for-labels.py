# id: label-for-labels
# stack: tf
# source: made for this set
# expect: input-misnamed
# also: head-untrained
# symptom: raises ValueError: The following keyword arguments are not supported by this model: ['label']
# %% setup
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
records = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS)]
# %% cell
batch = tokenizer([r["text"] for r in records], padding=True, return_tensors="tf")
batch["label"] = tf.constant([r["label"] for r in records])
print(float(tf.reduce_mean(model(**batch).loss)))
# %% fixed
batch = tokenizer([r["text"] for r in records], padding=True, return_tensors="tf")
batch["labels"] = tf.constant([r["label"] for r in records])
print(float(tf.reduce_mean(model(**batch).loss)))
