# id: sentence-vectors-into-classifier
# stack: tf
# source: made for this set
# expect: embeddings-as-ids
# also: head-untrained
# symptom: raises InvalidArgumentError
# %% setup
import numpy as np
import tensorflow as tf
from transformers import AutoTokenizer, TFAutoModel, TFBertForSequenceClassification
from fixtures import MINILM, TEXTS, LABELS, bert_config

tokenizer = AutoTokenizer.from_pretrained(MINILM)
encoder = TFAutoModel.from_pretrained(MINILM)
clf = TFBertForSequenceClassification(bert_config(num_labels=2))

def sentence_vectors(texts):
    batch = tokenizer(texts, padding=True, return_tensors="tf")
    hidden = encoder(**batch).last_hidden_state
    weights = tf.cast(batch["attention_mask"], tf.float32)[:, :, None]
    return (tf.reduce_sum(hidden * weights, 1) / tf.reduce_sum(weights, 1)).numpy()
# %% cell
X = sentence_vectors(TEXTS)
logits = clf(X).logits
print((tf.argmax(logits, -1).numpy() == LABELS).mean())
# %% fixed
X = tokenizer(TEXTS, padding=True, return_tensors="tf")
logits = clf(X).logits
print((tf.argmax(logits, -1).numpy() == LABELS).mean())
