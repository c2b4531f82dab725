# id: csv-labels-stay-text
# stack: tf
# source: made for this set
# expect: labels-dtype
# also: head-untrained
# symptom: raises UnimplementedError
# %% setup
import csv, io
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertForSequenceClassification
from fixtures import MINILM, bert_config

tokenizer = BertTokenizerFast.from_pretrained(MINILM)
model = TFBertForSequenceClassification(bert_config(num_labels=2))
table = "text,spam\nyou have won a prize,1\nminutes of the meeting,0\ncheap pills,1\ncan you send the slides?,0\n"
# %% cell
texts, labels = zip(*[(r["text"], r["spam"]) for r in csv.DictReader(io.StringIO(table))])
enc = tokenizer(list(texts), padding=True, return_tensors="tf")
data = tf.data.Dataset.from_tensor_slices((dict(enc), list(labels))).batch(2)

cce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
adam = tf.keras.optimizers.Adam(3e-5)
for x, y in data:
    with tf.GradientTape() as tape:
        loss = cce(y, model(x, training=True).logits)
    grads = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(grads, model.trainable_variables))
print("last loss", float(loss))
# %% fixed
texts, labels = zip(*[(r["text"], int(r["spam"])) for r in csv.DictReader(io.StringIO(table))])
enc = tokenizer(list(texts), padding=True, return_tensors="tf")
data = tf.data.Dataset.from_tensor_slices((dict(enc), list(labels))).batch(2)

cce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
adam = tf.keras.optimizers.Adam(3e-5)
for x, y in data:
    with tf.GradientTape() as tape:
        loss = cce(y, model(x, training=True).logits)
    grads = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(grads, model.trainable_variables))
print("last loss", float(loss))
